//! The rigs themselves: records, heartbeats and groups flow, tasks fail, rights and doors hold.

use std::time::Instant;

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::servers::kafka::Pair;
use crate::servers::kafka::client::TIMEOUT;
use crate::servers::kafka::load::{Arrived, Load};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

#[test]
fn records_heartbeats_and_groups_flow() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let start = Instant::now();
    let pair = Pair::shared();
    eprintln!("shared pair after {:?}", start.elapsed());
    let (topic, group) = ("orders-flow", "billing-flow");
    pair.a.create_topic(topic, 3, &[]);
    let mut load = Load::start(&pair.a, topic, 3, 200);
    load.until_more(300);
    load.stop();
    let ends = pair.a.ends(topic).unwrap();
    pair.a.commit(group, topic, &ends);

    let remote = Pair::remote(topic);
    until("the topic is copied", DEADLINE, || pair.b.ends(&remote).as_ref() == Some(&ends));
    eprintln!("copied after {:?}", start.elapsed());
    let mut arrived = Arrived::new(&pair.b, &remote, 3);
    assert!(arrived.read_on());
    assert_eq!(arrived.missing(&load.acknowledged()), []);
    assert_eq!(arrived.read(), u64::try_from(ends.iter().sum::<i64>()).unwrap());
    until("heartbeats arrive", DEADLINE, || {
        pair.b.ends("A.heartbeats").is_some_and(|ends| ends[0] > 0)
    });
    let last: Vec<(i64, i64)> = (0..).zip(ends.iter().map(|end| end - 1)).collect();
    until("REST tells how far it is", DEADLINE, || pair.connect.offsets(topic) == last);
    let there: Vec<Option<i64>> = ends.iter().copied().map(Some).collect();
    until("the group stands there too", DEADLINE, || pair.b.committed(group, &remote, 3) == there);
    eprintln!("all after {:?}", start.elapsed());
}
