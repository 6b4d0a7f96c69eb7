//! How far a follower is behind: operations from both sides' own numbers, seconds from when they
//! were seen to pass, or from a heartbeat.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::anew::Holdings;
use super::settings::Own;
use super::state::{Copying, Index, Shard, SideState};
use crate::domain::ids::Side;
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit, Role};
use crate::domain::time::Stamp;
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::server;
use crate::systems::kit::trail::Trail;

/// The most shards of which it is remembered when they stood where.
const TRAILS_MAX: usize = 256;

/// How far a side had followed a leader when that was last known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Followed {
    /// What the copies are called.
    pub(super) by: String,
    /// The leader's history as these copies were first seen to follow it.
    pub(super) of: String,
    /// Its operations that had arrived.
    pub(super) at: u64,
}

/// What looks have taught, as it is written down.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Learned {
    pub(super) pulses: [Pulse; 2],
    /// By the side that followed.
    pub(super) followed: [Option<Followed>; 2],
    /// What each side held while it led.
    #[serde(default)]
    pub(super) holdings: [Holdings; 2],
    /// Where the leader's shards stood when. Not written down: too much, and soon learned again.
    #[serde(skip)]
    pub(super) trails: BTreeMap<String, Trail>,
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        (self.followed, self.holdings) = (earlier.followed, earlier.holdings);
        let pulses = self.pulses.iter_mut().zip(earlier.pulses);
        pulses.for_each(|(own, earlier)| own.recall(earlier));
    }
}

impl Learned {
    /// Before the first look.
    pub(super) fn new(sides: [Option<&Own>; 2]) -> Self {
        let pulses = sides.map(|own| Pulse::new(own.and_then(|own| own.beats_every)));
        Self { pulses, ..Self::default() }
    }

    /// Learns from a look.
    pub(super) fn learn(&mut self, told: [Option<&SideState>; 2], at: Stamp) {
        for side in Side::BOTH {
            let (own, other) = (told[side.index()], told[side.other().index()]);
            let Some(own) = own else { continue };
            if let Some(beat) = own.beats[side.index()].oldest() {
                self.pulses[side.index()].hear(beat);
            }
            match own.role() {
                Some(Role::Primary) => self.note(own, at),
                Some(Role::Standby) => {
                    let arrived = own.operations(|shard| shard.complete);
                    let (by, before) = (own.history(), self.followed[side.index()].take());
                    let before = before.filter(|before| before.by == by);
                    let at = arrived.or(before.as_ref().map(|before| before.at));
                    let of = before.map(|before| before.of).or_else(|| {
                        other.filter(|other| other.is_primary()).map(SideState::history)
                    });
                    if let (Some(of), Some(at)) = (of, at) {
                        self.followed[side.index()] = Some(Followed { by, of, at });
                    }
                }
                None => {}
            }
        }
        for side in Side::BOTH {
            let Some(own) = told[side.index()] else { continue };
            let followed = self.followed[side.other().index()].as_ref();
            let is_followed = told[side.other().index()]
                .is_some_and(|other| other.role() == Some(Role::Standby))
                && followed.is_some_and(|followed| followed.of == own.history());
            self.holdings[side.index()].follow(own, is_followed);
        }
    }

    /// Notes where a leader's shards stand.
    fn note(&mut self, leader: &SideState, at: Stamp) {
        for (index, _) in leader.there() {
            for (shard, stands) in &index.shards {
                let key = key(leader, index, *shard);
                if self.trails.len() < TRAILS_MAX || self.trails.contains_key(&key) {
                    let position = u64::try_from(stands.newest.saturating_add(1)).unwrap_or(0);
                    let of = format!("{:?}", at.boot);
                    self.trails.entry(key).or_default().record(&of, clock_s(at), position);
                }
            }
        }
    }
}

fn key(leader: &SideState, index: &Index, shard: u32) -> String {
    format!("{}/{}/{shard}", leader.root.uuid, index.name)
}

/// Seconds of a clock that is never set.
fn clock_s(at: Stamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since a boot are below 2^52")]
    let seconds = at.boot_ms as f64 / 1000.0;
    seconds
}

