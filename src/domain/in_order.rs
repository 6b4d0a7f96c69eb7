//! Tables that are asked by name far more often than they are told in order.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use serde::{Serialize, Serializer};

/// What a table holds, by name: screens and files have an order that stays.
pub fn in_order<K: Ord + Hash, V>(table: &HashMap<K, V, impl BuildHasher>) -> BTreeMap<&K, &V> {
    table.iter().collect()
}

/// Writes a table in that order.
///
/// # Errors
/// Those of the serializer.
pub fn write<K: Ord + Hash + Serialize, V: Serialize, S: Serializer>(
    table: &HashMap<K, V, impl BuildHasher>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(in_order(table))
}
