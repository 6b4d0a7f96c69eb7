//! The picture of a site: what was heard and is remembered of it, judged and weighed in one place.

use std::sync::Arc;
use std::time::Duration;

use super::credentials;
use super::day::Day;
use super::forecast::{Forecast, Grounds, forecast, unknown};
use super::ids::Side;
use super::judge::{self, Subject};
use super::known::Known;
use super::ledger::{Ledger, freeze};
use super::pace::Paces;
use super::readiness::{Spells, complete};
use super::run::planned;
use super::run::state::Run;
use super::run::subject::{Served, about};
use super::runbook::{self, Runbook};
use super::site::Site;
use super::snapshot::Snapshot;
use super::time::Stamp;
use super::verdict::{Assessment, Primary, T0Basis};

/// A longer time between two judgements was slept through: nobody knows how fit the standby was.
const SLEPT_AFTER: Duration = Duration::from_secs(30);

/// The losses and the start of an outage, kept from the moment the primary turned red.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// T0.
    pub t0: Stamp,
    /// What it rests on.
    pub basis: T0Basis,
    /// The losses as of T0.
    pub ledger: Ledger,
    /// When this console first showed it; none when an earlier one did.
    pub detected: Option<Stamp>,
}

/// What a judgement may take for granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footing {
    /// True once every system was heard: before that nothing is told of how long anything lasts.
    pub has_looked_around: bool,
    /// True while a run is being opened: the plan that was chosen for it stays.
    pub is_opening: bool,
}

/// What was heard of a site, what is remembered of it, and what that means.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The site.
    pub site: Site,
    /// Its runbooks.
    pub runbooks: Vec<Runbook>,
    /// The plan that leads away from the region that serves; none where no plan does.
    pub chosen: Option<usize>,
    /// The run, open or just closed.
    pub run: Option<Run>,
    /// The run's plan, each step in the variant that is in force.
    pub plan: Option<Arc<Runbook>>,
    /// The latest readings.
    pub snapshot: Snapshot,
    /// The region that was last known to serve.
    pub served: Option<Served>,
    /// The outage, from the moment the primary turned red.
    pub outage: Option<Outage>,
    /// The figures of the last 24 hours.
    pub day: Day,
    /// Since when each criterion has been as it is.
    pub spells: Spells,
    /// What earlier runs took, once they were read.
    pub paces: Paces,
    /// What the readings mean.
    pub assessment: Assessment,
    /// The losses of the run, else of the outage, else of what would fail now.
    pub ledger: Ledger,
    /// When it will be over.
    pub forecast: Forecast,
    /// When it was judged last.
    weighed: Stamp,
}

impl Picture {
    /// A picture in which nothing was judged yet.
    pub fn new(site: Site, runbooks: Vec<Runbook>, now: Stamp) -> Self {
        let snapshot = Snapshot::default();
        let active = about(None, None, &site, &snapshot, now).active;
        Self {
            assessment: Assessment::unjudged(active),
            ledger: Ledger { as_of: now, rows: Vec::new() },
            forecast: unknown(&site, now),
            site,
            runbooks,
            chosen: None,
            run: None,
            plan: None,
            snapshot,
            served: None,
            outage: None,
            day: Day::default(),
            spells: Spells::default(),
            paces: Paces::default(),
            weighed: now,
        }
    }

