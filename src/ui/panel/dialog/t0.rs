//! Moving T0: the old one, the new one, what the clock becomes; then the reason and the word.

use std::time::Duration;

use crate::domain::moment::MOMENT_FORM;
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::time::{Stamp, clock_text};
use crate::ui::model::{SetT0, T0Field};
use crate::ui::panel::words;
use crate::ui::screen::Screen;
use crate::ui::update::{Facts, T0_WORD, wanted_t0};
use crate::ui::widget::ink::{BORDER, CRIT, INFO, Ink, MUTED, TEXT, WARN};
use crate::ui::widget::row::Row;
use crate::ui::widget::sheet::Sheet;

use super::fields::{exact, fact, leave_row, typed as typed_row, words as words_field};

/// Under this many rows only the field that has the cursor is shown.
const ALL_FIELDS_ROWS: usize = 14;

/// The sheet; `room` is the height of the content.
pub(super) fn sheet(screen: &Screen<'_>, typed: &SetT0, width: usize, room: usize) -> Sheet {
    let gone = screen.forecast.elapsed.unwrap_or_default();
    let old = format!("{}; {}", words::t0_text(screen), clock(screen, gone).1);
    let mut body = fact("NOW", TEXT, &old, width);
    match wanted_t0(typed, &Facts::of(screen)) {
        Ok(t0) => body.extend(becomes(screen, t0, width)),
        Err(_) if typed.time.text.trim().is_empty() => {
            body.extend(fact("BECOMES", MUTED, &format!("write {MOMENT_FORM}"), width));
        }
        Err(why) => body.extend(fact("BECOMES", WARN, &format!("▲2 {why}"), width)),
    }
    body.extend(fact("STAYS", TEXT, "the losses that were frozen, and the declaration", width));
    let asks = |at: T0Field| {
        let active = typed.at == at;
        match at {
            T0Field::Time => vec![
                Row::of(TEXT, "the new T0, in UTC:").cut(width),
                typed_row(&typed.time, active, TEXT, width),
            ],
            T0Field::Reason => {
                words_field("the reason:", REASON_CHARS_MIN, &typed.reason, active, width)
            }
            T0Field::Word => {
                let ask = format!("{} types", screen.me);
                exact(&ask, T0_WORD, &typed.word, active, width)
            }
        }
    };
    let all = [T0Field::Time, T0Field::Reason, T0Field::Word];
    let shown: &[T0Field] = if room < ALL_FIELDS_ROWS { &[typed.at] } else { &all };
    let mut foot = vec![Row::of(BORDER, "─".repeat(width))];
    foot.extend(shown.iter().flat_map(|at| asks(*at)));
    foot.push(leave_row("").cut(width));
    Sheet {
        title: Row::plain("MOVE T0"),
        right: Row::of(INFO, "◆3 moves the clock, runs nothing"),
        body,
        foot,
        scroll: 0,
    }
}

/// What the clock says at some time since T0.
fn clock(screen: &Screen<'_>, gone: Duration) -> (Ink, String) {
    let lead = format!("clock T+{}", clock_text(gone));
    match screen.forecast.rto {
        None => (TEXT, lead),
        Some(rto) if gone >= rto => {
            (CRIT, format!("{lead}, BREACHED, over by {}", clock_text(gone.saturating_sub(rto))))
        }
        Some(rto) => {
            // Whole seconds of both clocks always add up to the objective.
            let left = Duration::from_secs(rto.as_secs().saturating_sub(gone.as_secs()));
            (TEXT, format!("{lead}, {} left", clock_text(left)))
        }
    }
}

fn becomes(screen: &Screen<'_>, t0: Stamp, width: usize) -> Vec<Row> {
    let utc = t0.utc();
    let (ink, told) = clock(screen, screen.now.since(t0));
    let mut rows = fact("BECOMES", ink, &format!("T0 {} {utc}; {told}", utc.date()), width);
    let old = words::t0(screen).map(|(at, _)| at);
    if let Some(old) = old {
        let apart = clock_text(Duration::from_millis(old.wall_ms.abs_diff(t0.wall_ms)));
        let way = if t0.wall_ms < old.wall_ms { "earlier" } else { "later" };
        rows.extend(fact("", TEXT, &format!("{apart} {way} than now"), width));
    }
    rows
}
