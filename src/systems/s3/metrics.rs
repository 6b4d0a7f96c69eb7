//! What `CloudWatch` tells of a bucket's copying: each figure only while its newest point is fresh.

use super::store::{Rule, Session};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::systems::kit::aws::metrics::{Point, Query};

/// Of the operations that wait.
const PENDING: usize = 0;
/// Of those that failed in the last minute told.
const FAILED: usize = 1;
/// Of the longest way of an object, in seconds.
const LATENCY: usize = 2;

/// The metrics of one rule, with how the points of a minute become one.
const NAMES: [(&str, &str); 3] = [
    ("OperationsPendingReplication", "Maximum"),
    ("OperationsFailedReplication", "Sum"),
    ("ReplicationLatency", "Maximum"),
];

/// What was told last, or why nothing; by the time of the console that it was asked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// When it was asked, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// The newest points of each metric of each rule.
    told: Result<Vec<[Option<Point>; NAMES.len()]>, Clean>,
}

impl Measured {
    /// Asks for all rules that copy to `bucket` at once; nothing without such a rule.
    pub(super) async fn ask(session: &Session, rules: &[Rule], at: Stamp) -> Option<Self> {
        let desk = session.metrics.as_ref()?;
        let mut queries = Vec::new();
        for rule in rules.iter().filter(|rule| rule.is_enabled) {
            let of = vec![
                ("SourceBucket".to_owned(), session.bucket().to_owned()),
                ("DestinationBucket".to_owned(), rule.to.clone()),
                ("RuleId".to_owned(), rule.id.clone()),
            ];
            let query =
                |(name, statistic)| Query::minutely(("AWS/S3", name), statistic, of.clone());
            queries.extend(NAMES.map(query));
        }
        if queries.is_empty() {
            return None;
        }
        let told = desk.points(&queries, at).await;
        let told = told.map(|points| points.as_chunks().0.to_vec());
        Some(Self { at_ms: at.wall_ms, told: told.map_err(|trouble| trouble.message) })
    }

    fn of(&self, metric: usize, now_ms: i64) -> Result<impl Iterator<Item = f64>, Clean> {
        let rules = self.told.as_ref().map_err(Clone::clone)?;
        let fresh = |points: &[Option<Point>; NAMES.len()]| {
            points[metric].filter(|point| point.is_fresh(now_ms)).map(|point| point.value)
        };
        let values: Option<Vec<f64>> = rules.iter().map(fresh).collect();
        let values = values.ok_or("CloudWatch has no point of the last 5 minutes for each rule");
        Ok(values.map_err(Clean::from)?.into_iter())
    }

    /// Operations that wait, of all rules.
    pub(super) fn pending(&self, now_ms: i64) -> Result<f64, Clean> {
        Ok(self.of(PENDING, now_ms)?.sum())
    }

    /// True where no rule has had anything that waits or failed since a time.
    pub(super) fn is_drained_since(&self, ms: i64, now_ms: i64) -> bool {
        let later = |point: Option<Point>| point.filter(|point| point.at_ms > ms);
        let is_none = |point: Option<Point>| later(point).is_some_and(|point| point.value == 0.0);
        let rules = self.told.as_ref();
        self.pending(now_ms).is_ok()
            && rules.is_ok_and(|rules| {
                rules.iter().all(|points| is_none(points[PENDING]) && is_none(points[FAILED]))
            })
    }

    /// Operations that failed in the newest minute told, of all rules.
    pub(super) fn failed(&self, now_ms: i64) -> Result<f64, Clean> {
        Ok(self.of(FAILED, now_ms)?.sum())
    }

    /// The longest way of an object, in seconds.
    pub(super) fn latency_s(&self, now_ms: i64) -> Result<f64, Clean> {
        Ok(self.of(LATENCY, now_ms)?.fold(0.0, f64::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_counts_only_while_every_rule_tells_it() {
        let point = |at_ms, value| Some(Point { at_ms, value });
        let check = |told: Result<Vec<[Option<Point>; 3]>, Clean>, want: Result<f64, &str>| {
            let found = Measured { at_ms: 0, told }.pending(400_000);
            assert_eq!(found.as_ref().map_err(Clean::as_str).copied(), want);
        };
        let stale = "CloudWatch has no point of the last 5 minutes for each rule";
        let one = [point(390_000, 7.0), point(390_000, 0.0), point(390_000, 2.0)];
        check(Ok(vec![one]), Ok(7.0));
        check(Ok(vec![one, one]), Ok(14.0));
        check(Ok(vec![one, [None; 3]]), Err(stale));
        check(Ok(vec![[point(90_000, 0.0), None, None]]), Err(stale));
        check(Err("no right".into()), Err("no right"));
    }
}
