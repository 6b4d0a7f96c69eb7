//! Where partitions begin and end.

use std::collections::BTreeMap;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::Client;
use super::connect::Offsets;
use super::context::Context;
use crate::domain::time::Stamp;
use crate::systems::kit::lately::LATELY;
use crate::systems::kit::trouble::Trouble;

/// Where partitions begin and end. That they throw away records is told soon enough: the beginnings
/// are those that were told lately, unless one is not among them, or ends before that.
pub(super) fn bounds(
    client: &mut Client,
    places: &[(String, i32)],
    at: Option<Stamp>,
) -> Result<(Offsets, Offsets), Trouble> {
    let ask = |client: &Client, which| offsets(client, &client.consumer, places, which);
    if let (Some((asked, low)), Some(at)) = (&client.low, at)
        && !at.is_due(Some(*asked), LATELY)
    {
        let stable = ask(client, Offset::End)?;
        let ends_after = |place| low.get(place).is_some_and(|low| stable.get(place) >= Some(low));
        if places.iter().all(ends_after) {
            return Ok((low.clone(), stable));
        }
    }
    let low = ask(client, Offset::Beginning)?;
    client.low = at.map(|at| (at, low.clone()));
    Ok((low, ask(client, Offset::End)?))
}

/// The first or the last offset of each partition, in one request to each broker.
pub(super) fn offsets(
    client: &Client,
    asked: &BaseConsumer<Context>,
    places: &[(String, i32)],
    which: Offset,
) -> Result<Offsets, Trouble> {
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut list = TopicPartitionList::with_capacity(places.len());
    for (topic, partition) in places {
        let added = list.add_partition_offset(topic, *partition, which);
        added.map_err(|error| client.trouble(&error))?;
    }
    let told = asked.offsets_for_times(list, client.limit);
    let told = told.map_err(|error| client.trouble(&error))?;
    let mut found = BTreeMap::new();
    for one in told.elements() {
        one.error().map_err(|error| client.trouble(&error))?;
        if let Offset::Offset(offset) = one.offset() {
            found.insert((one.topic().to_owned(), one.partition()), offset);
        }
    }
    Ok(found)
}
