//! A constant load of records, and what of it a reader of the other side lacks: the truth.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext};
use rdkafka::producer::{PurgeConfig, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};

use super::super::{DEADLINE, until};
use super::broker::Broker;
use super::client::TIMEOUT;

/// One record that the cluster acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its number, which is its payload.
    pub number: u64,
    /// Where it is.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// Its own time, when it was sent: milliseconds since 1970.
    pub wall_ms: i64,
}

/// What the producer's thread hands on.
#[derive(Default)]
struct Kept(Mutex<Vec<Acknowledged>>);

/// Puts on record what was acknowledged, and nothing else.
struct Witness(Arc<Kept>);

impl ClientContext for Witness {}

impl ProducerContext for Witness {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Ok(message) = result
            && let Some(number) = number_in(message.payload())
        {
            let acknowledged = Acknowledged {
                number,
                partition: message.partition(),
                offset: message.offset(),
                wall_ms: message.timestamp().to_millis().unwrap_or(0),
            };
            self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(acknowledged);
        }
    }
}

/// Writes numbered records to all partitions of a topic in turn until it is dropped. While the
/// cluster does not answer it goes on trying; a record counts once it was acknowledged.
pub struct Load {
    kept: Arc<Kept>,
    ends: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts writing `per_second` records to the `partitions` of a topic.
    pub fn start(broker: &Broker, topic: &str, partitions: i32, per_second: u32) -> Self {
        let kept = Arc::new(Kept::default());
        let ends = Arc::new(AtomicBool::new(false));
        let mut config = broker.client();
        // What is not taken within this time never comes to be, and is not waited for either.
        config.set("message.timeout.ms", "3000").set("linger.ms", "1");
        // A server that was frozen has forgotten its connections: by itself the library would wait
        // a minute for an answer on each, and longer from one attempt to the next.
        config.set("socket.timeout.ms", "5000").set("socket.connection.setup.timeout.ms", "5000");
        config.set("reconnect.backoff.max.ms", "1000");
        let producer: ThreadedProducer<Witness, NoCustomPartitioner> =
            config.create_with_context(Witness(Arc::clone(&kept))).unwrap();
        let (to, over) = (topic.to_owned(), Arc::clone(&ends));
        let writer = std::thread::spawn(move || {
            let every = Duration::from_secs(1) / per_second;
            let mut due = Instant::now();
            for (number, partition) in (1_u64..).zip((0..partitions).cycle()) {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let payload = number.to_string();
                let record = BaseRecord::<str, _>::to(&to)
                    .partition(partition)
                    .payload(&payload)
                    .timestamp(wall_ms());
                // A queue that is full loses what was never acknowledged.
                let _ = producer.send(record);
                due += every;
                std::thread::park_timeout(due.saturating_duration_since(Instant::now()));
            }
            if producer.flush(TIMEOUT).is_err() {
                producer.purge(PurgeConfig::default().queue().inflight());
            }
        });
        let load = Self { kept, ends, writer: Some(writer) };
        until("the load of records writes", DEADLINE, || !load.acknowledged().is_empty());
        load
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for `more` further acknowledgements.
    pub fn until_more(&self, more: usize) {
        let before = self.acknowledged().len();
        until("the load of records goes on", DEADLINE, || {
            self.acknowledged().len() >= before + more
        });
    }

    /// Ends the load; what is under way is acknowledged or given up.
    pub fn stop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            writer.join().unwrap();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads a topic from its beginning, further each time, and keeps whose numbers it found.
pub struct Arrived {
    config: ClientConfig,
    /// Made anew where it could not read: one that once missed its topic misses it for long.
    consumer: Option<BaseConsumer>,
    topic: String,
    partitions: i32,
    /// The next offset to be read of each partition.
    next: Vec<i64>,
    numbers: HashSet<u64>,
    times_ms: BTreeSet<i64>,
    read: u64,
}

impl Arrived {
    /// A reader of committed records of `topic`, from which nothing was read yet.
    pub fn new(broker: &Broker, topic: &str, partitions: i32) -> Self {
        let mut config = broker.client();
        config
            .set("group.id", "rig-reads")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "50");
        let count = usize::try_from(partitions).unwrap();
        Self {
            config,
            consumer: None,
            topic: topic.to_owned(),
            partitions,
            next: vec![0; count],
            numbers: HashSet::new(),
            times_ms: BTreeSet::new(),
            read: 0,
        }
    }

    /// Reads all that is there now. False where the topic cannot be read: then what was found
    /// before is all that is known.
    pub fn read_on(&mut self) -> bool {
        let consumer = self.consumer.take().unwrap_or_else(|| self.config.create().unwrap());
        let Some(list) = self.unread(&consumer) else { return false };
        // The end of one is told again after each record that comes later.
        let parts = list.elements();
        let mut open: HashSet<i32> = parts.iter().map(TopicPartitionListElem::partition).collect();
        consumer.assign(&list).unwrap();
        let start = Instant::now();
        while !open.is_empty() && start.elapsed() < TIMEOUT {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let at = usize::try_from(message.partition()).unwrap();
                    self.next[at] = message.offset() + 1;
                    self.read += 1;
                    self.numbers.extend(number_in(message.payload()));
                    self.times_ms.extend(message.timestamp().to_millis());
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                }
                Some(Err(_)) | None => {}
            }
        }
        consumer.unassign().unwrap();
        if open.is_empty() {
            self.consumer = Some(consumer);
        }
        open.is_empty()
    }

    /// From where each partition is to be read that has more; nothing where one is not known.
    fn unread(&self, consumer: &BaseConsumer) -> Option<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, next) in (0..self.partitions).zip(&self.next) {
            let (low, end) = consumer.fetch_watermarks(&self.topic, partition, TIMEOUT).ok()?;
            let from = *next.max(&low);
            if from < end {
                list.add_partition_offset(&self.topic, partition, Offset::Offset(from)).unwrap();
            }
        }
        Some(list)
    }

    /// The times of the records that were read, in milliseconds since 1970.
    pub const fn times_ms(&self) -> &BTreeSet<i64> {
        &self.times_ms
    }

    /// How many records were read, each as often as it is there.
    pub const fn read(&self) -> u64 {
        self.read
    }

    /// Those of a load's acknowledged records that were not found, oldest first.
    pub fn missing(&self, acknowledged: &[Acknowledged]) -> Vec<Acknowledged> {
        let mut missing: Vec<Acknowledged> = acknowledged
            .iter()
            .filter(|record| !self.numbers.contains(&record.number))
            .copied()
            .collect();
        missing.sort_unstable_by_key(|record| record.wall_ms);
        missing
    }
}

/// Milliseconds since 1970.
pub fn wall_ms() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn number_in(payload: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(payload?).ok()?.parse().ok()
}
