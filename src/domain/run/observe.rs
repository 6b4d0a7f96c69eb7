//! What the console itself puts on record, without anybody's wish: it sees, it does not act.

use std::time::Duration;

use super::event::{Body, Mode};
use super::phase::{Phase, Stage};
use super::proof::{self, Proof};
use super::state::{Run, StepState};
use crate::domain::abort;
use crate::domain::catalogue::Change;
use crate::domain::forecast::Forecast;
use crate::domain::gates::{self, Seen};
use crate::domain::ids::{StepId, SystemId};
use crate::domain::loss::{self, Loss};
use crate::domain::rules::split_brain;
use crate::domain::runbook::{Runbook, Step};
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// The words that the present readings call for; empty when nothing new is seen.
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
    words.extend(run.owed_skips(runbook));
    words.extend(measured_losses(run, runbook, site, snapshot));
    let (held, seen) = gates::restored(run, runbook, site, snapshot, now);
    // While both sides may take writes nothing is restored, whatever else is well.
    let one_primary = split_brain::standing(site, snapshot).is_empty();
    let done = one_primary && decisive_steps_are_done(run, runbook);
    let proofs = proof::of(run, runbook, snapshot);
    let proven = proofs.iter().all(Proof::is_settled);
    let whole = match &run.restored {
        Some((_, evidence)) => Some(evidence.clone()),
        None => (done && held && proven).then(|| {
            Clean::from(sentence(
                seen.iter().map(gate_words).chain(proofs.iter().map(Proof::words)),
            ))
        }),
    };
    if done {
        words.extend(restored_tiers(run, runbook, site, (&seen, &proofs), whole.as_ref()));
    }
    if let (None, Some(evidence)) = (&run.restored, whole) {
        words.push(Body::Restored { evidence });
    }
    words
}

/// When the run is expected to be finished, once, as it was declared and before any step was run.
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

fn gate_words(gate: &Seen) -> String {
    format!("{}: {}", gate.words(), gate.seen)
}

fn sentence(told: impl Iterator<Item = String>) -> String {
    told.collect::<Vec<_>>().join("; ")
}

/// Tiers whose own restored facts hold and whose promoted stores took a write; a tier without any
/// is restored with the whole run.
fn restored_tiers(
    run: &Run,
    runbook: &Runbook,
    site: &Site,
    (seen, proofs): (&[Seen], &[Proof]),
    whole: Option<&Clean>,
) -> Vec<Body> {
    let open = site
        .objectives
        .iter()
        .filter(|objective| !run.tiers.iter().any(|(known, ..)| *known == objective.tier));
    open.filter_map(|objective| {
        let tier = &objective.tier;
        let is_of_it = |system: &SystemId| {
            let system = site.system(system);
            system.and_then(|system| system.objective.as_ref()) == Some(tier)
        };
        let own = runbook.restored.iter().zip(seen).filter(|(gate, _)| is_of_it(&gate.system));
        let own: Vec<&Seen> = own.map(|(_, seen)| seen).collect();
        let written: Vec<&Proof> = proofs.iter().filter(|one| is_of_it(&one.system)).collect();
        let holds = !own.is_empty()
            && own.iter().all(|seen| seen.held == Some(true))
            && written.iter().all(|one| one.is_settled());
        let evidence = match (holds, whole) {
            (true, _) => {
                let told = own.into_iter().map(gate_words);
                sentence(told.chain(written.into_iter().map(Proof::words))).into()
            }
            (false, Some(whole)) => format!("with the whole run: {whole}").into(),
            (false, None) => return None,
        };
        Some(Body::TierRestored { tier: tier.clone(), evidence })
    })
    .collect()
}

pub(super) fn decisive_steps_are_done(run: &Run, runbook: &Runbook) -> bool {
    runbook.decisive().all(|step| {
        run.step(&step.id).is_some_and(|state| state.phase.satisfies() && state.untrue.is_none())
    })
}

/// True when a later step has changed, or is about to change, what this one left behind: that the
/// old effect is gone is then the plan, and no finding. A canary's 10 % ends with its 50 %, a fence
/// with the step that lifts it, a follower with its promotion.
pub fn is_superseded(run: &Run, runbook: &Runbook, id: &StepId) -> bool {
    let Some(step) = runbook.step(id) else { return false };
    runbook.steps.iter().any(|later| {
        let acts = run.step(&later.id).is_some_and(|state| {
            state.phase == Phase::Done || state.phase == Phase::Unknown || state.phase.is_open()
        });
        acts && supersedes(later, step) && runbook.ancestors(&later.id).contains(id)
    })
}

