//! What `CloudWatch` tells of the MSK Replicator that copies to a region, each figure only while
//! its newest point is fresh.
//!
//! None of it is the lag: it falls to 0 where the replicator may no longer read its source, and
//! counts what was not consumed, not what has not arrived.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::reading::{Fact, FactValue};
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{Clock, Commons, Credential};
use crate::systems::kit::aws::desk::Desks;
use crate::systems::kit::aws::metrics::{Point, Query};
use crate::systems::kit::aws::place::{self, Place};
use crate::systems::kit::aws::{Access, By, MACHINE, configure};
use crate::systems::kit::endpoint;
use crate::systems::kit::trouble::Trouble;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(60);

/// The longest time that asking may take beside a look.
const LIMIT: Duration = Duration::from_secs(2);

/// Of the longest way of a record, in milliseconds.
const LATENCY: usize = 0;
/// Of failures.
const FAILED: usize = 3;
/// Of what was denied.
const DENIED: usize = 4;

/// The metrics, how the points of a minute become one, and the fact that each is told as.
const METRICS: [(&str, &str, &str); 5] = [
    ("ReplicationLatency", "Maximum", "replicator_latency"),
    ("MessageLag", "Sum", "replicator_waits"),
    ("ReplicatorThroughput", "Average", "replicator_throughput"),
    ("ReplicatorFailure", "Sum", "replicator_failures"),
    ("AuthError", "Sum", "replicator_denied"),
];

const NAME: Setting<String> = Setting::new("name", Kind::Word, "What it is called").required();

const READ: Setting<String> = endpoint::READ.doc(
    "The secret for its metrics: the access key's id as user, its secret as password; without one \
     the machine's own credentials",
);

/// The setting that names it.
pub(super) const SETTING: Setting<Table> = Setting::new(
    "replicator",
    Kind::Table(&[
        NAME.spec,
        place::REGION.spec,
        place::ENDPOINT.spec,
        READ.spec,
        place::ROLE.spec,
        place::ACCOUNT.spec,
        place::INSTANCE_ROLE.spec,
    ]),
    "MSK Replicator that copies to this region, in the place of MirrorMaker 2 and `connect`: what \
     CloudWatch tells of it becomes facts, asked once a minute, and never the lag",
);

/// The MSK Replicator that copies to a side, as its metrics are asked for.
#[derive(Debug, Clone)]
pub(super) struct Replicator {
    pub(super) name: String,
    at: Place,
    /// Where metrics are asked for, together with the other systems of the console.
    desks: Arc<Desks>,
    read: Option<String>,
    /// What the secret holds, once a probe opened it.
    key: Option<Credential>,
}

impl Replicator {
    /// Reads it.
    pub(super) fn read(table: &Table) -> Result<Self, Fault> {
        let fields = Fields::new(table, "`replicator`");
        Place::endpoint(&fields, "monitoring")?;
        let replicator = Self {
            name: NAME.get(&fields)?,
            at: Place::read(&fields)?,
            desks: Arc::default(),
            read: READ.of(&fields)?,
            key: None,
        };
        fields.finish()?;
        Ok(replicator)
    }

    /// The secret for its metrics, and where what it holds is kept.
    pub(super) fn also_read(&mut self) -> Option<(&str, &mut Option<Credential>)> {
        Some((self.read.as_deref()?, &mut self.key))
    }

    /// Asks together with all that ask there.
    pub(super) fn share(&mut self, commons: &Commons) {
        self.desks = commons.of();
    }
}

/// What was told last, or why nothing.
#[derive(Debug, Default)]
pub struct Told {
    asked: Option<Stamp>,
    points: Option<Result<Vec<Option<Point>>, Clean>>,
}

impl Told {
    /// Asks, where that is due. One that does not answer costs one look a minute.
    pub(super) async fn look(
        &mut self,
        of: &Replicator,
        clock: &Arc<dyn Clock>,
        at: Stamp,
        left: Duration,
    ) {
        if !at.is_due(self.asked, EVERY) {
            return;
        }
        self.asked = Some(at);
        let limit = left.min(LIMIT);
        let asked = tokio::time::timeout(limit, Box::pin(ask(of, clock, at))).await;
        let late = || Trouble::timeout(&format!("CloudWatch of {}", of.at.region), limit);
        let told = asked.unwrap_or_else(|_| Err(late()));
        self.points = Some(told.map_err(|trouble| trouble.message));
    }

