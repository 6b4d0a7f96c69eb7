//! An Aurora global database with a cluster in two regions, of AWS's double that moves the writer.
//! What that proves of each call stands in `aws.rs`.

use aws_sdk_rds::Client;
use tokio::runtime::Runtime;

use super::aws::{ACCOUNT, Cloud, Double};

/// The regions of both sides.
pub const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The clusters of both sides.
pub const CLUSTERS: [&str; 2] = ["lms-a", "lms-b"];

/// The global database.
pub const GLOBAL: &str = "lms";

/// The pair, and what serves it.
pub struct Pair {
    /// The double.
    pub cloud: Cloud,
    runtime: Runtime,
}

impl Pair {
    /// A global database whose writer is in the first region.
    pub fn start() -> Self {
        let cloud = Cloud::start(Double::MiniStack);
        stand(&cloud);
        Self { cloud, runtime: Runtime::new().unwrap() }
    }

    /// Which region's cluster is the writer, as the first region tells it.
    pub fn writer(&self) -> Option<String> {
        let ask = Client::new(&self.cloud.config(REGIONS[0]));
        let told = self.runtime.block_on(ask.describe_global_clusters().send()).unwrap();
        let global = told.global_clusters().first()?;
        let mut members = global.global_cluster_members().iter();
        let writer = members.find(|member| member.is_writer() == Some(true))?;
        writer.db_cluster_arn().map(str::to_owned)
    }

    /// The ARN of a side's cluster.
    pub fn arn(side: usize) -> String {
        format!("arn:aws:rds:{}:{ACCOUNT}:cluster:{}", REGIONS[side], CLUSTERS[side])
    }
}

/// Makes it in a double that runs.
pub fn stand(cloud: &Cloud) {
    Runtime::new().unwrap().block_on(async {
        let [a, b] = REGIONS.map(|region| Client::new(&cloud.config(region)));
        let global = a.create_global_cluster().global_cluster_identifier(GLOBAL);
        global.engine("aurora-postgresql").send().await.unwrap();
        for (at, client) in [&a, &b].into_iter().enumerate() {
            let cluster = client
                .create_db_cluster()
                .db_cluster_identifier(CLUSTERS[at])
                .engine("aurora-postgresql")
                .global_cluster_identifier(GLOBAL);
            let cluster = if at == 0 {
                cluster.master_username("root").master_user_password("long-enough-1")
            } else {
                cluster
            };
            cluster.send().await.unwrap();
            let instance = client
                .create_db_instance()
                .db_instance_identifier(format!("{}-1", CLUSTERS[at]))
                .db_cluster_identifier(CLUSTERS[at])
                .db_instance_class("db.r6g.large")
                .engine("aurora-postgresql");
            instance.send().await.unwrap();
        }
    });
    for name in ["AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"] {
        let of = [("DBClusterIdentifier", CLUSTERS[1])];
        cloud.measure((REGIONS[1], "AWS/RDS", name), &of, (400.0, 60));
    }
}
