//! What an unattended run does next: the steps that its plan marks automatic, and nothing else.
//!
//! It only chooses a wish; `decide` grants or refuses it like a person's. It breaks no gate, skips
//! nothing, resolves nothing and types only what it read in the plan: where a person has to think,
//! it stops and says so.

mod begin;

use std::time::Duration;

use begin::begin;

use super::decide::Context;
use super::event::{Body, Cause, Mode, Pressure, Purpose};
use super::intent::Intent;
use super::phase::{Phase, Stage};
use super::state::{Run, StepState};
use crate::domain::catalogue::{Class, Guard};
use crate::domain::gates;
use crate::domain::ids::StepId;
use crate::domain::ledger::LossVerdict;
use crate::domain::runbook::{Amount, Bound, Gate, Step, UngracefulGate};
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, short_time};
use crate::domain::verdict::Primary;

/// Attempts of one step that may be made without a person.
pub const ATTEMPTS_MAX: usize = 3;

/// Waited for beyond the time that the restored facts themselves ask for.
const RESTORED_PATIENCE: Duration = Duration::from_secs(300);

/// The least time that an unknown attempt is given to be found done or undone by a probe.
const RECONCILE_PATIENCE: Duration = Duration::from_secs(60);

/// How long what was made to end is given to be gone.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// What the person who started the run asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orders {
    /// Whether the primary is still there.
    pub mode: Mode,
    /// The reason of the declaration.
    pub reason: Clean,
    /// True when expected losses within every objective are accepted in that person's name.
    pub accept_losses: bool,
    /// The step after which to stop; none goes on to the end.
    pub until: Option<StepId>,
}

/// All that the choice may look at.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// What a decision would look at.
    pub context: Context<'a>,
    /// What was asked for.
    pub orders: &'a Orders,
    /// Since when this console looks.
    pub since: Stamp,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// A run is to be opened.
    Open,
    /// A wish for `decide`.
    Wish(Intent),
    /// Nothing now; why.
    Wait(Clean),
    /// Nothing more without a person; what it is about and which key goes on.
    NeedPerson(Clean),
    /// A step failed, and only a person may go on; what happened and which key goes on.
    Failed(Clean),
    /// The run is closed, or the step to stop after is done.
    Finished,
}

/// Chooses what is to be done next.
#[must_use]
pub fn next(outlook: &Outlook<'_>) -> Choice {
    let Some(run) = outlook.context.run else { return begin(outlook, Choice::Open) };
    match run.stage {
        Stage::Complete | Stage::Aborted => Choice::Finished,
        Stage::Aborting => {
            person("the run is being given up: K takes done steps back, W closes it")
        }
        Stage::Held => person("the plan is held: space goes on"),
        _ if run.mode != outlook.orders.mode => {
            let words = run.mode.word();
            person(format!("the open run is {words}: say --{words}, or ! escalates it"))
        }
        Stage::Standby => {
            let reason = outlook.orders.reason.clone();
            begin(outlook, Choice::Wish(Intent::Declare { typed: "declare".to_owned(), reason }))
        }
        Stage::Declared | Stage::Executing | Stage::Verifying => {
            danger(outlook, run).unwrap_or_else(|| go_on(outlook, run))
        }
    }
}

fn person(sentence: impl Into<Clean>) -> Choice {
    Choice::NeedPerson(sentence.into())
}

fn two_primaries(outlook: &Outlook<'_>) -> String {
    let names: Vec<&str> =
        outlook.context.assessment.split_brain.iter().map(|(id, _)| id.as_str()).collect();
    format!("SPLIT BRAIN: two primaries ({}): fence one of them with r", names.join(", "))
}

/// What ends an unattended run at once, whatever could still be done.
fn danger(outlook: &Outlook<'_>, run: &Run) -> Option<Choice> {
    let Context { runbook, assessment, .. } = outlook.context;
    if !assessment.split_brain.is_empty() {
        return Some(person(two_primaries(outlook)));
    }
    let is_done = |step: &Step| run.step(&step.id).is_some_and(|s| s.phase == Phase::Done);
    let no_return = runbook.steps.iter().any(|step| step.class == Class::X && is_done(step));
    // Past the point of no return going back costs more than going on.
    let back = run.mode == Mode::Ungraceful && assessment.primary == Primary::Healthy;
    (back && !no_return && run.restored.is_none()).then(|| {
        let from = run.direction.from;
        person(format!("region {from} answers again: r goes on with the plan, E gives the run up"))
    })
}

