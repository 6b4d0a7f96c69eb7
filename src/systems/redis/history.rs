//! Whether two servers share one replication history, and what one of them alone has written.

use super::state::SideState;
use crate::domain::ids::Side;
use crate::systems::kit::split::Split;

/// Compares the server of `side` with the other one, read in the same look.
pub(super) fn split(side: Side, own: &SideState, other: Option<&SideState>) -> Split {
    let Some(other) = other else {
        return Split::Unknown(format!("{} was not read", side.other()));
    };
    let (replica, primary, at) = match (own.is_primary(), other.is_primary()) {
        (true, true) => {
            return Split::Yes("histories have split: A and B are both primary".to_owned());
        }
        (false, false) => {
            return Split::Unknown("there is no primary to compare with".to_owned());
        }
        (false, true) => (own, other, side),
        (true, false) => (other, own, side.other()),
    };
    let of = at.other();
    if replica.replid == primary.replid {
        return if replica.offset > primary.offset {
            Split::Yes(format!("histories have split: {at} holds what {of} never wrote"))
        } else {
            Split::No
        };
    }
    if continues(primary, replica) {
        return Split::No;
    }
    if replica.is_syncing() {
        return Split::Unknown(format!("{at} fetches everything anew"));
    }
    match &replica.upstream {
        Some(upstream) if upstream.up => Split::Yes(format!(
            "{at} is not a replica of {of}: it follows {}:{}, which has another history",
            upstream.host, upstream.port
        )),
        _ => Split::Yes(format!(
            "histories have split: {at} follows another one than {of} writes; it would have to \
             fetch everything anew"
        )),
    }
}

/// True when `primary` went on where `server` stands, so that it can follow without losing a thing.
pub(super) fn continues(primary: &SideState, server: &SideState) -> bool {
    // The split offset is the first byte that belongs to the new history alone.
    primary.replid_before == server.replid
        && primary.split_offset.is_some_and(|split| server.offset < split)
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{primary, replica};
    use super::*;

    #[test]
    fn histories_are_compared() {
        let check = |own: &SideState, other: Option<&SideState>, want: &str| {
            let found = format!("{:?}", split(Side::B, own, other));
            assert!(found.contains(want), "{found} / {want}");
        };
        check(&replica(5), Some(&primary(9)), "No");
        check(&replica(5), None, "A was not read");
        check(&replica(9), Some(&primary(5)), "B holds what A never wrote");
        check(&primary(5), Some(&replica(9)), "A holds what B never wrote");
        check(&primary(5), Some(&primary(5)), "both primary");
        check(&replica(5), Some(&replica(5)), "no primary");
        let promoted = SideState {
            replid: "h2".to_owned(),
            replid_before: "h1".to_owned(),
            split_offset: Some(8),
            ..primary(9)
        };
        check(&replica(7), Some(&promoted), "No");
        check(&replica(8), Some(&promoted), "follows 10.0.0.1:6379, which has another history");
        let mut down = replica(8);
        down.upstream.as_mut().unwrap().up = false;
        check(&down, Some(&promoted), "would have to fetch everything anew");
        down.upstream.as_mut().unwrap().syncing = true;
        check(&down, Some(&promoted), "fetches everything anew");
    }
}
