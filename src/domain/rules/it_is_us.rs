//! It is us: whether addresses outside both regions answer, which tells their outage from ours.

use std::time::Duration;

use crate::domain::site::Site;
use crate::domain::snapshot::{Cell, CellState, Snapshot};
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, short_time};

/// The period by which the age of a look is judged. It is looked at more often: one late look must
/// not make their outage of our own.
pub const REFERENCE_EVERY: Duration = Duration::from_secs(5);

/// Failed looks in a row after which the reference counts as silent; one alone is a bad sample.
pub const REFERENCE_FAILURES: u32 = 2;

/// What is known of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// It answers.
    Answers,
    /// It is silent; since when and why.
    Silent {
        /// The first failed look.
        since: Option<Stamp>,
        /// What the last look said.
        why: Clean,
    },
    /// The site names none.
    NotConfigured,
    /// It cannot be told; the reason.
    CannotTell(Clean),
}

/// What is known of the site's reference now.
pub fn ask(site: &Site, snapshot: &Snapshot, now: Stamp) -> Reference {
    if site.reference.is_empty() {
        return Reference::NotConfigured;
    }
    let cell = &snapshot.reference;
    let answered = cell
        .last_good
        .as_ref()
        .is_some_and(|reading| Cell::is_fresh(reading.at, now, REFERENCE_EVERY));
    match cell.state(now, REFERENCE_EVERY) {
        CellState::Up | CellState::Degraded(_) => Reference::Answers,
        CellState::Down(why) if cell.failures >= REFERENCE_FAILURES => {
            Reference::Silent { since: cell.first_failure, why }
        }
        CellState::Down(_) if answered => Reference::Answers,
        CellState::Down(why) | CellState::Unknown(why) => Reference::CannotTell(why),
        CellState::Stale(age) => {
            Reference::CannotTell(format!("last heard {} ago", short_time(age)).into())
        }
        CellState::NoData => Reference::CannotTell("no data yet".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::bench::{Saw, at, site};

    #[test]
    fn boundaries() {
        let check = |named: bool, looks: &[(u64, Saw)], now: u64, want: &str| {
            let mut site = site();
            if !named {
                site.reference.clear();
            }
            let mut snapshot = Snapshot::default();
            for (second, saw) in looks {
                snapshot.reference.record(at(*second), saw.look(at(*second)));
            }
            // Another console, or `status`, goes on from what one has seen.
            let mut remembered = Snapshot::default();
            remembered.remember_all(snapshot.without_histories());
            for snapshot in [snapshot, remembered] {
                let found = match ask(&site, &snapshot, at(now)) {
                    Reference::Answers => "answers",
                    Reference::Silent { .. } => "silent",
                    Reference::NotConfigured => "none",
                    Reference::CannotTell(_) => "cannot tell",
                };
                assert_eq!(found, want, "{looks:?}");
            }
        };
        check(false, &[], 0, "none");
        check(true, &[], 0, "cannot tell");
        check(true, &[(0, Saw::Up)], 15, "answers");
        check(true, &[(0, Saw::Up)], 16, "cannot tell");
        // One bad sample is not silence, but without a good one before it nothing is known.
        check(true, &[(0, Saw::Up), (5, Saw::Silent)], 5, "answers");
        check(true, &[(5, Saw::Silent)], 5, "cannot tell");
        check(true, &[(0, Saw::Up), (5, Saw::Silent), (10, Saw::Silent)], 10, "silent");
        check(true, &[(0, Saw::Up), (5, Saw::Silent), (10, Saw::Up)], 10, "answers");
        check(true, &[(0, Saw::Up), (5, Saw::Forbidden)], 5, "cannot tell");
    }
}
