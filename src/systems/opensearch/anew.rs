//! Whether an index of the side that leads was deleted and made anew, with what it held gone: under
//! its old name it is as green and as open as before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{Index, SideState};
use crate::domain::text::several;

/// One index as the side that leads held it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// What no index that was made later is called.
    uuid: String,
    /// Its operations.
    operations: u64,
    /// Those of an earlier one of its name that are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
}

/// What the indices of one side held while it led, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holdings(BTreeMap<String, Kept>);

impl Holdings {
    /// Takes in a look at the side. What it follows it holds as its leader does; `is_followed` is
    /// true where what is there now is copied: so it was accepted for the data.
    pub(super) fn follow(&mut self, own: &SideState, is_followed: bool) {
        for (index, made) in own.there() {
            match (index.follows(), operations(index)) {
                (Some(true), _) => {
                    self.0.remove(&index.name);
                }
                (Some(false), Some(now)) => {
                    let before = self.0.remove(&index.name);
                    let lost = before.as_ref().and_then(|before| {
                        let gone = (before.uuid != made.uuid).then_some(before.operations);
                        gone.max(before.lost).filter(|lost| !is_followed && is_gone(now, *lost))
                    });
                    let kept = Kept { uuid: made.uuid.clone(), operations: now, lost };
                    self.0.insert(index.name.clone(), kept);
                }
                (Some(false) | None, _) => {}
            }
        }
    }

    /// What is gone, in words.
    pub(super) fn lost(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().filter_map(|(name, kept)| {
            let (lost, now) = (several(kept.lost?, "operation"), kept.operations);
            Some(format!(
                "`{name}` was made anew: it held {lost}, now {now}; restore it, or have \
                 the other side follow what is there now"
            ))
        })
    }
}

/// Less than half of it is there: an index that was written anew has fewer operations.
fn is_gone(now: u64, before: u64) -> bool {
    now < before.div_ceil(2)
}

fn operations(index: &Index) -> Option<u64> {
    let shards = index.all_shards()?;
    let count = |at: i64| u64::try_from(at.saturating_add(1)).unwrap_or(0);
    Some(shards.iter().fold(0, |sum: u64, shard| sum.saturating_add(count(shard.newest))))
}
