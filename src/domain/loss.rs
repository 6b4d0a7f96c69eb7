//! What was really lost: what the old primary held as it was closed and the new one never received.

use std::collections::BTreeSet;

use super::ids::{Side, SystemId};
use super::ledger::Ledger;
use super::reading::{FactValue, Reading, Role};
use super::run::event::Missing;
use super::run::state::Run;
use super::runbook::Direction;
use super::site::{Site, SystemSpec};
use super::snapshot::{Snapshot, earlier};
use super::text::Clean;
use super::time::Stamp;

/// The fact by which a promoted store tells when the last thing that it replayed from the old
/// primary was written there, a transaction or a heartbeat: milliseconds since 1970 by the wall
/// clock of the old primary's side.
pub const LAST_REPLAYED: &str = "last_replayed_unix_ms";

/// The fact by which a store tells its own clock as it was looked at, in milliseconds since 1970.
pub const CLOCK: &str = "clock_unix_ms";

/// The loss of one store.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// The store.
    pub system: SystemId,
    /// Seconds of writes that the new primary does not have; 0 when nothing is missing.
    pub seconds: f64,
    /// What is missing, where both ends are known.
    pub missing: Option<Missing>,
    /// How that was measured.
    pub how: Clean,
}

/// What was measured of a store: seconds of writes, and how.
pub type Measured<'r> = Option<(f64, &'r Clean)>;

impl Run {
    /// The stores of the frozen losses, then those measured beside them, each with what was
    /// measured last; none is not measured, and never nothing.
    pub fn measured(&self) -> Vec<(&SystemId, Measured<'_>)> {
        let mut stores: Vec<&SystemId> =
            self.ledger.iter().flat_map(|ledger| &ledger.rows).map(|row| &row.system).collect();
        for (system, ..) in &self.losses {
            if !stores.contains(&system) {
                stores.push(system);
            }
        }
        let last = |store: &SystemId| {
            let found = self.losses.iter().rev().find(|(system, ..)| system == store);
            found.map(|(_, seconds, how)| (*seconds, how))
        };
        stores.into_iter().map(|store| (store, last(store))).collect()
    }
}

/// The losses that can be measured now, of stores that are primary on the side the run goes to.
///
/// Where the old primary was read closed and the new one tells where its own history began, what
/// lies between is what is missing, and nothing is nothing, however long ago the last write was.
/// Without its end the loss is bounded from what was replayed last, from the expected loss of the
/// frozen ledger, and from the last look that found nothing in the old primary which the new one
/// does not have: all are upper bounds, so the smallest one counts.
///
/// A store that does not tell is not in the list: not measured is not 0.
pub fn measured(
    site: &Site,
    snapshot: &Snapshot,
    direction: Direction,
    frozen: &Frozen<'_>,
) -> Vec<Loss> {
    let measure = |system: &SystemSpec| {
        if reopened(&system.id, snapshot, direction, frozen.t0).is_some() {
            return None;
        }
        let cell = snapshot.cell(&system.id, direction.to)?;
        // How old the reading is does not matter: what was replayed last can change no more.
        let reading = cell.last_good.as_ref()?;
        // Of what was emptied no end tells what is missing.
        if reading.role != Some(Role::Primary) || cell.lost_data().is_some() {
            return None;
        }
        let bound = bounded(system, (reading, snapshot), direction, frozen);
        Some(match between(&system.id, snapshot, direction) {
            Some((missing, how)) if missing.amount == 0 => {
                Loss { system: system.id.clone(), seconds: 0.0, missing: Some(missing), how }
            }
            Some((missing, how)) => {
                let (seconds, most) = bound?;
                let how = Clean::new(&format!("{how}; at most {most}"));
                Loss { system: system.id.clone(), seconds, missing: Some(missing), how }
            }
            None => {
                let (seconds, how) = bound?;
                Loss { system: system.id.clone(), seconds, missing: None, how }
            }
        })
    };
    site.systems.iter().filter_map(measure).collect()
}

