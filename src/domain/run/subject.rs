//! Which region a judgement is about: during a run the one that is left, until the other has taken
//! its place; else the one that serves, by what is told now, was told, or is on record.

use std::collections::BTreeSet;

use super::event::Closing;
use super::observe::{decisive_steps_are_done, is_superseded};
use super::phase::{Phase, Stage};
use super::state::{Run, StepState};
use crate::domain::catalogue::Change;
use crate::domain::ids::{Side, SystemId};
use crate::domain::judge::{Subject, active};
use crate::domain::reading::Reading;
use crate::domain::runbook::{Runbook, Step, Target};
use crate::domain::site::Site;
use crate::domain::snapshot::{Snapshot, earlier};
use crate::domain::time::Stamp;

/// The region that was last known to serve, and when that was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The region.
    pub side: Side,
    /// When.
    pub at: Stamp,
}

impl Served {
    /// What is known latest.
    pub fn latest(known: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let later = |one: Self, other: Self| {
            if earlier(one.at, other.at) == one.at { other } else { one }
        };
        known.into_iter().flatten().reduce(later)
    }

    /// What a run that came to its end, or saw the restoration, has on record; none before that.
    pub fn on_record(run: &Run, plan: &Runbook) -> Option<Self> {
        let (from, to) = (run.direction.from, run.direction.to);
        match (&run.closed, &run.restored) {
            (Some((at, Closing::Complete | Closing::CompleteExcept { .. })), _) => {
                Some(Self { side: to, at: *at })
            }
            (Some((at, Closing::Aborted)), _) => {
                let promotions = promotions(run, plan);
                let stays = |state: &StepState| state.phase == Phase::Done;
                let all = promotions.iter().all(|(_, state)| state.is_some_and(stays));
                let side = if all && !promotions.is_empty() { to } else { from };
                Some(Self { side, at: *at })
            }
            (None, Some((at, _))) if run.stage != Stage::Aborting => {
                Some(Self { side: to, at: *at })
            }
            (None, _) => None,
        }
    }
}

/// What is judged now: every console, `watch` and `status` ask it with the run that they know, open
/// or closed, and with what was `known` before.
///
/// Before its restoration an open run decides; from then on what the stores tell, and where they do
/// not tell, what was known latest.
pub fn about(
    run: Option<(&Run, &Runbook)>,
    known: Option<Served>,
    site: &Site,
    snapshot: &Snapshot,
    now: Stamp,
) -> Subject {
    let record = run.and_then(|(run, plan)| Served::on_record(run, plan));
    match run {
        Some((run, plan)) if record.is_none() => subject(run, plan, site, snapshot),
        Some(_) | None => {
            let known = Served::latest([known, record]).map(|served| served.side);
            active(site, snapshot, known, now).into()
        }
    }
}

/// The region that serves as the run stands, and what of it serves in the other one already.
///
/// A store has moved once the run's promotion of it is over and, when last read, the new place was
/// an open primary and the old one none. A region that was lost and never read since told last that
/// it is an open primary: nothing has moved, and its loss stays what the run is about.
fn subject(run: &Run, plan: &Runbook, site: &Site, snapshot: &Snapshot) -> Subject {
    let (from, to) = (run.direction.from, run.direction.to);
    let promotions = promotions(run, plan);
    let moved = |id: &&SystemId| {
        let steps = promotions.iter().filter(|(system, _)| system == id);
        let over = |state: Option<&StepState>| state.is_some_and(|s| s.phase.satisfies());
        let is_open = |side: Side| last_role(snapshot, id, side).map(Reading::is_open_primary);
        steps.map(|(_, state)| *state).all(over)
            && is_open(to) == Some(true)
            && is_open(from) == Some(false)
    };
    let stores: BTreeSet<&SystemId> = promotions.iter().map(|(system, _)| *system).collect();
    let moved: BTreeSet<SystemId> = stores.iter().copied().filter(moved).cloned().collect();
    // What idles in a standby does not serve before the plan has brought it up.
    let idles = site.systems.iter().any(|one| one.idle_standby && one.sides[to.index()].is_some());
    let whole = !moved.is_empty()
        && moved.len() == stores.len()
        && (!idles || decisive_steps_are_done(run, plan));
    if whole {
        return to.into();
    }
    Subject { active: from, moved, fenced: fenced(run, plan, site) }
}

/// What the fences of a run are seen to have closed in the region that is left. One that a person
/// attested was not seen, one that is lifted closes nothing.
fn fenced(run: &Run, plan: &Runbook, site: &Site) -> BTreeSet<SystemId> {
    let stands = |step: &&Step| {
        let there = |target: &Target| run.direction.side(target.place) == run.direction.from;
        let seen = |state: &StepState| {
            state.phase == Phase::Done && !state.attested && state.untrue.is_none()
        };
        step.change == Change::Fence
            && step.target.as_ref().is_none_or(there)
            && run.step(&step.id).is_some_and(seen)
            && !is_superseded(run, plan, &step.id)
    };
    let fences: Vec<&Step> = plan.steps.iter().filter(stands).collect();
    let promoted = promotions(run, plan);
    let is_store = |id: &SystemId| promoted.iter().any(|(system, _)| *system == id);
    // The fence of one store says nothing of another; that of an application covers them all.
    let covers = |step: &&Step, id: &SystemId| {
        let target = step.target.as_ref().map(|target| &target.system);
        target.is_none_or(|system| system == id || !is_store(system))
    };
    let closed = |id: &&SystemId| fences.iter().any(|step| covers(step, id));
    site.systems.iter().map(|system| &system.id).filter(closed).cloned().collect()
}

