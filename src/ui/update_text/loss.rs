//! What a status update says of the losses: what is not known first, then expected and measured.

use super::Moment;
use crate::domain::ledger::LossVerdict;
use crate::domain::run::state::Run;
use crate::ui::panel::phrase;
use crate::ui::screen::Screen;

/// What is expected to be lost, unknown first, and what was measured.
pub(super) fn loss(screen: &Screen<'_>, at: Moment) -> String {
    let names = |verdict: LossVerdict| {
        let rows = screen.ledger.rows.iter().filter(|row| row.verdict == verdict);
        rows.map(|row| row.system.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    let unknown = names(LossVerdict::Unknown);
    if screen.ledger.rows.is_empty() {
        parts.push(phrase::no_store(screen).to_owned());
    } else if !unknown.is_empty() {
        parts.push(format!("UNKNOWN for {unknown}"));
    }
    if let (Some(row), _) = phrase::worst_loss(screen) {
        let expected = row.expected();
        let limit = match (row.rpo_s, row.verdict) {
            (Some(rpo), LossVerdict::Breach) => {
                format!(", OVER its limit {}", phrase::seconds(rpo))
            }
            (Some(rpo), _) => format!(", limit {}", phrase::seconds(rpo)),
            (None, _) => String::new(),
        };
        let silent = !phrase::is_frozen(screen) && !phrase::is_any_lag_live(screen);
        let when = match (at, silent) {
            (Moment::Calm, true) => "UNKNOWN now, last known",
            (Moment::Calm, false) => "if it failed now",
            (_, true) => "UNKNOWN, last known",
            (_, false) => "expected",
        };
        parts.push(format!("{when}: {expected} of {} is the worst known{limit}", row.system));
    }
    let measured = screen.run.map(Run::measured).unwrap_or_default();
    let told: Vec<String> = measured
        .iter()
        .filter_map(|(system, lost)| Some((system, (*lost)?)))
        .map(|(system, (seconds, _))| format!("{} of {system}", phrase::seconds(seconds)))
        .collect();
    if !told.is_empty() {
        parts.push(format!("measured: {}", told.join(", ")));
    }
    let missing: Vec<&str> = measured
        .iter()
        .filter_map(|(system, lost)| lost.is_none().then_some(system.as_str()))
        .collect();
    match at {
        Moment::Restored if told.is_empty() => parts.push("not measured".to_owned()),
        Moment::Restored if !missing.is_empty() => {
            parts.push(format!("not measured: {}", missing.join(", ")));
        }
        _ => {}
    }
    parts.join("; ")
}
