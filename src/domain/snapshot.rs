//! The latest heard of every system on every side; an error never erases the last good reading.

mod emptied;
mod facts;
mod split;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::history::{History, Sample};
use super::ids::{Side, SystemId};
use super::in_order;
use super::reading::{Basis, Health, Lag, Look, LookError, Position, Reading};
use super::text::Clean;
use super::time::Stamp;
pub use emptied::{EMPTIED, Emptied, Emptying, Kept, Whole};

/// Periods after which a value that was not renewed is stale.
pub const STALE_PERIODS: u32 = 3;

/// The shortest age at which a value may be called stale.
pub const STALE_AGE_MIN: Duration = Duration::from_secs(5);

/// A pause in looking after which a series of failures is not the same outage any more.
pub const SERIES_PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Readings of both sides that are further apart than this are not of one moment.
pub const PAIR_AGE_MAX: Duration = Duration::from_secs(60);

/// Names and docs of the facts that every system has.
pub const COMMON_FACTS: [(&str, &str); 10] = [
    ("healthy", "yes when the last look found it up"),
    ("healthy_for", "how long every look has found it up"),
    ("role", "`primary` or `standby`, told by the system itself"),
    ("writes", "`open`, `refused` or `unknown`: whether this side takes writes"),
    ("lag", "seconds behind the other side; unknown while the source is not read"),
    (EMPTIED, "yes while data that this side held is gone and nobody has accepted that"),
    ("capacity", "ready of wanted units, 0 to 1"),
    ("error_rate", "failed looks of all looks in the last 60 s, 0 to 1"),
    ("p50", "median answer time of the last 60 s"),
    ("p95", "95th percentile of the answer times of the last 60 s"),
];

/// The earlier of two moments: by the boot clock within one boot, else by the wall clock.
pub fn earlier(one: Stamp, other: Stamp) -> Stamp {
    let first = if one.boot == other.boot {
        one.boot_ms <= other.boot_ms
    } else {
        one.wall_ms <= other.wall_ms
    };
    if first { one } else { other }
}

/// The lag of a reading in seconds, where it is a figure that may be believed.
///
/// Not believed are: a lag whose source was not read, a negative one (the clocks disagree or the
/// regions are swapped), one that is no number, and one that a replica with a dead link tells from
/// what it last replayed: that is 0 for as long as nothing arrives (`systems.md` 0.1, rule 2).
pub fn trusted_lag(reading: &Reading) -> Option<f64> {
    let lag = reading.lag.as_ref()?;
    let seconds = lag.known_seconds()?;
    let link_is_dead = reading.link_state().is_some_and(|state| state.is_dead());
    let from_replay = match lag.basis {
        Basis::ReplayTimestamp | Basis::Metric => true,
        Basis::Heartbeat | Basis::LogPosition | Basis::Offset | Basis::Simulated => false,
    };
    (seconds.is_finite() && seconds >= 0.0 && !(link_is_dead && from_replay)).then_some(seconds)
}

/// All that is known of one system on one side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The last reading of a working system.
    pub last_good: Option<Reading>,
    /// The last reading of any kind, also one that says down.
    pub last_reading: Option<Reading>,
    /// The last failed look, if it is newer than the last reading.
    pub last_error: Option<(Stamp, LookError)>,
    /// When the last look of any outcome began.
    pub heard: Option<Stamp>,
    /// Failed looks in a row.
    pub failures: u32,
    /// When the first failed look of the present series began.
    pub first_failure: Option<Stamp>,
    /// Since when every look was healthy (`Up`), if the last one was.
    pub healthy_since: Option<Stamp>,
    /// Since when every look was degraded, if the last one was.
    pub degraded_since: Option<Stamp>,
    /// Since when no look was healthy, failed and degraded ones taken together.
    #[serde(default)]
    pub unwell_since: Option<Stamp>,
    /// The last lag that could be believed, with the moment of its reading.
    pub last_lag: Option<(Stamp, Lag)>,
    /// When another server, or the same one started anew, was first read under this name.
    #[serde(default)]
    pub exchanged: Option<Stamp>,
    /// Since when each reading tells of another primary, on neither side.
    #[serde(default)]
    pub rival_since: Option<Stamp>,
    /// What is remembered of the data that it held.
    #[serde(default, flatten)]
    pub kept: Kept,
    /// The same of each part that holds data by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Kept>,
    /// Past looks, from which rates, percentiles and lags over time are taken.
    pub history: History,
}

