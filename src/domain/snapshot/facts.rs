//! The facts of a cell by name, the same for every system, for gates and checks to compare.

use std::time::Duration;

use super::{Cell, CellState, EMPTIED, earlier, trusted_lag};
use crate::domain::reading::{Certainty, FactValue, Health, Writes};
use crate::domain::time::{Stamp, short_time};

impl Cell {
    /// The first look after the last pause in looking that the history remembers, of a system
    /// looked at `every` so often: time in which nobody looked proves nothing.
    pub fn last_pause_end(&self, every: Duration) -> Option<Stamp> {
        let mut later: Option<Stamp> = None;
        for sample in self.history.samples().rev() {
            if let Some(after) = later
                && !Self::is_fresh(sample.at, after, every)
            {
                return Some(after);
            }
            later = Some(sample.at);
        }
        None
    }

    /// Since when the system was seen healthy at every look, without a pause in looking.
    pub fn seen_healthy_since(&self, every: Duration) -> Option<Stamp> {
        let since = self.healthy_since?;
        let pause = self.last_pause_end(every).unwrap_or(since);
        Some(if earlier(since, pause) == since { pause } else { since })
    }

    /// The value of a fact at `now`: one that every system has, or one that the system told.
    pub fn fact(&self, name: &str, now: Stamp, every: Duration) -> FactValue {
        let Some(reading) = self.current(now, every) else {
            return FactValue::Unknown(match self.state(now, every) {
                CellState::NoData => "no data yet".into(),
                CellState::Stale(age) => format!("last read {} ago", short_time(age)).into(),
                CellState::Down(why) | CellState::Unknown(why) | CellState::Degraded(why) => why,
                CellState::Up => "no reading".into(),
            });
        };
        let window = Duration::from_secs(60);
        let unknown = |why: &str| FactValue::Unknown(why.into());
        match name {
            "healthy" => FactValue::Boolean(matches!(reading.health, Health::Up)),
            "healthy_for" => FactValue::Seconds(
                self.seen_healthy_since(every).map_or(0.0, |since| now.since(since).as_secs_f64()),
            ),
            "role" => reading.role.map_or_else(
                || unknown("the system told no role"),
                |role| FactValue::Text(role.word().to_lowercase().into()),
            ),
            "writes" => match reading.writes {
                Some(writes @ (Writes::Open | Writes::Refused)) => {
                    FactValue::Text(writes.word().into())
                }
                Some(Writes::Unknown) => unknown("the system cannot tell whether it takes writes"),
                None => unknown("the system told nothing of writes"),
            },
            "lag" => match (&reading.lag, trusted_lag(reading)) {
                (_, Some(seconds)) => FactValue::Seconds(seconds),
                (None, None) => unknown("the system told no lag"),
                (Some(lag), None) => unknown(match lag.known_seconds() {
                    Some(seconds) if seconds < 0.0 => "a negative lag: the clocks disagree",
                    Some(_) => "its link to the source is down",
                    None if lag.certainty == Certainty::Unknown => "the source side was not read",
                    None => "it cannot be told in seconds",
                }),
            },
            EMPTIED => FactValue::Boolean(self.emptied().next().is_some()),
            // The older name of Redis for the same, of a primary or of what copied it.
            "empty_primary" if self.lost_data().is_some() => FactValue::Boolean(true),
            "capacity" => reading.capacity.map_or_else(
                || unknown("the system told no capacity"),
                |capacity| FactValue::Share(capacity.share()),
            ),
            "error_rate" => self
                .history
                .error_rate(now, window, 1)
                .map_or_else(|| unknown("no samples"), FactValue::Share),
            "p50" | "p95" => self
                .history
                .percentile(now, window, if name == "p50" { 50 } else { 95 }, 1)
                .map_or_else(
                    || unknown("no samples"),
                    |time| FactValue::Seconds(time.as_secs_f64()),
                ),
            _ => {
                reading.fact(name).cloned().unwrap_or_else(|| unknown("the system did not tell it"))
            }
        }
    }
}
