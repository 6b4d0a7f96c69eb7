//! T0 and the losses of an outage, kept from the moment the primary turned red.

use super::Console;
use super::held::Outage;
use crate::domain::ids::Side;
use crate::domain::ledger::{Ledger, freeze};
use crate::domain::run::planned;
use crate::domain::run::state::Run;
use crate::domain::run::subject::Served;
use crate::domain::time::Stamp;
use crate::domain::verdict::Primary;
use crate::runtime::desk::Desk;
use crate::runtime::observations::Observations;

impl<D: Desk> Console<D> {
    /// Takes in which region served by the record of a run that is over.
    pub fn recall_served(&mut self, record: Option<Served>, now: Stamp) {
        let latest = Served::latest([self.served, record]);
        if latest != self.served {
            self.served = latest;
            self.judge(now);
        }
    }

    /// The run that the screen tells of: one that is over gives way to a new outage.
    pub(super) fn shown_run(&self) -> Option<&Run> {
        let red = matches!(self.assessment.primary, Primary::Red { .. });
        self.run.as_ref().filter(|run| !(red && run.stage.is_closed()))
    }

    /// The losses to be shown: of the run, else of the outage, else of what would fail now.
    pub(super) fn losses(&self, active: Side, now: Stamp) -> Ledger {
        let heard = (&self.site, &self.snapshot);
        let of_run = self.shown_run().and_then(|run| {
            planned::losses((run, self.plan.as_deref()), &self.assessment, heard, now)
        });
        match (of_run, &self.outage) {
            (Some(losses), _) => losses,
            (None, Some(outage)) => outage.ledger.clone(),
            (None, None) => freeze(&self.site, &self.snapshot, active, now),
        }
    }

    /// Freezes T0 and the losses when the primary turns red; forgets them when it is well again and
    /// nobody declared.
    pub(super) fn remember_outage(&mut self, now: Stamp) {
        match (&self.assessment.primary, &self.outage) {
            (Primary::Red { t0, basis, .. }, None) => {
                let ledger = freeze(&self.site, &self.snapshot, self.assessment.active, *t0);
                let (t0, basis, detected) = (*t0, *basis, Some(now));
                self.outage = Some(Outage { t0, basis, ledger, detected });
                self.keep_due = true;
            }
            (Primary::Healthy, Some(_)) => {
                let declared = |run: &Run| run.declaration.is_some() && !run.stage.is_closed();
                if !self.run.as_ref().is_some_and(declared) {
                    self.outage = None;
                    self.keep_due = true;
                }
            }
            _ => {}
        }
    }

    pub(super) fn observations(&self, now: Stamp) -> Observations {
        Observations {
            saved: now,
            snapshot: self.snapshot.without_histories(),
            red: self.outage.as_ref().map(|outage| (outage.t0, outage.basis)),
            ledger: self.outage.as_ref().map(|outage| outage.ledger.clone()),
            active: self.served.map(|served| served.side),
            active_at: self.served.map(|served| served.at),
            day: self.memory.day.clone(),
            spells: self.memory.spells.clone(),
            learned: self.memory.learned.clone(),
        }
    }
}
