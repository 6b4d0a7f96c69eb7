//! What Amazon told of a region's clusters and of the global databases that they are in.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{
    DbCluster, GlobalCluster, GlobalClusterMemberSynchronizationStatus as Status,
};

use super::settings::{Aurora, Named};
use crate::domain::time::Stamp;
use crate::systems::kit::aws::desk::MEMBERS_EVERY;
use crate::systems::kit::aws::managed::Session;
use crate::systems::kit::aws::moves::Member;
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::trouble::Trouble;

/// The most of one page, and the most pages that are read.
const PAGE: i32 = 100;
const PAGES_MAX: usize = 20;

/// A cluster, as the last answer told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its name, with account and region.
    pub(super) arn: String,
    /// What no other cluster shares, also where one was made anew under its name.
    pub(super) resource: String,
    /// `available`, `failing-over`.
    pub(super) status: String,
    pub(super) version: String,
    /// Its instances.
    pub(super) instances: usize,
    pub(super) has_writer: bool,
    /// The name under which its writer is reached.
    pub(super) address: Option<String>,
}

impl Cluster {
    fn of(told: &DbCluster) -> Option<(String, Self)> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let members = told.db_cluster_members();
        let cluster = Self {
            arn: text(told.db_cluster_arn()),
            resource: text(told.db_cluster_resource_id()),
            status: text(told.status()),
            version: format!("{} {}", text(told.engine()), text(told.engine_version())),
            instances: members.len(),
            has_writer: members.iter().any(|one| one.is_cluster_writer() == Some(true)),
            address: told.endpoint().map(str::to_owned),
        };
        Some((told.db_cluster_identifier()?.to_lowercase(), cluster))
    }
}

/// A global database, as one region tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Global {
    pub(super) resource: String,
    pub(super) status: String,
    /// Its clusters by ARN: whether it is the one that takes writes.
    pub(super) members: BTreeMap<String, bool>,
    /// Those that do not follow any more.
    pub(super) unsynchronized: Vec<String>,
    /// A failover that goes on: its status, and where to.
    pub(super) moving: Option<(String, String)>,
}

impl Global {
    fn of(told: &GlobalCluster) -> Option<(String, Self)> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let mut global = Self {
            resource: text(told.global_cluster_resource_id()),
            status: text(told.status()),
            ..Self::default()
        };
        for member in told.global_cluster_members() {
            let arn = text(member.db_cluster_arn());
            let synchronized = member.synchronization_status().map(Status::as_str);
            if synchronized.is_some_and(|status| status != "connected") {
                global.unsynchronized.push(arn.clone());
            }
            global.members.insert(arn, member.is_writer() == Some(true));
        }
        global.moving = told.failover_state().and_then(|state| {
            Some((state.status()?.as_str().to_owned(), text(state.to_db_cluster_arn())))
        });
        Some((told.global_cluster_identifier()?.to_lowercase(), global))
    }
}

/// All clusters of a region that may be seen, by their identifiers.
struct Clusters(BTreeMap<String, Cluster>);

impl Clusters {
    async fn ask(client: Client, (place, user): (String, String)) -> Result<Self, Trouble> {
        let asked = Asked { place: &place, user: &user, right: "rds:DescribeDBClusters" };
        let (mut found, mut marker) = (BTreeMap::new(), None);
        for _ in 0..PAGES_MAX {
            let ask = client.describe_db_clusters().max_records(PAGE).set_marker(marker);
            let told = Box::pin(ask.send()).await;
            let told = told.map_err(|error| of_sdk(&error, &asked))?;
            found.extend(told.db_clusters().iter().filter_map(Cluster::of));
            marker = told.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Self(found))
    }
}

/// All global databases that may be seen, by their identifiers.
struct Globals(BTreeMap<String, Global>);

impl Globals {
    async fn ask(client: Client, (place, user): (String, String)) -> Result<Self, Trouble> {
        let asked = Asked { place: &place, user: &user, right: "rds:DescribeGlobalClusters" };
        let (mut found, mut marker) = (BTreeMap::new(), None);
        for _ in 0..PAGES_MAX {
            let ask = client.describe_global_clusters().max_records(PAGE).set_marker(marker);
            let told = Box::pin(ask.send()).await;
            let told = told.map_err(|error| of_sdk(&error, &asked))?;
            found.extend(told.global_clusters().iter().filter_map(Global::of));
            marker = told.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Self(found))
    }
}

/// A cluster: as all systems were told of it lately, or as it is now where no time is named.
pub(super) async fn told(
    session: &Session<Aurora>,
    named: &Named,
    at: Option<Stamp>,
) -> Result<Told, Trouble> {
    let clusters = Clusters::ask(session.client.clone(), session.asker());
    let globals = Globals::ask(session.client.clone(), session.asker());
    let (clusters, globals) = tokio::join!(
        session.desk.told_rarely(MEMBERS_EVERY, at, clusters),
        session.desk.told(at, globals)
    );
    let (clusters, globals) = (clusters?, globals?);
    let cluster = clusters.0.get(&named.cluster.to_lowercase());
    let cluster = cluster.cloned().ok_or_else(|| session.absent(&named.cluster))?;
    let global = globals.0.get(&named.global.to_lowercase()).cloned();
    Ok(Told { cluster, global, name: named.global.clone() })
}

/// What a side told.
#[derive(Debug, Clone)]
pub struct Told {
    pub(super) cluster: Cluster,
    /// The global database, where there is one of that name.
    pub(super) global: Option<Global>,
    /// What it is called.
    pub(super) name: String,
}

impl Member for Told {
    fn is_writer(&self) -> Option<bool> {
        self.global.as_ref()?.members.get(&self.cluster.arn).copied()
    }

    fn has_global(&self) -> bool {
        self.global.is_some()
    }

    fn global(&self) -> &str {
        &self.name
    }

    fn moving(&self) -> Option<String> {
        let (word, to) = self.global.as_ref()?.moving.as_ref()?;
        Some(format!("the writer moves to {to}: {word}"))
    }

    fn status(&self) -> &str {
        &self.cluster.status
    }

    fn lacking(&self) -> Option<String> {
        let is_empty = self.cluster.instances == 0;
        is_empty.then(|| "the cluster has no instance: add one first".to_owned())
    }

    fn can_write(&self) -> bool {
        self.cluster.has_writer
    }

    fn other_writers(&self) -> Vec<&str> {
        let all = self.global.iter().flat_map(|global| &global.members);
        let others = all.filter(|(arn, is_writer)| **is_writer && **arn != self.cluster.arn);
        others.map(|(arn, _)| arn.as_str()).collect()
    }

    /// A cluster has no word on it: what its instances are says nothing of the global database.
    fn contradiction(&self) -> Option<String> {
        None
    }
}

impl Told {
    /// Whether the global database says that it follows.
    pub(super) fn is_synchronized(&self) -> bool {
        let global = self.global.as_ref();
        global.is_some_and(|global| !global.unsynchronized.contains(&self.cluster.arn))
    }
}
