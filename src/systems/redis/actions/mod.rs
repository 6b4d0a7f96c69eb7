//! What can be done with a Redis pair: promote, hand over, make a replica, and prove it by use; and
//! with what sentinels watch, or with a cluster.

mod cluster_failover;
mod failover;
mod promote;
mod replicate;
mod sentinel_failover;
mod verify_keys;
mod verify_write;

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[
    &promote::Promote,
    &failover::Failover,
    &replicate::Replicate,
    &verify_write::VerifyWrite,
    &verify_keys::VerifyKeys,
    &sentinel_failover::SentinelFailover,
    &cluster_failover::ClusterFailover::<false>,
    &cluster_failover::ClusterFailover::<true>,
];
