//! Whether every store that a run promoted was really written to since: what RESTORED rests on.

use super::event::{Body, Outcome};
use super::phase::Phase;
use super::state::{Run, StepState};
use crate::domain::catalogue::Change;
use crate::domain::gates::begun_after;
use crate::domain::ids::{StepId, SystemId};
use crate::domain::reading::Writes;
use crate::domain::runbook::{Runbook, Step};
use crate::domain::snapshot::{Cell, Snapshot};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// One promoted store and what is known of writes to it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The store.
    pub system: SystemId,
    /// How it is known.
    pub told: Told,
}

/// How it is known that a store takes writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// This step wrote and read back after the promotion had ended.
    Written(StepId),
    /// No write proved it and none is to come: a person left that out, or answers for it.
    Unproven(Clean),
    /// The plan has no step that writes to it, and nobody has answered for that.
    Unasked,
    /// This step has still to prove it.
    Awaited(StepId),
    /// By its last look it takes no write now, whatever was written before.
    Hindered(Clean),
}

/// Why nothing proves that a store takes writes.
pub const NO_STEP: &str = "the plan has no step that writes to it";

/// The key of the criterion that a promoted store took a write; accepting it answers for it.
pub fn proof_key(system: &SystemId) -> String {
    format!("proof/{system}")
}

impl Proof {
    /// True when nothing has to be waited for.
    pub fn is_settled(&self) -> bool {
        match self.told {
            Told::Written(_) | Told::Unproven(_) => true,
            Told::Awaited(_) | Told::Unasked | Told::Hindered(_) => false,
        }
    }

    /// `pg: a write was read back (verify-pg)`, `pg: not proven by a write: skipped by anna`.
    pub fn words(&self) -> String {
        let system = &self.system;
        match &self.told {
            Told::Written(step) => format!("{system}: a write was read back ({step})"),
            Told::Unproven(why) => format!("{system}: not proven by a write: {why}"),
            Told::Awaited(step) => format!("{system}: {step} has still to write and read back"),
            Told::Unasked => {
                format!("that {system} takes writes: {NO_STEP}, a person answers for it")
            }
            Told::Hindered(why) => format!("{system} takes no write now: {why}"),
        }
    }
}

/// The steps of a plan that write to a store and read it back.
pub fn steps<'r>(runbook: &'r Runbook, system: &'r SystemId) -> impl Iterator<Item = &'r Step> {
    runbook.steps.iter().filter(move |step| {
        let target = step.target.as_ref();
        step.change == Change::ProveWrite && target.is_some_and(|target| target.system == *system)
    })
}

/// Each store that this run promoted, once.
pub fn of(run: &Run, runbook: &Runbook, snapshot: &Snapshot) -> Vec<Proof> {
    let mut found: Vec<Proof> = Vec::new();
    for step in runbook.steps.iter().filter(|step| step.change.promotes()) {
        let Some(target) = &step.target else { continue };
        let state = run.step(&step.id).filter(|state| state.phase == Phase::Done);
        let Some(end) = state.and_then(|state| state.finished) else { continue };
        let system = &target.system;
        if found.iter().all(|known| known.system != *system) {
            let hindered = hindered(snapshot.cell(system, run.direction.to));
            let told = match hindered {
                Some(why) => Told::Hindered(why),
                None => told(run, runbook, system, end),
            };
            found.push(Proof { system: system.clone(), told });
        }
    }
    found
}

/// Why a store takes no write, by its last look, where that told.
fn hindered(cell: Option<&Cell>) -> Option<Clean> {
    let reading = cell?.last_reading.as_ref()?;
    let refused =
        || (reading.takes_writes() == Some(Writes::Refused)).then(|| reading.note.clone());
    reading.hindered.clone().or_else(refused)
}

/// The best that the steps of the plan tell: written, else to come, else left out.
fn told(run: &Run, runbook: &Runbook, system: &SystemId, promoted: Stamp) -> Told {
    let mut awaited = None;
    let mut unproven = None;
    for step in steps(runbook, system) {
        let Some(state) = run.step(&step.id) else { continue };
        match state.phase {
            Phase::Skipped => unproven = Some(format!("skipped by {}", who(run, &step.id))),
            Phase::Done if state.attested => {
                unproven = Some(format!("attested by {}", who(run, &step.id)));
            }
            Phase::Done if is_since(state, promoted) && wrote(state) => {
                return Told::Written(step.id.clone());
            }
            // Of an earlier version: whose step wrote nothing where it found that it was so.
            Phase::Done if is_since(state, promoted) => {
                unproven = Some(format!("{} found it so and wrote nothing", step.id));
            }
            _ => awaited = awaited.or(Some(&step.id)),
        }
    }
    match (awaited, unproven) {
        (_, Some(why)) => Told::Unproven(why.into()),
        (Some(step), None) => Told::Awaited(step.clone()),
        (None, None) => answered(run, system, promoted),
    }
}

/// Who answers for a store that no step writes to, since it was promoted.
fn answered(run: &Run, system: &SystemId, promoted: Stamp) -> Told {
    let key = proof_key(system);
    let word = run.accepted_criteria.iter().find(|accepted| accepted.key == key);
    match word.filter(|accepted| begun_after(accepted.at, promoted)) {
        Some(word) => Told::Unproven(format!("{} answers for it: {}", word.by, word.reason).into()),
        None => Told::Unasked,
    }
}

/// True when the step was granted after the promotion had ended, and what it showed is still so.
fn is_since(state: &StepState, promoted: Stamp) -> bool {
    let granted = state.last_attempt().map(|attempt| attempt.granted);
    state.untrue.is_none() && granted.is_some_and(|granted| begun_after(granted, promoted))
}

/// True when its last attempt did not end with what was so before.
fn wrote(state: &StepState) -> bool {
    let outcome = state.last_attempt().and_then(|attempt| attempt.outcome.as_ref());
    !matches!(outcome, Some(Outcome::AlreadySo { .. }))
}

/// Who spoke last of a step.
fn who(run: &Run, id: &StepId) -> Clean {
    let spoken = run.events.iter().rev().find(|event| match &event.body {
        Body::Skipped { step, .. } | Body::Attested { step, .. } | Body::Resolved { step, .. } => {
            step == id
        }
        _ => false,
    });
    spoken.map_or_else(|| "a person".into(), |event| event.by.to_string().into())
}
