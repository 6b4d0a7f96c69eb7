//! What looks at a bucket and its copy teach from one to the next: which canaries are known to have
//! arrived, how often they come, which side copies to which, and what the stores' clocks show.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::canary::{Arrived, Canaries, arrived};
use super::gap::Gap;
use super::sample::{Short, compare};
use super::settings::{Own, Shared};
use super::state::State;
use crate::domain::ids::Side;
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::pulse::{PERIOD_ASSUMED, PERIODS_MOST, Pulse};
use crate::systems::kit::server;

/// So long a canary may be on its way to its own bucket and come there after a later one: some
/// times what its writer waits for (`OPERATION_LIMIT` of the kit's clients).
const LATE_MS: i64 = 20_000;

/// While one arrives so often there is no outage.
const STALL_LEAST: Duration = Duration::from_secs(2);

/// Answers from which a clock is taken.
const ANSWERS: usize = 16;

/// What an answer's time is cut off by, in milliseconds.
const CUT_MS: i64 = 999;

/// A store's clock. Its answers tell whole seconds, cut off; of several answers the one counts that
/// leaves the least room.
#[derive(Debug, Default)]
pub(super) struct StoreClock {
    boot: Option<BootId>,
    /// How far it may be ahead of ours at most.
    ahead_ms: VecDeque<i64>,
}

impl StoreClock {
    fn hear(&mut self, at: Stamp, told_ms: i64) {
        if self.boot != Some(at.boot) {
            (self.boot, self.ahead_ms) = (Some(at.boot), VecDeque::new());
        }
        if self.ahead_ms.len() == ANSWERS {
            self.ahead_ms.pop_front();
        }
        let ours = i64::try_from(at.boot_ms).unwrap_or(i64::MAX);
        self.ahead_ms.push_back(told_ms.saturating_add(CUT_MS).saturating_sub(ours));
    }

    /// What it shows at most.
    pub(super) fn now_ms(&self, at: Stamp) -> Option<i64> {
        let ahead = self.ahead_ms.iter().min().filter(|_| self.boot == Some(at.boot))?;
        Some(i64::try_from(at.boot_ms).ok()?.saturating_add(*ahead))
    }
}

/// What looks have taught, as it is written down.
#[derive(Serialize, Deserialize)]
pub struct Learned {
    #[serde(skip)]
    pub(super) shared: Arc<Shared>,
    #[serde(skip)]
    buckets: [Option<String>; 2],
    /// How far back canaries of a side that nothing copies are read.
    #[serde(skip)]
    windows_ms: [i64; 2],
    #[serde(skip)]
    pub(super) clocks: [StoreClock; 2],
    pub(super) pulses: [Pulse; 2],
    /// Whether each side copies to the other, as last read.
    pub(super) copies: [Option<bool>; 2],
    /// The time of the canary of each region until which all were seen to have arrived.
    pub(super) until_ms: [Option<i64>; 2],
    /// The outage of each side's copying that is not known to be made up for.
    pub(super) gaps: [Option<Gap>; 2],
    /// What the copy of each side lacks of what that held before the copy was made.
    #[serde(default)]
    short: [Option<Short>; 2],
    /// The key after which that is looked for next.
    #[serde(default)]
    after: Option<String>,
    /// From where on they are listed.
    from_ms: [i64; 2],
    /// The last of each region until which all arrived, and since when it is that one.
    #[serde(skip)]
    stands: [Option<(i64, Stamp)>; 2],
    /// Since when the two were not both read.
    #[serde(skip)]
    blind: [Option<Stamp>; 2],
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        (self.copies, self.until_ms, self.from_ms) =
            (earlier.copies, earlier.until_ms, earlier.from_ms);
        self.gaps = earlier.gaps;
        (self.short, self.after) = (earlier.short, earlier.after);
        if let Ok(mut after) = self.shared.after.lock() {
            after.clone_from(&self.after);
        }
        for at in Side::BOTH.map(Side::index) {
            self.shared.from_ms[at].store(self.from_ms[at], Ordering::Relaxed);
            if let Ok(mut gap) = self.shared.gaps[at].lock() {
                gap.clone_from(&self.gaps[at]);
            }
        }
        let pulses = self.pulses.iter_mut().zip(earlier.pulses);
        pulses.for_each(|(own, earlier)| own.recall(earlier));
    }
}

impl Learned {
    /// Before the first look.
    pub(super) fn new(sides: [Option<&Own>; 2]) -> Self {
        let shared = sides.iter().flatten().next().map(|own| Arc::clone(&own.shared));
        Self {
            shared: shared.unwrap_or_default(),
            buckets: sides.map(|own| own.map(|own| own.bucket.clone())),
            windows_ms: sides.map(|own| own.map_or(0, Own::window_ms)),
            clocks: <[StoreClock; 2]>::default(),
            pulses: sides.map(|own| Pulse::new(own.and_then(|own| own.canary_every))),
            copies: [None; 2],
            until_ms: [None; 2],
            gaps: [None, None],
            short: [None, None],
            after: None,
            from_ms: [0; 2],
            stands: [None; 2],
            blind: [None; 2],
        }
    }

