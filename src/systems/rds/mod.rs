//! An instance of Amazon RDS and its read replica in the other region, as Amazon tells of them.
//!
//! Amazon's word on an instance is late and no word on its rows: whether these can be written is
//! told by the database itself, which is watched as a system of its own.

mod actions;
mod aside;
mod facts;
mod judge;
mod rights;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

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
pub use settings::Rds;

impl Managed for Rds {
    const ABOUT: About = About {
        kind: "rds",
        doc: "An Amazon RDS instance and its replica in the other region: role, status, lag by \
              CloudWatch, backups in the region",
        settings: settings::SETTINGS,
        facts: facts::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[
            ("policy of the user that watches", rights::WATCH_POLICY),
            ("policy of the user that acts, for each instance", rights::ACT_POLICY),
        ],
        actions: actions::ACTIONS,
        example_name: "database",
        example_pace: ["30s", "5s"],
    };
    const SERVICE: &'static str = "rds";
    const THING: &'static str = "instance";

    type Client = Client;
    type Named = settings::Named;
    type Told = state::Instance;
    type Aside = aside::Aside;

    fn named(fields: &Fields<'_>) -> Result<Self::Named, Fault> {
        settings::Named::read(fields)
    }

    fn name(named: &Self::Named) -> &str {
        &named.instance
    }

    fn client(config: &SdkConfig) -> Client {
        Client::from_conf(Builder::from(config).retry_classifier(LeaveAlone).build())
    }

    fn metrics(own: &Own<Self>) -> Vec<Query> {
        let of = ("DBInstanceIdentifier", own.named.instance.as_str());
        judge::METRICS.map(|name| Query::highest("AWS/RDS", name, of)).to_vec()
    }

    async fn ask(
        session: &Session<Self>,
        own: &Own<Self>,
        at: Option<Stamp>,
    ) -> Result<Self::Told, Trouble> {
        state::instance(session, &own.named.instance, at).await
    }

    fn identity(told: &Self::Told) -> (&str, &str) {
        (&told.arn, &told.resource)
    }

    async fn look_aside(
        session: &Session<Self>,
        own: &Own<Self>,
        aside: &mut Self::Aside,
        at: Stamp,
        left: Duration,
    ) {
        aside.look(session, own, at, left).await;
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
