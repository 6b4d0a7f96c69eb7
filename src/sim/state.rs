//! The truth of the simulated world at one moment, from seed, elapsed time and acts alone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::acts::Act;
use super::chance::Chance;
use super::plan::{Nature, SystemPlan, WorldPlan};
use super::store::{StoreState, store_at, takes_hold_s};
use crate::domain::catalogue::Change;
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::Capacity;

/// Resolvers that stand for all of the users' ways in.
pub const RESOLVERS: u32 = 24;

/// Share of users on a side from which it has the traffic.
pub const TRAFFIC_SHARE_MIN: f64 = 0.95;

/// Share of the wanted units from which a side can carry all users.
pub const CAPACITY_SHARE_MIN: f64 = 0.8;

/// Seconds from a change of records until every name server answers with it.
const RECORDS_S: f64 = 2.0;

/// Seconds a purge takes to reach every edge.
const PURGE_S: f64 = 6.0;

/// The truth at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldState {
    /// Seconds since the world began.
    pub now_s: f64,
    /// Whether our own network is down.
    pub cut: bool,
    /// Whether a side's machines run.
    pub alive: [bool; 2],
    /// Whether a side is kept from writing.
    pub fenced: [bool; 2],
    /// A fence or its removal that does not work yet: the side and what it will be.
    pub fencing: Option<(Side, bool)>,
    /// Share of users that a side gets, 0 to 1.
    pub share: [f64; 2],
    /// Share of users that a side will get when every resolver has asked again.
    pub share_wanted: [f64; 2],
    /// Every store.
    pub stores: BTreeMap<SystemId, StoreState>,
    /// Every compute system: units on both sides.
    pub compute: BTreeMap<SystemId, [Units; 2]>,
}

/// Units of one compute system on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// Ready to serve.
    pub ready: u32,
    /// Asked for.
    pub asked: u32,
    /// Wanted for full service.
    pub wanted: u32,
}

impl Units {
    /// Ready of those that full service needs.
    pub fn capacity(self) -> Capacity {
        Capacity { ready: self.ready, wanted: self.wanted }
    }
}

impl WorldState {
    /// The truth after `elapsed`, of a world with these acts. Acts of the future do not count.
    pub fn at(plan: &WorldPlan, elapsed: Duration, acts: &[Act]) -> Self {
        let now_s = elapsed.as_secs_f64();
        let acts = &acts[..acts.partition_point(|act| act.at() <= elapsed)];
        let (share, share_wanted) = shares(plan, now_s, acts);
        let of = |nature: Nature| plan.systems.iter().filter(move |one| one.nature == nature);
        let stores = of(Nature::Store)
            .map(|system| (system.id.clone(), store_at(plan, system, now_s, acts)))
            .collect();
        let compute = of(Nature::Compute)
            .map(|system| {
                let units = Side::BOTH.map(|side| units(plan, system, side, now_s, acts));
                (system.id.clone(), units)
            })
            .collect();
        Self {
            now_s,
            cut: plan.cut(now_s),
            alive: Side::BOTH.map(|side| plan.alive(side, now_s)),
            fenced: Side::BOTH.map(|side| fenced(plan, side, now_s, acts)),
            fencing: fencing(plan, now_s, acts),
            share,
            share_wanted,
            stores,
            compute,
        }
    }

    /// The store called `id`.
    pub fn store(&self, id: &SystemId) -> Option<&StoreState> {
        self.stores.get(id)
    }

    /// Why users that are sent to `side` are not well served; none when they are.
    pub fn user_trouble(&self, plan: &WorldPlan, side: Side) -> Option<Trouble> {
        let place = side.index();
        if !self.alive[place] {
            return Some(Trouble::Gone);
        }
        if self.fenced[place] {
            return Some(Trouble::Fenced);
        }
        let stores = plan.systems.iter().filter(|one| one.nature == Nature::Store && !one.mirrored);
        for system in stores {
            let writable = self.stores.get(&system.id).is_some_and(|one| one.primary[place]);
            if !writable && system.sides[place] {
                return Some(Trouble::ReadOnly(system.title.clone()));
            }
        }
        let worst = self.compute.values().map(|units| units[place].capacity());
        let worst = worst.min_by(|one, other| one.share().total_cmp(&other.share()));
        worst.filter(|one| one.share() < CAPACITY_SHARE_MIN).map(Trouble::Capacity)
    }

    /// True when users on `side` are served: it has the traffic, the stores and the units.
    pub fn serves(&self, plan: &WorldPlan, side: Side) -> bool {
        self.share[side.index()] >= TRAFFIC_SHARE_MIN && self.user_trouble(plan, side).is_none()
    }

    /// Share of all users' requests that fail, 0 to 1.
    pub fn user_errors(&self, plan: &WorldPlan) -> f64 {
        Side::BOTH
            .into_iter()
            .map(|side| {
                let failing = match self.user_trouble(plan, side) {
                    None => 0.0,
                    Some(Trouble::Gone | Trouble::Fenced) => 1.0,
                    Some(Trouble::ReadOnly(_)) => 0.85,
                    Some(Trouble::Capacity(capacity)) => (1.0 - capacity.share()).max(0.0),
                };
                self.share[side.index()] * failing
            })
            .sum()
    }
}

/// Why users are not well served on a side.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// The region is gone.
    Gone,
    /// The region is kept from writing.
    Fenced,
    /// This store does not take writes there.
    ReadOnly(String),
    /// Too few units for all users.
    Capacity(Capacity),
}

