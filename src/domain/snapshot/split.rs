//! Which server answers, and whether two sides that are read together are two open primaries.

use super::{Cell, PAIR_AGE_MAX};
use crate::domain::reading::{Reading, Rival};
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

impl Cell {
    /// Since when another primary is told of that is on neither side, and where: until a reading
    /// tells of none.
    pub fn rival(&self) -> Option<(Stamp, &Rival)> {
        self.rival_since.zip(self.last_reading.as_ref()?.rival.as_ref())
    }

    /// Notes that another server tells this reading than told the last one.
    pub(super) fn follow_server(&mut self, at: Stamp, reading: &Reading) {
        let before = self.last_reading.as_ref().and_then(server_of);
        if before.zip(server_of(reading)).is_some_and(|(before, now)| before != now) {
            self.exchanged = Some(at);
        }
    }
}

fn server_of(reading: &Reading) -> Option<&Clean> {
    reading.identity.as_ref().map(|identity| &identity.server)
}