/// Seconds from `from_ms` to `to_ms`, never negative.
pub(super) fn span_s(to_ms: i64, from_ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
    let milliseconds = to_ms.saturating_sub(from_ms).max(0) as f64;
    milliseconds / 1000.0
}

/// What each shard of an index lacks, with the position that it has reached.
type Behind = BTreeMap<u32, (u64, u64)>;

/// Which word on a leader counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// The newest of its own and of what its follower heard of it.
    Live,
    /// Its own, told before the follower was asked: under load nobody is level with the newest.
    AsAsked,
    /// Its own, which takes no writes: a copy that has more is one of another history.
    Still,
}

/// How many operations a follower lacks of all indices; or why nobody knows.
pub(super) fn lacking(
    own: &SideState,
    leader: &SideState,
    alias: &str,
    pace: Pace,
) -> Result<u64, String> {
    own.indices.iter().try_fold(0, |all, index| {
        let lacks = behind(index, leader, alias, pace)?;
        Ok(total(lacks.values()).saturating_add(all))
    })
}

/// What shards lack together. Whoever tells of so many that no number holds them tells nothing.
fn total<'b>(shards: impl Iterator<Item = &'b (u64, u64)>) -> u64 {
    shards.fold(0, |all, (lacks, _)| all.saturating_add(*lacks))
}

/// What an index lacks of what its leader had when that was asked; or why nobody knows.
///
/// Both sides' own numbers are compared, never what a follower remembers of its leader. While it
/// copies its own word on each shard is wanted too: just after a start it leaves some out.
pub(super) fn behind(
    own: &Index,
    leader: &SideState,
    alias: &str,
    pace: Pace,
) -> Result<Behind, String> {
    let name = &own.name;
    let unknown = |why: &str| Err(format!("`{name}` {why}"));
    let Some(source) = leader.index(name).and_then(Index::all_shards) else {
        return unknown("is not told in whole by its leader");
    };
    if let Some(other) = own.alias.as_deref().filter(|told| *told != alias) {
        return unknown(&format!("follows the cluster called `{other}`, not `{alias}`"));
    }
    let Some(here) = own.all_shards() else { return unknown("is not told in whole here") };
    if here.len() != source.len() {
        return unknown("has other shards than its leader");
    }
    let told = match &own.copying {
        Copying::Syncing(told) if told.len() == here.len() => Some(told),
        Copying::Paused(_) => None,
        Copying::Syncing(_) => return unknown("has shards that are not copied yet"),
        Copying::LeaderGone => return unknown("has no answer from its leader"),
        Copying::Nothing => return unknown("is said not to be copied, and is marked as copied"),
        Copying::Untold(why) => return unknown(&format!("told nothing: {why}")),
        Copying::Bootstrapping | Copying::Failed(_) | Copying::Other(_) => {
            return unknown(&format!("is {}", own.copying.word()));
        }
    };
    let mut behind = Behind::new();
    for ((shard, there), here) in (0..).zip(source).zip(here) {
        let word = told.and_then(|told| told.get(&shard));
        let Some((leads, reached)) = reached(there, here, word.copied(), pace) else {
            return unknown("holds what its leader never wrote");
        };
        behind.insert(shard, (leads.saturating_sub(reached), reached));
    }
    Ok(behind)
}

/// Where a shard's leader stands and where its copy does; none where that is ahead.
fn reached(there: Shard, here: Shard, told: Option<(i64, i64)>, pace: Pace) -> Option<(u64, u64)> {
    let count = |at: i64| u64::try_from(at.saturating_add(1)).unwrap_or(0);
    match told {
        Some((_, follower)) if pace == Pace::Still && follower.max(here.newest) > there.newest => {
            None
        }
        // The leader is asked on two ways in one look: the larger word counts.
        Some((leader, follower)) => {
            let leads = if pace == Pace::Live { there.newest.max(leader) } else { there.newest };
            // So is its copy, and of it the smaller one: its own shard has what it has.
            Some((count(leads), count(follower.min(here.complete))))
        }
        // Nothing arrives while it is paused: more than its leader has is another history.
        None if here.newest > there.newest => None,
        None => Some((count(there.newest), count(here.complete))),
    }
}

