//! What Amazon told of the instances of a region, and of one side in one look.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbInstance;
use aws_smithy_types::DateTime;

use super::settings::Rds;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::systems::kit::aws::arn::Arn;
use crate::systems::kit::aws::managed::Session;
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Instances of one page, and the most pages that are read.
const PAGE: i32 = 100;
const PAGES_MAX: usize = 20;

/// An instance, as the last answer told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its name, with account and region.
    pub(super) arn: String,
    /// What no other instance shares, also where one was made anew under its name.
    pub(super) resource: String,
    /// `available`, `modifying`, `rebooting`.
    pub(super) status: String,
    pub(super) version: String,
    pub(super) multi_az: bool,
    /// What it is a replica of: an ARN where that is in another region.
    pub(super) source: Option<String>,
    /// The name that it is being given.
    pub(super) renamed_to: Option<String>,
    pub(super) encrypted: bool,
    /// Its replicas.
    pub(super) replicas: Vec<String>,
    /// How its replication goes.
    pub(super) links: Vec<Flow>,
    /// Until when it can be restored, in milliseconds since 1970.
    pub(super) restorable_ms: Option<i64>,
    pub(super) retention_days: i32,
    /// The name under which it is reached.
    pub(super) address: Option<String>,
}

/// What an instance says of a replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    pub(super) is_normal: bool,
    /// `replicating`, `stopped`, `terminated`.
    pub(super) status: String,
    pub(super) message: Clean,
}

impl Instance {
    fn of(told: &DbInstance) -> Option<(String, Self)> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let links = told.status_infos().iter().map(|info| Flow {
            is_normal: info.normal() == Some(true),
            status: text(info.status()),
            message: info.message().unwrap_or_default().into(),
        });
        let instance = Self {
            arn: text(told.db_instance_arn()),
            resource: text(told.dbi_resource_id()),
            status: text(told.db_instance_status()),
            version: format!("{} {}", text(told.engine()), text(told.engine_version())),
            multi_az: told.multi_az() == Some(true),
            source: told
                .read_replica_source_db_instance_identifier()
                .filter(|source| !source.is_empty())
                .map(str::to_owned),
            renamed_to: told
                .pending_modified_values()
                .and_then(|values| values.db_instance_identifier())
                .map(str::to_lowercase),
            encrypted: told.storage_encrypted() == Some(true),
            replicas: told.read_replica_db_instance_identifiers().to_vec(),
            links: links.collect(),
            restorable_ms: told.latest_restorable_time().and_then(ms),
            retention_days: told.backup_retention_period().unwrap_or_default(),
            address: told.endpoint().and_then(|endpoint| endpoint.address()).map(str::to_owned),
        };
        Some((told.db_instance_identifier()?.to_lowercase(), instance))
    }

    /// True where another instance is what it copies from.
    pub(super) fn copies(&self, other: &Self) -> bool {
        let Some(source) = &self.source else { return false };
        *source == other.arn
            || Arn::of(&other.arn)
                .is_some_and(|arn| Arn::of(source).is_none() && arn.last() == source)
    }
}

pub(super) fn ms(at: &DateTime) -> Option<i64> {
    at.to_millis().ok()
}

/// All instances of a region that may be seen, by their identifiers.
pub(super) struct Instances(BTreeMap<String, Instance>);

impl Instances {
    /// Asks for all, or for one.
    async fn ask(
        client: Client,
        (place, user): (String, String),
        one: Option<String>,
    ) -> Result<Self, Trouble> {
        let asked = Asked { place: &place, user: &user, right: "rds:DescribeDBInstances" };
        let (mut found, mut marker) = (BTreeMap::new(), None);
        for _ in 0..PAGES_MAX {
            let ask = client.describe_db_instances().set_db_instance_identifier(one.clone());
            let ask = if one.is_none() { ask.max_records(PAGE) } else { ask };
            let told = Box::pin(ask.set_marker(marker).send()).await;
            let told = told.map_err(|error| of_sdk(&error, &asked))?;
            found.extend(told.db_instances().iter().filter_map(Instance::of));
            marker = told.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Self(found))
    }

    /// All as they are now.
    pub(super) async fn now(session: &Session<Rds>) -> Result<Self, Trouble> {
        Self::ask(session.client.clone(), session.asker(), None).await
    }

    /// The one of a name, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<Instance> {
        self.0.get(&name.to_lowercase()).cloned()
    }
}

/// One instance: as all systems were told of it lately, or as it is now where no time is named.
pub(super) async fn instance(
    session: &Session<Rds>,
    name: &str,
    at: Option<Stamp>,
) -> Result<Instance, Trouble> {
    let one = at.is_none().then(|| name.to_lowercase());
    let ask = Instances::ask(session.client.clone(), session.asker(), one);
    match session.desk.told(at, ask).await {
        Ok(all) => all.get(name).ok_or_else(|| session.absent(name)),
        // Asked for alone it is said so.
        Err(trouble) if at.is_none() && trouble.kind == TroubleKind::Missing => {
            Err(session.absent(name))
        }
        Err(trouble) => Err(trouble),
    }
}
