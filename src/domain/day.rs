//! Figures of the last 24 hours: availability and lag of each system, readiness of the standby.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{Side, SystemId};
use super::in_order;
use super::reading::Lag;
use super::time::Stamp;
use super::verdict::Verdict;

/// Hours kept of each system and side.
pub const HOURS_KEPT: usize = 24;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Figures of the last 24 hours.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    #[serde(serialize_with = "in_order::write")]
    systems: HashMap<SystemId, [DaySide; 2]>,
    /// The hours in which the standby was judged; files of older consoles have none.
    #[serde(default)]
    ready: Vec<ReadyHour>,
}

/// Figures of one system on one side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DaySide {
    /// The hours in which there were looks, oldest first, at most [`HOURS_KEPT`].
    pub hours: Vec<Hour>,
}

/// Figures of one hour of the wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Hour {
    /// Hours since 1970.
    pub number: i64,
    /// Looks that found it up or degraded.
    pub good: u32,
    /// Looks that count as failed.
    pub failed: u32,
    /// The smallest known lag, in seconds; none when no lag was known.
    pub lag_min_s: Option<f64>,
    /// The largest known lag, in seconds.
    pub lag_max_s: Option<f64>,
}

/// How long the standby was how fit in one hour of the wall clock, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyHour {
    /// Hours since 1970.
    pub number: i64,
    /// GO.
    pub go_ms: u64,
    /// CAUTION.
    pub caution_ms: u64,
    /// NO-GO.
    pub no_go_ms: u64,
    /// BLIND.
    pub blind_ms: u64,
}

/// How fit the standby was in the hours kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Readiness {
    /// The share of the time watched in which it was GO, 0 to 1.
    pub go: f64,
    /// The time in which anybody watched.
    pub watched: Duration,
}

/// The largest lag of a store and when it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorstLag {
    /// Seconds.
    pub lag_s: f64,
    /// The hour of the day in UTC, 0 to 23.
    pub hour: u8,
}

impl Day {
    /// Counts one look that began at `at`; `good` is none for a look that tells nothing.
    pub fn count(
        &mut self,
        system: &SystemId,
        side: Side,
        at: Stamp,
        good: Option<bool>,
        lag: Option<&Lag>,
    ) {
        if !self.systems.contains_key(system) {
            self.systems.insert(system.clone(), <[DaySide; 2]>::default());
        }
        let Some(pair) = self.systems.get_mut(system) else { return };
        let hours = &mut pair[side.index()].hours;
        let hour =
            hour_of(hours, at, |hour| hour.number, |number| Hour { number, ..<_>::default() });
        hours[hour].count(good, lag.and_then(Lag::known_seconds));
    }

