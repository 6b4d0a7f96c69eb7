//! Metrics of `CloudWatch`, many in one request. Without a new point one is not known, never 0.

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use aws_smithy_types::DateTime;

use super::trouble::{Asked, of_sdk};
use crate::systems::kit::trouble::Trouble;

/// The most metrics of one request.
const QUERIES_MAX: usize = 500;

/// How far back is asked.
const WINDOW_S: i64 = 15 * 60;

/// The time that one point stands for.
const PERIOD_S: i32 = 60;

/// A newest point that is older tells nothing of now.
pub const STALE_AFTER: Duration = Duration::from_secs(5 * 60);

/// One metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// `AWS/S3`.
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
    /// `Maximum`, `Sum`.
    pub statistic: &'static str,
    /// What it is measured of.
    pub dimensions: Vec<(String, String)>,
}

impl Query {
    /// The highest value of each minute, of what one dimension names.
    pub fn highest(
        namespace: &'static str,
        name: &'static str,
        (dimension, value): (&str, &str),
    ) -> Self {
        let dimensions = vec![(dimension.to_owned(), value.to_owned())];
        Self { namespace, name, statistic: "Maximum", dimensions }
    }
}

/// The newest point of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its time, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its value.
    pub value: f64,
}

impl Point {
    /// True while it tells of now.
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        u128::try_from(now_ms.saturating_sub(self.at_ms).max(0))
            .is_ok_and(|age_ms| age_ms <= STALE_AFTER.as_millis())
    }
}

/// The newest point of each metric, in the order of the queries; none where there is none.
///
/// # Errors
/// When they cannot be asked.
pub async fn newest(
    client: &Client,
    asked: &Asked<'_>,
    queries: &[Query],
    now_ms: i64,
) -> Result<Vec<Option<Point>>, Trouble> {
    let mut points = vec![None; queries.len()];
    let now_s = now_ms.div_euclid(1000);
    for (chunk, some) in queries.chunks(QUERIES_MAX).enumerate() {
        let first = chunk * QUERIES_MAX;
        let numbered = some.iter().enumerate();
        let ask = client
            .get_metric_data()
            .set_metric_data_queries(Some(
                numbered.map(|(at, query)| of(first + at, query)).collect(),
            ))
            .start_time(DateTime::from_secs(now_s - WINDOW_S))
            // What ends now would leave out the minute that is not over.
            .end_time(DateTime::from_secs(now_s + i64::from(PERIOD_S)))
            .scan_by(ScanBy::TimestampDescending);
        let told = Box::pin(ask.send()).await.map_err(|error| of_sdk(&error, asked))?;
        for result in told.metric_data_results() {
            let at = result.id().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
            if let Some(point) = at.and_then(|at| points.get_mut(at)) {
                *point = newest_of(result);
            }
        }
    }
    Ok(points)
}

fn of(number: usize, query: &Query) -> MetricDataQuery {
    let dimensions = query
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(query.namespace)
        .metric_name(query.name)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_S).stat(query.statistic).build();
    MetricDataQuery::builder().id(format!("m{number}")).metric_stat(stat).build()
}

/// Whatever order they came in.
fn newest_of(result: &MetricDataResult) -> Option<Point> {
    let pairs = result.timestamps().iter().zip(result.values());
    let points =
        pairs.filter_map(|(at, value)| Some(Point { at_ms: at.to_millis().ok()?, value: *value }));
    points.max_by_key(|point| point.at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_point_counts_and_an_empty_answer_is_none() {
        let check = |points: &[(i64, f64)], want: Option<(i64, f64)>| {
            let mut result = MetricDataResult::builder().id("m0");
            for (at_s, value) in points {
                result = result.timestamps(DateTime::from_secs(*at_s)).values(*value);
            }
            let found = newest_of(&result.build()).map(|point| (point.at_ms, point.value));
            assert_eq!(found, want.map(|(at_s, value)| (at_s * 1000, value)));
        };
        check(&[], None);
        check(&[(60, 1.0), (120, 2.0)], Some((120, 2.0)));
        check(&[(120, 0.0), (60, 1.0)], Some((120, 0.0)));
    }

    #[test]
    fn five_minutes_without_a_point_are_silence() {
        let point = Point { at_ms: 1_000_000, value: 0.0 };
        assert!(point.is_fresh(1_300_000) && !point.is_fresh(1_300_001));
    }
}
