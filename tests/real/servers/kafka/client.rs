//! What the rigs do themselves on a cluster: topics, records, transactions, groups and rights.

use std::future::Future;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier};
use rdkafka::admin::{NewPartitions, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::Offset;

use super::super::{DEADLINE, until};
use super::broker::{Broker, Door};

/// The longest time that one call may take.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest record that a rig writes where a topic takes it.
const RECORD_BYTES_MAX: &str = "3000000";

impl Broker {
    /// Makes a topic, with settings of its own, and waits until clients see it.
    pub fn create_topic(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
        let new = settings.iter().fold(
            NewTopic::new(topic, partitions, TopicReplication::Fixed(1)),
            |new, (name, value)| new.set(name, value),
        );
        let admin = self.admin();
        let results = wait(admin.create_topics([&new], &options())).unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        until(&format!("{topic} is there"), DEADLINE, || {
            self.ends(topic).is_some_and(|ends| ends.len() == usize::try_from(partitions).unwrap())
        });
    }

    /// Makes many topics at once, and waits until each of their partitions has a leader.
    pub fn create_topics(&self, topics: &[String], partitions: i32, settings: &[(&str, &str)]) {
        let of = |topic| {
            let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
            settings.iter().fold(new, |new, (name, value)| new.set(name, value))
        };
        let new: Vec<NewTopic<'_>> = topics.iter().map(|topic| of(topic.as_str())).collect();
        let admin = self.admin();
        let results = wait(admin.create_topics(&new, &options())).unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let count = topics.len() * usize::try_from(partitions).unwrap();
        until("the topics are there", DEADLINE, || {
            let Ok(met) = self.reader("").fetch_metadata(None, TIMEOUT) else { return false };
            let ours = met.topics().iter().filter(|met| topics.iter().any(|t| t == met.name()));
            let led = ours.flat_map(MetadataTopic::partitions).filter(|one| one.leader() >= 0);
            led.count() == count
        });
    }

    /// Deletes many topics at once; that goes on when this has ended.
    pub fn delete_topics(&self, topics: &[String]) {
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        let admin = self.admin();
        let results = wait(admin.delete_topics(&names, &options())).unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }

    /// Writes one record to each of the first `partitions` of topics, all of one moment, and waits
    /// until all are acknowledged.
    pub fn produce_each(&self, topics: &[String], partitions: i32, payload: &str, wall_ms: i64) {
        let producer: BaseProducer = self.client().set("linger.ms", "1").create().unwrap();
        for topic in topics {
            for partition in 0..partitions {
                let record = BaseRecord::<str, _>::to(topic).partition(partition);
                let record = record.payload(payload).timestamp(wall_ms);
                producer.send(record).map_err(|(error, _)| error).unwrap();
            }
        }
        producer.flush(DEADLINE).unwrap();
    }

    /// Adds partitions to a topic, up to this many.
    pub fn grow_topic(&self, topic: &str, partitions: usize) {
        let admin = self.admin();
        let more = NewPartitions::new(topic, partitions);
        let results = wait(admin.create_partitions([&more], &options())).unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        until(&format!("{topic} has grown"), DEADLINE, || {
            self.ends(topic).is_some_and(|ends| ends.len() == partitions)
        });
    }

    /// Deletes a topic and waits until it is gone.
    pub fn delete_topic(&self, topic: &str) {
        let admin = self.admin();
        let results = wait(admin.delete_topics(&[topic], &options())).unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        until(&format!("{topic} is gone"), DEADLINE, || {
            self.topics().iter().all(|there| there != topic)
        });
    }

    /// Replaces all settings of a topic by these.
    pub fn configure_topic(&self, topic: &str, settings: &[(&str, &str)]) {
        let config = settings
            .iter()
            .fold(AlterConfig::new(ResourceSpecifier::Topic(topic)), |config, (name, value)| {
                config.set(name, value)
            });
        let admin = self.admin();
        let results = wait(admin.alter_configs([&config], &options())).unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }

    /// Trims a partition: what is before `offset` is gone.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
        let admin = self.admin();
        wait(admin.delete_records(&list, &options())).unwrap();
        until(&format!("{topic} is trimmed"), DEADLINE, || {
            self.bounds(topic, partition).is_some_and(|(low, _)| low >= offset)
        });
    }

    /// The names of all topics.
    pub fn topics(&self) -> Vec<String> {
        let met = self.reader("").fetch_metadata(None, TIMEOUT).unwrap();
        met.topics().iter().map(|topic| topic.name().to_owned()).collect()
    }

    /// The first offset and the end of a partition, open transactions and all; nothing where there
    /// is none.
    pub fn bounds(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        self.reader("").fetch_watermarks(topic, partition, TIMEOUT).ok()
    }

    /// The end of each partition of a topic; nothing where there is no such topic.
    pub fn ends(&self, topic: &str) -> Option<Vec<i64>> {
        let reader = self.reader("");
        let met = reader.fetch_metadata(None, TIMEOUT).ok()?;
        let count = met.topics().iter().find(|met| met.name() == topic)?.partitions().len();
        (0..i32::try_from(count).unwrap())
            .map(|at| Some(reader.fetch_watermarks(topic, at, TIMEOUT).ok()?.1))
            .collect()
    }

    /// Writes `count` records to one partition and waits until all are acknowledged.
    pub fn produce(&self, topic: &str, partition: i32, count: usize) {
        let producer: BaseProducer = self.client().set("linger.ms", "1").create().unwrap();
        send(&producer, topic, partition, count);
        producer.flush(DEADLINE).unwrap();
    }

    /// Writes one record that is as large, where its topic takes it (`max.message.bytes`).
    pub fn produce_large(&self, topic: &str, partition: i32, bytes: usize) {
        let producer: BaseProducer =
            self.client().set("message.max.bytes", RECORD_BYTES_MAX).create().unwrap();
        let payload = vec![b'x'; bytes];
        let record = BaseRecord::<[u8], _>::to(topic).partition(partition).payload(&payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(DEADLINE).unwrap();
        let end = self.bounds(topic, partition).unwrap().1;
        assert!(end > 0, "{topic} took no record of {bytes} bytes");
    }

    /// Writes transactions of `count` records each to one partition, which end as said.
    pub fn transact(&self, topic: &str, partition: i32, count: usize, commits: &[bool]) {
        let id = format!("rig-{topic}-{partition}");
        let producer: BaseProducer = self.client().set("transactional.id", id).create().unwrap();
        producer.init_transactions(DEADLINE).unwrap();
        for commit in commits {
            producer.begin_transaction().unwrap();
            send(&producer, topic, partition, count);
            // Or an aborted one might never have been written.
            producer.flush(DEADLINE).unwrap();
            if *commit {
                producer.commit_transaction(DEADLINE).unwrap();
            } else {
                producer.abort_transaction(DEADLINE).unwrap();
            }
        }
    }

    /// Opens a transaction with `count` records in it that stays open until it is dropped.
    pub fn hang_transaction(&self, topic: &str, partition: i32, count: usize) -> BaseProducer {
        let id = format!("hang-{topic}-{partition}");
        let producer: BaseProducer = self.client().set("transactional.id", id).create().unwrap();
        producer.init_transactions(DEADLINE).unwrap();
        producer.begin_transaction().unwrap();
        send(&producer, topic, partition, count);
        producer.flush(DEADLINE).unwrap();
        producer
    }

    /// Lets a consumer group, in which nobody is, stand at these offsets of a topic.
    pub fn commit(&self, group: &str, topic: &str, offsets: &[i64]) {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in (0..).zip(offsets) {
            list.add_partition_offset(topic, partition, Offset::Offset(*offset)).unwrap();
        }
        self.reader(group).commit(&list, CommitMode::Sync).unwrap();
    }

    /// Where a consumer group stands in each of the first `partitions`, as far as it does.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> Vec<Option<i64>> {
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, partitions - 1);
        let found = self.reader(group).committed_offsets(list, TIMEOUT);
        let offset = |offset| if let Offset::Offset(at) = offset { Some(at) } else { None };
        found.map_or(Vec::new(), |list| {
            list.elements().iter().map(|element| offset(element.offset())).collect()
        })
    }

    /// A member of a group that reads a topic for as long as it is polled, and commits each second.
    pub fn join(&self, group: &str, topic: &str) -> BaseConsumer {
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", group)
            .set("auto.offset.reset", "earliest")
            .set("auto.commit.interval.ms", "1000")
            .set("session.timeout.ms", "6000")
            .create()
            .unwrap();
        consumer.subscribe(&[topic]).unwrap();
        consumer
    }

    /// Settings of a client with a name: PLAIN, or what `mechanism` says.
    pub fn client_as(&self, user: &str, password: &str, mechanism: &str) -> rdkafka::ClientConfig {
        let mut config = self.client();
        config
            .set("bootstrap.servers", format!("127.0.0.1:{}", self.port(Door::Sasl)))
            .set("security.protocol", "SASL_PLAINTEXT")
            .set("sasl.mechanism", mechanism)
            .set("sasl.username", user)
            .set("sasl.password", password);
        config
    }

    /// One that reads, commits for `group` where it is none, and is in no group.
    fn reader(&self, group: &str) -> BaseConsumer {
        let mut config = self.client();
        // Or the end would be told as before the first transaction that is still open.
        config.set("enable.auto.commit", "false").set("isolation.level", "read_uncommitted");
        if !group.is_empty() {
            config.set("group.id", group);
        }
        config.create().unwrap()
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().unwrap()
    }
}

fn send(producer: &BaseProducer, topic: &str, partition: i32, count: usize) {
    for number in 0..count {
        let payload = format!("rig {number}");
        let record = BaseRecord::<str, _>::to(topic).partition(partition).payload(&payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(DEADLINE)).operation_timeout(Some(DEADLINE))
}

/// The end of what another thread works on.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