fn supersedes(later: &Step, step: &Step) -> bool {
    let (change, after) = (step.change, later.change);
    if later.target != step.target {
        // A copy that runs the other way ends the one that ran this way.
        let same_system = match (&later.target, &step.target) {
            (Some(later), Some(target)) => later.system == target.system,
            _ => false,
        };
        return same_system && after == Change::Follow && change == Change::Follow;
    }
    match change {
        // A second fence beside the first ends nothing: both are meant to hold.
        Change::Fence => {
            matches!(after, Change::Unfence | Change::Promote | Change::HandOver | Change::Follow)
        }
        Change::Unfence => after.closes(),
        Change::Scale | Change::ShiftTraffic => after == change,
        // Promoting a follower, or stopping its copies, ends it.
        Change::Follow => after.promotes() || after == Change::StopReplication,
        // A promoted store that is made a follower again is primary no more, and copies that were
        // stopped flow again.
        Change::Promote | Change::HandOver | Change::StopReplication => after == Change::Follow,
        Change::Purge | Change::Notify | Change::ProveWrite | Change::Check | Change::None => false,
    }
}

fn measured_losses(run: &Run, runbook: &Runbook, site: &Site, snapshot: &Snapshot) -> Vec<Body> {
    let Some(clock) = &run.clock else { return Vec::new() };
    let promoted = runbook.steps.iter().any(|step| {
        step.change.promotes() && run.step(&step.id).is_some_and(|state| state.phase == Phase::Done)
    });
    if !promoted {
        return Vec::new();
    }
    // A planned run leaves a region that writes on after its declaration: that bounds nothing.
    let ledger = run.ledger.as_ref().filter(|_| run.mode == Mode::Ungraceful);
    let frozen = loss::Frozen { t0: clock.t0, ledger, reopened: &run.reopened };
    // Measured or not: what it takes now is thrown away as it follows, and nobody will tell of it.
    let measured = |system: &SystemId| run.losses.iter().any(|(known, ..)| known == system);
    let untold = |system: &&SystemId| measured(system) || !run.reopened.contains(*system);
    let open = site.systems.iter().map(|system| &system.id).filter(untold).filter_map(|system| {
        let why = loss::reopened(system, snapshot, run.direction, clock.t0)?;
        Some(Body::LossReopened { system: system.clone(), why })
    });
    let open: Vec<Body> = open.collect();
    let measured = loss::measured(site, snapshot, run.direction, &frozen)
        .into_iter()
        .filter(|loss| !run.losses.iter().any(|(known, _, _)| *known == loss.system))
        .map(|Loss { system, seconds, missing, how }| Body::LossMeasured {
            system,
            seconds,
            how,
            missing,
        });
    open.into_iter().chain(measured).collect()
}

/// When an attempt ended, as its runner says, beside the moment in which that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToldEnd {
    /// Just now.
    Now,
    /// Earlier: nobody was there to read it.
    Earlier,
    /// It cannot be; how not.
    Wrong(&'static str),
}

/// What ended longer ago than this when it was read was read late.
const READ_LATE: Duration = Duration::from_secs(1);

