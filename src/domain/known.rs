//! What is known at one moment: the one thing that decisions, keys, frames and answers look at.

use schemars::JsonSchema;
use serde::Serialize;

use super::day::Day;
use super::forecast::Forecast;
use super::gates::{self, Frame, Seen};
use super::ids::{Side, StepId};
use super::ledger::Ledger;
use super::run::phase::{Phase, Stage};
use super::run::planned::{LossesAt, losses_at};
use super::run::state::Run;
use super::runbook::{Direction, Runbook, Step};
use super::site::Site;
use super::snapshot::Snapshot;
use super::time::Stamp;
use super::verdict::{Assessment, Primary, T0Basis};

/// The part that a region plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It serves.
    Primary,
    /// It served, and is lost or is being left.
    WasPrimary,
    /// It stands by.
    Standby,
    /// A run takes it into service.
    TakingOver,
}

impl Part {
    /// The part in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::WasPrimary => "was PRIMARY",
            Self::Standby => "standby",
            Self::TakingOver => "taking over",
        }
    }
}

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

    /// The part that a region plays now.
    pub fn part(&self, side: Side) -> Part {
        // A run that is only open has moved nothing: nobody declared yet. Neither has a planned one
        // before its first promotion. One that is over moves nothing any more, and from the
        // restoration on the one that serves now is the primary.
        let active = side == self.assessment.active;
        let still_served =
            |run: &Run| losses_at(run, self.runbook, self.assessment) == Some(LossesAt::Now);
        let moves =
            |run: &&Run| !run.stage.is_closed() && run.declaration.is_some() && !still_served(run);
        let lost = matches!(self.assessment.primary, Primary::Red { .. });
        let leaving = |run: &Run| side == run.direction.from;
        match self.run.filter(moves).map(|run| (run.restored.is_some(), leaving(run))) {
            None if active && lost => Part::WasPrimary,
            None | Some((true, _)) if active => Part::Primary,
            None | Some((true, false)) => Part::Standby,
            Some((_, true)) => Part::WasPrimary,
            Some((false, false)) => Part::TakingOver,
        }
    }

    /// The step that took a standby into service in the open run: whether one may be is decided.
    pub fn promoted(&self) -> Option<&'a Step> {
        let run = self.open_run().filter(|run| run.declaration.is_some())?;
        let done = |id| run.step(id).is_some_and(|state| state.phase == Phase::Done);
        self.runbook?.steps.iter().find(|step| step.change.promotes() && done(&step.id))
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
