//! How far a standby is behind its primary: a difference between two places read in the same look.

use super::state::{Beat, SideState};
use crate::domain::link::{Link, LinkState};
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit, Unreceived};
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::trail::Trail;

/// How far ahead of the primary's clock a time may be, in seconds: the two are not read at once.
const CLOCK_SLACK_S: f64 = 1.0;

/// What a lag is measured from.
pub(super) struct Measured<'a> {
    /// The standby.
    pub(super) standby: &'a SideState,
    /// Its primary, where that was read in the same look.
    pub(super) primary: Option<&'a SideState>,
    /// The link between the two.
    pub(super) link: Option<&'a Link>,
    /// Where the primary's log stood at past looks.
    pub(super) trail: &'a Trail,
    /// How often the heartbeat comes, where there is one.
    pub(super) pulse: &'a Pulse,
}

impl Measured<'_> {
    /// For how many seconds a heartbeat that should have come has not; none while it comes. It
    /// stops at the primary: one that only the standby lacks is what its lag is.
    pub(super) fn ceased(&self) -> Option<f64> {
        let primary = self.primary?;
        let last = match (&primary.beat, &self.standby.beat) {
            (Beat::At(at_s), _) | (Beat::Unreadable(_), Beat::At(at_s)) => *at_s,
            (Beat::NotAsked | Beat::Unreadable(_), _) => return None,
        };
        let age_s = primary.clock_s - last;
        self.pulse.has_ceased(age_s).then_some(age_s)
    }

    /// What the primary has that did not arrive.
    fn unreceived(&self, primary: &SideState, up: bool) -> Option<Unreceived> {
        let held = self.standby.held_lsn()?;
        let amount = primary.current_lsn?.saturating_sub(held);
        let by_trail = || self.trail.reached(held).map(|at_s| (primary.clock_s - at_s).max(0.0));
        // Equal positions prove zero only while log flows.
        let seconds = match (amount, up) {
            (0, true) => Some(0.0),
            (0, false) => None,
            (_, true | false) => by_trail(),
        };
        Some(Unreceived { seconds, amount })
    }
}

