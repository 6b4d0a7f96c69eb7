//! Whose turn it is: tests of one group run beside each other, those of another wait for them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::servers::kafka::Pair;
use crate::servers::opensearch;
use crate::servers::peers::{self, Peer};
use crate::servers::require;

/// Tests that may run beside each other. What they measure in seconds, a second group beside them
/// would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Amazon's services, of their doubles.
    Cloud,
    Cost,
    Failover,
    Kafka,
    /// A whole site, with every kind of store in it.
    Lms,
    Objects,
    Patroni,
    Postgres,
    Prometheus,
    Proxied,
    Redis,
    Search,
    Truth,
}

impl Group {
    /// What its tests need beside the servers of Debian's packages, which each group needs.
    const fn peers(self) -> &'static [Peer] {
        match self {
            Self::Cost => {
                &[peers::AWS, peers::KAFKA, peers::MINIO, opensearch::PEER, peers::PATRONI]
            }
            Self::Cloud => &[peers::AWS],
            Self::Kafka => &[peers::AWS, peers::KAFKA],
            Self::Lms => &[peers::KAFKA, peers::MINIO],
            Self::Objects => &[peers::AWS, peers::MINIO],
            Self::Patroni => &[peers::PATRONI],
            Self::Prometheus => &[peers::PROMETHEUS],
            Self::Search => &[opensearch::PEER],
            Self::Failover | Self::Postgres | Self::Proxied | Self::Redis | Self::Truth => &[],
        }
    }
}

/// The group that runs, and how many of its tests do.
static RUNNING: Mutex<Option<(Group, usize)>> = Mutex::new(None);

/// Rung when a group has ended.
static ENDED: Condvar = Condvar::new();

/// A place among the tests of a group, given back when dropped.
pub struct Turn(Group);

/// Waits for the tests of other groups; nothing where real servers are missing, which it has said.
pub fn turn(group: Group) -> Option<Turn> {
    if !require(group.peers()) {
        return None;
    }
    let mut running = running();
    while running.is_some_and(|(other, _)| other != group) {
        running = ENDED.wait(running).unwrap_or_else(PoisonError::into_inner);
    }
    *running = Some((group, running.map_or(0, |(_, tests)| tests) + 1));
    Some(Turn(group))
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = running();
        let left = running.map_or(0, |(_, tests)| tests - 1);
        *running = (left > 0).then_some((self.0, left));
        if left == 0 {
            // Whoever comes next measures seconds, beside nothing that still works.
            Pair::end_shared();
        }
        ENDED.notify_all();
    }
}

fn running() -> MutexGuard<'static, Option<(Group, usize)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
