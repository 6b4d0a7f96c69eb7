//! One simulated store, moment by moment: who writes, what is copied, what is lost.
//!
//! The figure that everything rests on is `ahead`: seconds of writes that the source has and the
//! replica has not. It never rises faster than time passes (a replica cannot forget), falls at most
//! at [`CATCH_UP`], and is frozen when neither side writes nor copies.

use super::acts::Act;
use super::chance::Chance;
use super::history::Held;
use super::plan::{SystemPlan, WorldPlan};
use crate::domain::catalogue::Change;
use crate::domain::ids::Side;

/// Seconds of writes that a replica takes in per second when it has fallen behind.
pub const CATCH_UP: f64 = 3.0;

/// A part of an act's work that ends at a known time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Seconds since the world began.
    pub from_s: f64,
    /// Seconds since the world began.
    pub until_s: f64,
}

impl Work {
    /// How far it is, 0 to 1.
    pub fn share(self, now_s: f64) -> f64 {
        ((now_s - self.from_s) / (self.until_s - self.from_s).max(1e-3)).clamp(0.0, 1.0)
    }
}

/// The truth of one store at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreState {
    /// Which sides are primary, fenced or not; means nothing for a mirrored store.
    pub primary: [bool; 2],
    /// Which sides take writes while they run.
    pub open: [bool; 2],
    /// The promotion that is under way on a side.
    pub promoting: [Option<Work>; 2],
    /// The side whose writes count as the ones to be kept.
    pub source: Side,
    /// True while copying is set up, whether or not it can flow.
    pub linked: bool,
    /// True while copies flow.
    pub flows: bool,
    /// The first copy of everything, while it is under way.
    pub seeding: Option<Work>,
    /// Seconds of writes that the source has and the other side has not.
    pub ahead_s: f64,
    /// When copies last stopped flowing, seconds since the world began.
    pub flow_ended_s: Option<f64>,
    /// Seconds of writes lost for good (or by now not in the new primary); none while nothing was
    /// promoted.
    pub lost_s: Option<f64>,
    /// Grows with every promotion.
    pub timeline: u32,
    /// What each side holds; means nothing for a mirrored store.
    pub held: [Held; 2],
}

