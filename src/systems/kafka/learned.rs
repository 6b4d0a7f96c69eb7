//! What looks at a pair of clusters have taught: when all was there last, what was lost or doubled.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::held::{Held, Seen};
use super::settings::Own;
use super::state::{Partition, SideState};
use crate::domain::ids::Side;
use crate::domain::time::Stamp;
use crate::systems::kit::beats::Beats;
use crate::systems::kit::server;

/// The most partitions whose losses are remembered.
const LOSSES_MOST: usize = 200;

/// How many records a copy may seem to be ahead of its source: the two are not read at one moment.
const AHEAD_MOST: i64 = 50;

/// When a copy of a partition had all that its source had, and how their offsets compared then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    /// A time of the source's heartbeats before that.
    pub(super) at_ms: i64,
    /// What the source's offsets are more; none where there was no record to compare.
    pub(super) more: Option<i64>,
    /// False since what copies was away: it begins again a little before where it ended, and what
    /// is there twice then seems to be further on than it is.
    pub(super) sure: bool,
}

impl Level {
    /// What the source's offsets are more, as long as that is sure.
    pub(super) fn sure_more(&self) -> Option<i64> {
        self.more.filter(|_| self.sure)
    }
}

/// What partitions lost: from which offset on, and how many records.
type Lost = BTreeMap<i32, (i64, u64)>;

/// What was learned of the copies in one region.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Copies {
    #[serde(skip)]
    pub(super) level: HashMap<(String, i32), Level>,
    /// Partitions of the source that were there in the look before.
    #[serde(skip)]
    known: Option<HashMap<(String, i32), i64>>,
    #[serde(skip)]
    ahead: HashMap<(String, i32), i64>,
    /// What Connect had kept as the next offset to be copied in the look before.
    #[serde(skip)]
    kept: HashMap<(String, i32), i64>,
    /// Records that their source threw away before they were copied: by partition, from where on
    /// and how many.
    lost: BTreeMap<String, Seen<Lost>>,
    /// Records that were copied more than once.
    doubled: BTreeMap<String, Seen<u64>>,
    /// Topics whose source was made anew.
    remade: BTreeMap<String, Seen<()>>,
    /// What the copies themselves held.
    #[serde(default)]
    pub(super) held: Held,
    /// Whether something copied into this region when Connect last told.
    pub(super) follows: Option<bool>,
    /// The source's heartbeats as they arrive here.
    pub(super) arrived: Beats,
}

impl Copies {
    /// Records lost for good, and the topics that they were in.
    pub(super) fn lost(&self) -> (u64, Vec<&str>) {
        let lost = self.lost.values().flat_map(|seen| seen.what.values());
        let count = lost.map(|(_, lost)| lost).sum();
        (count, self.lost.keys().map(String::as_str).collect())
    }

    /// Records that are there more than once, and the topics that they are in.
    pub(super) fn doubled(&self) -> (u64, Vec<&str>) {
        let count = self.doubled.values().map(|seen| seen.what).sum();
        (count, self.doubled.keys().map(String::as_str).collect())
    }

    /// Topics whose source was made anew.
    pub(super) fn remade(&self) -> Vec<&str> {
        self.remade.keys().map(String::as_str).collect()
    }

    /// Forgets what was told for long enough.
    fn forget(&mut self, at: Stamp) {
        self.lost.retain(|_, seen| seen.is_told(at));
        self.doubled.retain(|_, seen| seen.is_told(at));
        self.remade.retain(|_, seen| seen.is_told(at));
        self.held.forget(at);
    }

    /// The source of a topic was made anew: what was known of the one before is of no use.
    fn remake(&mut self, topic: &str, at: Stamp) {
        self.remade.insert(topic.to_owned(), Seen { at: Some(at), what: () });
        self.held.forget_topic(topic);
    }

