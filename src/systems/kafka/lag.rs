//! How far copies are behind their source: partition by partition, the worst of all.

use std::collections::BTreeSet;

use super::learned::{Copies, Level};
use super::state::{Partition, SideState};
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit};

/// Why seconds are not known of a copy whose broker stamps records itself.
const TAKEN: &str = "its copy tells when records arrived, not when they were made: set \
                     `message.timestamp.type=CreateTime` on it";

/// The time of a look by the clock of the source's heartbeats, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// When it began.
    pub(super) began_ms: i64,
    /// How long it took: records that are read in it may have been made in it.
    pub(super) took_ms: u64,
}

impl Now {
    fn ended_ms(self) -> i64 {
        self.began_ms.saturating_add_unsigned(self.took_ms)
    }
}

/// What was measured of the copies in one region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) lag: Lag,
    /// Why seconds or records are not known.
    pub(super) why: Option<String>,
    /// Partitions that are behind.
    pub(super) behind: usize,
    /// Topics of the source that are not here, though they have records.
    pub(super) missing: Vec<String>,
    /// Topics that are here, and not seen at their source.
    pub(super) unseen: Vec<String>,
    /// Topics that Connect keeps offsets of, and that neither region shows.
    pub(super) nowhere: Vec<String>,
    /// Copies that tell when records arrived, not when they were made.
    pub(super) taken: Vec<String>,
}

impl Measured {
    /// What is known where a side could not be read.
    pub(super) fn nothing(why: &str) -> Self {
        Self {
            lag: Lag::unknown(LagUnit::Records, Basis::Offset),
            why: Some(why.to_owned()),
            behind: 0,
            missing: Vec::new(),
            unseen: Vec::new(),
            nowhere: Vec::new(),
            taken: Vec::new(),
        }
    }
}

/// One copied partition that is behind.
struct Behind {
    seconds: Result<f64, String>,
    records: Option<u64>,
}

/// Measures the copies of `source` in `own`; both were read in this look.
pub(super) fn measure(
    own: &SideState,
    source: &SideState,
    copies: &Copies,
    now: Option<Now>,
) -> Measured {
    let mut found = Measured::nothing("");
    found.why = None;
    let (mut seconds, mut records) = (0.0_f64, 0_u64);
    let (mut seconds_known, mut records_known) = (true, true);
    for (topic, partitions) in &source.topics {
        if !own.watched.is_copied(topic) {
            continue;
        }
        let is_beat = own.watched.is_beat(topic);
        let name = own.watched.names.copy_of(topic).unwrap_or_default();
        let copy = own.topics.get(&name);
        let is_filled = partitions.values().any(|from| from.low < from.end);
        if copy.is_none() && is_filled {
            found.missing.push(topic.clone());
        }
        for (number, from) in partitions {
            let place = (topic.clone(), *number);
            let to = copy.and_then(|copy| copy.get(number));
            if from.is_level(to) || from.is_passed(to, copies, &place) {
                continue;
            }
            let copied = copied(own, &place);
            let behind = behind(from, to, copies, &place, copied, now);
            match behind.seconds {
                Ok(of_this) => seconds = seconds.max(of_this),
                Err(why) => {
                    seconds_known = false;
                    found.why.get_or_insert(format!("{topic}: {why}"));
                }
            }
            if !is_beat {
                found.behind += 1;
                match behind.records {
                    Some(of_this) => records = records.saturating_add(of_this),
                    None => records_known = false,
                }
            }
        }
    }
    found.taken = taken(own, source);
    let unseen = unseen(own, source);
    if let Some(why) = hidden(own, source, &unseen).or_else(|| emptied(source, copies)) {
        (seconds_known, records_known) = (false, false);
        found.why.get_or_insert(why);
    }
    let is_here = |topic: &String| {
        own.watched.names.copy_of(topic).is_some_and(|name| own.topics.contains_key(&name))
    };
    (found.unseen, found.nowhere) = unseen.into_iter().partition(is_here);
    let basis = if seconds > 0.0 { Basis::Heartbeat } else { Basis::Offset };
    let known = seconds_known || records_known;
    found.lag = Lag {
        seconds: seconds_known.then_some(seconds),
        amount: records_known.then_some(records),
        unit: LagUnit::Records,
        basis,
        certainty: if known { Certainty::Known } else { Certainty::Unknown },
        unreceived: None,
    };
    found
}

/// Why nothing of what was measured can be all: what is hidden from us may be behind.
fn hidden(own: &SideState, source: &SideState, unseen: &[String]) -> Option<String> {
    if !source.topics.keys().any(|topic| own.watched.names.is_source(topic)) {
        let why = "no topic of the source is one of `topics`, or DESCRIBE on them is missing";
        return Some(why.to_owned());
    }
    unseen.first().map(|topic| format!("{topic} is not seen at its source"))
}