/// Why no bound as of T0 is one: the old primary was read after T0 as one that takes writes, and
/// not as closed since.
pub fn reopened(
    system: &SystemId,
    snapshot: &Snapshot,
    direction: Direction,
    t0: Stamp,
) -> Option<Clean> {
    let (from, to) = (direction.from, direction.to);
    let new = snapshot.cell(system, to)?.last_good.as_ref()?;
    let old = snapshot.cell(system, from)?.last_good.as_ref()?;
    let after = old.at.at_most(t0) != old.at;
    if !after || !old.is_open_primary() || !new.is_open_primary() {
        return None;
    }
    let more = || {
        let (end, began) = (old.end.as_ref()?, new.parted.as_ref()?);
        let same = end.of == began.of && end.unit == began.unit;
        same.then(|| end.unit.amount_text(end.at.saturating_sub(began.at)))
    };
    let more = more().map(|more| format!(": {more} that {to} has not")).unwrap_or_default();
    Some(format!("{from} was read taking writes at {}, after T0{more}", old.at.utc()).into())
}

/// What lies, in one history, between the end of the old primary, as it was closed, and what the
/// other side has of it: on a promoted store that is where its own began, on a standby all that it
/// holds.
pub fn between(
    system: &SystemId,
    snapshot: &Snapshot,
    direction: Direction,
) -> Option<(Missing, Clean)> {
    let (from, to) = (direction.from, direction.to);
    let other = snapshot.cell(system, to)?.last_good.as_ref()?;
    let closed = snapshot.closed_at(system, from).map(|(_, end)| end);
    let (end, has) = match other.role? {
        Role::Standby => (closed?, other.end.as_ref()?),
        Role::Primary => {
            // A primary that handed over and follows now tells itself where it left its history.
            // One that leads tells where its own began, and may have written on since.
            let old = || {
                let old = snapshot.cell(system, from)?.last_reading.as_ref()?;
                old.parted.as_ref().filter(|_| old.role == Some(Role::Standby))
            };
            (closed.or_else(old)?, other.parted.as_ref()?)
        }
    };
    if end.of != has.of || end.unit != has.unit {
        return None;
    }
    let missing = Missing { amount: end.at.saturating_sub(has.at), unit: end.unit };
    let how = if missing.amount == 0 {
        format!("all that {from} held as it was closed is in {to}")
    } else {
        let (amount, unit) = (missing.amount, missing.unit.word());
        format!("{amount} {unit} that {from} held as it was closed are not in {to}")
    };
    Some((missing, how.into()))
}

/// What was frozen as the incident was declared, and what is known of the old primary since.
#[derive(Debug, Clone, Copy)]
pub struct Frozen<'a> {
    /// T0.
    pub t0: Stamp,
    /// The expected losses.
    pub ledger: Option<&'a Ledger>,
    /// Stores whose old primary took writes after T0: nothing as of T0 bounds their loss.
    pub reopened: &'a BTreeSet<SystemId>,
}

/// The smallest of the upper bounds in seconds, and how it was found.
fn bounded(
    system: &SystemSpec,
    (promoted, snapshot): (&Reading, &Snapshot),
    direction: Direction,
    frozen: &Frozen<'_>,
) -> Option<(f64, Clean)> {
    let Frozen { t0, ledger: expected, reopened } = *frozen;
    let reopened = reopened.contains(&system.id);
    let closed = snapshot.closed_at(&system.id, direction.from).map(|(at, _)| at.wall_ms);
    let by_replay = match promoted.fact(LAST_REPLAYED) {
        Some(FactValue::Number(replayed_ms)) if *replayed_ms > 0.0 && replayed_ms.is_finite() => {
            // What was replayed is stamped by the clock of the side that is left, T0 by ours.
            let ahead_ms = ahead_ms(system, snapshot, direction.from).unwrap_or(0.0);
            let until = |wall_ms: i64| ((ms(wall_ms) + ahead_ms - replayed_ms) / 1000.0).max(0.0);
            // Replayed beyond T0 it wrote on: what it wrote until it was closed counts.
            match (until(t0.wall_ms), closed) {
                (_, Some(closed_ms)) if reopened => Some(until(closed_ms)),
                (_, None) if reopened => None,
                (0.0, Some(closed_ms)) => Some(until(closed_ms)),
                (seconds, _) => Some(seconds),
            }
        }
        _ => None,
    };
    let expected = expected.filter(|_| !reopened);
    let by_ledger = expected
        .and_then(|ledger| ledger.row(&system.id)?.loss_s)
        .filter(|loss| loss.is_finite() && *loss >= 0.0);
    let from = direction.from;
    let replayed = || {
        format!("T0 less the time of the last transaction or heartbeat replayed from {from}").into()
    };
    let lag = || "the last lag read and the time from then to T0".into();
    let look =
        || format!("since the last look that found {from} with nothing that is missing").into();
    let least = |one: (f64, Clean), other: Option<(f64, Clean)>| match other {
        Some(other) if other.0 < one.0 => other,
        Some(_) | None => one,
    };
    let by_look = level_since(system, promoted, snapshot, (from, t0)).filter(|_| !reopened);
    let by_look = by_look.map(|seconds| (seconds, look()));
    // What was expected is no measurement by itself.
    let found = match (by_replay, by_look) {
        (Some(seconds), by_look) => least((seconds, replayed()), by_look),
        (None, Some(by_look)) => by_look,
        (None, None) => return None,
    };
    let (seconds, how) = least(found, by_ledger.map(|seconds| (seconds, lag())));
    // A side that nobody hears may be alive, and serve its own.
    let how = match closed {
        None => format!("{how}; if {from} took no write after T0: it was not read closed").into(),
        Some(_) => how,
    };
    Some((seconds, how))
}

