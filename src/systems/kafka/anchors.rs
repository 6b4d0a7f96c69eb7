//! Records that were read before and are read back: where another one stands at the same offset,
//! the topic was made anew under its name. No bound tells that once it has as many records again.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::ask::newest_of;
use super::client::{Client, Session};
use super::replicator;
use super::state::{Newest, SideState};
use crate::domain::time::Stamp;
use crate::systems::kit::lately::LATELY;

/// How many topics are read back in one look, in turn: all partitions of one are made anew at once.
const TOPICS_MOST: usize = 8;

/// The most topics that are remembered, also while they are not there.
const HELD_MOST: usize = 20_000;

/// The longest time that reading back may take in one look.
const LIMIT: Duration = Duration::from_millis(500);

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(20);

/// The most records that are taken: busy partitions go on after the one that is meant.
const READ_MOST: usize = 10_000;

/// What is known of a side that no single look tells.
#[derive(Debug, Default)]
pub struct Aside {
    pub(super) replicator: replicator::Told,
    pub(super) anchors: Anchors,
}

/// A record that was seen, of one partition of its topic.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Anchor {
    partition: i32,
    newest: Newest,
}

/// One of each topic.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    held: BTreeMap<String, Anchor>,
    /// The topic that was read back last, and when.
    last: String,
    asked: Option<Stamp>,
}

impl Anchors {
    /// Reads some of them back; what does not come in time says nothing.
    pub(super) async fn look(
        &mut self,
        session: &Session,
        state: &mut SideState,
        at: Stamp,
        left: Duration,
    ) {
        let limit = left.min(LIMIT);
        let asked = if at.is_due(self.asked, LATELY) && limit > POLL {
            self.choose(state)
        } else {
            BTreeMap::new()
        };
        if !asked.is_empty() {
            self.asked = Some(at);
            let read = session.on(move |client| Ok(read_back(client, &asked, limit))).await;
            self.compare(&read.unwrap_or_default(), state);
        }
        self.take(state);
    }

    /// Where those stand that come next in turn, as far as their partitions still reach there.
    fn choose(&mut self, state: &SideState) -> BTreeMap<(String, i32), i64> {
        let after = (Bound::Excluded(self.last.clone()), Bound::Unbounded);
        let in_turn = self.held.range(after).chain(self.held.iter()).take(self.held.len());
        let reaches = in_turn.filter(|(topic, anchor)| anchor.is_within(topic, state));
        let chosen: Vec<_> = reaches
            .take(TOPICS_MOST)
            .map(|(topic, anchor)| ((topic.clone(), anchor.partition), anchor.newest.offset))
            .collect();
        if let Some(((topic, _), _)) = chosen.last() {
            self.last.clone_from(topic);
        }
        chosen.into_iter().collect()
    }

    /// Tells which topics were made anew, and takes others in the place of those that were read.
    /// One that is gone from its offset is none: it was compacted.
    fn compare(&mut self, read: &BTreeMap<(String, i32), Newest>, state: &mut SideState) {
        for ((topic, _), found) in read {
            let Some(Anchor { newest, .. }) = self.held.remove(topic) else { continue };
            if found.offset == newest.offset && found.mark != newest.mark {
                let held = u64::try_from(newest.offset + 1).unwrap_or_default();
                state.remade.insert(topic.clone(), held);
            }
        }
    }

    /// Takes one of each topic that has none, or none that its partition still has.
    fn take(&mut self, state: &SideState) {
        if self.held.len() > HELD_MOST {
            self.held.retain(|topic, _| state.topics.contains_key(topic));
        }
        for (topic, partitions) in &state.topics {
            if self.held.get(topic).is_some_and(|anchor| anchor.is_within(topic, state)) {
                continue;
            }
            let newest = partitions.iter().find_map(|(number, of)| Some((*number, of.newest?)));
            if let Some((partition, newest)) = newest {
                self.held.insert(topic.clone(), Anchor { partition, newest });
            }
        }
    }
}

