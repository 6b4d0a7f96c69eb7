//! What is known at one moment: the one thing that decisions, keys, frames and answers look at.

use super::day::Day;
use super::forecast::Forecast;
use super::gates::{self, Frame, Seen};
use super::ids::StepId;
use super::ledger::Ledger;
use super::run::phase::Stage;
use super::run::state::Run;
use super::runbook::{Direction, Runbook, Step};
use super::site::Site;
use super::snapshot::Snapshot;
use super::time::Stamp;
use super::verdict::{Assessment, T0Basis};

/// What is known of a site and of its run.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Now.
    pub now: Stamp,
    /// The site.
    pub site: &'a Site,
    /// The run's plan in force, or the one that is chosen.
    pub runbook: Option<&'a Runbook>,
    /// The run.
    pub run: Option<&'a Run>,
    /// The latest readings.
    pub snapshot: &'a Snapshot,
    /// What they mean.
    pub assessment: &'a Assessment,
    /// The losses as of T0 (frozen), or as of now.
    pub ledger: &'a Ledger,
    /// The clocks.
    pub forecast: &'a Forecast,
    /// The figures of the last 24 hours.
    pub day: &'a Day,
    /// A T0 that is known although the primary may answer again by now.
    pub t0: Option<(Stamp, T0Basis)>,
    /// When this console first showed the primary red.
    pub detected: Option<Stamp>,
}

impl<'a> Known<'a> {
    /// The run, while it is not closed.
    pub fn open_run(&self) -> Option<&'a Run> {
        self.run.filter(|run| !run.stage.is_closed())
    }

    /// A step of the plan.
    pub fn step(&self, id: &StepId) -> Option<&'a Step> {
        self.runbook.and_then(|runbook| runbook.step(id))
    }

    /// True while the run is given up: steps are only taken back.
    pub fn is_aborting(&self) -> bool {
        self.run.is_some_and(|run| run.stage == Stage::Aborting)
    }

    /// Which way things go, or would go.
    pub fn direction(&self) -> Direction {
        let active = self.assessment.active;
        self.run.map_or(Direction { from: active, to: active.other() }, |run| run.direction)
    }

    /// A step's gates as they are seen now.
    pub fn gates(&self, step: &Step) -> Vec<Seen> {
        let (world, now) = ((self.site, self.snapshot), self.now);
        let frame = match self.run.zip(self.runbook) {
            Some((run, book)) => Frame::of_step(run, book, &step.id, world, now),
            None => Frame::of_plan(self.direction(), world, now),
        };
        step.gates.iter().map(|gate| gates::look(gate, &frame)).collect()
    }
}
