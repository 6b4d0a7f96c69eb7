//! Which step is meant: the one lit row, on which the keys act, and which their sentences name.

use super::model::Model;
use super::update::{Facts, steps_shown};
use crate::domain::ids::StepId;
use crate::domain::runbook::Step;

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
