//! The trap of Redis: a primary that comes back empty, and a replica that copies the emptiness.

use super::state::SideState;
use crate::domain::ids::Side;

/// What earlier looks told of the two servers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    sides: [Option<Known>; 2],
}

#[derive(Debug, Clone)]
struct Known {
    run_id: String,
    /// Keys when it was last seen with its data.
    keys: u64,
    /// True since it was seen without them after a restart or a full copy.
    emptied: bool,
}

impl Memory {
    /// Takes in what a side told in this look.
    pub(super) fn record(&mut self, side: Side, told: &SideState) {
        // While it loads, and while a replica fetches everything, the count says nothing.
        if told.loading || told.is_syncing() {
            return;
        }
        let slot = &mut self.sides[side.index()];
        let Some(known) = slot else {
            let known = Known { run_id: told.run_id.clone(), keys: told.keys, emptied: false };
            *slot = Some(known);
            return;
        };
        let restarted = known.run_id != told.run_id;
        if restarted {
            known.run_id.clone_from(&told.run_id);
        }
        if told.keys == 0 && known.keys > 0 && (restarted || !told.is_primary()) {
            known.emptied = true;
        }
        // Half of its keys back: restored or filled again, not a first write to an empty server.
        if known.emptied && told.keys < known.keys.div_ceil(2) {
            return;
        }
        known.emptied = false;
        known.keys = told.keys;
    }

    /// The keys that a side held before it was emptied, if it was.
    pub(super) fn emptied(&self, side: Side) -> Option<u64> {
        self.sides[side.index()].as_ref().filter(|known| known.emptied).map(|known| known.keys)
    }
}

/// Why nobody may trust the pair, as the sentence for `side`; none where there is no trap.
pub(super) fn trap(
    memory: &Memory,
    side: Side,
    own: &SideState,
    other: Option<&SideState>,
) -> Option<String> {
    let there = side.other();
    if own.is_primary() {
        if let Some(before) = memory.emptied(side) {
            let rescue = match other {
                Some(other) if !other.is_primary() && other.keys > 0 => {
                    format!("{there} still holds {}: promote it or stop {side}", other.keys)
                }
                _ => "restore it before anything copies from it".to_owned(),
            };
            let now = own.keys;
            return Some(format!(
                "{side} came back EMPTY: {now} keys after its restart, {before} before; {rescue}"
            ));
        }
        let holds = other.filter(|other| !other.is_primary() && own.keys == 0 && other.keys > 0);
        return holds.map(|other| {
            format!(
                "{side} is EMPTY while its replica {there} holds {} keys: a full copy would erase \
                 them",
                other.keys
            )
        });
    }
    let source = other.filter(|other| other.is_primary());
    // A replica that is emptied by an order of its primary is no accident.
    if own.keys == 0
        && memory.emptied(there).is_some()
        && let Some(before) = memory.emptied(side)
    {
        return Some(format!("{side} has copied an empty {there}: it held {before} keys"));
    }
    let erases = source.is_some_and(|source| source.keys == 0 || memory.emptied(there).is_some());
    (erases && own.keys > 0).then(|| {
        format!("{there} is EMPTY: a full copy from it would erase the {} keys of {side}", own.keys)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{primary, replica};
    use super::*;

    fn keys(state: SideState, keys: u64) -> SideState {
        SideState { keys, ..state }
    }

    fn restarted(state: SideState) -> SideState {
        SideState { run_id: "r2".to_owned(), replid: "h2".to_owned(), ..state }
    }

    #[test]
    fn emptiness_is_noticed_and_remembered() {
        let mut memory = Memory::default();
        let mut check = |a: SideState, b: SideState, want: [Option<&str>; 2]| {
            memory.record(Side::A, &a);
            memory.record(Side::B, &b);
            let found =
                [trap(&memory, Side::A, &a, Some(&b)), trap(&memory, Side::B, &b, Some(&a))];
            for (found, want) in found.iter().zip(want) {
                match (found, want) {
                    (Some(found), Some(want)) => assert!(found.contains(want), "{found} / {want}"),
                    (found, want) => assert_eq!(found.as_deref(), want),
                }
            }
        };
        check(keys(primary(5), 90), keys(replica(5), 90), [None, None]);
        // A flush is an order, not a restart; within the look it may look like the trap.
        let flushed = "is EMPTY while its replica B holds 90";
        let would = "would erase the 90 keys of B";
        check(keys(primary(9), 0), keys(replica(5), 90), [Some(flushed), Some(would)]);
        check(keys(primary(9), 0), keys(replica(9), 0), [None, None]);
        check(keys(primary(9), 90), keys(replica(9), 90), [None, None]);
        // It comes back empty; the replica has not copied that yet.
        let back = "A came back EMPTY: 0 keys after its restart, 90 before; B still holds 90";
        check(keys(restarted(primary(0)), 0), keys(replica(9), 90), [Some(back), Some(would)]);
        // A first write does not make it whole, and while everything is copied nothing is said.
        let mut copying = replica(9);
        copying.upstream.as_mut().unwrap().syncing = true;
        let some = "A came back EMPTY: 3 keys";
        check(keys(restarted(primary(1)), 3), keys(copying, 90), [Some(some), Some(would)]);
        // The replica copied it.
        let copied = "B has copied an empty A: it held 90 keys";
        let restore = "restore it before";
        let empty = keys(restarted(primary(1)), 0);
        check(empty, keys(replica(1), 0), [Some(restore), Some(copied)]);
        // Filled again.
        check(keys(restarted(primary(1)), 60), keys(replica(1), 60), [None, None]);
    }

    #[test]
    fn a_new_pair_and_a_lone_side_are_no_trap() {
        let memory = Memory::default();
        let check = |side: Side, own: &SideState, other: Option<&SideState>| {
            assert_eq!(trap(&memory, side, own, other), None);
        };
        check(Side::A, &keys(primary(1), 0), Some(&keys(replica(1), 0)));
        check(Side::A, &keys(primary(1), 0), None);
        check(Side::B, &keys(replica(1), 7), None);
        check(Side::B, &keys(replica(1), 7), Some(&keys(replica(1), 0)));
    }
}
