//! The runbook while the run is given up: what goes back, in its order, and what stays.

use super::prelude::*;
use crate::domain::run::event::Purpose;
use crate::domain::run::phase::Phase;
use crate::domain::run::state::{Abort, Run, StepState};
use crate::domain::runbook::{Compensation, Runbook, Step};
use crate::domain::time::{clock_text, short_time};
use crate::ui::meant::{steps_listed, steps_shown};

use super::phrase;
use super::runbook::{self, Line};

/// `4 ABORT 1 of 3 taken back`, and the abort's own clock.
pub(super) fn title(screen: &Screen<'_>, book: &Runbook, run: &Run, abort: &Abort) -> (Row, Row) {
    let title = Row::plain("4 ABORT ")
        .put(WARN, phrase::taken_back(screen))
        .put(MUTED, format!("  {}", book.title));
    let until = run.closed.as_ref().map_or(screen.now, |(at, _)| *at);
    let left: std::time::Duration = abort
        .back
        .iter()
        .filter(|id| run.step(id).is_some_and(|state| state.phase != Phase::Compensated))
        .filter_map(|id| Some(book.step(id)?.expect))
        .sum();
    let since = clock_text(until.since(abort.since));
    let right = format!("giving up for {since}, {} left", short_time(left));
    (title, Row::of(MUTED, right))
}

/// The rows of the abort, and the place of the chosen one.
pub(super) fn list(screen: &Screen<'_>, book: &Runbook, width: usize) -> (Vec<Row>, usize) {
    let others = book.steps.len().saturating_sub(steps_listed(book, screen.run).len());
    let shown = steps_shown(book, screen.run, screen.model);
    let at = shown.iter().position(|step| runbook::lead(screen, step).1).unwrap_or(0);
    let mut rows: Vec<Row> = shown.iter().map(|step| row(screen, step, width)).collect();
    if others > 0 {
        let text =
            format!("     {others} more steps leave nothing behind: not run, or only looked");
        rows.push(Row::of(MUTED, text).cut(width));
    }
    (rows, at)
}

/// The lit step in one row.
pub fn current(screen: &Screen<'_>, width: usize) -> Row {
    match runbook::lit(screen).filter(|_| phrase::current(screen).is_some()) {
        Some(step) => row(screen, step, width),
        None => Row::of(MUTED, phrase::taken_back(screen)).cut(width),
    }
}

/// What becomes of a step as the run is given up.
enum Part<'a> {
    /// It still runs, or nobody knows what it did.
    Open,
    /// It goes back.
    Back,
    /// It stays; what that costs.
    Stays(&'a str),
}

fn row(screen: &Screen<'_>, step: &Step, width: usize) -> Row {
    let Some(run) = screen.run else { return Row::new() };
    let (Some(state), Some(abort)) = (run.step(&step.id), &run.abort) else { return Row::new() };
    let stays = abort.stays.iter().find(|stays| stays.step == step.id);
    let part = match stays {
        _ if abort.back.contains(&step.id) || state.is_going_back() => Part::Back,
        Some(stays) => Part::Stays(stays.costs.as_str()),
        None => Part::Open,
    };
    let current = run.current().is_some_and(|now| now.id == step.id);
    let (ink, mark) = mark(&part, step, state);
    let time = phrase::minutes(step.expect);
    let (title, word, takes) = match part {
        Part::Open => (TEXT, "open", time),
        Part::Back => (TEXT, "take back", time),
        Part::Stays(_) => (MUTED, "stays", "     ".to_owned()),
    };
    let mark = Row::of(ink, mark).put(TEXT, " ");
    let told = told(screen, &part, step, state, current);
    Line { mark, title, word: (MUTED, word), takes, told }.row(screen, step, width)
}

fn failed_back(state: &StepState) -> bool {
    let last = state.last_attempt();
    let tried = last.is_some_and(|attempt| attempt.purpose == Purpose::Compensate);
    tried && matches!(state.phase, Phase::Done | Phase::Failed)
}

fn mark(part: &Part<'_>, step: &Step, state: &StepState) -> (Ink, &'static str) {
    match part {
        Part::Stays(_) => (MUTED, "[-]"),
        Part::Open => runbook::mark(step, Some(state)),
        Part::Back if failed_back(state) => (CRIT, "[!]"),
        Part::Back => match state.phase {
            Phase::Compensated => (OK, "[x]"),
            Phase::Done | Phase::Failed => (TEXT, "[ ]"),
            _ => runbook::mark(step, Some(state)),
        },
    }
}

fn told(screen: &Screen<'_>, part: &Part<'_>, step: &Step, state: &StepState, next: bool) -> Row {
    let evidence = &state.evidence;
    match part {
        Part::Stays(costs) => Row::of(MUTED, *costs),
        Part::Open => runbook::told(screen, step, Some(state)),
        Part::Back if failed_back(state) => {
            let cause = state.cause.map_or("", crate::domain::run::event::Cause::words);
            Row::of(CRIT, format!("■1 NOT taken back, {cause}")).put(TEXT, format!(": {evidence}"))
        }
        Part::Back => match (state.phase, state.last_attempt()) {
            (Phase::Compensated, _) => Row::of(TEXT, format!("taken back: {evidence}")),
            (Phase::Unknown, _) => Row::of(UNKNOWN, "? UNKNOWN").put(TEXT, format!(": {evidence}")),
            (Phase::Done | Phase::Failed, _) => {
                let by = match &step.compensation {
                    Compensation::Action { action, .. } => action.name,
                    Compensation::None(_) | Compensation::NotNeeded => "",
                };
                let ink = if next { INFO } else { MUTED };
                Row::of(ink, if next { "next, by " } else { "by " }).put(TEXT, by)
            }
            (_, Some(attempt)) => {
                let spent = phrase::minutes(attempt.spent(screen.now));
                Row::of(INFO, format!("{spent} elapsed  {}", state.phase.word()))
            }
            (_, None) => Row::new(),
        },
    }
}
