//! How far a replica is behind its primary: a difference between two places read in the same look.

use super::state::SideState;
use crate::domain::ids::Side;
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit};

/// A heartbeat that is older than this on the primary itself, by its clock, has ceased.
const CEASED_AFTER_S: f64 = 30.0;

/// How long ago a primary's own heartbeat ceased, if it did.
pub(super) fn ceased_s(primary: &SideState, side: Side) -> Option<f64> {
    let age_s = span_s(primary.clock_ms?, primary.beat(side).at()?);
    (age_s > CEASED_AFTER_S).then_some(age_s)
}

/// The lag of `replica` behind `primary`, which is in `source`. Bytes only of one history, seconds
/// only from the heartbeat of the source region or where nothing at all is outstanding on a live
/// link; all that a replica says of itself is no lag.
pub(super) fn lag(replica: &SideState, primary: Option<&SideState>, source: Side) -> Lag {
    let unknown = |amount| Lag {
        seconds: None,
        amount,
        unit: LagUnit::Bytes,
        basis: Basis::Offset,
        certainty: Certainty::Unknown,
        unreceived: None,
    };
    let Some(primary) = primary else { return unknown(None) };
    if primary.replid != replica.replid || replica.is_syncing() || replica.loading {
        return unknown(None);
    }
    let Some(bytes) = primary.offset.checked_sub(replica.offset) else { return unknown(None) };
    let told = |seconds, basis, certainty| Lag {
        seconds,
        amount: Some(bytes),
        unit: LagUnit::Bytes,
        basis,
        certainty,
        unreceived: None,
    };
    let known = |seconds, basis| told(seconds, basis, Certainty::Known);
    let beats = primary.beat(source).at().zip(replica.beat(source).at());
    let ceased = ceased_s(primary, source).is_some();
    match beats {
        // Read a moment later, the replica may hold a newer one.
        Some((written, arrived)) if !ceased => {
            known(Some(span_s(written, arrived)), Basis::Heartbeat)
        }
        // Others may write on: the replica lacks at least what came before the last heartbeat.
        Some((written, arrived)) if bytes > 0 => {
            told(Some(span_s(written, arrived)), Basis::Heartbeat, Certainty::LowerBound)
        }
        Some(_) | None if bytes == 0 && replica.follows() => known(Some(0.0), Basis::Offset),
        // Equal offsets on a dead link prove nothing of what is about to be written.
        Some(_) | None if bytes == 0 => unknown(Some(0)),
        Some(_) | None => known(None, Basis::Offset),
    }
}

/// Seconds from `from_ms` to `to_ms`, never negative.
pub(super) fn span_s(to_ms: i64, from_ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
    let seconds = to_ms.saturating_sub(from_ms).max(0) as f64 / 1000.0;
    seconds
}

#[cfg(test)]
mod tests {
    use super::super::state::Beat;
    use super::super::tests_support::{primary, replica};
    use super::*;

    #[test]
    fn lag_is_a_difference_of_two_places() {
        let check = |replica: &SideState,
                     primary: Option<&SideState>,
                     want: (Option<f64>, Option<u64>, Basis, Certainty)| {
            let found = lag(replica, primary, Side::A);
            assert_eq!((found.seconds, found.amount, found.basis, found.certainty), want);
        };
        let (known, unknown) = (Certainty::Known, Certainty::Unknown);
        let beat = |state: SideState, at| SideState { beats: [at, Beat::At(1)], ..state };
        let now = primary(0).clock_ms.unwrap();
        // Caught up on a live link.
        check(&replica(500), Some(&primary(500)), (Some(0.0), Some(0), Basis::Offset, known));
        // The same replica with a dead primary: nothing is known.
        check(&replica(500), None, (None, None, Basis::Offset, unknown));
        // Behind, without a heartbeat: bytes only.
        check(&replica(400), Some(&primary(500)), (None, Some(100), Basis::Offset, known));
        // With one, seconds; the other region's heartbeat is not looked at.
        let a = beat(primary(500), Beat::At(now));
        let b = beat(replica(400), Beat::At(now - 2_500));
        check(&b, Some(&a), (Some(2.5), Some(100), Basis::Heartbeat, known));
        let later = beat(replica(500), Beat::At(now + 1));
        check(&later, Some(&a), (Some(0.0), Some(0), Basis::Heartbeat, known));
        // Nobody writes heartbeats any more, and others write on: equal ones are no 0.
        let ceased = beat(primary(500), Beat::At(now - 60_000));
        let b = beat(replica(400), Beat::At(now - 60_000));
        let least = Certainty::LowerBound;
        check(&b, Some(&ceased), (Some(0.0), Some(100), Basis::Heartbeat, least));
        let level = beat(replica(500), Beat::At(now - 60_000));
        check(&level, Some(&ceased), (Some(0.0), Some(0), Basis::Offset, known));
        for odd in [Beat::Missing, Beat::NotAsked, Beat::Unreadable("odd".into())] {
            let b = beat(replica(400), odd);
            check(&b, Some(&a), (None, Some(100), Basis::Offset, known));
        }
        // A dead link, a full copy, another history, a replica ahead.
        let mut down = replica(500);
        down.upstream.as_mut().unwrap().up = false;
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
