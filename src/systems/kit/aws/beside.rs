//! What every kind of Amazon's services is told beside the thing itself: its metrics, the time, and
//! how long our credentials last.

use std::time::Duration;

use super::desk::Desk;
use super::metrics::{Point, Query};
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{Fact, FactValue, Reading};
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, no_less};

/// The fact that every kind tells of our credentials, where they end.
pub const CREDENTIALS_LEFT: FactSpec =
    fact("credentials_left", "time until our credentials end, where they do");

/// The fact that every kind tells where it is not Amazon that is asked.
pub const ENDPOINT_OVERRIDE: FactSpec =
    fact("endpoint_override", "the URL that is used in the place of Amazon's own");

/// How long the newest metrics are waited for: without them everything else is told all the same.
const METRICS_LIMIT: Duration = Duration::from_millis(800);

/// Credentials that end sooner are a warning: a failover takes its time.
const CREDENTIALS_LEAST_S: f64 = 3600.0;

/// States in which a database serves, though something goes on.
const SERVING: [&str; 9] = [
    "available",
    "backing-up",
    "configuring-enhanced-monitoring",
    "configuring-iam-database-auth",
    "configuring-log-exports",
    "maintenance",
    "snapshotting",
    "storage-initialization",
    "storage-optimization",
];

/// States in which it is not there, or from which it does not come back by itself.
const GONE: [&str; 6] =
    ["create-failed", "deleting", "failed", "stopped", "stopping", "storage-full"];

/// What a status means for those who use a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It serves.
    Serves,
    /// Something is done to it; it may not serve.
    Changes,
    /// It is not there.
    Gone,
}

impl Condition {
    /// Of a status as Amazon words it.
    pub fn of(status: &str) -> Self {
        let starts = |with: &str| status.starts_with(with);
        if SERVING.contains(&status) {
            Self::Serves
        } else if GONE.contains(&status)
            || ["incompatible-", "inaccessible-", "restore-error"].into_iter().any(starts)
        {
            Self::Gone
        } else {
            Self::Changes
        }
    }
}

/// What was told beside the thing itself.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The newest point of each metric, in the order that they were asked for.
    pub points: Result<Vec<Option<Point>>, Clean>,
    /// The later one of our clock and Amazon's, in milliseconds since 1970.
    pub now_ms: i64,
    /// When our credentials end.
    pub expires_ms: Option<i64>,
}

impl Beside {
    /// Asks for it; for metrics only where somebody watches.
    pub async fn ask(desk: &Desk, queries: &[Query], now: Stamp, watched: bool) -> Self {
        let points = async {
            if !watched {
                return Err("it is not asked for by steps".into());
            }
            let asked = tokio::time::timeout(METRICS_LIMIT, desk.points(queries, now)).await;
            let points = asked.map_err(|_| Clean::from("CloudWatch did not answer in time"))?;
            points.map_err(|trouble| trouble.message)
        };
        let (points, expires_ms) = tokio::join!(points, desk.expires_ms(now));
        let now_ms = now.wall_ms.max(desk.clock.last_ms().unwrap_or(0));
        Self { points, now_ms, expires_ms }
    }

    /// The newest point of a metric.
    ///
    /// # Errors
    /// Why nothing is known of it.
    pub fn point(&self, number: usize) -> Result<Option<Point>, Clean> {
        self.points.clone().map(|points| points.get(number).copied().flatten())
    }

    /// The same, of the last five minutes.
    ///
    /// # Errors
    /// Why nothing is known of it.
    pub fn fresh(&self, number: usize, name: &str) -> Result<Point, Clean> {
        let fresh = self.point(number)?.filter(|point| point.is_fresh(self.now_ms));
        fresh.ok_or_else(|| format!("CloudWatch has no {name} of the last 5 minutes").into())
    }

    /// The same of a lag: below 0 and no number are Amazon's words for none.
    ///
    /// # Errors
    /// Why nothing is known of it.
    pub fn measured(&self, number: usize, name: &str) -> Result<Point, Clean> {
        let point = self.fresh(number, name)?;
        if !point.value.is_finite() || point.value < 0.0 {
            return Err(format!("{name} is {}: replication is not active", point.value).into());
        }
        Ok(point)
    }

