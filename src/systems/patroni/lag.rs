//! How far a standby cluster is behind: bytes from both leaders in one look, seconds by when the
//! primary was seen to stand where the standby stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{Member, SideState};
use crate::domain::link::{Link, LinkState, LinkWord};
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit, Unreceived};
use crate::domain::time::Stamp;
use crate::systems::kit::server;
use crate::systems::kit::trail::Trail;

/// What looks have taught, as it is written down.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Learned {
    /// Where the primary's log stood when, by our clock: the servers' own clocks need not agree.
    pub(super) trail: Trail,
    /// Which side's leader had replayed more than it received.
    odd: [bool; 2],
    /// Members of each side that were primary when they were last heard: their names by their
    /// places.
    led: [BTreeMap<String, String>; 2],
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        *self = earlier;
    }
}

impl Learned {
    /// Learns from a look, and tells each side what was seen in the one before.
    pub(super) fn learn(&mut self, told: [Option<&mut SideState>; 2], at: Stamp) {
        let primaries = told.iter().flatten().filter(|told| told.location().is_some());
        let mut primaries = primaries.map(|told| &**told);
        // Two of them have no history in common that a lag could be measured in.
        if let (Some(primary), None) = (primaries.next(), primaries.next())
            && let Some(location) = primary.location()
        {
            let timeline = primary.primary().and_then(|primary| primary.timeline);
            let of = format!("{}/{timeline:?}/{}", primary.system, primary.scope);
            // What it stood at was asked after the look began.
            self.trail.record(&of, clock_s(at), location);
        }
        let mut told = told;
        for (odd, told) in self.odd.iter_mut().zip(&mut told) {
            let Some(told) = told else { continue };
            let now = told.standby_leader().is_some_and(Member::replayed_more);
            told.odd_before = std::mem::replace(odd, now);
        }
        for (led, told) in self.led.iter_mut().zip(told) {
            let Some(told) = told else { continue };
            for member in &told.members {
                if member.is_primary() {
                    led.insert(member.place.clone(), member.name.clone());
                } else {
                    led.remove(&member.place);
                }
            }
            let is_silent = |place: &&String| !told.members.iter().any(|one| one.place == **place);
            let name = |place: &String| format!("{} at {place}", led[place]);
            told.silent_primary = led.keys().find(is_silent).map(name);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
fn clock_s(at: Stamp) -> f64 {
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

/// The lag of a standby leader, `took_s` after the look began. Without the primary's word of the
/// same look nothing is known: received and replayed are equal on a dead link too.
pub(super) fn lag(
    leader: &Member,
    primary: Option<&SideState>,
    trail: &Trail,
    (at, took_s): (Stamp, f64),
) -> Lag {
    let nothing = Lag::unknown(LagUnit::Bytes, Basis::LogPosition);
    let primary = primary.filter(|primary| primary.system == leader.system);
    let Some(written) = primary.and_then(SideState::location) else { return nothing };
    let (Some(replayed), Some(held)) = (leader.replayed, leader.held()) else { return nothing };
    let state = link(leader).state();
    // Who stands where the primary stood as a look began has all that was written until then.
    let since = |position: u64| {
        let age_s = clock_s(at) - trail.reached(position)?;
        (age_s >= 0.0).then_some(age_s + took_s)
    };
    // Equal positions prove zero only while log flows.
    let seconds = |position: u64| match &state {
        LinkState::Up if position >= written => Some(0.0),
        LinkState::Down | LinkState::Silent(_) if position >= written => None,
        LinkState::Unknown(_) => None,
        LinkState::Up | LinkState::Down | LinkState::Silent(_) => since(position),
    };
    let behind = seconds(replayed);
    Lag {
        seconds: behind,
        amount: Some(written.saturating_sub(replayed)),
        certainty: if behind.is_some() { Certainty::Known } else { Certainty::Unknown },
        unreceived: Some(Unreceived {
            seconds: seconds(held),
            amount: written.saturating_sub(held),
        }),
        ..nothing
    }
}