impl Trouble {
    /// The trouble in a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Gone => "the region is silent".to_owned(),
            Self::Fenced => "the region is fenced".to_owned(),
            Self::ReadOnly(title) => format!("{title} is read-only"),
            Self::Capacity(capacity) => {
                format!("{} of {} units ready", capacity.ready, capacity.wanted)
            }
        }
    }
}

fn fenced(plan: &WorldPlan, side: Side, now_s: f64, acts: &[Act]) -> bool {
    acts.iter()
        .filter(|act| act.side == side && takes_hold_s(plan, act) <= now_s)
        .filter(|act| matches!(act.change, Change::Fence | Change::Unfence))
        .max_by(|one, other| takes_hold_s(plan, one).total_cmp(&takes_hold_s(plan, other)))
        .is_some_and(|act| act.change == Change::Fence)
}

fn fencing(plan: &WorldPlan, now_s: f64, acts: &[Act]) -> Option<(Side, bool)> {
    acts.iter()
        .filter(|act| matches!(act.change, Change::Fence | Change::Unfence))
        .rfind(|act| takes_hold_s(plan, act) > now_s)
        .map(|act| (act.side, act.change == Change::Fence))
}

/// Users by side: each resolver goes over when the answer it keeps has run out.
fn shares(plan: &WorldPlan, now_s: f64, acts: &[Act]) -> ([f64; 2], [f64; 2]) {
    let ttl_s = plan.ttl_s();
    let shifts: Vec<&Act> = acts.iter().filter(|act| act.change == Change::ShiftTraffic).collect();
    let chance = Chance::new(plan.seed).of("resolvers");
    let goes_to = |resolver: u32, act: &Act| {
        let there = resolver * 100 < act.amount.min(100) * RESOLVERS;
        if there { act.side } else { act.side.other() }
    };
    let mut now = [0_u32; 2];
    let mut wanted = [0_u32; 2];
    for resolver in 0..RESOLVERS {
        let knows = |act: &&&Act| {
            let wait = chance.at(act.elapsed_ms).at(u64::from(resolver)).share() * ttl_s;
            act.at().as_secs_f64() + RECORDS_S + wait <= now_s
        };
        let answered = shifts.iter().rev().find(knows);
        let side = answered.map_or(plan.primary, |act| goes_to(resolver, act));
        now[side.index()] += 1;
        let side = shifts.last().map_or(plan.primary, |act| goes_to(resolver, act));
        wanted[side.index()] += 1;
    }
    let share = |counts: [u32; 2]| counts.map(|count| f64::from(count) / f64::from(RESOLVERS));
    (share(now), share(wanted))
}

/// Units of one side: they come one by one, and go faster than they come.
fn units(plan: &WorldPlan, system: &SystemPlan, side: Side, now_s: f64, acts: &[Act]) -> Units {
    let chance = Chance::new(plan.seed).of(system.id.as_str()).of("units");
    let start = if side == plan.primary { system.wanted } else { system.standby };
    // (when, what is asked for from then on; none keeps it), and whether all units are gone first.
    let mut turns: Vec<(f64, Option<u32>, bool)> = acts
        .iter()
        .filter(|act| act.change == Change::Scale && act.side == side)
        .filter(|act| act.system == system.id.as_str())
        .map(|act| (act.at().as_secs_f64(), Some(act.amount), false))
        .collect();
    if side == plan.dies {
        turns.extend(plan.fail_after.map(|time| (time.as_secs_f64(), None, true)));
        turns.extend(plan.returns_after.map(|time| (time.as_secs_f64(), None, true)));
    }
    turns.retain(|turn| turn.0 <= now_s);
    turns.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut from, mut asked, mut since_s) = (start, start, 0.0);
    for (at_s, wish, gone) in turns {
        from = if gone { 0 } else { ramp(chance, from, asked, since_s, at_s) };
        asked = wish.unwrap_or(asked);
        since_s = at_s;
    }
    let alive = plan.alive(side, now_s);
    let ready = if alive { ramp(chance, from, asked, since_s, now_s) } else { 0 };
    Units { ready, asked, wanted: system.wanted }
}

fn ramp(chance: Chance, from: u32, to: u32, since_s: f64, now_s: f64) -> u32 {
    let mut left_s = now_s - since_s - 5.0;
    let mut count = from;
    while count != to {
        let each_s = if count < to {
            chance.at(super::chance::whole(since_s * 1000.0)).at(count.into()).between(6.0, 9.0)
        } else {
            1.5
        };
        left_s -= each_s;
        if left_s < 0.0 {
            break;
        }
        count = if count < to { count + 1 } else { count - 1 };
    }
    count
}

/// True when a cache was emptied after the users last went to another side than `side`.
pub fn purged(acts: &[Act], system: &str, side: Side, now_s: f64) -> bool {
    let done = |act: &Act| act.at().as_secs_f64() + PURGE_S <= now_s;
    since_last_turn(acts, side).any(|act| {
        act.change == Change::Purge && act.system == system && act.side == side && done(act)
    })
}

/// The acts since users were last sent to the other side than `side`: those of the way there.
pub fn since_last_turn(acts: &[Act], side: Side) -> impl Iterator<Item = &Act> {
    let turn = acts.iter().rposition(|act| {
        act.change == Change::ShiftTraffic && act.side == side.other() && act.amount >= 50
    });
    acts[turn.map_or(0, |turn| turn + 1)..].iter()
}
