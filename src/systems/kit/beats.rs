//! Heartbeats of a store that has no clock of its own to tell: seen to come by our steady clock.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pulse::Pulse;
use crate::domain::time::Stamp;

/// How many of the last ones tell how the two clocks compare: clocks drift.
const HELD: usize = 16;

/// The heartbeats of one region, as they were seen to come. The time that one tells is its
/// writer's; how long it has been there is told by us, so that no two clocks are compared.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Beats {
    pulse: Pulse,
    newest_ms: Option<i64>,
    /// What was newest in the look before.
    before_ms: Option<i64>,
    /// The look in which the newest was first seen, and the last one without it.
    seen: Option<Stamp>,
    without: Option<Stamp>,
    looked: Option<Stamp>,
    /// How far the writer's clock is ahead of our steady one at most, as the last ones told.
    #[serde(skip)]
    ahead_ms: VecDeque<i64>,
}

impl Beats {
    /// Heartbeats that come every so often, where the site says so.
    pub fn new(written: Option<Duration>) -> Self {
        Self { pulse: Pulse::new(written), ..Self::default() }
    }

    /// Goes on from what an earlier process had seen.
    pub fn recall(&mut self, earlier: Self) {
        let mut pulse = self.pulse.clone();
        pulse.recall(earlier.pulse);
        *self = Self { pulse, ..earlier };
    }

    /// Takes in the newest one that a look at its own region found, if it found one.
    pub fn hear(&mut self, at: Stamp, newest_ms: Option<i64>) {
        let Some(newest_ms) = newest_ms else { return };
        self.before_ms = self.newest_ms;
        if self.newest_ms != Some(newest_ms) {
            self.pulse.hear(newest_ms);
            (self.newest_ms, self.seen, self.without) = (Some(newest_ms), Some(at), self.looked);
            self.hold(at, newest_ms);
        }
        self.looked = Some(at);
    }

    /// It was written after the last look that did not find it.
    fn hold(&mut self, at: Stamp, newest_ms: i64) {
        if self.looked.is_none_or(|looked| looked.boot != at.boot) {
            return self.ahead_ms.clear();
        }
        let Some(without) = self.without else { return };
        if self.ahead_ms.len() == HELD {
            self.ahead_ms.pop_front();
        }
        self.ahead_ms.push_back(newest_ms.saturating_sub(boot_ms(without)));
    }

    /// The time that the newest one tells.
    pub fn newest_ms(&self) -> Option<i64> {
        self.newest_ms
    }

    /// A time of the writer's clock before the look that was heard last began.
    pub fn before_ms(&self) -> Option<i64> {
        self.before_ms
    }

    /// What the writer's clock says at most: by the last look that did not find the newest one yet.
    /// None where nothing comes any more, or it is not known yet whether anything does.
    pub fn now_ms(&self, at: Stamp) -> Option<i64> {
        let newest_ms = self.newest_ms.filter(|_| !self.has_ceased(at))?;
        let held = self.ahead_ms.iter().min().map(|ahead| ahead.saturating_add(boot_ms(at)));
        Some(match (held, self.without) {
            (Some(held), _) => held.max(newest_ms),
            (None, Some(without)) => newest_ms.saturating_add(ms(at.since(without))),
            // The first that we see: our clock, where the two are not far apart.
            (None, None) => newest_ms.max(at.wall_ms),
        })
    }

    /// For how long the newest one has been there, at least.
    pub fn age(&self, at: Stamp) -> Option<Duration> {
        let seen = at.since(self.seen?);
        let told = at.wall_ms.saturating_sub(self.newest_ms?).max(0).unsigned_abs();
        Some(if self.without.is_some() { seen } else { seen.max(Duration::from_millis(told)) })
    }

    /// The age from which on nothing is measured by one.
    pub fn most(&self) -> Duration {
        self.pulse.most()
    }

    /// True where the newest one is the last: a next one should have come three times over.
    pub fn has_ceased(&self, at: Stamp) -> bool {
        self.age(at).is_some_and(|age| self.pulse.has_ceased(age.as_secs_f64()))
    }
}

fn boot_ms(at: Stamp) -> i64 {
    i64::try_from(at.boot_ms).unwrap_or(i64::MAX)
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    fn at(ms: i64) -> Stamp {
        Stamp { wall_ms: ms, boot_ms: ms.unsigned_abs(), boot: BootId(1) }
    }

    #[test]
    fn the_writers_clock_is_never_told_too_early() {
        // When was looked, and what was newest then; the writer's clock is an hour ahead.
        let check = |looks: &[(i64, i64)], asked: i64, want: Option<i64>| {
            let mut beats = Beats::new(Some(Duration::from_secs(1)));
            for (looked, newest) in looks {
                beats.hear(at(*looked), Some(newest + 3_600_000));
            }
            let found = beats.now_ms(at(asked)).map(|now| now - 3_600_000);
            assert_eq!(found, want, "{looks:?}");
        };
        check(&[], 1000, None);
        // Seen at 2000 and not yet at 1000: written between the two, so it is 2100 at most.
        check(&[(1000, 700), (2000, 1700)], 2000, Some(2700));
        check(&[(1000, 700), (2000, 1700), (3000, 1700)], 3000, Some(3700));
        check(&[(1000, 700), (2000, 1700), (3000, 1700)], 5100, None);
        // Its region was away for a minute: that says nothing of the writer's clock.
        check(&[(1000, 700), (2000, 1700), (62_000, 61_700)], 62_000, Some(62_700));
        // A clock that is set back is followed.
        check(&[(1000, 700), (2000, 1700), (3000, 700), (4000, 1700)], 4000, Some(2700));
    }

    #[test]
    fn what_is_seen_first_may_be_old() {
        let check = |newest: i64, looked: i64, ceased: bool, now: Option<i64>| {
            let mut beats = Beats::new(Some(Duration::from_secs(1)));
            beats.hear(at(looked), Some(newest));
            assert_eq!((beats.has_ceased(at(looked)), beats.now_ms(at(looked))), (ceased, now));
        };
        check(9_500, 10_000, false, Some(10_000));
        check(10_500, 10_000, false, Some(10_500));
        check(1_000, 10_000, true, None);
    }
}
