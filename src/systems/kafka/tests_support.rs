//! Clusters made up for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::anchors::Aside;
use super::connect::{Connector, Flow, Part};
use super::judge::{View, reading};
use super::learned::Learned;
use super::settings::{Kafka, Own};
use super::state::{Newest, Partition, SideState, Stamped};
use crate::domain::ids::Side;
use crate::domain::reading::Reading;
use crate::domain::time::{BootId, Stamp};
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
    let topic = |partitions: &[Partition]| (0..).zip(partitions.iter().copied()).collect();
    SideState {
        watched: Arc::new(own.clone()),
        cluster: name.to_owned(),
        brokers: 1,
        leaderless: 0,
        topics: topics.iter().map(|(name, all)| ((*name).to_owned(), topic(all))).collect(),
        hidden: Vec::new(),
        remade: BTreeMap::new(),
        flow: None,
        groups: BTreeMap::new(),
    }
}

/// A topic by its name.
pub(super) type Topic<'a> = (&'a str, &'a [Partition]);

/// One look at both sides: the source's topics, the copies, and what Connect kept of `t`.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) a: Option<&'a [(&'a str, &'a [Partition])]>,
    pub(super) b: &'a [(&'a str, &'a [Partition])],
    pub(super) copied: Option<i64>,
    pub(super) state: &'a str,
    pub(super) tasks: &'a [&'a str],
}

pub(super) fn flow(copied: Option<i64>, state: &str, tasks: &[&str]) -> Flow {
    let copied = copied.map(|next| (("t".to_owned(), 0), next));
    Flow {
        cluster: "b".to_owned(),
        connectors: vec![Connector {
            name: "a-b".to_owned(),
            part: Part::Source,
            state: state.to_owned(),
            tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
            why: None,
            committed_only: false,
        }],
        copied: Ok(copied.into_iter().collect()),
    }
}

pub(super) fn at(second: u64) -> Stamp {
    let boot_ms = second * 1000;
    Stamp { wall_ms: i64::try_from(boot_ms).unwrap(), boot_ms, boot: BootId(1) }
}

/// The reading of B.
pub(super) fn told_of_b(
    settings: &Own,
    own: &SideState,
    other: Option<&SideState>,
    learned: &Learned,
    at: Stamp,
) -> Reading {
    let (side, user, aside, nameless) = (Side::B, "wr_read", &Aside::default(), None);
    let took_ms = 1;
    reading(&View { at, took_ms, side, own, other, settings, user, learned, aside, nameless })
}

/// Looks once a second from second 100 on, and tells the last reading of B.
pub(super) fn looked(looks: &[Look<'_>]) -> Reading {
    let [own_a, own_b] = owns("heartbeat_every = '1s'");
    let mut learned = Learned::new([Some(&own_a), Some(&own_b)]);
    let mut told = None;
    for (second, look) in (100..).zip(looks) {
        let a: Option<SideState> = look.a.map(|topics| cluster(&own_a, "a", topics));
        let mut b = cluster(&own_b, "b", look.b);
        b.flow = Some(Ok(flow(look.copied, look.state, look.tasks)));
        learned.learn([a.as_ref(), Some(&b)], at(second));
        told = Some(told_of_b(&own_b, &b, a.as_ref(), &learned, at(second)));
    }
    told.expect("there was a look")
}

/// A heartbeat of that second, on its way or here.
pub(super) fn beat(second: i64) -> Partition {
    partition(0, second + 1, Some((second, second * 1000, second.unsigned_abs())))
}
