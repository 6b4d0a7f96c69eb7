//! What is told of a cluster beside its part and its lag.

use super::judge::View;
use super::lag::{Measured, copied};
use super::learned::Level;
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::link::Link;
use crate::domain::reading::{Fact, FactValue};

/// All of them.
pub(super) const FACTS: &[FactSpec] = &[
    fact("writable", "whether each partition that is looked at has a leader"),
    fact("link_up", "whether something is copied to here"),
    fact("partitions", "partitions that are looked at"),
    fact("leaderless", "partitions that nobody can write or read"),
    fact("behind", "partitions of which not all is copied"),
    fact("missing_topics", "topics of the other region that are not here"),
    fact("lost_records", "thrown away at their source before they were copied"),
    fact("missing_records", "thrown away here while their source still has them, at most"),
    fact("doubled_records", "records that were copied more than once"),
    fact("failed_tasks", "connectors and tasks of MirrorMaker 2 that failed"),
    fact("mirror", "the state of what copies records to here, as Connect says"),
    fact("duplicates", "records that the named groups would read once more here, at most"),
    fact("lag_unknown", "why the lag is not known"),
    fact(
        "replicator_latency",
        "the longest way of a record through MSK Replicator in the newest minute that CloudWatch \
         tells; never taken for the lag, for it falls to 0 where nothing may be read",
    ),
    fact("replicator_waits", "records that MSK Replicator has not consumed, by CloudWatch"),
    fact("replicator_throughput", "bytes that MSK Replicator copies a second, by CloudWatch"),
    fact("replicator_failures", "failures of MSK Replicator in that minute"),
    fact("replicator_denied", "attempts of MSK Replicator in that minute that were denied"),
];

/// The facts of one side.
pub(super) fn of(view: &View<'_>, measured: Option<&Measured>, link: Option<&Link>) -> Vec<Fact> {
    let own = view.own;
    let mut facts = Vec::new();
    let mut tell = |name: &str, value| facts.push(Fact { name: name.to_owned(), value });
    tell("writable", FactValue::Boolean(own.leaderless == 0));
    if let Some(link) = link {
        tell("link_up", link.up());
    }
    let partitions = own.topics.values().map(std::collections::BTreeMap::len).sum::<usize>();
    tell("partitions", FactValue::count(partitions as u64));
    tell("leaderless", FactValue::count(own.leaderless as u64));
    if let Some(measured) = measured {
        tell("behind", FactValue::count(measured.behind as u64));
        tell("missing_topics", FactValue::count(measured.missing.len() as u64));
        if let Some(why) = &measured.why {
            tell("lag_unknown", FactValue::Text(why.as_str().into()));
        }
        tell("duplicates", duplicates(view));
    }
    tell("lost_records", FactValue::count(view.copies().lost().0));
    tell("missing_records", FactValue::count(view.copies().held.missing()));
    tell("doubled_records", FactValue::count(view.copies().doubled().0));
    match &own.flow {
        None => {}
        Some(Err(why)) => {
            tell("failed_tasks", FactValue::Unknown(why.clone()));
            tell("mirror", FactValue::Unknown(why.clone()));
        }
        Some(Ok(flow)) => {
            let failed = flow.connectors.iter().map(super::connect::Connector::failed);
            tell("failed_tasks", FactValue::count(failed.sum::<usize>() as u64));
            let states: Vec<&str> = flow.sources().map(|source| source.state.as_str()).collect();
            let word = if states.is_empty() { "none".to_owned() } else { states.join(", ") };
            tell("mirror", FactValue::Text(word.into()));
        }
    }
    if view.settings.replicator.is_some() {
        facts.extend(view.aside.replicator.facts(view.at.wall_ms));
    }
    facts
}

/// How many records the groups that go on here would read a second time, at most: from where they
/// begin here to where they stand at the source. Where offsets cannot be compared yet, that is all
/// that is here.
fn duplicates(view: &View<'_>) -> FactValue {
    let own = view.own;
    let Some(source) = view.other else {
        return FactValue::Unknown("the source is not read".into());
    };
    let mut total = 0_u64;
    for (group, here) in &own.groups {
        let (Ok(here), Some(Ok(there))) = (here, source.groups.get(group)) else {
            return FactValue::Unknown(format!("group {group} cannot be read").into());
        };
        for (place, at_source) in there {
            let Some(copy) = own.watched.names.copy_of(&place.0) else { continue };
            let Some(to) = own.topics.get(&copy).and_then(|topic| topic.get(&place.1)) else {
                continue;
            };
            let level = view.copies().level.get(place);
            let by_connect = || copied(own, place).map(|next| next - to.end);
            let more = level.and_then(Level::sure_more).or_else(by_connect);
            let reached = more.map_or(to.end, |more| (at_source - more).min(to.end));
            // Without an offset it starts where its own settings say: at worst with the first.
            let begins = here.get(&(copy, place.1)).copied().unwrap_or(to.low).max(to.low);
            total += (reached - begins).max(0).unsigned_abs();
        }
    }
    FactValue::count(total)
}
