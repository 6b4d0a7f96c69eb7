//! Decisions on one step: run, take back, skip, attest, try again, resolve, abort.

use std::time::Duration;

use super::context::{
    Context, Decision, SHORT_REASON_CHARS_MIN, find, long_enough, the_plan, the_run,
};
use crate::domain::abort;
use crate::domain::catalogue::{ActionSpec, Change, Class, Guard};
use crate::domain::console::Access;
use crate::domain::gates;
use crate::domain::identity;
use crate::domain::ids::{Side, StepId, SystemId};
use crate::domain::judge::one_primary_key;
use crate::domain::reading::Identity;
use crate::domain::run::commit::Pledge;
use crate::domain::run::event::{Body, GateSeen, Purpose, Warrant};
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::{Attempt, Run, StepState};
use crate::domain::runbook::{Bound, Compensation, Step};
use crate::domain::snapshot::earlier;
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, short_time};

/// How long a grant is good: within it the record must be durable, the runner started and the
/// target looked at. A disk that stalls longer, or a runner that was stopped, finds it dead.
pub const GRANT_LIFE: Duration = Duration::from_secs(15);

fn typed_matches(guard: Guard, typed: &str, wanted: &str) -> Result<(), Refusal> {
    match guard {
        Guard::OneKey | Guard::StopWindow => Ok(()),
        Guard::TypedTarget | Guard::TypedVerb if typed == wanted => Ok(()),
        Guard::TypedTarget | Guard::TypedVerb => Err(Refusal::Typed { wanted: wanted.to_owned() }),
    }
}

/// With two primaries nothing may run but what looks, or what ends it; until one is proven closed,
/// or a named person has accepted that of each of those systems since it began.
fn no_split_brain(
    context: &Context<'_>,
    run: &Run,
    change: Change,
    class: Class,
) -> Result<(), Refusal> {
    if class == Class::R || change.closes() || change.only_looks() {
        return Ok(());
    }
    let is_open = |(system, since): &&(SystemId, Stamp)| {
        let key = one_primary_key(system);
        !run.accepted_criteria
            .iter()
            .any(|accepted| accepted.key == key && earlier(*since, accepted.at) == *since)
    };
    let open = context.assessment.split_brain.iter().filter(is_open);
    let names: Vec<&str> = open.map(|(system, _)| system.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Refusal::SplitBrain { systems: names.join(", ").into() })
}

/// The terms of a grant: until when it is good, and which servers the screen showed. A step whose
/// two names lead to one server acts on nothing; nor does one whose server was not read since what
/// it depends on ended, or was never seen although the other side of its system tells who it is.
fn warrant(
    context: &Context<'_>,
    run: &Run,
    step: &Step,
    action: &ActionSpec,
    key: u32,
) -> Result<Warrant, Refusal> {
    let expires = context.now.plus(GRANT_LIFE);
    let Some(aim) = step.target.as_ref() else {
        return Ok(Warrant { expires, key, target: None, other: None, alone: false });
    };
    let (id, system) = (step.id.clone(), aim.system.clone());
    if action.class != Class::R && identity::told_alike(context.snapshot, &system) {
        return Err(Refusal::OneServer { step: id, system });
    }
    // A program or a request reaches what it acts on in its own way, by no name of the system.
    let own = context.site.system(&system).is_some_and(|spec| action.is_of(&spec.kind));
    if !own {
        return Ok(Warrant { expires, key, target: None, other: None, alone: false });
    }
    let (target, other) = identity::shown(context.snapshot, step, run.direction);
    let side = run.direction.side(aim.place);
    let world = (context.site, context.snapshot);
    let frame = gates::Frame::of_step(run, the_plan(context)?, &id, world, context.now);
    let heard = context.snapshot.cell(&system, side).and_then(|cell| cell.heard);
    let waits =
        frame.after.is_some_and(|after| heard.is_none_or(|at| !gates::begun_after(at, after)));
    if let Some(side) = exchanged(context, run, step, target.as_ref()) {
        return Err(Refusal::Exchanged { step: id, system, side });
    }
    if (target.is_none() && other.is_some()) || (target.is_some() && waits) {
        return Err(Refusal::Unseen { step: id, system, side });
    }
    Ok(Warrant { expires, key, target, other, alone: false })
}

/// Where this run met the target's server under the other name of its system: it fenced the one
/// that would be promoted, or promoted the one that would be closed.
fn exchanged(
    context: &Context<'_>,
    run: &Run,
    step: &Step,
    target: Option<&Identity>,
) -> Option<Side> {
    let (aim, server) = (step.target.as_ref()?, &target?.server);
    let side = run.direction.side(aim.place);
    let opposed = |other: &Step| match (other.change, step.change) {
        (Change::Fence, change) => change.promotes(),
        (other, change) => other.promotes() && change.closes(),
    };
    context.runbook?.steps.iter().filter(|other| opposed(other)).find_map(|other| {
        let there = other.target.as_ref().filter(|there| there.system == aim.system)?;
        let state = run.step(&other.id).filter(|state| state.phase == Phase::Done)?;
        let met = state.last_forward()?.warrant.as_ref()?.target.as_ref()?;
        let name = run.direction.side(there.place);
        (name != side && met.server == *server).then_some(side)
    })
}

