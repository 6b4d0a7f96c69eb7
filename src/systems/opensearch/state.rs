//! What one cluster tells of itself and of its indices in one look.

use std::collections::BTreeMap;

use super::beats::{Beat, murmur3};
use super::session::Root;
use crate::domain::reading::{Identity, Role, Writes};
use crate::domain::text::{Clean, head};

/// How many characters of the indices' names stand in an identity.
const DATA_CHARS_MAX: usize = 120;

/// What a cluster tells of the copying of one of its indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Copying {
    /// It runs; what each shard was told to have, at the leader and here.
    Syncing(BTreeMap<u32, (i64, i64)>),
    /// The first copy is being made; ending it now deletes the index.
    Bootstrapping,
    /// It is paused; why.
    Paused(Clean),
    /// It failed; why.
    Failed(Clean),
    /// Another word of its own.
    Other(Clean),
    /// It runs, and its leader gives it no answer.
    LeaderGone,
    /// Nothing is copied, it says.
    Nothing,
    /// It did not tell; why.
    Untold(Clean),
}

impl Copying {
    /// As one word of a fact.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Syncing(_) => "SYNCING",
            Self::Bootstrapping => "BOOTSTRAPPING",
            Self::Paused(_) => "PAUSED",
            Self::Failed(_) => "FAILED",
            Self::Other(word) => word.as_str(),
            Self::LeaderGone => "LEADER GONE",
            Self::Nothing => "not copied",
            Self::Untold(_) => "UNKNOWN",
        }
    }
}

/// How an index is made and kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// What no index that was made later under the same name is called.
    pub(super) uuid: String,
    /// It is closed: nothing can be read or written.
    pub(super) closed: bool,
    /// A block of its own forbids writes.
    pub(super) blocked: bool,
    /// It is marked as copied from elsewhere, or kept from writes as such.
    pub(super) marked: bool,
    /// Its shards.
    pub(super) shards: u32,
    /// How many parts its routing knows.
    pub(super) routing_shards: u32,
    /// Copies of each shard that are wanted.
    pub(super) replicas: u32,
}

/// How far a shard has come, by its own cluster: the newest operation, and that up to which all
/// are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) newest: i64,
    pub(super) complete: i64,
}

/// One of the indices on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    /// Its name.
    pub(super) name: String,
    /// How it is kept; none where there is none.
    pub(super) made: Option<Made>,
    /// Its copying.
    pub(super) copying: Copying,
    /// What its leader's cluster is called here.
    pub(super) alias: Option<String>,
    /// Its shards that were told.
    pub(super) shards: BTreeMap<u32, Shard>,
}

impl Index {
    /// Whether it is copied from elsewhere; none where that cannot be told. That nothing is in
    /// progress is said while it is, once the leader's name was dropped.
    pub(super) fn follows(&self) -> Option<bool> {
        let marked = self.made.as_ref().is_some_and(|made| made.marked);
        match &self.copying {
            Copying::Syncing(_)
            | Copying::Bootstrapping
            | Copying::Paused(_)
            | Copying::Failed(_)
            | Copying::Other(_)
            | Copying::LeaderGone => Some(true),
            Copying::Nothing => Some(marked),
            Copying::Untold(_) => marked.then_some(true),
        }
    }

    /// Whether it takes writes.
    pub(super) fn writes(&self) -> Writes {
        let Some(made) = &self.made else { return Writes::Unknown };
        match self.follows() {
            _ if made.closed || made.blocked => Writes::Refused,
            Some(true) => Writes::Refused,
            Some(false) => Writes::Open,
            None => Writes::Unknown,
        }
    }

    /// Every shard of it; none while one was not told.
    pub(super) fn all_shards(&self) -> Option<Vec<Shard>> {
        let wanted = self.made.as_ref()?.shards;
        (0..wanted).map(|shard| self.shards.get(&shard).copied()).collect()
    }
}

/// How the cluster as a whole is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// `green`, `yellow` or `red`.
    pub(super) status: String,
    /// Its nodes.
    pub(super) nodes: u64,
    /// Shards that have no place.
    pub(super) unassigned: u64,
}

/// One side.
#[derive(Debug, Clone, PartialEq)]
pub struct SideState {
    /// Who it is.
    pub(super) root: Root,
    /// How it is, or why that is not known.
    pub(super) condition: Result<Condition, Clean>,
    /// Its indices, in the order of the settings.
    pub(super) indices: Vec<Index>,
    /// Why no sequence numbers are known.
    pub(super) uncounted: Option<Clean>,
    /// Both regions' heartbeats as they stand here.
    pub(super) beats: [Beat; 2],
}

impl SideState {
    /// Which cluster it is.
    pub(super) fn identity(&self) -> Identity {
        let names: Vec<String> = self.indices.iter().map(|index| index.name.clone()).collect();
        identity(&self.root, &names)
    }

    /// The indices that are there.
    pub(super) fn there(&self) -> impl Iterator<Item = (&Index, &Made)> {
        self.indices.iter().filter_map(|index| Some((index, index.made.as_ref()?)))
    }

    /// The role; none where some of the indices follow and some do not, or that cannot be told.
    pub(super) fn role(&self) -> Option<Role> {
        let mut follows = self.there().map(|(index, _)| index.follows());
        let first = follows.next()??;
        let same = follows.all(|other| other == Some(first));
        same.then_some(if first { Role::Standby } else { Role::Primary })
    }

    /// True where no index follows.
    pub(super) fn is_primary(&self) -> bool {
        self.role() == Some(Role::Primary)
    }

    /// Whether it takes writes.
    pub(super) fn writes(&self) -> Writes {
        let all: Vec<Writes> = self.there().map(|(index, _)| index.writes()).collect();
        if all.contains(&Writes::Open) {
            Writes::Open
        } else if all.is_empty() || all.contains(&Writes::Unknown) {
            Writes::Unknown
        } else {
            Writes::Refused
        }
    }

    /// The names of the indices of which this holds.
    pub(super) fn which(&self, is_so: impl Fn(&Index) -> bool) -> Option<String> {
        let named: Vec<String> =
            self.indices.iter().filter(|it| is_so(it)).map(|it| format!("`{}`", it.name)).collect();
        (!named.is_empty()).then(|| named.join(", "))
    }

    /// The operations of all shards, as `of` counts each; none while one was not told.
    pub(super) fn operations(&self, of: impl Fn(Shard) -> i64) -> Option<u64> {
        let mut sum = 0_u64;
        for (index, _) in self.there() {
            for shard in index.all_shards()? {
                let count = u64::try_from(of(shard).saturating_add(1)).unwrap_or(0);
                sum = sum.saturating_add(count);
            }
        }
        Some(sum)
    }

    /// What its history of operations is called: another one where an index was made anew.
    pub(super) fn history(&self) -> String {
        let made: Vec<&str> = self.there().map(|(_, made)| made.uuid.as_str()).collect();
        format!("{}/{:x}", self.root.uuid, murmur3(&made.join("/")))
    }

    /// The index of a name.
    pub(super) fn index(&self, name: &str) -> Option<&Index> {
        self.indices.iter().find(|index| index.name == name)
    }
}

/// Which cluster it is, and which indices it is asked for.
pub(super) fn identity(root: &Root, indices: &[String]) -> Identity {
    let data = head(&indices.join(","), DATA_CHARS_MAX);
    Identity { server: root.uuid.as_str().into(), data: data.into() }
}
