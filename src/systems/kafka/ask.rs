//! What a cluster is asked in one look, in as few requests as there are brokers, however many
//! partitions there are.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _, Timestamp};
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::Client;
use super::context::code_of;
use super::judge::named;
use super::offsets::{bounds, offsets};
use super::settings::Own;
use super::state::{Committed, Newest, Partition, SideState, Stamped, Topic};
use super::trouble::of_code;
use crate::domain::time::Stamp;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// How far before its end a partition is read, one after the other, until a record is found: what
/// ends a transaction has an offset too, and no record.
const STEPS_BACK: [i64; 4] = [1, 2, 16, BACK_MOST];

/// The furthest of them.
const BACK_MOST: i64 = 256;

/// How often partitions that may have no record at all are read apart in one look.
const APART_MOST: usize = 4;

/// Where groups stand is asked in one of so many looks.
const GROUP_LOOKS: u32 = 10;

/// How long that may take. Brokers that give no right to it do not answer at all.
const GROUP_LIMIT: Duration = Duration::from_secs(1);

/// How long we wait for what else comes where one topic is denied: the rest of them names it.
const DENIED_WAIT: Duration = Duration::from_millis(100);

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(20);

/// The most records that are taken in one go: busy partitions go on while they are read.
const READ_MOST: usize = 100_000;

/// The most topics and partitions that are looked at.
const PARTITIONS_MOST: usize = 20_000;

/// The most names that a sentence lists.
const NAMED_MOST: usize = 20;

/// Reads one side, all but what Connect tells.
pub(super) fn read(
    client: &mut Client,
    own: &Arc<Own>,
    at: Option<Stamp>,
) -> Result<SideState, Trouble> {
    let mut state = metadata(client, own)?;
    let places: Vec<(String, i32)> = places(&state.topics);
    if places.len() > PARTITIONS_MOST {
        let message = format!(
            "there are {} partitions to look at, at most {PARTITIONS_MOST}: name fewer `topics`",
            places.len()
        );
        return Err(Trouble::new(TroubleKind::Ours, message));
    }
    let (low, stable) = bounds(client, &places, at)?;
    let end = match &client.of_all {
        Some(of_all) => offsets(client, of_all, &places, Offset::End)?,
        None => stable.clone(),
    };
    for (topic, partitions) in &mut state.topics {
        for (number, partition) in partitions.iter_mut() {
            let place = (topic.clone(), *number);
            partition.low = low.get(&place).copied().unwrap_or_default();
            partition.stable = stable.get(&place).copied().unwrap_or_default();
            partition.end = end.get(&place).copied().unwrap_or_default().max(partition.stable);
        }
    }
    newest(client, &mut state)?;
    groups(client, own, &mut state);
    Ok(state)
}

/// Where the groups that the site names stand, on all partitions that are looked at.
fn groups(client: &mut Client, own: &Own, state: &mut SideState) {
    let places = places(&state.topics);
    for group in own.groups.iter().filter(|_| !places.is_empty()) {
        let told = client.groups.get(group).filter(|told| told.0 > 0).cloned();
        let (left, committed) = told.unwrap_or_else(|| {
            let committed = committed(client, group, &places, GROUP_LIMIT.min(client.limit / 2));
            (GROUP_LOOKS, committed)
        });
        client.groups.insert(group.clone(), (left - 1, committed.clone()));
        state.groups.insert(group.clone(), committed);
    }
}

fn places(topics: &BTreeMap<String, Topic>) -> Vec<(String, i32)> {
    let of = |(name, topic): (&String, &Topic)| {
        topic.keys().map(|number| (name.clone(), *number)).collect::<Vec<_>>()
    };
    topics.iter().flat_map(of).collect()
}

/// Which topics there are, and who leads them.
pub(super) fn metadata(client: &Client, own: &Arc<Own>) -> Result<SideState, Trouble> {
    let told = client.consumer.fetch_metadata(None, client.limit);
    let told = told.map_err(|error| client.trouble(&error))?;
    // Asked of the broker just now, so this is not from before.
    let cluster = client.consumer.client().fetch_cluster_id(client.limit);
    let cluster = cluster.ok_or_else(|| {
        Trouble::new(TroubleKind::Garbage, "the cluster does not tell which one it is")
    })?;
    let watched = |name: &str| {
        name == own.heartbeat
            || own.copied_heartbeat().as_deref() == Some(name)
            || own.names.is_watched(name)
    };
    let mut state = SideState {
        watched: Arc::clone(own),
        cluster,
        brokers: told.brokers().len(),
        leaderless: 0,
        topics: BTreeMap::new(),
        hidden: Vec::new(),
        remade: BTreeMap::new(),
        flow: None,
        groups: BTreeMap::new(),
    };
    for topic in told.topics().iter().filter(|topic| watched(topic.name())) {
        if topic.error().is_some() {
            if state.hidden.len() < NAMED_MOST {
                state.hidden.push(topic.name().to_owned());
            }
            continue;
        }
        let leads =
            |partition: &&MetadataPartition| partition.leader() >= 0 && partition.error().is_none();
        let led: Vec<i32> =
            topic.partitions().iter().filter(leads).map(MetadataPartition::id).collect();
        state.leaderless += topic.partitions().len() - led.len();
        let empty = Partition { low: 0, end: 0, stable: 0, newest: None, read: true };
        let partitions = led.into_iter().map(|number| (number, empty)).collect();
        state.topics.insert(topic.name().to_owned(), partitions);
    }
    Ok(state)
}

