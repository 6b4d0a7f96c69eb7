//! From what both sides told to the reading of one side: health, lag and every fact by name.
//!
//! Both sides take writes, so neither is a standby: each is behind the other by what was written
//! there and has not come yet.

use super::settings::DynamoDb;
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{
    Basis, Certainty, Fact, FactValue, Health, Lag, LagUnit, Reading, Writes,
};
use crate::domain::text::Clean;
use crate::domain::time::no_less;
use crate::systems::kit::aws::beside;
use crate::systems::kit::server::Sight;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("status", "the table's status, such as `ACTIVE` or `UPDATING`"),
    fact("replica", "what this region says of the other one's replica, such as `ACTIVE`"),
    fact("replicas", "the regions of all other replicas, or `none`"),
    fact("consistency", "`eventual`, or `strong` where a write waits for another region"),
    fact("told_age", "how old the answer on the table is: tables are asked for one by one"),
    fact("replication_latency", "the newest ReplicationLatency from the other region, as measured"),
    fact("latency_age", "how old that is"),
    beside::CREDENTIALS_LEFT,
    beside::ENDPOINT_OVERRIDE,
];

/// How long items take to the other region, in milliseconds: measured where they come from.
pub(super) const LATENCY: &str = "ReplicationLatency";

/// It is in milliseconds.
const UNIT_S: f64 = 0.001;

/// States in which a table or a replica serves.
const SERVING: [&str; 2] = ["ACTIVE", "UPDATING"];

/// An answer that is older is told as such.
const OLD_S: f64 = 60.0;

/// One side in one look.
pub(super) type View<'a> = Sight<'a, DynamoDb>;

impl View<'_> {
    /// What this region says of the other one's replica; none where it knows of none.
    fn replica(&self) -> Option<&(String, Clean)> {
        self.own.told.table.replicas.get(self.settings.other_region.as_ref()?)
    }

    fn serves(&self) -> bool {
        SERVING.contains(&self.own.told.table.status.as_str())
    }

    /// How far it is behind the other side at most, in seconds.
    fn lag_at_most_s(&self) -> Result<f64, Clean> {
        let Some(other) = self.other else {
            return Err("the other region is not read".into());
        };
        if self.own.told.table.is_strong {
            return Err("it is strongly consistent, and has no lag that is measured".into());
        }
        match self.replica() {
            None => Err("the other region has no replica of it".into()),
            Some((status, _)) if !SERVING.contains(&status.as_str()) => {
                Err(format!("the other region's replica is {status}").into())
            }
            Some(_) => other.beside.lag_at_most_s(0, LATENCY, UNIT_S),
        }
    }

    fn told_age_s(&self) -> f64 {
        self.at.since(self.own.told.at).as_secs_f64()
    }
}

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let mut reading = Reading::new(view.at, health(view), note(view));
    reading.took_ms = Some(view.took_ms);
    reading.writes = Some(if view.serves() { Writes::Open } else { Writes::Unknown });
    reading.identity = Some(view.own.identity());
    let unknown = Lag::unknown(LagUnit::Records, Basis::Metric);
    reading.lag = Some(match view.lag_at_most_s() {
        Ok(seconds) => Lag { seconds: Some(seconds), certainty: Certainty::Known, ..unknown },
        Err(_) => unknown,
    });
    reading.facts = facts(view);
    reading
}

fn note(view: &View<'_>) -> String {
    let status = &view.own.told.table.status;
    let age_s = view.told_age_s();
    let told = if age_s > OLD_S { format!(" {} ago", no_less(age_s)) } else { String::new() };
    match view.lag_at_most_s() {
        Ok(seconds) => format!("{status}{told}, at most {} behind", no_less(seconds)),
        Err(why) => format!("{status}{told}, lag UNKNOWN: {why}"),
    }
}

fn health(view: &View<'_>) -> Health {
    let (own, beside) = (&view.own.told.table, &view.own.beside);
    if !view.serves() {
        return Health::Down(format!("the table is {}", own.status).into());
    }
    let mut reasons = Vec::new();
    if view.other.is_some_and(|other| other.told.table.arn == own.arn) {
        reasons.push("A and B are one and the same table".to_owned());
    }
    match (view.replica(), &view.settings.other_region) {
        (Some((status, words)), Some(region)) if !SERVING.contains(&status.as_str()) => {
            let more = if words.as_str().is_empty() { "" } else { ": " };
            reasons.push(format!("its replica in {region} is {status}{more}{words}"));
        }
        (None, Some(region)) => {
            reasons.push(format!("it has no replica in {region}: nothing is copied"));
        }
        (_, None) | (Some(_), Some(_)) => {}
    }
    if let Err(why) = &beside.points {
        reasons.push(format!("how far the other region is behind it cannot be read: {why}"));
    }
    Health::lacking(reasons)
}

fn facts(view: &View<'_>) -> Vec<Fact> {
    let (own, beside) = (&view.own.told.table, &view.own.beside);
    let mut facts = Vec::with_capacity(FACTS.len());
    let mut add = |name: &str, value| facts.push(Fact { name: name.to_owned(), value });
    add("status", FactValue::text(own.status.as_str()));
    let none = || FactValue::unknown("this region knows of no replica there");
    let replica = view.replica().map(|(status, _)| FactValue::text(status.as_str()));
    add("replica", replica.unwrap_or_else(none));
    let regions: Vec<&str> = own.replicas.keys().map(String::as_str).collect();
    let named = if regions.is_empty() { "none".to_owned() } else { regions.join(", ") };
    add("replicas", FactValue::text(named));
    add("consistency", FactValue::text(if own.is_strong { "strong" } else { "eventual" }));
    add("told_age", FactValue::Seconds(view.told_age_s()));
    let unread = || Err("the other region is not read".into());
    let point = view.other.map_or_else(unread, |other| other.beside.fresh(0, LATENCY));
    let seconds = point.clone().map(|point| FactValue::Seconds(point.value * UNIT_S));
    add("replication_latency", seconds.unwrap_or_else(FactValue::Unknown));
    let age = point.map(|point| FactValue::Seconds(beside.age_s(point.at_ms)));
    add("latency_age", age.unwrap_or_else(FactValue::Unknown));
    facts
}
