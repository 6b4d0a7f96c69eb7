//! The form of `warroom status --json`. Fields may be added; one that is there keeps its meaning.

use schemars::JsonSchema;
use serde::Serialize;

use super::parts::{CellWord, DayStatus, IfFailedNow, LedgerStatus, RunStatus, SystemStatus};
use crate::domain::ids::Side;
use crate::domain::known::Part;
use crate::domain::readiness::Drift;
use crate::domain::verdict::{Met, T0Basis};

/// The number of this form; it changes when a field goes or changes its meaning.
pub const SCHEMA: u32 = 1;

/// How a site is at one moment. Times are UTC (`2026-11-20T14:02:10Z`), lengths are in seconds
/// (`_s`), shares go from 0 to 1; null is not known, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// The number of this form: 1.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The version of the program that looked.
    pub version: String,
    /// When it was judged.
    pub at: String,
    /// The site.
    pub site: SiteStatus,
    /// The side that serves, or served until the incident.
    pub active_side: Side,
    /// The part that each side plays now.
    pub parts: PartsStatus,
    /// The step of the open run that took the standby into service: `verdict` and `criteria` still
    /// ask whether it may be; null before that.
    pub decided_by: Option<String>,
    /// The state of the side that serves.
    pub primary: PrimaryStatus,
    /// May the standby be taken into service now?
    pub verdict: VerdictStatus,
    /// The written criteria, what speaks loudest first.
    pub criteria: Vec<CriterionStatus>,
    /// What is wrong, most urgent first.
    pub alarms: Vec<AlarmStatus>,
    /// Systems that report two primaries.
    pub split_brain: Vec<SplitBrainStatus>,
    /// Whether the reference outside both regions answers.
    pub reference: ReferenceStatus,
    /// Every system, in the order of the site file.
    pub systems: Vec<SystemStatus>,
    /// What would be lost per store.
    pub ledger: LedgerStatus,
    /// What a failover would cost now; null while there is an incident or a run.
    pub if_failed_now: Option<IfFailedNow>,
    /// The figures of the last 24 hours, as consoles and watchers of this machine kept them.
    pub last_24h: DayStatus,
    /// The run that is open; null when there is none.
    pub run: Option<RunStatus>,
    /// What of other state folders works on the site now, as far as this machine tells; null when
    /// nothing is found. Their runs, and those of other machines, are never in `run`.
    pub elsewhere: Option<String>,
    /// Why an open run could not be read; null when it could, or there is none.
    pub run_trouble: Option<String>,
}

/// Which site, and whether it is a real one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SiteStatus {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// True when a system of it is simulated.
    pub simulated: bool,
    /// The systems of which something stands in for the provider, as `endpoint_override` of their
    /// sides says: a site that has some is not production, or not all of it.
    pub endpoint_overrides: Vec<String>,
    /// What people call side A.
    pub a: String,
    /// What people call side B.
    pub b: String,
}

/// The part that each side plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartsStatus {
    /// That of side A.
    pub a: Part,
    /// That of side B.
    pub b: Part,
}

/// The state of a primary in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrimaryWord {
    /// Nothing speaks against it.
    Healthy,
    /// Something fails, but less than it takes, or for less long.
    Suspect,
    /// It is lost.
    Red,
    /// The reference is silent too: our own network.
    ItIsUs,
    /// Not enough is known to say.
    Blind,
}

/// The state of the side that serves.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PrimaryStatus {
    /// In a word.
    pub state: PrimaryWord,
    /// Why nothing can be said, when it is blind.
    pub why: Option<String>,
    /// The first failed look, while it is red.
    pub t0: Option<String>,
    /// How well that is known.
    pub t0_basis: Option<T0Basis>,
    /// Since when a console of this machine calls it red, where these few looks do not: a rule over
    /// a window of time wants more of them.
    pub called_red_since: Option<String>,
    /// Time since T0.
    pub elapsed_s: Option<f64>,
    /// What fails.
    pub signals: Vec<SignalStatus>,
}

/// One failing system that speaks for the loss of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignalStatus {
    /// The system.
    pub system: String,
    /// The first failed look of its series.
    pub since: String,
    /// What the looks said.
    pub why: String,
}

/// GO, CAUTION, NO-GO or BLIND.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// All criteria are met.
    Go,
    /// It may be, with doubts.
    Caution,
    /// It must not be.
    NoGo,
    /// It cannot be told.
    Blind,
}

/// The sum of the criteria.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerdictStatus {
    /// In a word; what was accepted does not change it.
    pub word: VerdictWord,
    /// With what was accepted: `NO-GO, 1 of 1 accepted by anna`.
    pub sum: String,
    /// Criteria that are met.
    pub met: usize,
    /// Criteria that are not met.
    pub not_met: usize,
    /// Criteria of which it cannot be told.
    pub unknown: usize,
}

/// One written criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CriterionStatus {
    /// Stays the same from time to time: `healthy/pg/b`.
    pub key: String,
    /// What is asked.
    pub asks: String,
    /// Whether it is so.
    pub met: Met,
    /// What is seen.
    pub evidence: String,
    /// The same in a sentence: what is, before what is wanted.
    pub says: String,
    /// The same behind its word, for a person: `UNKNOWN pg in B: no data yet (wanted: healthy)`.
    #[serde(skip)]
    pub told: String,
    /// Since when it has been so.
    pub since: Option<String>,
    /// True when it was seen to become so then; false when it may have been so before.
    pub since_exact: Option<bool>,
    /// Who accepted it as it is, in the open run.
    pub accepted: Option<AcceptedStatus>,
}

/// The acceptance of a criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcceptedStatus {
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
    /// What was seen then.
    pub evidence: String,
    /// What became of it since.
    pub drift: Drift,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlarmStatus {
    /// Stays the same from time to time: `down/a`.
    pub key: String,
    /// 1 act now, 2 act soon, 3 know.
    #[schemars(range(min = 1, max = 3))]
    pub priority: u8,
    /// The system it is about, where it is one.
    pub system: Option<String>,
    /// The side it is about, where it is one.
    pub side: Option<Side>,
    /// Since when.
    pub since: Option<String>,
    /// One sentence.
    pub sentence: String,
    /// What follows from it.
    pub consequences: Vec<String>,
}

/// A system with two primaries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SplitBrainStatus {
    /// The system.
    pub system: String,
    /// Since when.
    pub since: String,
}

/// The reference outside both regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReferenceStatus {
    /// True when the site names one.
    pub configured: bool,
    /// How it was found.
    pub state: CellWord,
    /// Why, where it is not up.
    pub why: Option<String>,
}