fn go_on(outlook: &Outlook<'_>, run: &Run) -> Choice {
    if let Some(choice) = losses(outlook, run).or_else(|| trouble(outlook, run)) {
        return choice;
    }
    if let Some(until) = &outlook.orders.until
        && run.step(until).is_some_and(|state| state.phase.satisfies())
    {
        return Choice::Finished;
    }
    if run.is_finished() {
        return finish(outlook, run);
    }
    let mut ready = Ready::default();
    for (step, state) in pairs(outlook, run) {
        if state.phase == Phase::Ready
            && is_wanted(outlook, &step.id)
            && let Some(choice) = ready.sort(outlook, run, step)
        {
            return choice;
        }
    }
    let open: Vec<&str> = run.steps.iter().filter(|s| s.phase.is_open()).map(id_of).collect();
    if !ready.persons.is_empty() {
        let goes_on = if open.is_empty() {
            String::new()
        } else {
            format!("; {} runs on by itself", open.join(", "))
        };
        return person(format!("{}{goes_on}", ready.persons.join("; ")));
    }
    if !open.is_empty() {
        return Choice::Wait(format!("running: {}", open.join(", ")).into());
    }
    ready.waiting.unwrap_or_else(|| person("no step that is left may run by itself: r runs one"))
}

fn id_of(state: &StepState) -> &str {
    state.id.as_str()
}

fn pairs<'a>(
    outlook: &Outlook<'a>,
    run: &'a Run,
) -> impl Iterator<Item = (&'a Step, &'a StepState)> {
    let steps = outlook.context.runbook.steps.iter();
    steps.filter_map(|step| Some((step, run.step(&step.id)?)))
}

fn is_wanted(outlook: &Outlook<'_>, id: &StepId) -> bool {
    let runbook = outlook.context.runbook;
    outlook
        .orders
        .until
        .as_ref()
        .is_none_or(|until| id == until || runbook.ancestors(until).contains(id))
}

/// Accepts the expected losses, where that was asked for and none is over its objective.
fn losses(outlook: &Outlook<'_>, run: &Run) -> Option<Choice> {
    let open = run.mode == Mode::Ungraceful && run.accepted.is_none();
    let rows = &run.ledger.as_ref().filter(|_| open && outlook.orders.accept_losses)?.rows;
    let over: Vec<String> = rows
        .iter()
        .filter(|row| row.verdict != LossVerdict::Pass)
        .map(|row| format!("{} {}", row.system, row.verdict.word()))
        .collect();
    if !over.is_empty() {
        let over = over.join(", ");
        return Some(person(format!("expected losses ({over}) are a person's: L accepts them")));
    }
    // Without a row nothing is known to be lost, and nothing is there to be accepted.
    (!rows.is_empty()).then_some(Choice::Wish(Intent::AcceptLedger))
}

/// Steps that failed, that nobody knows about, or that are no longer as they were left.
fn trouble(outlook: &Outlook<'_>, run: &Run) -> Option<Choice> {
    let mut waiting = None;
    for (step, state) in pairs(outlook, run) {
        let (id, seen) = (&step.id, &state.evidence);
        if let Some(now) = &state.untrue {
            let words = format!("step {id} was done and is not true now ({now}): R tries it again");
            return Some(person(words));
        }
        if resists(outlook, run, state) {
            let words = format!("step {id}: what it started could not be ended");
            return Some(person(format!("{words}; end it by hand, X tries it again")));
        }
        match state.phase {
            Phase::Failed if may_retry(run, step, state) => {
                let reason = "a probe found it undone; repeating does no harm".into();
                return Some(Choice::Wish(Intent::Retry {
                    step: id.clone(),
                    reason,
                    new_key: false,
                }));
            }
            Phase::Failed => {
                let cause = state.cause.map_or("found undone", Cause::words);
                let words = format!("step {id} FAILED, {cause}: {seen}; R tries it again");
                return Some(Choice::Failed(format!("{words}, s skips it").into()));
            }
            Phase::Unknown => {
                let patience = step.timeout.max(RECONCILE_PATIENCE);
                let looked = matches!(step.class, Class::R | Class::I | Class::K);
                if !looked || quiet_for(outlook, run) >= patience {
                    let words = format!("step {id} is UNKNOWN ({seen}): U says what became of it");
                    return Some(person(words));
                }
                let words = format!("step {id} is UNKNOWN: a probe is asked what became of it");
                waiting = Some(Choice::Wait(words.into()));
            }
            Phase::Compensated => {
                return Some(person(format!("step {id} was taken back: R takes it up again")));
            }
            _ => {}
        }
    }
    waiting
}

/// True when what a lost runner left was made to end and still runs.
fn resists(outlook: &Outlook<'_>, run: &Run, state: &StepState) -> bool {
    let killed = run.events.iter().rev().find(|event| {
        let kill = Pressure::Kill;
        matches!(&event.body, Body::Signalled { step, signal, .. } if *step == state.id && *signal == kill)
    });
    let since = killed.map(|event| outlook.context.now.since(event.at));
    state.left.is_some() && since.is_some_and(|since| since >= KILL_PATIENCE)
}

