//! Decisions on one step: run, take back, skip, attest, try again, resolve, abort.

use super::{Context, Decision, SHORT_REASON_CHARS_MIN, find, long_enough, the_run};
use crate::domain::abort;
use crate::domain::catalogue::{ActionSpec, Change, Class, Guard};
use crate::domain::gates;
use crate::domain::ids::StepId;
use crate::domain::run::commit::Pledge;
use crate::domain::run::event::{Body, GateSeen, Purpose};
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::run::phase::Stage;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::{Attempt, Run, StepState};
use crate::domain::runbook::{Compensation, Step};
use crate::domain::text::Clean;

fn typed_matches(guard: Guard, typed: &str, wanted: &str) -> Result<(), Refusal> {
    match guard {
        Guard::OneKey | Guard::StopWindow => Ok(()),
        Guard::TypedTarget | Guard::TypedVerb if typed == wanted => Ok(()),
        Guard::TypedTarget | Guard::TypedVerb => Err(Refusal::Typed { wanted: wanted.to_owned() }),
    }
}

/// With two primaries nothing may run but what looks, or what ends it.
fn no_split_brain(context: &Context<'_>, action: &ActionSpec, class: Class) -> Result<(), Refusal> {
    let ends_it = action.change.closes() || action.change == Change::Check;
    if context.assessment.split_brain.is_empty() || class == Class::R || ends_it {
        return Ok(());
    }
    let names: Vec<String> =
        context.assessment.split_brain.iter().map(|(id, _)| id.to_string()).collect();
    Err(Refusal::SplitBrain { systems: names.join(", ").into() })
}

pub(super) fn run_step(
    context: &Context<'_>,
    id: &StepId,
    typed: &str,
    broken: Option<&(usize, Clean)>,
    call: &Clean,
) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    let (step, state) = find(context, id)?;
    no_split_brain(context, step.action, step.class)?;
    let ungraceful = run.is_ungraceful(id);
    if step.class == Class::X && ungraceful && run.accepted.is_none() {
        return Err(Refusal::Ledger(id.clone()));
    }
    typed_matches(step.guard, typed, &step.typed_text(run.direction))?;
    let gates = gates_seen(context, run, step, broken)?;
    let attempt = next_attempt(state);
    // A step of one key runs without a card, so nobody rehearsed its call.
    let call = if call.is_empty() { &called(step, run) } else { call };
    let body = Body::Intended {
        step: id.clone(),
        attempt,
        purpose: Purpose::Forward,
        action: step.action.name.to_owned(),
        class: step.class,
        fencing: step.action.fencing,
        gates,
        call: call.clone(),
        warrant: None,
    };
    Ok(Decision::Pledge(Pledge::of_intent(body).expect("the body is an intent")))
}

/// The action and its target: `sim.check pg-b`.
fn called(step: &Step, run: &Run) -> Clean {
    let target = step.target.as_ref().map_or_else(String::new, |target| {
        let side = run.direction.side(target.place).letter().to_lowercase();
        format!(" {}-{side}", target.system)
    });
    Clean::new(&format!("{}{target}", step.action.name))
}

fn next_attempt(state: &StepState) -> u32 {
    state.attempts.last().map_or(1, |last| last.number + 1)
}

/// The gates as seen now; one of them may be broken with a reason, the others must hold.
fn gates_seen(
    context: &Context<'_>,
    run: &Run,
    step: &Step,
    broken: Option<&(usize, Clean)>,
) -> Result<Vec<GateSeen>, Refusal> {
    let accepted = run.accepted.as_ref().and(run.ledger.as_ref());
    let ungraceful = run.is_ungraceful(&step.id);
    let mut all = Vec::with_capacity(step.gates.len());
    for (index, gate) in step.gates.iter().enumerate() {
        let look = gates::look(
            gate,
            context.site,
            context.snapshot,
            run.direction,
            ungraceful,
            accepted,
            context.now,
        );
        let held = look.held == Some(true);
        let reason = broken.filter(|(at, _)| *at == index).map(|(_, reason)| reason);
        match (held, reason) {
            (true, Some(_)) => return Err(Refusal::NothingToBreak),
            (false, None) => return Err(Refusal::Gate { gate: look.words, seen: look.seen }),
            (false, Some(reason)) => long_enough(reason, REASON_CHARS_MIN)?,
            (true, None) => {}
        }
        all.push(GateSeen { gate: look.words, seen: look.seen, held, broken_for: reason.cloned() });
    }
    if broken.is_some_and(|(index, _)| *index >= step.gates.len()) {
        return Err(Refusal::NothingToBreak);
    }
    Ok(all)
}

