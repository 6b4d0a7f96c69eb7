//! The go/no-go list as it lasts: what the plan asks too, since when, and how long it was GO.

use std::time::Duration;

use super::Console;
use crate::domain::readiness::complete;
use crate::domain::time::Stamp;
use crate::domain::verdict::Assessment;
use crate::runtime::desk::Desk;

/// A longer time between two judgements was slept through: nobody knows how fit the standby was.
const SLEPT_AFTER: Duration = Duration::from_secs(30);

impl<D: Desk> Console<D> {
    /// Completes what was just judged.
    pub(super) fn weigh(&mut self, now: Stamp) {
        let plan = match (self.shown_run(), &self.plan) {
            (Some(_), Some(plan)) => Some(&**plan),
            (None | Some(_), _) => self.chosen.and_then(|chosen| self.runbooks.get(chosen)),
        };
        let run = self.run.as_ref().filter(|run| !run.stage.is_closed());
        complete(&mut self.assessment, plan, run, &self.site, &self.snapshot, now);
        let passed = now.since(std::mem::replace(&mut self.memory.weighed, now));
        if self.has_looked_around(now) {
            self.memory.spells.follow(&self.assessment.criteria, now);
            if self.open_run().is_none() && passed <= SLEPT_AFTER {
                self.memory.day.count_ready(&self.assessment.verdict, now, passed);
            }
        }
        let Assessment { criteria, alarms, .. } = &mut self.assessment;
        self.memory.spells.tell(criteria, alarms);
    }
}