    fn double(&mut self, topic: &str, more: i64, at: Stamp) {
        let seen = self.doubled.entry(topic.to_owned()).or_default();
        (seen.at, seen.what) = (Some(at), seen.what + more.unsigned_abs());
    }

    fn learn(&mut self, own: &SideState, source: &SideState, before_ms: Option<i64>, at: Stamp) {
        self.forget(at);
        let watched = &own.watched;
        if let Some(Ok(flow)) = &own.flow {
            self.follows = Some(flow.follows());
        }
        let empty = BTreeMap::new();
        let copied = match &own.flow {
            Some(Ok(flow)) => flow.copied.as_ref().unwrap_or(&empty),
            Some(Err(_)) | None => &empty,
        };
        let mut known = HashMap::new();
        for (topic, partitions) in source.topics.iter().filter(|(name, _)| watched.is_copied(name))
        {
            let name = watched.names.copy_of(topic).unwrap_or_default();
            let copy = own.topics.get(&name);
            if source.remade.contains_key(topic) {
                self.remake(topic, at);
                self.level.retain(|place, _| place.0 != *topic);
            }
            for (number, from) in partitions {
                let place = (topic.clone(), *number);
                known.insert(place.clone(), from.end);
                let to = copy.and_then(|copy| copy.get(number));
                if let Some(to) = to.filter(|_| !watched.is_beat(topic)) {
                    let more = self.level.get(&place).and_then(Level::sure_more);
                    if self.held.look(&place, [from, to], more, at) {
                        self.level.remove(&place);
                    }
                }
                self.level(&place, [Some(from), to], before_ms, at);
                if let Some(next) = copied.get(&place) {
                    // It may keep what came since the source was read: what it had kept in the look
                    // before was there.
                    let kept = self.kept.insert(place.clone(), *next).unwrap_or_default();
                    if from.end < kept.min(*next) {
                        self.remake(topic, at);
                    }
                    self.lose(&place, from, to, *next, at);
                }
                self.overtake(&place, from, to, at);
            }
            if let (Some(held), Some(copy)) = (own.remade.get(&name), copy)
                && !watched.is_beat(topic)
            {
                self.held.remake(topic, [partitions, copy], *held, at);
                self.level.retain(|place, _| place.0 != *topic);
            }
            self.held.weigh(topic, partitions);
        }
        self.known = Some(known);
        if self.arrived.has_ceased(at) {
            self.level.values_mut().for_each(|level| level.sure = false);
        }
    }

    /// Remembers when all was there.
    fn level(
        &mut self,
        place: &(String, i32),
        [from, to]: [Option<&Partition>; 2],
        before_ms: Option<i64>,
        at: Stamp,
    ) {
        let Some(from) = from else { return };
        let was = self.known.as_ref().map(|known| known.get(place).copied());
        // Made anew: what was known of the one before is of no use.
        if was.flatten().is_some_and(|end| from.end < end) {
            self.level.remove(place);
            self.remake(&place.0, at);
        }
        let is_new = was == Some(None);
        let (at_ms, more) = match (from.newest, to.and_then(|to| to.newest)) {
            (Some(source), Some(copy)) if source.mark == copy.mark && from.stable == from.end => {
                // Who made the record may have another clock than who writes heartbeats.
                (Some(before_ms.unwrap_or(source.at_ms)), Some(source.offset - copy.offset))
            }
            (None, _) if from.read && from.stable == from.end => (before_ms, None),
            // It came since the look before, and so did all that is in it.
            _ if is_new => (before_ms, None),
            _ => (None, None),
        };
        let Some(at_ms) = at_ms else { return };
        let earlier = self.level.get(place).and_then(|level| level.more);
        if let (Some(earlier), Some(more)) = (earlier, more)
            && more < earlier
        {
            self.double(&place.0, earlier - more, at);
        }
        let sure = more.is_some() || self.level.get(place).is_some_and(|level| level.sure);
        self.level.insert(place.clone(), Level { at_ms, more: more.or(earlier), sure });
    }