    /// What a decision, a key, a frame or an answer may look at.
    pub fn known(&self, now: Stamp) -> Known<'_> {
        Known {
            now,
            site: &self.site,
            runbook: self.runbook(),
            run: self.shown_run(),
            snapshot: &self.snapshot,
            assessment: &self.assessment,
            ledger: &self.ledger,
            forecast: &self.forecast,
            day: &self.day,
            t0: self.outage.as_ref().map(|outage| (outage.t0, outage.basis)),
            detected: self.outage.as_ref().and_then(|outage| outage.detected),
        }
    }

    /// The run, while it is not closed.
    pub fn open_run(&self) -> Option<&Run> {
        self.run.as_ref().filter(|run| !run.stage.is_closed())
    }

    /// The run that is told of: one that is over gives way to a new outage.
    pub fn shown_run(&self) -> Option<&Run> {
        let red = matches!(self.assessment.primary, Primary::Red { .. });
        self.run.as_ref().filter(|run| !(red && run.stage.is_closed()))
    }

    /// The plan of the run, or the one that is chosen.
    pub fn runbook(&self) -> Option<&Runbook> {
        match (self.shown_run(), &self.plan) {
            (Some(_), Some(plan)) => Some(plan),
            _ => self.runbooks.get(self.chosen?),
        }
    }

    /// Judges what was heard; true when that began or ended an outage.
    pub fn judge(&mut self, footing: Footing, now: Stamp) -> bool {
        if let Some(side) = judge::told(&self.site, &self.snapshot, now) {
            self.served = Some(Served { side, at: now });
        }
        if let Some(run) = &self.run {
            self.snapshot.take_accepted(&run.accepted_criteria);
        }
        self.assessment = self.judged(now);
        let turned = self.remember_outage(now);
        self.tell_figures(footing, now);
        turned
    }

    /// Judges again what the passing of time alone changes: it leaves no trace.
    pub fn refresh(&mut self, footing: Footing, now: Stamp) {
        self.assessment = self.judged(now);
        self.tell_figures(footing, now);
    }

    fn judged(&self, now: Stamp) -> Assessment {
        judge::judge(&self.site, &self.snapshot, self.subject(now), now)
    }

    fn subject(&self, now: Stamp) -> Subject {
        if let (Some(run), None) = (self.open_run(), &self.plan) {
            return run.direction.from.into();
        }
        let run = self.run.as_ref().zip(self.plan.as_deref());
        about(run, self.served, &self.site, &self.snapshot, now)
    }

    /// Freezes T0 and the losses when the primary turns red; forgets them when it is well again and
    /// nobody declared.
    fn remember_outage(&mut self, now: Stamp) -> bool {
        match (&self.assessment.primary, &self.outage) {
            (Primary::Red { t0, basis, .. }, None) => {
                let ledger = freeze(&self.site, &self.snapshot, self.assessment.active, *t0);
                let (t0, basis, detected) = (*t0, *basis, Some(now));
                self.outage = Some(Outage { t0, basis, ledger, detected });
                true
            }
            (Primary::Healthy, Some(_)) => {
                let declared = self.open_run().is_some_and(|run| run.declaration.is_some());
                if !declared {
                    self.outage = None;
                }
                !declared
            }
            _ => false,
        }
    }

    /// What follows from the assessment: the plan, the go/no-go list, the losses, the clocks.
    fn tell_figures(&mut self, footing: Footing, now: Stamp) {
        let active = self.assessment.active;
        if self.open_run().is_none() && !footing.is_opening {
            self.chosen = runbook::away_from(&self.runbooks, active);
        }
        self.weigh(footing, now);
        self.ledger = self.losses(active, now);
        let run = self.shown_run();
        self.forecast = forecast(&Grounds {
            site: &self.site,
            runbook: self.runbook(),
            run,
            t0: self.outage.as_ref().map(|outage| outage.t0),
            pace: self.paces.away_from(run.map_or(active, |run| run.direction.from)),
            split: !self.assessment.split_brain.is_empty(),
            now,
        });
        let ending = credentials::alarm(&self.site, &self.snapshot, &self.forecast, now);
        if let Some(alarm) = ending {
            self.assessment.raise(alarm);
        }
    }

    /// The go/no-go list as it lasts: what the plan asks too, since when, and how long it was GO.
    fn weigh(&mut self, footing: Footing, now: Stamp) {
        let plan = match (self.shown_run(), &self.plan) {
            (Some(_), Some(plan)) => Some(&**plan),
            (None | Some(_), _) => self.chosen.and_then(|chosen| self.runbooks.get(chosen)),
        };
        let run = self.run.as_ref().filter(|run| !run.stage.is_closed());
        complete(&mut self.assessment, plan, run, &self.site, &self.snapshot, now);
        let passed = now.since(std::mem::replace(&mut self.weighed, now));
        if footing.has_looked_around {
            self.spells.follow(&self.assessment.criteria, now);
            if self.open_run().is_none() && passed <= SLEPT_AFTER {
                self.day.count_ready(&self.assessment.verdict, now, passed);
            }
        }
        let Assessment { criteria, alarms, .. } = &mut self.assessment;
        self.spells.tell(criteria, alarms);
    }

    fn losses(&self, active: Side, now: Stamp) -> Ledger {
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
}
