//! Peers and doors that are not what they should be: each is told in a sentence, in time.

use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, LookError, LookErrorKind};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::{Expected, OperateError};

use super::bench::{Hand, Watcher, list, side, system, table, text, why};
use crate::kind::identity::none_acts;
use crate::servers::kafka::Pair;
use crate::servers::kafka::broker::Door;
use crate::servers::kafka::connect::SOURCE;
use crate::servers::kafka::rights::{May, On};
use crate::stand;
use crate::turns::{Group, turn};

/// A by one of its doors alone.
fn by_door(pair: &Pair, door: Door, more: Vec<(&str, Value)>) -> SystemSpec {
    SystemSpec {
        timeout: Duration::from_secs(5),
        settings: table(vec![("topics", list(&["orders.*"]))]),
        sides: [Some(side(&pair.a, door, "A", more)), None],
        ..stand::system("stream", "kafka")
    }
}

fn refused(spec: &SystemSpec) -> LookError {
    Watcher::new(spec).side(Side::A).unwrap_err()
}

#[test]
fn every_door_is_opened_with_its_own_key() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    drop(system(&pair, "orders.*", Vec::new()));
    let ca = pair.a.ca.display().to_string();
    let (yes, ca) = (Value::Boolean(true), || ("ca", text(&ca)));
    let tls = || ("tls", yes.clone());
    let (read, sasl) = (|| ("read", text("read")), |how| ("sasl", text(how)));
    let check = |door, more: Vec<(&str, Value)>| {
        let look = Watcher::new(&by_door(&pair, door, more)).side(Side::A);
        assert!(look.is_ok(), "{door:?}: {look:?}");
    };
    check(Door::Plain, vec![]);
    check(Door::Tls, vec![tls(), ca()]);
    check(Door::Sasl, vec![read()]);
    check(Door::Sasl, vec![read(), sasl("scram-sha-256")]);
    check(Door::SaslTls, vec![tls(), ca(), read()]);
    check(Door::Sasl, vec![("read", text("token")), sasl("oauthbearer")]);
}

#[test]
fn wrong_keys_are_told() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let check = |door, more: Vec<(&str, Value)>, kind: LookErrorKind, want: &str| {
        let error = refused(&by_door(&pair, door, more));
        assert!(error.message.as_str().contains(want), "{door:?}: {error}");
        assert_eq!(error.kind, kind, "{error}");
        assert!(!error.to_string().contains("not-the-password"), "{error}");
    };
    let tls = || ("tls", Value::Boolean(true));
    let wrong = || ("read", text("wrong"));
    let (permission, ours) = (LookErrorKind::Permission, LookErrorKind::Ours);
    check(Door::Sasl, vec![wrong()], permission, "refused user wr_read");
    let scram = ("sasl", text("scram-sha-512"));
    check(Door::Sasl, vec![wrong(), scram], permission, "correct `sasl`");
    let stranger = ("ca", text(&pair.b.ca.display().to_string()));
    check(Door::Tls, vec![tls(), stranger], ours, "correct `ca`");
    check(Door::Tls, vec![tls()], ours, "name its file in `ca`");
    check(Door::Plain, vec![tls()], ours, "does not speak TLS");
    check(Door::Tls, vec![], LookErrorKind::Unreachable, "set `tls = true`");
}

#[test]
fn missing_rights_are_no_missing_data() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    pair.a.create_topic("orders-rights", 1, &[]);
    pair.a.produce("orders-rights", 0, 10);
    let spec = system(&pair, "orders-rights", vec![("groups", list(&["billing-rights"]))]);
    let mut watcher = Watcher::new(&spec);
    let level = |watcher: &mut Watcher| {
        watcher.until(Side::B, "all is copied", |b| {
            b.lag.as_ref().is_some_and(|lag| lag.amount == Some(0))
        })
    };
    level(&mut watcher);
    // A topic that may not be described seems not to be there.
    let all = On::Topic("*");
    pair.a.disallow("wr_read", May::Describe, all);
    pair.a.disallow("wr_read", May::Read, all);
    let b = watcher.until(Side::B, "the source shows nothing", |b| {
        b.lag.as_ref().is_some_and(|lag| lag.certainty == Certainty::Unknown)
    });
    assert!(why(&b).contains("DESCRIBE is missing"), "{}", why(&b));
    assert_eq!(b.lag.unwrap().amount, None);
    pair.a.allow("wr_read", May::Describe, all);
    let denied = Watcher::new(&spec).side(Side::A).unwrap_err();
    assert_eq!(denied.kind, LookErrorKind::Permission, "{denied}");
    assert!(denied.message.as_str().contains("READ"), "{denied}");
    pair.a.allow("wr_read", May::Read, all);
    level(&mut watcher);
    // Brokers do not say that the right to a group is missing: they do not answer.
    pair.b.disallow("wr_read", May::Describe, On::Group("*"));
    let mut watcher = Watcher::new(&spec);
    let b = watcher.until(Side::B, "the group is told", |b| why(b).contains("billing-rights"));
    assert!(why(&b).contains("is DESCRIBE on the group missing?"), "{}", why(&b));
    pair.b.allow("wr_read", May::Describe, On::Group("*"));

    let mut write = Hand::new(&spec, "kafka.verify_write", Side::A, probe("orders-rights"));
    let denied = write.apply().unwrap_err();
    assert!(matches!(denied, OperateError::Permission(_)), "{denied:?}");
    let mut write = Hand::new(&spec, "kafka.verify_write", Side::B, probe("nowhere"));
    let refused = write.apply().unwrap_err();
    assert!(refused.to_string().contains("create it"), "{refused}");
}

fn probe(topic: &str) -> Table {
    table(vec![("topic", text(topic))])
}

#[test]
fn another_cluster_than_the_screen_showed_is_left_alone() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let spec = system(&pair, "orders-meant", Vec::new());
    let mut watcher = Watcher::new(&spec);
    let target = watcher.side(Side::A).unwrap().identity;
    let expected = Expected { target, ..Expected::default() };
    let states = || format!("{:?} {:?}", pair.connect.states(SOURCE), pair.b.ends("warroom-probe"));
    none_acts(&spec, Side::B, &expected, |_| Table::default(), states);
}
