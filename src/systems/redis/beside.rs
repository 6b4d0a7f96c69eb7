//! What was heard beside the one server of a side: its sentinels, or the nodes of a cluster.

use std::collections::BTreeSet;

use super::council::Council;
use super::nodes::Row;
use super::state::SideState;
use crate::domain::reading::Identity;
use crate::domain::text::Clean;

/// What stands beside a server, as the site says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Beside {
    /// Nothing.
    Nothing,
    /// Sentinels that watch it.
    Sentinels(Council),
    /// The nodes of its cluster in its region, itself among them.
    Cluster(Vec<Member>),
}

/// A node of a cluster, as the site names it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// Where it is.
    pub(super) place: String,
    /// What it told, or why nothing.
    pub(super) told: Result<Told, Clean>,
}

/// What a node told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// Its name in the cluster.
    pub(super) id: String,
    /// True where it says that the cluster works.
    pub(super) ok: bool,
    /// Who is in the cluster and owns what, as it sees it.
    pub(super) table: Vec<Row>,
    /// Itself.
    pub(super) node: SideState,
}

/// The letters of a node's name that tell it apart for people.
const SHORT: usize = 8;

/// The first letters of a node's name.
pub(super) fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// The nodes that told something.
pub(super) fn told(members: &[Member]) -> impl Iterator<Item = &Told> {
    members.iter().filter_map(|member| member.told.as_ref().ok())
}

/// True where one of the copies seems to hold more than its owner, which was read earlier.
pub(super) fn is_ahead(copies: &SideState, owners: &SideState) -> bool {
    let (Beside::Cluster(copies), Beside::Cluster(owners)) = (&copies.beside, &owners.beside)
    else {
        return false;
    };
    told(copies).filter(|copy| !copy.node.is_primary()).any(|copy| {
        told(owners).any(|owner| {
            let is_its = owner.node.is_primary() && owner.node.replid == copy.node.replid;
            is_its && owner.node.offset < copy.node.offset
        })
    })
}

/// Which nodes stand in the region, those that are dead among them, and of which cluster: a name is
/// a node's for good, whatever address it has.
pub(super) fn identity(members: &[Member]) -> Identity {
    let rows = || told(members).flat_map(|told| &told.table);
    let named = |row: &&Row| members.iter().any(|member| row.is_at(&member.place));
    let mut here: BTreeSet<&str> = told(members).map(|told| told.id.as_str()).collect();
    here.extend(rows().filter(named).map(|row| row.id.as_str()));
    let all: BTreeSet<&str> = rows().map(|row| row.id.as_str()).collect();
    let here: Vec<&str> = here.into_iter().map(short).collect();
    let first = all.first().map_or("", |id| short(id));
    Identity {
        server: format!("cluster nodes {}", here.join(" ")).into(),
        data: format!("cluster of {} nodes, {first} among them", all.len()).into(),
    }
}
