//! The loss ledger: what would be lost per store if the standby were promoted now, frozen at T0.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalogue::Change;
use super::ids::{Side, SystemId};
use super::reading::{Certainty, Lag};
use super::runbook::{Runbook, Step};
use super::site::{Site, SystemSpec};
use super::snapshot::{Cell, Snapshot};
use super::time::{Stamp, no_less};

/// Whether the expected loss keeps the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LossWord")]
pub enum LossVerdict {
    /// Within the RPO.
    Pass,
    /// More than the RPO.
    Breach,
    /// No last known lag, or no objective to hold it against.
    Unknown,
}

impl LossVerdict {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Breach => "BREACH",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// The expected loss of one store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// The store.
    pub system: SystemId,
    /// The last lag known while the source was read, and the moment of that reading.
    pub last: Option<(Stamp, Lag)>,
    /// Loss expected in seconds of writes: what had not arrived + time from that sample to T0.
    pub loss_s: Option<f64>,
    /// The objective of the store's tier in seconds.
    pub rpo_s: Option<f64>,
    /// The comparison of the two.
    pub verdict: LossVerdict,
}

impl LedgerRow {
    /// The loss expected, never less than it is; `UNKNOWN` where nobody can say.
    pub fn expected(&self) -> String {
        self.loss_s.map_or_else(|| "UNKNOWN".to_owned(), no_less)
    }

    /// `pg 3.2s PASS`, `kyc UNKNOWN`.
    pub fn words(&self) -> String {
        let loss = self.loss_s.map(|_| format!("{} ", self.expected())).unwrap_or_default();
        format!("{} {loss}{}", self.system, self.verdict.word())
    }
}

/// All stores' expected losses as of one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// T0 of an incident, or now while there is none.
    pub as_of: Stamp,
    /// One row per replicated store.
    pub rows: Vec<LedgerRow>,
}

impl Ledger {
    /// Every row in words, `pg 3.2s PASS`; none where it has none.
    pub fn summary(&self) -> Option<String> {
        let rows: Vec<String> = self.rows.iter().map(LedgerRow::words).collect();
        (!rows.is_empty()).then(|| rows.join(", "))
    }

    /// The row of a store.
    pub fn row(&self, system: &SystemId) -> Option<&LedgerRow> {
        self.rows.iter().find(|row| row.system == *system)
    }
}

/// What is said of the losses where a store is there that never told anything.
const UNREAD: &str = "not known: no store was read yet";

/// What is said of them where there is no store at all.
const UNDESCRIBED: &str = "not known: no store is described";

/// What is said of the losses of a run that froze none: its plan tells whether it has a store.
pub fn no_store_on_record(plan: &Runbook) -> &'static str {
    let is_store = |step: &Step| {
        step.target.is_some() && (step.change.promotes() || step.change == Change::ProveWrite)
    };
    if plan.steps.iter().any(is_store) { UNREAD } else { UNDESCRIBED }
}

/// What is said of the losses of a site of which no store is known: never that none is lost.
pub fn no_store(site: &Site, snapshot: &Snapshot) -> &'static str {
    let read = |system: &SystemId, side: Side| {
        snapshot.cell(system, side).is_some_and(|cell| cell.last_reading.is_some())
    };
    let unread = |system: &SystemSpec| {
        let there = |side: &Side| system.sides[side.index()].is_some();
        Side::BOTH.into_iter().filter(there).any(|side| !read(&system.id, side))
    };
    if site.systems.iter().any(unread) { UNREAD } else { UNDESCRIBED }
}

/// What would be lost per store if the side opposite to `active` were promoted, as of `as_of`.
///
/// Loss = last lag that could be believed + time from its sample to `as_of` (`product.md`, loss
/// ledger); a sample taken after `as_of` counts as it is. No such lag is UNKNOWN, never 0.
pub fn freeze(site: &Site, snapshot: &Snapshot, active: Side, as_of: Stamp) -> Ledger {
    let standby = active.other();
    let rows = site
        .systems
        .iter()
        .filter(|system| is_store(snapshot, &system.id, standby))
        .map(|system| {
            let cell = snapshot.cell(&system.id, standby);
            // To be level with what lost its data is no figure.
            let whole = cell.filter(|cell| cell.lost_data().is_none());
            let last = whole.and_then(|cell| cell.last_lag.clone());
            let objective = system.objective.as_ref().and_then(|tier| site.objective(tier));
            let rpo_s = objective.map(|objective| objective.rpo.as_secs_f64());
            row(system.id.clone(), last, rpo_s, as_of)
        })
        .collect();
    Ledger { as_of, rows }
}

/// True when the system is a replicated store: one of its sides ever told a lag or a role.
pub fn is_store(snapshot: &Snapshot, system: &SystemId, standby: Side) -> bool {
    let told = |cell: &Cell| {
        cell.last_lag.is_some()
            || [&cell.last_reading, &cell.last_good]
                .into_iter()
                .flatten()
                .any(|reading| reading.role.is_some() || reading.lag.is_some())
    };
    [standby, standby.other()].into_iter().any(|side| snapshot.cell(system, side).is_some_and(told))
}

fn row(
    system: SystemId,
    last: Option<(Stamp, Lag)>,
    rpo_s: Option<f64>,
    as_of: Stamp,
) -> LedgerRow {
    let loss_s = last.as_ref().and_then(|(at, lag)| {
        let seconds = lag.loss_seconds().filter(|seconds| seconds.is_finite())?;
        (seconds >= 0.0).then(|| seconds + as_of.since(*at).as_secs_f64())
    });
    // A lower bound can break the objective but never prove that it is kept.
    let bounded = last.as_ref().is_some_and(|(_, lag)| lag.certainty == Certainty::LowerBound);
    let verdict = match (loss_s, rpo_s) {
        (Some(loss), Some(rpo)) if loss > rpo => LossVerdict::Breach,
        (Some(_), Some(_)) if !bounded => LossVerdict::Pass,
        (Some(_) | None, Some(_) | None) => LossVerdict::Unknown,
    };
    LedgerRow { system, last, loss_s, rpo_s, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_never_said_to_be_less_than_it_is() {
        let check = |loss_s: Option<f64>, verdict, want: &str| {
            let system = SystemId::new("pg").expect("a name");
            let row = LedgerRow { system, last: None, loss_s, rpo_s: Some(300.0), verdict };
            assert_eq!(row.words(), want);
        };
        check(Some(1.41), LossVerdict::Pass, "pg 1.5s PASS");
        check(Some(42.2), LossVerdict::Pass, "pg 43s PASS");
        check(Some(412.5), LossVerdict::Breach, "pg 6m53s BREACH");
        check(None, LossVerdict::Unknown, "pg UNKNOWN");
    }
}