/// The lag: what of the primary's log is not replayed. Without the primary's state of the same look
/// nothing is known, whatever the standby says of itself: received and replayed are equal on a dead
/// link too.
pub(super) fn lag(measured: &Measured<'_>) -> Lag {
    let Measured { standby, primary, link, trail, .. } = *measured;
    let nothing = Lag::unknown(LagUnit::Bytes, Basis::LogPosition);
    let Some(primary) = primary.filter(|primary| primary.system == standby.system) else {
        return nothing;
    };
    let (Some(current), Some(held)) = (primary.current_lsn, standby.held_lsn()) else {
        return nothing;
    };
    let state = link.map(Link::state);
    let up = state == Some(LinkState::Up);
    let replayed = standby.replay_lsn.unwrap_or(0);
    let amount = standby.replay_lsn.map(|replayed| current.saturating_sub(replayed));
    let unknown = Lag { amount, unreceived: measured.unreceived(primary, up), ..nothing };
    let known = |seconds: f64, basis| Lag {
        seconds: Some(seconds.max(0.0)),
        basis,
        certainty: Certainty::Known,
        ..unknown.clone()
    };
    let caught_up = held >= current && replayed >= current;
    match state {
        // Without the right to see the link no figure is told, not even one that may be right.
        None | Some(LinkState::Unknown(_)) => return unknown,
        // Equal positions prove zero only while log flows.
        Some(LinkState::Up) if caught_up => return known(0.0, Basis::LogPosition),
        Some(LinkState::Down | LinkState::Silent(_)) if caught_up => return unknown,
        Some(_) => {}
    }
    // The times below are the primary's own, so that the servers' clocks need not agree. Each is
    // an upper bound, therefore the smallest is the lag; a heartbeat that comes, where there is
    // one, is what the site chose to be measured by.
    // A time ahead of the primary's clock was taken from another clock, or that clock was set back:
    // no figure is better than a zero made of it.
    let age = |at_s: f64| Some(primary.clock_s - at_s).filter(|age| *age > -CLOCK_SLACK_S);
    if let (Beat::At(beat), None) = (&standby.beat, measured.ceased())
        && let Some(age) = age(*beat)
    {
        return known(age, Basis::Heartbeat);
    }
    let by_replay = standby.replayed_at_s.and_then(age);
    let by_trail = trail.reached(replayed).map(|at_s| primary.clock_s - at_s);
    match (by_replay, by_trail) {
        // On a dead link nobody relies on what the standby says of itself.
        (Some(replay), Some(trail)) if trail < replay || !up => known(trail, Basis::LogPosition),
        (Some(replay), _) => known(replay, Basis::ReplayTimestamp),
        (None, Some(trail)) => known(trail, Basis::LogPosition),
        (None, None) => unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::state::Receiver;
    use super::super::stream;
    use super::super::tests_support::{primary, standby};
    use super::*;

    #[test]
    fn lag_is_a_difference_of_two_places() {
        let check = |standby: &SideState,
                     primary: Option<&SideState>,
                     trail: &[(f64, u64)],
                     want: (Option<f64>, Option<u64>, Basis, Certainty)| {
            let mut past = Trail::default();
            for (clock_s, lsn) in trail {
                past.record("7/1", *clock_s, *lsn);
            }
            let primary = primary.filter(|primary| !primary.in_recovery);
            let link = stream::link(standby, primary, &past);
            let (link, pulse) = (link.as_ref(), Pulse::new(Some(Duration::from_secs(1))));
            let found = lag(&Measured { standby, primary, link, trail: &past, pulse: &pulse });
            assert_eq!((found.seconds, found.amount, found.basis, found.certainty), want);
            found
        };
        let (log, replay) = (Basis::LogPosition, Basis::ReplayTimestamp);
        let (known, unknown) = (Certainty::Known, Certainty::Unknown);
        // Caught up while streaming, however long ago the last write was.
        let up = SideState { replayed_at_s: Some(10.0), ..standby(500, 500) };
        check(&up, Some(&primary(500)), &[], (Some(0.0), Some(0), log, known));
        // The same standby with a dead primary: nothing is known.
        check(&up, None, &[(900.0, 500)], (None, None, log, unknown));
        // Equal positions on a link that is down, or hidden, or silent for too long.
        let down = SideState { receiver: Receiver::None, ..up.clone() };
        check(&down, Some(&primary(500)), &[], (None, Some(0), log, unknown));
        let hidden = SideState { receiver: Receiver::Hidden, ..up.clone() };
        check(&hidden, Some(&primary(500)), &[], (None, Some(0), log, unknown));
        let hidden = SideState { receiver: Receiver::Hidden, ..standby(400, 400) };
        check(&hidden, Some(&primary(500)), &[], (None, Some(100), log, unknown));
        // Behind: the replay time, on the primary's clock.
        let behind = SideState { replayed_at_s: Some(997.5), ..standby(400, 400) };
        check(&behind, Some(&primary(500)), &[], (Some(2.5), Some(100), replay, known));
        // A burst after an idle hour: the trail knows better than the replay time.
        let burst = SideState { replayed_at_s: Some(10.0), ..standby(400, 400) };
        check(&burst, Some(&primary(500)), &[(998.0, 400)], (Some(2.0), Some(100), log, known));
        // Received but not replayed: nothing would be lost, yet the data is old.
        let paused = SideState { replayed_at_s: Some(900.0), ..standby(500, 300) };
        let found =
            check(&paused, Some(&primary(500)), &[], (Some(100.0), Some(200), replay, known));
        assert_eq!((found.loss_seconds(), found.unapplied()), (Some(0.0), Some(200)));
        // Some of it did not arrive: that would be lost, and no more.
        let both = SideState { replayed_at_s: Some(900.0), ..standby(450, 300) };
        let trail = [(997.0, 440), (999.0, 460)];
        let found =
            check(&both, Some(&primary(500)), &trail, (Some(100.0), Some(200), replay, known));
        assert_eq!((found.loss_seconds(), found.unapplied()), (Some(3.0), Some(150)));
        // A heartbeat.
        let beat = SideState { beat: Beat::At(999.0), ..standby(400, 400) };
        check(&beat, Some(&primary(500)), &[], (Some(1.0), Some(100), Basis::Heartbeat, known));
        // One that comes at the primary and not here is the lag, however old.
        let source = SideState { beat: Beat::At(999.5), ..primary(500) };
        let beat = SideState { beat: Beat::At(940.0), ..standby(400, 400) };
        check(&beat, Some(&source), &[], (Some(60.0), Some(100), Basis::Heartbeat, known));
        // One that has ceased makes no lag.
        let source = SideState { beat: Beat::At(940.0), ..primary(500) };
        let replayed = (Some(10.0), Some(100), replay, known);
        check(&beat, Some(&source), &[], replayed);
        let trail = [(998.0, 400)];
        check(&beat, Some(&source), &trail, (Some(2.0), Some(100), log, known));
        // A time from the future is no time.
        let ahead = SideState { replayed_at_s: Some(1060.0), ..standby(400, 400) };
        check(&ahead, Some(&primary(500)), &[], (None, Some(100), log, unknown));
        let ahead = SideState { beat: Beat::At(1060.0), ..standby(400, 400) };
        check(&ahead, Some(&primary(500)), &[], (Some(10.0), Some(100), replay, known));
        // Another cluster, or no primary on the other side.
        let other = SideState { system: 8, ..primary(500) };
        check(&up, Some(&other), &[], (None, None, log, unknown));
        check(&up, Some(&standby(500, 500)), &[], (None, None, log, unknown));
    }
}
