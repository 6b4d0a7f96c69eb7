//! What an unattended run does next: the steps that its plan marks automatic, and nothing else.
//!
//! It only chooses a wish; `decide` grants or refuses it like a person's. It breaks no gate, skips
//! nothing, resolves nothing and types only what it read in the plan: where a person has to think,
//! it stops and says so.

mod begin;
mod left;

use std::time::Duration;

use begin::begin;
use left::Left;

use super::decide::Context;
use super::event::{Actor, Body, Mode, Pressure, Purpose};
use super::intent::{Intent, Kind};
use super::phase::{Phase, Stage};
use super::state::{Run, StepState};
use crate::domain::catalogue::Class;
use crate::domain::ids::StepId;
use crate::domain::runbook::{Amount, Bound, Runbook, Step};
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
    /// The plan of the run, or the one to open.
    pub plan: &'a Runbook,
    /// How the person who reads it presses a key.
    pub keys: &'a dyn Keys,
}

impl Outlook<'_> {
    fn key(&self, kind: Kind) -> String {
        self.keys.key(kind)
    }
}

/// How the wishes of a person are bound to keys.
pub trait Keys: std::fmt::Debug {
    /// The key of a kind of wish.
    fn key(&self, kind: Kind) -> String;
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
pub fn next(outlook: &Outlook<'_>) -> Choice {
    let Some(run) = outlook.context.run else { return begin(outlook, Choice::Open) };
    match run.stage {
        Stage::Complete | Stage::Aborted => Choice::Finished,
        Stage::Aborting => {
            let (back, close) = (outlook.key(Kind::Compensate), outlook.key(Kind::Close));
            person(format!(
                "the run is being given up: {back} takes done steps back, {close} closes it"
            ))
        }
        Stage::Held => person(format!("the plan is held: {} goes on", outlook.key(Kind::Hold))),
        _ if run.mode != outlook.orders.mode => {
            let words = run.mode.word();
            let key = outlook.key(Kind::Escalate);
            person(format!("the open run is {words}: say --{words}, or {key} escalates it"))
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
    let (names, key) = (names.join(", "), outlook.key(Kind::Run));
    format!("SPLIT BRAIN: two primaries ({names}): fence one of them with {key}")
}

/// What ends an unattended run at once, whatever could still be done.
fn danger(outlook: &Outlook<'_>, run: &Run) -> Option<Choice> {
    let (runbook, assessment) = (outlook.plan, outlook.context.assessment);
    if !assessment.split_brain.is_empty() {
        return Some(person(two_primaries(outlook)));
    }
    let is_done = |step: &Step| run.step(&step.id).is_some_and(|s| s.phase == Phase::Done);
    let no_return = runbook.steps.iter().any(|step| step.class == Class::X && is_done(step));
    // Past the point of no return going back costs more than going on.
    let back = run.mode == Mode::Ungraceful
        && assessment.primary == Primary::Healthy
        && assessment.active == run.direction.from;
    (back && !no_return && run.restored.is_none()).then(|| {
        let from = run.direction.from;
        let (run, abort) = (outlook.key(Kind::Run), outlook.key(Kind::AbortRun));
        person(format!(
            "region {from} answers again: {run} goes on with the plan, {abort} gives the run up"
        ))
    })
}

/// Goes on with every automatic step that can move; ends only when none can, and names them all.
fn go_on(outlook: &Outlook<'_>, run: &Run) -> Choice {
    if let Some(until) = &outlook.orders.until
        && run.step(until).is_some_and(|state| state.phase.satisfies() && state.untrue.is_none())
    {
        return Choice::Finished;
    }
    let mut left = Left::default();
    left.losses(outlook, run);
    for (step, state) in pairs(outlook, run) {
        left.sort(outlook, run, step, state);
    }
    if left.wish.is_none() && left.stuck.is_empty() && run.is_finished() {
        return finish(outlook, run);
    }
    left.choice(outlook, run)
}

fn id_of(state: &StepState) -> &str {
    state.id.as_str()
}

fn pairs<'a>(
    outlook: &Outlook<'a>,
    run: &'a Run,
) -> impl Iterator<Item = (&'a Step, &'a StepState)> {
    let steps = outlook.plan.steps.iter();
    let wanted = steps.filter(|step| is_wanted(outlook, &step.id));
    wanted.filter_map(|step| Some((step, run.step(&step.id)?)))
}

fn is_wanted(outlook: &Outlook<'_>, id: &StepId) -> bool {
    let runbook = outlook.plan;
    outlook
        .orders
        .until
        .as_ref()
        .is_none_or(|until| id == until || runbook.ancestors(until).contains(id))
}

/// The last word of a person on a step since it was last begun, and what it was: from then on the
/// step is in that person's hands.
fn hand<'a>(run: &'a Run, id: &StepId) -> Option<(&'a Actor, &'static str)> {
    for event in run.events.iter().rev() {
        let (step, did) = match &event.body {
            Body::Intended { step, .. } if step == id => return None,
            Body::AbortAsked { step, .. } => (step, "asked it to end"),
            Body::Resolved { step, .. } => (step, "said what became of it"),
            Body::Skipped { step, .. } => (step, "skipped it"),
            Body::Retried { step, by_itself: false, .. } => (step, "took it up again"),
            Body::Escalated { step: Some(step), .. } => (step, "took the primary for lost in it"),
            _ => continue,
        };
        if step == id {
            return Some((&event.by, did));
        }
    }
    None
}

/// True when what a lost runner left was made to end and still runs.
fn resists(outlook: &Outlook<'_>, run: &Run, state: &StepState) -> bool {
    let killed = run.events.iter().rev().find(|event| {
        let Body::Signalled { step, signal, .. } = &event.body else { return false };
        *step == state.id && *signal == Pressure::Kill
    });
    let since = killed.map(|event| outlook.context.now.since(event.at));
    state.left.is_some() && since.is_some_and(|since| since >= KILL_PATIENCE)
}

/// Only what may be repeated by its class, only after a probe said that it is not there, and
/// nothing that a person has a hand in.
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
        && hand(run, &step.id).is_none()
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
    let asked = outlook.plan.restored.iter().map(|gate| match gate.bound {
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

#[cfg(test)]
mod tests;