/// How a cell looks right now.
#[derive(Debug, Clone, PartialEq)]
pub enum CellState {
    /// Working, heard of recently.
    Up,
    /// Working badly; the reason.
    Degraded(Clean),
    /// Failed looks; the reason.
    Down(Clean),
    /// Nothing can be said; the reason.
    Unknown(Clean),
    /// The last value is older than allowed.
    Stale(Duration),
    /// Never heard of.
    NoData,
}

impl Cell {
    /// Takes in the outcome of one look that began at `at`.
    pub fn record(&mut self, at: Stamp, mut look: Look) {
        if let Ok(reading) = &mut look {
            self.follow_server(at, reading);
            self.follow_data(at, reading);
        }
        self.end_series_after_pause(at);
        self.heard = Some(at);
        let failed = match &look {
            Ok(reading) => matches!(reading.health, Health::Down(_)),
            Err(error) => error.counts_as_failure(),
        };
        let says_nothing = match &look {
            Ok(reading) => matches!(reading.health, Health::Unknown(_)),
            Err(error) => !error.counts_as_failure(),
        };
        if failed {
            self.failures = self.failures.saturating_add(1);
            self.first_failure.get_or_insert(at);
            self.unwell_since.get_or_insert(at);
        } else if !says_nothing {
            self.failures = 0;
            self.first_failure = None;
        }
        if !says_nothing {
            let reading = look.as_ref().ok();
            self.history.push(Sample {
                at,
                good: !failed,
                took_ms: reading.and_then(|reading| reading.took_ms),
                lag_s: reading.and_then(trusted_lag),
            });
        }
        match look {
            Ok(reading) => self.record_reading(at, reading),
            Err(error) => {
                self.healthy_since = None;
                self.degraded_since = None;
                self.last_error = Some((at, error));
            }
        }
    }

    /// After a long pause in looking (a closed console, another day) every series begins anew: what
    /// failed yesterday and fails today need not be one outage.
    fn end_series_after_pause(&mut self, at: Stamp) {
        let Some(heard) = self.heard else { return };
        let mut newest = self.history.samples().rev();
        let usual = match (newest.next(), newest.next()) {
            (Some(last), Some(before)) => last.at.since(before.at),
            (None | Some(_), _) => return,
        };
        let pause = at.since(heard);
        if pause > SERIES_PAUSE_MAX && pause > usual * STALE_PERIODS {
            (self.failures, self.first_failure, self.unwell_since) = (0, None, None);
            (self.healthy_since, self.degraded_since) = (None, None);
        }
    }

    fn record_reading(&mut self, at: Stamp, reading: Reading) {
        self.last_error = None;
        self.rival_since = reading.rival.as_ref().map(|_| self.rival_since.unwrap_or(at));
        match &reading.health {
            Health::Up => {
                self.healthy_since.get_or_insert(at);
                self.degraded_since = None;
                self.unwell_since = None;
            }
            Health::Degraded(_) => {
                self.degraded_since.get_or_insert(at);
                self.unwell_since.get_or_insert(at);
                self.healthy_since = None;
            }
            Health::Down(_) | Health::Unknown(_) => {
                self.healthy_since = None;
                self.degraded_since = None;
            }
        }
        if let Some(lag) = &reading.lag
            && trusted_lag(&reading).is_some()
        {
            self.last_lag = Some((at, lag.clone()));
        }
        if matches!(reading.health, Health::Up | Health::Degraded(_)) {
            self.last_good = Some(reading.clone());
        }
        self.last_reading = Some(reading);
    }

    /// The age after which the value of a system looked at `every` so often is stale.
    pub fn stale_after(every: Duration) -> Duration {
        (every * STALE_PERIODS).max(STALE_AGE_MIN)
    }

    /// True when `at` is recent enough to speak for `now`. What an earlier boot heard never is: the
    /// machine was off in between, and only the wall clock could say for how long.
    pub fn is_fresh(at: Stamp, now: Stamp, every: Duration) -> bool {
        at.boot == now.boot && now.since(at) <= Self::stale_after(every)
    }

    /// How the cell looks at `now`, for a system looked at `every` so often.
    pub fn state(&self, now: Stamp, every: Duration) -> CellState {
        let Some(heard) = self.heard else { return CellState::NoData };
        if !Self::is_fresh(heard, now, every) {
            return CellState::Stale(now.since(heard));
        }
        if let Some((_, error)) = &self.last_error {
            return if error.counts_as_failure() {
                CellState::Down(error.message.clone())
            } else {
                CellState::Unknown(error.message.clone())
            };
        }
        match self.last_reading.as_ref().map(|reading| &reading.health) {
            Some(Health::Up) => CellState::Up,
            Some(Health::Degraded(why)) => CellState::Degraded(why.clone()),
            Some(Health::Down(why)) => CellState::Down(why.clone()),
            Some(Health::Unknown(why)) => CellState::Unknown(why.clone()),
            None => CellState::NoData,
        }
    }

