//! Every fact of a reading by name, and what each means.

use super::judge::{METRICS, View};
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{Fact, FactValue};
use crate::systems::kit::aws::beside;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("status", "the instance's status, such as `available`, `modifying`, `rebooting`"),
    fact("server_version", "engine and version"),
    fact("multi_az", "yes where a second zone of its region takes over by itself"),
    fact("source", "replica: what it copies from"),
    fact("replicas", "the instance's replicas, or `none`"),
    fact("replication", "replica: `replicating`, or what else Amazon says of it"),
    fact("replica_lag", "replica: the newest ReplicaLag of CloudWatch, as it was measured"),
    fact("replica_lag_age", "replica: how old that is"),
    fact(
        "slot_lag_bytes",
        "bytes of log that the slot furthest behind holds back on this instance, by CloudWatch",
    ),
    fact("backup_age", "age of the newest moment that this instance's own backup restores"),
    fact("backup_retention_days", "days for which its own backups are kept"),
    fact(
        "region_backup_age",
        "age of the newest moment that can be restored in this region, of either side's instance",
    ),
    fact("address", "the name under which the instance is reached"),
    beside::CREDENTIALS_LEFT,
    beside::ENDPOINT_OVERRIDE,
];

/// The facts of one side.
pub(super) fn facts(view: &View<'_>) -> Vec<Fact> {
    let own = &view.own.told;
    let mut facts = Facts(Vec::with_capacity(FACTS.len()));
    facts.add("status", FactValue::text(own.status.as_str()));
    facts.add("server_version", FactValue::text(own.version.as_str()));
    facts.add("multi_az", FactValue::Boolean(own.multi_az));
    let named =
        |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    facts.add("replicas", FactValue::text(named(&own.replicas)));
    if let Some(source) = &own.source {
        facts.add("source", FactValue::text(source.as_str()));
        let states: Vec<String> = own.links.iter().map(|link| link.status.clone()).collect();
        facts.add("replication", FactValue::text(named(&states)));
    }
    facts.of_points(view);
    let age = |at_ms: Option<i64>, why: &str| match at_ms {
        Some(at_ms) => FactValue::Seconds(view.own.beside.age_s(at_ms)),
        None => FactValue::unknown(why),
    };
    facts.add("backup_age", age(own.restorable_ms, "it has no automated backup"));
    facts.add("backup_retention_days", FactValue::Number(f64::from(own.retention_days)));
    let of_region = match view.aside.restorable_ms() {
        None => FactValue::unknown("not asked yet"),
        Some(Err(why)) => FactValue::Unknown(why.clone()),
        Some(Ok(at_ms)) => age(*at_ms, "there is no backup of it in this region"),
    };
    facts.add("region_backup_age", of_region);
    facts.add(
        "address",
        own.address
            .as_deref()
            .map_or_else(|| FactValue::unknown("it has none yet"), FactValue::text),
    );
    facts.0
}

struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, name: &str, value: FactValue) {
        self.0.push(Fact { name: name.to_owned(), value });
    }

    fn of_points(&mut self, view: &View<'_>) {
        let (is_replica, beside) = (view.own.told.source.is_some(), &view.own.beside);
        if is_replica {
            let lag = beside.point(0).and_then(|lag| lag.ok_or("CloudWatch has none".into()));
            // -1 is Amazon's word for none.
            let measured = lag.clone().map(|lag| match lag.value {
                seconds if seconds >= 0.0 => FactValue::Seconds(seconds),
                _ => FactValue::unknown("replication is not active"),
            });
            self.add("replica_lag", measured.unwrap_or_else(FactValue::Unknown));
            let age = lag.map(|lag| FactValue::Seconds(beside.age_s(lag.at_ms)));
            self.add("replica_lag_age", age.unwrap_or_else(FactValue::Unknown));
        } else {
            let slots = beside.fresh(1, METRICS[1]);
            let slots = slots.map(|slots| FactValue::Number(slots.value));
            self.add("slot_lag_bytes", slots.unwrap_or_else(FactValue::Unknown));
        }
    }
}
