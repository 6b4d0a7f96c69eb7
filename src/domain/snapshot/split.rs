//! Whether two sides of a system, read together, are two primaries that are not proven closed.

use super::{Cell, PAIR_AGE_MAX};
use crate::domain::reading::Reading;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// Whether two primaries that are not proven closed are read at about `at`. That one of them is
/// closed ends it; silence proves nothing, and one server under both names is no pair.
pub(super) fn read(pair: &[Cell; 2], at: Stamp) -> Option<bool> {
    let told = [told_role(&pair[0], at), told_role(&pair[1], at)];
    if told.iter().flatten().any(|reading| !reading.is_open_primary()) {
        return Some(false);
    }
    let [Some(a), Some(b)] = told else { return None };
    let one = a.identity.is_some() && server_of(a) == server_of(b);
    (!one).then_some(true)
}

/// The reading of a store's side as of about `at`, if its last look told one.
fn told_role(cell: &Cell, at: Stamp) -> Option<&Reading> {
    let reading = cell.last_reading.as_ref()?;
    let together = at.since(reading.at) <= PAIR_AGE_MAX && at.boot == reading.at.boot;
    (together && cell.last_error.is_none() && reading.role.is_some()).then_some(reading)
}

fn server_of(reading: &Reading) -> Option<&Clean> {
    reading.identity.as_ref().map(|identity| &identity.server)
}
