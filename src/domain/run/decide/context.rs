//! What a decision may look at, and what it may be.

use std::ops::Deref;

use crate::domain::console::Access;
use crate::domain::ids::StepId;
use crate::domain::known::Known;
use crate::domain::run::commit::Pledge;
use crate::domain::run::event::{Actor, Body};
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Runbook, Step};
use crate::domain::text::Clean;

/// The shortest reason for skipping, retrying or resolving, in characters.
pub const SHORT_REASON_CHARS_MIN: usize = 3;

/// All that a decision may look at: what is known, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What is known.
    pub known: Known<'a>,
    /// Who sits there.
    pub me: &'a Actor,
    /// What the keys of that person may do.
    pub access: Access,
}

impl<'a> Deref for Context<'a> {
    type Target = Known<'a>;

    fn deref(&self) -> &Known<'a> {
        &self.known
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

/// The plan that a wish is about.
pub(super) fn the_plan<'a>(context: &Context<'a>) -> Result<&'a Runbook, Refusal> {
    context.runbook.ok_or(Refusal::NoRun)
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
    let step = context.step(id);
    let state = context.run.and_then(|run| run.step(id));
    step.zip(state).ok_or_else(|| Refusal::NoStep(id.clone()))
}