impl Anchor {
    fn is_within(&self, topic: &str, state: &SideState) -> bool {
        let of = state.topics.get(topic).and_then(|topic| topic.get(&self.partition));
        of.is_some_and(|of| (of.low..of.stable).contains(&self.newest.offset))
    }
}

/// The first record of each partition from these offsets on, of those that came in time.
fn read_back(
    client: &Client,
    asked: &BTreeMap<(String, i32), i64>,
    limit: Duration,
) -> BTreeMap<(String, i32), Newest> {
    let mut found = BTreeMap::new();
    let mut list = TopicPartitionList::with_capacity(asked.len());
    for ((topic, number), offset) in asked {
        if list.add_partition_offset(topic, *number, Offset::Offset(*offset)).is_err() {
            return found;
        }
    }
    if client.consumer.assign(&list).is_err() {
        return found;
    }
    let (mut idle, mut taken) = (Duration::ZERO, 0);
    while found.len() < asked.len() && idle < limit && taken < READ_MOST {
        match client.poll(POLL) {
            None => idle += POLL,
            Some(Ok(message)) => {
                taken += 1;
                let place = (message.topic().to_owned(), message.partition());
                if asked.contains_key(&place) {
                    found.entry(place).or_insert_with(|| newest_of(&message));
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {}
            // It is told by what all looks ask, where it stays.
            Some(Err(_)) => break,
        }
    }
    // What is left assigned is replaced by the next look.
    let _ = client.consumer.unassign();
    found
}

#[cfg(test)]
mod tests {
    use super::super::state::Partition;
    use super::super::tests_support::{cluster, owns, partition};
    use super::*;

    /// A partition with all records up to this one.
    fn up_to(offset: i64, mark: u64) -> Partition {
        partition(0, offset + 1, Some((offset, 1000, mark)))
    }

    #[test]
    fn another_record_at_the_same_offset_tells_that_a_topic_was_made_anew() {
        let [own, _] = owns("");
        // What is read back of a topic whose tenth record was seen, and what the topic holds then.
        let check = |read: &[(i64, u64)], low: i64, want: Option<u64>, next: i64| {
            let mut anchors = Anchors::default();
            anchors.take(&cluster(&own, "a", &[("t", &[up_to(9, 9)])]));
            let now = [Partition { low, ..up_to(19, 19) }];
            let mut state = cluster(&own, "a", &[("t", &now)]);
            let read = read.iter().filter_map(|(offset, mark)| up_to(*offset, *mark).newest);
            let read = read.map(|found| (("t".to_owned(), 0), found)).collect();
            anchors.compare(&read, &mut state);
            anchors.take(&state);
            let found = (state.remade.get("t").copied(), anchors.held["t"].newest.offset);
            assert_eq!(found, (want, next), "{read:?}");
        };
        check(&[(9, 9)], 0, None, 19);
        check(&[(9, 7)], 0, Some(10), 19);
        // It did not come in time, was compacted, or was thrown away.
        check(&[], 0, None, 9);
        check(&[(12, 7)], 0, None, 19);
        check(&[], 15, None, 19);
    }

    #[test]
    fn a_few_are_read_in_each_look_and_all_in_turn() {
        let [own, _] = owns("");
        let of = [up_to(9, 9)];
        let names: Vec<String> = (10..30).map(|number| format!("t{number}")).collect();
        let topics: Vec<(&str, &[Partition])> =
            names.iter().map(|name| (name.as_str(), &of[..])).collect();
        let state = cluster(&own, "a", &topics);
        let mut anchors = Anchors::default();
        assert!(anchors.choose(&state).is_empty());
        anchors.take(&state);
        let mut seen: Vec<String> = Vec::new();
        for count in [8, 8, 8] {
            let chosen = anchors.choose(&state);
            assert_eq!(chosen.len(), count);
            seen.extend(chosen.into_keys().map(|(topic, _)| topic));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen, names);
        // One that is away for a moment is remembered, and not asked for.
        let none = cluster(&own, "a", &[]);
        assert!(anchors.choose(&none).is_empty());
        anchors.take(&none);
        assert_eq!(anchors.choose(&state).len(), 8);
    }
}
