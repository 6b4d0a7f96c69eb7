//! Whether the histories of two sides have split, and what to do about that.

use std::fmt::Display;

use super::state::{Member, SideState};
use crate::systems::kit::split::Split;

/// What to do where histories have split: Patroni compares timelines, and finds them equal.
pub(super) const WHAT_TO_DO: &str = concat!(
    "Patroni does not see that: export what is only there; then stop every Patroni there with its ",
    "PostgreSQL, empty their data folders, set `standby_cluster` in its DCS, delete the key ",
    "`initialize` beside it (no `patronictl remove`, which deletes both), and start them: the ",
    "first one copies the other side (`patronictl reinit` copies its own leader)",
);

/// Compares two sides of one look, the first asked before the second.
pub(super) fn split(
    (one, own): (&dyn Display, &SideState),
    (two, other): (&dyn Display, &SideState),
) -> Split {
    if own.system != other.system {
        return Split::Yes(format!(
            "{one} and {two} hold different data: system identifiers differ"
        ));
    }
    match (own.primary(), other.primary()) {
        (Some(own), Some(other)) => Split::Yes(format!(
            "histories have split: {one} and {two} are both primaries, {}",
            timelines(own, other)
        )),
        (None, Some(primary)) => followed((one, own), (two, primary)),
        (Some(primary), None) => followed((two, other), (one, primary)),
        (None, None) => Split::Unknown("there is no primary to compare with".to_owned()),
    }
}

/// A standby has split off when it is on a later timeline, or holds what its primary never wrote.
/// That it streams on the same timeline proves nothing; what it replayed of the other's proves it.
fn followed(
    (one, follower): (&dyn Display, &SideState),
    (two, primary): (&dyn Display, &Member),
) -> Split {
    let Some(standby) = follower.standby_leader() else {
        return Split::Unknown(format!("no member of {one} leads"));
    };
    let timeline = |member: &Member| member.timeline.unwrap_or(0);
    if timeline(standby) > timeline(primary) && primary.timeline.is_some() {
        let words = timelines(standby, primary);
        return Split::Yes(format!("histories have split: {one} follows {two}, {words}"));
    }
    let ahead = standby.held().zip(primary.location);
    if let Some((held, written)) = ahead.filter(|(held, written)| held > written) {
        let bytes = held - written;
        return Split::Yes(format!(
            "histories have split: {one} holds {bytes} B that {two} never wrote"
        ));
    }
    if standby.replayed_more() {
        let words = format!("{one} has replayed more than {two} sends it");
        return if follower.odd_before {
            Split::Yes(format!("histories have split: {words}"))
        } else {
            Split::Unknown(format!("{words}: look again"))
        };
    }
    if standby.timeline != primary.timeline {
        // What it replayed may come from whoever led before.
        let words = timelines(standby, primary);
        return Split::Unknown(format!("{one} follows {two}, {words}: not proven"));
    }
    if standby.streams() && follower.replayed_anothers() {
        return Split::No;
    }
    let words = "that was committed since the last of its members was started";
    Split::Unknown(format!("{one} has not replayed a transaction {words}"))
}

fn timelines(own: &Member, other: &Member) -> String {
    let number = |member: &Member| member.timeline.map_or("?".to_owned(), |it| it.to_string());
    format!("on timelines {} and {}", number(own), number(other))
}
