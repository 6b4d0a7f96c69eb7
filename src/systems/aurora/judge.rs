//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use super::settings::Aurora;
use super::state::Told;
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{
    Basis, Certainty, Fact, FactValue, Health, Lag, LagUnit, Reading, Role,
};
use crate::domain::text::Clean;
use crate::domain::time::no_less;
use crate::systems::kit::aws::beside::{self, Condition};
use crate::systems::kit::aws::moves::Member as _;
use crate::systems::kit::server::Sight;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("status", "the cluster's status, such as `available` or `failing-over`"),
    fact("server_version", "engine and version"),
    fact("instances", "the cluster's instances"),
    fact("in_global", "yes while the cluster is in the global database"),
    fact("global_status", "the global database's status"),
    fact("synchronized", "yes while the global database says so of this cluster"),
    fact("failover_state", "a move of the writer that goes on, such as `failing-over`, or `none`"),
    fact("replication_lag", "standby: the newest AuroraGlobalDBReplicationLag, as it was measured"),
    fact("rpo_lag", "standby: the newest AuroraGlobalDBRPOLag, as it was measured"),
    fact("lag_age", "standby: how old the first of these is"),
    fact("address", "the name under which the cluster's writer is reached"),
    beside::CREDENTIALS_LEFT,
    beside::ENDPOINT_OVERRIDE,
];

/// The metrics of a cluster: what the copy lacks, and what would be lost.
pub(super) const METRICS: [&str; 2] = ["AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"];

/// They are in milliseconds.
const UNIT_S: f64 = 0.001;

/// One side in one look.
pub(super) type View<'a> = Sight<'a, Aurora>;

impl View<'_> {
    /// How far it is behind at most, in seconds.
    fn lag_at_most_s(&self) -> Result<f64, Clean> {
        let Some(other) = self.other.map(|other| &other.told) else {
            return Err("the source is not read".into());
        };
        if other.role() == Role::Standby || other.condition() == Condition::Gone {
            return Err("the other side is no writer that serves".into());
        }
        if !self.own.told.is_synchronized() {
            return Err("it is not synchronized any more".into());
        }
        // Both are figures of Amazon; nobody knows which of them is late, and one that ended says
        // nothing good of the other.
        let lag = self.own.beside.lag_at_most_s(0, METRICS[0], UNIT_S)?;
        let rpo = self.own.beside.lag_at_most_s(1, METRICS[1], UNIT_S)?;
        Ok(rpo.max(lag))
    }
}

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let (own, role) = (&view.own.told, view.own.told.role());
    let mut reading = Reading::new(view.at, health(view), note(view));
    reading.took_ms = Some(view.took_ms);
    reading.role = Some(role);
    reading.writes = Some(own.writes());
    reading.identity = Some(view.own.identity());
    reading.lag = (role == Role::Standby).then(|| {
        let unknown = Lag::unknown(LagUnit::Bytes, Basis::Metric);
        match view.lag_at_most_s() {
            Ok(seconds) => Lag { seconds: Some(seconds), certainty: Certainty::Known, ..unknown },
            Err(_) => unknown,
        }
    });
    reading.facts = facts(view);
    reading
}

fn note(view: &View<'_>) -> String {
    let Told { cluster, .. } = &view.own.told;
    let status = &cluster.status;
    if let Some(unsure) = view.own.told.moving().or_else(|| view.own.told.doubt()) {
        return format!("{status}, {unsure}");
    }
    if view.own.told.role() == Role::Primary {
        let place =
            if view.own.told.is_writer().is_some() { "" } else { ", in no global database" };
        return format!("PRIMARY, {status}{place}");
    }
    match view.lag_at_most_s() {
        Ok(seconds) => format!("standby, {status}, at most {} behind", no_less(seconds)),
        Err(why) => format!("standby, {status}, lag UNKNOWN: {why}"),
    }
}

fn health(view: &View<'_>) -> Health {
    let (own, beside) = (&view.own.told, &view.own.beside);
    let cluster = &own.cluster;
    if own.condition() == Condition::Gone {
        return Health::Down(format!("the cluster is {}", cluster.status).into());
    }
    let mut reasons = Vec::new();
    if view.other.is_some_and(|other| other.told.cluster.resource == cluster.resource) {
        reasons.push("A and B are one and the same cluster".to_owned());
    }
    if own.condition() == Condition::Changes {
        reasons.push(format!("the cluster is {}", cluster.status));
    }
    if cluster.instances == 0 {
        reasons.push("the cluster has no instance: nobody can read or write it".to_owned());
    }
    match (&own.global, own.is_writer()) {
        (None, _) => reasons.push(format!("there is no global database {}", own.name)),
        (Some(_), None) => reasons.push(format!("it is not in the global database {}", own.name)),
        (Some(_), Some(_)) => {}
    }
    reasons.extend(own.moving());
    reasons.extend(own.doubt());
    if own.role() == Role::Standby && !own.is_synchronized() {
        reasons
            .push("it does not follow any more: the global database waits to resync it".to_owned());
    }
    if let (Role::Standby, Err(why)) = (own.role(), &beside.points) {
        reasons.push(format!("its lag cannot be read: {why}"));
    }
    Health::lacking(reasons)
}

fn facts(view: &View<'_>) -> Vec<Fact> {
    let (own, beside) = (&view.own.told, &view.own.beside);
    let mut facts = Vec::with_capacity(FACTS.len());
    let mut add = |name: &str, value| facts.push(Fact { name: name.to_owned(), value });
    add("status", FactValue::text(own.cluster.status.as_str()));
    add("server_version", FactValue::text(own.cluster.version.as_str()));
    add("instances", FactValue::count(own.cluster.instances as u64));
    add("in_global", FactValue::Boolean(own.is_writer().is_some()));
    let global = own.global.as_ref();
    let none = || FactValue::unknown("there is no such global database");
    add("global_status", global.map_or_else(none, |it| FactValue::text(it.status.as_str())));
    add("synchronized", FactValue::Boolean(own.is_synchronized()));
    let moving = own.global.as_ref().and_then(|global| global.moving.as_ref());
    add("failover_state", FactValue::text(moving.map_or("none", |(word, _)| word.as_str())));
    if own.role() == Role::Standby {
        for (number, name) in ["replication_lag", "rpo_lag"].into_iter().enumerate() {
            let point = beside.measured(number, METRICS[number]);
            let seconds = point.map(|point| FactValue::Seconds(point.value * UNIT_S));
            add(name, seconds.unwrap_or_else(FactValue::Unknown));
        }
        let first = beside.measured(0, METRICS[0]);
        let age = first.map(|point| FactValue::Seconds(beside.age_s(point.at_ms)));
        add("lag_age", age.unwrap_or_else(FactValue::Unknown));
    }
    let address = own.cluster.address.as_deref();
    add("address", address.map_or_else(|| FactValue::unknown("it has none yet"), FactValue::text));
    facts
}
