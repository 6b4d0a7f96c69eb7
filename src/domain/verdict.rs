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

    /// The sum of the criteria: one that is not met speaks louder than one that cannot be told.
    #[must_use]
    pub fn of(criteria: &[Criterion]) -> Self {
        let reasons = |want: &dyn Fn(&Criterion) -> bool| -> Vec<Clean> {
            let wanted = criteria.iter().filter(|criterion| want(criterion));
            wanted.map(|line| format!("{}: {}", line.asks, line.evidence).into()).collect()
        };
        let against = reasons(&|criterion| criterion.met == Met::No);
        let blind = reasons(&|criterion| criterion.met == Met::Unknown && criterion.blinds);
        let doubts = reasons(&|criterion| criterion.met == Met::Unknown);
        if !against.is_empty() {
            Self::NoGo(against)
        } else if !blind.is_empty() {
            Self::Blind(blind)
        } else if !doubts.is_empty() {
            Self::Caution(doubts)
        } else if criteria.is_empty() {
            Self::Blind(vec!["nothing is known of the standby".into()])
        } else {
            Self::Go
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

impl Primary {
    /// What fails; none where nothing does, or nothing can be told.
    #[must_use]
    pub fn signals(&self) -> &[Signal] {
        match self {
            Self::Suspect { signals } | Self::Red { signals, .. } | Self::ItIsUs { signals } => {
                signals
            }
            Self::Healthy | Self::Blind(_) => &[],
        }
    }
}

/// Whether a written criterion is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It cannot be told.
    Unknown,
}

impl Met {
    /// `met`, `NOT MET` or `UNKNOWN`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "met",
            Self::No => "NOT MET",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Since when a criterion has been as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The first moment at which it was seen so.
    pub at: Stamp,
    /// True when it was seen to become so; false when it was so at the first look of all.
    pub exact: bool,
}

/// One written go/no-go criterion with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// Stays the same from frame to frame and from run to run: `healthy/pg/b`.
    pub key: String,
    /// What is asked, such as `pg in B follows`.
    pub asks: Clean,
    /// Whether it is so.
    pub met: Met,
    /// The evidence.
    pub evidence: Clean,
    /// True when not knowing it is being blind instead of doubtful.
    pub blinds: bool,
    /// Since when it has been so; none before anybody kept count.
    pub since: Option<Since>,
}

impl Criterion {
    /// A criterion of which nobody kept count yet; not knowing it is a doubt.
    #[must_use]
    pub fn new(key: String, asks: impl Into<Clean>, met: Met, evidence: impl Into<Clean>) -> Self {
        let (asks, evidence) = (asks.into(), evidence.into());
        Self { key, asks, met, evidence, blinds: false, since: None }
    }
}

/// Everything the readings mean at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The region that serves or served until the incident.
    pub active: Side,
    /// Its state.
    pub primary: Primary,
    /// True when as much fails at the other side as would make a primary red.
    pub standby_lost: bool,
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
