//! Decisions on the whole run: declare, accept the losses, escalate, give up, close.

use super::context::{Context, Decision, long_enough, the_plan, the_run};
use crate::domain::abort;
use crate::domain::ids::StepId;
use crate::domain::ledger::{Ledger, no_store};
use crate::domain::moment::check_t0;
use crate::domain::readiness;
use crate::domain::rhythm::next_number;
use crate::domain::run::event::{Body, Closing, Mode};
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Met, Primary, T0Basis};

pub(super) fn declare(
    context: &Context<'_>,
    typed: &str,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    if typed != "declare" {
        return Err(Refusal::Typed { wanted: "declare".to_owned() });
    }
    long_enough(reason, REASON_CHARS_MIN)?;
    let is_red = matches!(context.assessment.primary, Primary::Red { .. });
    if run.mode == Mode::Planned && is_red {
        return Err(Refusal::PlannedWhileRed(context.assessment.active));
    }
    let (t0, basis, signals) = match (&context.assessment.primary, run.mode) {
        (Primary::Red { t0, basis, signals }, _) => (*t0, *basis, signals.clone()),
        (_, Mode::Ungraceful) => match context.t0 {
            Some((t0, basis)) => (t0, basis, Vec::new()),
            None => (context.now, T0Basis::AtOrBefore, Vec::new()),
        },
        (_, Mode::Planned) => (context.now, T0Basis::Declared, Vec::new()),
    };
    let ledger = context.ledger.clone();
    let (detected, reason) = (context.detected, reason.clone());
    let mut words = vec![Body::Declared { t0, basis, detected, signals, reason, ledger }];
    words.extend(skips_in_force(run, the_plan(context)?));
    Ok(Decision::Record(words))
}

/// What the plan itself leaves out of the steps that are ungraceful already.
fn skips_in_force(run: &Run, plan: &Runbook) -> impl Iterator<Item = Body> {
    run.plan_skips(plan)
        .into_iter()
        .filter(|word| matches!(word, Body::Skipped { step, .. } if run.is_ungraceful(step)))
}

/// Moves T0: within bounds, and never once the clock has stopped.
pub(super) fn set_t0(
    context: &Context<'_>,
    t0: Stamp,
    typed: &str,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    if typed != "t0" {
        return Err(Refusal::Typed { wanted: "t0".to_owned() });
    }
    long_enough(reason, REASON_CHARS_MIN)?;
    let known = [
        Some(run.opened.0),
        run.clock.map(|clock| clock.t0),
        context.t0.map(|(at, _)| at),
        context.detected,
    ];
    check_t0(t0, known.into_iter().flatten(), context.now).map_err(Refusal::T0)?;
    Ok(Decision::Record(vec![Body::T0Set { t0, reason: reason.clone() }]))
}

/// Puts a status update on record; it acts on nothing, so SAFE and roles do not matter.
pub(super) fn send_update(context: &Context<'_>, lines: &[Clean]) -> Decision {
    let number = next_number(context.run);
    Decision::Record(vec![Body::Updated { number, lines: lines.to_vec() }])
}

pub(super) fn accept_ledger(context: &Context<'_>) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    // What is accepted is what is shown: in a planned run that is not what the declaration froze.
    let shown = match run.mode {
        Mode::Planned => Some(context.ledger),
        Mode::Ungraceful => run.ledger.as_ref(),
    };
    let summary = shown.and_then(Ledger::summary);
    let summary = summary.unwrap_or_else(|| no_store(context.site, context.snapshot).to_owned());
    Ok(Decision::Record(vec![Body::LedgerAccepted { summary: summary.into() }]))
}

