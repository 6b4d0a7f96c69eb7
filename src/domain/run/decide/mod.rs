//! What may happen next: a wish becomes journal words, a pledge, or a refusal that says why.

mod allowed;
mod context;
mod kind;
mod steps;
mod whole;

#[cfg(test)]
mod tests;

pub use steps::{GRANT_LIFE, still_good};

use self::context::long_enough;
use super::event::{Actor, Body};
use super::intent::Intent;
use super::refusal::Refusal;
use crate::domain::ids::Side;
use crate::domain::runbook::Runbook;
use crate::domain::site::{Site, SiteRole};

pub use super::intent::Kind;
pub use allowed::permitted;
pub use context::{Context, Decision, SHORT_REASON_CHARS_MIN};

/// Decides on a wish of a commander.
///
/// # Errors
/// A [`Refusal`], whose text is the sentence to show.
pub fn decide(context: &Context<'_>, intent: &Intent) -> Result<Decision, Refusal> {
    context.allows(intent.kind(), intent.step())?;
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
