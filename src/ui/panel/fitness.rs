//! Words of the go/no-go list: how a criterion is, since when, what was accepted, the 24 h figures.

use super::prelude::*;
use std::time::Duration;

use crate::domain::ids::Side;
use crate::domain::readiness::{Acceptance, Drift, sum};
use crate::domain::time::short_time;
use crate::domain::verdict::{Criterion, Met};

use super::{phrase, spoken};

/// A share of less time than this says nothing.
const WATCHED_MIN: Duration = Duration::from_secs(60);

/// So much of a day is called all of it.
const WHOLE_DAY: Duration = Duration::from_secs(23 * 3600);

/// Ink and glyph of a criterion: red is against going, a doubt warns, blindness is unknown.
pub fn glyph(criterion: &Criterion) -> (Ink, &'static str) {
    match (criterion.met, criterion.blinds) {
        (Met::Yes, _) => (OK, "ok"),
        (Met::No, _) => (CRIT, "■1"),
        (Met::Unknown, true) => (UNKNOWN, "? "),
        (Met::Unknown, false) => (WARN, "▲2"),
    }
}

/// How long it has been so: `2h04m`, `2h04m+` where it may have been so before; empty if unknown.
pub fn lasts(screen: &Screen<'_>, criterion: &Criterion) -> String {
    let Some(since) = criterion.since else { return String::new() };
    let age = phrase::stepped(screen.now.since(since.at));
    let more = if since.exact { "" } else { "+" };
    format!("{}{more}", short_time(age))
}

/// `since 12:00:05Z (2h04m)`, `since 12:00:05Z or before (2h04m+)`.
pub fn since(screen: &Screen<'_>, criterion: &Criterion) -> String {
    let Some(since) = criterion.since else { return "since UNKNOWN".to_owned() };
    let before = if since.exact { "" } else { " or before" };
    format!("since {}{before} ({})", since.at.utc(), lasts(screen, criterion))
}

/// `NO-GO`, with what a person accepted of it.
pub fn verdict(screen: &Screen<'_>) -> Row {
    let assessment = screen.assessment;
    let run = screen.open_run();
    let text = sum(&assessment.verdict, &assessment.criteria, run);
    Row::of(spoken::verdict_ink(&assessment.verdict), text)
}

/// `1 blocker, 2 warnings`, and how many cannot be told at all.
pub fn counts(screen: &Screen<'_>) -> String {
    let count = |ink: Ink, one: &str, more: &str| {
        let criteria = screen.assessment.criteria.iter();
        match criteria.filter(|criterion| glyph(criterion).0 == ink).count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {more}")),
        }
    };
    let texts = [
        count(CRIT, "blocker", "blockers"),
        count(UNKNOWN, "UNKNOWN", "UNKNOWN"),
        count(WARN, "warning", "warnings"),
    ];
    texts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Who accepted it, when and why, and what became of it since.
pub fn accepted(acceptance: &Acceptance<'_>) -> Vec<Row> {
    let accepted = acceptance.accepted;
    let (at, by) = (accepted.at.utc(), &accepted.by);
    let mut rows = vec![Row::of(TEXT, format!("accepted {at} by {by}: {}", accepted.reason))];
    let was = &accepted.evidence;
    let drift = match acceptance.drift {
        Drift::None => return rows,
        Drift::Cured => Row::of(OK, format!("met since then; it was {was}")),
        Drift::Changed => Row::of(WARN, format!("▲2 CHANGED since it was accepted; it was {was}")),
        Drift::Worse => {
            Row::of(CRIT, format!("■1 WORSE, the acceptance does not cover it; it was {was}"))
        }
    };
    rows.push(drift);
    rows
}

/// `96.1 %`, cut and not rounded: 100 % is all of it.
fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).floor() / 10.0;
    if tenths >= 100.0 { "100 %".to_owned() } else { format!("{tenths:.1} %") }
}

/// How fit the standby was and how well both sides answered in the last 24 hours.
pub fn day(screen: &Screen<'_>) -> Vec<String> {
    let readiness = match screen.day.readiness(screen.now) {
        Some(readiness) if readiness.watched >= WATCHED_MIN => {
            let watched = phrase::stepped(readiness.watched);
            let whole = watched >= WHOLE_DAY;
            let of =
                if whole { String::new() } else { format!(" of {} watched", short_time(watched)) };
            format!("readiness GO {}{of}", percent(readiness.go))
        }
        Some(_) | None => "readiness not watched for a minute yet".to_owned(),
    };
    let mut texts = vec![readiness];
    for side in Side::BOTH {
        if let Some(share) = screen.day.availability_of_side(side, screen.now) {
            texts.push(format!("{side} answered {}", percent(share)));
        }
    }
    texts
}

/// The largest lag of each store in the last 24 hours and its hour, the worst of its RPO first.
pub fn worst_lags(screen: &Screen<'_>) -> Vec<String> {
    let standby = screen.assessment.standby();
    let mut lags: Vec<(f64, String)> = screen
        .ledger
        .rows
        .iter()
        .filter_map(|row| {
            let worst = screen.day.worst_lag(&row.system, standby, screen.now)?;
            let share = row.rpo_s.map_or(0.0, |rpo| worst.lag_s / rpo.max(f64::MIN_POSITIVE));
            let (lag, hour) = (phrase::seconds(worst.lag_s), worst.hour);
            Some((share, format!("{} {lag} at {hour:02}h UTC", row.system)))
        })
        .collect();
    lags.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    lags.into_iter().map(|(_, text)| text).collect()
}
