//! A Global Datastore with a replication group in two regions, of AWS's double and a strict part of
//! our own for what that does not know. What that proves of each call stands in `aws.rs`.

use aws_sdk_elasticache::Client;
use serde_json::json;
use tokio::runtime::Runtime;

use super::aws::{Cloud, Double};

/// The regions of both sides.
pub const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The replication groups of both sides.
pub const GROUPS: [&str; 2] = ["lms-a", "lms-b"];

/// The Global Datastore.
pub const GLOBAL: &str = "ldgnf-lms";

/// The pair, and what serves it.
pub struct Pair {
    /// The double.
    pub cloud: Cloud,
}

impl Pair {
    /// A Global Datastore whose primary is in the first region.
    pub fn start() -> Self {
        let pair = Self { cloud: Cloud::start(Double::Moto) };
        stand(&pair.cloud);
        pair
    }

    /// How often it was failed over.
    pub fn failovers(&self) -> u64 {
        let told = self.cloud.tell("/rig/elasticache", &json!({ "global": GLOBAL }));
        told["failovers"].as_u64().unwrap()
    }
}

/// Makes it in a double that runs.
pub fn stand(cloud: &Cloud) {
    let runtime = Runtime::new().unwrap();
    for (region, group) in REGIONS.into_iter().zip(GROUPS) {
        let client = Client::new(&cloud.config(region));
        let made = client
            .create_replication_group()
            .replication_group_id(group)
            .replication_group_description("lms")
            .engine("redis")
            .cache_node_type("cache.r6g.large")
            .num_cache_clusters(2)
            .automatic_failover_enabled(true)
            .multi_az_enabled(true);
        runtime.block_on(made.send()).unwrap();
    }
    let members = [(REGIONS[0], GROUPS[0]), (REGIONS[1], GROUPS[1])];
    cloud.tell("/rig/elasticache", &json!({ "global": GLOBAL, "members": members }));
    // What it is measured of differs from account to account.
    let of = [("ReplicationGroupId", GROUPS[1])];
    let name = "GlobalDatastoreReplicationLag";
    cloud.measure((REGIONS[1], "AWS/ElastiCache", name), &of, (0.5, 60));
}
