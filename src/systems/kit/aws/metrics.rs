//! Metrics of `CloudWatch`, many in one request. Without a new point one is not known, never 0.

use std::borrow::Cow;
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

/// The time that one point stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// For what tells of now.
    Minute,
    /// For what happens once a day: the newest hour in which it did counts.
    Hour,
}

impl Period {
    /// Those of one period are asked for together.
    pub const ALL: [Self; 2] = [Self::Minute, Self::Hour];

    fn seconds(self) -> i32 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// How far back is asked: what was not measured for so long is not known.
    pub fn window(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(15 * 60),
            Self::Hour => Duration::from_secs(15 * 86_400),
        }
    }

    /// How often it is asked.
    pub fn every(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(60),
            Self::Hour => Duration::from_secs(600),
        }
    }
}

/// A newest point that is older tells nothing of now.
pub const STALE_AFTER: Duration = Duration::from_secs(5 * 60);

/// One metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// `AWS/S3`.
    namespace: Cow<'static, str>,
    /// Its name.
    name: Cow<'static, str>,
    /// `Maximum`, `Sum`.
    statistic: &'static str,
    /// What it is measured of.
    dimensions: Vec<(String, String)>,
    /// The time that one point stands for.
    pub period: Period,
}

impl Query {
    /// One of each minute, by statistic.
    pub fn minutely(
        (namespace, name): (&'static str, &'static str),
        statistic: &'static str,
        dimensions: Vec<(String, String)>,
    ) -> Self {
        let (namespace, name) = (namespace.into(), name.into());
        Self { namespace, name, statistic, dimensions, period: Period::Minute }
    }

    /// How often something happened in each hour.
    pub fn counted(namespace: &str, name: &str, dimensions: Vec<(String, String)>) -> Self {
        let (namespace, name) = (namespace.to_owned().into(), name.to_owned().into());
        Self { namespace, name, statistic: "Sum", dimensions, period: Period::Hour }
    }

    /// The highest value of each minute, of what one dimension names.
    pub fn highest(
        namespace: &'static str,
        name: &'static str,
        (dimension, value): (&str, &str),
    ) -> Self {
        let dimensions = vec![(dimension.to_owned(), value.to_owned())];
        Self::minutely((namespace, name), "Maximum", dimensions)
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

/// The newest point of each metric of a period, in the order of the queries; none where there is
/// none.
///
/// # Errors
/// When they cannot be asked.
pub async fn newest(
    client: &Client,
    asked: &Asked<'_>,
    queries: &[Query],
    period: Period,
    now_ms: i64,
) -> Result<Vec<Option<Point>>, Trouble> {
    let window_s = i64::try_from(period.window().as_secs()).unwrap_or(i64::MAX);
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
            .start_time(DateTime::from_secs(now_s - window_s))
            // What ends now would leave out the time that is not over.
            .end_time(DateTime::from_secs(now_s + i64::from(period.seconds())))
            .scan_by(ScanBy::TimestampDescending);
        let told = Box::pin(ask.send()).await.map_err(|error| of_sdk(&error, asked))?;
        for result in told.metric_data_results() {
            let at = result.id().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
            if let Some(point) = at.and_then(|at| points.get_mut(at)) {
                *point = newest_of(result, period);
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
        .namespace(query.namespace.as_ref())
        .metric_name(query.name.as_ref())
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder().metric(metric).stat(query.statistic);
    let stat = stat.period(query.period.seconds()).build();
    MetricDataQuery::builder().id(format!("m{number}")).metric_stat(stat).build()
}

/// Whatever order they came in. What is counted and was none happened earlier.
fn newest_of(result: &MetricDataResult, period: Period) -> Option<Point> {
    let pairs = result.timestamps().iter().zip(result.values());
    let points =
        pairs.filter_map(|(at, value)| Some(Point { at_ms: at.to_millis().ok()?, value: *value }));
    let counts = |point: &Point| match period {
        Period::Minute => true,
        Period::Hour => point.value > 0.0,
    };
    points.filter(counts).max_by_key(|point| point.at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_point_counts_and_an_empty_answer_is_none() {
        use Period::{Hour, Minute};
        let check = |period: Period, points: &[(i64, f64)], want: Option<(i64, f64)>| {
            let mut result = MetricDataResult::builder().id("m0");
            for (at_s, value) in points {
                result = result.timestamps(DateTime::from_secs(*at_s)).values(*value);
            }
            let found = newest_of(&result.build(), period).map(|point| (point.at_ms, point.value));
            assert_eq!(found, want.map(|(at_s, value)| (at_s * 1000, value)));
        };
        check(Minute, &[], None);
        check(Minute, &[(60, 1.0), (120, 2.0)], Some((120, 2.0)));
        check(Minute, &[(120, 0.0), (60, 1.0)], Some((120, 0.0)));
        // What counts a job's successes says 0 in the hours in which it did not run.
        check(Hour, &[(7200, 0.0), (3600, 1.0)], Some((3600, 1.0)));
        check(Hour, &[(7200, 0.0), (3600, 0.0)], None);
    }

    #[test]
    fn five_minutes_without_a_point_are_silence() {
        let point = Point { at_ms: 1_000_000, value: 0.0 };
        assert!(point.is_fresh(1_300_000) && !point.is_fresh(1_300_001));
    }
}
