//! Decisions on one step: run, take back, skip, attest, try again, resolve, abort.

use std::time::Duration;

use super::{
    Context, Decision, SHORT_REASON_CHARS_MIN, acting_run, declared_run, find, long_enough,
};
use crate::domain::abort::{self, Blocked};
use crate::domain::catalogue::{ActionSpec, Change, Class, Guard};
use crate::domain::gates;
use crate::domain::identity;
use crate::domain::ids::{StepId, SystemId};
use crate::domain::judge::one_primary_key;
use crate::domain::run::commit::Pledge;
use crate::domain::run::event::{Body, GateSeen, Purpose, Warrant};
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::{Attempt, Run, StepState};
use crate::domain::runbook::{Compensation, Step};
use crate::domain::snapshot::earlier;
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, short_time};

/// How long a grant is good: within it the record must be durable, the runner started and the target
/// looked at. A disk that stalls longer, or a runner that was stopped, finds it dead.
pub const GRANT_LIFE: Duration = Duration::from_secs(15);

/// What an attempt left running keeps every decision on its step away but its end.
fn nothing_left(state: &StepState) -> Result<(), Refusal> {
    match &state.left {
        None => Ok(()),
        Some(left) => Err(Refusal::Left { step: state.id.clone(), left: left.clone() }),
    }
}

