//! How far a standby cluster is behind: bytes from both leaders in one look, seconds by when the
//! primary was seen to stand where the standby stands.

use super::learned::{Learned, history};
use super::state::{Member, SideState};
use crate::domain::link::{Link, LinkState, LinkWord};
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit, Unreceived, Writes};
use crate::domain::time::Stamp;
use crate::systems::kit::trail::Trail;

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
pub(super) fn clock_s(at: Stamp) -> f64 {
    at.wall_ms as f64 / 1000.0
}

/// The link of a standby leader to the other side.
pub(super) fn link(leader: &Member) -> Link {
    let says = match leader.replication.as_deref() {
        Some("streaming") => LinkWord::Up,
        Some(fed) => LinkWord::Unknown(format!("{} is fed otherwise: {fed}", leader.name).into()),
        None => LinkWord::Down,
    };
    Link { says, silent_ms: None, most_ms: 0 }
}

/// What a lag is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    /// Where its log ends.
    pub(super) end: u64,
    /// True where nothing is written there any more.
    pub(super) is_closed: bool,
}

/// What is left of a source after a fence, when both sides follow: where its log ended. Nobody
/// writes on either side, and what this one replayed of another's since it was started is of the
/// history that both are on; else why that is not told.
pub(super) fn fenced(
    own: &SideState,
    other: &SideState,
    learned: &Learned,
) -> Result<Source, String> {
    let (Some(mine), Some(left)) = (own.standby_leader(), other.standby_leader()) else {
        return Err("the source side has no leader".to_owned());
    };
    if [own, other].iter().any(|side| side.writes() != Writes::Refused) || !left.is_running() {
        return Err("both follow, and not every member says that it takes no writes".to_owned());
    }
    if mine.timeline.is_none() || mine.timeline != left.timeline || own.system != other.system {
        return Err("both follow, on two timelines".to_owned());
    }
    if !own.replayed_anothers() {
        let words = "both follow, and nothing was replayed that was committed elsewhere since";
        return Err(format!("{words} the last member was started"));
    }
    // Where a server is just started it has not all back that it wrote before.
    let wrote = learned.trail.end(&history(other, left));
    let end = left.held().max(wrote).ok_or("the source side told no position")?;
    Ok(Source { end, is_closed: true })
}

/// The lag of a standby leader, `took_s` after the look began. Without the source's word of the
/// same look nothing is known: received and replayed are equal on a dead link too.
pub(super) fn lag(
    leader: &Member,
    source: Option<Source>,
    trail: &Trail,
    (at, took_s): (Stamp, f64),
) -> Lag {
    let nothing = Lag::unknown(LagUnit::Bytes, Basis::LogPosition);
    let Some(Source { end, is_closed }) = source else { return nothing };
    let (Some(replayed), Some(held)) = (leader.replayed, leader.held()) else { return nothing };
    let state = link(leader).state();
    // Who stands where the primary stood as a look began has all that was written until then.
    let since = |position: u64| {
        let age_s = clock_s(at) - trail.reached(position)?;
        (age_s >= 0.0).then_some(age_s + took_s)
    };
    // Equal positions prove zero only while log flows, or where no more can come.
    let seconds = |position: u64| match &state {
        _ if is_closed && position >= end => Some(0.0),
        LinkState::Up if position >= end => Some(0.0),
        LinkState::Down | LinkState::Silent(_) if position >= end => None,
        LinkState::Unknown(_) if !is_closed => None,
        LinkState::Up | LinkState::Down | LinkState::Silent(_) | LinkState::Unknown(_) => {
            since(position)
        }
    };
    let behind = seconds(replayed);
    Lag {
        seconds: behind,
        amount: Some(end.saturating_sub(replayed)),
        certainty: if behind.is_some() { Certainty::Known } else { Certainty::Unknown },
        unreceived: Some(Unreceived { seconds: seconds(held), amount: end.saturating_sub(held) }),
        ..nothing
    }
}
