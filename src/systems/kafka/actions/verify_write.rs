//! Proves that a cluster takes writes: a record is written and read back.

use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::super::client::Client;
use super::super::settings::Kafka;
use crate::domain::time::spoken_time;
use crate::systems::kit::task::prelude::*;

const TOPIC: Setting<String> = Setting::new(
    "topic",
    Kind::Word,
    "The topic that it is written to; it must be there, and should be copied nowhere",
)
.or("warroom-probe");

const FRESH_FOR: Setting<Duration> = Setting::new(
    "fresh_for",
    Kind::Time(10_000, 3_600_000),
    "How long a record that was written proves that the cluster takes writes",
)
.or("60s");

/// How many records of each partition are looked through for ours.
const LOOKED_THROUGH: i64 = 64;

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(20);

/// What is written where.
pub struct Wanted {
    topic: String,
    fresh_for: Duration,
}

/// `kafka.verify_write`.
pub(super) struct VerifyWrite;

impl Task for VerifyWrite {
    type On = Kafka;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "kafka.verify_write",
        doc: "Writes one record to a topic for probes, confirmed by all its replicas, and reads it \
              back; usually less than 1 s",
        verb: "verify",
        class: Class::K,
        guard: Guard::OneKey,
        fencing: Fencing::IdempotentByKey,
        change: Change::ProveWrite,
        reversal: "None: the record ends with the topic's retention",
        permissions: &["WRITE, READ and DESCRIBE on the topic"],
        needs_target: true,
        settings: &[TOPIC.spec, FRESH_FOR.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        Ok(Wanted { topic: TOPIC.get(fields)?, fresh_for: FRESH_FOR.get(fields)? })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (own, name) = (&at.seat.own, &at.seat.name);
        let session = own.open().await?;
        let (topic, key) = (at.with.topic.clone(), at.step.to_string());
        let fresh_ms = i64::try_from(at.with.fresh_for.as_millis()).unwrap_or(i64::MAX);
        let since_ms = at.clock.now().wall_ms.saturating_sub(fresh_ms);
        let found = session.on(move |client| {
            Ok(newest(client, &topic, &key)?.is_some_and(|(made_ms, _)| made_ms >= since_ms))
        });
        let (found, fresh_for) = (own.within(found).await?, spoken_time(at.with.fresh_for));
        let words = if found {
            format!("{name} took a record within the last {fresh_for}")
        } else {
            format!("no record was written to {name} in the last {fresh_for}")
        };
        Ok(Standing::of(found, words))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let change = format!("{}: one record in {}", at.seat.name, at.with.topic);
        (Ok(vec![line('~', change)]), format!("produce to {}, acks=all; fetch", at.with.topic))
    }

    async fn apply(at: &mut At<Self>, execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (topic, key) = (at.with.topic.clone(), at.step.to_string());
        let (value, began) = (execution.key(), at.clock.now());
        let wrote = value.clone();
        let work = session.on(move |client| {
            client.write(&topic, &key, &wrote, began.wall_ms)?;
            Ok(newest(client, &topic, &key)?.map(|(_, value)| value))
        });
        let read = own.within(work).await.map_err(Trouble::into_operate_error)?;
        if read.as_deref() != Some(value.as_bytes()) {
            let message = format!("{} read back another record than was written", at.seat.name);
            return Err(OperateError::Ambiguous(message.into()));
        }
        let took = at.clock.now().since(began).as_millis().max(1);
        tell(format!("wrote and read back one record in {} in {took} ms", at.seat.name), output)
    }
}

/// The newest record of a key: when it was made, and what is in it.
fn newest(client: &Client, topic: &str, key: &str) -> Result<Option<(i64, Vec<u8>)>, Trouble> {
    let mut list = TopicPartitionList::new();
    for partition in client.partitions(topic)? {
        let ends = client.consumer.fetch_watermarks(topic, partition, client.limit);
        let (low, end) = ends.map_err(|error| client.trouble(&error))?;
        let from = Offset::Offset((end - LOOKED_THROUGH).max(low));
        let added = list.add_partition_offset(topic, partition, from);
        added.map_err(|error| client.trouble(&error))?;
    }
    client.consumer.assign(&list).map_err(|error| client.trouble(&error))?;
    let (mut found, mut ended, mut idle) = (None, 0, Duration::ZERO);
    while ended < list.count() && idle < client.limit {
        match client.poll(POLL) {
            None => idle += POLL,
            Some(Ok(message)) if message.key() == Some(key.as_bytes()) => {
                let made_ms = message.timestamp().to_millis().unwrap_or_default();
                found = Some((made_ms, message.payload().unwrap_or_default().to_vec()));
            }
            Some(Ok(_)) => {}
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => return Err(client.trouble(&error)),
        }
    }
    client.consumer.unassign().map_err(|error| client.trouble(&error))?;
    Ok(found)
}
