//! What can be done with a Redis pair: promote, hand over, make a replica, and prove it by use; and
//! with what sentinels watch, or with a cluster.

mod cluster_failover;
mod failover;
mod promote;
mod replicate;
mod sentinel_failover;
mod verify_keys;
mod verify_write;
mod way;

use crate::port::Action;
use cluster_failover::{ClusterFailover, HAND_OVER, TAKE_OVER};
use way::By;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[
    &By::<promote::Promote>::NEW,
    &failover::Failover,
    &By::<replicate::Replicate>::NEW,
    &verify_write::VerifyWrite,
    &verify_keys::VerifyKeys,
    &By::<sentinel_failover::SentinelFailover>::NEW,
    &By::<ClusterFailover<false>>::NEW,
    &By::<ClusterFailover<true>>::NEW,
];

/// Those of them that are for clusters; the others are for pairs.
pub(super) const FOR_CLUSTERS: [&str; 2] = [HAND_OVER.name, TAKE_OVER.name];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::kit::testing::Stage;

    #[test]
    fn what_is_for_a_pair_is_not_read_for_a_cluster() {
        const CLUSTER: &str = "kind = 'redis'\ncluster = true\nact = 'act'\n\
            a = { nodes = ['127.0.0.1:9'] }\nb = { nodes = ['127.0.0.1:8'] }";
        let mut refused = 0;
        for action in ACTIONS {
            let spec = action.spec();
            let keys = if spec.name == "redis.verify_keys" { "keys = 'auth:*'" } else { "" };
            let stage = Stage::new(spec, keys, Some(CLUSTER));
            let setup = stage.setup();
            let checked = action.check_settings(setup.with, setup.target.map(|(spec, _)| spec));
            let made = action.operator(setup).map(|_| ());
            assert_eq!(checked, made, "{}", spec.name);
            let is_for_clusters = FOR_CLUSTERS.contains(&spec.name);
            assert_eq!(checked.is_ok(), is_for_clusters, "{}", spec.name);
            if let Err(fault) = checked {
                let want = "system `it` is a Redis Cluster, and this step is for a pair: use redis";
                assert!(fault.message.starts_with(want), "{fault}");
                refused += 1;
            }
        }
        assert_eq!(refused, ACTIONS.len() - FOR_CLUSTERS.len());
    }
}
