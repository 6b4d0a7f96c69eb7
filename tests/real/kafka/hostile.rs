//! Peers and doors that are not what they should be: each is told in a sentence, in time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use warroom::app::kinds::KINDS;
use warroom::domain::ids::{Side, SystemId};
use warroom::domain::reading::{Certainty, Health, Look, LookError, LookErrorKind, Reading};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::domain::snapshot::Snapshot;
use warroom::domain::time::Stamp;
use warroom::port::{Boxed, Clock, Expected, Looks, OperateError, Probe, ProbeSetup};
use warroom::runtime::event::Event;
use warroom::runtime::look_once::record;
use warroom::runtime::poller::{self, Watched};

use super::bench::{Hand, Vault, WallClock, Watcher, list, side, system, table, text, why};
use crate::kind::identity::none_acts;
use crate::servers::kafka::Pair;
use crate::servers::kafka::broker::Door;
use crate::servers::kafka::connect::SOURCE;
use crate::servers::kafka::rights::{May, On};
use crate::servers::{DEADLINE, until};
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
    // A secret for acting alone is not shown by who watches.
    let act = || ("act", text("act"));
    check(Door::Plain, vec![act()]);
    check(Door::Tls, vec![tls(), ca(), act(), sasl("scram-sha-256")]);
    check(Door::Plain, vec![read(), act(), sasl("none")]);
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
    let act = ("act", text("act"));
    check(Door::Sasl, vec![act], LookErrorKind::Unreachable, "if it wants a login, name `read`");
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
    assert!(denied.message.as_str().contains("orders-rights"), "{denied}");
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

#[test]
fn a_right_that_is_taken_is_missed_by_the_next_record() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let topic = "orders-taken";
    pair.a.create_topic(topic, 1, &[]);
    pair.a.produce(topic, 0, 10);
    let spec = system(&pair, topic, Vec::new());
    let level = |look: &Look| {
        look.as_ref().is_ok_and(|b| b.lag.as_ref().is_some_and(|lag| lag.amount == Some(0)))
    };
    let mut watcher = Watcher::new(&spec);
    until("all is copied", DEADLINE, || level(&watcher.side(Side::B)));
    let (all, beats) = (On::Topic("*"), On::Topic("heartbeats"));
    pair.a.allow("wr_read", May::Read, beats);
    pair.a.disallow("wr_read", May::Read, all);
    let denied = |look: Look| {
        let error = look.err().filter(|error| error.kind == LookErrorKind::Permission);
        error.is_some_and(|error| error.message.as_str().contains("READ"))
    };
    until("the right is gone", DEADLINE, || denied(Watcher::new(&spec).side(Side::A)));
    // What was read before is all that there is, until something is written.
    let b = watcher.side(Side::B);
    assert!(level(&b) || b.unwrap().lag.unwrap().certainty == Certainty::Unknown);
    pair.a.produce(topic, 0, 1);
    let looks = watcher.look();
    let b = looks.b.unwrap().unwrap();
    assert_eq!(b.lag.unwrap().certainty, Certainty::Unknown);
    assert!(denied(looks.a.unwrap()));
    pair.a.allow("wr_read", May::Read, all);
    pair.a.disallow("wr_read", May::Read, beats);
}

/// A system that is always well.
struct Steady;

impl Probe for Steady {
    fn look(&mut self) -> Boxed<'_, Looks> {
        let well = Reading::new(WallClock.now(), Health::Up, "well");
        Box::pin(std::future::ready(Looks { a: Some(Ok(well)), b: None }))
    }
}

#[test]
fn a_hung_broker_delays_nothing_else() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let topic = "orders-hung";
    pair.a.create_topic(topic, 1, &[]);
    pair.a.produce(topic, 0, 10);
    let every = Duration::from_secs(1);
    let spec = SystemSpec { every, ..system(&pair, topic, Vec::new()) };
    let vault = Vault::new();
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let setup = ProbeSetup::alone(&spec, &vault, &clock);
    let probe = KINDS.system("kafka").unwrap().probe(setup).unwrap();
    let steady = stand::system("steady", "manual").id;
    let watched = |system: &SystemId, probe| {
        let system = Some(system.clone());
        Watched { system, every, timeout: spec.timeout, probe, sides: [true; 2] }
    };
    let watched = vec![watched(&spec.id, probe), watched(&steady, Box::new(Steady))];
    let (events, mut inbox) = mpsc::channel(64);
    let (mut snapshot, mut steadily) = (Snapshot::default(), Vec::new());
    let (mut frozen, mut hung) = (None, 0);
    let work = async {
        let _poke = poller::start(watched, &clock, &events);
        while hung < 2 {
            let event = inbox.recv().await.unwrap();
            let Event::Heard { system, at, looks } = event else { continue };
            if system == steady {
                steadily.extend(frozen.map(|_| at));
                continue;
            }
            if frozen.is_some_and(|since: Stamp| at.boot_ms > since.boot_ms) {
                hung += 1;
                let a = looks.a.as_ref().unwrap().as_ref().unwrap_err();
                assert!(a.counts_as_failure(), "{a}");
                let b = looks.b.as_ref().unwrap().as_ref().unwrap();
                assert_eq!(b.lag.as_ref().unwrap().certainty, Certainty::Unknown);
                let took = clock.now().since(at);
                assert!(took < spec.timeout, "{took:?}");
            }
            record(&mut snapshot, &spec.id, at, *looks);
            let last = snapshot.cell(&spec.id, Side::B).and_then(|cell| cell.last_lag.as_ref());
            if frozen.is_none() && last.is_some_and(|(_, lag)| lag.amount == Some(0)) {
                pair.a.program.freeze();
                frozen = Some(clock.now());
            }
        }
    };
    // One thread for all: what holds it up is found out.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work);
    pair.a.program.thaw();
    // What was known last stays known, with its age.
    let (at, lag) = snapshot.cell(&spec.id, Side::B).unwrap().last_lag.clone().unwrap();
    assert!(lag.amount == Some(0) && clock.now().since(at) > every, "{lag:?}");
    let gaps = steadily.windows(2).map(|two| two[1].since(two[0]));
    assert!(gaps.max().unwrap() < every * 2, "{steadily:?}");
}
