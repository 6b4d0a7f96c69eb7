//! What can be done with a copied topic: stopped, proven, started the other way, written to.

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, Reading, Role};
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;
use warroom::port::OperateError;

use super::bench::{Hand, Watcher, done, system, why};
use crate::servers::kafka::Pair;
use crate::servers::kafka::connect::{CHECKPOINT, HEARTBEAT, SOURCE};
use crate::servers::kafka::load::{Arrived, Load};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const TOPIC: &str = "orders-acting";

fn hand(spec: &SystemSpec, action: &str, side: Side) -> Hand {
    Hand::new(spec, action, side, Table::default())
}

fn is_level(reading: &Reading) -> bool {
    let lag = reading.lag.as_ref();
    lag.is_some_and(|lag| lag.certainty == Certainty::Known && lag.amount == Some(0))
}

#[test]
fn a_failover_and_the_way_back() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let mut pair = Pair::shared();
    pair.start_back();
    let back = pair.back.as_ref().unwrap();
    for connector in [SOURCE, CHECKPOINT, HEARTBEAT] {
        back.stop(connector);
    }
    pair.a.create_topic(TOPIC, 3, &[]);
    pair.b.create_topic("warroom-probe", 1, &[]);
    let mut load = Load::start(&pair.a, TOPIC, 3, 200);
    let spec = system(&pair, TOPIC, Vec::new());
    let mut watcher = Watcher::new(&spec);
    watcher.until(Side::B, "records flow", |b| {
        b.lag.as_ref().is_some_and(|lag| lag.seconds.is_some())
    });
    load.until_more(200);

    // The proof is none while records come, or are copied.
    let mut latest = hand(&spec, "kafka.verify_latest", Side::B);
    let Standing::NotDone(why_not) = latest.check() else { panic!("copying is not stopped") };
    assert!(why_not.as_str().contains("copying is not stopped"), "{why_not}");
    load.stop();
    watcher.until(Side::B, "all is copied", is_level);

    let mut stop = hand(&spec, "kafka.stop_mirror", Side::B);
    assert!(!done(&stop.check()));
    let preview = format!("{:?}", stop.preview().changes);
    assert!(preview.contains("mm2-source RUNNING -> STOPPED"), "{preview}");
    let words = stop.apply().unwrap();
    assert!(words.as_str().contains("mm2-source STOPPED"), "{words}");
    assert!(done(&stop.check()));
    // Pressed once more, it changes nothing.
    stop.apply().unwrap();
    for connector in [SOURCE, CHECKPOINT, HEARTBEAT] {
        assert_eq!(pair.connect.states(connector), ["STOPPED"]);
    }
    let b = watcher.side(Side::B).unwrap();
    assert_eq!((b.role, b.lag), (Some(Role::Primary), None));

    let words = latest.apply().unwrap();
    assert!(words.as_str().contains("all 3 partitions of 1 topics"), "{words}");
    let mut arrived = Arrived::new(&pair.b, &Pair::remote(TOPIC), 3);
    arrived.read_on();
    assert_eq!(arrived.missing(&load.acknowledged()), []);

    let mut write = hand(&spec, "kafka.verify_write", Side::B);
    assert!(!done(&write.check()));
    write.apply().unwrap();
    assert!(done(&write.check()));

    // One record more at the source is seen.
    pair.a.produce(TOPIC, 1, 1);
    let Standing::NotDone(why_not) = latest.check() else { panic!("a record is missing") };
    assert!(why_not.as_str().contains("partition 1, is missing"), "{why_not}");

    // The way back: what is written in B is copied to A.
    let mut start = hand(&spec, "kafka.start_mirror", Side::A);
    assert!(!done(&start.check()));
    let a = watcher.side(Side::A).unwrap();
    assert_eq!(a.role, Some(Role::Primary), "two primaries until then");
    start.apply().unwrap();
    assert!(done(&start.check()));
    pair.b.create_topic("orders-acting-b", 1, &[]);
    pair.b.produce("orders-acting-b", 0, 25);
    until("it is copied back", DEADLINE, || pair.a.ends("B.orders-acting-b") == Some(vec![25]));
    let a = watcher.until(Side::A, "A follows", |a| a.role == Some(Role::Standby));
    assert!(why(&a).is_empty() || why(&a).contains("not copied"), "{}", why(&a));
    pair.b.delete_topic("warroom-probe");
}

#[test]
fn a_dead_source_is_no_proof_and_copying_stops_all_the_same() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let mut pair = Pair::shared();
    pair.a.create_topic("orders-dead", 1, &[]);
    pair.a.produce("orders-dead", 0, 10);
    let spec = system(&pair, "orders-dead", Vec::new());
    Watcher::new(&spec).until(Side::B, "all is copied", is_level);
    pair.a.program.kill9();
    let mut stop = hand(&spec, "kafka.stop_mirror", Side::B);
    stop.apply().unwrap();
    assert!(done(&stop.check()));
    let mut latest = hand(&spec, "kafka.verify_latest", Side::B);
    let Standing::Unknown(words) = latest.check() else { panic!("nothing proves it") };
    assert!(words.as_str().contains("no proof possible"), "{words}");
    assert!(matches!(latest.apply(), Err(OperateError::Refused(_))));
}

#[test]
fn an_order_without_an_answer_is_looked_at() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let spec = system(&pair, "orders-frozen", Vec::new());
    let mut stop = hand(&spec, "kafka.stop_mirror", Side::B);
    assert!(!done(&stop.check()));
    pair.connect.program.freeze();
    let Standing::Unknown(words) = stop.check() else { panic!("Connect does not answer") };
    assert!(words.as_str().contains("did not answer"), "{words}");
    assert!(matches!(stop.apply(), Err(OperateError::Refused(_))));
    pair.connect.program.thaw();
    stop.apply().unwrap();
    assert_eq!(pair.connect.state(SOURCE), "STOPPED");
}