/// Why nothing is known to be all where a copy lacks what it had.
fn emptied(source: &SideState, copies: &Copies) -> Option<String> {
    let topic = source.topics.keys().find(|topic| copies.held.is_emptied(topic))?;
    Some(format!("{topic}: its copy was made anew here, or cut back"))
}

/// Copies that tell when records arrived.
fn taken(own: &SideState, source: &SideState) -> Vec<String> {
    let copied = source.topics.keys().filter(|topic| own.watched.is_copied(topic));
    let names = copied.filter_map(|topic| own.watched.names.copy_of(topic));
    let is_taken = |name: &String| {
        let partitions = own.topics.get(name).into_iter().flat_map(|copy| copy.values());
        partitions.filter_map(|to| to.newest).any(|newest| newest.made_ms().is_none())
    };
    names.filter(is_taken).collect()
}

/// Topics that were copied to here and that the source does not show: no cluster says that it hides
/// a topic for want of a right.
fn unseen(own: &SideState, source: &SideState) -> Vec<String> {
    let copies = own.topics.keys().filter_map(|name| own.watched.names.original_of(name));
    let copied = own.flow.as_ref().and_then(|flow| flow.as_ref().ok());
    let copied = copied.and_then(|flow| flow.copied.as_ref().ok());
    let copied =
        copied.into_iter().flat_map(|copied| copied.keys().map(|(topic, _)| topic.clone()));
    let watched = copies.chain(copied).filter(|topic| own.watched.names.is_source(topic));
    let unseen: BTreeSet<String> =
        watched.filter(|topic| !source.topics.contains_key(topic)).collect();
    unseen.into_iter().collect()
}

/// The offset that is to be copied next, as Connect last kept it.
pub(super) fn copied(own: &SideState, place: &(String, i32)) -> Option<i64> {
    own.flow.as_ref()?.as_ref().ok()?.copied.as_ref().ok()?.get(place).copied()
}

impl Partition {
    /// True where a copy has all that this one has: the newest record of both is the same, and the
    /// order within a partition is kept. Ends do not tell: what ends a transaction counts in them,
    /// and so does what was there twice.
    pub(super) fn is_level(&self, copy: Option<&Self>) -> bool {
        match (self.newest, copy.and_then(|copy| copy.newest)) {
            _ if !self.read || self.stable < self.end => false,
            (None, _) => true,
            (Some(newest), Some(copy)) => newest.mark == copy.mark,
            (Some(_), None) => false,
        }
    }
}

impl Partition {
    /// True where a copy, which is read at another moment, goes on where this one ends: it holds as
    /// much, and what is newest there was made no sooner.
    fn is_passed(&self, copy: Option<&Self>, copies: &Copies, place: &(String, i32)) -> bool {
        let more = copies.level.get(place).and_then(Level::sure_more);
        match (self.newest, copy.and_then(|copy| copy.newest), more) {
            (Some(newest), Some(copy), Some(more)) if self.read && self.stable == self.end => {
                let later = copy.made_ms().is_some_and(|made| made >= newest.at_ms);
                copy.offset + more + 1 >= self.end && later
            }
            _ => false,
        }
    }
}

fn behind(
    from: &Partition,
    to: Option<&Partition>,
    copies: &Copies,
    place: &(String, i32),
    copied: Option<i64>,
    now: Option<Now>,
) -> Behind {
    let level = copies.level.get(place);
    let newest = to.and_then(|to| to.newest);
    let is_read = from.read && to.is_none_or(|to| to.read);
    let seconds = match now {
        _ if !is_read => Err("not read in time".to_owned()),
        _ if newest.is_some_and(|newest| newest.made_ms().is_none()) => Err(TAKEN.to_owned()),
        None => Err("no heartbeats come, and some records are not copied".to_owned()),
        Some(now) => {
            // A record from the future was made by a clock that is none.
            let made =
                newest.and_then(|newest| newest.made_ms()).filter(|made| *made <= now.ended_ms());
            match level.map(|level| level.at_ms).max(made) {
                Some(reached) => Ok(seconds(now.began_ms.saturating_sub(reached).max(0))),
                None => Err("nothing of it is here yet".to_owned()),
            }
        }
    };
    let by_level = level.and_then(Level::sure_more).zip(newest);
    let by_level = by_level.map(|(more, newest)| from.end - 1 - (newest.offset + more));
    let by_connect = copied.map(|next| from.end - next.max(from.low));
    let whole = newest.is_none().then_some(from.end - from.low);
    let records = match (by_level, by_connect) {
        (Some(records), _) if records > 0 => Some(records),
        // A copy that seems to be ahead holds something twice.
        (_, Some(records)) => Some(records.max(1)),
        (_, None) => whole,
    };
    Behind { seconds, records: records.and_then(|records| u64::try_from(records).ok()) }
}

/// Milliseconds as seconds.
pub(super) fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
    let seconds = ms as f64 / 1000.0;
    seconds
}
