//! Topics that are made anew under their names, in either region, and copies that lose old records.

use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, Reading};

use super::bench::{Watcher, figure, system, why};
use super::truth::known;
use crate::servers::kafka::Pair;
use crate::servers::kafka::broker::Broker;
use crate::servers::kafka::connect::SOURCE;
use crate::turns::{Group, turn};

const TOPIC: &str = "orders-anew";

/// Deletes a topic and makes it again with so many records.
fn make_anew(broker: &Broker, topic: &str, records: usize) {
    broker.delete_topic(topic);
    broker.create_topic(topic, 1, &[]);
    broker.produce(topic, 0, records);
}

#[test]
fn what_is_made_anew_is_told_however_much_it_holds() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let (pair, copy) = (Pair::shared(), &Pair::remote(TOPIC));
    pair.a.create_topic(TOPIC, 1, &[]);
    pair.a.produce(TOPIC, 0, 100);
    let spec = system(&pair, TOPIC, Vec::new());
    let mut watcher = Watcher::new(&spec);
    let told = |watcher: &mut Watcher, words: &str| -> Reading {
        watcher.until(Side::B, words, |b| why(b).contains(words))
    };
    let level = |b: &Reading| known(b) == Some((0.0, Some(0)));
    let b = watcher.until(Side::B, "all is copied", level);
    assert_eq!((figure(&b, "missing_records"), why(&b).as_str()), (Some(0.0), ""));

    pair.b.delete_records(copy, 0, 40);
    let b = told(&mut watcher, "40 records that their source still has are here no more");
    assert_eq!(figure(&b, "missing_records"), Some(40.0));

    // More records than before: no bound has gone back when it is looked at again.
    watcher.look();
    make_anew(&pair.a, TOPIC, 150);
    told(&mut watcher, "made anew at the source, what was copied before stays: orders-anew");

    pair.connect.pause(SOURCE);
    let gone = "made anew here, or cut back: A.orders-anew";
    for records in [300, 10] {
        let mut watcher = Watcher::new(&spec);
        watcher.until(Side::B, "it is there", |b| !why(b).contains("made anew"));
        watcher.look();
        make_anew(&pair.b, copy, records);
        let b = told(&mut watcher, gone);
        assert_eq!(b.lag.map(|lag| lag.certainty), Some(Certainty::Unknown), "{records}");
    }
    pair.connect.resume(SOURCE);
    pair.a.delete_topic(TOPIC);
}
