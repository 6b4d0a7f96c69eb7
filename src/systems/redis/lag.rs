//! How far a replica is behind its primary: a difference between two places read in the same look.

use super::flow::link;
use super::learned::Learned;
use super::state::SideState;
use crate::domain::ids::Side;
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit};

/// How long ago a primary's own heartbeat ceased, if it did.
pub(super) fn ceased_s(primary: &SideState, side: Side, learned: &Learned) -> Option<f64> {
    let age_s = span_s(primary.clock_ms?, primary.beat(side).at()?);
    learned.pulses[side.index()].has_ceased(age_s).then_some(age_s)
}

/// The lag of a replica behind a primary of the region `source`, where that was read in the same
/// look. Bytes only of one history; seconds from the heartbeat of the source region, or, on a live
/// link, from where the primary stood at past looks. All that a replica says of itself is no lag.
pub(super) fn lag(
    replica: &SideState,
    primary: Option<&SideState>,
    source: Side,
    learned: &Learned,
) -> Lag {
    let nothing = Lag::unknown(LagUnit::Bytes, Basis::Offset);
    let unknown = |amount| Lag { amount, ..nothing.clone() };
    let Some(primary) = primary else { return unknown(None) };
    if primary.replid != replica.replid || replica.is_syncing() || replica.loading {
        return unknown(None);
    }
    let Some(bytes) = primary.offset.checked_sub(replica.offset) else { return unknown(None) };
    let certainty = Certainty::Known;
    let known = |seconds, basis| Lag { seconds, basis, certainty, ..unknown(Some(bytes)) };
    let live = link(replica, Some(primary)).is_some_and(|link| !link.is_dead());
    let level = bytes == 0 && live;
    let beats = primary.beat(source).at().zip(replica.beat(source).at());
    let ceased = ceased_s(primary, source, learned).is_some();
    match beats {
        // Read a moment later, the replica may hold a newer one.
        Some((written, arrived)) if !ceased && level => {
            known(Some(span_s(written, arrived)), Basis::Heartbeat)
        }
        // All that was written before the one that arrived is here, and of what came after it
        // nothing need be: what is written since the last heartbeat may be missing too.
        Some((written, arrived)) if !ceased => {
            let now = primary.clock_ms.unwrap_or(written).max(written);
            known(Some(span_s(now, arrived)), Basis::Heartbeat)
        }
        Some(_) | None if level => known(Some(0.0), Basis::Offset),
        // Equal offsets on a dead link prove nothing of what is about to be written.
        Some(_) | None if bytes == 0 => unknown(Some(0)),
        // A heartbeat that has ceased is as good as none: others may write on. Over a dead link
        // pings would be counted, where nothing was written.
        Some(_) | None if !live => known(None, Basis::Offset),
        Some(_) | None => {
            let now = primary.clock_ms.map(seconds);
            let trail = learned.trails.get(&replica.replid);
            let reached = now.zip(trail.and_then(|trail| trail.reached(replica.offset)));
            known(reached.map(|(now, at)| (now - at).max(0.0)), Basis::Offset)
        }
    }
}

/// Seconds from `from_ms` to `to_ms`, never negative.
pub(super) fn span_s(to_ms: i64, from_ms: i64) -> f64 {
    seconds(to_ms.saturating_sub(from_ms).max(0))
}

