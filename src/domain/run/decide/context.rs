//! What a decision may look at, and what it may be.

use super::allowed::Asking;
use crate::domain::ids::StepId;
use crate::domain::ledger::Ledger;
use crate::domain::run::commit::Pledge;
use crate::domain::run::event::{Actor, Body};
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Runbook, Step};
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Assessment, T0Basis};

/// The shortest reason for skipping, retrying or resolving, in characters.
pub const SHORT_REASON_CHARS_MIN: usize = 3;

/// All that a decision may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The site.
    pub site: &'a Site,
    /// The runbook of the run, or the one about to be opened.
    pub runbook: &'a Runbook,
    /// The run, when one is open.
    pub run: Option<&'a Run>,
    /// The latest readings.
    pub snapshot: &'a Snapshot,
    /// What they mean.
    pub assessment: &'a Assessment,
    /// The losses as of T0 (frozen), or as of now.
    pub ledger: &'a Ledger,
    /// A T0 that is known although the primary may answer again by now.
    pub t0: Option<(Stamp, T0Basis)>,
    /// When this console first showed the primary red.
    pub detected: Option<Stamp>,
    /// Who wishes.
    pub by: &'a Actor,
    /// True when the console is armed.
    pub armed: bool,
    /// Now.
    pub now: Stamp,
}

impl<'a> Context<'a> {
    /// Who asks, of which run.
    pub fn asking(&self) -> Asking<'a> {
        let Self { site, runbook, run, by, armed, .. } = *self;
        Asking { site, runbook: Some(runbook), run, by, armed }
    }
}

/// A wish that was granted.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Words to be recorded; they act on nothing.
    Record(Vec<Body>),
    /// An attempt; it acts once it is on record.
    Pledge(Pledge),
    /// Words to be recorded, and the runner of the attempt is to be asked to end.
    Cancel(Body, StepId, u32),
}

/// The run that a wish is about; its stage and the right to it are settled before.
pub(super) fn the_run<'a>(context: &Context<'a>) -> Result<&'a Run, Refusal> {
    context.run.ok_or(Refusal::NoRun)
}

pub(super) fn long_enough(text: &Clean, least: usize) -> Result<(), Refusal> {
    if text.as_str().trim().chars().count() < least {
        return Err(Refusal::Reason { least });
    }
    Ok(())
}

pub(super) fn find<'a>(
    context: &Context<'a>,
    id: &StepId,
) -> Result<(&'a Step, &'a StepState), Refusal> {
    let step = context.runbook.step(id);
    let state = context.run.and_then(|run| run.step(id));
    step.zip(state).ok_or_else(|| Refusal::NoStep(id.clone()))
}
