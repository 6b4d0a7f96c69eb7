//! The trap of Redis as one look shows it: an empty primary with a replica that is not.
//!
//! That data was there before is remembered for every kind by `domain::snapshot`.

use super::state::SideState;
use crate::domain::ids::Side;

/// Why nobody may trust the pair, as the sentence for `side`; none where there is no trap.
pub(super) fn trap(side: Side, own: &SideState, other: Option<&SideState>) -> Option<String> {
    let there = side.other();
    let other = other.filter(|other| other.is_primary() != own.is_primary())?;
    let (primary, replica) = if own.is_primary() { (own, other) } else { (other, own) };
    if primary.loading || primary.keys > 0 || replica.keys == 0 {
        return None;
    }
    let keys = replica.keys;
    Some(if own.is_primary() {
        format!(
            "{side} is EMPTY while its replica {there} holds {keys} keys: a full copy would erase \
             them; promote {there} or stop {side}"
        )
    } else {
        format!("{there} is EMPTY: a full copy from it would erase the {keys} keys of {side}")
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{primary, replica};
    use super::*;

    #[test]
    fn an_empty_primary_with_a_full_replica_is_a_trap() {
        let keys = |state: SideState, keys| SideState { keys, ..state };
        let check = |a: &SideState, b: Option<&SideState>, want: [Option<&str>; 2]| {
            let found = [trap(Side::A, a, b), b.and_then(|b| trap(Side::B, b, Some(a)))];
            for (found, want) in found.iter().zip(want) {
                let is_so = match (found, want) {
                    (Some(found), Some(want)) => found.contains(want),
                    (found, want) => found.is_none() && want.is_none(),
                };
                assert!(is_so, "{found:?} / {want:?}");
            }
        };
        let would = "would erase the 90 keys of B";
        let is_empty = "A is EMPTY while its replica B holds 90 keys";
        let want = [Some(is_empty), Some(would)];
        check(&keys(primary(9), 0), Some(&keys(replica(5), 90)), want);
        check(&keys(primary(9), 0), Some(&keys(replica(9), 0)), [None, None]);
        check(&keys(primary(9), 0), None, [None, None]);
        check(&keys(primary(9), 3), Some(&keys(replica(5), 90)), [None, None]);
        check(&keys(primary(9), 0), Some(&keys(primary(5), 90)), [None, None]);
        let loading = SideState { loading: true, ..keys(primary(9), 0) };
        check(&loading, Some(&keys(replica(5), 90)), [None, None]);
    }
}
