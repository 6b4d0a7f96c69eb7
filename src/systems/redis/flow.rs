//! A replica's link to its primary: its own word and, by both ends, for how long it was silent.

use super::state::SideState;
use crate::domain::link::{Link, LinkState, LinkWord};

/// Seconds after which a primary that sends nothing else sends a ping, where nobody says otherwise.
const PING_S: u64 = 10;

/// Pings that may be missed before a link is no longer called up.
const PINGS_MOST: u64 = 3;

/// A replica tells its primary every second how far it is; silent for longer, both ways, than
/// this many seconds is silent.
const ACKS_MOST_S: u64 = 5;

/// The link of a replica; none for a primary. With the primary read in the same look, both ends
/// tell: one that hears no acknowledgement while the other one hears nothing is cut off at once,
/// long before a ping is missed.
pub(super) fn link(own: &SideState, primary: Option<&SideState>) -> Option<Link> {
    let upstream = own.upstream.as_ref()?;
    let pings = own.config.ping_s.unwrap_or(PING_S) * PINGS_MOST;
    let unheard = primary.filter(|primary| primary.replid == own.replid).is_some_and(|primary| {
        let online = primary.followers.iter().filter(|follower| follower.state == "online");
        // Its own row cannot be told from another one by an address: the most lively counts.
        let silent_s = online.map(|follower| follower.silent_s.unwrap_or(0)).min();
        silent_s.is_none_or(|silent_s| silent_s > ACKS_MOST_S)
    });
    let up = upstream.up && !upstream.syncing;
    Some(Link {
        says: if up { LinkWord::Up } else { LinkWord::Down },
        silent_ms: upstream.silent_s.map(|silent_s| silent_s * 1000),
        most_ms: if unheard { ACKS_MOST_S.min(pings) } else { pings } * 1000,
    })
}

/// `link up`, `link silent for 9 s`, `link down for 7 s`, `link syncing`.
pub(super) fn link_words(own: &SideState, primary: Option<&SideState>) -> String {
    match (&own.upstream, link(own, primary).map(|link| link.state())) {
        (None, _) => "no link".to_owned(),
        (Some(upstream), _) if upstream.syncing => {
            format!("link syncing, {}", synced(upstream.synced))
        }
        (Some(_), Some(LinkState::Silent(silent))) => {
            format!("link silent for {} s", silent.as_secs())
        }
        (Some(upstream), _) if upstream.up => "link up".to_owned(),
        (Some(upstream), _) => match upstream.down_s {
            Some(down_s) => format!("link down for {down_s} s"),
            None => "link down".to_owned(),
        },
    }
}

/// `42 % copied`; where nobody knows of how much, `20 MB copied`, in steps that change seldom.
fn synced((come, of): (u64, Option<u64>)) -> String {
    const STEP_MB: u64 = 10;
    match of {
        Some(of) => format!("{} % copied", u128::from(come) * 100 / u128::from(of)),
        None => format!("{} MB copied", come / 1_000_000 / STEP_MB * STEP_MB),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{primary, replica};
    use super::*;

    #[test]
    fn both_ends_tell_how_long_it_is_silent() {
        let check = |heard_s: u64, acked_s: Option<Option<u64>>, want: &str| {
            let mut own = replica(500);
            own.upstream.as_mut().unwrap().silent_s = Some(heard_s);
            let primary = acked_s.map(|acked_s| {
                let mut primary = primary(500);
                match acked_s {
                    Some(acked_s) => primary.followers[0].silent_s = Some(acked_s),
                    None => primary.followers.clear(),
                }
                primary
            });
            assert_eq!(link_words(&own, primary.as_ref()), want);
        };
        check(1, None, "link up");
        check(30, None, "link up");
        check(31, None, "link silent for 31 s");
        // Nothing to send for a while, and it answers.
        check(9, Some(Some(1)), "link up");
        // A black hole: neither hears the other one.
        check(9, Some(Some(9)), "link silent for 9 s");
        check(4, Some(Some(9)), "link up");
        check(36, Some(Some(0)), "link silent for 36 s");
        // The primary has given it up already.
        check(9, Some(None), "link silent for 9 s");
    }
}
