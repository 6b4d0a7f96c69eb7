//! What the console itself puts on record, without anybody's wish: it sees, it does not act.

use super::event::Body;
use super::phase::{Phase, Stage};
use super::state::{Run, StepState};
use crate::domain::abort;
use crate::domain::catalogue::Change;
use crate::domain::forecast::Forecast;
use crate::domain::gates::{self, Seen};
use crate::domain::loss;
use crate::domain::runbook::{Runbook, Step};
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
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
    let (held, seen) = gates::restored(runbook, site, snapshot, run.direction, now);
    let done = decisive_steps_are_done(run, runbook);
    let whole = match &run.restored {
        Some((_, evidence)) => Some(evidence.clone()),
        None => (done && held).then(|| Clean::from(sentence(seen.iter()))),
    };
    if done {
        words.extend(restored_tiers(run, runbook, site, &seen, whole.as_ref()));
    }
    if let (None, Some(evidence)) = (&run.restored, whole) {
        words.push(Body::Restored { evidence });
    }
    words
}

/// When the run is expected to be finished, once, as it was declared and before any step was run.
#[must_use]
pub fn forecasted(run: &Run, forecast: &Forecast) -> Option<Body> {
    let untouched = |step: &StepState| step.attempts.is_empty() && !step.attested;
    let fresh = run.declaration.is_some()
        && run.forecasted.is_none()
        && !run.stage.is_closed()
        && run.steps.iter().all(untouched);
    let (p50, p80) = forecast.finish_p50.zip(forecast.finish_p80).filter(|_| fresh)?;
    Some(Body::Forecasted {
        finish_p50_s: p50.as_secs_f64(),
        finish_p80_s: p80.as_secs_f64(),
        runs: forecast.runs,
    })
}

fn sentence<'a>(seen: impl Iterator<Item = &'a Seen>) -> String {
    let told: Vec<String> = seen.map(|gate| format!("{}: {}", gate.words, gate.seen)).collect();
    told.join("; ")
}

/// Tiers whose own restored facts hold; a tier without any is restored with the whole run.
fn restored_tiers(
    run: &Run,
    runbook: &Runbook,
    site: &Site,
    seen: &[Seen],
    whole: Option<&Clean>,
) -> Vec<Body> {
    let open = site
        .objectives
        .iter()
        .filter(|objective| !run.tiers.iter().any(|(known, ..)| *known == objective.tier));
    open.filter_map(|objective| {
        let tier = &objective.tier;
        let own: Vec<&Seen> = runbook
            .restored
            .iter()
            .zip(seen)
            .filter(|(gate, _)| {
                let system = site.system(&gate.system);
                system.and_then(|system| system.objective.as_ref()) == Some(tier)
            })
            .map(|(_, seen)| seen)
            .collect();
        let holds = !own.is_empty() && own.iter().all(|seen| seen.held == Some(true));
        let evidence = match (holds, whole) {
            (true, _) => sentence(own.into_iter()).into(),
            (false, Some(whole)) => format!("with the whole run: {whole}").into(),
            (false, None) => return None,
        };
        Some(Body::TierRestored { tier: tier.clone(), evidence })
    })
    .collect()
}

/// The steps that the clock waits for: a warm standby may be healthy before anything was done, so
/// these make it serve. A plan of commands does not tell which they are: all count then.
pub fn decisive(runbook: &Runbook) -> impl Iterator<Item = &Step> {
    let told = runbook.steps.iter().any(is_decisive);
    let counts = move |step: &&Step| if told { is_decisive(step) } else { !step.optional };
    runbook.steps.iter().filter(counts)
}

fn decisive_steps_are_done(run: &Run, runbook: &Runbook) -> bool {
    decisive(runbook).all(|step| {
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
