//! Words of the strip: how fit the standby is, how the journal is, a sentence to say aloud.

use crate::domain::catalogue::Class;
use crate::domain::forecast::RtoState;
use crate::domain::time::short_time;
use crate::domain::verdict::Verdict;
use crate::ui::screen::{JournalState, Screen};
use crate::ui::widget::ink::{CRIT, Ink, MUTED, OK, UNKNOWN, WARN};
use crate::ui::widget::row::{Row, as_many};

use super::words;

/// The ink of a verdict.
#[must_use]
pub fn verdict_ink(verdict: &Verdict) -> Ink {
    match verdict {
        Verdict::Go => OK,
        Verdict::Caution(_) => WARN,
        Verdict::NoGo(_) => CRIT,
        Verdict::Blind(_) => UNKNOWN,
    }
}

/// `STANDBY GO`.
#[must_use]
pub fn verdict(screen: &Screen<'_>) -> Row {
    let verdict = &screen.assessment.verdict;
    Row::plain("STANDBY ").put(verdict_ink(verdict), verdict.word())
}

/// The journal's chain in words, or that it cannot record.
#[must_use]
pub fn journal(screen: &Screen<'_>) -> Row {
    match screen.journal {
        JournalState::None => Row::new(),
        JournalState::Ok { words } => Row::of(MUTED, format!("journal {words}")),
        JournalState::Failed(why) => Row::of(CRIT, format!("JOURNAL FAILED: {why}")),
        JournalState::ReadOnly(why) => Row::of(WARN, format!("journal READ ONLY: {why}")),
    }
}

/// The losses of the other stores, the next worst first.
#[must_use]
pub fn other_losses(screen: &Screen<'_>, count: usize) -> Vec<Row> {
    let worst = words::worst_loss(screen).0.map(|row| &row.system);
    let texts: Vec<String> = screen
        .ledger
        .rows
        .iter()
        .filter(|row| Some(&row.system) != worst)
        .map(|row| {
            let loss = row.loss_s.map_or_else(|| "UNKNOWN".to_owned(), words::seconds);
            format!("{} {loss}", row.system)
        })
        .collect();
    texts.chunks(3).take(count).map(|three| Row::of(MUTED, three.join("  "))).collect()
}

/// A sentence to say aloud.
#[must_use]
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
    let doing = match words::current(screen) {
        _ if words::is_aborting(screen) => {
            format!("; giving up, {}", words::taken_back(screen))
        }
        Some((step, told)) => format!("; {}: {}", step.title, told.phase.word().to_lowercase()),
        None => String::new(),
    };
    format!("say: \"{spent} in{rest}, {state}{doing}\"")
}

/// The strip while there is no incident: how fit the standby is and what failing over would cost.
#[must_use]
pub fn ready_rows(screen: &Screen<'_>, gauge: &Row, loss: &Row, width: usize) -> Vec<Row> {
    let forecast = screen.forecast;
    let takes = short_time(forecast.remaining_p80);
    let of = forecast.rto.map_or_else(String::new, |rto| format!(" of {}", short_time(rto)));
    let reasons = screen.assessment.verdict.reasons();
    let half = width / 2;
    let reason = |index: usize| {
        let ink = verdict_ink(&screen.assessment.verdict);
        reasons.get(index).map_or_else(Row::new, |why| Row::of(ink, format!("  {why}")))
    };
    let count = screen.assessment.criteria.len();
    let met = screen
        .assessment
        .criteria
        .iter()
        .filter(|criterion| criterion.met == crate::domain::verdict::Met::Yes)
        .count();
    let first = verdict(screen).put(MUTED, format!("   {met} of {count} criteria met"));
    let declarers = screen.site.declarers();
    let plan = screen.runbook.map_or_else(
        || "no runbook is chosen".to_owned(),
        |book| {
            let hard = book.steps.iter().filter(|step| step.class == Class::X).count();
            format!("runbook {}: {} steps, {hard} irreversible", book.title, book.steps.len())
        },
    );
    let right = [
        Row::plain(format!("failing over would take {takes}{of}   ")).put(OK, "READY"),
        gauge.clone(),
        loss.clone(),
        as_many(other_losses(screen, 1), "  ", half),
        Row::of(MUTED, plan),
    ];
    let left = [
        first,
        if reasons.is_empty() { Row::of(MUTED, "  nothing speaks against it") } else { reason(0) },
        reason(1),
        match reasons.len() {
            0..=3 => reason(2),
            more => Row::of(MUTED, format!("  {} more reasons", more - 2)),
        },
        Row::of(MUTED, format!("may declare: {}", declarers.join(", "))),
    ];
    left.into_iter()
        .zip(right)
        .map(|(left, right)| {
            left.cut(half.saturating_sub(2)).fit(half).join(right.cut(width - half))
        })
        .collect()
}
