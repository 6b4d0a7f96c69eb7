//! Why a run cannot be escalated or given up now, and why a step cannot go back yet.

use super::{Asked, Possible, forward, refuse_if};
use crate::domain::abort::{self, Blocked};
use crate::domain::run::event::Mode;
use crate::domain::run::phase::Stage;
use crate::domain::run::state::Run;
use crate::domain::runbook::Step;

impl Asked<'_, '_> {
    pub(super) fn escalatable(&self) -> Possible {
        let run = self.declared()?;
        self.armed()?;
        forward(run)?;
        refuse_if(run.mode == Mode::Ungraceful, "the run is ungraceful already")
    }

    pub(super) fn abortable(&self) -> Possible {
        let run = self.open()?;
        self.armed()?;
        let aborting = run.stage == Stage::Aborting;
        refuse_if(aborting, "the run is being given up already: r takes steps back, W closes")
    }

    /// What rests on a step goes back before it.
    pub(super) fn unblocked(&self, step: &Step, run: &Run) -> Possible {
        let Some(book) = self.facts.runbook else { return Ok(()) };
        let id = &step.id;
        match abort::blocked(run, book, id) {
            None => Ok(()),
            Some(Blocked::First(later)) => {
                Err(format!("take back {later} first: it rests on {id}").into())
            }
            Some(Blocked::Rests(later)) => {
                Err(format!("step {id} stays: {later} rests on it and stays").into())
            }
        }
    }
}
