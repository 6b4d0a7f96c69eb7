//! What copies held, and what of it is gone although their source still has it.
//!
//! That is learned from looks which saw it go: offsets of a compacted topic have holes, and bounds
//! alone prove nothing.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::state::{Partition, Topic};
use crate::domain::time::Stamp;

/// For how long losses and the like are told.
const TOLD_FOR: Duration = Duration::from_secs(86_400);

/// The most partitions whose gaps are remembered.
const GAPS_MOST: usize = 2000;

/// The part of what a source holds that may be missing in silence, one in so many: both regions
/// throw old records away, and never up to the same one.
const QUIET_PART: u64 = 10;

/// What was seen of a topic, and when last: a day later nobody is told of it any more.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen<T> {
    pub(super) at: Option<Stamp>,
    pub(super) what: T,
}

impl<T> Seen<T> {
    /// Whether it is still told.
    pub(super) fn is_told(&self, at: Stamp) -> bool {
        self.at.is_none_or(|seen| at.since(seen) < TOLD_FOR)
    }
}

/// The bounds of a copy, and the first offset of its source, in one look.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: i64,
    end: i64,
    source_low: i64,
}

/// Records that a copy had and has no more, by the offsets of its source.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Gap {
    from: i64,
    to: i64,
    /// Those that the source still has.
    missing: u64,
}

/// The gaps of a topic, by partition.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Gaps {
    of: BTreeMap<i32, Gap>,
    /// How many records the source holds.
    holds: u64,
}

impl Gaps {
    fn missing(&self) -> u64 {
        self.of.values().map(|gap| gap.missing).sum()
    }
}

/// What copies held. All is called by the source's topics and partitions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Held {
    #[serde(skip)]
    bounds: HashMap<(String, i32), Bounds>,
    /// Copies that were made anew or cut back, and how many records they held before.
    emptied: BTreeMap<String, Seen<u64>>,
    gaps: BTreeMap<String, Seen<Gaps>>,
}

impl Held {
    /// Topics whose copies were made anew or cut back, and how many records those held before.
    pub(super) fn emptied(&self) -> impl Iterator<Item = (&str, u64)> {
        self.emptied.iter().map(|(topic, seen)| (topic.as_str(), seen.what))
    }

    /// Whether the copy of a topic was made anew or cut back.
    pub(super) fn is_emptied(&self, topic: &str) -> bool {
        self.emptied.contains_key(topic)
    }

    /// Records that are here no more, and that the source still has.
    pub(super) fn missing(&self) -> u64 {
        self.gaps.values().map(|seen| seen.what.missing()).sum()
    }

    /// Topics that lack more than may be missing in silence, and how many records.
    pub(super) fn grave(&self) -> (u64, Vec<&str>) {
        let is_grave = |gaps: &Gaps| gaps.missing() > gaps.holds / QUIET_PART;
        let grave = self.gaps.iter().filter(|(_, seen)| is_grave(&seen.what));
        let all: Vec<(&str, u64)> =
            grave.map(|(topic, seen)| (topic.as_str(), seen.what.missing())).collect();
        (
            all.iter().map(|(_, missing)| missing).sum(),
            all.iter().map(|(topic, _)| *topic).collect(),
        )
    }

    /// Forgets what was told for long enough.
    pub(super) fn forget(&mut self, at: Stamp) {
        self.emptied.retain(|_, seen| seen.is_told(at));
        self.gaps.retain(|_, seen| seen.is_told(at));
    }

    /// Forgets what a source lacks too, because it was made anew.
    pub(super) fn forget_topic(&mut self, topic: &str) {
        self.emptied.remove(topic);
        self.gaps.remove(topic);
    }

    /// Takes in where a copy stands, and what its source's offsets are more where that is sure;
    /// true where it went back: what else was known of it is of no use then.
    pub(super) fn look(
        &mut self,
        place: &(String, i32),
        [from, to]: [&Partition; 2],
        more: Option<i64>,
        at: Stamp,
    ) -> bool {
        let bounds = Bounds { low: to.low, end: to.end, source_low: from.low };
        let Some(before) = self.bounds.insert(place.clone(), bounds) else { return false };
        let went_back = to.end < before.end;
        if went_back {
            let emptied = self.emptied.entry(place.0.clone()).or_default();
            let held = (before.end - before.low).unsigned_abs();
            (emptied.at, emptied.what) = (Some(at), emptied.what + held);
        }
        let gone_to = if went_back { before.end } else { to.low };
        if gone_to > before.low {
            // Where offsets were never compared, both are taken to have begun with one record.
            let more = more.unwrap_or(before.source_low - before.low);
            self.miss(place, before.low + more, gone_to + more, at);
        }
        went_back
    }

    /// Takes in that a copy was made anew and holds as much again; it had held so many records.
    pub(super) fn remake(&mut self, topic: &str, [from, to]: [&Topic; 2], held: u64, at: Stamp) {
        let emptied = self.emptied.entry(topic.to_owned()).or_default();
        // Its bounds may have told so before.
        (emptied.at, emptied.what) = (Some(at), emptied.what.max(held));
        for (number, from) in from {
            let holds = to.get(number).map_or(0, |to| to.end - to.low);
            self.miss(&(topic.to_owned(), *number), from.low, from.end - holds, at);
        }
    }

    fn miss(&mut self, (topic, number): &(String, i32), from: i64, to: i64, at: Stamp) {
        let count: usize = self.gaps.values().map(|seen| seen.what.of.len()).sum();
        let gaps = self.gaps.entry(topic.clone()).or_default();
        gaps.at = Some(at);
        let gaps = &mut gaps.what.of;
        match gaps.get_mut(number) {
            Some(gap) => (gap.from, gap.to) = (gap.from.min(from), gap.to.max(to)),
            None if count < GAPS_MOST => {
                gaps.insert(*number, Gap { from, to, missing: 0 });
            }
            None => {}
        }
    }

    /// Counts what a topic's source still has of what is gone here.
    pub(super) fn weigh(&mut self, topic: &str, source: &Topic) {
        let Some(seen) = self.gaps.get_mut(topic) else { return };
        let gaps = &mut seen.what;
        for (number, gap) in &mut gaps.of {
            let Some(from) = source.get(number) else { continue };
            let missing = gap.to.min(from.end) - gap.from.max(from.low);
            gap.missing = u64::try_from(missing).unwrap_or_default();
        }
        gaps.of.retain(|_, gap| gap.missing > 0);
        gaps.holds = source.values().map(|from| (from.end - from.low).unsigned_abs()).sum();
        if gaps.of.is_empty() {
            self.gaps.remove(topic);
        }
    }
}
