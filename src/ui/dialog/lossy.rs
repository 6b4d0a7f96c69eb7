//! What a step does otherwise once the primary is lost, told before anything starts.

use super::prelude::*;
use crate::domain::ids::StepId;
use crate::domain::runbook::{Gate, Runbook, Step, Ungraceful, UngracefulGate};
use crate::domain::time::short_time;

/// The rows of a card: what would change, or that the lossy variant is in force.
pub(super) fn rows(screen: &Screen<'_>, step: &Step, width: usize) -> Vec<Row> {
    if let Ungraceful::VariantOf(planned) = &step.ungraceful {
        let text = format!("▲2 lossy: {} instead of {}", step.action.name, planned.name);
        return fact("VARIANT", WARN, &text, width);
    }
    let lost = screen.run.is_some_and(|run| run.is_ungraceful(&step.id));
    let told = differences(step);
    if lost || told.is_empty() {
        return Vec::new();
    }
    let told = told.join("; ");
    if phrase::is_planned_without_primary(screen) {
        let key = phrase::key(screen, Command::Escalate);
        return fact("IF LOST", WARN, &format!("▲2 {key} goes on so: {told}"), width);
    }
    fact("IF LOST", TEXT, &told, width)
}

/// The rows of one step, or of all the runbook's, that would be escalated.
pub(super) fn escalated(screen: &Screen<'_>, step: Option<&StepId>, width: usize) -> Vec<Row> {
    let Some(book) = screen.runbook else { return Vec::new() };
    let Some(step) = step else { return list(book, width) };
    let told = book.step(step).map(differences).unwrap_or_default();
    let told = if told.is_empty() { "nothing".to_owned() } else { told.join("; ") };
    fact("OTHERWISE", TEXT, &told, width)
}

/// The rows of a runbook that is being chosen: every step that is done otherwise.
pub(super) fn list(book: &Runbook, width: usize) -> Vec<Row> {
    let mut rows = vec![Row::of(MUTED, "what an ungraceful run does otherwise:")];
    for step in &book.steps {
        let told = differences(step);
        if !told.is_empty() {
            let text = format!("{}: {}", book.named(&step.id), told.join("; "));
            rows.extend(fact("  -", TEXT, &text, width));
        }
    }
    if rows.len() == 1 {
        rows.extend(fact("  -", TEXT, "nothing: every step and gate is the same", width));
    }
    rows
}

fn differences(step: &Step) -> Vec<String> {
    let own = match &step.ungraceful {
        Ungraceful::Same | Ungraceful::VariantOf(_) => None,
        Ungraceful::Skip => Some("left out".to_owned()),
        Ungraceful::Waive => Some("may be waived with a reason".to_owned()),
        Ungraceful::Instead(variant) => Some(format!(
            "{} instead of {}, class {}, guard {}, usually {}",
            variant.action.name,
            step.action.name,
            variant.class,
            variant.guard.number(),
            short_time(variant.expect)
        )),
    };
    own.into_iter().chain(step.gates.iter().filter_map(weaker)).collect()
}

fn weaker(gate: &Gate) -> Option<String> {
    let fact = format!("{} {}", gate.system, gate.fact);
    Some(match gate.ungraceful.as_ref()? {
        UngracefulGate::Weaker(bound) => format!("{fact} {} is enough", bound.words()),
        UngracefulGate::Skip => format!("{fact} is not asked"),
        UngracefulGate::Ledger { at_most } => {
            let most = short_time(*at_most);
            format!("accepted loss of {} at most {most} instead of its lag", gate.system)
        }
    })
}
