//! MSK Replicator, as `CloudWatch` tells of it: a double of that, and true clusters.

use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, FactValue, Reading};
use warroom::domain::settings::Value;

use super::bench::{Watcher, of_sides, table, text, why};
use crate::servers::aws::{Cloud, Double};
use crate::servers::kafka::Pair;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const REGION: &str = "eu-west-1";

/// What copies to B, by what tells its metrics and with this secret.
fn replicator(url: &str, secret: &str) -> (&'static str, Value) {
    let fields = [("name", "copier"), ("region", REGION), ("endpoint", url), ("read", secret)];
    let fields = Vec::from(fields.map(|(name, value)| (name, text(value))));
    ("replicator", Value::Table(table(fields)))
}

fn fact<'r>(reading: &'r Reading, name: &str) -> &'r FactValue {
    reading.fact(name).unwrap_or_else(|| panic!("no fact {name}: {reading:?}"))
}

#[test]
fn metrics_of_a_replicator_are_facts_while_they_are_fresh_and_never_the_lag() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let (pair, cloud) = (Pair::shared(), Cloud::start(Double::Moto));
    let url = cloud.url();
    let put = |name: &str, age_s: i64, value: f64| {
        let of = [("ReplicatorName", "copier")];
        cloud.measure((REGION, "AWS/Kafka", name), &of, (value, age_s));
    };
    let is_unknown = |reading: &Reading, want: &str| {
        let of = fact(reading, "replicator_latency");
        matches!(of, FactValue::Unknown(why) if why.as_str().contains(want))
    };
    let sides = [(&pair.a, Vec::new()), (&pair.b, vec![replicator(&url, "plain")])];
    let spec = of_sides(sides, "orders-replicated", Vec::new());
    let told = || {
        let mut found = None;
        until("it was asked in time", DEADLINE, || {
            // What is asked beside a look is told by the same one, and not again for a minute.
            let b = Watcher::new(&spec).side(Side::B).unwrap();
            found = (!is_unknown(&b, "did not answer")).then_some(b);
            found.is_some()
        });
        found.unwrap()
    };
    let unknown = |want: &str| {
        let b = told();
        assert!(is_unknown(&b, want), "{b:?}");
        b
    };
    // Nothing was ever told, or not for long: not known, never 0.
    unknown("no point of the last 5 minutes");
    put("ReplicationLatency", 600, 0.0);
    unknown("no point of the last 5 minutes");
    put("ReplicationLatency", 60, 1500.0);
    put("MessageLag", 60, 7.0);
    put("AuthError", 60, 2.0);
    let b = told();
    assert_eq!(*fact(&b, "replicator_latency"), FactValue::Seconds(1.5));
    assert_eq!(*fact(&b, "replicator_waits"), FactValue::Number(7.0));
    assert!(why(&b).contains("MSK Replicator copier was denied"), "{}", why(&b));
    // No topic was copied: what a metric says makes no lag known.
    assert_eq!(b.lag.unwrap().certainty, Certainty::Unknown);

    // Who does not answer takes nothing away from what the cluster itself tells.
    drop(cloud);
    let b = unknown("CloudWatch of eu-west-1");
    assert!(b.identity.is_some() && why(&b).is_empty(), "{}", why(&b));
}
