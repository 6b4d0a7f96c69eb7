//! What a rule may look at, and what it may say.

use std::time::Duration;

use crate::domain::history::{History, Sample};
use crate::domain::ids::Side;
use crate::domain::reading::Reading;
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::{Cell, CellState};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// One system on one side at one moment: all that a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The system.
    pub system: &'a SystemSpec,
    /// The side.
    pub side: Side,
    /// What is known of it.
    pub cell: &'a Cell,
    /// The moment.
    pub now: Stamp,
}

/// The time between two looks at a system: a look that waits for its timeout delays the next one.
pub fn period(system: &SystemSpec) -> Duration {
    system.every.max(system.timeout)
}

impl<'a> View<'a> {
    /// How the cell looks.
    pub fn state(&self) -> CellState {
        self.cell.state(self.now, self.period())
    }

    /// The time between two looks.
    pub fn period(&self) -> Duration {
        period(self.system)
    }

    /// The newest reading, when nothing newer was heard and it is not stale.
    pub fn current(&self) -> Option<&'a Reading> {
        self.cell.current(self.now, self.period())
    }

    /// The newest look that told good or failed, when it is not stale. Looks that tell nothing (a
    /// missing right) neither make a failure nor end one.
    pub fn newest(&self) -> Option<Sample> {
        let sample = self.cell.history.samples().next_back()?;
        Cell::is_fresh(sample.at, self.now, self.period()).then_some(sample)
    }

    /// Since the first of the known lags in a row that are over a limit.
    pub fn lag_over_since(&self, limit: Duration) -> Option<Stamp> {
        let samples = self.cell.history.samples().rev();
        let known = samples.filter_map(|sample| sample.lag_s.map(|lag_s| (sample.at, lag_s)));
        let over = known.take_while(|(_, lag_s)| *lag_s > limit.as_secs_f64());
        over.last().map(|(at, _)| at)
    }

    /// `pg in A`.
    pub fn name(&self) -> String {
        format!("{} in {}", self.system.id, self.side)
    }
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It speaks: since when, and why.
    Speaks {
        /// The first look of the series that made it speak.
        since: Stamp,
        /// What the looks said.
        why: Clean,
    },
    /// It does not speak.
    Quiet,
    /// It cannot tell; the reason.
    CannotTell(Clean),
}

/// The first of the samples that are `bad` with never more than `window` from one to the next,
/// looking back from the newest. The ring is bounded, so a very long stretch begins at its edge.
pub(super) fn stretch_start(
    history: &History,
    window: Duration,
    bad: impl Fn(&Sample) -> bool,
) -> Option<Stamp> {
    let mut start: Option<Stamp> = None;
    for sample in history.samples().rev().filter(|sample| bad(sample)) {
        if start.is_some_and(|later| later.since(sample.at) > window) {
            break;
        }
        start = Some(sample.at);
    }
    start
}

/// What is said where no look is recent enough.
pub(super) fn not_heard() -> Finding {
    Finding::CannotTell("it was not heard of recently".into())
}
