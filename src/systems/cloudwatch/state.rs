//! What `CloudWatch` told of alarms, in one look.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_smithy_types::DateTime;

use super::settings::CloudWatch;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::systems::kit::aws::managed::{Own, Session};
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::aws::{Caller, caller};
use crate::systems::kit::trouble::Trouble;

/// How often it is asked whose credentials they are.
const WHOSE_EVERY: Duration = Duration::from_secs(3600);

/// How an alarm stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// It does not fire.
    Quiet,
    /// It fires.
    Fires,
    /// It has no data to decide by.
    Undecided,
}

/// An alarm, as the last answer told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub(super) is: Is,
    /// Why, in Amazon's words.
    pub(super) reason: Clean,
    /// Since when, in milliseconds since 1970.
    pub(super) since_ms: Option<i64>,
}

impl Alarm {
    fn of(
        name: Option<&str>,
        state: Option<&StateValue>,
        reason: Option<&str>,
        since: Option<&DateTime>,
    ) -> Option<(String, Self)> {
        let is = match state? {
            StateValue::Alarm => Is::Fires,
            StateValue::Ok => Is::Quiet,
            _ => Is::Undecided,
        };
        let since_ms = since.and_then(|at| at.to_millis().ok());
        Some((name?.to_owned(), Self { is, reason: reason.unwrap_or_default().into(), since_ms }))
    }
}

/// Those of some names that there are.
struct Alarms(BTreeMap<String, Alarm>);

impl Alarms {
    async fn ask(
        config: SdkConfig,
        (place, user): (String, String),
        names: Vec<String>,
    ) -> Result<Self, Trouble> {
        if names.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let asked = Asked { place: &place, user: &user, right: "cloudwatch:DescribeAlarms" };
        let client = Client::new(&config);
        let ask = client.describe_alarms().set_alarm_names(Some(names)).max_records(100);
        // Without a word on it only those of metrics are told.
        let all = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm];
        let ask = ask.set_alarm_types(Some(all.to_vec()));
        let told = Box::pin(ask.send()).await.map_err(|error| of_sdk(&error, &asked))?;
        let plain = told.metric_alarms().iter().filter_map(|one| {
            let since = one.state_transitioned_timestamp().or(one.state_updated_timestamp());
            Alarm::of(one.alarm_name(), one.state_value(), one.state_reason(), since)
        });
        let composite = told.composite_alarms().iter().filter_map(|one| {
            let since = one.state_transitioned_timestamp().or(one.state_updated_timestamp());
            Alarm::of(one.alarm_name(), one.state_value(), one.state_reason(), since)
        });
        let of_logs = told.log_alarms().iter().filter_map(|one| {
            let since = one.state_transitioned_timestamp().or(one.state_updated_timestamp());
            Alarm::of(one.alarm_name(), one.state_value(), one.state_reason(), since)
        });
        Ok(Self(plain.chain(composite).chain(of_logs).collect()))
    }
}

/// What a side told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Whose alarms these are, and where.
    pub(super) arn: String,
    pub(super) alarms: BTreeMap<String, Alarm>,
}

/// The alarms of a side: as they were told lately, or as they are now where no time is named.
pub(super) async fn told(
    session: &Session<CloudWatch>,
    own: &Own<CloudWatch>,
    at: Option<Stamp>,
) -> Result<Told, Trouble> {
    let (desk, asker) = (&session.desk, session.asker());
    let (config, (place, user)) = (desk.config().clone(), session.asker());
    let whose = async move { caller(&config, &place, &user).await };
    let whose = desk.told_rarely::<Caller>(WHOSE_EVERY, at, whose).await?;
    let ask = Alarms::ask(desk.config().clone(), asker, own.named.all());
    let alarms = desk.told_of(&own.named.words, at, ask).await?;
    let partition = whose.arn.split(':').nth(1).unwrap_or("aws");
    let arn = format!("arn:{partition}:cloudwatch:{}:{}:alarm", own.at.region, whose.account);
    Ok(Told { arn, alarms: alarms.0.clone() })
}