/// Whether a grant is still good now that it is on record: the disk may have taken its time, and
/// meanwhile the console may have gone to SAFE, the plan may be held or given up, or what was seen
/// may have changed.
///
/// # Errors
/// Why it is void: nothing was done, and nothing may be done on it.
pub fn still_good(context: &Context<'_>, intent: &Body) -> Result<(), Clean> {
    let Body::Intended { step: id, purpose, gates, warrant, .. } = intent else { return Ok(()) };
    let void = |why: &dyn std::fmt::Display| Clean::new(&format!("the grant is void: {why}"));
    let refused = |refusal: Refusal| void(&refusal);
    let run = the_run(context).map_err(refused)?;
    let plan = the_plan(context).map_err(refused)?;
    let (step, _) = find(context, id).map_err(refused)?;
    if context.access != Access::Armed {
        return Err(void(&"the console went to SAFE before it was on record"));
    }
    if run.is_held() {
        return Err(void(&"the plan was held before it was on record"));
    }
    if *purpose == Purpose::Forward && run.stage == Stage::Aborting {
        return Err(void(&"the run was given up before it was on record"));
    }
    let (change, class) = match (&step.compensation, purpose) {
        (Compensation::Action { action, .. }, Purpose::Compensate) => {
            (step.change_back(), action.class)
        }
        _ => (step.change, step.class),
    };
    no_split_brain(context, run, change, class).map_err(refused)?;
    let Some(warrant) = warrant else { return Ok(()) };
    if !warrant.is_good(context.now) {
        let late = short_time(GRANT_LIFE);
        return Err(void(&format!("it was not on record within {late}")));
    }
    if *purpose == Purpose::Compensate {
        return Ok(());
    }
    let world = (context.site, context.snapshot);
    let frame = gates::Frame::of_step(run, plan, id, world, context.now);
    for (gate, then) in step.gates.iter().zip(gates).filter(|(_, then)| then.held) {
        let seen = gates::look(gate, &frame);
        if seen.held != Some(true) {
            return Err(void(&format!("{} does not hold any more: {}", then.gate, seen.seen)));
        }
    }
    let (target, other) = identity::shown(context.snapshot, step, run.direction);
    let moved = |shown: &Option<Identity>, now: &Option<Identity>| {
        shown.as_ref().is_some_and(|shown| now.as_ref().is_none_or(|now| now.is_other(shown)))
    };
    if moved(&warrant.target, &target) || moved(&warrant.other, &other) {
        return Err(void(&"another server answers under a name of its system by now"));
    }
    Ok(())
}

/// The number of the key that a target tells repetitions by: that of the first attempt of the same
/// purpose since a person granted a new one.
fn key_of(run: &Run, state: &StepState, purpose: Purpose) -> u32 {
    let renewed = run.events.iter().rev().find_map(|event| match &event.body {
        Body::Retried { step, new_key: true, .. } if *step == state.id => Some(event.seq),
        _ => None,
    });
    let same = |attempt: &&Attempt| {
        attempt.purpose == purpose && renewed.is_none_or(|seq| attempt.seq > seq)
    };
    let first = state.attempts.iter().find(same);
    first.map_or_else(|| next_attempt(state), |first| first.number)
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
    no_split_brain(context, run, step.change, step.class)?;
    let ungraceful = run.is_ungraceful(id);
    if step.class == Class::X && ungraceful && run.accepted.is_none() {
        return Err(Refusal::Ledger(id.clone()));
    }
    typed_matches(step.guard, typed, &step.typed_text(run.direction))?;
    let gates = gates_seen(context, run, step, broken)?;
    let key = key_of(run, state, Purpose::Forward);
    let mut warrant = warrant(context, run, step, step.action, key)?;
    let asked = step.gates.iter().zip(&gates);
    warrant.alone = asked.into_iter().any(|(gate, seen)| gate.bound == Bound::NotOpen && seen.held);
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
        warrant: Some(warrant),
    };
    Ok(Decision::Pledge(Pledge::of_intent(body).expect("the body is an intent")))
}

/// The action and its target: `sim.check pg-b`.
fn called(step: &Step, run: &Run) -> Clean {
    let target = step.target.as_ref().map_or_else(String::new, |target| {
        let side = run.direction.side(target.place).key();
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
    let world = (context.site, context.snapshot);
    let frame = gates::Frame::of_step(run, the_plan(context)?, &step.id, world, context.now);
    let mut all = Vec::with_capacity(step.gates.len());
    for (index, gate) in step.gates.iter().enumerate() {
        let look = gates::look(gate, &frame);
        let held = look.held == Some(true);
        let reason = broken.filter(|(at, _)| *at == index).map(|(_, reason)| reason);
        match (held, reason) {
            (true, Some(_)) => return Err(Refusal::NothingToBreak),
            (false, None) => return Err(Refusal::Gate { gate: look.words(), seen: look.seen }),
            (false, Some(reason)) => long_enough(reason, REASON_CHARS_MIN)?,
            (true, None) => {}
        }
        all.push(GateSeen {
            gate: look.words(),
            seen: look.seen,
            held,
            broken_for: reason.cloned(),
        });
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
    no_split_brain(context, run, step.change_back(), action.class)?;
    typed_matches(step.guard_back(), typed, &step.typed_text_back(run.direction))?;
    let key = key_of(run, state, Purpose::Compensate);
    let warrant = Some(warrant(context, run, step, action, key)?);
    let body = Body::Intended {
        step: id.clone(),
        attempt: next_attempt(state),
        purpose: Purpose::Compensate,
        action: action.name.to_owned(),
        class: action.class,
        fencing: action.fencing,
        gates: Vec::new(),
        call: call.clone(),
        warrant,
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
    let (back, stays) = abort::lists_leaving(run, the_plan(context)?, id, reason);
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
