//! How far a standby is behind its primary: a difference between two places read in the same look.

use std::collections::VecDeque;

use super::state::{Beat, SideState};
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit};

/// The most past positions of the primary that are remembered.
const TRAIL_POINTS_MAX: usize = 1024;

/// How far ahead of the primary's clock a time may be, in seconds: the two are not read at once.
const CLOCK_SLACK_S: f64 = 1.0;

/// Where the primary's log stood at past looks. A standby that holds a position has everything
/// that was written until the look at which the primary stood there.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// Cluster and timeline that the points are of.
    of: (i64, i32),
    points: VecDeque<(f64, u64)>,
}

impl Trail {
    /// Takes in the primary's position; a new timeline starts anew.
    pub(super) fn record(&mut self, primary: &SideState) {
        let Some(lsn) = primary.current_lsn else { return };
        let stepped_back = self
            .points
            .back()
            .is_some_and(|(clock_s, point)| *point > lsn || *clock_s > primary.clock_s);
        let of = (primary.system, primary.timeline);
        if self.of != of || stepped_back {
            self.points.clear();
            self.of = of;
        }
        if self.points.len() == TRAIL_POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back((primary.clock_s, lsn));
    }

    /// The last moment, on the primary's clock, whose writes are all within `lsn`.
    fn reached(&self, lsn: u64) -> Option<f64> {
        self.points.iter().rev().find(|(_, point)| *point <= lsn).map(|(clock_s, _)| *clock_s)
    }
}

/// The lag of `standby`. Without the primary's state of the same look nothing is known, whatever
/// the standby says of itself: received and replayed are equal on a dead link too.
pub(super) fn lag(standby: &SideState, primary: Option<&SideState>, trail: &Trail) -> Lag {
    let unknown = |amount| Lag {
        seconds: None,
        amount,
        unit: LagUnit::Bytes,
        basis: Basis::LogPosition,
        certainty: Certainty::Unknown,
    };
    let Some(primary) = primary else { return unknown(None) };
    let (Some(current), Some(held)) = (primary.current_lsn, standby.held_lsn()) else {
        return unknown(None);
    };
    if primary.system != standby.system {
        return unknown(None);
    }
    let replayed = standby.replay_lsn.unwrap_or(0);
    let amount = Some(current.saturating_sub(held));
    let known = |seconds: f64, basis| Lag {
        seconds: Some(seconds.max(0.0)),
        amount,
        unit: LagUnit::Bytes,
        basis,
        certainty: Certainty::Known,
    };
    let caught_up = held >= current && replayed >= current;
    match standby.receiver.streaming() {
        // Without the right to see the link no figure is told, not even one that may be right.
        None => return unknown(amount),
        // Equal positions prove zero only while log flows.
        Some(true) if caught_up => return known(0.0, Basis::LogPosition),
        Some(false) if caught_up => return unknown(amount),
        Some(_) => {}
    }
    // The times below are the primary's own, so that the servers' clocks need not agree. Each is
    // an upper bound, therefore the smallest is the lag; a heartbeat, where there is one, is what
    // the site chose to be measured by.
    // A time ahead of the primary's clock was taken from another clock, or that clock was set back:
    // no figure is better than a zero made of it.
    let age = |at_s: f64| Some(primary.clock_s - at_s).filter(|age| *age > -CLOCK_SLACK_S);
    if let Beat::At(beat) = standby.beat
        && let Some(age) = age(beat)
    {
        return known(age, Basis::Heartbeat);
    }
    let by_replay = standby.replayed_at_s.and_then(age);
    let by_trail = trail.reached(replayed).map(|at_s| primary.clock_s - at_s);
    match (by_replay, by_trail) {
        (Some(replay), Some(trail)) if trail < replay => known(trail, Basis::LogPosition),
        (Some(replay), _) => known(replay, Basis::ReplayTimestamp),
        (None, Some(trail)) => known(trail, Basis::LogPosition),
        (None, None) => unknown(amount),
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::Receiver;
    use super::super::tests_support::{primary, standby};
    use super::*;

    #[test]
    fn lag_is_a_difference_of_two_places() {
        let check = |standby: &SideState,
                     primary: Option<&SideState>,
                     trail: &[(f64, u64)],
                     want: (Option<f64>, Option<u64>, Basis, Certainty)| {
            let points = trail.iter().copied().collect::<VecDeque<_>>();
            let trail = Trail { of: (7, 1), points };
            let found = lag(standby, primary, &trail);
            assert_eq!((found.seconds, found.amount, found.basis, found.certainty), want);
        };
        let (log, replay) = (Basis::LogPosition, Basis::ReplayTimestamp);
        let (known, unknown) = (Certainty::Known, Certainty::Unknown);
        // Caught up while streaming, however long ago the last write was.
        let up = SideState { replayed_at_s: Some(10.0), ..standby(500, 500) };
        check(&up, Some(&primary(500)), &[], (Some(0.0), Some(0), log, known));
        // The same standby with a dead primary: nothing is known.
        check(&up, None, &[(900.0, 500)], (None, None, log, unknown));
        // Equal positions on a link that is down, or hidden.
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
        check(&paused, Some(&primary(500)), &[], (Some(100.0), Some(0), replay, known));
        // A heartbeat.
        let beat = SideState { beat: Beat::At(999.0), ..standby(400, 400) };
        check(&beat, Some(&primary(500)), &[], (Some(1.0), Some(100), Basis::Heartbeat, known));
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

    #[test]
    fn the_trail_is_bounded_and_starts_anew() {
        let mut trail = Trail::default();
        for step in 0..TRAIL_POINTS_MAX as u64 + 10 {
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let clock_s = step as f64;
            trail.record(&SideState { clock_s, ..primary(step) });
        }
        assert_eq!(trail.points.len(), TRAIL_POINTS_MAX);
        trail.record(&SideState { timeline: 2, ..primary(5) });
        assert_eq!(trail.reached(5), Some(1000.0));
        assert_eq!(trail.reached(4), None);
    }
}