/// The stores that the plan promotes in the region the run goes to, with how that stands.
fn promotions<'r>(run: &'r Run, plan: &'r Runbook) -> Vec<(&'r SystemId, Option<&'r StepState>)> {
    let promotes = |step: &&Step| step.change.promotes();
    let there = |step: &'r Step| {
        let target = step.target.as_ref()?;
        let goes_there = run.direction.side(target.place) == run.direction.to;
        goes_there.then(|| (&target.system, run.step(&step.id)))
    };
    plan.steps.iter().filter(promotes).filter_map(there).collect()
}

/// What a store's side told last of its role; silence since then takes nothing back.
fn last_role<'s>(snapshot: &'s Snapshot, id: &SystemId, side: Side) -> Option<&'s Reading> {
    let cell = snapshot.cell(id, side)?;
    let told = [&cell.last_reading, &cell.last_good];
    told.into_iter().flatten().find(|reading| reading.role.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::forecast::tests::{run, runbook, step};
    use crate::domain::ids::StepId;
    use crate::domain::judge::judge;
    use crate::domain::reading::Writes::{Open, Refused};
    use crate::domain::rules::bench::{self, Saw, at, hear, id, stretch};
    use crate::domain::run::event::Mode;
    use crate::domain::runbook::Place;
    use crate::domain::verdict::Primary;

    /// fence -> promote pg and redis of B -> dns, with scale beside.
    fn plan() -> Runbook {
        let mut plan = runbook();
        plan.steps.push(step("cache", &["fence"], 10));
        for (name, system) in [("promote", "pg"), ("cache", "redis")] {
            let name = StepId::new(name).expect("a name");
            let step = plan.steps.iter_mut().find(|step| step.id == name).expect("it is there");
            step.change = Change::Promote;
            step.target = Some(Target { system: id(system), place: Place::To });
        }
        plan.steps[2].change = Change::Scale;
        plan
    }

    /// The region that is the subject, its state, and the keys of the alarms. What is told is heard
    /// from 0 to 20, then what is told after, to 40; one failing system makes a region red.
    fn seen(
        mode: Mode,
        done: &[&str],
        told: [(&str, Saw, Saw); 4],
        idle: bool,
    ) -> (Side, &'static str, Vec<String>) {
        let mut site = bench::site();
        site.red_needs_signals = 1;
        for system in &mut site.systems {
            system.idle_standby = idle && system.id == id("pods");
        }
        let mut snapshot = Snapshot::default();
        for side in Side::BOTH {
            hear(&mut snapshot, "gateway", side, &stretch(0, 40, &Saw::Up));
        }
        for (place, then, now) in told {
            let (name, side) = place.split_once(' ').expect("`pg A`");
            let side = if side == "A" { Side::A } else { Side::B };
            hear(&mut snapshot, name, side, &stretch(0, 20, &then));
            hear(&mut snapshot, name, side, &stretch(22, 40, &now));
        }
        for second in (0..=40).step_by(5) {
            snapshot.reference.record(at(second), Saw::Up.look(at(second)));
        }
        let plan = plan();
        let words: Vec<(u64, String)> = done
            .iter()
            .flat_map(|name| [(11, format!("start {name}")), (12, format!("end {name}"))])
            .collect();
        let words: Vec<(u64, &str)> =
            words.iter().map(|(second, word)| (*second, word.as_str())).collect();
        let run = run(&plan, mode, &words);
        let judged = judge(&site, &snapshot, subject(&run, &plan, &site, &snapshot), at(40));
        let word = match judged.primary {
            Primary::Healthy => "healthy",
            Primary::Suspect { .. } => "suspect",
            Primary::Red { .. } => "red",
            Primary::ItIsUs { .. } | Primary::Blind(_) => "not told",
        };
        let keys = judged.alarms.into_iter().map(|alarm| alarm.key).collect();
        (judged.active, word, keys)
    }

    #[test]
    fn the_region_that_took_the_place_is_the_one_that_serves() {
        let check = |mode, done: &[&str], told: [(&str, Saw, Saw); 4], want: &str| {
            let (side, word, keys) = seen(mode, done, told, false);
            assert_eq!(format!("{side} {word} {}", keys.join(" ")).trim(), want);
        };
        let (open, closed) = (Saw::Writes(Open), Saw::Writes(Refused));
        let both = ["fence", "promote", "cache"];
        let old = |pg: &Saw| {
            [
                ("pg A", closed.clone(), pg.clone()),
                ("pg B", open.clone(), open.clone()),
                ("redis A", open.clone(), Saw::Standby),
                ("redis B", Saw::Standby, open.clone()),
            ]
        };
        // What becomes of the old primary is the standby's trouble: it restarts, and follows.
        check(Mode::Planned, &both, old(&closed), "B healthy");
        check(Mode::Planned, &both, old(&Saw::Silent), "B healthy rule/pg_down/a");
        check(Mode::Planned, &both, old(&Saw::Standby), "B healthy");
        check(Mode::Ungraceful, &both, old(&Saw::Standby), "B healthy");
        // One store after the other: what has moved no longer speaks for the region that is left.
        let one = ["fence", "promote"];
        let half = |pg: &Saw, redis: &Saw| {
            let [a, b, ..] = old(pg);
            let redis_a = ("redis A", open.clone(), redis.clone());
            [a, b, redis_a, ("redis B", Saw::Standby, Saw::Standby)]
        };
        check(Mode::Planned, &one, half(&Saw::Standby, &open), "A healthy");
        check(Mode::Planned, &one, half(&Saw::Silent, &open), "A healthy rule/pg_down/a");
        check(Mode::Planned, &one, half(&closed, &Saw::Silent), "A red red/a");
        // The new one fails.
        let [a, _, c, d] = old(&closed);
        let lost = [a, ("pg B", open.clone(), Saw::Silent), c, d];
        check(Mode::Planned, &both, lost, "B red red/b");
        // Not proven: the old one takes writes, or was lost as it did.
        let [_, b, c, d] = old(&closed);
        let two = |pg: Saw| [("pg A", open.clone(), pg), b.clone(), c.clone(), d.clone()];
        check(Mode::Planned, &both, two(open.clone()), "A healthy split/pg");
        check(Mode::Ungraceful, &both, two(Saw::Silent), "A red red/a");
        // Before the promotion the loss of A is what the run is about.
        let before = [
            ("pg A", open.clone(), Saw::Silent),
            ("pg B", Saw::Standby, Saw::Standby),
            ("redis A", open.clone(), open.clone()),
            ("redis B", Saw::Standby, Saw::Standby),
        ];
        check(Mode::Ungraceful, &["fence"], before, "A red red/a");
    }

    #[test]
    fn a_fence_that_was_seen_done_counts_where_the_region_is_silent() {
        let check = |words: &[(u64, &str)], pg: Saw, want: &str| {
            let mut site = bench::site();
            site.red_needs_signals = 1;
            let mut snapshot = Snapshot::default();
            hear(&mut snapshot, "pg", Side::A, &stretch(0, 20, &Saw::Writes(Open)));
            hear(&mut snapshot, "pg", Side::A, &stretch(22, 40, &pg));
            hear(&mut snapshot, "gateway", Side::A, &stretch(0, 20, &Saw::Up));
            hear(&mut snapshot, "gateway", Side::A, &stretch(22, 40, &Saw::Silent));
            hear(&mut snapshot, "pg", Side::B, &stretch(0, 40, &Saw::Standby));
            let mut plan = plan();
            let fence = plan.steps.iter_mut().find(|step| step.id.as_str() == "fence");
            fence.expect("it is there").change = Change::Fence;
            let run = run(&plan, Mode::Ungraceful, words);
            let judged = judge(&site, &snapshot, subject(&run, &plan, &site, &snapshot), at(40));
            let found = judged.criteria.iter().find(|one| one.key == "fenced/a");
            assert_eq!(found.map(|one| one.evidence.as_str()), Some(want), "{words:?}");
        };
        let unknown = "UNKNOWN: A may accept writes: pg";
        let by_fence = "A accepts no writes: its fence was seen done, and nothing denies it";
        let done = [(30, "start fence"), (31, "end fence")];
        check(&[], Saw::Silent, unknown);
        check(&done, Saw::Silent, by_fence);
        check(&done, Saw::Writes(Open), unknown);
        check(&done, Saw::Writes(Refused), "A accepts no writes");
        check(&[(30, "attest fence")], Saw::Silent, unknown);
        let gone = [done[0], done[1], (32, "untrue fence")];
        check(&gone, Saw::Silent, unknown);
    }

    #[test]
    fn what_idles_is_brought_up_before_its_region_serves() {
        let told = || {
            [
                ("pg A", Saw::Writes(Refused), Saw::Standby),
                ("pg B", Saw::Writes(Open), Saw::Writes(Open)),
                ("redis A", Saw::Standby, Saw::Standby),
                ("redis B", Saw::Writes(Open), Saw::Writes(Open)),
            ]
        };
        let check = |done: &[&str], want: Side| {
            let (side, word, _) = seen(Mode::Planned, done, told(), true);
            assert_eq!((side, word), (want, "healthy"));
        };
        check(&["fence", "promote", "cache"], Side::A);
        check(&["fence", "promote", "cache", "scale"], Side::B);
    }
}
