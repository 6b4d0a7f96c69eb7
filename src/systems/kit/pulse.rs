//! The heartbeat that a site writes for its stores to be measured by: how often it comes, and
//! whether one that should have come has not.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The period of a heartbeat until another one is written or seen.
pub const PERIOD_ASSUMED: Duration = Duration::from_secs(10);

/// A heartbeat that is older than so many of its periods has ceased.
pub const PERIODS_MOST: u32 = 3;

/// No heartbeat has ceased before it is so old, however often it comes: writers pause too.
pub const AGE_LEAST: Duration = Duration::from_secs(1);

/// Distances between heartbeats from which the period is taken.
const DISTANCES: usize = 9;

/// One side's heartbeat, as it was seen to come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pulse {
    /// The site's word, which is never taken from another process.
    #[serde(skip)]
    written: Option<Duration>,
    last_ms: Option<i64>,
    distances: VecDeque<u64>,
}

impl Pulse {
    /// A heartbeat that comes every so often, where the site says so.
    pub fn new(written: Option<Duration>) -> Self {
        Self { written, ..Self::default() }
    }

    /// Goes on from what an earlier one had seen.
    pub fn recall(&mut self, earlier: Self) {
        *self = Self { written: self.written, ..earlier };
    }

    /// Takes in the time that the newest heartbeat tells, in milliseconds.
    pub fn hear(&mut self, at_ms: i64) {
        let last = self.last_ms.replace(at_ms);
        let Some(distance) = last.and_then(|last| u64::try_from(at_ms.saturating_sub(last)).ok())
        else {
            return self.distances.clear();
        };
        if distance > 0 {
            if self.distances.len() == DISTANCES {
                self.distances.pop_front();
            }
            self.distances.push_back(distance);
        }
    }

    /// How often it comes: as written, else the middle of what was seen, so that one pause or one
    /// beat too many changes nothing; none while neither tells.
    pub fn period(&self) -> Option<Duration> {
        self.written.or_else(|| {
            let mut sorted: Vec<u64> = self.distances.iter().copied().collect();
            sorted.sort_unstable();
            sorted.get(sorted.len() / 2).copied().map(Duration::from_millis)
        })
    }

    /// The age from which on the next one should have come, three times over.
    pub fn most(&self) -> Duration {
        (self.period().unwrap_or(PERIOD_ASSUMED) * PERIODS_MOST).max(AGE_LEAST)
    }

    /// True where a heartbeat of this age is the last one: nothing is measured by it.
    pub fn has_ceased(&self, age_s: f64) -> bool {
        age_s > self.most().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_goes_on_and_what_the_site_says_stays() {
        let check = |written: Option<u64>, want: u64| {
            let mut seen = Pulse::new(Some(Duration::from_secs(9)));
            (0..5).for_each(|beat| seen.hear(beat * 2_000));
            let text = serde_json::to_string(&seen).unwrap();
            let mut pulse = Pulse::new(written.map(Duration::from_secs));
            pulse.recall(serde_json::from_str(&text).unwrap());
            assert_eq!(pulse.period(), Some(Duration::from_secs(want)));
        };
        check(None, 2);
        check(Some(1), 1);
    }

    #[test]
    fn three_periods_without_a_heartbeat_are_its_end() {
        let check = |written: Option<u64>, beats: &[i64], lives: f64, ceased: f64| {
            let mut pulse = Pulse::new(written.map(Duration::from_millis));
            for beat in beats {
                pulse.hear(*beat);
            }
            assert!(!pulse.has_ceased(lives), "{pulse:?}");
            assert!(pulse.has_ceased(ceased), "{pulse:?}");
        };
        check(None, &[], 30.0, 30.1);
        check(None, &[5000], 30.0, 30.1);
        check(None, &[5000, 5000, 5000], 30.0, 30.1);
        check(None, &[5000, 6000, 6000, 7000], 3.0, 3.1);
        check(Some(500), &[5000, 6000, 7000], 1.5, 1.6);
        // A pause of the writer, and two at once.
        check(None, &[1000, 2000, 3000, 60_000, 61_000], 3.0, 3.1);
        check(None, &[1000, 2000, 2005, 3000, 4000], 3.0, 3.1);
        // Set back: what was seen by another clock tells nothing.
        check(None, &[1000, 2000, 500], 30.0, 30.1);
        check(None, &[1000, 2000, 500, 1000, 1500], 1.5, 1.6);
        check(None, &[1000, 1100, 1200, 1300], 1.0, 1.1);
    }
}