impl StoreState {
    /// The side that is copied to.
    pub fn replica(&self) -> Side {
        self.source.other()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Happening {
    Life(Side, bool),
    Fence(Side, bool),
    Promote(Side),
    Promoted(Side),
    Stop(Side),
    Replicate(Side),
    Seeded,
}

struct Fold<'a> {
    system: &'a SystemPlan,
    chance: Chance,
    alive: [bool; 2],
    fenced: [bool; 2],
    state: StoreState,
    since_s: f64,
    ahead_then_s: f64,
    frozen_loss_s: Option<f64>,
}

/// The truth of a store at `now_s` seconds since the world began.
pub fn store_at(plan: &WorldPlan, system: &SystemPlan, now_s: f64, acts: &[Act]) -> StoreState {
    let chance = Chance::new(plan.seed).of(system.id.as_str());
    let mut primary = [false; 2];
    primary[plan.primary.index()] = true;
    let usual_s = usual_lag_s(chance, system.lag_s, 0.0);
    let state = StoreState {
        primary,
        open: primary.map(|primary| primary || system.mirrored),
        promoting: [None, None],
        source: plan.primary,
        linked: system.sides == [true, true],
        flows: true,
        seeding: None,
        ahead_s: 0.0,
        flow_ended_s: None,
        lost_s: None,
        timeline: 1,
        held: Held::at_first(plan.primary, usual_s),
    };
    let mut fold = Fold {
        system,
        chance,
        alive: [true; 2],
        fenced: [false; 2],
        state,
        since_s: 0.0,
        ahead_then_s: usual_s,
        frozen_loss_s: None,
    };
    let mut happenings = happenings(plan, system, chance, acts);
    happenings.retain(|(at_s, _)| *at_s <= now_s);
    happenings.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (at_s, happening) in happenings {
        fold.advance(at_s);
        let wrote = fold.write();
        fold.take(at_s, happening);
        for side in Side::BOTH {
            if fold.write()[side.index()] && !wrote[side.index()] {
                fold.state.held[side.index()].begins(at_s);
            }
        }
        let flows = fold.flows();
        if fold.state.flows && !flows {
            fold.state.flow_ended_s = Some(at_s);
        }
        fold.state.flows = flows;
    }
    fold.advance(now_s);
    fold.finish()
}

fn happenings(
    plan: &WorldPlan,
    system: &SystemPlan,
    chance: Chance,
    acts: &[Act],
) -> Vec<(f64, Happening)> {
    let mut list = Vec::new();
    for (time, alive) in [(plan.fail_after, false), (plan.returns_after, true)] {
        if let Some(time) = time {
            list.push((time.as_secs_f64(), Happening::Life(plan.dies, alive)));
        }
    }
    for act in acts {
        let at_s = act.at().as_secs_f64();
        let ours = act.system == system.id.as_str();
        match act.change {
            Change::Fence => list.push((takes_hold_s(plan, act), Happening::Fence(act.side, true))),
            Change::Unfence => {
                list.push((takes_hold_s(plan, act), Happening::Fence(act.side, false)));
            }
            // What needs no promotion has nothing else to stop its copying for good.
            Change::Promote | Change::HandOver if ours && !system.mirrored => {
                list.push((at_s, Happening::Promote(act.side)));
                let work = promotion(system, chance, at_s, act.elapsed_ms);
                list.push((work.until_s, Happening::Promoted(act.side)));
            }
            Change::Promote | Change::HandOver | Change::StopReplication if ours => {
                list.push((at_s, Happening::Stop(act.side)));
            }
            Change::Follow if ours => {
                list.push((at_s, Happening::Replicate(act.side)));
                let work = seeding(chance, at_s, act.elapsed_ms);
                list.push((work.until_s, Happening::Seeded));
            }
            Change::Promote
            | Change::HandOver
            | Change::StopReplication
            | Change::Follow
            | Change::Scale
            | Change::ShiftTraffic
            | Change::Purge
            | Change::Notify
            | Change::ProveWrite
            | Change::Check
            | Change::None => {}
        }
    }
    list
}

/// When a fence or its removal works, in seconds since the world began.
pub fn takes_hold_s(plan: &WorldPlan, act: &Act) -> f64 {
    let chance = Chance::new(plan.seed).of(act.change.word()).at(act.elapsed_ms);
    act.at().as_secs_f64() + chance.between(3.0, 8.0)
}

fn promotion(system: &SystemPlan, chance: Chance, at_s: f64, act: u64) -> Work {
    let usual_s = chance.of("promote").at(act).between(20.0, 60.0);
    Work { from_s: at_s, until_s: at_s + system.promote_s.unwrap_or(usual_s) }
}

fn seeding(chance: Chance, at_s: f64, act: u64) -> Work {
    Work { from_s: at_s, until_s: at_s + chance.of("seed").at(act).between(30.0, 60.0) }
}

/// How far a living replica is usually behind: slow swells, seldom spikes, a little tremble. Its
/// slope stays under one, so no moment of it would mean that a replica forgot something.
pub fn usual_lag_s(chance: Chance, typical_s: f64, time_s: f64) -> f64 {
    let swell = chance.of("swell").curve(time_s, (9.0 * typical_s).max(2.0));
    // A high power, so that most of the time is calm: 0.4 to 2.2 times the typical lag.
    let slow = 0.4 + 0.6 * swell + swell.powi(6);
    let tremble = 0.2 * chance.of("tremble").curve(time_s, (0.8 * typical_s).max(0.5));
    typical_s * (slow + tremble)
}

impl Fold<'_> {
    fn flows(&self) -> bool {
        self.state.linked && self.state.seeding.is_none() && self.alive == [true, true]
    }

    fn open(&self) -> [bool; 2] {
        Side::BOTH.map(|side| {
            let place = side.index();
            !self.fenced[place] && (self.system.mirrored || self.state.primary[place])
        })
    }

    /// Which sides take writes now.
    fn write(&self) -> [bool; 2] {
        let open = self.open();
        Side::BOTH.map(|side| self.alive[side.index()] && open[side.index()])
    }

    fn source_writes(&self) -> bool {
        self.write()[self.state.source.index()]
    }