/// Milliseconds as seconds.
pub(super) fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
    let seconds = ms as f64 / 1000.0;
    seconds
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::state::Beat;
    use super::super::tests_support::{primary, replica};
    use super::*;
    use crate::systems::kit::pulse::Pulse;

    #[test]
    fn lag_is_a_difference_of_two_places() {
        let mut learned = Learned::new([None, None]);
        learned.pulses[0] = Pulse::new(Some(Duration::from_secs(1)));
        // Where the primary stood two and a half seconds and one second before now.
        let trail = learned.trails.entry("h1".to_owned()).or_default();
        let now = primary(0).clock_ms.unwrap();
        trail.record("h1", seconds(now - 2_500), 300);
        trail.record("h1", seconds(now - 1_000), 380);
        let check = |replica: &SideState,
                     primary: Option<&SideState>,
                     want: (Option<f64>, Option<u64>, Basis, Certainty)| {
            let found = lag(replica, primary, Side::A, &learned);
            assert_eq!((found.seconds, found.amount, found.basis, found.certainty), want);
        };
        let (known, unknown) = (Certainty::Known, Certainty::Unknown);
        let beat = |state: SideState, at| SideState { beats: [at, Beat::At(1)], ..state };
        // Caught up on a live link.
        check(&replica(500), Some(&primary(500)), (Some(0.0), Some(0), Basis::Offset, known));
        // The same replica with a dead primary: nothing is known.
        check(&replica(500), None, (None, None, Basis::Offset, unknown));
        // Behind, without a heartbeat: the last look at which the primary had no more than that.
        check(&replica(400), Some(&primary(500)), (Some(1.0), Some(100), Basis::Offset, known));
        check(&replica(379), Some(&primary(500)), (Some(2.5), Some(121), Basis::Offset, known));
        check(&replica(299), Some(&primary(500)), (None, Some(201), Basis::Offset, known));
        // With one, seconds; the other region's heartbeat is not looked at.
        let a = beat(primary(500), Beat::At(now));
        let b = beat(replica(400), Beat::At(now - 2_500));
        check(&b, Some(&a), (Some(2.5), Some(100), Basis::Heartbeat, known));
        let later = beat(replica(500), Beat::At(now + 1));
        check(&later, Some(&a), (Some(0.0), Some(0), Basis::Heartbeat, known));
        // Written every second; what came between two of them may be missing too.
        let a = beat(primary(500), Beat::At(now - 900));
        let b = beat(replica(400), Beat::At(now - 900));
        check(&b, Some(&a), (Some(0.9), Some(100), Basis::Heartbeat, known));
        let level = beat(replica(500), Beat::At(now - 900));
        check(&level, Some(&a), (Some(0.0), Some(0), Basis::Heartbeat, known));
        // Nobody writes heartbeats any more, and others write on: equal ones are no 0.
        let ceased = beat(primary(500), Beat::At(now - 3_100));
        let b = beat(replica(400), Beat::At(now - 3_100));
        check(&b, Some(&ceased), (Some(1.0), Some(100), Basis::Offset, known));
        let level = beat(replica(500), Beat::At(now - 3_100));
        check(&level, Some(&ceased), (Some(0.0), Some(0), Basis::Offset, known));
        let a = beat(primary(500), Beat::At(now));
        for odd in [Beat::Missing, Beat::NotAsked, Beat::Unreadable("odd".into())] {
            let b = beat(replica(400), odd);
            check(&b, Some(&a), (Some(1.0), Some(100), Basis::Offset, known));
        }
        // A dead link, a full copy, another history, a replica ahead.
        let mut down = replica(500);
        down.upstream.as_mut().unwrap().up = false;
        let behind = SideState { offset: 400, ..down.clone() };
        check(&behind, Some(&primary(500)), (None, Some(100), Basis::Offset, known));
        check(&down, Some(&primary(500)), (None, Some(0), Basis::Offset, unknown));
        down.upstream.as_mut().unwrap().syncing = true;
        check(&down, Some(&primary(500)), (None, None, Basis::Offset, unknown));
        let other = SideState { replid: "h9".to_owned(), ..primary(500) };
        check(&replica(500), Some(&other), (None, None, Basis::Offset, unknown));
        check(&replica(501), Some(&primary(500)), (None, None, Basis::Offset, unknown));
        // What it would say of itself, half a data set behind, is 0; it is not believed.
        let dead = SideState { beats: [Beat::At(7_500), Beat::NotAsked], ..down };
        check(&dead, None, (None, None, Basis::Offset, unknown));
    }
}
