//! A global table in two regions, of AWS's double that copies items.
//!
//! What it proves: that requests are such as Amazon takes, that an item of one region is found in
//! the other one, keys of each type, what is told of a replica. What it cannot: how late items come
//! (its metric is what a test puts there), states of a replica other than `ACTIVE`, throttling.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, CreateReplicationGroupMemberAction,
    KeySchemaElement, KeyType, ReplicationGroupUpdate, ScalarAttributeType,
};
use tokio::runtime::Runtime;

use super::aws::{Cloud, Double};

/// The regions of both sides.
pub const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The table.
pub const TABLE: &str = "sessions";

/// The table in both regions, and what serves it.
pub struct Pair {
    /// The double.
    pub cloud: Cloud,
    runtime: Runtime,
}

/// A table in both regions of a double that knows no replicas.
pub fn stand(cloud: &Cloud) {
    let runtime = Runtime::new().unwrap();
    for region in REGIONS {
        let client = Client::new(&cloud.config(region));
        runtime.block_on(make(&client, &[("id", ScalarAttributeType::S)]).send()).unwrap();
    }
}

/// The order of a table whose key has these parts.
fn make(client: &Client, key: &[(&str, ScalarAttributeType)]) -> CreateTableFluentBuilder {
    let make = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    key.iter().enumerate().fold(make, |make, (number, (name, kind))| {
        let part = if number == 0 { KeyType::Hash } else { KeyType::Range };
        let part = KeySchemaElement::builder().attribute_name(*name).key_type(part);
        let of = AttributeDefinition::builder().attribute_name(*name);
        make.key_schema(part.build().unwrap())
            .attribute_definitions(of.attribute_type(kind.clone()).build().unwrap())
    })
}

impl Pair {
    /// A table of the first region with a replica in the second, its key of these parts.
    pub fn start(key: &[(&str, ScalarAttributeType)]) -> Self {
        let pair =
            Self { cloud: Cloud::start(Double::MiniStack), runtime: Runtime::new().unwrap() };
        let client = pair.client(0);
        let to = CreateReplicationGroupMemberAction::builder().region_name(REGIONS[1]);
        let to = ReplicationGroupUpdate::builder().create(to.build().unwrap()).build();
        let copy = client.update_table().table_name(TABLE).replica_updates(to);
        pair.runtime.block_on(async {
            make(&client, key).send().await.unwrap();
            copy.send().await.unwrap();
        });
        pair
    }

    fn client(&self, side: usize) -> Client {
        Client::new(&self.cloud.config(REGIONS[side]))
    }

    /// `CloudWatch` of the first region tells how long items take to the second.
    pub fn latency(&self, ms: f64, ago_s: i64) {
        let of = [("TableName", TABLE), ("ReceivingRegion", REGIONS[1])];
        let what = (REGIONS[0], "AWS/DynamoDB", "ReplicationLatency");
        self.cloud.measure(what, &of, (ms, ago_s));
    }

    /// All items that a region has.
    pub fn items(&self, side: usize) -> Vec<Vec<(String, AttributeValue)>> {
        let told = self.runtime.block_on(self.client(side).scan().table_name(TABLE).send());
        let items = told.unwrap().items.unwrap_or_default();
        items.into_iter().map(|item| item.into_iter().collect()).collect()
    }

    /// Writes an item of an application.
    pub fn put(&self, side: usize, item: &[(&str, AttributeValue)]) {
        let item = item.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let put = self.client(side).put_item().table_name(TABLE);
        self.runtime.block_on(put.set_item(Some(item.collect())).send()).unwrap();
    }

    /// Takes the table out of a region.
    pub fn drop_in(&self, side: usize) {
        let gone = self.client(side).delete_table().table_name(TABLE).send();
        self.runtime.block_on(gone).unwrap();
    }
}
