//! The rigs themselves: records, heartbeats and groups flow, tasks fail, rights and doors hold.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::servers::kafka::broker::{Broker, Door};
use crate::servers::kafka::client::TIMEOUT;
use crate::servers::kafka::connect::{HEARTBEAT, SOURCE};
use crate::servers::kafka::load::{Arrived, Load};
use crate::servers::kafka::rights::{May, On};
use crate::servers::kafka::{Options, Pair};
use crate::servers::postgres::{PLAIN_PASSWORD, READ_PASSWORD};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

#[test]
fn records_heartbeats_and_groups_flow() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let (topic, group) = ("orders-flow", "billing-flow");
    pair.a.create_topic(topic, 3, &[]);
    let mut load = Load::start(&pair.a, topic, 3, 200);
    load.until_more(300);
    load.stop();
    let ends = pair.a.ends(topic).unwrap();
    pair.a.commit(group, topic, &ends);

    let remote = Pair::remote(topic);
    until("the topic is copied", DEADLINE, || pair.b.ends(&remote).as_ref() == Some(&ends));
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
}

#[test]
fn every_trouble_is_made_and_mended() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let mut pair = Pair::shared();
    let topic = "orders-trouble";
    let remote = Pair::remote(topic);
    pair.a.create_topic(topic, 2, &[("max.message.bytes", "3000000")]);
    let load = Load::start(&pair.a, topic, 2, 50);
    let mut arrived = Arrived::new(&pair.b, &remote, 2);
    let mut all_arrived = |pair: &Pair, load: &Load| {
        load.until_more(50);
        let acknowledged = load.acknowledged();
        until("all that was acknowledged is in B", DEADLINE, || {
            arrived.read_on() && arrived.missing(&acknowledged).is_empty()
        });
        assert_eq!(pair.connect.state(SOURCE), "RUNNING");
    };
    all_arrived(&pair, &load);

    pair.connect.pause(SOURCE);
    pair.connect.resume(SOURCE);
    pair.connect.stop(SOURCE);
    pair.connect.stop(HEARTBEAT);
    pair.mend();
    all_arrived(&pair, &load);

    pair.connect.poison(&pair.a, topic, 0);
    let mut tasks = pair.connect.states(SOURCE).split_off(1);
    tasks.sort_unstable();
    assert_eq!(tasks, ["FAILED", "RUNNING"]);
    // It meets the record again.
    pair.connect.restart(SOURCE);
    pair.connect.until_running();
    until("the task fails again", DEADLINE, || {
        pair.connect.states(SOURCE).contains(&"FAILED".to_owned())
    });
    pair.connect.cure();
    all_arrived(&pair, &load);

    pair.a.program.kill9();
    pair.a.start();
    all_arrived(&pair, &load);
    pair.connect.program.kill9();
    pair.b.program.kill9();
    pair.mend();
    all_arrived(&pair, &load);

    pair.a.program.freeze();
    assert!(pair.a.bounds(topic, 0).is_none());
    pair.a.program.thaw();
    all_arrived(&pair, &load);
    drop(load);
    // A poison for every later task.
    pair.a.delete_topic(topic);
}

#[test]
fn topics_are_trimmed_made_anew_and_written_in_transactions() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    // Not copied: what a cluster alone tells.
    let topic = "rig-forms";
    pair.a.create_topic(topic, 2, &[]);
    pair.a.produce(topic, 0, 10);
    pair.a.delete_records(topic, 0, 4);
    assert_eq!(pair.a.bounds(topic, 0), Some((4, 10)));
    pair.a.transact(topic, 1, 2, &[true, false]);
    // Two records and a marker each.
    assert_eq!(pair.a.bounds(topic, 1), Some((0, 6)));
    let mut arrived = Arrived::new(&pair.a, topic, 2);
    assert!(arrived.read_on());
    assert_eq!(arrived.read(), 6 + 2);
    let open = pair.a.hang_transaction(topic, 1, 3);
    assert_eq!(pair.a.bounds(topic, 1), Some((0, 9)));
    drop(open);
    pair.a.grow_topic(topic, 3);
    pair.a.configure_topic(topic, &[("cleanup.policy", "compact")]);
    pair.a.delete_topic(topic);
    pair.a.create_topic(topic, 1, &[]);
    assert_eq!(pair.a.bounds(topic, 0), Some((0, 0)));
    // Somebody is in the group, as long as he is polled.
    let member = pair.a.join("billing-live", topic);
    until("the group has a member", DEADLINE, || {
        member.poll(TIMEOUT / 50);
        member.assignment().unwrap().count() == 1
    });
    pair.a.delete_topic(topic);
}

