//! A Global Datastore of Amazon `ElastiCache` and its replication group in each region.
//!
//! What Amazon says of it is late and no word on keys: whether these can be written is told by the
//! nodes themselves, which are watched as a system of kind `redis`.

mod actions;
mod judge;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use aws_config::SdkConfig;
use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::config::Builder;

use crate::domain::reading::Reading;
use crate::domain::settings::{Fault, Fields};
use crate::domain::time::Stamp;
use crate::port::About;
use crate::systems::kit::aws::managed::{Managed, Own, Session};
use crate::systems::kit::aws::metrics::Query;
use crate::systems::kit::aws::trouble::LeaveAlone;
use crate::systems::kit::server::Sight;
use crate::systems::kit::trouble::Trouble;

pub use settings::{ACT_POLICY, ElastiCache, WATCH_POLICY};

impl Managed for ElastiCache {
    const ABOUT: About = About {
        kind: "elasticache",
        doc: "An ElastiCache Global Datastore: which region's replication group takes writes, lag \
              by CloudWatch, automatic failover inside the region",
        settings: settings::SETTINGS,
        facts: judge::FACTS,
        permissions: settings::PERMISSIONS,
        grants: &[
            ("policy of the user that watches", WATCH_POLICY),
            ("policy of the user that acts, for both groups", ACT_POLICY),
        ],
        actions: actions::ACTIONS,
        example_name: "cache",
        example_pace: ["30s", "5s"],
    };
    const SERVICE: &'static str = "elasticache";
    const THING: &'static str = "replication group";

    type Client = Client;
    type Named = settings::Named;
    type Told = state::Told;
    type Aside = ();

    fn named(fields: &Fields<'_>) -> Result<Self::Named, Fault> {
        settings::Named::read(fields)
    }

    fn name(named: &Self::Named) -> &str {
        &named.group
    }

    fn client(config: &SdkConfig) -> Client {
        Client::from_conf(Builder::from(config).retry_classifier(LeaveAlone).build())
    }

    fn metrics(own: &Own<Self>) -> Vec<Query> {
        own.named.lags()
    }

    async fn ask(
        session: &Session<Self>,
        own: &Own<Self>,
        at: Option<Stamp>,
    ) -> Result<Self::Told, Trouble> {
        state::told(session, &own.named, at).await
    }

    fn identity(told: &Self::Told) -> (&str, &str) {
        (&told.group.arn, &told.group.made)
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
