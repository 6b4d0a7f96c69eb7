//! What Amazon told of a region's replication groups and of the Global Datastores they are in.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::types::{
    AutomaticFailoverStatus, GlobalReplicationGroup, MultiAzStatus, NodeGroup, ReplicationGroup,
};

use super::settings::{ElastiCache, Named};
use crate::domain::time::Stamp;
use crate::systems::kit::aws::desk::MEMBERS_EVERY;
use crate::systems::kit::aws::managed::Session;
use crate::systems::kit::aws::metrics::Query;
use crate::systems::kit::aws::moves::Member;
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::trouble::Trouble;

/// The metric of the lag, in seconds, the worst of all shards.
pub(super) const LAG: &str = "GlobalDatastoreReplicationLag";

const NAMESPACE: &str = "AWS/ElastiCache";

/// The most of one page, and the most pages that are read.
const PAGE: i32 = 100;
const PAGES_MAX: usize = 20;

/// How often it is asked what lags are measured of.
const LISTED_EVERY: Duration = Duration::from_secs(600);

/// A replication group, as the last answer told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name, with account and region.
    pub(super) arn: String,
    /// When it was made: what no other group of that name shares.
    pub(super) made: String,
    /// `available`, `modifying`.
    pub(super) status: String,
    pub(super) engine: String,
    /// `enabled` where a replica of its region takes over by itself.
    pub(super) takes_over: String,
    pub(super) multi_az: String,
    /// Its nodes.
    pub(super) nodes: Vec<String>,
    /// The nodes of each of its shards.
    pub(super) shards: Vec<Vec<String>>,
    /// The global datastore that it says it is in, and as what.
    pub(super) of: Option<(String, String)>,
}

impl Group {
    fn of(told: &ReplicationGroup) -> Option<(String, Self)> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let made = told.replication_group_create_time().and_then(|at| at.to_millis().ok());
        let of = told.global_replication_group_info().and_then(|info| {
            let role = info.global_replication_group_member_role().unwrap_or_default();
            Some((info.global_replication_group_id()?.to_owned(), role.to_lowercase()))
        });
        let group = Self {
            arn: text(told.arn()),
            made: made.map(|ms| format!("made {ms}")).unwrap_or_default(),
            status: text(told.status()),
            engine: text(told.engine()),
            takes_over: text(told.automatic_failover().map(AutomaticFailoverStatus::as_str)),
            multi_az: text(told.multi_az().map(MultiAzStatus::as_str)),
            nodes: told.member_clusters().iter().map(|node| node.to_lowercase()).collect(),
            shards: told.node_groups().iter().map(nodes_of).collect(),
            of: of.filter(|(id, _)| !id.is_empty()),
        };
        Some((told.replication_group_id()?.to_lowercase(), group))
    }
}

fn nodes_of(shard: &NodeGroup) -> Vec<String> {
    let nodes = shard.node_group_members().iter();
    nodes.filter_map(|node| Some(node.cache_cluster_id()?.to_lowercase())).collect()
}

/// A Global Datastore, as one region tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Global {
    pub(super) status: String,
    /// Its groups, as `region/group`: the part of each and its status.
    pub(super) members: BTreeMap<String, (String, String)>,
}

impl Global {
    fn of(told: &GlobalReplicationGroup) -> Option<(String, Self)> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_lowercase();
        let member = |one: &aws_sdk_elasticache::types::GlobalReplicationGroupMember| {
            let (region, group) = (one.replication_group_region()?, one.replication_group_id()?);
            let name = format!("{region}/{group}").to_lowercase();
            Some((name, (text(one.role()), text(one.status()))))
        };
        let members = told.members().iter().filter_map(member).collect();
        let global = Self { status: text(told.status()), members };
        Some((told.global_replication_group_id()?.to_lowercase(), global))
    }
}

/// All replication groups of a region that may be seen.
struct Groups(BTreeMap<String, Group>);

impl Groups {
    async fn ask(client: Client, (place, user): (String, String)) -> Result<Self, Trouble> {
        let right = "elasticache:DescribeReplicationGroups";
        let asked = Asked { place: &place, user: &user, right };
        let (mut found, mut marker) = (BTreeMap::new(), None);
        for _ in 0..PAGES_MAX {
            let ask = client.describe_replication_groups().max_records(PAGE).set_marker(marker);
            let told = Box::pin(ask.send()).await;
            let told = told.map_err(|error| of_sdk(&error, &asked))?;
            found.extend(told.replication_groups().iter().filter_map(Group::of));
            marker = told.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Self(found))
    }
}

/// All Global Datastores that may be seen.
struct Globals(BTreeMap<String, Global>);

impl Globals {
    async fn ask(client: Client, (place, user): (String, String)) -> Result<Self, Trouble> {
        let right = "elasticache:DescribeGlobalReplicationGroups";
        let asked = Asked { place: &place, user: &user, right };
        let (mut found, mut marker) = (BTreeMap::new(), None);
        for _ in 0..PAGES_MAX {
            let ask = client.describe_global_replication_groups().show_member_info(true);
            let told = Box::pin(ask.max_records(PAGE).set_marker(marker).send()).await;
            let told = told.map_err(|error| of_sdk(&error, &asked))?;
            found.extend(told.global_replication_groups().iter().filter_map(Global::of));
            marker = told.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Self(found))
    }
}

/// What lags are measured of in a region: the dimensions of each.
pub(super) struct Lags(pub(super) Vec<Vec<(String, String)>>);