    /// Learns from a look.
    pub(super) fn learn(&mut self, told: [Option<&State>; 2], at: Stamp) {
        for side in Side::BOTH {
            if told.iter().any(Option::is_none) {
                self.blind[side.index()].get_or_insert(at);
            }
            let Some(state) = told[side.index()] else { continue };
            if let Some(clock_ms) = state.clock_ms {
                self.clocks[side.index()].hear(at, clock_ms);
            }
            if let Some(newest) = state.canaries[side.index()].newest() {
                self.pulses[side.index()].hear(newest.name_ms);
            }
            if state.copies.is_some() {
                self.copies[side.index()] = state.copies;
            }
            self.follow(side, state, told[side.other().index()], at);
        }
        self.compare(told);
    }

    /// What the copy of a side lacks, as long as that is the bucket it was found in.
    pub(super) fn short(&self, source: Side, copy: &State) -> Option<&Short> {
        self.short[source.index()].as_ref().filter(|short| Some(short.made_ms) == copy.made_ms)
    }

    /// Compares the keys that both sides listed in this look, and goes on where all are there.
    fn compare(&mut self, told: [Option<&State>; 2]) {
        let pages = self.shared.pages.each_ref().map(|page| page.lock().ok()?.take());
        let [Some(a), Some(b)] = pages else { return };
        let pages = [a, b];
        let mut ended = None;
        for side in Side::BOTH {
            let (Some(source), Some(copy)) = (told[side.index()], told[side.other().index()])
            else {
                return;
            };
            if source.copies == Some(false) {
                self.short[side.index()] = None;
            }
            let (Some(true), Some(made_ms)) = (source.copies, copy.made_ms) else { continue };
            let to = self.buckets[side.other().index()].as_deref();
            let is_covered = |key: &str| source.rules_to(to).any(|rule| rule.scope.covers(key));
            let (own, other) = (&pages[side.index()], &pages[side.other().index()]);
            let Some(found) = compare(own, other, made_ms, is_covered) else { return };
            self.short[side.index()] = found.short;
            ended = Some(found.end);
        }
        let is_all_there = self.short.iter().all(Option::is_none);
        if let (Some(end), true, Ok(mut after)) = (ended, is_all_there, self.shared.after.lock()) {
            self.after.clone_from(&end);
            *after = end;
        }
    }

    /// Lists a region's canaries from a later one on: from one that has arrived with all before
    /// it, or, where nothing is copied, from an hour before the newest.
    fn follow(&mut self, side: Side, source: &State, copy: Option<&State>, now: Stamp) {
        let at = side.index();
        let listed = &source.canaries[at];
        let found = copy.and_then(|copy| arrived(listed, &copy.canaries[at]));
        if let (Some(found), Some(true)) = (&found, source.copies) {
            self.follow_gap(at, listed, found, now);
        }
        let until = found.and_then(|found| found.until);
        if let Some(until) = until {
            self.until_ms[at] = self.until_ms[at].max(Some(until.at_ms));
        }
        let end = if source.copies == Some(false) {
            listed.newest().map(|newest| newest.name_ms - self.windows_ms[at])
        } else {
            until.map(|until| until.name_ms - LATE_MS)
        };
        let known = listed.list.iter().rev().find(|one| end.is_some_and(|end| one.name_ms <= end));
        if let Some(known) = known {
            self.shared.from_ms[at].fetch_max(known.name_ms, Ordering::Relaxed);
        }
        self.from_ms[at] = self.shared.from_ms[at].load(Ordering::Relaxed);
    }

    /// Notices an outage: some are missing and none arrives, or the two were not both read for a
    /// while, in which that may have been so.
    fn follow_gap(&mut self, at: usize, listed: &Canaries, found: &Arrived, now: Stamp) {
        let until = found.until.map_or(0, |until| until.name_ms);
        let known = self.stands[at].filter(|(last, _)| *last == until);
        let (_, since) = *self.stands[at].insert(known.unwrap_or((until, now)));
        let period = self.pulses[at].period().unwrap_or(PERIOD_ASSUMED);
        let is_stalled =
            found.missing.is_some() && now.since(since) >= (period * PERIODS_MOST).max(STALL_LEAST);
        let blind = self.blind[at].take().is_some_and(|since| now.since(since) >= STALL_LEAST);
        let last_ms = if blind { self.until_ms[at] } else { None };
        let since_ms = last_ms.or(found.until.or(found.missing).map(|one| one.at_ms));
        let Ok(mut gap) = self.shared.gaps[at].lock() else { return };
        if let (Some(since_ms), true) = (since_ms, is_stalled || last_ms.is_some()) {
            *gap = Some(Gap::begin(gap.take(), since_ms, listed));
        }
        *gap = gap.take().map(|gap| gap.follow(listed, found));
        self.gaps[at].clone_from(&gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_whole_seconds_is_known_better_the_more_often_it_is_read() {
        let stamp = |boot_ms| Stamp { wall_ms: 0, boot_ms, boot: BootId(1) };
        let mut clock = StoreClock::default();
        assert_eq!(clock.now_ms(stamp(5)), None);
        // It shows 7,000,000 ms more than ours, cut off to seconds.
        for ours in [1000, 1300, 1950, 2990] {
            let told = (7_000_000 + i64::from(ours)) / 1000 * 1000;
            clock.hear(stamp(u64::try_from(ours).unwrap()), told);
            let shown = clock.now_ms(stamp(3000)).unwrap() - 7_003_000;
            assert!((0..1000).contains(&shown), "{shown}");
        }
        assert_eq!(clock.now_ms(stamp(3000)), Some(7_003_009));
        assert_eq!(clock.now_ms(Stamp { boot: BootId(2), ..stamp(3000) }), None);
    }
}