/// How far the clock of a side is ahead of ours, at most: it was read after its look began.
fn ahead_ms(system: &SystemSpec, snapshot: &Snapshot, side: Side) -> Option<f64> {
    let read = snapshot.cell(&system.id, side)?.last_good.as_ref()?;
    let Some(FactValue::Number(clock_ms)) = read.fact(CLOCK) else { return None };
    Some(clock_ms - ms(read.at.wall_ms)).filter(|ahead_ms| ahead_ms.is_finite())
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
fn ms(wall_ms: i64) -> f64 {
    wall_ms as f64
}

/// Seconds from the last look at the old primary to T0, where all that it held at that look is in
/// the history that the new one goes on from.
fn level_since(
    system: &SystemSpec,
    promoted: &Reading,
    snapshot: &Snapshot,
    (from, t0): (Side, Stamp),
) -> Option<f64> {
    let old = snapshot.cell(&system.id, from)?.last_good.as_ref()?;
    let (end, began) = (old.end.as_ref()?, promoted.parted.as_ref()?);
    let level = end.of == began.of && end.unit == began.unit && end.at <= began.at;
    let open = old.is_open_primary() && earlier(old.at, t0) == old.at;
    (level && open).then(|| t0.since(old.at).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ledger::{LedgerRow, LossVerdict};
    use crate::domain::reading::{Fact, Health, LagUnit, Position, Writes};
    use crate::domain::rules::bench::{at, id, site};

    const DIRECTION: Direction = Direction { from: Side::A, to: Side::B };

    fn told(second: u64, role: Option<Role>, fact: Option<(&str, FactValue)>) -> Reading {
        let mut reading = Reading::new(at(second), Health::Up, "fine");
        reading.role = role;
        reading.facts.extend(fact.map(|(name, value)| Fact { name: name.to_owned(), value }));
        reading
    }

    fn frozen(ledger: Option<&Ledger>) -> Frozen<'_> {
        static NONE: BTreeSet<SystemId> = BTreeSet::new();
        Frozen { t0: at(10), ledger, reopened: &NONE }
    }

    fn bytes(of: &str, at: u64) -> Position {
        Position { of: of.into(), at, unit: LagUnit::Bytes }
    }

    fn replayed(second: u64) -> (&'static str, FactValue) {
        (LAST_REPLAYED, FactValue::Number(ms(at(second).wall_ms)))
    }

    /// A frozen ledger that expects so many seconds.
    fn expects(loss_s: f64) -> Ledger {
        let row = LedgerRow {
            system: id("pg"),
            last: None,
            loss_s: Some(loss_s),
            rpo_s: None,
            verdict: LossVerdict::Pass,
        };
        Ledger { as_of: at(10), rows: vec![row] }
    }

    #[test]
    fn what_was_replayed_is_held_against_the_clock_that_stamped_it() {
        let check = |ahead_ms: i64| {
            let mut snapshot = Snapshot::default();
            let primary = Some(Role::Primary);
            let by_a = |second: u64| ms(at(second).wall_ms + ahead_ms);
            let old = told(5, primary, Some((CLOCK, FactValue::Number(by_a(5)))));
            let new = told(60, primary, Some((LAST_REPLAYED, FactValue::Number(by_a(2)))));
            snapshot.record(&id("pg"), Side::A, at(5), Ok(old));
            snapshot.record(&id("pg"), Side::B, at(60), Ok(new));
            let found = measured(&site(), &snapshot, DIRECTION, &frozen(None));
            assert_eq!(found.first().map(|loss| loss.seconds), Some(8.0), "{ahead_ms}");
        };
        for ahead_ms in [0, 20_000, -20_000, 3_600_000] {
            check(ahead_ms);
        }
    }

    #[test]
    fn only_what_was_told_is_measured() {
        let check = |role, fact, expected: Option<f64>, want: Option<f64>| {
            let mut snapshot = Snapshot::default();
            let reading = told(60, role, Some(fact));
            snapshot.record(&id("pg"), Side::B, at(60), Ok(reading));
            let ledger = expected.map(expects);
            let found = measured(&site(), &snapshot, DIRECTION, &frozen(ledger.as_ref()));
            assert_eq!(found.first().map(|loss| loss.seconds), want);
        };
        let primary = Some(Role::Primary);
        check(primary, replayed(8), None, Some(2.0));
        // Replayed after T0: nothing of before T0 is missing.
        check(primary, replayed(12), None, Some(0.0));
        let number = |number| (LAST_REPLAYED, FactValue::Number(number));
        check(primary, number(0.0), None, None);
        check(primary, number(f64::NAN), None, None);
        check(primary, (LAST_REPLAYED, FactValue::Unknown("no rights".into())), Some(1.0), None);
        check(primary, ("timeline", FactValue::Number(2.0)), None, None);
        // On an idle store the age of the last transaction is no loss: it was level 0.5 s before.
        check(primary, replayed(1), Some(0.5), Some(0.5));
        check(primary, replayed(9), Some(5.0), Some(1.0));
        // Not promoted: there is no loss to measure yet.
        check(Some(Role::Standby), replayed(8), None, None);
        check(None, replayed(8), None, None);
    }

    #[test]
    fn between_a_closed_end_and_a_new_beginning_lies_what_is_missing() {
        let check = |looks: &[(u64, Writes, u64)], began: Option<Position>, want: (f64, u64)| {
            let mut snapshot = Snapshot::default();
            for (second, writes, end) in looks {
                let mut old = told(*second, Some(Role::Primary), None);
                (old.writes, old.end) = (Some(*writes), Some(bytes("c1", *end)));
                snapshot.record(&id("pg"), Side::A, at(*second), Ok(old));
            }
            let mut new = told(60, Some(Role::Primary), Some(replayed(1)));
            new.parted = began;
            snapshot.record(&id("pg"), Side::B, at(60), Ok(new));
            let found = measured(&site(), &snapshot, DIRECTION, &frozen(None));
            let loss = found.first().expect("it is measured");
            let missing = loss.missing.as_ref().map_or(u64::MAX, |missing| missing.amount);
            assert_eq!((loss.seconds, missing), want, "{looks:?} {}", loss.how);
        };
        let (open, closed) = (Writes::Open, Writes::Refused);
        // Idle for 41 s, and nothing is missing.
        check(&[(4, open, 500), (20, closed, 500)], Some(bytes("c1", 500)), (0.0, 0));
        // What a fenced primary writes for itself later is no data.
        check(&[(20, closed, 500), (30, closed, 900)], Some(bytes("c1", 500)), (0.0, 0));
        check(&[(20, closed, 700)], Some(bytes("c1", 500)), (9.0, 200));
        // Open again in between: what it held when it was closed first says nothing any more.
        let again = [(20, closed, 500), (30, open, 600), (40, closed, 700)];
        check(&again, Some(bytes("c1", 600)), (9.0, 100));
        let unknown = u64::MAX;
        // Killed after an idle while: a look 2 s before T0 found nothing that is missing.
        check(&[(8, open, 500)], Some(bytes("c1", 500)), (2.0, unknown));
        check(&[(8, open, 501)], Some(bytes("c1", 500)), (9.0, unknown));
        check(&[(20, closed, 500)], Some(bytes("another", 500)), (9.0, unknown));
        check(&[(20, closed, 500)], None, (9.0, unknown));
    }

    #[test]
    fn where_an_old_primary_began_itself_closes_nothing() {
        // It was promoted at 300 by an earlier failover, and is silent since T0. One that handed
        // over and follows now tells the end of what it wrote.
        let check = |role: Role, parted: u64, want: (f64, Option<u64>)| {
            let mut snapshot = Snapshot::default();
            let mut old = told(8, Some(role), None);
            (old.end, old.parted) = (Some(bytes("c1", 501)), Some(bytes("c1", parted)));
            snapshot.record(&id("pg"), Side::A, at(8), Ok(old));
            let mut new = told(60, Some(Role::Primary), Some(replayed(1)));
            new.parted = Some(bytes("c1", 500));
            snapshot.record(&id("pg"), Side::B, at(60), Ok(new));
            let found = measured(&site(), &snapshot, DIRECTION, &frozen(None));
            let loss = found.first().expect("it is measured");
            let missing = loss.missing.as_ref().map(|missing| missing.amount);
            assert_eq!((loss.seconds, missing), want, "{}", loss.how);
        };
        check(Role::Primary, 300, (9.0, None));
        check(Role::Primary, 500, (9.0, None));
        check(Role::Standby, 500, (0.0, Some(0)));
        check(Role::Standby, 501, (9.0, Some(1)));
    }

    #[test]
    fn what_was_written_after_t0_until_the_close_counts() {
        let mut snapshot = Snapshot::default();
        let mut old = told(30, Some(Role::Primary), None);
        (old.writes, old.end) = (Some(Writes::Refused), Some(bytes("c1", 700)));
        snapshot.record(&id("pg"), Side::A, at(30), Ok(old));
        let mut new = told(60, Some(Role::Primary), Some(replayed(18)));
        new.parted = Some(bytes("c1", 500));
        snapshot.record(&id("pg"), Side::B, at(60), Ok(new));
        let found = measured(&site(), &snapshot, DIRECTION, &frozen(None));
        let loss = found.first().expect("it is measured");
        assert!((loss.seconds - 12.0).abs() < 1e-9, "{loss:?}");
    }

    #[test]
    fn nothing_as_of_t0_bounds_what_was_taken_after_it() {
        let mut snapshot = Snapshot::default();
        let mut hear = |side, second, writes, end: u64, began: Option<u64>| {
            let mut reading = told(second, Some(Role::Primary), Some(replayed(9)));
            (reading.writes, reading.end) = (Some(writes), Some(bytes("c1", end)));
            reading.parted = began.map(|began| bytes("c1", began));
            snapshot.record(&id("pg"), side, at(second), Ok(reading));
            let (pg, none) = (id("pg"), frozen(None));
            let why = reopened(&pg, &snapshot, DIRECTION, at(10)).map(|why| why.to_string());
            let known = BTreeSet::from([pg]);
            let after = Frozen { reopened: &known, ..none };
            let found = [none, after].map(|frozen| {
                let found = measured(&site(), &snapshot, DIRECTION, &frozen);
                found.first().map(|loss| (loss.seconds, loss.missing.map(|one| one.amount)))
            });
            (why, found)
        };
        // Silent since T0: it may have gone on, and that is said.
        hear(Side::A, 8, Writes::Open, 501, None);
        let (why, found) = hear(Side::B, 15, Writes::Open, 0, Some(500));
        assert_eq!((why, found[0]), (None, Some((1.0, None))));
        // Heard again, and it did.
        let (why, found) = hear(Side::A, 20, Writes::Open, 800, None);
        assert!(why.unwrap().ends_with("after T0: 300 B that B has not"));
        assert_eq!(found, [None, None]);
        // Closed: all that it took counts.
        let (why, found) = hear(Side::A, 30, Writes::Refused, 900, None);
        assert_eq!((why, found[1]), (None, Some((21.0, Some(400)))));
    }
}