/// What to make of the moment at which a runner says that an attempt ended. It is another process's
/// word, read from a file: it must lie between the grant and now. A runner outlives no boot, so it
/// is of the grant's or of this one.
pub fn told_end(at: Stamp, granted: Stamp, now: Stamp) -> ToldEnd {
    if at.boot != now.boot && at.boot != granted.boot {
        ToldEnd::Wrong("in another boot than it was granted in")
    } else if at.at_most(now) != at {
        ToldEnd::Wrong("later than now")
    } else if granted.at_most(at) != granted {
        ToldEnd::Wrong("before it was granted")
    } else if now.since(at) > READ_LATE {
        ToldEnd::Earlier
    } else {
        ToldEnd::Now
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::catalogue::{ActionSpec, Class, Fencing, Guard};
    use crate::domain::runbook::{Place, Target};

    use crate::domain::time::BootId;
    use crate::stand;

    const fn action(verb: &'static str, change: Change) -> ActionSpec {
        ActionSpec {
            name: "test.act",
            doc: "does it",
            verb,
            class: Class::I,
            guard: Guard::StopWindow,
            fencing: Fencing::NotFenced,
            change,
            reversal: "not at all",
            permissions: &[],
            needs_target: false,
            settings: &[],
        }
    }

    static FENCE: ActionSpec = action("fence", Change::Fence);
    static UNFENCE: ActionSpec = action("unfence", Change::Unfence);
    static FOLLOW: ActionSpec = action("replicate", Change::Follow);
    static STOP: ActionSpec = action("stop", Change::StopReplication);
    static SET: ActionSpec = action("set", Change::None);
    static PROMOTE: ActionSpec = action("promote", Change::Promote);
    static SHIFT: ActionSpec = action("shift", Change::ShiftTraffic);
    static CHECK: ActionSpec = action("check", Change::Check);
    static NOTIFY: ActionSpec = action("notify", Change::Notify);

    fn step(action: &'static ActionSpec, target: Option<(&str, Place)>) -> Step {
        Step {
            target: target.map(|(system, place)| Target {
                system: SystemId::new(system).expect("a name"),
                place,
            }),
            expect: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            ..stand::step("one", action)
        }
    }

    #[test]
    fn an_effect_is_ended_only_by_what_changes_the_same_thing() {
        let (pg_a, pg_b) = (Some(("pg", Place::To)), Some(("pg", Place::From)));
        let redis_a = Some(("redis", Place::To));
        let cases = [
            ((&FENCE, None), (&UNFENCE, None), true),
            ((&FENCE, None), (&FENCE, None), false),
            ((&UNFENCE, None), (&FENCE, None), true),
            ((&UNFENCE, None), (&UNFENCE, None), false),
            ((&FENCE, pg_a), (&UNFENCE, pg_a), true),
            ((&FENCE, pg_a), (&FOLLOW, pg_a), true),
            ((&PROMOTE, pg_a), (&FOLLOW, pg_a), true),
            ((&UNFENCE, pg_a), (&FENCE, pg_a), true),
            ((&FOLLOW, pg_a), (&PROMOTE, pg_a), true),
            ((&SET, pg_a), (&PROMOTE, pg_a), false),
            ((&UNFENCE, pg_a), (&PROMOTE, pg_a), false),
            ((&FENCE, pg_a), (&UNFENCE, pg_b), false),
            ((&FENCE, None), (&NOTIFY, None), false),
            ((&SHIFT, pg_a), (&SHIFT, pg_a), true),
            ((&FOLLOW, pg_a), (&PROMOTE, pg_a), true),
            ((&FOLLOW, pg_a), (&PROMOTE, redis_a), false),
            ((&FOLLOW, pg_a), (&FOLLOW, pg_b), true),
            ((&FOLLOW, pg_a), (&STOP, pg_a), true),
            ((&STOP, pg_a), (&FOLLOW, pg_a), true),
            ((&STOP, pg_a), (&FOLLOW, pg_b), false),
            ((&SET, pg_a), (&SET, pg_b), false),
            ((&SET, pg_a), (&SET, pg_a), false),
            ((&PROMOTE, pg_a), (&CHECK, pg_a), false),
            ((&PROMOTE, pg_a), (&FOLLOW, pg_b), false),
        ];
        for ((action, target), (later_action, later_target), want) in cases {
            let (one, later) = (step(action, target), step(later_action, later_target));
            let found = supersedes(&later, &one);
            assert_eq!(found, want, "{} {target:?}, {}", action.verb, later_action.verb);
        }
    }

    #[test]
    fn the_word_of_a_runner_is_held_against_the_clock() {
        let at = |boot, wall_s: i64, boot_s: u64| Stamp {
            wall_ms: wall_s * 1000,
            boot_ms: boot_s * 1000,
            boot: BootId(boot),
        };
        let check = |told: Stamp, now: Stamp, want: ToldEnd| {
            assert_eq!(told_end(told, at(1, 100, 100), now), want, "{told:?} {now:?}");
        };
        check(at(1, 163, 163), at(1, 175, 175), ToldEnd::Earlier);
        check(at(1, 174, 174), at(1, 175, 175), ToldEnd::Now);
        // The wall clock was set meanwhile: within one boot it says nothing.
        check(at(1, 999, 163), at(1, 175, 175), ToldEnd::Earlier);
        check(at(1, 3, 163), at(1, 175, 175), ToldEnd::Earlier);
        check(at(1, 176, 176), at(1, 175, 175), ToldEnd::Wrong("later than now"));
        check(at(1, 99, 99), at(1, 175, 175), ToldEnd::Wrong("before it was granted"));
        // The machine was started again before it was read.
        check(at(1, 163, 163), at(2, 400, 9), ToldEnd::Earlier);
        check(at(1, 500, 163), at(2, 400, 9), ToldEnd::Wrong("later than now"));
        let other = ToldEnd::Wrong("in another boot than it was granted in");
        check(at(3, 163, 163), at(2, 400, 9), other);
    }
}
