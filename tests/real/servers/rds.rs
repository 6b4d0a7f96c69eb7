//! An RDS instance and its replica in another region, of AWS's double, with the metrics of both.
//! What that proves of each call stands in `aws.rs`.

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

    /// The replica of the second region is promoted, and the first one is behind for ever.
    pub fn promote(&self) {
        let b = self.client(1);
        self.runtime.block_on(async {
            let order = b.promote_read_replica().db_instance_identifier(INSTANCES[1]);
            order.backup_retention_period(7).send().await.unwrap();
            // It takes four looks.
            for _ in 0..4 {
                b.describe_db_instances().send().await.unwrap();
            }
        });
    }

    /// `CloudWatch` tells so many seconds of lag of the second region's replica, measured so long
    /// ago.
    pub fn lag(&self, seconds: f64, ago_s: i64) {
        self.lag_of(1, seconds, ago_s);
    }

    /// The same of a side's.
    pub fn lag_of(&self, side: usize, seconds: f64, ago_s: i64) {
        let of = [("DBInstanceIdentifier", INSTANCES[side])];
        self.cloud.measure((REGIONS[side], "AWS/RDS", "ReplicaLag"), &of, (seconds, ago_s));
    }

    /// What the instance of a side says of itself from now on.
    pub fn say(&self, side: usize, name: &str, what: impl Into<serde_json::Value>) {
        self.rig(side, name, &what.into());
    }

    /// How often the instance of a side was promoted.
    pub fn promotions(&self, side: usize) -> u64 {
        self.rig(side, "nothing", &json!(null))["promotions"].as_u64().unwrap()
    }

    /// How many replicas were made of the instance of a side.
    pub fn copies(&self, side: usize) -> u64 {
        self.rig(side, "nothing", &json!(null))["copies"].as_u64().unwrap()
    }

    /// The instances of a side's region.
    pub fn names(&self, side: usize) -> Vec<String> {
        let told = self.rig(side, "nothing", &json!(null));
        serde_json::from_value(told["names"].clone()).unwrap()
    }

    /// For calls as somebody who may do everything.
    pub fn client(&self, side: usize) -> Client {
        Client::new(&self.cloud.config(REGIONS[side]))
    }

    /// Waits for a call.
    pub fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    fn rig(&self, side: usize, name: &str, what: &serde_json::Value) -> serde_json::Value {
        let (region, instance) = (REGIONS[side], INSTANCES[side]);
        let of = json!({ "account": ACCOUNT, "region": region, "instance": instance, name: what });
        self.cloud.tell("/rig/rds", &of)
    }
}
