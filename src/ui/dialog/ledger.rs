//! The loss ledger: per store what was last known, how old that is at T0, and what would be lost.

use super::prelude::*;
use std::time::Duration;

use crate::domain::ledger::LossVerdict;
use crate::domain::run::intent::Intent;
use crate::domain::time::{Stamp, cut_upwards, short_time};
use crate::ui::panel::red;

/// How long the losses must have been on the screen before they can be accepted.
const READ_MIN: Duration = Duration::from_secs(1);

/// The expected losses, to be accepted: not before they can have been read.
#[derive(Debug, Clone, PartialEq)]
pub struct Losses {
    /// When it was opened.
    pub opened: Stamp,
}

impl Losses {
    /// Seconds until Enter counts, the last one shown as such.
    fn counts_in(&self, now: Stamp) -> u128 {
        READ_MIN.saturating_sub(now.since(self.opened)).as_millis().div_ceil(1000)
    }
}

impl Dialog for Losses {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        match self.counts_in(hand.facts.now) {
            _ if !hand.enters() => After::STAY,
            0 => checked(hand, Command::AcceptLedger, Wish::Intent(Intent::AcceptLedger)),
            left => hand.refuse(format!("in {left}s they can be accepted: read the losses first")),
        }
    }

    fn sheet(&self, screen: &Screen<'_>, room: Room) -> Sheet {
        sheet(screen, self.counts_in(screen.now), room.width)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints::ask("accepts these losses")
    }

    fn is_counting(&self) -> bool {
        true
    }
}

/// What is between two lengths of time as they are shown, so that the row adds up as it is read.
fn rest(part_s: f64, whole_s: f64) -> String {
    let rest_s = (cut_upwards(whole_s) - cut_upwards(part_s)).max(0.0);
    let is_whole = (rest_s - rest_s.round()).abs() < 0.05;
    match (is_whole, rest_s >= 120.0) {
        (true, _) => phrase::seconds(rest_s.round()),
        (false, true) => phrase::seconds(rest_s),
        (false, false) => format!("{rest_s:.1}s"),
    }
}

/// The table, a heading first.
pub(super) fn table(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let frozen = phrase::is_frozen(screen);
    let at = phrase::frozen_at(screen).to_uppercase();
    let age = if frozen { format!("AGE AT {at}") } else { "AGE NOW".to_owned() };
    let line = |cells: [&str; 5]| {
        let [store, last, age, loss, rpo] = cells;
        format!("{store:<12} {last:>9} {age:>10} {loss:>14} {rpo:>8}  ")
    };
    let heading = line(["STORE", "LAST LAG", &age, "EXPECTED LOSS", "RPO"]);
    let mut rows = vec![Row::of(MUTED, heading).put(MUTED, "VERDICT").cut(width)];
    for row in phrase::worst_first(screen) {
        let last = row.last.as_ref();
        let lag_s = last.and_then(|(_, lag)| lag.loss_seconds());
        let lag = lag_s.map_or_else(|| "UNKNOWN".to_owned(), phrase::seconds);
        let age = match (last, lag_s.zip(row.loss_s)) {
            (None, _) => "never".to_owned(),
            (Some(_), Some((lag_s, loss_s))) => rest(lag_s, loss_s),
            (Some((at, _)), None) => short_time(screen.ledger.as_of.since(*at)),
        };
        let loss = row.expected();
        let rpo = phrase::limit(row, "none");
        let glyph = match row.verdict {
            LossVerdict::Pass => "ok ",
            LossVerdict::Breach => "■1 ",
            LossVerdict::Unknown => "? ",
        };
        let store = crate::ui::widget::row::fit(row.system.as_str(), 12);
        let text = line([&store, &lag, &age, &loss, &rpo]);
        let verdict = format!("{glyph}{}", row.verdict.word());
        rows.push(Row::plain(text).put(phrase::loss_ink(row.verdict), verdict).cut(width));
    }
    if screen.ledger.rows.is_empty() {
        rows.push(Row::of(UNKNOWN, format!("? {}", phrase::no_store(screen))));
    }
    rows
}

fn sheet(screen: &Screen<'_>, counts_in: u128, width: usize) -> Sheet {
    let mut body = paragraph(
        TEXT,
        "If the standby is promoted, writes younger than this are lost: last known lag plus the \
         time from that sample to T0. Asynchronous replication cannot prove more.",
        width,
    );
    body.push(Row::new());
    body.extend(table(screen, width));
    body.push(Row::new());
    let count = |verdict| screen.ledger.rows.iter().filter(|row| row.verdict == verdict).count();
    let all = screen.ledger.rows.len();
    let (breach, unknown) = (count(LossVerdict::Breach), count(LossVerdict::Unknown));
    if breach > 0 {
        let text = format!("■1 {breach} of {all} stores lose more than their objective allows");
        body.extend(paragraph(CRIT, &text, width));
    }
    if unknown > 0 {
        let text = format!("▲2 {unknown} of {all} stores: nobody can say how much is lost");
        body.extend(paragraph(WARN, &text, width));
    }
    // What is written there after T0 is lost too, and nobody here sees it.
    if phrase::is_frozen(screen) {
        body.extend(red::fence(screen, width));
    }
    if all > 0 && breach + unknown == 0 {
        body.push(Row::of(OK, "ok every store keeps its objective"));
    }
    let accepted = screen.run.and_then(|run| run.accepted.as_ref());
    let foot_text = match accepted {
        Some((at, by)) => Row::of(MUTED, format!("accepted at {} by {by}   Esc = close", at.utc())),
        None => match counts_in {
            0 => leave_row(&format!("Enter = {} accepts this, by name.", screen.me), width),
            left => leave_row(&format!("Enter counts in {left} s: read the losses."), width),
        },
    };
    let right = Row::of(MUTED, format!("as of {}", screen.ledger.as_of.utc()));
    Sheet::of("EXPECTED LOSSES", right, body, vec![rule(width), foot_text.cut(width)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_adds_up_as_it_is_shown() {
        let check = |lag_s: f64, loss_s: f64, want: [&str; 3]| {
            let found = [phrase::seconds(lag_s), rest(lag_s, loss_s), phrase::seconds(loss_s)];
            assert_eq!(found, want);
        };
        // 0.2 + 0.9 = 1.0, each rounded by itself.
        check(0.14, 0.97, ["0.2s", "0.8s", "1s"]);
        check(1.84, 2.67, ["1.9s", "0.8s", "2.7s"]);
        check(0.8, 0.8, ["0.8s", "0s", "0.8s"]);
        check(1.8, 43.5, ["1.8s", "42.2s", "44s"]);
        check(12.6, 43.5, ["13s", "31s", "44s"]);
        check(0.02, 3.0, ["0.1s", "2.9s", "3s"]);
        check(1.8, 200.0, ["1.8s", "3m19s", "3m20s"]);
    }
}