    fn figure(&self, metric: usize, now_ms: i64) -> Result<f64, Clean> {
        let points = self.points.as_ref().ok_or("not asked yet")?;
        let point = points.as_ref().map_err(Clone::clone)?.get(metric).copied().flatten();
        let fresh = point.filter(|point| point.is_fresh(now_ms)).map(|point| point.value);
        fresh.ok_or_else(|| "CloudWatch has no point of the last 5 minutes".into())
    }

    /// All of it as facts.
    pub(super) fn facts(&self, now_ms: i64) -> impl Iterator<Item = Fact> {
        METRICS.into_iter().enumerate().map(move |(metric, (_, _, name))| {
            let value = match self.figure(metric, now_ms) {
                Ok(ms) if metric == LATENCY => FactValue::Seconds(ms / 1000.0),
                Ok(figure) => FactValue::Number(figure),
                Err(why) => FactValue::Unknown(why),
            };
            Fact { name: name.to_owned(), value }
        })
    }

    /// What is wrong with it.
    pub(super) fn troubles(&self, name: &str, now_ms: i64) -> impl Iterator<Item = String> {
        let of = move |metric: usize, words: &str| {
            let count = self.figure(metric, now_ms).ok().filter(|count| *count > 0.0)?;
            Some(format!("MSK Replicator {name} {words} {count} times in the newest minute told"))
        };
        [of(FAILED, "failed"), of(DENIED, "was denied its source or target")].into_iter().flatten()
    }
}

async fn ask(
    of: &Replicator,
    clock: &Arc<dyn Clock>,
    at: Stamp,
) -> Result<Vec<Option<Point>>, Trouble> {
    let (place, key) = (of.at.clone(), of.key.clone().unwrap_or_default());
    let user = key.user.as_deref().unwrap_or(MACHINE).to_owned();
    let (words, seated) = (place.region.clone(), (place.clone(), user));
    // The client's futures are big.
    let opened = Box::pin(async move {
        let by = By::of(&place.region, key.user.as_deref(), key.secret.as_ref())?;
        configure(&Access { at: &place, by }).await
    });
    let desk = of.desks.open(seated, words, clock, opened).await?;
    let dimensions = || vec![("ReplicatorName".to_owned(), of.name.clone())];
    let query =
        |(name, statistic, _)| Query::minutely(("AWS/Kafka", name), statistic, dimensions());
    desk.points(&METRICS.map(query), at).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_fresh_is_not_known_and_never_none() {
        let check = |points: Option<Result<Vec<Option<Point>>, Clean>>, want: &[&str]| {
            let told = Told { asked: None, points };
            let shown: Vec<String> = told.facts(400_000).map(|fact| fact.value.shown()).collect();
            assert_eq!(shown, want);
            told.troubles("copier", 400_000).collect::<Vec<_>>()
        };
        let nothing = |why: &str| format!("UNKNOWN ({why})");
        let stale = nothing("CloudWatch has no point of the last 5 minutes");
        let never = nothing("not asked yet");
        assert!(check(None, &[never.as_str(); 5]).is_empty());
        let denied = nothing("no right");
        assert!(check(Some(Err("no right".into())), &[denied.as_str(); 5]).is_empty());
        let of = |at_ms, values: [f64; 5]| {
            Some(Ok(values.map(|value| Some(Point { at_ms, value })).to_vec()))
        };
        let old = of(90_000, [0.0, 0.0, 0.0, 3.0, 0.0]);
        assert!(check(old, &[stale.as_str(); 5]).is_empty());
        let told = check(of(390_000, [1500.0, 7.0, 9.0, 3.0, 0.0]), &["1.5s", "7", "9", "3", "0"]);
        assert_eq!(told, ["MSK Replicator copier failed 3 times in the newest minute told"]);
    }
}
