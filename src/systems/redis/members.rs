//! The nodes of a cluster that stand in one region, as the site names them, and what each told.

use std::collections::BTreeSet;

use super::nodes::{Row, SLOTS};
use super::state::SideState;
use crate::domain::reading::{Identity, Writes};
use crate::domain::text::Clean;

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

impl Member {
    /// True where it is the one of this row: by its name, or silent at its address.
    pub(super) fn is(&self, row: &Row) -> bool {
        self.told.as_ref().map_or_else(|_| row.is_at(&self.place), |told| told.id == row.id)
    }

    /// Itself, where it told something.
    pub(super) fn node(&self) -> Option<&SideState> {
        self.told.as_ref().ok().map(|told| &told.node)
    }
}

/// The nodes that told something.
pub(super) fn told(members: &[Member]) -> impl Iterator<Item = &Told> {
    members.iter().filter_map(|member| member.told.as_ref().ok())
}

/// Whether the nodes of a side take writes: each tells which slots it owns itself, whatever others
/// say of it. One that tells nothing may be open.
pub(super) fn writes(members: &[Member]) -> Writes {
    let owns = |told: &Told| told.table.iter().any(|row| row.is_myself && !row.slots.is_empty());
    if told(members).any(owns) {
        Writes::Open
    } else if members.iter().any(|member| member.told.is_err()) {
        Writes::Unknown
    } else {
        Writes::Refused
    }
}

/// How old the claim to each slot is that one of the nodes says it owns itself, while it also says
/// that its cluster works: what is written there is taken.
fn served(members: &[Member]) -> Vec<Option<u64>> {
    let mut served = vec![None; usize::from(SLOTS)];
    let rows = told(members).filter(|told| told.ok).flat_map(|told| &told.table);
    for row in rows.filter(|row| row.is_myself) {
        for slot in row.slots.iter().flat_map(|(from, to)| *from..=*to) {
            let claim = &mut served[usize::from(slot)];
            *claim = (*claim).max(Some(row.epoch));
        }
    }
    served
}

/// Slots that nodes of both sides serve, each by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twice {
    /// How many.
    pub(super) slots: usize,
    /// How many slots the first side serves in all.
    pub(super) own: usize,
    /// True where the claim of the first side is older than that of the second.
    pub(super) is_older: bool,
}

/// Whether there are two clusters, or two owners of some slots, each of which takes writes.
pub(super) fn served_twice(own: &[Member], other: &[Member]) -> Option<Twice> {
    let (here, there) = (served(own), served(other));
    let mut both = here.iter().zip(&there).filter_map(|(here, there)| here.zip(*there)).peekable();
    let (epoch, newer) = *both.peek()?;
    let own = here.iter().flatten().count();
    Some(Twice { slots: both.count(), own, is_older: epoch < newer })
}

/// True where one of the copies seems to hold more than its owner, which was read earlier.
pub(super) fn is_ahead(copies: &[Member], owners: &[Member]) -> bool {
    let owners = || told(owners).map(|told| &told.node).filter(|node| node.is_primary());
    told(copies)
        .map(|told| &told.node)
        .filter(|node| !node.is_primary())
        .any(|copy| owners().any(|owner| owner.replid == copy.replid && owner.offset < copy.offset))
}

/// Which nodes stand in the region, those that are dead among them, and of which cluster: a name is
/// a node's for good, whatever address it has.
pub(super) fn identity(members: &[Member]) -> Identity {
    /// The letters of a node's name that tell it apart for people.
    const SHORT: usize = 8;
    let rows = || told(members).flat_map(|told| &told.table);
    let named = |row: &&Row| members.iter().any(|member| row.is_at(&member.place));
    let short = |id: &'_ str| id.get(..SHORT).unwrap_or(id).to_owned();
    let mine = told(members).map(|told| told.id.as_str());
    let here: BTreeSet<&str> =
        mine.chain(rows().filter(named).map(|row| row.id.as_str())).collect();
    let all: BTreeSet<&str> = rows().map(|row| row.id.as_str()).collect();
    let here: Vec<String> = here.into_iter().map(short).collect();
    let first = all.first().map_or_else(String::new, |id| short(id));
    Identity {
        server: format!("cluster nodes {}", here.join(" ")).into(),
        data: format!("cluster of {} nodes, {first} among them", all.len()).into(),
    }
}
