//! Whether the histories of two servers have split, and the sentence that says so.

use super::judge::View;
use super::state::SideState;
use crate::domain::ids::Side;
use crate::domain::reading::Writes;
use crate::systems::kit::split::Split;

/// Compares the two sides of a look.
pub(super) fn split(view: &View<'_>) -> Split {
    let (side, own) = (view.side, view.own);
    let Some(other) = view.other else {
        return Split::Unknown(format!("{} was not read", side.other()));
    };
    if other.system != own.system {
        return Split::Yes("histories have split: system identifiers differ".to_owned());
    }
    let (one, two) = ((side, own), (side.other(), other));
    match (own.in_recovery, other.in_recovery) {
        (true, true) => Split::Unknown("there is no primary to compare with".to_owned()),
        (true, false) => from_primary(one, two),
        (false, true) => from_primary(two, one),
        (false, false) if own.timeline > other.timeline => of_primaries(two, one),
        (false, false) => of_primaries(one, two),
    }
}

/// A standby has split off when it is on a later timeline, or holds what its primary never wrote.
fn from_primary((side, standby): (Side, &SideState), primary: (Side, &SideState)) -> Split {
    let (source, primary) = primary;
    if standby.timeline > primary.timeline {
        return two_timelines((side, standby), (source, primary));
    }
    if standby.timeline == primary.timeline {
        return if standby.held_lsn() > primary.current_lsn {
            Split::Yes(format!("histories have split: {side} holds what {source} never wrote"))
        } else {
            Split::No
        };
    }
    // A standby that streams is about to change its timeline.
    if standby.receiver.streaming() == Some(true) {
        return Split::No;
    }
    match (standby.held_lsn(), parted_from(standby, primary)) {
        (Some(held), Some(parted)) => beyond(held, parted, side, source),
        (None, _) | (_, None) => Split::Unknown(format!(
            "{side} is on timeline {}, {source} on {}, and the link is not up",
            standby.timeline, primary.timeline
        )),
    }
}

/// Two primaries of one cluster, the one with the earlier timeline first. One that is proven closed
/// has not split off by the other's promotion, unless it held more by then than was handed over.
fn of_primaries(earlier: (Side, &SideState), later: (Side, &SideState)) -> Split {
    let ((side, old), (source, new)) = (earlier, later);
    if old.identity() == new.identity() {
        return Split::No;
    }
    if old.timeline == new.timeline || old.writes() != Writes::Refused {
        return two_timelines(earlier, later);
    }
    let (Some(closed), Some(parted)) = (old.closed, parted_from(old, new)) else {
        return Split::Unknown(format!(
            "{side} refuses writes; where timeline {} of {source} began is not told any more",
            new.timeline
        ));
    };
    match beyond(closed.end, parted, side, source) {
        // First seen after the other's promotion: what is more may be housekeeping of its own.
        Split::Yes(_) if !closed.alone => Split::Unknown(format!(
            "{side} refuses writes and holds {} B more than {source} received; whether those are \
             commits is not known",
            closed.end - parted
        )),
        split => split,
    }
}

/// Where the newer server left the older one's timeline, if it did so directly and still knows.
fn parted_from(older: &SideState, newer: &SideState) -> Option<u64> {
    newer.parted_lsn().filter(|_| newer.timeline == older.timeline + 1)
}

fn beyond(held: u64, parted: u64, side: Side, source: Side) -> Split {
    match held.checked_sub(parted) {
        None | Some(0) => Split::No,
        Some(bytes) => {
            let words = format!("{side} holds {bytes} B that {source} never received");
            Split::Yes(format!("histories have split: {words}"))
        }
    }
}

fn two_timelines((one, own): (Side, &SideState), (two, other): (Side, &SideState)) -> Split {
    let (mine, theirs) = (own.timeline, other.timeline);
    Split::Yes(if mine == theirs {
        format!("histories have split: {one} and {two} are both primaries on timeline {mine}")
    } else {
        format!("histories have split: {one} is on timeline {mine}, {two} on {theirs}")
    })
}

