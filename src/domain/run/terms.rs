//! What the words of the journal are made of: who, why, for what, and how it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{PersonId, StepId};
use crate::domain::reading::{Identity, LagUnit};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// What a run is for; fixed at birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// The real thing.
    Live,
    /// A rehearsal.
    Drill,
    /// Against the simulator.
    Simulation,
}

impl RunKind {
    /// The badge: `LIVE`, `DRILL`, `SIM`.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Drill => "DRILL",
            Self::Simulation => "SIM",
        }
    }
}

/// Whether the primary is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Both regions answer; nothing may be lost.
    Planned,
    /// The primary is lost; lag gates use the accepted ledger.
    Ungraceful,
}

impl Mode {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Ungraceful => "ungraceful",
        }
    }
}

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person of the site, where one is known.
    pub person: Option<PersonId>,
    /// The operating-system user.
    pub user: Clean,
    /// The host.
    pub host: Clean,
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.person {
            Some(person) => person.fmt(out),
            None => self.user.fmt(out),
        }
    }
}

/// Why an attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To do the step.
    Forward,
    /// To take a done step back.
    Compensate,
}

/// How an attempt ended, as its runner or the person saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// The call succeeded; the post-condition is still to be seen.
    Applied {
        /// What the call said.
        evidence: Clean,
    },
    /// It was already so: nothing was called.
    AlreadySo {
        /// What was seen.
        evidence: Clean,
    },
    /// It failed and certainly changed nothing, or changed only what it says.
    Failed {
        /// The kind of failure.
        cause: Cause,
        /// What was said.
        message: Clean,
    },
    /// Whether it took effect is not known.
    Unknown {
        /// Why not.
        message: Clean,
    },
}

/// The kinds of failure of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The target refused.
    Error,
    /// The deadline passed.
    Timeout,
    /// A person aborted it.
    Cancelled,
    /// The call succeeded, but the post-condition does not hold.
    NotVerified,
    /// Its runner never started: proven not to have acted.
    NotStarted,
    /// Its grant was no longer good when it was about to act: nothing was done.
    Expired,
    /// The server it met is not the one that the screen showed: nothing was done.
    OtherServer,
}

impl Cause {
    /// The words on the screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Error => "refused",
            Self::Timeout => "timed out",
            Self::Cancelled => "aborted",
            Self::NotVerified => "not verified",
            Self::NotStarted => "never started",
            Self::Expired => "expired, nothing was done",
            Self::OtherServer => "another server",
        }
    }
}

/// How hard processes are made to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pressure {
    /// SIGTERM: they are asked to.
    Term,
    /// SIGKILL: they are made to.
    Kill,
}

impl Pressure {
    /// The signal's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Kill => "KILL",
        }
    }
}

/// One gate as it was seen when an attempt was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateSeen {
    /// The gate in words: `pg lag in B at most 0s`.
    pub gate: Clean,
    /// What was seen: `0.8s, read 1 s ago`.
    pub seen: Clean,
    /// True when it held.
    pub held: bool,
    /// The reason of the person who went on although it did not hold.
    pub broken_for: Option<Clean>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Closing {
    /// Every step is done and the restored facts were seen.
    Complete,
    /// Complete but for these steps.
    CompleteExcept {
        /// The steps that were skipped or failed.
        steps: Vec<StepId>,
    },
    /// Given up.
    Aborted,
}

/// A step whose effect stays when the run is given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stays {
    /// The step.
    pub step: StepId,
    /// What that costs, in the plan's words; the reason, where a person decided it.
    pub costs: Clean,
    /// True when a person left it by a decision; a plan made again keeps that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
}

impl Stays {
    /// What it costs, or that it was left by decision and why.
    pub fn words(&self) -> Clean {
        if self.decided {
            Clean::new(&format!("left by decision: {}", self.costs))
        } else {
            self.costs.clone()
        }
    }
}

impl Warrant {
    /// True while an attempt may begin to act on it.
    pub fn is_good(&self, now: Stamp) -> bool {
        now.boot == self.expires.boot && now.boot_ms <= self.expires.boot_ms
    }
}

/// What a promoted store does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// How much.
    pub amount: u64,
    /// What that counts.
    pub unit: LagUnit,
}

impl Missing {
    /// `200 B`, `12 records`; that nothing is missing where that is known.
    pub fn words(self) -> String {
        match self.amount {
            0 => format!("nothing (0 {})", self.unit.word()),
            amount => format!("{amount} {}", self.unit.word()),
        }
    }
}

/// Under which terms an attempt was granted. Whoever performs it keeps them or does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warrant {
    /// It must have begun to act by then, on the boot clock of this boot.
    pub expires: Stamp,
    /// The number of the key by which the target tells repetitions of one and the same act: that
    /// of the first attempt, until a person grants a new one.
    pub key: u32,
    /// The server that the screen showed as the step's target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Identity>,
    /// The server that the screen showed on the other side of the target's system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Identity>,
    /// True when it is good only while no primary on the other side may take writes: a promotion
    /// asks it once more, just before it acts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}