pub(super) fn compensate(
    context: &Context<'_>,
    id: &StepId,
    typed: &str,
    call: &Clean,
) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    let (step, state) = find(context, id)?;
    let Compensation::Action { action, .. } = &step.compensation else {
        let why = "the plan names nothing that does".into();
        return Err(Refusal::NoWayBack { step: id.clone(), why });
    };
    no_split_brain(context, action, action.class)?;
    typed_matches(step.guard_back(), typed, &step.typed_text_back(run.direction))?;
    let body = Body::Intended {
        step: id.clone(),
        attempt: next_attempt(state),
        purpose: Purpose::Compensate,
        action: action.name.to_owned(),
        class: action.class,
        fencing: action.fencing,
        gates: Vec::new(),
        call: call.clone(),
        warrant: None,
    };
    Ok(Decision::Pledge(Pledge::of_intent(body).expect("the body is an intent")))
}

pub(super) fn skip(
    context: &Context<'_>,
    id: &StepId,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    let run = the_run(context)?;
    let (step, _) = find(context, id)?;
    if run.stage == Stage::Aborting {
        return leave(context, run, id, reason);
    }
    let least = if step.optional || step.waived(run.is_ungraceful(id)) {
        SHORT_REASON_CHARS_MIN
    } else {
        REASON_CHARS_MIN
    };
    long_enough(reason, least)?;
    Ok(Decision::Record(vec![Body::Skipped { step: id.clone(), reason: reason.clone() }]))
}

/// While the run is given up: a step that would be taken back stays as it is, by a decision.
fn leave(
    context: &Context<'_>,
    run: &Run,
    id: &StepId,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    long_enough(reason, REASON_CHARS_MIN)?;
    let (back, stays) = abort::lists_leaving(run, context.runbook, id, reason);
    Ok(Decision::Record(vec![Body::AbortPlanned { back, stays }]))
}

pub(super) fn attest(id: &StepId, value: &Clean) -> Result<Decision, Refusal> {
    long_enough(value, SHORT_REASON_CHARS_MIN)?;
    Ok(Decision::Record(vec![Body::Attested { step: id.clone(), value: value.clone() }]))
}

pub(super) fn retry(
    id: &StepId,
    reason: &Clean,
    new_key: bool,
    by_itself: bool,
) -> Result<Decision, Refusal> {
    long_enough(reason, SHORT_REASON_CHARS_MIN)?;
    let (step, reason) = (id.clone(), reason.clone());
    Ok(Decision::Record(vec![Body::Retried { step, reason, new_key, by_itself }]))
}

/// The last attempt of a step, which a person ends or tells the fate of.
fn attempt_of<'a>(context: &Context<'a>, id: &StepId) -> Result<&'a Attempt, Refusal> {
    let (_, state) = find(context, id)?;
    state.last_attempt().ok_or_else(|| Refusal::NoStep(id.clone()))
}

pub(super) fn resolve(
    context: &Context<'_>,
    id: &StepId,
    done: bool,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    long_enough(reason, REASON_CHARS_MIN)?;
    let (attempt, reason) = (attempt_of(context, id)?.number, reason.clone());
    Ok(Decision::Record(vec![Body::Resolved { step: id.clone(), attempt, done, reason }]))
}

pub(super) fn abort_step(
    context: &Context<'_>,
    id: &StepId,
    typed: &str,
) -> Result<Decision, Refusal> {
    let attempt = attempt_of(context, id)?;
    let wanted = format!("abort {id}");
    if typed != wanted {
        return Err(Refusal::Typed { wanted });
    }
    let body = Body::AbortAsked { step: id.clone(), attempt: attempt.number };
    Ok(Decision::Cancel(body, id.clone(), attempt.number))
}
