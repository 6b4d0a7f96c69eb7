//! Words of the strip: how fit the standby is, how the journal is, a sentence to say aloud.

use super::prelude::*;
use crate::domain::console::JournalState;
use crate::domain::forecast::RtoState;
use crate::domain::verdict::Verdict;

use super::phrase;

/// The ink of a verdict.
pub fn verdict_ink(verdict: &Verdict) -> Ink {
    match verdict {
        Verdict::Go => OK,
        Verdict::Caution(_) => WARN,
        Verdict::NoGo(_) => CRIT,
        Verdict::Blind(_) => UNKNOWN,
    }
}

/// The journal's chain in words, or that it cannot record.
pub fn journal(screen: &Screen<'_>) -> Row {
    match screen.journal {
        JournalState::None => Row::new(),
        JournalState::Ok { words } => Row::of(MUTED, format!("journal {words}")),
        JournalState::Failed(why) => Row::of(CRIT, format!("JOURNAL FAILED: {why}")),
        JournalState::ReadOnly(why) => Row::of(WARN, format!("journal READ ONLY: {why}")),
    }
}

/// The losses of the other stores, the next worst first.
pub fn other_losses(screen: &Screen<'_>, count: usize) -> Vec<Row> {
    let worst = phrase::worst_loss(screen).0.map(|row| &row.system);
    let texts: Vec<String> = screen
        .ledger
        .rows
        .iter()
        .filter(|row| Some(&row.system) != worst)
        .map(|row| {
            let loss = row.expected();
            format!("{} {loss}", row.system)
        })
        .collect();
    texts.chunks(3).take(count).map(|three| Row::of(MUTED, three.join("  "))).collect()
}

/// A sentence to say aloud.
pub fn say(screen: &Screen<'_>) -> String {
    let forecast = screen.forecast;
    let Some(gone) = forecast.elapsed else { return String::new() };
    let minutes = |seconds: u64| format!("{} min", seconds / 60);
    let spent = minutes(gone.as_secs());
    let rest = match forecast.rto {
        Some(rto) if gone > rto => {
            format!(", {} over the objective", minutes(gone.saturating_sub(rto).as_secs()))
        }
        Some(rto) => format!(", {} left", minutes(rto.saturating_sub(gone).as_secs())),
        None => String::new(),
    };
    if let (RtoState::Met | RtoState::Missed, Some(rto)) = (forecast.state, forecast.rto) {
        let apart = minutes(rto.abs_diff(gone).as_secs());
        let side = if gone > rto { "late" } else { "to spare" };
        return format!("say: \"restored after {spent}, {apart} {side}\"");
    }
    let state = forecast.state.words().to_lowercase();
    let doing = match phrase::current(screen) {
        _ if screen.is_aborting() => {
            format!("; giving up, {}", phrase::taken_back(screen))
        }
        Some((step, told)) => format!("; {}: {}", step.title, told.phase.word().to_lowercase()),
        None => String::new(),
    };
    format!("say: \"{spent} in{rest}, {state}{doing}\"")
}
