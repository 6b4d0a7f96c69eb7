//! How much data a store holds: by it a side that lost its data is known.

use serde::{Deserialize, Serialize};

use super::reading::{Identity, Role};
use super::text::Clean;

/// How much data a store holds, as it counts it itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// So many.
    pub count: u64,
    /// Of these.
    pub unit: HeldUnit,
    /// So many it read when it last started or copied all anew, where it tells: what was written
    /// since then stands for nothing of what was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<u64>,
}

/// A part of a store's side that starts, copies and loses its data by itself: a node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is called, the same in each look: `slots 0-5460 at 10.0.0.1:6379`.
    pub name: Clean,
    /// The part that it plays for its data.
    pub role: Role,
    /// Which server it is, and of which data.
    pub identity: Identity,
    /// How much it holds; none where that cannot be told or changes as it is copied.
    pub held: Option<Held>,
}

/// What a store counts its data in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldUnit {
    /// Keys of a database.
    Keys,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match (self.unit, self.count) {
            (HeldUnit::Keys, 1) => "key",
            (HeldUnit::Keys, _) => "keys",
        };
        write!(f, "{} {unit}", self.count)
    }
}
