//! A global database of Amazon Aurora and its cluster in each region, as Amazon tells of them.
//!
//! Amazon's word is late and no word on rows: whether these can be written is told by the database
//! itself, which is watched as a system of its own.

mod actions;
mod judge;
mod rights;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::config::Builder;

use crate::domain::reading::Reading;
use crate::domain::settings::{Fault, Fields};
use crate::domain::time::Stamp;
use crate::port::About;
use crate::systems::kit::aws::managed::{Managed, Own, Session};
use crate::systems::kit::aws::metrics::Query;
use crate::systems::kit::aws::trouble::LeaveAlone;
use crate::systems::kit::server::Sight;
use crate::systems::kit::trouble::Trouble;

pub use rights::{ACT_POLICY, WATCH_POLICY};
pub use settings::Aurora;

impl Managed for Aurora {
    const ABOUT: About = About {
        kind: "aurora",
        doc: "An Aurora global database: which region's cluster takes writes, lag by CloudWatch, \
              moves of the writer",
        settings: settings::SETTINGS,
        facts: judge::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[
            ("policy of the user that watches", rights::WATCH_POLICY),
            ("policy of the user that acts, for both clusters", rights::ACT_POLICY),
        ],
        actions: actions::ACTIONS,
        example_name: "database",
        example_pace: ["30s", "5s"],
    };
    const SERVICE: &'static str = "rds";
    const THING: &'static str = "cluster";

    type Client = Client;
    type Named = settings::Named;
    type Told = state::Told;
    type Aside = ();

    fn named(fields: &Fields<'_>) -> Result<Self::Named, Fault> {
        settings::Named::read(fields)
    }

    fn name(named: &Self::Named) -> &str {
        &named.cluster
    }

    fn client(config: &SdkConfig) -> Client {
        Client::from_conf(Builder::from(config).retry_classifier(LeaveAlone).build())
    }

    fn metrics(own: &Own<Self>) -> Vec<Query> {
        let of = ("DBClusterIdentifier", own.named.cluster.as_str());
        judge::METRICS.map(|name| Query::highest("AWS/RDS", name, of)).to_vec()
    }

    async fn ask(
        session: &Session<Self>,
        own: &Own<Self>,
        at: Option<Stamp>,
    ) -> Result<Self::Told, Trouble> {
        state::told(session, &own.named, at).await
    }

    fn identity(told: &Self::Told) -> (&str, &str) {
        (&told.cluster.arn, &told.cluster.resource)
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
