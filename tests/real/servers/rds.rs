//! An RDS instance and its replica in another region, of AWS's double, with the metrics of both.

use aws_sdk_rds::Client;
use serde_json::json;
use tokio::runtime::Runtime;

use super::aws::{ACCOUNT, Cloud, Double};

/// The regions of both sides.
pub const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The instances of both sides.
pub const INSTANCES: [&str; 2] = ["lms-a", "lms-b"];

/// The pair, and what serves it.
pub struct Pair {
    /// The double.
    pub cloud: Cloud,
    runtime: Runtime,
}

impl Pair {
    /// A primary in the first region, and its replica in the second.
    pub fn start() -> Self {
        let pair = Self { cloud: Cloud::start(Double::Moto), runtime: Runtime::new().unwrap() };
        let [a, b] = REGIONS.map(|region| Client::new(&pair.cloud.config(region)));
        pair.runtime.block_on(async {
            let made = a
                .create_db_instance()
                .db_instance_identifier(INSTANCES[0])
                .db_instance_class("db.m5.large")
                .engine("postgres")
                .allocated_storage(20)
                .master_username("root")
                .master_user_password("long-enough-1")
                .backup_retention_period(7);
            made.send().await.unwrap();
            let source = format!("arn:aws:rds:{}:{ACCOUNT}:db:{}", REGIONS[0], INSTANCES[0]);
            let copy = b.create_db_instance_read_replica().db_instance_identifier(INSTANCES[1]);
            copy.source_db_instance_identifier(source).send().await.unwrap();
            // It takes two looks to be made.
            for _ in 0..2 {
                b.describe_db_instances().send().await.unwrap();
            }
        });
        pair
    }

    /// `CloudWatch` tells so many seconds of lag, measured so long ago.
    pub fn lag(&self, seconds: f64, ago_s: i64) {
        let of = [("DBInstanceIdentifier", INSTANCES[1])];
        self.cloud.measure((REGIONS[1], "AWS/RDS", "ReplicaLag"), &of, (seconds, ago_s));
    }

    /// What the instance of a side says of itself from now on.
    pub fn say(&self, side: usize, name: &str, word: &str) {
        self.rig(side, name, word);
    }

    /// How often the instance of a side was promoted.
    pub fn promotions(&self, side: usize) -> u64 {
        self.rig(side, "nothing", "")["promotions"].as_u64().unwrap()
    }

    fn rig(&self, side: usize, name: &str, word: &str) -> serde_json::Value {
        let (region, instance) = (REGIONS[side], INSTANCES[side]);
        let of = json!({ "account": ACCOUNT, "region": region, "instance": instance, name: word });
        self.cloud.tell("/rig/rds", &of)
    }
}
