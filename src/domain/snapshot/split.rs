//! Which server answers, whether two sides that are read together are two open primaries, and where
//! one ended that was closed.

use super::{Cell, PAIR_AGE_MAX, Snapshot};
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Reading, Rival, Role};
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

impl Snapshot {
    /// From the first look that finds a primary closed nothing more can be written there: where it
    /// stands then is all that there is.
    pub(super) fn note_closed(&mut self, system: &SystemId, side: Side, at: Stamp) {
        let Some(pair) = self.cells.get(system) else { return };
        let Some(reading) = pair[side.index()].last_reading.as_ref().filter(|told| told.at == at)
        else {
            return;
        };
        if reading.role.is_none() {
            return;
        }
        let closed = reading.role == Some(Role::Primary) && !reading.is_open_primary();
        let end = reading.end.clone().filter(|_| closed);
        let known = self.closed_at.entry(system.clone()).or_default();
        let place = &mut known[side.index()];
        match end {
            Some(end) => {
                place.get_or_insert((at, end));
            }
            None => *place = None,
        }
    }
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