    /// The reading, when it is the newest thing heard and not stale.
    pub fn current(&self, now: Stamp, every: Duration) -> Option<&Reading> {
        let reading = self.last_reading.as_ref()?;
        let fresh = Self::is_fresh(reading.at, now, every);
        (fresh && self.last_error.is_none()).then_some(reading)
    }
}

/// The cells of all systems on both sides, and whether the reference answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    #[serde(serialize_with = "in_order::write")]
    cells: HashMap<SystemId, Box<[Cell; 2]>>,
    /// Since when neither side of a system has been proven closed.
    #[serde(default, alias = "both_primary_since")]
    both_open_since: BTreeMap<SystemId, Stamp>,
    /// Where the history of a primary ended when it was first read as closed to writes, per side.
    #[serde(default)]
    closed_at: BTreeMap<SystemId, [Option<(Stamp, Position)>; 2]>,
    /// The reference target's cell: silent too means that our own network is down.
    pub reference: Cell,
}

impl Snapshot {
    /// Takes in the outcome of one look.
    pub fn record(&mut self, system: &SystemId, side: Side, at: Stamp, look: Look) {
        if !self.cells.contains_key(system) {
            self.cells.insert(system.clone(), Box::default());
        }
        if let Some(pair) = self.cells.get_mut(system) {
            pair[side.index()].record(at, look);
            emptied::mend(pair);
            match split::read(pair, at) {
                Some(true) => {
                    self.both_open_since.entry(system.clone()).or_insert(at);
                }
                Some(false) => {
                    self.both_open_since.remove(system);
                }
                None => {}
            }
            self.note_closed(system, side, at);
        }
    }

    /// Since when neither side of the system has been proven closed, although both were read as
    /// primaries; one of them may be silent by now.
    pub fn both_open_since(&self, system: &SystemId) -> Option<Stamp> {
        self.both_open_since.get(system).copied()
    }

    /// Where a primary's history ended when it was first read as closed, while it still is.
    pub fn closed_at(&self, system: &SystemId, side: Side) -> Option<&(Stamp, Position)> {
        self.closed_at.get(system)?[side.index()].as_ref()
    }

    /// The cell of a system on a side.
    pub fn cell(&self, system: &SystemId, side: Side) -> Option<&Cell> {
        self.cells.get(system).map(|pair| &pair[side.index()])
    }

    /// Puts back what an earlier console remembered, where nothing newer was heard.
    pub fn remember(&mut self, system: &SystemId, side: Side, cell: Cell) {
        let pair = self.cells.entry(system.clone()).or_default();
        if pair[side.index()].heard.is_none() {
            pair[side.index()] = cell;
        }
    }

    /// Puts back all that an earlier console remembered.
    pub fn remember_all(&mut self, earlier: Self) {
        for (system, pair) in earlier.cells {
            let [a, b] = *pair;
            self.remember(&system, Side::A, a);
            self.remember(&system, Side::B, b);
        }
        if self.reference.heard.is_none() {
            self.reference = earlier.reference;
        }
        self.both_open_since.extend(earlier.both_open_since);
        self.closed_at.extend(earlier.closed_at);
    }

    /// What is worth keeping across consoles: everything but the histories.
    pub fn without_histories(&self) -> Self {
        let bare = |cell: &Cell| Cell {
            last_good: cell.last_good.clone(),
            last_reading: cell.last_reading.clone(),
            last_error: cell.last_error.clone(),
            heard: cell.heard,
            failures: cell.failures,
            first_failure: cell.first_failure,
            healthy_since: cell.healthy_since,
            degraded_since: cell.degraded_since,
            last_lag: cell.last_lag.clone(),
            rival_since: cell.rival_since,
            kept: cell.kept.clone(),
            parts: cell.parts.clone(),
            ..Cell::default()
        };
        Self {
            cells: self
                .cells
                .iter()
                .map(|(id, pair)| (id.clone(), Box::new([bare(&pair[0]), bare(&pair[1])])))
                .collect(),
            both_open_since: self.both_open_since.clone(),
            closed_at: self.closed_at.clone(),
            reference: bare(&self.reference),
        }
    }

    /// All cells, by the names of their systems.
    pub fn cells(&self) -> impl Iterator<Item = (&SystemId, Side, &Cell)> {
        in_order::in_order(&self.cells).into_iter().flat_map(|(id, pair)| {
            Side::BOTH.into_iter().map(move |side| (id, side, &pair[side.index()]))
        })
    }

