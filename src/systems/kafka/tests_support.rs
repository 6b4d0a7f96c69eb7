//! Clusters made up for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::settings::{Kafka, Own};
use super::state::{Newest, Partition, SideState, Stamped, Topic};
use crate::domain::ids::Side;
use crate::systems::kit::server::Written;
use crate::systems::kit::testing::spec;

/// The settings of both sides, with more of them.
pub(super) fn owns(more: &str) -> [Own; 2] {
    let text =
        format!("{more}\na = {{ host = 'a', alias = 'A' }}\nb = {{ host = 'b', alias = 'B' }}");
    let spec = spec(&text);
    Side::BOTH.map(|side| Written::<Kafka>::one(&spec, side).expect("right").own)
}

/// A partition: its ends and its newest record by offset, time and mark.
pub(super) fn partition(low: i64, end: i64, newest: Option<(i64, i64, u64)>) -> Partition {
    let newest =
        newest.map(|(offset, at_ms, mark)| Newest { offset, at_ms, stamped: Stamped::Made, mark });
    Partition { low, end, stable: end, newest, read: true }
}

/// A cluster with these topics.
pub(super) fn cluster(own: &Own, name: &str, topics: &[(&str, &[Partition])]) -> SideState {
    let topic =
        |partitions: &[Partition]| -> Topic { (0..).zip(partitions.iter().copied()).collect() };
    SideState {
        watched: Arc::new(own.clone()),
        cluster: name.to_owned(),
        brokers: 1,
        leaderless: 0,
        topics: topics.iter().map(|(name, all)| ((*name).to_owned(), topic(all))).collect(),
        hidden: Vec::new(),
        flow: None,
        groups: BTreeMap::new(),
    }
}
