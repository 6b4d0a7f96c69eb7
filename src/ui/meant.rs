//! Which step is meant: the one lit row, on which the keys act, and which their sentences name.

use super::command::Command;
use super::model::Model;
use super::update::{Facts, is_shown};
use crate::domain::ids::StepId;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Runbook, Step};

/// The step that a command is about: mostly the lit one, else the one that is in that state.
#[must_use]
pub fn meant<'a>(command: Command, facts: &Facts<'a>, model: &Model) -> Option<&'a Step> {
    let lit = facts.selected(model)?;
    let fits = |state: &StepState| match command {
        Command::AbortStep => matches!(state.phase, Phase::Granted | Phase::Running),
        Command::Resolve => state.phase == Phase::Unknown || state.left.is_some(),
        _ => state.id == lit.id,
    };
    let Some(run) = facts.run else { return Some(lit) };
    if run.step(&lit.id).is_some_and(fits) {
        return Some(lit);
    }
    let other = run.steps.iter().find(|state| fits(state));
    other.and_then(|state| facts.runbook?.step(&state.id)).or(Some(lit))
}

/// The lit step: the selected one, else the one that is due, else the first.
#[must_use]
pub fn lit<'a>(
    runbook: &'a Runbook,
    run: Option<&Run>,
    selected: Option<&StepId>,
) -> Option<&'a Step> {
    let chosen = selected.and_then(|id| runbook.step(id));
    // A list that got shorter, as the run was given up, hides no subject of the keys.
    let chosen = chosen.filter(|step| is_shown(runbook, run, &step.id));
    let due = || runbook.step(&due(run?)?.id);
    chosen.or_else(due).or_else(|| runbook.steps.first())
}

/// The step that wants a hand now: one that can run beside the running one, else the current one.
#[must_use]
pub fn due(run: &Run) -> Option<&StepState> {
    beside(run).or_else(|| run.current())
}

/// The first step that is ready while another runs, and may start beside it.
#[must_use]
pub fn beside(run: &Run) -> Option<&StepState> {
    let runs = run.current()?.phase.is_open() && run.stage != Stage::Aborting;
    run.steps.iter().find(|step| runs && step.phase == Phase::Ready)
}
