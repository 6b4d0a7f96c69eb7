//! Credentials that end before a failover would be over: they are renewed before they are missed.

use super::forecast::Forecast;
use super::ids::{Side, SystemId};
use super::rules::period;
use super::site::Site;
use super::snapshot::Snapshot;
use super::time::Stamp;
use super::verdict::{Alarm, Priority};

/// The key of the alarm.
pub const KEY: &str = "credentials";

/// The first credentials that end, and of how many other systems some end in time to matter too.
struct Ending<'a> {
    at: Stamp,
    of: (&'a SystemId, Side),
    others: usize,
}

impl<'a> Ending<'a> {
    fn before(last: Stamp, site: &'a Site, snapshot: &Snapshot, now: Stamp) -> Option<Self> {
        let mut ends: Vec<(Stamp, (&SystemId, Side))> = Vec::new();
        for spec in &site.systems {
            for side in Side::BOTH {
                let cell = snapshot.cell(&spec.id, side);
                let told = cell.and_then(|cell| cell.current(now, period(spec)));
                let end = told.and_then(|told| told.credentials_end);
                let end = end.filter(|end| !last.since(*end).is_zero());
                ends.extend(end.map(|end| (end, (&spec.id, side))));
            }
        }
        let (at, of) = ends.iter().copied().min_by_key(|(end, _)| end.boot_ms)?;
        Some(Self { at, of, others: ends.len() - 1 })
    }

    fn whose(&self) -> String {
        let (id, side) = self.of;
        let more = match self.others {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        format!("credentials of {id} in {side}{more}")
    }
}

/// The alarm that credentials end before the plan would: before it does while one is carried out or
/// there is an incident, else before one that were begun now. It blocks nothing.
pub fn alarm(site: &Site, snapshot: &Snapshot, forecast: &Forecast, now: Stamp) -> Option<Alarm> {
    let left = forecast.remaining_p80.max(forecast.plan_p80);
    if left.is_zero() {
        return None;
    }
    let finish = now.plus(left);
    let ending = Ending::before(finish, site, snapshot, now)?;
    let (whose, at, finish) = (ending.whose(), ending.at.utc(), finish.utc());
    let sentence = if !now.since(ending.at).is_zero() {
        format!("{whose} ended at {at}: renew them now")
    } else if forecast.elapsed.is_some() {
        format!("{whose} end at {at}, before the forecast finish {finish}: renew them now")
    } else {
        format!("{whose} end at {at}, before a failover begun now is over at {finish}: renew them")
    };
    let (system, side) = (Some(ending.of.0.clone()), Some(ending.of.1));
    Some(Alarm { system, side, ..Alarm::new(KEY, Priority::ActSoon, sentence) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::forecast::unknown;
    use crate::domain::reading::{Health, Reading};
    use crate::domain::rules::bench::{at, id, site};

    /// Now, on the bench's clock.
    const NOW_S: u64 = 10_000;

    #[test]
    fn credentials_that_end_before_the_forecast_finish_are_an_alarm() {
        // When those of each system end, how long the rest takes, whether it goes on, and what is
        // said.
        let check = |ends: &[(&str, Side, i64)], left_s: u64, elapsed: bool, want: Option<&str>| {
            let (site, now) = (site(), at(NOW_S));
            let mut snapshot = Snapshot::default();
            for (name, side, left_s) in ends {
                let mut told = Reading::new(now, Health::Up, "fine");
                let end = NOW_S.saturating_add_signed(*left_s);
                told.credentials_end = Some(at(end));
                snapshot.record(&id(name), *side, now, Ok(told));
            }
            let mut forecast = unknown(&site, now);
            forecast.remaining_p80 = Duration::from_secs(left_s / 2);
            forecast.plan_p80 = Duration::from_secs(left_s);
            forecast.elapsed = elapsed.then_some(Duration::from_secs(60));
            let told = alarm(&site, &snapshot, &forecast, now);
            let sentence = told.as_ref().map(|told| told.sentence.as_str());
            assert_eq!(sentence, want, "{ends:?} {left_s}");
            assert!(told.is_none_or(|told| told.priority == Priority::ActSoon));
        };
        let utc = |second: u64| at(NOW_S + second).utc();
        let pg = [("pg", Side::B, 1200)];
        let (end, finish) = (utc(1200), utc(1800));
        let late = format!(
            "credentials of pg in B end at {end}, before the forecast finish {finish}: renew them \
             now"
        );
        check(&pg, 1800, true, Some(&late));
        let early = format!(
            "credentials of pg in B end at {end}, before a failover begun now is over at {finish}: \
             renew them"
        );
        check(&pg, 1800, false, Some(&early));
        // They last, or there is nothing left to do, or nothing that ends.
        check(&pg, 1200, true, None);
        check(&pg, 0, true, None);
        check(&[], 1800, true, None);
        // The first that end are named.
        let both = [("redis", Side::A, 1500), ("pg", Side::B, 1200), ("pods", Side::A, 7200)];
        let more = late.replace("in B end", "in B and 1 more end");
        check(&both, 1800, true, Some(&more));
        // What is over is over, whatever a finish would be.
        let over = at(NOW_S - 30).utc();
        let over = format!("credentials of pg in B ended at {over}: renew them now");
        check(&[("pg", Side::B, -30)], 1800, true, Some(&over));
        check(&[("pg", Side::B, -30)], 1800, false, Some(&over));
    }

    #[test]
    fn what_was_told_long_ago_says_nothing_of_now() {
        let (site, now) = (site(), at(NOW_S));
        let mut snapshot = Snapshot::default();
        let mut told = Reading::new(at(NOW_S - 600), Health::Up, "fine");
        told.credentials_end = Some(at(NOW_S + 60));
        snapshot.record(&id("pg"), Side::B, at(NOW_S - 600), Ok(told));
        let mut forecast = unknown(&site, now);
        forecast.plan_p80 = Duration::from_secs(1800);
        assert_eq!(alarm(&site, &snapshot, &forecast, now), None);
    }
}