    /// Remembers what the source threw away before it was copied; `next` is to be copied next.
    fn lose(
        &mut self,
        place: &(String, i32),
        from: &Partition,
        to: Option<&Partition>,
        next: i64,
        at: Stamp,
    ) {
        let level = self.level.get(place).and_then(|level| level.more);
        let here =
            to.and_then(|to| to.newest).zip(level).map(|(copy, more)| copy.offset + more + 1);
        let next = here.map_or(next, |here| here.max(next));
        if from.low <= next || from.end < next {
            return;
        }
        let count: usize = self.lost.values().map(|seen| seen.what.len()).sum();
        let of_topic = self.lost.entry(place.0.clone()).or_default();
        of_topic.at = Some(at);
        let of_topic = &mut of_topic.what;
        let lost = of_topic.get(&place.1).copied();
        if lost.is_none() && count >= LOSSES_MOST {
            return;
        }
        let earlier = lost.filter(|(from, _)| *from != next).map_or(0, |(_, lost)| lost);
        of_topic.insert(place.1, (next, earlier + (from.low - next).unsigned_abs()));
    }

    /// Remembers where a copy runs ahead of its source, further in each look.
    fn overtake(
        &mut self,
        place: &(String, i32),
        from: &Partition,
        to: Option<&Partition>,
        at: Stamp,
    ) {
        let level = self.level.get(place).and_then(|level| level.more);
        let copy = to.and_then(|to| to.newest).zip(level);
        let ahead = copy.map_or(0, |(copy, more)| copy.offset + more - (from.end - 1));
        let before = self.ahead.insert(place.clone(), ahead).unwrap_or_default();
        if ahead > before && before > AHEAD_MOST {
            self.double(&place.0, ahead - before, at);
        }
    }
}

/// What looks have taught, as it is written down.
#[derive(Debug, Serialize, Deserialize)]
pub struct Learned {
    /// Each region's heartbeats, where they are written.
    pub(super) beats: [Beats; 2],
    /// What is copied into each region.
    pub(super) copies: [Copies; 2],
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        let beats = self.beats.iter_mut().zip(earlier.beats);
        beats.for_each(|(own, earlier)| own.recall(earlier));
        for (own, mut earlier) in self.copies.iter_mut().zip(earlier.copies) {
            let mut arrived = own.arrived.clone();
            arrived.recall(std::mem::take(&mut earlier.arrived));
            *own = Copies { arrived, ..earlier };
        }
    }
}

impl Learned {
    /// Before the first look.
    pub(super) fn new(sides: [Option<&Own>; 2]) -> Self {
        let beats = sides.map(|own| Beats::new(own.and_then(|own| own.beats_every)));
        let [a, b] = beats.clone();
        let copies = [b, a].map(|arrived| Copies { arrived, ..Copies::default() });
        Self { beats, copies }
    }

    /// Learns from a look.
    pub(super) fn learn(&mut self, told: [Option<&SideState>; 2], at: Stamp) {
        for side in Side::BOTH {
            let Some(own) = told[side.index()] else { continue };
            let newest = |topic: &str| own.newest_of(topic).map(|newest| newest.at_ms);
            self.beats[side.index()].hear(at, newest(&own.watched.heartbeat));
            let arrived = own.watched.copied_heartbeat().and_then(|topic| newest(&topic));
            self.copies[side.index()].arrived.hear(at, arrived);
        }
        for side in Side::BOTH {
            let [Some(own), Some(source)] = [side, side.other()].map(|side| told[side.index()])
            else {
                continue;
            };
            let beats = &self.beats[side.other().index()];
            // In the first look there is none before: one that is a second older will do.
            let before_ms = beats.before_ms().or(beats.newest_ms().map(|newest| newest - 1000));
            self.copies[side.index()].learn(own, source, before_ms, at);
        }
    }
}