    /// The wall time of the newest look of all, for "poll 2 s ago".
    pub fn last_heard(&self) -> Option<Stamp> {
        let heard = self.cells.values().flat_map(|pair| pair.iter()).filter_map(|cell| cell.heard);
        heard.max_by_key(|at| (at.boot_ms, at.wall_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::{Certainty, Fact, FactValue, LagUnit, LookErrorKind};
    use crate::domain::time::BootId;

    const EVERY: Duration = Duration::from_secs(2);

    fn at(second: u64) -> Stamp {
        Stamp { wall_ms: 0, boot_ms: second * 1000, boot: BootId(1) }
    }

    fn up(second: u64) -> Reading {
        Reading::new(at(second), Health::Up, "fine")
    }

    fn down(kind: LookErrorKind) -> Look {
        Err(LookError::new(kind, "no answer"))
    }

    #[test]
    fn errors_never_erase_and_missing_rights_are_not_failures() {
        let mut cell = Cell::default();
        assert_eq!(cell.state(at(0), EVERY), CellState::NoData);
        cell.record(at(0), Ok(up(0)));
        cell.record(at(2), down(LookErrorKind::Permission));
        assert_eq!((cell.failures, cell.first_failure), (0, None));
        assert_eq!(cell.state(at(2), EVERY), CellState::Unknown("no answer".into()));
        cell.record(at(4), down(LookErrorKind::Timeout));
        cell.record(at(6), down(LookErrorKind::Unreachable));
        assert_eq!((cell.failures, cell.first_failure), (2, Some(at(4))));
        assert_eq!(cell.state(at(6), EVERY), CellState::Down("no answer".into()));
        assert_eq!(cell.last_good.as_ref().map(|reading| reading.at), Some(at(0)));
        cell.record(at(8), Ok(up(8)));
        assert_eq!((cell.failures, cell.first_failure), (0, None));
        assert_eq!(cell.state(at(8), EVERY), CellState::Up);
        assert_eq!(cell.state(at(15), EVERY), CellState::Stale(Duration::from_secs(7)));
    }

    #[test]
    fn only_a_lag_that_can_be_believed_is_kept() {
        let check = |seconds: f64, certainty, basis, link_up: Option<bool>, want: Option<f64>| {
            let mut reading = up(2);
            let (amount, unit) = (None, LagUnit::Bytes);
            reading.lag = Some(Lag {
                seconds: Some(seconds),
                amount,
                unit,
                basis,
                certainty,
                unreceived: None,
            });
            reading.facts.extend(
                link_up
                    .map(|yes| Fact { name: "link_up".to_owned(), value: FactValue::Boolean(yes) }),
            );
            let mut cell = Cell::default();
            cell.record(at(2), Ok(reading));
            let kept = cell.last_lag.as_ref().and_then(|(_, lag)| lag.known_seconds());
            assert_eq!(kept, want, "{seconds} {certainty:?} {basis:?} {link_up:?}");
            let fact = cell.fact("lag", at(2), EVERY);
            assert_eq!(fact == FactValue::Seconds(seconds), want.is_some(), "{fact:?}");
        };
        let (known, replay) = (Certainty::Known, Basis::ReplayTimestamp);
        check(0.0, known, Basis::LogPosition, None, Some(0.0));
        check(0.0, known, Basis::LogPosition, Some(false), Some(0.0));
        check(0.0, known, replay, Some(true), Some(0.0));
        // Nothing arrives any more, so nothing is outstanding: that is not zero lag.
        check(0.0, known, replay, Some(false), None);
        check(0.0, known, Basis::Metric, Some(false), None);
        check(0.0, Certainty::Unknown, Basis::LogPosition, None, None);
        check(3.0, Certainty::LowerBound, Basis::Heartbeat, None, Some(3.0));
        check(-0.1, known, Basis::Heartbeat, None, None);
        check(f64::INFINITY, known, Basis::Heartbeat, None, None);
    }

    #[test]
    fn facts_of_a_silent_system_are_unknown() {
        let mut cell = Cell::default();
        cell.record(at(0), Ok(up(0)));
        cell.record(at(2), Ok(up(2)));
        assert_eq!(cell.fact("healthy_for", at(3), EVERY), FactValue::Seconds(3.0));
        cell.record(at(4), down(LookErrorKind::Timeout));
        for name in ["healthy", "healthy_for", "lag", "role"] {
            assert!(matches!(cell.fact(name, at(4), EVERY), FactValue::Unknown(_)), "{name}");
        }
    }
}