#[cfg(test)]
mod tests {
    use super::super::state::{Closed, Receiver};
    use super::super::tests_support::{fenced, primary, promoted, standby};
    use super::*;
    use crate::domain::text::Clean;
    use crate::systems::kit::pulse::Pulse;
    use crate::systems::kit::trail::Trail;

    #[test]
    fn histories_split_by_what_one_side_holds_alone() {
        let (trail, why) = (Trail::default(), Clean::from("not read yet"));
        let pulse = Pulse::default();
        // Both sides must say the same of a pair, whichever is asked.
        let check =
            |a: &SideState, b: Option<&SideState>, want: Result<bool, &str>, words: &str| {
                let views = [(Side::A, Some(a), b), (Side::B, b, Some(a))];
                for (side, own, other) in views {
                    let Some(own) = own else { continue };
                    let schema = Err(&why);
                    let (nameless, user) = (None, "wr_read");
                    let (trail, pulse) = (&trail, &pulse);
                    let view = View { side, own, other, trail, pulse, schema, nameless, user };
                    match (split(&view), want) {
                        (Split::No, Ok(false)) => {}
                        (Split::Yes(found), Ok(true)) | (Split::Unknown(found), Err(_)) => {
                            let words = want.err().unwrap_or(words);
                            assert!(found.contains(words), "{found} / {words}");
                        }
                        (found, want) => panic!("{side}: {found:?} instead of {want:?}"),
                    }
                }
            };
        let (a, b) = (primary(500), standby(500, 500));
        check(&a, None, Err("B was not read"), "");
        check(&a, Some(&b), Ok(false), "");
        check(&b, Some(&b), Err("no primary"), "");
        check(&a, Some(&standby(600, 600)), Ok(true), "B holds what A never wrote");
        check(&a, Some(&SideState { system: 9, ..b.clone() }), Ok(true), "identifiers differ");
        // One server under two names, and a copy of it that was started beside it.
        check(&a, Some(&a), Ok(false), "");
        let copy = SideState { started: "x".into(), ..primary(500) };
        check(&a, Some(&copy), Ok(true), "both primaries on timeline 1");
        // A promotion while the old primary still writes, or may.
        let new = promoted(700, 500);
        check(&a, Some(&new), Ok(true), "A is on timeline 1, B on 2");
        // After a fence: nothing is lost, housekeeping of the fenced one is not a split, and what
        // was not handed over is.
        check(&fenced(500, 500), Some(&new), Ok(false), "");
        check(&fenced(900, 480), Some(&new), Ok(false), "");
        check(&fenced(900, 520), Some(&new), Ok(true), "A holds 20 B that B never received");
        let late = SideState { closed: Some(Closed { end: 520, alone: false }), ..fenced(520, 0) };
        check(&late, Some(&new), Err("20 B more than B received; whether"), "");
        let forgot = SideState { receive_lsn: None, replay_lsn: None, ..new.clone() };
        check(&fenced(500, 500), Some(&forgot), Err("not told any more"), "");
        let twice = SideState { timeline: 3, ..new.clone() };
        check(&fenced(500, 500), Some(&twice), Err("not told any more"), "");
        // The old primary as a standby that does not follow yet.
        let down = |held| SideState { receiver: Receiver::None, ..standby(held, held) };
        check(&down(500), Some(&new), Ok(false), "");
        check(&down(520), Some(&new), Ok(true), "A holds 20 B that B never received");
        check(&down(500), Some(&forgot), Err("the link is not up"), "");
        check(&standby(500, 500), Some(&new), Ok(false), "");
        let ahead = SideState { timeline: 2, ..standby(500, 500) };
        check(&a, Some(&ahead), Ok(true), "B is on timeline 2, A on 1");
    }
}
