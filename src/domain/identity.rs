//! Which server is meant: the one whose reading stood on the screen, not whoever has its name.

use super::ids::{Side, SystemId};
use super::reading::Identity;
use super::runbook::{Direction, Step};
use super::site::Site;
use super::snapshot::{Snapshot, earlier};
use super::time::Stamp;

/// The identity that a side told last; none where it never told one.
#[must_use]
pub fn told<'a>(snapshot: &'a Snapshot, system: &SystemId, side: Side) -> Option<&'a Identity> {
    snapshot.cell(system, side)?.last_reading.as_ref()?.identity.as_ref()
}

/// The servers that the screen shows for a step: its target's, and the one on the other side of
/// that system.
#[must_use]
pub fn shown(
    snapshot: &Snapshot,
    step: &Step,
    direction: Direction,
) -> (Option<Identity>, Option<Identity>) {
    let Some(target) = &step.target else { return (None, None) };
    let side = direction.side(target.place);
    let of = |side: Side| told(snapshot, &target.system, side).cloned();
    (of(side), of(side.other()))
}

/// Since when both names of a system have led to one and the same server, as last told by both.
#[must_use]
pub fn one_server(snapshot: &Snapshot, system: &SystemId) -> Option<Stamp> {
    let [a, b] = Side::BOTH.map(|side| told(snapshot, system, side));
    let same = a?.server == b?.server;
    let read = |side: Side| Some(snapshot.cell(system, side)?.last_reading.as_ref()?.at);
    let [a, b] = Side::BOTH.map(read);
    if same { Some(earlier(a?, b?)) } else { None }
}

/// The systems of a site whose two names lead to one server, and since when that is read.
#[must_use]
pub fn mixed_up(site: &Site, snapshot: &Snapshot) -> Vec<(SystemId, Stamp)> {
    let systems = site.systems.iter();
    systems
        .filter_map(|system| Some((system.id.clone(), one_server(snapshot, &system.id)?)))
        .collect()
}
