//! A bounded ring of past looks, from which error rates and percentiles are taken.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::{BootId, Stamp};

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
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct History {
    kept: VecDeque<Kept>,
    /// The boots that the samples tell of, by [`Kept::boot`].
    boots: Vec<BootId>,
}

/// A sample in less than half of its room: thousands of histories stand in memory.
#[derive(Debug, Clone, Copy)]
struct Kept {
    wall_ms: i64,
    boot_ms: u64,
    /// Not a number where no lag was known.
    lag_s: f64,
    /// [`u32::MAX`] where there was no answer.
    took_ms: u32,
    boot: u16,
    good: bool,
}

/// Boots that are remembered before those of dropped samples are forgotten.
const BOOTS_MAX: usize = 16;

impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        self.samples().eq(other.samples())
    }
}

impl History {
    /// Adds a sample and drops the oldest one past the bound.
    pub fn push(&mut self, sample: Sample) {
        if self.kept.len() == SAMPLES_MAX {
            self.kept.pop_front();
        } else if self.kept.len() == self.kept.capacity() {
            // Doubling would make room for more than are ever kept.
            let more = self.kept.len().max(4).min(SAMPLES_MAX - self.kept.len());
            self.kept.reserve_exact(more);
        }
        let boot = self.boot(sample.at.boot);
        let took_ms = |took: u64| u32::try_from(took).map_or(u32::MAX - 1, |t| t.min(u32::MAX - 1));
        self.kept.push_back(Kept {
            wall_ms: sample.at.wall_ms,
            boot_ms: sample.at.boot_ms,
            lag_s: sample.lag_s.unwrap_or(f64::NAN),
            took_ms: sample.took_ms.map_or(u32::MAX, took_ms),
            boot,
            good: sample.good,
        });
    }

    /// The place of a boot in the list.
    fn boot(&mut self, boot: BootId) -> u16 {
        if let Some(known) = self.boots.iter().rposition(|known| *known == boot) {
            return u16::try_from(known).expect("there are fewer boots than samples");
        }
        if self.boots.len() >= BOOTS_MAX {
            let samples: Vec<Sample> = self.samples().collect();
            self.boots = samples.iter().map(|sample| sample.at.boot).collect();
            self.boots.dedup();
            for (kept, sample) in self.kept.iter_mut().zip(samples) {
                let known = self.boots.iter().position(|known| *known == sample.at.boot);
                kept.boot = known.and_then(|known| u16::try_from(known).ok()).unwrap_or(0);
            }
        }
        self.boots.push(boot);
        u16::try_from(self.boots.len() - 1).expect("there are fewer boots than samples")
    }

    /// All samples, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = Sample> {
        self.kept.iter().map(|kept| {
            let boot = self.boots.get(usize::from(kept.boot)).copied().unwrap_or(BootId(0));
            Sample {
                at: Stamp { wall_ms: kept.wall_ms, boot_ms: kept.boot_ms, boot },
                good: kept.good,
                took_ms: (kept.took_ms != u32::MAX).then(|| u64::from(kept.took_ms)),
                lag_s: Some(kept.lag_s).filter(|lag| !lag.is_nan()),
            }
        })
    }

    /// The samples of the last `window` before `now`.
    pub fn within(&self, now: Stamp, window: Duration) -> impl Iterator<Item = Sample> {
        self.samples().filter(move |sample| now.since(sample.at) <= window)
    }

    /// Failed looks of all looks in the window, 0 to 1; none with fewer than `min_samples`.
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

/// A history as a recording has it: that of every system, each time that it begins anew.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// Whole samples, in older files; always there, so that an older version reads newer files and
    /// begins its histories anew.
    samples: Vec<Sample>,
    #[serde(default)]
    spans: Vec<Span>,
}

/// Looks in a row of one boot of the machine.
#[derive(Serialize, Deserialize)]
struct Span {
    boot: BootId,
    wall_ms: i64,
    boot_ms: u64,
    looks: Vec<Past>,
}

