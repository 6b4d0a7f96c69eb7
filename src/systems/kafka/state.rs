//! What one side of a pair of Kafka clusters told in one look.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::connect::Flow;
use super::settings::Own;
use crate::domain::reading::Identity;
use crate::domain::text::Clean;

/// Whose time a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamped {
    /// That of who made it.
    Made,
    /// That of the broker which took it (`LogAppendTime`): of a copy it tells when it arrived.
    Taken,
}

/// The newest record that a partition gives its readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newest {
    /// Where it stands.
    pub(super) offset: i64,
    /// The time that it tells, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// Whose time that is.
    pub(super) stamped: Stamped,
    /// A mark of all that is copied with it: equal on both sides for one record.
    pub(super) mark: u64,
}

impl Newest {
    /// When it was made, as a copy tells it; none where it tells when it arrived.
    pub(super) fn made_ms(&self) -> Option<i64> {
        match self.stamped {
            Stamped::Made => Some(self.at_ms),
            Stamped::Taken => None,
        }
    }
}

/// One partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Partition {
    /// The first offset that is still there.
    pub(super) low: i64,
    /// The offset after the last one, also of transactions that are open.
    pub(super) end: i64,
    /// How far readers are given records: an open transaction keeps back all that comes after it
    /// from those who read what is committed.
    pub(super) stable: i64,
    /// Its newest record; none where it has none that readers are given.
    pub(super) newest: Option<Newest>,
    /// False where the newest record could not be read in this look.
    pub(super) read: bool,
}

/// Partitions by their number.
pub(super) type Topic = BTreeMap<i32, Partition>;

/// Where a consumer group stands: offsets by topic and partition, or why that is not known.
pub(super) type Committed = Result<BTreeMap<(String, i32), i64>, Clean>;

/// What one side told.
#[derive(Debug, Clone)]
pub struct SideState {
    /// What was looked for.
    pub(super) watched: Arc<Own>,
    /// What the cluster calls itself.
    pub(super) cluster: String,
    /// How many brokers there are.
    pub(super) brokers: usize,
    /// Partitions that have no leader: nobody can write or read them.
    pub(super) leaderless: usize,
    /// The topics that are looked at.
    pub(super) topics: BTreeMap<String, Topic>,
    /// Topics that we may not look at.
    pub(super) hidden: Vec<String>,
    /// Topics that were made anew since the look before, and how many records they had held.
    pub(super) remade: BTreeMap<String, u64>,
    /// What copies towards this side; none where the site names no Connect.
    pub(super) flow: Option<Result<Flow, Clean>>,
    /// Where the consumer groups that the site names stand.
    pub(super) groups: BTreeMap<String, Committed>,
}

impl SideState {
    /// Which cluster told this. The data of two clusters is never one: what is copied is other
    /// records of the same content.
    pub(super) fn identity(&self) -> Identity {
        let server: Clean = format!("cluster {}", self.cluster).into();
        Identity { data: server.clone(), server }
    }

    /// The newest record of a topic, over all partitions.
    pub(super) fn newest_of(&self, topic: &str) -> Option<Newest> {
        let partitions = self.topics.get(topic)?.values();
        partitions.filter_map(|partition| partition.newest).max_by_key(|newest| newest.at_ms)
    }
}