impl Lags {
    async fn ask(
        client: aws_sdk_cloudwatch::Client,
        (place, user): (String, String),
    ) -> Result<Self, Trouble> {
        let asked = Asked { place: &place, user: &user, right: "cloudwatch:ListMetrics" };
        let dimension = |one: &aws_sdk_cloudwatch::types::Dimension| {
            Some((one.name()?.to_owned(), one.value()?.to_owned()))
        };
        let of = |one: &aws_sdk_cloudwatch::types::Metric| {
            one.dimensions().iter().filter_map(dimension).collect()
        };
        let (mut found, mut next) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let ask = client.list_metrics().namespace(NAMESPACE).metric_name(LAG);
            let told = Box::pin(ask.set_next_token(next).send()).await;
            let told = told.map_err(|error| of_sdk(&error, &asked))?;
            found.extend(told.metrics().iter().map(of));
            next = told.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        Ok(Self(found))
    }

    /// Those of a group: measured of itself, or of its nodes as it names them; a name that begins
    /// alike is another's. None where that leaves a shard out: the others say nothing of it.
    pub(super) fn of(&self, named: &Named, group: &Group) -> Vec<Query> {
        let (global, name) = (named.global.to_lowercase(), named.group.to_lowercase());
        let (mut its, mut of_nodes, mut is_whole) = (Vec::new(), Vec::new(), false);
        for all in &self.0 {
            let value = |key: &str| {
                let found = all.iter().find(|(name, _)| name == key);
                found.map(|(_, value)| value.to_lowercase())
            };
            let (of_group, of_node) = (value("ReplicationGroupId"), value("CacheClusterId"));
            let is_its = value("GlobalReplicationGroupId").is_none_or(|of| of == global)
                && of_group.as_ref().is_none_or(|of| *of == name)
                && of_node.as_ref().is_none_or(|of| group.nodes.contains(of));
            if !is_its || (of_group.is_none() && of_node.is_none()) {
                continue;
            }
            is_whole |= of_node.is_none();
            of_nodes.extend(of_node);
            its.push(Query::minutely((NAMESPACE, LAG), "Maximum", all.clone()));
        }
        let is_measured = |shard: &Vec<String>| shard.iter().any(|node| of_nodes.contains(node));
        if is_whole || group.shards.iter().all(is_measured) { its } else { Vec::new() }
    }
}

/// What a side told.
#[derive(Debug, Clone)]
pub struct Told {
    pub(super) group: Group,
    /// The Global Datastore, where there is one of that name.
    pub(super) global: Option<Global>,
    /// What it is called.
    pub(super) name: String,
    /// How it is called as a member: `us-west-2/lms-b`.
    pub(super) member: String,
}

/// A group: as all systems were told of it lately, or as it is now where no time is named.
pub(super) async fn told(
    session: &Session<ElastiCache>,
    named: &Named,
    at: Option<Stamp>,
) -> Result<Told, Trouble> {
    let groups = Groups::ask(session.client.clone(), session.asker());
    let globals = Globals::ask(session.client.clone(), session.asker());
    let (groups, globals) = tokio::join!(
        session.desk.told_rarely(MEMBERS_EVERY, at, groups),
        session.desk.told(at, globals)
    );
    let (groups, globals) = (groups?, globals?);
    let group = groups.0.get(&named.group.to_lowercase()).cloned();
    let group = group.ok_or_else(|| session.absent(&named.group))?;
    if let Some(at) = at {
        let client = aws_sdk_cloudwatch::Client::new(session.desk.config());
        let ask = Lags::ask(client, session.asker());
        // What is not told is found the next time.
        if let Ok(lags) = session.desk.told_each(LISTED_EVERY, at, ask).await {
            named.find(lags.of(named, &group));
        }
    }
    let global = globals.0.get(&named.global.to_lowercase()).cloned();
    let region = session.desk.config().region().map(ToString::to_string).unwrap_or_default();
    let member = format!("{region}/{}", named.group).to_lowercase();
    let mut told = Told { group, global, name: named.global.clone(), member };
    if at.is_some() && told.contradiction().is_some() {
        // What the group said may be older than a move of the writer.
        let ask = Groups::ask(session.client.clone(), session.asker());
        let groups = session.desk.told(at, ask).await?;
        let group = groups.0.get(&named.group.to_lowercase()).cloned();
        told.group = group.ok_or_else(|| session.absent(&named.group))?;
    }
    Ok(told)
}

impl Told {
    /// Its part in the Global Datastore.
    fn part(&self) -> Option<&str> {
        self.global.as_ref()?.members.get(&self.member).map(|(role, _)| role.as_str())
    }
}

impl Member for Told {
    fn is_writer(&self) -> Option<bool> {
        Some(self.part()? == "primary")
    }

    fn has_global(&self) -> bool {
        self.global.is_some()
    }

    fn global(&self) -> &str {
        &self.name
    }

    fn moving(&self) -> Option<String> {
        let global = self.global.as_ref()?;
        // It has no other word for a failover, and serves nobody while it is so.
        (global.status == "modifying").then(|| format!("{} is being modified", self.name))
    }

    fn status(&self) -> &str {
        &self.group.status
    }

    fn lacking(&self) -> Option<String> {
        self.group.nodes.is_empty().then(|| "the group has no node".to_owned())
    }

    fn can_write(&self) -> bool {
        true
    }

    fn other_writers(&self) -> Vec<&str> {
        let all = self.global.iter().flat_map(|global| &global.members);
        let others = all.filter(|(of, (role, _))| role == "primary" && **of != self.member);
        others.map(|(of, _)| of.as_str()).collect()
    }

    fn contradiction(&self) -> Option<String> {
        let (of, word) = self.group.of.as_ref()?;
        let part = self.part().unwrap_or("no member");
        let is_ours = of.eq_ignore_ascii_case(&self.name);
        (!is_ours || word != part).then(|| {
            format!(
                "the group says that it is {word} of {of}, and {} that it is {part}: one of them \
                 is wrong",
                self.name
            )
        })
    }
}
