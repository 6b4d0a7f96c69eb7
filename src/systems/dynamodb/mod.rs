//! A global table of Amazon `DynamoDB`: both regions take writes, and each copies to the other.

mod judge;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod verify_write;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

use crate::domain::reading::Reading;
use crate::domain::settings::{Fault, Fields};
use crate::domain::time::Stamp;
use crate::port::About;
use crate::systems::kit::aws::managed::{Managed, Own, Session};
use crate::systems::kit::aws::metrics::Query;
use crate::systems::kit::server::Sight;
use crate::systems::kit::trouble::Trouble;

pub use settings::{ACT_POLICY, DynamoDb, WATCH_POLICY};

impl Managed for DynamoDb {
    const ABOUT: About = About {
        kind: "dynamodb",
        doc: "A DynamoDB global table, which takes writes in both regions: status, what each \
              region says of the other's replica, lag both ways by CloudWatch",
        settings: settings::SETTINGS,
        facts: judge::FACTS,
        permissions: settings::PERMISSIONS,
        grants: &[
            ("policy of the user that watches", WATCH_POLICY),
            ("policy of the user that acts", ACT_POLICY),
        ],
        actions: &[&verify_write::VerifyWrite],
        example_name: "sessions",
        example_pace: ["30s", "5s"],
    };
    const SERVICE: &'static str = "dynamodb";
    const THING: &'static str = "table";

    type Client = Client;
    type Named = settings::Named;
    type Told = state::Told;
    type Aside = ();

    fn named(fields: &Fields<'_>) -> Result<Self::Named, Fault> {
        settings::Named::read(fields)
    }

    fn name(named: &Self::Named) -> &str {
        &named.table
    }

    fn client(config: &SdkConfig) -> Client {
        Client::new(config)
    }

    /// What goes to the other region.
    fn metrics(own: &Own<Self>) -> Vec<Query> {
        let to = own.other_region.iter().map(|region| {
            let of = [("TableName", &own.named.table), ("ReceivingRegion", region)];
            let of = of.map(|(name, value)| (name.to_owned(), value.clone()));
            Query::minutely(("AWS/DynamoDB", judge::LATENCY), "Maximum", of.to_vec())
        });
        to.collect()
    }

    async fn ask(
        session: &Session<Self>,
        own: &Own<Self>,
        at: Option<Stamp>,
    ) -> Result<Self::Told, Trouble> {
        state::told(session, own, at).await
    }

    fn identity(told: &Self::Told) -> (&str, &str) {
        (&told.table.arn, &told.table.id)
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
