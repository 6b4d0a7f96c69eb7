//! Down: so many failed looks in a row, and none good since.

use super::view::{Finding, View, not_heard};
use crate::domain::snapshot::{Cell, CellState};
use crate::domain::text::{Clean, several};
use crate::domain::time::Stamp;

/// Failed looks in a row after which a system without a rule of its own is called down.
pub const FAILURES_WITHOUT_RULE: u32 = 3;

/// Speaks after `failures` failed looks in a row, since the first of them.
pub fn ask(view: &View<'_>, failures: u32) -> Finding {
    if view.newest().is_none() {
        return not_heard();
    }
    match since(view, failures) {
        Some(since) => {
            let why = format!(
                "{} failed in a row: {}",
                several(view.cell.failures, "look"),
                last_reason(view)
            );
            Finding::Speaks { since, why: why.into() }
        }
        None => Finding::Quiet,
    }
}

/// Since when so many looks failed in a row; none where they did not, or none is recent.
pub fn since(view: &View<'_>, failures: u32) -> Option<Stamp> {
    let (newest, since) = (view.newest()?, view.cell.first_failure?);
    let failures = failures.max(1);
    (!newest.good && seen_in_a_row(view, failures) >= failures).then_some(since)
}

/// What a series says that is too short for the rule so far: `1 of 3 looks failed: no answer`.
/// Without a number to reach it is said how many failed.
pub fn so_far(view: &View<'_>, failures: Option<u32>) -> Clean {
    let (count, reason) = (seen_in_a_row(view, u32::MAX).max(1), last_reason(view));
    match failures.filter(|failures| count < *failures) {
        Some(failures) => format!("{count} of {failures} looks failed: {reason}").into(),
        None => format!("{} failed in a row: {reason}", several(count, "look")).into(),
    }
}

/// Failed looks in a row without a pause in looking: failures from before a sleep or a closed
/// console keep their place in the series, and with it T0, but do not count towards the number.
/// Counts no further than `enough`, where the cell has counted as many.
fn seen_in_a_row(view: &View<'_>, enough: u32) -> u32 {
    let mut count = 0;
    let mut later = view.now;
    let enough = if view.cell.failures >= enough { enough } else { u32::MAX };
    for sample in view.cell.history.samples().rev().take_while(|sample| !sample.good) {
        if count >= enough || !Cell::is_fresh(sample.at, later, view.period()) {
            return count;
        }
        (count, later) = (count + 1, sample.at);
    }
    // The ring is bounded; a series that fills it is as long as the cell has counted.
    if view.cell.history.samples().all(|sample| !sample.good) { view.cell.failures } else { count }
}

/// What the last look said.
fn last_reason(view: &View<'_>) -> Clean {
    match view.state() {
        CellState::Down(why) | CellState::Unknown(why) | CellState::Degraded(why) => why,
        CellState::Up | CellState::Stale(_) | CellState::NoData => "no answer".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::domain::ids::Side;
    use crate::domain::rules::bench::{Saw, at, cell, stretch, system, word};

    #[test]
    fn boundaries() {
        use Saw::{Bad, Down, Forbidden, Silent, Up};
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            let found = word(&cell(looks), at(now), |view| ask(view, 3));
            assert_eq!(found, want, "{looks:?}");
        };
        check(&[], 0, "cannot tell");
        check(&[(0, Up), (2, Silent), (4, Silent)], 4, "quiet");
        check(&[(0, Up), (2, Silent), (4, Silent), (6, Silent)], 6, "since 2");
        check(&[(2, Silent), (4, Down), (6, Silent)], 6, "since 2");
        check(&[(2, Silent), (4, Silent), (6, Silent), (8, Up)], 8, "quiet");
        check(&[(2, Silent), (4, Silent), (6, Silent), (8, Bad)], 8, "quiet");
        // A missing right neither makes a failure nor ends the series.
        check(&[(2, Forbidden), (4, Forbidden), (6, Forbidden)], 6, "cannot tell");
        check(&[(2, Silent), (4, Forbidden), (6, Silent)], 6, "quiet");
        check(&[(2, Silent), (4, Silent), (6, Forbidden), (8, Silent)], 8, "since 2");
        // Flapping never adds up.
        check(&[(0, Silent), (2, Up), (4, Silent), (6, Up), (8, Silent)], 8, "quiet");
        // The last value is too old to speak.
        check(&[(2, Silent), (4, Silent), (6, Silent)], 12, "since 2");
        check(&[(2, Silent), (4, Silent), (6, Silent)], 13, "cannot tell");
        // After a sleep one look is not enough, three are; T0 stays.
        check(&[(2, Silent), (4, Silent), (900, Silent)], 900, "quiet");
        check(
            &[(2, Silent), (4, Silent), (900, Silent), (902, Silent), (904, Silent)],
            904,
            "since 2",
        );
        // Another day is another outage.
        let mut days = stretch(0, 10, &Silent);
        days.extend(stretch(90_000, 90_004, &Silent));
        check(&days, 90_004, "since 90000");
        // Longer than the ring.
        check(&stretch(0, 2000, &Silent), 2000, "since 0");
        // Looks that wait longer than the period for their timeout still follow each other.
        let mut slow = system("pg");
        slow.timeout = Duration::from_secs(10);
        let cell = cell(&[(0, Silent), (12, Silent), (24, Silent)]);
        let view = View { system: &slow, side: Side::A, cell: &cell, now: at(34) };
        assert!(matches!(ask(&view, 3), Finding::Speaks { since, .. } if since == at(0)));
    }
}
