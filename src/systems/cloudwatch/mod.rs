//! Alarms of Amazon `CloudWatch`, and jobs such as backups whose successes it counts out of a log.

mod judge;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use aws_config::SdkConfig;

use crate::domain::reading::Reading;
use crate::domain::settings::{Fault, Fields};
use crate::domain::time::Stamp;
use crate::port::About;
use crate::systems::kit::aws::managed::{Managed, Own, Session};
use crate::systems::kit::aws::metrics::Query;
use crate::systems::kit::server::Sight;
use crate::systems::kit::trouble::Trouble;

pub use settings::{CloudWatch, WATCH_POLICY};

impl Managed for CloudWatch {
    const ABOUT: About = About {
        kind: "cloudwatch",
        doc: "Alarms of CloudWatch in each region, and how long ago a job such as a backup last \
              succeeded, by a metric made of its log",
        settings: settings::SETTINGS,
        facts: judge::FACTS,
        permissions: settings::PERMISSIONS,
        grants: &[("policy of the user that watches", WATCH_POLICY)],
        actions: &[],
        example_name: "alarms",
        example_pace: ["30s", "5s"],
    };
    const SERVICE: &'static str = "monitoring";
    const THING: &'static str = "alarms";

    type Client = ();
    type Named = settings::Named;
    type Told = state::Told;
    type Aside = ();

    fn named(fields: &Fields<'_>) -> Result<Self::Named, Fault> {
        settings::Named::read(fields)
    }

    fn name(named: &Self::Named) -> &str {
        &named.words
    }

    fn client(_config: &SdkConfig) -> Self::Client {}

    fn metrics(own: &Own<Self>) -> Vec<Query> {
        own.named.job.iter().map(|job| job.counted.clone()).collect()
    }

    async fn ask(
        session: &Session<Self>,
        own: &Own<Self>,
        at: Option<Stamp>,
    ) -> Result<Self::Told, Trouble> {
        state::told(session, own, at).await
    }

    fn identity(told: &Self::Told) -> (&str, &str) {
        (&told.arn, "")
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