    /// Counts `passed` before `at` as time in which the standby was judged so.
    pub fn count_ready(&mut self, verdict: &Verdict, at: Stamp, passed: Duration) {
        let hours = &mut self.ready;
        let new = |number| ReadyHour { number, ..<_>::default() };
        let index = hour_of(hours, at, |hour| hour.number, new);
        let hour = &mut hours[index];
        let counted = match verdict {
            Verdict::Go => &mut hour.go_ms,
            Verdict::Caution(_) => &mut hour.caution_ms,
            Verdict::NoGo(_) => &mut hour.no_go_ms,
            Verdict::Blind(_) => &mut hour.blind_ms,
        };
        *counted = counted.saturating_add(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
    }

    /// How fit the standby was in the last 24 hours, as far as anybody watched; none without.
    pub fn readiness(&self, now: Stamp) -> Option<Readiness> {
        let oldest = oldest(now);
        let hours = self.ready.iter().filter(|hour| hour.number >= oldest);
        let (go_ms, all_ms) = hours.fold((0_u64, 0_u64), |(go, all), hour| {
            let rest = hour.caution_ms.saturating_add(hour.no_go_ms).saturating_add(hour.blind_ms);
            let go_ms = go.saturating_add(hour.go_ms);
            (go_ms, all.saturating_add(hour.go_ms).saturating_add(rest))
        });
        let (go, watched) = (Duration::from_millis(go_ms), Duration::from_millis(all_ms));
        let share = go.as_secs_f64() / watched.as_secs_f64();
        (all_ms > 0).then_some(Readiness { go: share, watched })
    }

    /// The hours of a system on a side; none when it was never looked at.
    pub fn hours(&self, system: &SystemId, side: Side) -> &[Hour] {
        self.systems.get(system).map_or(&[], |pair| &pair[side.index()].hours)
    }

    /// The largest lag known in the last 24 hours, and its hour; none when no lag was known.
    pub fn worst_lag(&self, system: &SystemId, side: Side, now: Stamp) -> Option<WorstLag> {
        let hours = self.hours(system, side).iter().filter(|hour| hour.number >= oldest(now));
        let (number, lag_s) = hours
            .filter_map(|hour| Some((hour.number, hour.lag_max_s?)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        Some(WorstLag { lag_s, hour: u8::try_from(number.rem_euclid(24)).unwrap_or(0) })
    }

    /// The smallest and largest lag known in the hours kept, in seconds.
    #[cfg(test)]
    pub fn lag_range_s(&self, system: &SystemId, side: Side) -> Option<(f64, f64)> {
        let hours = self.hours(system, side);
        let least = hours.iter().filter_map(|hour| hour.lag_min_s).reduce(f64::min)?;
        let most = hours.iter().filter_map(|hour| hour.lag_max_s).reduce(f64::max)?;
        Some((least, most))
    }

    /// Good looks of all that told something in the hours kept, 0 to 1; none without any.
    #[cfg(test)]
    pub fn availability(&self, system: &SystemId, side: Side) -> Option<f64> {
        share(self.hours(system, side).iter())
    }

    /// The same of all systems on a side together, in the last 24 hours.
    pub fn availability_of_side(&self, side: Side, now: Stamp) -> Option<f64> {
        let oldest = oldest(now);
        let hours = self.systems.values().flat_map(|pair| &pair[side.index()].hours);
        share(hours.filter(|hour| hour.number >= oldest))
    }
}

fn share<'h>(hours: impl Iterator<Item = &'h Hour>) -> Option<f64> {
    let (good, all) = hours.fold((0.0, 0.0), |(good, all), hour| {
        let (up, failed) = (f64::from(hour.good), f64::from(hour.failed));
        (good + up, all + up + failed)
    });
    (all > 0.0).then(|| good / all)
}

fn hour_number(at: Stamp) -> i64 {
    at.wall_ms.div_euclid(HOUR_MS)
}

/// The oldest hour that counts at `now`.
fn oldest(now: Stamp) -> i64 {
    hour_number(now).saturating_sub(i64::try_from(HOURS_KEPT).unwrap_or(i64::MAX) - 1)
}

/// The place of the hour of `at`, made where there is none yet; hours that are too old go.
fn hour_of<H>(
    hours: &mut Vec<H>,
    at: Stamp,
    number_of: impl Fn(&H) -> i64,
    new: impl Fn(i64) -> H,
) -> usize {
    let number = hour_number(at);
    // A wall clock that jumped back must not make two entries of one hour.
    if let Err(place) = hours.binary_search_by_key(&number, &number_of) {
        hours.insert(place, new(number));
    }
    let oldest = oldest(at);
    hours.retain(|hour| number_of(hour) >= oldest);
    // After a jump forward and back, hours of a time to come make room first.
    while hours.len() > HOURS_KEPT {
        let last = hours.len() - 1;
        let spare = if number_of(&hours[last]) > number { last } else { 0 };
        hours.remove(spare);
    }
    hours.binary_search_by_key(&number, &number_of).unwrap_or(0)
}

impl Hour {
    fn count(&mut self, good: Option<bool>, lag_s: Option<f64>) {
        match good {
            Some(true) => self.good = self.good.saturating_add(1),
            Some(false) => self.failed = self.failed.saturating_add(1),
            None => {}
        }
        if let Some(lag_s) = lag_s.filter(|lag_s| lag_s.is_finite()) {
            self.lag_min_s = Some(self.lag_min_s.map_or(lag_s, |least| least.min(lag_s)));
            self.lag_max_s = Some(self.lag_max_s.map_or(lag_s, |most| most.max(lag_s)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::{Basis, Certainty, LagUnit};
    use crate::domain::time::BootId;

    fn at(hour: i64) -> Stamp {
        let boot = BootId(u128::MAX - 7);
        Stamp { wall_ms: hour * HOUR_MS + 5, boot_ms: hour.unsigned_abs() * 3_600_000, boot }
    }

    fn lag(seconds: f64) -> Lag {
        Lag {
            seconds: Some(seconds),
            amount: None,
            unit: LagUnit::Bytes,
            basis: Basis::Heartbeat,
            certainty: Certainty::Known,
            unreceived: None,
        }
    }

    #[test]
    fn a_day_has_24_hours_and_absent_is_not_zero() {
        let pg = SystemId::new("pg").unwrap();
        let mut day = Day::default();
        assert_eq!(day.availability(&pg, Side::A), None);
        assert_eq!(day.lag_range_s(&pg, Side::A), None);
        for hour in 0_i32..50 {
            day.count(&pg, Side::A, at(hour.into()), Some(hour % 2 == 0), None);
            day.count(&pg, Side::A, at(hour.into()), None, Some(&lag(f64::from(hour))));
        }
        assert_eq!(day.hours(&pg, Side::A).len(), HOURS_KEPT);
        assert_eq!(day.availability(&pg, Side::A), Some(0.5));
        assert_eq!(day.lag_range_s(&pg, Side::A), Some((26.0, 49.0)));
        assert!(day.hours(&pg, Side::B).is_empty());
        let mut unknown = lag(1.0);
        unknown.certainty = Certainty::Unknown;
        day.count(&pg, Side::B, at(1), None, Some(&unknown));
        assert_eq!(day.lag_range_s(&pg, Side::B), None);
        assert_eq!(day.availability(&pg, Side::B), None);
        // The wall clock jumps back an hour and on again: still one entry an hour.
        for hour in [49, 48, 49, 50, 49] {
            day.count(&pg, Side::A, at(hour), Some(true), None);
        }
        let numbers: Vec<i64> = day.hours(&pg, Side::A).iter().map(|hour| hour.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert!(numbers.len() <= HOURS_KEPT);
    }

    #[test]
    fn the_worst_lag_has_its_hour_and_grows_old() {
        let (pg, redis) = (SystemId::new("pg").unwrap(), SystemId::new("redis").unwrap());
        let mut day = Day::default();
        for (hour, seconds) in [(100, 3.0), (101, 191.0), (102, 4.0), (103, 191.0)] {
            day.count(&pg, Side::B, at(hour), Some(hour != 102), Some(&lag(seconds)));
        }
        day.count(&redis, Side::B, at(103), Some(true), None);
        let check = |now: i64, want: Option<(f64, u8)>| {
            let worst = day.worst_lag(&pg, Side::B, at(now));
            assert_eq!(worst.map(|worst| (worst.lag_s, worst.hour)), want, "{now}");
        };
        check(103, Some((191.0, 7)));
        check(126, Some((191.0, 7)));
        check(127, None);
        assert_eq!(day.worst_lag(&pg, Side::A, at(103)), None);
        assert_eq!(day.availability_of_side(Side::B, at(103)), Some(0.8));
        assert_eq!(day.availability_of_side(Side::A, at(103)), None);
        assert_eq!(day.availability_of_side(Side::B, at(140)), None);
    }

    #[test]
    fn readiness_is_a_share_of_the_time_watched() {
        let mut day = Day::default();
        assert_eq!(day.readiness(at(0)), None);
        let doubt = || vec!["x".into()];
        let minute = Duration::from_secs(60);
        for (hour, verdict) in [
            (0, Verdict::Go),
            (1, Verdict::Caution(doubt())),
            (2, Verdict::NoGo(doubt())),
            (3, Verdict::Blind(doubt())),
            (3, Verdict::Go),
        ] {
            day.count_ready(&verdict, at(hour), minute);
        }
        let check = |now: i64, want: Option<(f64, u64)>| {
            let found = day.readiness(at(now));
            assert_eq!(found.map(|found| (found.go, found.watched.as_secs())), want, "{now}");
        };
        check(3, Some((0.4, 300)));
        check(26, Some((0.5, 120)));
        check(27, None);
    }

    #[test]
    fn a_file_of_an_older_console_is_read() {
        let mut day = Day::default();
        let pg = SystemId::new("pg").unwrap();
        day.count(&pg, Side::A, at(1), Some(true), Some(&lag(1.0)));
        let mut json = serde_json::to_value(&day).unwrap();
        json.as_object_mut().unwrap().remove("ready");
        assert_eq!(serde_json::from_value::<Day>(json).unwrap(), day);
    }
}
