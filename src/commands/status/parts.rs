//! The parts of the status that are read or counted: systems, losses, 24 h figures, an open run.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::Side;
use crate::domain::ledger::LossVerdict;

/// How a system on a side was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CellWord {
    /// It works.
    Up,
    /// It works badly.
    Degraded,
    /// It failed.
    Down,
    /// Nothing can be said.
    Unknown,
    /// The last value is older than allowed.
    Stale,
    /// It was never heard of.
    NoData,
}

/// One system.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SystemStatus {
    /// Its name.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its tier.
    pub tier: Option<String>,
    /// On side A; null when it is not there.
    pub a: Option<CellStatus>,
    /// On side B; null when it is not there.
    pub b: Option<CellStatus>,
}

/// One system on one side.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CellStatus {
    /// How it was found.
    pub state: CellWord,
    /// Why, where it is not up.
    pub why: Option<String>,
    /// True when the site says that it has nothing to do on this side: its state counts for
    /// nothing.
    pub idle: bool,
    /// The URL that is asked in the place of the provider's own; null where that is asked.
    pub endpoint_override: Option<String>,
    /// The age of the last look.
    pub heard_age_s: Option<f64>,
    /// The age of the last reading.
    pub read_age_s: Option<f64>,
    /// Failed looks in a row.
    pub failures: u32,
    /// The first failed look of the series.
    pub failing_since: Option<String>,
    /// A few words of the probe, of the last reading.
    pub note: Option<String>,
    /// `primary` or `standby`, told by the system itself now.
    pub role: Option<String>,
    /// Seconds behind the other side, where that is known now.
    pub lag_s: Option<f64>,
    /// True when the lag is only a lower bound.
    pub lag_is_lower_bound: Option<bool>,
    /// Units ready, where it has units.
    pub capacity_ready: Option<u32>,
    /// Units wanted for full service.
    pub capacity_wanted: Option<u32>,
    /// Everything else that it tells now.
    pub facts: Vec<FactStatus>,
}

/// A fact by its name.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FactStatus {
    /// Its name.
    pub name: String,
    /// Its value; null when it is not known.
    pub value: FactWord,
    /// `s` for seconds, `share` for a share of 1; null for all else.
    pub unit: Option<String>,
    /// Why it is not known.
    pub unknown: Option<String>,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum FactWord {
    /// Yes or no.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A word.
    Text(String),
    /// Not known.
    Unknown(()),
}

/// The expected losses.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LedgerStatus {
    /// T0 of an incident, or now while there is none.
    pub as_of: String,
    /// True when it stands as of T0, and not of now.
    pub frozen: bool,
    /// Who accepted it, in the open run.
    pub accepted_by: Option<String>,
    /// One row per store.
    pub rows: Vec<LossStatus>,
}

/// The expected loss of one store.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LossStatus {
    /// The store.
    pub system: String,
    /// Seconds of writes.
    pub loss_s: Option<f64>,
    /// The objective of its tier.
    pub rpo_s: Option<f64>,
    /// The comparison of the two.
    pub verdict: LossVerdict,
    /// The last lag that could be believed.
    pub last_lag_s: Option<f64>,
    /// When that was read.
    pub last_lag_at: Option<String>,
}

/// What a failover would cost now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct IfFailedNow {
    /// The plan that would be run; null when there is none, and then no time is known.
    pub runbook: Option<String>,
    /// What the plan takes along its longest chain in half of all cases.
    pub expected_rto_p50_s: Option<f64>,
    /// The same in eight of ten cases.
    pub expected_rto_p80_s: Option<f64>,
    /// The objective.
    pub rto_s: Option<f64>,
    /// The objective less what is expected.
    pub margin_s: Option<f64>,
    /// The store that would lose most of its objective, a loss that is not known first.
    pub worst_store: Option<LossStatus>,
}

/// The figures of the last 24 hours.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DayStatus {
    /// The share of the time watched in which the standby was GO.
    pub go_share: Option<f64>,
    /// The time watched.
    pub watched_s: f64,
    /// Good looks of all at side A.
    pub answered_share_a: Option<f64>,
    /// Good looks of all at side B.
    pub answered_share_b: Option<f64>,
    /// The largest lag of each store.
    pub worst_lags: Vec<WorstLagStatus>,
}

/// The largest lag of a store in the last 24 hours.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WorstLagStatus {
    /// The store.
    pub system: String,
    /// The lag.
    pub lag_s: f64,
    /// The hour of the day in UTC in which it was.
    #[schemars(range(min = 0, max = 23))]
    pub hour_utc: u8,
}

/// An open run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunStatus {
    /// Its name.
    pub id: String,
    /// `LIVE`, `DRILL` or `SIM`.
    pub kind: String,
    /// The runbook.
    pub runbook: String,
    /// The side that it leaves.
    pub from: Side,
    /// The side that it goes to.
    pub to: Side,
    /// `planned` or `ungraceful`.
    pub mode: String,
    /// Where it is in its life.
    pub stage: String,
    /// When it was opened.
    pub opened_at: String,
    /// By whom.
    pub opened_by: String,
    /// When it was declared; null before.
    pub declared_at: Option<String>,
    /// By whom.
    pub declared_by: Option<String>,
    /// T0.
    pub t0: Option<String>,
    /// Time since T0, to the restoration once that was seen.
    pub elapsed_s: Option<f64>,
    /// How much more the wall clock says: so much may be missing from `elapsed_s`; null when the
    /// two clocks agree.
    pub wall_ahead_s: Option<f64>,
    /// The objective.
    pub rto_s: Option<f64>,
    /// The state of the objective, such as `ON TRACK`.
    pub rto_state: String,
    /// What is left until the clock can stop, in half of all cases.
    pub remaining_p50_s: f64,
    /// The same in eight of ten cases.
    pub remaining_p80_s: f64,
    /// Time from T0 to the expected finish, in half of all cases.
    pub finish_p50_s: Option<f64>,
    /// The same in eight of ten cases.
    pub finish_p80_s: Option<f64>,
    /// The objective less that finish of eight in ten; negative when it comes too late.
    pub margin_s: Option<f64>,
    /// True while the plan is held.
    pub held: bool,
    /// The one current step; null when none is left.
    pub current_step: Option<StepStatus>,
    /// Steps that are done, skipped or taken back.
    pub steps_finished: usize,
    /// All steps.
    pub steps: usize,
    /// What a check of the journal's chain found.
    pub journal: String,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StepStatus {
    /// Its name.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Where it is in its life.
    pub phase: String,
    /// Since when its open attempt runs.
    pub running_s: Option<f64>,
    /// How long it usually takes.
    pub expect_s: f64,
}