fn ready(step: &Step, state: &StepState, run: &Run) -> Result<(), Refusal> {
    nothing_left(state)?;
    let hint: Clean = match state.phase {
        Phase::Ready => return Ok(()),
        Phase::Pending => {
            let waits = step
                .needs
                .iter()
                .filter(|need| {
                    run.step(need).is_none_or(|s| !s.phase.satisfies() || s.untrue.is_some())
                })
                .map(StepId::to_string)
                .collect::<Vec<_>>();
            format!("it waits for {}", waits.join(", ")).into()
        }
        Phase::Granted | Phase::Running | Phase::Verifying => "wait, or abort it with X".into(),
        Phase::Done if state.untrue.is_some() => "it is no longer true: try again with R".into(),
        Phase::Done => "nothing is left to do".into(),
        Phase::Failed => "try again with R, or skip it with s".into(),
        Phase::Unknown => "say what became of it with U".into(),
        Phase::Skipped | Phase::Compensated => "take it up again with R".into(),
    };
    Err(Refusal::Phase { step: step.id.clone(), phase: state.phase, hint })
}

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
    action: &ActionSpec,
    class: Class,
) -> Result<(), Refusal> {
    if class == Class::R || action.change.closes() || action.change == Change::Check {
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
/// two names lead to one server acts on nothing; nor does one whose server was never seen although
/// the other side of its system tells who it is.
fn warrant(
    context: &Context<'_>,
    run: &Run,
    step: &Step,
    key: u32,
    class: Class,
) -> Result<Warrant, Refusal> {
    let (target, other) = identity::shown(context.snapshot, step, run.direction);
    if let Some(aim) = step.target.as_ref().filter(|_| class != Class::R) {
        let system = aim.system.clone();
        if identity::one_server(context.snapshot, &system).is_some() {
            return Err(Refusal::OneServer { step: step.id.clone(), system });
        }
        if target.is_none() && other.is_some() {
            let side = run.direction.side(aim.place);
            return Err(Refusal::Unseen { step: step.id.clone(), system, side });
        }
    }
    Ok(Warrant { expires: context.now.plus(GRANT_LIFE), key, target, other })
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
    let run = context.run.ok_or(Refusal::NoRun).map_err(refused)?;
    let (step, _) = find(context, id).map_err(refused)?;
    if !context.armed {
        return Err(void(&"the console went to SAFE before it was on record"));
    }
    if run.is_held() {
        return Err(void(&"the plan was held before it was on record"));
    }
    if *purpose == Purpose::Forward && run.stage == Stage::Aborting {
        return Err(void(&"the run was given up before it was on record"));
    }
    let action = match (&step.compensation, purpose) {
        (Compensation::Action { action, .. }, Purpose::Compensate) => *action,
        _ => step.action,
    };
    no_split_brain(context, run, action, action.class).map_err(refused)?;
    let Some(warrant) = warrant else { return Ok(()) };
    if !warrant.is_good(context.now) {
        let late = short_time(GRANT_LIFE);
        return Err(void(&format!("it was not on record within {late}")));
    }
    if *purpose == Purpose::Compensate {
        return Ok(());
    }
    let world = (context.site, context.snapshot);
    let frame = gates::Frame::of_step(run, context.runbook, id, world, context.now);
    for (gate, then) in step.gates.iter().zip(gates).filter(|(_, then)| then.held) {
        let seen = gates::look(gate, &frame);
        if seen.held != Some(true) {
            return Err(void(&format!("{} does not hold any more: {}", then.gate, seen.seen)));
        }
    }
    let (target, other) = identity::shown(context.snapshot, step, run.direction);
    if (&target, &other) != (&warrant.target, &warrant.other) {
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
    let run = acting_run(context)?;
    let (step, state) = find(context, id)?;
    ready(step, state, run)?;
    if step.class == Class::H {
        return Err(Refusal::Attest(id.clone()));
    }
    if step.second_person {
        return Err(Refusal::SecondPerson(id.clone()));
    }
    no_split_brain(context, run, step.action, step.class)?;
    let ungraceful = run.is_ungraceful(id);
    if step.class == Class::X && ungraceful && run.accepted.is_none() {
        return Err(Refusal::Ledger(id.clone()));
    }
    typed_matches(step.guard, typed, &step.typed_text(run.direction))?;
    let gates = gates_seen(context, run, step, broken)?;
    let key = key_of(run, state, Purpose::Forward);
    let warrant = Some(warrant(context, run, step, key, step.class)?);
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
        warrant,
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
    let world = (context.site, context.snapshot);
    let frame = gates::Frame::of_step(run, context.runbook, &step.id, world, context.now);
    let mut all = Vec::with_capacity(step.gates.len());
    for (index, gate) in step.gates.iter().enumerate() {
        let look = gates::look(gate, &frame);
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
    let run = declared_run(context)?;
    if run.is_held() {
        return Err(Refusal::Stage { stage: Stage::Held, hint: "go on with space" });
    }
    if !context.armed {
        return Err(Refusal::Safe);
    }
    let (step, state) = find(context, id)?;
    if !matches!(state.phase, Phase::Done | Phase::Failed) {
        let hint = "only a done or failed step can be taken back".into();
        return Err(Refusal::Phase { step: id.clone(), phase: state.phase, hint });
    }
    let action = match &step.compensation {
        Compensation::Action { action, .. } => *action,
        Compensation::None(why) => {
            return Err(Refusal::NoWayBack { step: id.clone(), why: why.clone() });
        }
        Compensation::NotNeeded => {
            let why = "it changed nothing".into();
            return Err(Refusal::NoWayBack { step: id.clone(), why });
        }
    };
    match abort::blocked(run, context.runbook, id) {
        Some(Blocked::First(later)) => return Err(Refusal::Later { step: id.clone(), later }),
        Some(Blocked::Rests(later)) => return Err(Refusal::Rests { step: id.clone(), later }),
        None => {}
    }
    no_split_brain(context, run, action, action.class)?;
    typed_matches(step.guard_back(), typed, &step.typed_text_back(run.direction))?;
    let key = key_of(run, state, Purpose::Compensate);
    let warrant = Some(warrant(context, run, step, key, action.class)?);
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
    let run = declared_run(context)?;
    let (step, state) = find(context, id)?;
    if run.stage == Stage::Aborting {
        return leave(context, run, state, reason);
    }
    if !matches!(state.phase, Phase::Pending | Phase::Ready | Phase::Failed) {
        let hint = "only a step that has not been done can be skipped".into();
        return Err(Refusal::Phase { step: id.clone(), phase: state.phase, hint });
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
    state: &StepState,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    let id = &state.id;
    let phase_hint = |hint: &str| {
        Err(Refusal::Phase { step: id.clone(), phase: state.phase, hint: hint.into() })
    };
    if state.open_attempt().is_some() {
        return phase_hint("settle its attempt first");
    }
    let (back, _) = abort::lists(run, context.runbook);
    if !back.contains(id) || state.phase == Phase::Compensated {
        return phase_hint("it is not waiting to be taken back");
    }
    long_enough(reason, REASON_CHARS_MIN)?;
    let (back, stays) = abort::lists_leaving(run, context.runbook, id, reason);
    Ok(Decision::Record(vec![Body::AbortPlanned { back, stays }]))
}

pub(super) fn attest(
    context: &Context<'_>,
    id: &StepId,
    value: &Clean,
) -> Result<Decision, Refusal> {
    let run = declared_run(context)?;
    let (step, state) = find(context, id)?;
    if step.class != Class::H {
        return Err(Refusal::Sensed(id.clone()));
    }
    match run.stage {
        Stage::Held => {
            return Err(Refusal::Stage { stage: run.stage, hint: "go on with space" });
        }
        Stage::Aborting => {
            let hint = "no step goes forward any more";
            return Err(Refusal::Stage { stage: run.stage, hint });
        }
        _ => {}
    }
    ready(step, state, run)?;
    long_enough(value, SHORT_REASON_CHARS_MIN)?;
    Ok(Decision::Record(vec![Body::Attested { step: id.clone(), value: value.clone() }]))
}

pub(super) fn retry(
    context: &Context<'_>,
    id: &StepId,
    reason: &Clean,
    new_key: bool,
) -> Result<Decision, Refusal> {
    let run = declared_run(context)?;
    if run.stage == Stage::Aborting {
        let hint = "no step goes forward any more; r takes a step back, again too";
        return Err(Refusal::Stage { stage: run.stage, hint });
    }
    let (_, state) = find(context, id)?;
    nothing_left(state)?;
    let again = match state.phase {
        Phase::Failed | Phase::Skipped | Phase::Compensated => true,
        Phase::Done => state.untrue.is_some(),
        Phase::Pending
        | Phase::Ready
        | Phase::Granted
        | Phase::Running
        | Phase::Verifying
        | Phase::Unknown => false,
    };
    if !again {
        let hint = match state.phase {
            Phase::Unknown => "say what became of it with U first",
            _ => "there is nothing to try again",
        };
        return Err(Refusal::Phase { step: id.clone(), phase: state.phase, hint: hint.into() });
    }
    long_enough(reason, SHORT_REASON_CHARS_MIN)?;
    Ok(Decision::Record(vec![Body::Retried { step: id.clone(), reason: reason.clone(), new_key }]))
}

pub(super) fn resolve(
    context: &Context<'_>,
    id: &StepId,
    done: bool,
    reason: &Clean,
) -> Result<Decision, Refusal> {
    declared_run(context)?;
    let (_, state) = find(context, id)?;
    nothing_left(state)?;
    let Some(attempt) = state.open_attempt().filter(|_| state.phase == Phase::Unknown) else {
        let hint = "no attempt of it has an unknown outcome".into();
        return Err(Refusal::Phase { step: id.clone(), phase: state.phase, hint });
    };
    long_enough(reason, REASON_CHARS_MIN)?;
    let (attempt, reason) = (attempt.number, reason.clone());
    Ok(Decision::Record(vec![Body::Resolved { step: id.clone(), attempt, done, reason }]))
}

pub(super) fn abort_step(
    context: &Context<'_>,
    id: &StepId,
    typed: &str,
) -> Result<Decision, Refusal> {
    declared_run(context)?;
    let (_, state) = find(context, id)?;
    let running = matches!(state.phase, Phase::Granted | Phase::Running);
    let Some(attempt) = state.open_attempt().filter(|_| running) else {
        let hint = "no attempt of it is running".into();
        return Err(Refusal::Phase { step: id.clone(), phase: state.phase, hint });
    };
    let wanted = format!("abort {id}");
    if typed != wanted {
        return Err(Refusal::Typed { wanted });
    }
    let body = Body::AbortAsked { step: id.clone(), attempt: attempt.number };
    Ok(Decision::Cancel(body, id.clone(), attempt.number))
}
