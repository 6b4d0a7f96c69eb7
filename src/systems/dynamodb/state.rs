//! What Amazon told of a table, and of one side in one look.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    KeyType, MultiRegionConsistency, ReplicaStatus, ScalarAttributeType, TableDescription,
    TableStatus,
};

use super::settings::DynamoDb;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::systems::kit::aws::managed::{Own, Session};
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The most pages of names that are read; a page has a hundred.
const PAGES_MAX: usize = 50;

/// A table, as the last answer on it told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name, with account and region.
    pub(super) arn: String,
    /// What no other table shares, also where one was made anew under its name.
    pub(super) id: String,
    /// `ACTIVE`, `UPDATING`.
    pub(super) status: String,
    /// Its replicas by region: the status of each, and what Amazon says of it.
    pub(super) replicas: BTreeMap<String, (String, Clean)>,
    /// True where a write is confirmed only once another region has it.
    pub(super) is_strong: bool,
    /// The attributes of its key, and what they are: one or two.
    pub(super) key: Vec<(String, Option<ScalarAttributeType>)>,
}

impl Table {
    fn of(told: &TableDescription) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let replica = |one: &aws_sdk_dynamodb::types::ReplicaDescription| {
            let status = text(one.replica_status().map(ReplicaStatus::as_str));
            let words = one.replica_status_description().unwrap_or_default().into();
            Some((one.region_name()?.to_owned(), (status, words)))
        };
        let kind = |name: &str| {
            let mut all = told.attribute_definitions().iter();
            let found = all.find(|one| one.attribute_name() == name)?;
            Some(found.attribute_type().clone())
        };
        let mut key: Vec<_> = told.key_schema().iter().collect();
        key.sort_by_key(|part| *part.key_type() != KeyType::Hash);
        let key = key.into_iter().map(|part| part.attribute_name().to_owned());
        Self {
            arn: text(told.table_arn()),
            id: text(told.table_id()),
            status: text(told.table_status().map(TableStatus::as_str)),
            replicas: told.replicas().iter().filter_map(replica).collect(),
            is_strong: told.multi_region_consistency() == Some(&MultiRegionConsistency::Strong),
            key: key.map(|name| (name.clone(), kind(&name))).collect(),
        }
    }

    async fn ask(
        client: Client,
        (place, user): (String, String),
        name: String,
    ) -> Result<Option<Self>, Trouble> {
        let asked = Asked { place: &place, user: &user, right: "dynamodb:DescribeTable" };
        let told = Box::pin(client.describe_table().table_name(name).send()).await;
        match told.map_err(|error| of_sdk(&error, &asked)) {
            Ok(told) => Ok(told.table().map(Self::of)),
            Err(trouble) if trouble.kind == TroubleKind::Missing => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

/// The names of all tables of a region.
struct Names(BTreeSet<String>);

impl Names {
    async fn ask(client: Client, (place, user): (String, String)) -> Result<Self, Trouble> {
        let asked = Asked { place: &place, user: &user, right: "dynamodb:ListTables" };
        let (mut names, mut after) = (BTreeSet::new(), None);
        for _ in 0..PAGES_MAX {
            let ask = client.list_tables().set_exclusive_start_table_name(after);
            let told = Box::pin(ask.send()).await.map_err(|error| of_sdk(&error, &asked))?;
            names.extend(told.table_names().iter().cloned());
            after = told.last_evaluated_table_name().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        Ok(Self(names))
    }
}

/// What a side told.
#[derive(Debug, Clone)]
pub struct Told {
    pub(super) table: Table,
    /// When that was asked: tables are asked for one by one.
    pub(super) at: Stamp,
}

/// A table: as all systems were told of it lately, or as it is now where no time is named. Whether
/// it is there at all, and its region answers, is told more often than all else of it.
pub(super) async fn told(
    session: &Session<DynamoDb>,
    own: &Own<DynamoDb>,
    at: Option<Stamp>,
) -> Result<Told, Trouble> {
    let now = at.unwrap_or_else(|| session.desk.now());
    let (name, client) = (&own.named.table, || session.client.clone());
    if at.is_some() {
        let names = session.desk.told(at, Names::ask(client(), session.asker())).await?;
        if !names.0.contains(name) {
            return Err(session.absent(name));
        }
    }
    let ask = Table::ask(client(), session.asker(), name.clone());
    let ask = async move { Ok((ask.await?, now)) };
    let told = session.desk.told_of(name, at, ask).await?;
    let (table, at) = (&told.0, told.1);
    Ok(Told { table: table.clone().ok_or_else(|| session.absent(name))?, at })
}
