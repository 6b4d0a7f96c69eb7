//! What the console itself puts on record, without anybody's wish: it sees, it does not act.

use super::event::Body;
use super::phase::{Phase, Stage};
use super::state::Run;
use crate::domain::abort;
use crate::domain::catalogue::Change;
use crate::domain::gates;
use crate::domain::loss;
use crate::domain::runbook::{Runbook, Step};
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Stamp;

/// The words that the present readings call for; empty when nothing new is seen.
#[must_use]
pub fn observed(
    run: &Run,
    runbook: &Runbook,
    site: &Site,
    snapshot: &Snapshot,
    now: Stamp,
) -> Vec<Body> {
    let mut words = Vec::new();
    if matches!(run.stage, Stage::Standby | Stage::Complete | Stage::Aborted) {
        return words;
    }
    if run.stage == Stage::Aborting {
        // What still ran when the run was given up joins the plan as it ends.
        words.extend(abort::word(run, runbook));
        words.extend(measured_losses(run, runbook, site, snapshot));
        return words;
    }
    words.extend(measured_losses(run, runbook, site, snapshot));
    if run.restored.is_none() && decisive_steps_are_done(run, runbook) {
        let (held, seen) = gates::restored(runbook, site, snapshot, run.direction, now);
        if held {
            let evidence = seen
                .iter()
                .map(|gate| format!("{}: {}", gate.words, gate.seen))
                .collect::<Vec<_>>()
                .join("; ");
            words.push(Body::Restored { evidence: evidence.into() });
        }
    }
    words
}

/// A warm standby may be healthy before anything was done: the clock stops only after the steps
/// that make it serve. A plan of commands does not tell which these are: all count then.
fn decisive_steps_are_done(run: &Run, runbook: &Runbook) -> bool {
    let told = runbook.steps.iter().any(is_decisive);
    let counts = |step: &&Step| if told { is_decisive(step) } else { !step.optional };
    runbook.steps.iter().filter(counts).all(|step| {
        run.step(&step.id).is_some_and(|state| state.phase.satisfies() && state.untrue.is_none())
    })
}

fn is_decisive(step: &Step) -> bool {
    !step.optional
        && match step.action.change {
            Change::Promote
            | Change::StopReplication
            | Change::Scale
            | Change::ShiftTraffic
            | Change::Fence => true,
            Change::Purge | Change::Notify | Change::Check | Change::None => false,
        }
}

fn measured_losses(run: &Run, runbook: &Runbook, site: &Site, snapshot: &Snapshot) -> Vec<Body> {
    let Some(clock) = &run.clock else { return Vec::new() };
    let promoted = runbook.steps.iter().any(|step| {
        step.action.change == Change::Promote
            && run.step(&step.id).is_some_and(|state| state.phase == Phase::Done)
    });
    if !promoted {
        return Vec::new();
    }
    loss::measured(site, snapshot, run.direction, clock.t0)
        .into_iter()
        .filter(|(system, _, _)| !run.losses.iter().any(|(known, _, _)| known == system))
        .map(|(system, seconds, how)| Body::LossMeasured { system, seconds, how })
        .collect()
}
