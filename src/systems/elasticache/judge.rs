//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use super::settings::ElastiCache;
use super::state::LAG;
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{
    Basis, Certainty, Fact, FactValue, Health, Lag, LagUnit, Reading, Role,
};
use crate::domain::text::Clean;
use crate::domain::time::no_less;
use crate::systems::kit::aws::beside::{self, Condition};
use crate::systems::kit::aws::moves::{Member as _, words};
use crate::systems::kit::server::Sight;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("status", "the replication group's status, such as `available` or `modifying`"),
    fact("engine", "`redis` or `valkey`"),
    fact("nodes", "the group's nodes"),
    fact("shards", "the group's shards"),
    fact("takes_over", "`enabled` where a replica of the region takes over by itself"),
    fact("multi_az", "`enabled` where the nodes are in several zones"),
    fact("in_global", "yes while the group is in the Global Datastore"),
    fact("global_status", "the Global Datastore's status"),
    fact(
        "replication_lag",
        "standby: the worst of the newest GlobalDatastoreReplicationLag, as measured",
    ),
    fact("lag_age", "standby: how old the oldest of these is"),
    beside::CREDENTIALS_LEFT,
    beside::ENDPOINT_OVERRIDE,
];

/// One side in one look.
pub(super) type View<'a> = Sight<'a, ElastiCache>;

impl View<'_> {
    /// The worst of all that its lag is measured of. One of them that tells nothing of now may be
    /// the one that is far behind: nothing is known then.
    fn worst(&self, of: impl Fn(usize) -> Result<f64, Clean>) -> Result<f64, Clean> {
        let count = self.own.beside.points.as_ref().map_err(Clone::clone)?.len();
        let worst = (0..count).map(of).reduce(|worst, one| Ok(worst?.max(one?)));
        worst.unwrap_or_else(|| {
            let name = self.own.told.member.as_str();
            Err(format!("CloudWatch has no {LAG} of {name} or of a node of each shard").into())
        })
    }

    /// How far it is behind at most, in seconds.
    fn lag_at_most_s(&self) -> Result<f64, Clean> {
        let Some(other) = self.other.map(|other| &other.told) else {
            return Err("the source is not read".into());
        };
        if other.role() == Role::Standby || other.condition() == Condition::Gone {
            return Err("the other side is no primary that serves".into());
        }
        self.worst(|number| self.own.beside.lag_at_most_s(number, LAG, 1.0))
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
    let own = &view.own.told;
    let words = words(own);
    match own.role() {
        Role::Primary => format!("PRIMARY, {words}"),
        Role::Standby => match view.lag_at_most_s() {
            Ok(seconds) => format!("standby, {words}, at most {} behind", no_less(seconds)),
            Err(why) => format!("standby, {words}, lag UNKNOWN: {why}"),
        },
    }
}

fn health(view: &View<'_>) -> Health {
    let own = &view.own.told;
    if own.condition() == Condition::Gone {
        return Health::Down(format!("the replication group is {}", own.status()).into());
    }
    let mut reasons = Vec::new();
    if view.other.is_some_and(|other| other.told.group.arn == own.group.arn) {
        reasons.push("A and B are one and the same replication group".to_owned());
    }
    if own.condition() == Condition::Changes {
        reasons.push(format!("the replication group is {}", own.status()));
    }
    reasons.extend(own.lacking());
    match (&own.global, own.is_writer()) {
        (None, _) => reasons.push(format!("there is no Global Datastore {}", own.name)),
        (Some(_), None) => reasons.push(format!("it is not in the Global Datastore {}", own.name)),
        (Some(_), Some(_)) => {}
    }
    reasons.extend(own.moving());
    reasons.extend(own.doubt());
    if own.group.takes_over == "disabled" {
        reasons.push("no replica of its region takes over by itself".to_owned());
    }
    if let (Role::Standby, Err(why)) = (own.role(), &view.own.beside.points) {
        reasons.push(format!("its lag cannot be read: {why}"));
    }
    Health::lacking(reasons)
}

fn facts(view: &View<'_>) -> Vec<Fact> {
    let (own, beside) = (&view.own.told, &view.own.beside);
    let mut facts = Vec::with_capacity(FACTS.len());
    let mut add = |name: &str, value| facts.push(Fact { name: name.to_owned(), value });
    add("status", FactValue::text(own.status()));
    add("engine", FactValue::text(own.group.engine.as_str()));
    add("nodes", FactValue::count(own.group.nodes.len() as u64));
    add("shards", FactValue::count(own.group.shards.len() as u64));
    add("takes_over", FactValue::text(own.group.takes_over.as_str()));
    add("multi_az", FactValue::text(own.group.multi_az.as_str()));
    add("in_global", FactValue::Boolean(own.is_writer().is_some()));
    let global = own.global.as_ref();
    let none = || FactValue::unknown("there is no such Global Datastore");
    add("global_status", global.map_or_else(none, |it| FactValue::text(it.status.as_str())));
    if own.role() == Role::Standby {
        let told = |seconds: Result<f64, Clean>| {
            seconds.map_or_else(FactValue::Unknown, FactValue::Seconds)
        };
        let measured = |number| beside.measured(number, LAG);
        add("replication_lag", told(view.worst(|number| Ok(measured(number)?.value))));
        let age = view.worst(|number| Ok(beside.age_s(measured(number)?.at_ms)));
        add("lag_age", told(age));
    }
    facts
}