/// Milliseconds since the look before (at the first one of a span, since its own moment) by the
/// boot clock; how many more passed on the wall clock; good; answer time; lag in seconds.
type Past = (i64, i64, bool, Option<u64>, Option<f64>);

impl From<History> for Stored {
    fn from(history: History) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        let mut last: Option<Stamp> = None;
        for Sample { at, good, took_ms, lag_s } in history.samples() {
            let before =
                last.replace(at).filter(|last| last.boot == at.boot).unwrap_or_else(|| {
                    let Stamp { boot, wall_ms, boot_ms } = at;
                    spans.push(Span { boot, wall_ms, boot_ms, looks: Vec::new() });
                    at
                });
            let passed = at.boot_ms.wrapping_sub(before.boot_ms).cast_signed();
            let apart = at.wall_ms.wrapping_sub(before.wall_ms).wrapping_sub(passed);
            if let Some(span) = spans.last_mut() {
                span.looks.push((passed, apart, good, took_ms, lag_s));
            }
        }
        Self { samples: Vec::new(), spans }
    }
}

impl From<Stored> for History {
    fn from(stored: Stored) -> Self {
        let mut history = Self::default();
        stored.samples.into_iter().for_each(|sample| history.push(sample));
        for Span { boot, mut wall_ms, mut boot_ms, looks } in stored.spans {
            for (passed, apart, good, took_ms, lag_s) in looks {
                boot_ms = boot_ms.wrapping_add_signed(passed);
                wall_ms = wall_ms.wrapping_add(passed).wrapping_add(apart);
                let at = Stamp { wall_ms, boot_ms, boot };
                history.push(Sample { at, good, took_ms, lag_s });
            }
        }
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn files_tell_every_sample_and_old_ones_are_read() {
        let sample = |wall_ms, boot_ms, boot, good, took_ms, lag_s| Sample {
            at: Stamp { wall_ms, boot_ms, boot: BootId(boot) },
            good,
            took_ms,
            lag_s,
        };
        let check = |samples: &[Sample], bytes_max: usize| {
            let mut history = History::default();
            for sample in samples {
                history.push(*sample);
            }
            let kept: Vec<Sample> = history.samples().collect();
            assert_eq!(kept, samples[samples.len().saturating_sub(SAMPLES_MAX)..]);
            let json = serde_json::to_string(&history).unwrap();
            assert!(json.len() <= bytes_max, "{}: {json}", json.len());
            assert_eq!(serde_json::from_str::<History>(&json).unwrap(), history);
            let old = serde_json::json!({ "samples": samples }).to_string();
            assert_eq!(serde_json::from_str::<History>(&old).unwrap(), history);
        };
        check(&[], 32);
        let odd = [
            sample(5000, 1000, 1, true, Some(3), Some(0.25)),
            // The clock was set back, then the machine was started again, twice.
            sample(-1, 2000, 1, false, None, None),
            sample(i64::MAX, u64::MAX, 2, true, Some(0), Some(-1e300)),
            sample(i64::MIN, 0, 2, true, Some(u64::from(u32::MAX) - 1), None),
            sample(7000, 3000, 1, true, None, Some(0.0)),
        ];
        check(&odd, 600);
        let steady: Vec<Sample> = (0_i64..400)
            .map(|second| {
                sample(second * 1000, second.unsigned_abs() * 1000, 1, true, Some(23), None)
            })
            .collect();
        check(&steady, SAMPLES_MAX * 25 + 150);
        let restless: Vec<Sample> = (0_i64..400)
            .map(|number| sample(0, 0, u128::from(i64::unsigned_abs(number)) / 3, true, None, None))
            .map(|sample| Sample { took_ms: Some(1), ..sample })
            .take(30)
            .collect();
        check(&restless, 4000);
        let mut many = History::default();
        for boot in 0..5000 {
            many.push(sample(0, 0, boot, true, None, None));
        }
        let last: Vec<u128> = many.samples().map(|sample| sample.at.boot.0).collect();
        assert_eq!(last, (4700..5000).collect::<Vec<u128>>());
    }
}