/// What is known when a lag is told.
pub(super) struct Measured<'a> {
    /// The follower.
    pub(super) own: &'a SideState,
    /// The other side, where it told that it leads.
    pub(super) leader: Option<&'a SideState>,
    /// The side that leads.
    pub(super) from: Side,
    /// What earlier looks taught.
    pub(super) learned: &'a Learned,
    /// What the follower's cluster calls the leader's.
    pub(super) alias: &'a str,
    /// The heartbeat's index.
    pub(super) heartbeat: Option<&'a str>,
    /// When the look began.
    pub(super) at: Stamp,
}

impl Measured<'_> {
    /// What every index lacks, with its name; or why nobody knows.
    pub(super) fn behind(&self) -> Result<Vec<(&Index, Behind)>, String> {
        let leader = self
            .leader
            .ok_or_else(|| format!("{} was not read as leader in this look", self.from))?;
        let all = self.own.indices.iter();
        let all: Result<Vec<_>, String> =
            all.map(|own| Ok((own, behind(own, leader, self.alias, Pace::Live)?))).collect();
        let followed = self.learned.followed[self.from.other().index()].as_ref();
        let followed = followed.filter(|followed| followed.by == self.own.history());
        match followed {
            Some(followed) if followed.of != leader.history() => all.and_then(|_| {
                Err(format!("{} has made indices anew: what is here is of the old ones", self.from))
            }),
            Some(_) | None => all,
        }
    }

    /// The lag.
    pub(super) fn lag(&self) -> Lag {
        let unknown = Lag::unknown(LagUnit::Operations, Basis::Offset);
        let (Ok(all), Some(leader)) = (self.behind(), self.leader) else { return unknown };
        let amount = total(all.iter().flat_map(|(_, behind)| behind.values()));
        let (seconds, basis) = self.seconds(leader, &all);
        Lag { seconds, amount: Some(amount), basis, certainty: Certainty::Known, ..unknown }
    }

    /// Behind by this many seconds at most, and at least as a heartbeat says.
    fn seconds(&self, leader: &SideState, all: &[(&Index, Behind)]) -> (Option<f64>, Basis) {
        let beat = self.beat(leader);
        let basis = if beat.is_some() { Basis::Heartbeat } else { Basis::Offset };
        let mut worst = beat.map_or(0.0, |(late, _)| late);
        for (index, behind) in all {
            for (shard, (_, reached)) in behind.iter().filter(|(_, (lacks, _))| *lacks > 0) {
                let trail = self.learned.trails.get(&key(leader, index, *shard));
                let passed = trail.and_then(|trail| trail.reached(*reached));
                let by_beat = beat.filter(|_| self.heartbeat == Some(index.name.as_str()));
                let late = match (passed, by_beat) {
                    (Some(passed), _) => (clock_s(self.at) - passed).max(0.0),
                    (None, Some((_, since))) => since,
                    (None, None) => return (None, basis),
                };
                worst = f64::max(worst, late);
            }
        }
        (Some(worst), basis)
    }

    /// How much later the newest heartbeat was written than the one that arrived, and how long ago
    /// that was; none where there is none to go by, or it ceased.
    fn beat(&self, leader: &SideState) -> Option<(f64, f64)> {
        let (there, here) = (&leader.beats[self.from.index()], &self.own.beats[self.from.index()]);
        let (written, arrived) = (there.oldest()?, here.oldest()?);
        let pulse = &self.learned.pulses[self.from.index()];
        let ceased = ceased_s(leader, self.from, pulse, self.at).is_some();
        let now = self.at.wall_ms.max(written);
        (!ceased).then(|| (span_s(written, arrived), span_s(now, arrived)))
    }
}

/// The age of a side's own heartbeat, where it should have been written again by now.
pub(super) fn ceased_s(own: &SideState, side: Side, pulse: &Pulse, at: Stamp) -> Option<f64> {
    let age_s = span_s(at.wall_ms, own.beats[side.index()].oldest()?);
    pulse.has_ceased(age_s).then_some(age_s)
}
