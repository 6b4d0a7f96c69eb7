//! What may happen next: a wish becomes journal words, a pledge, or a refusal that says why.

mod allowed;
mod kind;
mod steps;
mod whole;

#[cfg(test)]
mod tests;

pub use steps::{GRANT_LIFE, still_good};

use super::commit::Pledge;
use super::event::{Actor, Body};
use super::intent::Intent;
use super::refusal::Refusal;
use super::state::{Run, StepState};
use crate::domain::ids::{Side, StepId};
use crate::domain::ledger::Ledger;
use crate::domain::runbook::{Runbook, Step};
use crate::domain::site::{Site, SiteRole};
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Assessment, T0Basis};

pub use allowed::Asking;
pub use kind::Kind;

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

/// Decides on a wish of a commander.
///
/// # Errors
/// A [`Refusal`], whose text is the sentence to show.
pub fn decide(context: &Context<'_>, intent: &Intent) -> Result<Decision, Refusal> {
    context.asking().allows(intent.kind(), intent.step())?;
    match intent {
        Intent::Declare { typed, reason } => whole::declare(context, typed, reason),
        Intent::AcceptLedger => whole::accept_ledger(context),
        Intent::AcceptCriterion { key, met, reason } => {
            whole::accept_criterion(context, key, *met, reason)
        }
        Intent::SetT0 { t0, typed, reason } => whole::set_t0(context, *t0, typed, reason),
        Intent::Run { step, typed, broken, call } => {
            steps::run_step(context, step, typed, broken.as_ref(), call)
        }
        Intent::Compensate { step, typed, call } => steps::compensate(context, step, typed, call),
        Intent::Skip { step, reason } => steps::skip(context, step, reason),
        Intent::Attest { step, value } => steps::attest(step, value),
        Intent::Retry { step, reason, new_key, by_itself } => {
            steps::retry(step, reason, *new_key, *by_itself)
        }
        Intent::Resolve { step, done, reason } => steps::resolve(context, step, *done, reason),
        Intent::AbortStep { step, typed } => steps::abort_step(context, step, typed),
        Intent::Hold { reason } => {
            Ok(Decision::Record(vec![Body::Held { reason: reason.clone() }]))
        }
        Intent::Release => Ok(Decision::Record(vec![Body::Released])),
        Intent::Escalate { step, reason } => whole::escalate(context, step.as_ref(), reason),
        Intent::AbortRun { typed, reason } => whole::abort_run(context, typed, reason),
        Intent::Close => whole::close(context),
        Intent::Note { text } => {
            long_enough(text, 1)?;
            Ok(Decision::Record(vec![Body::Noted { text: text.clone() }]))
        }
        Intent::SendUpdate { lines } => Ok(whole::send_update(context, lines)),
        Intent::Acknowledge { alarm } => {
            Ok(Decision::Record(vec![Body::Acknowledged { alarm: alarm.clone() }]))
        }
    }
}

/// Whether a run of a plan may be opened, where none is open.
///
/// # Errors
/// The right that is missing, or that the plan leads to the region that serves.
pub fn may_open(site: &Site, by: &Actor, plan: &Runbook, active: Side) -> Result<(), Refusal> {
    permitted(site, by, SiteRole::Commander, "open a run")?;
    if active == plan.to {
        let hint = "that runbook leads to the region that serves already: choose the way back";
        return Err(Refusal::Already(hint));
    }
    Ok(())
}

/// True when the actor may do what `role` is for; a site without people lets everyone.
///
/// # Errors
/// [`Refusal::NotPermitted`] with what would permit it.
pub fn permitted(
    site: &Site,
    by: &Actor,
    role: SiteRole,
    what: &'static str,
) -> Result<(), Refusal> {
    if site.people.is_empty() {
        return Ok(());
    }
    let person = by.person.as_ref().and_then(|id| site.person(id));
    let needs = match person {
        Some(person) if person.roles.contains(&role) => return Ok(()),
        Some(_) => "the site file gives the role to others",
        None => "start the console with `--as NAME`, a person of the site file",
    };
    Err(Refusal::NotPermitted { who: by.to_string().into(), what, needs })
}

/// The run that a wish is about; its stage and the right to it are settled before.
fn the_run<'a>(context: &Context<'a>) -> Result<&'a Run, Refusal> {
    context.run.ok_or(Refusal::NoRun)
}

fn long_enough(text: &Clean, least: usize) -> Result<(), Refusal> {
    if text.as_str().trim().chars().count() < least {
        return Err(Refusal::Reason { least });
    }
    Ok(())
}

fn find<'a>(context: &Context<'a>, id: &StepId) -> Result<(&'a Step, &'a StepState), Refusal> {
    let step = context.runbook.step(id);
    let state = context.run.and_then(|run| run.step(id));
    step.zip(state).ok_or_else(|| Refusal::NoStep(id.clone()))
}
