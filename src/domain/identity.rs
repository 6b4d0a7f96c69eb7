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

/// True where the two names of a system led to one server when each was last read, however long
/// ago: what is silent under one name by now may answer under the other.
pub fn told_alike(snapshot: &Snapshot, system: &SystemId) -> bool {
    let [Some(a), Some(b)] = Side::BOTH.map(|side| told(snapshot, system, side)) else {
        return false;
    };
    !a.is_other(b)
}

/// Since when both names of a system have led to one and the same server, as last told by both at
/// about the same time.
pub fn one_server(snapshot: &Snapshot, system: &SystemId) -> Option<Stamp> {
    let read = |side: Side| snapshot.cell(system, side)?.last_reading.as_ref();
    let [Some(a), Some(b)] = Side::BOTH.map(read) else { return None };
    let first = earlier(a.at, b.at);
    let last = if first == a.at { b.at } else { a.at };
    let together = a.at.boot == b.at.boot && last.since(first) <= PAIR_AGE_MAX;
    (together && told_alike(snapshot, system)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::{Health, Reading};
    use crate::domain::time::BootId;

    #[test]
    fn one_server_under_two_names_is_told_however_long_ago_it_was_read() {
        let check = |a: Option<(&str, u64)>, b: Option<(&str, u64)>, want: [bool; 2]| {
            let (mut snapshot, pg) = (Snapshot::default(), SystemId::new("pg").expect("a name"));
            for (side, read) in Side::BOTH.into_iter().zip([a, b]) {
                let Some((server, second)) = read else { continue };
                let at = Stamp { wall_ms: 0, boot_ms: second * 1000, boot: BootId(1) };
                let (server, data) = (server.into(), "cluster".into());
                let mut reading = Reading::new(at, Health::Up, "fine");
                reading.identity = Some(Identity { server, data });
                snapshot.record(&pg, side, at, Ok(reading));
            }
            let found = [told_alike(&snapshot, &pg), one_server(&snapshot, &pg).is_some()];
            assert_eq!(found, want, "{a:?} {b:?}");
        };
        check(None, None, [false, false]);
        check(Some(("one", 0)), None, [false, false]);
        check(Some(("one", 0)), Some(("other", 0)), [false, false]);
        check(Some(("one", 0)), Some(("one", 2)), [true, true]);
        // It is silent under the first name by now.
        check(Some(("one", 0)), Some(("one", 600)), [true, false]);
    }
}
