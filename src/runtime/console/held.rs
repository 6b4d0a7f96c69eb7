//! What a console keeps from one judgement to the next, beside the run and the readings.

use std::sync::Arc;

use crate::domain::day::Day;
use crate::domain::forecast::{Forecast, Grounds, forecast};
use crate::domain::ledger::Ledger;
use crate::domain::pace::Pace;
use crate::domain::readiness::Spells;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::time::Stamp;
use crate::domain::verdict::T0Basis;
use crate::runtime::observations::Learned;

/// The losses and the start of an outage, kept from the moment the primary turned red.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outage {
    pub(super) t0: Stamp,
    pub(super) basis: T0Basis,
    pub(super) ledger: Ledger,
    /// When this console first showed it; none when an earlier one did.
    pub(super) detected: Option<Stamp>,
}

/// What the plan in force is made of, and the dry runs that may be about another one.
#[derive(Debug, Clone, Default)]
pub(super) struct Variants {
    /// The run's plan as it was written.
    pub(super) written: Option<Arc<Runbook>>,
    /// Dry runs that are being made.
    pub(super) open: usize,
    /// True when some of them are of a plan that is no longer in force.
    pub(super) void: bool,
}

impl Variants {
    /// Those of a plan as it was written.
    pub(super) fn of(written: Option<Arc<Runbook>>) -> Self {
        Self { written, open: 0, void: false }
    }

    /// A run of another plan begins.
    pub(super) fn begin(&mut self, written: Arc<Runbook>) {
        self.written = Some(written);
    }
}

/// What lasts longer than a judgement.
#[derive(Clone)]
pub(super) struct Memory {
    /// The figures of the last 24 hours.
    pub(super) day: Day,
    /// Since when each criterion has been as it is.
    pub(super) spells: Spells,
    /// What the probes have learned.
    pub(super) learned: Learned,
    /// When it was judged last.
    pub(super) weighed: Stamp,
}

impl Memory {
    pub(super) fn new(now: Stamp) -> Self {
        Self {
            day: Day::default(),
            spells: Spells::default(),
            learned: Learned::new(),
            weighed: now,
        }
    }

    pub(super) fn recall(&mut self, day: Day, spells: Spells) {
        (self.day, self.spells) = (day, spells);
    }
}

/// Before anything was judged.
pub(super) fn unknown(site: &Site, now: Stamp) -> Forecast {
    let pace = Pace::default();
    forecast(&Grounds { site, runbook: None, run: None, t0: None, pace: &pace, split: false, now })
}
