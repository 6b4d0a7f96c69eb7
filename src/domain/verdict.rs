//! What the readings mean: is the primary lost, is it us, is the standby fit, what else is wrong.

use serde::{Deserialize, Serialize};

use super::ids::{Side, SystemId};
use super::text::Clean;
use super::time::Stamp;

/// May the standby be taken into service now? Only `Go` may be without reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All criteria are met.
    Go,
    /// It may be, with these doubts.
    Caution(Vec<Clean>),
    /// It must not be, for these reasons.
    NoGo(Vec<Clean>),
    /// It cannot be told, for these reasons.
    Blind(Vec<Clean>),
}

impl Verdict {
    /// `GO`, `CAUTION`, `NO-GO` or `BLIND`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::Caution(_) => "CAUTION",
            Self::NoGo(_) => "NO-GO",
            Self::Blind(_) => "BLIND",
        }
    }

    /// The reasons, none for `Go`.
    #[must_use]
    pub fn reasons(&self) -> &[Clean] {
        match self {
            Self::Go => &[],
            Self::Caution(reasons) | Self::NoGo(reasons) | Self::Blind(reasons) => reasons,
        }
    }
}

/// How urgent an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// `■1`.
    ActNow,
    /// `▲2`.
    ActSoon,
    /// `◆3`.
    Know,
}

/// One thing that is wrong, with what follows from it folded beneath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Stays the same from frame to frame, so that it can be acknowledged: `down/a`,
    /// `rule/pg_down/a`.
    pub key: String,
    /// How urgent.
    pub priority: Priority,
    /// The system it is about, where it is one.
    pub system: Option<SystemId>,
    /// The region it is about, where it is one.
    pub side: Option<Side>,
    /// Since when.
    pub since: Option<Stamp>,
    /// One sentence.
    pub sentence: Clean,
    /// Alarms that this one explains.
    pub consequences: Vec<Clean>,
}

/// One failing system that speaks for the loss of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The system.
    pub system: SystemId,
    /// The start of the first failed look of its series.
    pub since: Stamp,
    /// What the looks said.
    pub why: Clean,
}

/// How well the start of an outage is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum T0Basis {
    /// The first failed look after a good one was seen.
    Exact,
    /// The first look of all already failed: T0 is at or before it.
    AtOrBefore,
    /// A commander set it, with a reason.
    Set,
}

/// The state of the region that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Primary {
    /// No rule speaks against it.
    Healthy,
    /// Something fails, but fewer systems than it takes.
    Suspect {
        /// What fails.
        signals: Vec<Signal>,
    },
    /// Enough distinct systems fail while the reference answers.
    Red {
        /// The first failed look of the series.
        t0: Stamp,
        /// How well that is known.
        basis: T0Basis,
        /// What fails.
        signals: Vec<Signal>,
    },
    /// The reference is silent too: our own network.
    ItIsUs {
        /// What fails.
        signals: Vec<Signal>,
    },
    /// Not enough is known to say; the reason.
    Blind(Clean),
}

/// Whether a written criterion is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It cannot be told.
    Unknown,
}

/// One written go/no-go criterion with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// What is asked, such as `pg in B follows`.
    pub asks: Clean,
    /// Whether it is so.
    pub met: Met,
    /// The evidence.
    pub evidence: Clean,
}

/// Everything the readings mean at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The region that serves or served until the incident.
    pub active: Side,
    /// Its state.
    pub primary: Primary,
    /// Systems that report two primaries: their names and since when.
    pub split_brain: Vec<(SystemId, Stamp)>,
    /// What is wrong, most urgent first, causes before consequences.
    pub alarms: Vec<Alarm>,
    /// The written criteria for taking the standby into service.
    pub criteria: Vec<Criterion>,
    /// The sum of the criteria.
    pub verdict: Verdict,
}

impl Assessment {
    /// The standby's side.
    #[must_use]
    pub fn standby(&self) -> Side {
        self.active.other()
    }
}
