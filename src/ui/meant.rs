//! Which steps are listed, and which is meant: the one lit row, on which the keys act.

use super::command::Command;
use super::facts::Facts;
use super::model::Model;
use crate::domain::ids::StepId;
use crate::domain::run::state::{Abort, Run};
use crate::domain::runbook::{Runbook, Step};

/// The step that is meant: the one selected by hand, else the one that wants a hand now, which is
/// one that can be run beside the running one or else the current one, else the first. It is always
/// one of the list: what is not listed is not acted on.
pub fn meant<'a>(facts: &Facts<'a>, model: &Model) -> Option<&'a Step> {
    let shown = steps_shown(facts.runbook?, facts.run, model);
    let find = |id: &StepId| shown.iter().find(|step| step.id == *id).copied();
    let due = || facts.run.and_then(|run| run.beside().or_else(|| run.current()));
    let chosen = model.selected.as_ref().and_then(find);
    chosen.or_else(|| find(&due()?.id)).or_else(|| shown.first().copied())
}

/// The steps as the runbook panel lists them: those that pass the filter.
pub fn steps_shown<'a>(runbook: &'a Runbook, run: Option<&Run>, model: &Model) -> Vec<&'a Step> {
    let mut steps = steps_listed(runbook, run);
    steps.retain(|step| model.passes(step.title.as_str()) || model.passes(step.id.as_str()));
    steps
}

/// The steps of the list without a filter: the plan's, or, once the run is given up, what is still
/// open, what goes back in its order, and what stays.
pub fn steps_listed<'a>(runbook: &'a Runbook, run: Option<&Run>) -> Vec<&'a Step> {
    let planned = |run: &'_ Run| run.abort.as_ref().is_some_and(Abort::is_planned);
    let run = run.filter(|run| planned(run));
    let Some((run, abort)) = run.and_then(|run| Some((run, run.abort.as_ref()?))) else {
        return runbook.steps.iter().collect();
    };
    let stays = abort.stays.iter().map(|stays| &stays.step);
    let planned: Vec<&StepId> = abort.back.iter().chain(stays).collect();
    let open = run.steps.iter().filter(|state| state.open_attempt().is_some());
    let open = open.map(|state| &state.id).filter(|id| !planned.contains(id));
    open.chain(planned.iter().copied()).filter_map(|id| runbook.step(id)).collect()
}

/// Moves a first row by a command, within `rows`.
pub(super) fn scroll_by(scroll: &mut usize, rows: usize, page: usize, command: Option<Command>) {
    let last = rows.saturating_sub(1);
    let now = (*scroll).min(last);
    *scroll = match command {
        Some(Command::Up) => now.saturating_sub(1),
        Some(Command::Down) => (now + 1).min(last),
        Some(Command::PageUp) => now.saturating_sub(page),
        Some(Command::PageDown) => (now + page).min(last),
        Some(Command::First) => 0,
        Some(Command::Last) => last,
        Some(_) | None => now,
    };
}
