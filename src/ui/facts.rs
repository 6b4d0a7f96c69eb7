//! What is known at this moment, of the world, the run and the console, for keys and frames alike.

use std::time::Duration;

use super::keymap::Keymap;
use super::laid::Laid;
use super::widget::sheet::Fold;
use crate::domain::console::{Access, JournalState, Rehearsal};
use crate::domain::gates::{self, Frame, Seen};
use crate::domain::ids::StepId;
use crate::domain::ledger::Ledger;
use crate::domain::run::decide::{Asking, Context as Decided, decide};
use crate::domain::run::event::Actor;
use crate::domain::run::intent::Intent;
use crate::domain::run::phase::Stage;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::Run;
use crate::domain::runbook::{Direction, Runbook, Step};
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::Assessment;

/// All that a key and a frame may look at, beside the model.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Now.
    pub now: Stamp,
    /// What the keys may do.
    pub access: Access,
    /// Which key means which command.
    pub keymap: &'a Keymap,
    /// Who sits here.
    pub me: &'a Actor,
    /// The site.
    pub site: &'a Site,
    /// The site's runbooks.
    pub runbooks: &'a [Runbook],
    /// The runbook of the run, or the one that is chosen.
    pub runbook: Option<&'a Runbook>,
    /// The run.
    pub run: Option<&'a Run>,
    /// What the readings mean.
    pub assessment: &'a Assessment,
    /// The latest readings.
    pub snapshot: &'a Snapshot,
    /// The frozen ledger of an incident; without one, what would be lost now.
    pub ledger: &'a Ledger,
    /// Alarms that were acknowledged, by key.
    pub acknowledged: &'a [String],
    /// The last dry run.
    pub rehearsal: Option<&'a Rehearsal>,
    /// How the journal is.
    pub journal: &'a JournalState,
    /// True while a decision is being written: another one is refused until it is on record.
    pub recording: bool,
    /// How long the disk has not taken a word, where it stalled.
    pub stalled: Option<Duration>,
    /// Lines of output there are to scroll through.
    pub output_rows: usize,
    /// Rows of the timeline there are to scroll through.
    pub timeline_rows: usize,
    /// The report as it was laid out last; it is made anew where there is none that fits.
    pub report: Option<&'a Laid>,
    /// How far the open dialog can be scrolled, and must be before Enter counts in it.
    pub fold: Fold,
}

impl<'a> Facts<'a> {
    /// The run, while it is not closed.
    pub fn open_run(&self) -> Option<&'a Run> {
        self.run.filter(|run| !run.stage.is_closed())
    }

    /// That no decision is being written: the next one is taken on what is on record.
    ///
    /// # Errors
    /// The refusal, as a sentence.
    pub fn settled(&self) -> Result<(), Clean> {
        if self.recording { Err(Refusal::Recording.to_string().into()) } else { Ok(()) }
    }

    /// Who asks what may be done.
    pub fn asking(&self) -> Asking<'a> {
        let Self { site, runbook, run, me: by, .. } = *self;
        Asking { site, runbook, run, by, armed: self.access == Access::Armed }
    }

    /// What a decision on a wish would be now.
    ///
    /// # Errors
    /// The refusal, as a sentence.
    pub fn decides(&self, intent: &Intent) -> Result<(), Clean> {
        let Asking { site, by, armed, .. } = self.asking();
        self.settled()?;
        let Some(runbook) = self.runbook else { return Err(Refusal::NoRun.to_string().into()) };
        let (run, snapshot, assessment) = (self.run, self.snapshot, self.assessment);
        let (ledger, now) = (self.ledger, self.now);
        // What is remembered of T0 is written down, and nothing is decided by it here.
        let (t0, detected) = (None, None);
        let context = Decided {
            site,
            runbook,
            run,
            snapshot,
            assessment,
            ledger,
            t0,
            detected,
            by,
            armed,
            now,
        };
        decide(&context, intent).map(drop).map_err(|why| why.tell(self.runbook).into())
    }

    /// A step of the plan.
    pub fn step(&self, id: &StepId) -> Option<&'a Step> {
        self.runbook.and_then(|runbook| runbook.step(id))
    }

    /// The same at a console that is armed, unless it only looks.
    pub fn armed(&self) -> Self {
        let looks = self.access == Access::ReadOnly;
        Self { access: if looks { Access::ReadOnly } else { Access::Armed }, ..*self }
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