/// The evidence stays what it is: only the word of a named person is added to it.
pub(super) fn accept_criterion(
    context: &Context<'_>,
    key: &str,
    met: Met,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    let criterion = context.assessment.criteria.iter().find(|known| known.key == key);
    let criterion = criterion.ok_or(Refusal::Already("that criterion is asked no more"))?;
    if criterion.met == Met::Yes {
        return Err(Refusal::Already("the criterion is met: there is nothing to accept"));
    }
    if criterion.met != met {
        return Err(Refusal::Already("the criterion changed since you read it: look again"));
    }
    long_enough(reason, REASON_CHARS_MIN)?;
    let (asks, evidence) = (criterion.asks.clone(), readiness::seen(criterion));
    let (key, reason) = (key.to_owned(), reason.clone());
    Ok(Decision::Record(vec![Body::CriterionAccepted { asks, evidence, reason, key }]))
}

pub(super) fn escalate(
    context: &Context<'_>,
    step: Option<&StepId>,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    long_enough(reason, REASON_CHARS_MIN)?;
    let mut words = Vec::new();
    words.push(Body::Escalated { step: step.cloned(), reason: reason.clone() });
    let meant = |word: &Body| match (step, word) {
        (Some(id), Body::Skipped { step, .. }) => step == id,
        _ => true,
    };
    // Before the declaration nothing is left out yet: it will say so itself.
    if run.stage != Stage::Standby {
        words.extend(run.plan_skips(the_plan(context)?).into_iter().filter(meant));
    }
    Ok(Decision::Record(words))
}

pub(super) fn abort_run(
    context: &Context<'_>,
    typed: &str,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    if typed != "abort run" {
        return Err(Refusal::Typed { wanted: "abort run".to_owned() });
    }
    long_enough(reason, REASON_CHARS_MIN)?;
    // The plan as it was read stands right behind the decision.
    let (back, stays) = abort::lists(run, the_plan(context)?);
    let started = Body::AbortStarted { reason: reason.clone() };
    Ok(Decision::Record(vec![started, Body::AbortPlanned { back, stays }]))
}

pub(super) fn close(context: &Context<'_>) -> Result<Decision, Refusal> {
    let (run, plan) = (the_run(context)?, the_plan(context)?);
    if let Some(open) = run.steps.iter().find(|step| step.open_attempt().is_some()) {
        let why = format!("step {} is {}", plan.named(&open.id), open.phase.word());
        return Err(Refusal::Open(why.into()));
    }
    if run.stage == Stage::Aborting {
        return close_aborted(run, plan);
    }
    if run.restored.is_none() {
        let why = "the restored facts were not seen yet; give it up if it must end";
        return Err(Refusal::Open(why.into()));
    }
    let unfinished: Vec<StepId> = run.unfinished().map(|step| step.id.clone()).collect();
    let waiting = run.steps.iter().find(|step| matches!(step.phase, Phase::Pending | Phase::Ready));
    if let Some(step) = waiting {
        let named = plan.named(&step.id);
        let why = format!("step {named} is {}: run it or skip it", step.phase.word());
        return Err(Refusal::Open(why.into()));
    }
    let closing = if unfinished.is_empty() {
        Closing::Complete
    } else {
        Closing::CompleteExcept { steps: unfinished }
    };
    Ok(Decision::Record(vec![Body::Closed { closing }]))
}

/// A run that was given up ends once each step that goes back is back, or left by a decision.
fn close_aborted(run: &Run, plan: &Runbook) -> Result<Decision, Refusal> {
    let (back, _) = abort::lists(run, plan);
    let left: Vec<String> = back
        .iter()
        .filter(|id| run.step(id).is_none_or(|state| state.phase != Phase::Compensated))
        .map(|id| plan.named(id))
        .collect();
    if !left.is_empty() {
        let why = format!(
            "still to be taken back: {}; take the next one back, or leave it with a reason",
            left.join(", ")
        );
        return Err(Refusal::Open(why.into()));
    }
    let mut words: Vec<Body> = abort::word(run, plan).into_iter().collect();
    words.push(Body::Closed { closing: Closing::Aborted });
    Ok(Decision::Record(words))
}
