//! Closing a run: how it would end, what was lost, what is left.

use super::prelude::*;
use crate::domain::abort;
use crate::domain::ids::{StepId, SystemId};
use crate::domain::loss::Measured;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::state::Run;

use super::abort_run::serving_rows;

pub(super) fn names(screen: &Screen<'_>, steps: &[&StepId]) -> String {
    if steps.is_empty() {
        return "none".to_owned();
    }
    steps.iter().map(|step| phrase::named(screen, step)).collect::<Vec<_>>().join(", ")
}

pub(super) fn in_phase(run: &Run, want: fn(Phase) -> bool) -> Vec<&StepId> {
    run.steps.iter().filter(|state| want(state.phase)).map(|state| &state.id).collect()
}

/// What is neither done nor left out, each step with what it is.
fn left(screen: &Screen<'_>, run: &Run) -> String {
    let ends = |phase| matches!(phase, Phase::Done | Phase::Skipped | Phase::Compensated);
    let left = run.steps.iter().filter(|state| !ends(state.phase));
    let left: Vec<String> = left
        .map(|state| format!("{} {}", phrase::named(screen, &state.id), state.phase.word()))
        .collect();
    if left.is_empty() { "none".to_owned() } else { left.join(", ") }
}

/// Every store with what was measured, those that were not too.
fn lost(screen: &Screen<'_>, run: &Run, width: usize) -> Vec<Row> {
    let stores = run.measured();
    if stores.is_empty() {
        return fact("LOST", UNKNOWN, &format!("? {}", phrase::no_store(screen)), width);
    }
    let row = |(system, found): (&SystemId, Measured<'_>)| match found {
        Some((seconds, how)) => {
            let text = format!("{system} {} measured: {how}", phrase::seconds(seconds));
            fact("LOST", TEXT, &text, width)
        }
        None => fact("LOST", UNKNOWN, &format!("? {system} not measured"), width),
    };
    stores.into_iter().flat_map(row).collect()
}

/// What is said of closing the run.
pub(super) fn body(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let mut body = Vec::new();
    if let Some(run) = screen.run.filter(|run| run.stage == Stage::Aborting) {
        body.extend(given_up(screen, run, width));
    } else if let Some(run) = screen.run {
        let except: Vec<&StepId> = run.unfinished().map(|state| &state.id).collect();
        let waiting = in_phase(run, |phase| matches!(phase, Phase::Pending | Phase::Ready));
        let how = match (except.is_empty(), waiting.is_empty(), run.restored.is_some()) {
            (_, _, false) => (WARN, "▲2 restored was not seen".to_owned()),
            (_, false, true) => (WARN, format!("▲2 not run: {}", names(screen, &waiting))),
            (false, true, true) => (INFO, format!("◆3 complete except {}", names(screen, &except))),
            (true, true, true) => {
                (OK, "complete: every step is done, restored was seen".to_owned())
            }
        };
        body.extend(fact("ENDS", how.0, &how.1, width));
        let clock = screen.forecast.elapsed.map(crate::domain::time::clock_text);
        if let Some(clock) = clock {
            let text = format!("T+{clock} {}", screen.forecast.state.words());
            body.extend(fact("RTO", TEXT, &text, width));
        }
        body.extend(lost(screen, run, width));
        body.extend(fact("LEFT", TEXT, &format!("not finished: {}", left(screen, run)), width));
    }
    body.extend(fact(
        "THEN",
        TEXT,
        "the console is SAFE, the journal is sealed, the report can be written",
        width,
    ));
    body
}

/// How a run ends that was given up.
fn given_up(screen: &Screen<'_>, run: &Run, width: usize) -> Vec<Row> {
    let left: Vec<&StepId> = run
        .abort
        .iter()
        .flat_map(|abort| &abort.back)
        .filter(|id| run.step(id).is_none_or(|state| state.phase != Phase::Compensated))
        .collect();
    let how = format!("given up, {}", phrase::taken_back(screen));
    let mut rows = fact("ENDS", WARN, &format!("▲2 {how}"), width);
    let ink = if left.is_empty() { TEXT } else { WARN };
    rows.extend(fact(
        "LEFT",
        ink,
        &format!("still to be taken back: {}", names(screen, &left)),
        width,
    ));
    let stays: Vec<&StepId> =
        run.abort.iter().flat_map(|abort| &abort.stays).map(|one| &one.step).collect();
    rows.extend(fact("STAYS", TEXT, &names(screen, &stays), width));
    if let Some(book) = screen.runbook {
        let serving = abort::planned(run, book, screen.assessment).serving;
        rows.extend(serving_rows(&serving, width));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixture;

    #[test]
    fn closing_names_every_step_that_is_not_finished() {
        let check = |name: &str, phase: Phase, wanted: [&str; 2]| {
            let mut fixture = fixture::of(name).expect("the moment exists");
            let run = fixture.run.as_mut().expect("a run");
            let state = run.steps.iter_mut().find(|state| state.id.as_str() == "scale-b");
            state.expect("a step").phase = phase;
            let rows = body(&fixture.screen(), 120);
            let text: Vec<String> = rows.iter().map(Row::text).collect();
            for part in wanted {
                assert!(text.iter().any(|row| row.contains(part)), "{phase:?}: {text:#?}");
            }
        };
        check("close", Phase::Done, ["complete except 9 purge the CDN", "not finished: none"]);
        let left = "not finished: 6 scale B from 2 to 10 FAILED";
        check(
            "close",
            Phase::Failed,
            ["complete except 6 scale B from 2 to 10, 9 purge the CDN", left],
        );
        check(
            "close",
            Phase::Skipped,
            ["complete except 6 scale B from 2 to 10", "not finished: none"],
        );
        let left = "not finished: 6 scale B from 2 to 10 UNKNOWN";
        check("close", Phase::Unknown, ["complete except 6 scale B from 2 to 10", left]);
        check(
            "close",
            Phase::Ready,
            ["not run: 6 scale", "not finished: 6 scale B from 2 to 10 ready"],
        );
        check(
            "failed",
            Phase::Failed,
            ["restored was not seen", "not finished: 6 scale B from 2 to 10 FAILED, "],
        );
    }

    #[test]
    fn closing_names_every_store_also_what_nobody_measured() {
        let check = |measured: &[&str], described: bool, wanted: &[&str]| {
            let mut fixture = fixture::of("close").expect("the moment exists");
            let run = fixture.run.as_mut().expect("a run");
            let found = |name: &&str| (SystemId::new(name).expect("a name"), 0.0, "so".into());
            run.losses = measured.iter().map(found).collect();
            if !described {
                (run.ledger, fixture.ledger.rows) = (None, Vec::new());
            }
            let rows = body(&fixture.screen(), 120);
            let text: Vec<String> = rows.iter().map(Row::text).collect();
            for part in wanted {
                assert!(text.iter().any(|row| row.contains(part)), "{part}: {text:#?}");
            }
        };
        check(&["pg"], true, &["LOST      pg 0s measured", "LOST      ? redis not measured"]);
        check(&[], true, &["? pg not measured", "? redis not measured"]);
        check(&[], false, &["LOST      ? not known: no store"]);
        check(&["pg"], false, &["LOST      pg 0s measured"]);
    }
}
