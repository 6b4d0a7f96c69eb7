//! What was really lost, measured after the promotion from what the new primary last replayed.

use super::ids::SystemId;
use super::reading::{FactValue, Role};
use super::runbook::Direction;
use super::site::Site;
use super::snapshot::Snapshot;
use super::text::Clean;
use super::time::Stamp;

/// The fact by which a promoted store tells when the last thing that it replayed from the old
/// primary was written there, a transaction or a heartbeat: milliseconds since 1970 by the wall
/// clock of the old primary's side.
pub const LAST_REPLAYED: &str = "last_replayed_unix_ms";

/// The fact by which a simulated store tells the loss itself, in seconds.
pub const LOST: &str = "lost_s";

/// The losses that can be measured now: per store that is primary on the side the run goes to, the
/// seconds of writes before `t0` that it does not have, and how that was measured.
///
/// A store that does not tell is not in the list: not measured is not 0.
#[must_use]
pub fn measured(
    site: &Site,
    snapshot: &Snapshot,
    direction: Direction,
    t0: Stamp,
) -> Vec<(SystemId, f64, Clean)> {
    let measure = |system: &super::site::SystemSpec| {
        let cell = snapshot.cell(&system.id, direction.to)?;
        // How old the reading is does not matter: what was replayed last can change no more.
        let reading = cell.last_good.as_ref()?;
        if let Some(FactValue::Seconds(seconds)) = reading.fact(LOST)
            && reading.role != Some(Role::Standby)
            && seconds.is_finite()
            && *seconds >= 0.0
        {
            return Some((system.id.clone(), *seconds, "told by the simulator".into()));
        }
        if reading.role != Some(Role::Primary) {
            return None;
        }
        let Some(FactValue::Number(replayed_ms)) = reading.fact(LAST_REPLAYED) else { return None };
        if !replayed_ms.is_finite() || *replayed_ms <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
        let seconds = ((t0.wall_ms as f64 - replayed_ms) / 1000.0).max(0.0);
        let from = direction.from;
        let how =
            format!("T0 less the time of the last transaction or heartbeat replayed from {from}");
        Some((system.id.clone(), seconds, how.into()))
    };
    site.systems.iter().filter_map(measure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::domain::reading::{Fact, Health, Reading};
    use crate::domain::rules::bench::{at, id, site};

    #[test]
    fn only_what_was_told_is_measured() {
        let direction = Direction { from: Side::A, to: Side::B };
        let check = |role: Option<Role>, fact: &str, value: FactValue, want: Option<f64>| {
            let mut reading = Reading::new(at(60), Health::Up, "fine");
            reading.role = role;
            reading.facts.push(Fact { name: fact.to_owned(), value });
            let mut snapshot = Snapshot::default();
            snapshot.record(&id("pg"), Side::B, at(60), Ok(reading));
            let found = measured(&site(), &snapshot, direction, at(10));
            assert_eq!(found.first().map(|(_, seconds, _)| *seconds), want, "{fact}");
        };
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
        let replayed = |second: u64| FactValue::Number(at(second).wall_ms as f64);
        let primary = Some(Role::Primary);
        check(primary, LAST_REPLAYED, replayed(8), Some(2.0));
        // Replayed after T0: nothing of before T0 is missing.
        check(primary, LAST_REPLAYED, replayed(12), Some(0.0));
        check(primary, LAST_REPLAYED, FactValue::Number(0.0), None);
        check(primary, LAST_REPLAYED, FactValue::Number(f64::NAN), None);
        check(primary, LAST_REPLAYED, FactValue::Unknown("no rights".into()), None);
        check(primary, "timeline", FactValue::Number(2.0), None);
        check(primary, LOST, FactValue::Seconds(0.8), Some(0.8));
        check(primary, LOST, FactValue::Seconds(-1.0), None);
        // Not promoted: there is no loss to measure yet.
        check(Some(Role::Standby), LAST_REPLAYED, replayed(8), None);
        check(None, LAST_REPLAYED, replayed(8), None);
    }
}