/// Reads the newest record of each partition whose end has moved since the last look.
fn newest(client: &mut Client, state: &mut SideState) -> Result<(), Trouble> {
    let mut left: BTreeMap<(String, i32), Partition> = BTreeMap::new();
    for (topic, partitions) in &mut state.topics {
        for (number, partition) in partitions.iter_mut() {
            let place = (topic.clone(), *number);
            match client.newest.get(&place) {
                _ if partition.low >= partition.stable => {}
                Some((end, newest)) if *end == partition.stable => partition.newest = *newest,
                Some(_) | None => {
                    left.insert(place, *partition);
                }
            }
        }
    }
    let wanted: BTreeSet<(String, i32)> = left.keys().cloned().collect();
    let steps = STEPS_BACK.map(|back| (back, false)).into_iter();
    for (back, is_apart) in steps.chain([(BACK_MOST, true); APART_MOST]) {
        let asked = if is_apart { apart(&left) } else { left.clone() };
        if asked.is_empty() {
            continue;
        }
        let reader = read_from(client, &asked, back)?;
        for (place, partition) in &asked {
            let found = reader.found.get(place).copied();
            // What begins before it has no record at all for its readers.
            let none = reader.is_read(place) && partition.stable - back <= partition.low;
            if found.is_some() || none {
                left.remove(place);
                client.newest.insert(place.clone(), (partition.stable, found));
            }
        }
    }
    for (topic, partitions) in &mut state.topics {
        for (number, partition) in partitions.iter_mut() {
            let place = (topic.clone(), *number);
            if wanted.contains(&place) {
                let known = client.newest.get(&place);
                partition.newest = known.and_then(|(_, newest)| *newest);
                partition.read = known.is_some_and(|(end, _)| *end == partition.stable);
            }
        }
    }
    Ok(())
}

/// Those that may have no record at all, each number once: the end of one is told for certain then.
fn apart(left: &BTreeMap<(String, i32), Partition>) -> BTreeMap<(String, i32), Partition> {
    let mut numbers = BTreeSet::new();
    let whole = |of: &Partition| of.stable - BACK_MOST <= of.low;
    let alone = left.iter().filter(|(place, of)| whole(of) && numbers.insert(place.1));
    alone.map(|(place, of)| (place.clone(), *of)).collect()
}

/// The newest records of partitions, from so many offsets before their ends.
fn read_from<'a>(
    client: &Client,
    places: &'a BTreeMap<(String, i32), Partition>,
    back: i64,
) -> Result<Reader<'a>, Trouble> {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for ((topic, number), partition) in places {
        let from = Offset::Offset((partition.stable - back).max(partition.low));
        let added = list.add_partition_offset(topic, *number, from);
        added.map_err(|error| client.trouble(&error))?;
    }
    client.consumer.assign(&list).map_err(|error| client.trouble(&error))?;
    let mut reader = Reader::of(places);
    let (mut idle, mut denied) = (Duration::ZERO, None);
    while !reader.is_done() && idle < denied.as_ref().map_or(client.limit / 2, |_| DENIED_WAIT) {
        match client.poll(POLL) {
            None => idle += POLL,
            Some(Ok(message)) => {
                reader.take((message.topic().to_owned(), message.partition()), newest_of(&message));
            }
            Some(Err(KafkaError::PartitionEOF(number))) => reader.end(number),
            Some(Err(error)) if code_of(&error) == Some(Code::TopicAuthorizationFailed) => {
                if denied.replace(error).is_none() {
                    idle = Duration::ZERO;
                }
            }
            Some(Err(error)) => return Err(client.trouble(&error)),
        }
    }
    if let Some(error) = denied {
        let trouble = client.trouble(&error);
        let message = format!("{trouble}: {}", named(&reader.unread()));
        return Err(Trouble { message: message.into(), ..trouble });
    }
    client.consumer.unassign().map_err(|error| client.trouble(&error))?;
    Ok(reader)
}

/// What was read of partitions, until each has come to its end.
struct Reader<'a> {
    places: &'a BTreeMap<(String, i32), Partition>,
    found: BTreeMap<(String, i32), Newest>,
    /// Partitions whose last record was read.
    whole: BTreeSet<(String, i32)>,
    /// By number of partition.
    ends: BTreeMap<i32, Ends>,
    taken: usize,
}

