//! A bounded ring of past looks, from which error rates and percentiles are taken.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Stamp;

/// Samples kept per system and region: 60 s at five looks a second.
pub const SAMPLES_MAX: usize = 300;

/// One past look, as little of it as the rules need.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When the look began.
    pub at: Stamp,
    /// False when it counts as a failed probe.
    pub good: bool,
    /// How long the answer took, in milliseconds.
    pub took_ms: Option<u64>,
    /// The lag in seconds, when it was known.
    pub lag_s: Option<f64>,
}

/// The last [`SAMPLES_MAX`] samples, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    samples: VecDeque<Sample>,
}

impl History {
    /// Adds a sample and drops the oldest one past the bound.
    pub fn push(&mut self, sample: Sample) {
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// All samples, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples.iter()
    }

    /// The samples of the last `window` before `now`.
    pub fn within(&self, now: Stamp, window: Duration) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(move |sample| now.since(sample.at) <= window)
    }

    /// Failed looks of all looks in the window, 0 to 1; none with fewer than `min_samples`.
    #[must_use]
    pub fn error_rate(&self, now: Stamp, window: Duration, min_samples: usize) -> Option<f64> {
        let (mut failed, mut all) = (0_u32, 0_u32);
        for sample in self.within(now, window) {
            all += 1;
            failed += u32::from(!sample.good);
        }
        (all as usize >= min_samples.max(1)).then(|| f64::from(failed) / f64::from(all))
    }

    /// The `percent`-th percentile (nearest rank) of the answer times in the window; none with
    /// fewer than `min_samples` answers.
    #[must_use]
    pub fn percentile(
        &self,
        now: Stamp,
        window: Duration,
        percent: usize,
        min_samples: usize,
    ) -> Option<Duration> {
        let mut took: Vec<u64> =
            self.within(now, window).filter_map(|sample| sample.took_ms).collect();
        if took.len() < min_samples.max(1) {
            return None;
        }
        took.sort_unstable();
        let rank = (percent * took.len()).div_ceil(100).clamp(1, took.len());
        Some(Duration::from_millis(took[rank - 1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    fn at(second: u64) -> Stamp {
        Stamp { wall_ms: 0, boot_ms: second * 1000, boot: BootId(1) }
    }

    #[test]
    fn rates_and_percentiles_need_enough_samples() {
        let mut history = History::default();
        for second in 0..20 {
            let good = second % 4 != 0;
            let took_ms = good.then_some(second * 10);
            history.push(Sample { at: at(second), good, took_ms, lag_s: None });
        }
        let window = Duration::from_secs(60);
        assert_eq!(history.error_rate(at(20), window, 10), Some(0.25));
        assert_eq!(history.error_rate(at(20), window, 21), None);
        assert_eq!(history.error_rate(at(20), Duration::from_secs(3), 3), Some(0.0));
        assert_eq!(history.percentile(at(20), window, 50, 10), Some(Duration::from_millis(100)));
        assert_eq!(history.percentile(at(20), window, 95, 10), Some(Duration::from_millis(190)));
        assert_eq!(history.percentile(at(20), window, 95, 16), None);
    }

    #[test]
    fn the_ring_is_bounded() {
        let mut history = History::default();
        for second in 0..1000 {
            history.push(Sample { at: at(second), good: true, took_ms: None, lag_s: None });
        }
        assert_eq!(history.samples().count(), SAMPLES_MAX);
        assert_eq!(history.samples().next().map(|s| s.at), Some(at(700)));
    }
}