    /// A lag at most: what it was when it was measured, in units of so many seconds, and all the
    /// time since.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn lag_at_most_s(&self, number: usize, name: &str, unit_s: f64) -> Result<f64, Clean> {
        let point = self.measured(number, name)?;
        Ok(point.value * unit_s + self.age_s(point.at_ms))
    }

    /// How long ago a time was, in seconds.
    pub fn age_s(&self, at_ms: i64) -> f64 {
        seconds(self.now_ms.saturating_sub(at_ms).max(0))
    }

    /// How long our credentials are good for, in seconds; none for those that do not end.
    pub fn left_s(&self) -> Option<f64> {
        Some(seconds(self.expires_ms?.saturating_sub(self.now_ms).max(0)))
    }

    /// Adds to a reading what is told by all kinds alike: until when our credentials last, and what
    /// stands in for Amazon.
    pub fn tell(&self, stand_in: Option<&str>, reading: Reading) -> Reading {
        let mut told = Reading { health: reading.health.but(self.expiring()), ..reading };
        let mut add = |spec: FactSpec, value| {
            told.facts.push(Fact { name: spec.name.to_owned(), value });
        };
        if let Some(left_s) = self.left_s() {
            add(CREDENTIALS_LEFT, FactValue::Seconds(left_s));
        }
        if let Some(url) = stand_in {
            add(ENDPOINT_OVERRIDE, FactValue::text(url));
        }
        told.credentials_end = self.end_after(told.at);
        told
    }

    /// When our credentials end, by the clock of a look.
    fn end_after(&self, at: Stamp) -> Option<Stamp> {
        let left_ms = self.expires_ms?.saturating_sub(self.now_ms);
        let away = Duration::from_millis(left_ms.unsigned_abs());
        Some(if left_ms < 0 { at.minus(away) } else { at.plus(away) })
    }

    /// The warning that our credentials end soon.
    fn expiring(&self) -> Option<String> {
        let left = self.left_s().filter(|left| *left < CREDENTIALS_LEAST_S)?;
        Some(format!("our credentials end in {}: renew them", no_less(left)))
    }
}

fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^52")]
    let ms = ms as f64;
    ms / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::Health;
    use crate::domain::time::BootId;

    #[test]
    fn a_lag_is_what_was_measured_and_all_the_time_since() {
        let now_ms = 1_795_372_573_000;
        // Value, age and unit of a point; at most so many seconds, or why not.
        let check = |point: Option<(f64, i64)>, unit_s: f64, want: Result<f64, &str>| {
            let point = point.map(|(value, age_s)| Point { at_ms: now_ms - age_s * 1000, value });
            let told = Beside { points: Ok(vec![point]), now_ms, expires_ms: None };
            let found = told.lag_at_most_s(0, "ReplicaLag", unit_s);
            match (&found, want) {
                (Ok(found), Ok(want)) => assert!((found - want).abs() < 1e-6, "{found} {want}"),
                (Err(found), Err(want)) => assert!(found.as_str().contains(want), "{found}"),
                (found, want) => panic!("{found:?} {want:?}"),
            }
        };
        check(Some((0.4, 90)), 1.0, Ok(90.4));
        check(Some((300.0, 60)), 1.0, Ok(360.0));
        check(Some((400.0, 60)), 0.001, Ok(60.4));
        // Nothing is no zero, and what is old tells nothing of now.
        check(None, 1.0, Err("no ReplicaLag of the last 5 minutes"));
        check(Some((0.0, 301)), 1.0, Err("no ReplicaLag of the last 5 minutes"));
        check(Some((-1.0, 30)), 1.0, Err("replication is not active"));
        check(Some((f64::NAN, 30)), 1.0, Err("replication is not active"));
    }

    #[test]
    fn credentials_that_end_soon_are_a_warning() {
        let at = Stamp { wall_ms: 8_999_000, boot_ms: 500_000, boot: BootId(1) };
        let check = |left_s: Option<i64>, want: Option<&str>| {
            let expires_ms = left_s.map(|left_s| 9_000_000 + left_s * 1000);
            let beside = Beside { points: Ok(Vec::new()), now_ms: 9_000_000, expires_ms };
            let want = want.map(|left| format!("our credentials end in {left}: renew them"));
            assert_eq!(beside.expiring(), want);
            let told = beside.tell(None, Reading::new(at, Health::Up, "fine"));
            let health = want.map_or(Health::Up, |want| Health::Degraded(want.into()));
            assert_eq!(told.health, health);
            // By the boot clock, whatever the wall clock says.
            let end = told.credentials_end.map(|end| end.boot_ms.cast_signed());
            assert_eq!(end, left_s.map(|left_s| 500_000 + left_s * 1000));
            assert_eq!(told.fact("credentials_left").is_some(), left_s.is_some());
        };
        check(None, None);
        check(Some(3600), None);
        check(Some(3599), Some("59m59s"));
        check(Some(-5), Some("0s"));
    }

    #[test]
    fn what_stands_in_for_amazon_is_a_fact() {
        let beside = Beside { points: Ok(Vec::new()), now_ms: 0, expires_ms: None };
        let at = Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(1) };
        let why = || Health::Down("gone".into());
        let told = beside.tell(Some("http://127.0.0.1:9"), Reading::new(at, why(), "fine"));
        assert_eq!(told.health, why());
        let url = FactValue::text("http://127.0.0.1:9");
        assert_eq!(told.fact("endpoint_override"), Some(&url));
    }
}