/// How far all partitions of one number are: the library tells an end without its topic, and that
/// of one partition once more after each record that came later.
#[derive(Default)]
struct Ends {
    places: usize,
    whole: usize,
    told: usize,
}

impl Ends {
    /// Whether each seems to have come to its end.
    fn is_over(&self) -> bool {
        self.whole == self.places || self.told >= self.places
    }
}

impl<'a> Reader<'a> {
    fn of(places: &'a BTreeMap<(String, i32), Partition>) -> Self {
        let mut ends: BTreeMap<i32, Ends> = BTreeMap::new();
        for (_, number) in places.keys() {
            ends.entry(*number).or_default().places += 1;
        }
        Self { places, found: BTreeMap::new(), whole: BTreeSet::new(), ends, taken: 0 }
    }

    fn take(&mut self, place: (String, i32), newest: Newest) {
        self.taken += 1;
        let Some(partition) = self.places.get(&place) else { return };
        if newest.offset + 1 >= partition.stable && self.whole.insert(place.clone()) {
            self.ends.entry(place.1).or_default().whole += 1;
        }
        self.found.insert(place, newest);
    }

    /// Topics of which nothing came: the library does not say which of them is denied.
    fn unread(&self) -> Vec<&str> {
        let unread = self.places.keys().filter(|place| !self.found.contains_key(*place));
        unread.map(|(topic, _)| topic.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn end(&mut self, number: i32) {
        self.ends.entry(number).or_default().told += 1;
    }

    fn is_done(&self) -> bool {
        self.taken > READ_MOST || self.ends.values().all(Ends::is_over)
    }

    /// Whether a partition was read to its end. Where several share its number, that is told by its
    /// last record alone: the ends may all have been those of others.
    fn is_read(&self, place: &(String, i32)) -> bool {
        let is_alone = |ends: &Ends| ends.places == 1 && ends.told > 0;
        self.whole.contains(place) || self.ends.get(&place.1).is_some_and(is_alone)
    }
}

/// A record, as the newest one of its partition.
pub(super) fn newest_of(message: &BorrowedMessage<'_>) -> Newest {
    let stamped = match message.timestamp() {
        Timestamp::LogAppendTime(_) => Stamped::Taken,
        Timestamp::CreateTime(_) | Timestamp::NotAvailable => Stamped::Made,
    };
    let at_ms = message.timestamp().to_millis().unwrap_or_default();
    Newest { offset: message.offset(), at_ms, stamped, mark: mark(message) }
}

/// A mark of all that is copied with a record.
fn mark(message: &BorrowedMessage<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.timestamp().to_millis().hash(&mut hasher);
    message.key().hash(&mut hasher);
    message.payload().hash(&mut hasher);
    if let Some(headers) = message.headers() {
        for header in headers.iter() {
            (header.key, header.value).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Where a consumer group stands on these partitions.
pub(super) fn committed(
    client: &Client,
    group: &str,
    places: &[(String, i32)],
    limit: Duration,
) -> Committed {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for (topic, partition) in places {
        list.add_partition(topic, *partition);
    }
    let asks = client.of_group(group).map_err(|trouble| trouble.message)?;
    let told = asks.committed_offsets(list, limit).map_err(|error| {
        let code = code_of(&error);
        let timed_out = code.is_some_and(|code| {
            matches!(of_code("", code).kind, TroubleKind::Timeout | TroubleKind::NotReady)
        });
        if timed_out {
            // Brokers that give no right to a group do not say so: they do not answer.
            return "no answer: is DESCRIBE on the group missing?".into();
        }
        client.trouble(&error).message
    })?;
    let read = |one: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let place = (one.topic().to_owned(), one.partition());
        match one.offset() {
            Offset::Offset(offset) => Some((place, offset)),
            _ => None,
        }
    };
    Ok(told.elements().iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::partition;
    use super::*;

    #[test]
    fn an_end_is_not_taken_for_that_of_another_topic() {
        let check = |topics: &[&str], told: &[Option<i64>], want: (bool, bool)| {
            let place = |topic: &&str| ((*topic).to_owned(), 7);
            let places = topics.iter().map(|of| (place(of), partition(0, 1, None))).collect();
            let mut reader = Reader::of(&places);
            for one in told {
                match one {
                    None => reader.end(7),
                    Some(offset) => {
                        let newest =
                            Newest { offset: *offset, at_ms: 1, stamped: Stamped::Made, mark: 1 };
                        reader.take(place(&"busy"), newest);
                    }
                }
            }
            let found = (reader.is_done(), reader.is_read(&place(&"still")));
            assert_eq!(found, want, "{topics:?}: {told:?}");
        };
        check(&["still"], &[None], (true, true));
        check(&["busy", "still"], &[Some(0)], (false, false));
        // A record that came later brings an end once more: the other one's may be missing yet.
        check(&["busy", "still"], &[Some(0), None, Some(1), None], (true, false));
    }
}
