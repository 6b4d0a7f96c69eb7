//! Which server is meant: the one whose reading stood on the screen, not whoever has its name.

use super::ids::{Side, SystemId};
use super::reading::Identity;
use super::runbook::{Direction, Step};
use super::snapshot::{PAIR_AGE_MAX, Snapshot, earlier};
use super::time::Stamp;

/// The identity that a side told last; none where it never told one.
pub fn told<'a>(snapshot: &'a Snapshot, system: &SystemId, side: Side) -> Option<&'a Identity> {
    snapshot.cell(system, side)?.last_reading.as_ref()?.identity.as_ref()
}

/// The servers that the screen shows for a step: its target's, and the one on the other side of
/// that system.
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

/// Since when both names of a system have led to one and the same server, as last told by both at
/// about the same time.
pub fn one_server(snapshot: &Snapshot, system: &SystemId) -> Option<Stamp> {
    let read = |side: Side| snapshot.cell(system, side)?.last_reading.as_ref();
    let [Some(a), Some(b)] = Side::BOTH.map(read) else { return None };
    let first = earlier(a.at, b.at);
    let last = if first == a.at { b.at } else { a.at };
    let together = a.at.boot == b.at.boot && last.since(first) <= PAIR_AGE_MAX;
    let same = a.identity.as_ref()?.server == b.identity.as_ref()?.server;
    (same && together).then_some(first)
}