#[test]
fn rights_and_doors_hold() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let (broker, topic) = (&pair.a, "rig-rights");
    broker.create_topic(topic, 1, &[]);
    let sees = |config: &ClientConfig| {
        let consumer: BaseConsumer = config.create().unwrap();
        let met = consumer.fetch_metadata(Some(topic), TIMEOUT)?;
        match met.topics()[0].error() {
            Some(error) => Err(KafkaError::MetadataFetch(error.into())),
            None => Ok(()),
        }
    };
    let tls = |door: Door, ca: &Broker| {
        let mut config = broker.client();
        config
            .set("bootstrap.servers", format!("127.0.0.1:{}", broker.port(door)))
            .set("security.protocol", "SSL")
            .set("ssl.ca.location", ca.ca.to_str().unwrap());
        config
    };
    let mut sasl_tls = tls(Door::SaslTls, broker);
    sasl_tls
        .set("security.protocol", "SASL_SSL")
        .set("sasl.mechanism", "SCRAM-SHA-256")
        .set("sasl.username", "wr_read")
        .set("sasl.password", READ_PASSWORD);
    let mut token = broker.client_as("", "", "OAUTHBEARER");
    token
        .set("enable.sasl.oauthbearer.unsecure.jwt", "true")
        .set("sasl.oauthbearer.config", "principal=wr_read");
    let named = [
        broker.client_as("wr_read", READ_PASSWORD, "PLAIN"),
        broker.client_as("wr_read", READ_PASSWORD, "SCRAM-SHA-256"),
        sasl_tls,
    ];
    let denied = Err(KafkaError::MetadataFetch(RDKafkaErrorCode::TopicAuthorizationFailed));
    let down = Err(KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerTransportFailure));
    for config in &named {
        assert_eq!(sees(config), denied);
    }
    broker.allow("wr_read", May::Describe, On::Topic(topic));
    for config in &named {
        assert_eq!(sees(config), Ok(()));
    }
    assert_eq!(sees(&broker.client_as("wr_plain", PLAIN_PASSWORD, "PLAIN")), denied);
    assert_eq!(sees(&broker.client_as("wr_read", "wrong", "PLAIN")), down);
    assert_eq!(sees(&tls(Door::Tls, broker)), Ok(()));
    assert_eq!(sees(&tls(Door::Tls, &pair.b)), down);
    // A token is told by events, to one who polls.
    let consumer: BaseConsumer = token.set("group.id", "rig-token").create().unwrap();
    until("the token is taken", DEADLINE, || {
        consumer.poll(TIMEOUT / 50);
        consumer.fetch_metadata(Some(topic), TIMEOUT).is_ok()
    });
    for may in [May::Read, May::Write, May::Describe] {
        for on in [On::Topic("*"), On::Group("billing-rights")] {
            broker.allow("wr_act", may, on);
            broker.disallow("wr_act", may, on);
        }
    }
    broker.allow("wr_act", May::DescribeConfigs, On::Cluster);
    broker.disallow("wr_act", May::DescribeConfigs, On::Cluster);
    broker.disallow("wr_read", May::Describe, On::Topic(topic));
    until("the right is gone", DEADLINE, || sees(&named[0]) == denied);
    broker.delete_topic(topic);
}

#[test]
fn the_way_back_is_a_second_worker() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let options = Options { topics: "back.*".to_owned(), ..Options::default() };
    let mut pair = Pair::start(&options);
    pair.b.create_topic("back-orders", 1, &[]);
    pair.b.produce("back-orders", 0, 7);
    pair.start_back();
    until("B's topic is in A", DEADLINE, || pair.a.ends("B.back-orders") == Some(vec![7]));
}