    /// Moves `ahead` to `at_s` under what has held since the last happening.
    fn advance(&mut self, at_s: f64) {
        let passed_s = (at_s - self.since_s).max(0.0);
        let least_s = (self.ahead_then_s - (CATCH_UP - 1.0) * passed_s).max(0.0);
        let most_s = self.ahead_then_s + passed_s;
        self.state.ahead_s = match (self.flows(), self.source_writes()) {
            (true, true) => {
                usual_lag_s(self.chance, self.system.lag_s, at_s).min(most_s).max(least_s)
            }
            (true, false) => (self.ahead_then_s - CATCH_UP * passed_s).max(0.0),
            (false, true) => most_s,
            (false, false) => self.ahead_then_s,
        };
        let writing = self.write();
        for (held, writes) in self.state.held.iter_mut().zip(writing) {
            held.end_s += if writes { passed_s } else { 0.0 };
        }
        if self.state.linked && self.state.seeding.is_none() {
            let [a, b] = &mut self.state.held;
            let (replica, source) = if self.state.source == Side::A { (b, a) } else { (a, b) };
            replica.follows(source, self.state.ahead_s);
        }
    }

    fn take(&mut self, at_s: f64, happening: Happening) {
        match happening {
            Happening::Life(side, alive) => self.alive[side.index()] = alive,
            Happening::Fence(side, fenced) => self.fenced[side.index()] = fenced,
            Happening::Promote(side) => self.begin_promotion(at_s, side),
            Happening::Promoted(side) => {
                let due = self.state.promoting[side.index()]
                    .is_some_and(|work| work.until_s <= at_s + 1e-9);
                if due {
                    self.state.promoting[side.index()] = None;
                    if self.alive[side.index()] {
                        self.state.primary[side.index()] = true;
                        self.state.timeline += 1;
                        self.state.held[side.index()].parts(self.state.timeline);
                    }
                }
            }
            // Only what is copied into the named side ends; the other way is another mirror.
            Happening::Stop(side) if self.state.replica() == side => self.state.linked = false,
            Happening::Stop(_) => {}
            Happening::Replicate(side) => self.begin_seeding(at_s, side),
            Happening::Seeded => {
                let due = self.state.seeding.is_some_and(|work| work.until_s <= at_s + 1e-9);
                if due {
                    self.state.seeding = None;
                    self.state.ahead_s = self.system.lag_s;
                }
            }
        }
        self.since_s = at_s;
        self.ahead_then_s = self.state.ahead_s;
    }

    fn begin_promotion(&mut self, at_s: f64, side: Side) {
        let place = side.index();
        let idle = !self.state.primary[place] && self.state.promoting[place].is_none();
        if idle && self.alive[place] && self.state.seeding.is_none() {
            self.state.linked = false;
            let ms = super::chance::whole((at_s * 1000.0).round());
            self.state.promoting[place] = Some(promotion(self.system, self.chance, at_s, ms));
        }
    }

    /// Makes `side` a follower; what only it had is gone from here on.
    fn begin_seeding(&mut self, at_s: f64, side: Side) {
        let from = side.other();
        let source_there = self.system.mirrored || self.state.primary[from.index()];
        if self.alive != [true, true] || !source_there || self.state.seeding.is_some() {
            return;
        }
        if self.state.linked && self.state.source == from {
            return;
        }
        if self.state.source == side {
            let lost_s = self.frozen_loss_s.unwrap_or(0.0) + self.state.ahead_s;
            self.frozen_loss_s = Some(lost_s);
        }
        self.state.primary[side.index()] = false;
        self.state.promoting[side.index()] = None;
        self.state.source = from;
        self.state.linked = true;
        self.state.ahead_s = 0.0;
        let ms = super::chance::whole((at_s * 1000.0).round());
        self.state.seeding = Some(seeding(self.chance, at_s, ms));
    }

    fn finish(mut self) -> StoreState {
        let moved = if self.system.mirrored {
            !self.state.linked
        } else {
            self.state.primary[self.state.replica().index()]
        };
        self.state.flows = self.flows();
        self.state.lost_s = match (self.frozen_loss_s, moved) {
            (None, false) => None,
            (frozen, true) => Some(frozen.unwrap_or(0.0) + self.state.ahead_s),
            (frozen @ Some(_), false) => frozen,
        };
        self.state.open = self.open();
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_never_forgets() {
        for seed in 0..200 {
            let chance = Chance::new(seed);
            for typical_s in [0.2, 0.8, 6.0, 30.0] {
                let mut before = usual_lag_s(chance, typical_s, 0.0);
                for step in 1..600_u32 {
                    let now = usual_lag_s(chance, typical_s, f64::from(step) * 0.1);
                    assert!(now - before <= 0.1 + 1e-9, "seed {seed}, {typical_s} s, step {step}");
                    assert!(now > 0.0 && now <= typical_s * 3.0);
                    before = now;
                }
            }
        }
    }
}
