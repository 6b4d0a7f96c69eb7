//! The standby's link to its primary: its word is its age.

use super::state::{NEEDS_MONITOR, Receiver, SideState};
use crate::domain::link::{Link, LinkState, LinkWord};
use crate::domain::time::whole_time;
use crate::systems::kit::trail::Trail;
/// The longest silence while the primary has log to send, in seconds: it is sent as it is written.
const OWED_MOST_S: f64 = 5.0;

/// What an answer to the receiver's own question may take beyond the moment it asks, in seconds.
const ANSWER_MOST_S: f64 = 5.0;

/// The link of a standby; none for a primary. `primary` is the other side, where it was read in the
/// same look, is of the same cluster and is none of the standbys.
pub(super) fn link(own: &SideState, primary: Option<&SideState>, trail: &Trail) -> Option<Link> {
    if !own.in_recovery {
        return None;
    }
    let (says, silent_s) = match &own.receiver {
        Receiver::None => (LinkWord::Down, None),
        Receiver::Hidden => (LinkWord::Unknown(NEEDS_MONITOR.into()), None),
        Receiver::Seen { status, silent_s, .. } if status == "streaming" => {
            (LinkWord::Up, *silent_s)
        }
        Receiver::Seen { silent_s, .. } => (LinkWord::Down, *silent_s),
    };
    let owed_s = primary.zip(own.held_lsn()).and_then(|(primary, held)| {
        let since = trail.passed(held).filter(|_| primary.system == own.system)?;
        Some(primary.clock_s - since)
    });
    let owes = owed_s.is_some_and(|owed| owed >= OWED_MOST_S);
    // One that begins anew each moment says it streams, while nothing comes that it holds.
    let silent_s = if owes && own.still_s >= OWED_MOST_S {
        silent_s.map(|silent_s| silent_s.max(own.still_s))
    } else {
        silent_s
    };
    let most_s = if owes {
        OWED_MOST_S
    } else if own.receiver_timeout_s > 0.0 {
        // With nothing to send the primary says nothing, until the receiver asks at half its limit.
        own.receiver_timeout_s / 2.0 + ANSWER_MOST_S
    } else {
        f64::INFINITY
    };
    let silent_ms = silent_s.map(milliseconds);
    Some(Link { says, silent_ms, most_ms: milliseconds(most_s) })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is no less than zero, and what is too long is the longest"
)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1000.0) as u64
}

/// `streaming`, `link down`, `nothing received for 36s`.
pub(super) fn words(own: &SideState, link: Option<&Link>) -> String {
    match (link.map(Link::state), &own.receiver) {
        (Some(LinkState::Silent(silent)), _) => {
            format!("nothing received for {}", whole_time(silent))
        }
        (_, Receiver::None) => "link down".to_owned(),
        (_, Receiver::Hidden) => "link UNKNOWN".to_owned(),
        (_, Receiver::Seen { status, .. }) => status.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{primary, standby};
    use super::*;

    #[test]
    fn a_silent_link_is_dead_as_soon_as_something_is_owed() {
        let check = |standby: &SideState, trail: &[(f64, u64)], now: u64, want: &str| {
            let mut past = Trail::default();
            for (clock_s, lsn) in trail {
                past.record("7/1", *clock_s, *lsn);
            }
            let source = primary(now);
            past.record("7/1", source.clock_s, now);
            let link = link(standby, Some(&source), &past);
            assert_eq!(words(standby, link.as_ref()), want, "{link:?}");
        };
        let silent = |silent_s| SideState {
            receiver: Receiver::Seen {
                status: "streaming".to_owned(),
                timeline: Some(1),
                silent_s: Some(silent_s),
            },
            ..standby(500, 500)
        };
        // Idle: it may be silent for as long as the receiver does not ask.
        check(&silent(34.0), &[(990.0, 500)], 500, "streaming");
        check(&silent(36.0), &[(990.0, 500)], 500, "nothing received for 36s");
        let never_asks = SideState { receiver_timeout_s: 0.0, ..silent(300.0) };
        check(&never_asks, &[(990.0, 500)], 500, "streaming");
        // Idle for long, and something was written just now.
        check(&silent(20.0), &[(990.0, 500)], 600, "streaming");
        // Written 8 s ago and not come: its sender does not send.
        check(&silent(20.0), &[(990.0, 500), (992.0, 600)], 700, "nothing received for 20s");
        check(&silent(1.0), &[(990.0, 500), (992.0, 600)], 700, "streaming");
        // Its receiver begins anew each moment, and what it asks for is gone.
        let anew = SideState { still_s: 8.0, ..silent(0.0) };
        check(&anew, &[(990.0, 500), (992.0, 600)], 700, "nothing received for 8s");
        check(&anew, &[(990.0, 500)], 700, "streaming");
        check(&SideState { still_s: 3.0, ..anew }, &[(990.0, 500), (992.0, 600)], 700, "streaming");
        check(&SideState { receiver: Receiver::None, ..standby(5, 5) }, &[], 5, "link down");
    }
}