/// Only what may be repeated by its class, and only after a probe said that it is not there.
fn may_retry(run: &Run, step: &Step, state: &StepState) -> bool {
    let told_last = run.events.iter().rev().find(|event| match &event.body {
        Body::Ended { step: about, .. }
        | Body::NotVerified { step: about, .. }
        | Body::Reconciled { step: about, .. }
        | Body::Resolved { step: about, .. } => *about == step.id,
        _ => false,
    });
    let undone = told_last.is_some_and(|event| {
        matches!(&event.body, Body::Reconciled { done: false, .. } | Body::NotVerified { .. })
    });
    undone
        && step.automatic
        && matches!(step.class, Class::R | Class::I | Class::K)
        && state.attempts.len() < ATTEMPTS_MAX
        && state.last_attempt().is_some_and(|last| last.purpose == Purpose::Forward)
}

/// How long nothing has moved, as far as this console can tell.
fn quiet_for(outlook: &Outlook<'_>, run: &Run) -> Duration {
    let now = outlook.context.now;
    let moved = run.events.iter().rev().find(|event| event.body.is_critical());
    let moved = moved.map_or(Duration::MAX, |event| now.since(event.at));
    moved.min(now.since(outlook.since))
}

fn finish(outlook: &Outlook<'_>, run: &Run) -> Choice {
    if run.restored.is_some() {
        return Choice::Wish(Intent::Close);
    }
    let asked = outlook.context.runbook.restored.iter().map(|gate| match gate.bound {
        Bound::AtLeast(Amount::Time(time)) => time,
        _ => Duration::ZERO,
    });
    let patience = RESTORED_PATIENCE + asked.max().unwrap_or_default();
    if quiet_for(outlook, run) < patience {
        return Choice::Wait("all steps are done; the restored facts are waited for".into());
    }
    let time = short_time(patience);
    person(format!("all steps are done, but the restored facts were not seen within {time}"))
}

/// Steps that could start, by what keeps them from it.
#[derive(Default)]
struct Ready {
    persons: Vec<String>,
    waiting: Option<Choice>,
}

impl Ready {
    /// Files a ready step; answers the wish to run it when nothing is in its way.
    fn sort(&mut self, outlook: &Outlook<'_>, run: &Run, step: &Step) -> Option<Choice> {
        let id = &step.id;
        let ungraceful = run.is_ungraceful(id);
        if let Some(why) = needs_person(step, ungraceful && run.accepted.is_none()) {
            self.persons.push(why);
            return None;
        }
        let from_ledger =
            |gate: &Gate| matches!(gate.ungraceful, Some(UngracefulGate::Ledger { .. }));
        if ungraceful && run.accepted.is_none() && step.gates.iter().any(from_ledger) {
            self.persons.push(format!("step {id} asks for the accepted losses: L accepts them"));
            return None;
        }
        let Some(gate) = closed_gate(outlook, run, step) else {
            let typed = step.typed_text(run.direction);
            let (step, call) = (id.clone(), Clean::default());
            return Some(Choice::Wish(Intent::Run { step, typed, broken: None, call }));
        };
        if quiet_for(outlook, run) >= step.timeout {
            let time = short_time(step.timeout);
            let words = format!("step {id}: its gate did not hold within {time}");
            self.persons.push(format!("{words} ({}; seen: {}): r shows it", gate.words, gate.seen));
        } else {
            let words = format!("step {id} waits for its gate: {}", gate.words);
            self.waiting.get_or_insert(Choice::Wait(words.into()));
        }
        None
    }
}

/// Why only a person may start the step; none when the plan lets it start by itself.
fn needs_person(step: &Step, losses_open: bool) -> Option<String> {
    let id = &step.id;
    if step.class == Class::H {
        return Some(format!("step {id} is attested by a person: m"));
    }
    if step.second_person {
        return Some(format!("step {id} asks for a second person"));
    }
    if step.class == Class::X {
        let first = if losses_open { "L accepts the expected losses, then " } else { "" };
        return Some(format!("step {id} cannot be undone: {first}r runs it"));
    }
    let by_itself = step.automatic && step.guard < Guard::TypedVerb;
    (!by_itself).then(|| format!("step {id} is not marked automatic: r runs it"))
}

/// The first gate that does not hold, in words.
fn closed_gate(outlook: &Outlook<'_>, run: &Run, step: &Step) -> Option<gates::Seen> {
    let Context { site, snapshot, runbook, now, .. } = outlook.context;
    let frame = gates::Frame::of_step(run, runbook, &step.id, (site, snapshot), now);
    step.gates.iter().map(|gate| gates::look(gate, &frame)).find(|seen| seen.held != Some(true))
}

#[cfg(test)]
mod tests;
