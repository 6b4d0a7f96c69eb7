//! The words of the journal: everything that can happen in a run, as it is kept for ever.
//!
//! A word, once shipped, is never changed or removed: golden journals of every format are replayed
//! by a test. New words are added; a reader that does not know a critical one turns read-only.

use serde::{Deserialize, Serialize};

pub use super::terms::{
    Actor, Cause, Closing, GateSeen, Missing, Mode, Outcome, Pressure, Purpose, RunKind, Stays,
    Warrant,
};
use crate::domain::catalogue::{Class, Fencing};
use crate::domain::ids::{RunId, StepId, SystemId, TierId};
use crate::domain::ledger::Ledger;
use crate::domain::runbook::Direction;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Signal, T0Basis};

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Body {
    /// The run was born.
    Opened {
        /// Its name.
        run: RunId,
        /// What it is for.
        kind: RunKind,
        /// The site.
        site: String,
        /// SHA-256 of the frozen site file, hex.
        site_hash: String,
        /// The runbook.
        runbook: String,
        /// SHA-256 of the frozen runbook file, hex.
        runbook_hash: String,
        /// Which way it goes.
        direction: Direction,
        /// Whether the primary is still there.
        mode: Mode,
    },
    /// A named person declared.
    Declared {
        /// The first failed look of the series that turned the primary red; now in a planned run.
        t0: Stamp,
        /// How well T0 is known.
        basis: T0Basis,
        /// When this console first showed the primary red; none when it never did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detected: Option<Stamp>,
        /// What spoke for it.
        signals: Vec<Signal>,
        /// The reason, in the person's words.
        reason: Clean,
        /// The expected losses as of T0.
        ledger: Ledger,
    },
    /// A named person accepted the expected losses.
    LedgerAccepted {
        /// The total in words, as it was read.
        summary: Clean,
    },
    /// T0 was moved, with a reason.
    T0Set {
        /// The new T0.
        t0: Stamp,
        /// The reason.
        reason: Clean,
    },
    /// The run, or one step, goes on as if the primary were lost.
    Escalated {
        /// The step; none for the whole run.
        step: Option<StepId>,
        /// The reason.
        reason: Clean,
    },
    /// INTENT: an attempt was authorised. Nothing acts before this is on record.
    Intended {
        /// The step.
        step: StepId,
        /// Counts from 1 in each step.
        attempt: u32,
        /// Forward or back.
        purpose: Purpose,
        /// The action.
        action: String,
        /// Its class.
        class: Class,
        /// What stands between a repeated call and a second effect.
        fencing: Fencing,
        /// The gates as seen in the decision that granted.
        gates: Vec<GateSeen>,
        /// The exact command or call, redacted.
        call: Clean,
        /// The terms of the grant; none in journals of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warrant: Option<Warrant>,
    },
    /// The attempt's runner made its start durable and may act from here on.
    Started {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// The runner of an attempt had ended before how it ended was read: no console was there.
    EndedEarlier {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// When its runner ended, as that wrote it down.
        at: Stamp,
    },
    /// OUTCOME of an attempt.
    Ended {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// How it ended.
        outcome: Outcome,
    },
    /// The post-condition was seen to hold.
    Verified {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// What was seen.
        evidence: Clean,
    },
    /// The post-condition was not seen within the deadline.
    NotVerified {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// What was seen instead.
        evidence: Clean,
    },
    /// A probe told what became of an unknown attempt.
    Reconciled {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// True when its effect is there.
        done: bool,
        /// What was seen.
        evidence: Clean,
    },
    /// A person told what became of an unknown attempt.
    Resolved {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// True when its effect is there.
        done: bool,
        /// The assertion, in the person's words.
        reason: Clean,
    },
    /// A person attested a step that only a person can see.
    Attested {
        /// The step.
        step: StepId,
        /// The observed value.
        value: Clean,
    },
    /// A person skipped a step, or the plan did in an ungraceful run.
    Skipped {
        /// The step.
        step: StepId,
        /// The reason.
        reason: Clean,
    },
    /// A failed step may be tried again.
    Retried {
        /// The step.
        step: StepId,
        /// The reason.
        reason: Clean,
        /// True when a person wants the target to take it as a new act.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        new_key: bool,
        /// True when an unattended run took it up by itself; else it is a person's word.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_itself: bool,
    },
    /// A running attempt was asked to end.
    AbortAsked {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// The runner of an attempt is gone, and what it started still runs: the attempt is not over.
    RunnerLost {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// What still runs, by number and name.
        left: Clean,
    },
    /// What an attempt started was made to end.
    Signalled {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// How.
        signal: Pressure,
        /// To what it was sent, by number and name.
        told: Clean,
    },
    /// A done step is no longer true.
    Untrue {
        /// The step.
        step: StepId,
        /// What is seen now.
        evidence: Clean,
    },
    /// A done step that was no longer true is true again.
    TrueAgain {
        /// The step.
        step: StepId,
    },
    /// The plan was held.
    Held {
        /// The reason, if one was given.
        reason: Clean,
    },
    /// The plan goes on.
    Released,
    /// The restored facts of the plan were seen: the clock stops as of this event.
    Restored {
        /// What was seen.
        evidence: Clean,
    },
    /// A loss was measured after the promotion.
    LossMeasured {
        /// The store.
        system: SystemId,
        /// Seconds of writes that are not in the new primary.
        seconds: f64,
        /// How that was measured.
        how: Clean,
        /// What is missing, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<Missing>,
    },
    /// What was measured of a store bounds its loss no more: the old primary took writes after T0.
    LossReopened {
        /// The store.
        system: SystemId,
        /// What was read.
        why: Clean,
    },
    /// The run is being given up: no step runs any more, done ones may be compensated.
    AbortStarted {
        /// The reason.
        reason: Clean,
    },
    /// The run ended.
    Closed {
        /// How.
        closing: Closing,
    },
    /// A person wrote something down.
    Noted {
        /// The note.
        text: Clean,
    },
    /// A person acknowledged an alarm.
    Acknowledged {
        /// The alarm's key.
        alarm: String,
    },
    /// An alarm was raised or cleared.
    Alarmed {
        /// The alarm's key.
        alarm: String,
        /// True when raised.
        raised: bool,
        /// The sentence.
        sentence: Clean,
    },
    /// The restored facts of one tier were seen: its own clock stops as of this event.
    TierRestored {
        /// The tier.
        tier: TierId,
        /// What was seen.
        evidence: Clean,
    },
    /// A named person goes on although a go/no-go criterion is not met or cannot be told.
    CriterionAccepted {
        /// The criterion, as it is asked.
        asks: Clean,
        /// What was seen when it was accepted.
        evidence: Clean,
        /// The reason.
        reason: Clean,
        /// Its key; none in journals of earlier versions.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        key: String,
    },
    /// When the run was expected to be finished, as it was declared.
    Forecasted {
        /// Seconds from T0 to the finish in half of all cases.
        finish_p50_s: f64,
        /// Seconds from T0 to the finish in eight of ten cases.
        finish_p80_s: f64,
        /// Earlier runs that the figures rest on; 0 when they are the plan's own.
        runs: u32,
    },
    /// How the run is to be given up: what can be taken back, in this order, and what stays.
    AbortPlanned {
        /// Done steps to be taken back, first to last.
        back: Vec<StepId>,
        /// Steps whose effect stays.
        stays: Vec<Stays>,
    },
    /// A status update was composed and handed to a person.
    Updated {
        /// Counts from 1 in each run.
        number: u32,
        /// The whole text, line by line.
        lines: Vec<Clean>,
    },
    /// A console took the run up again.
    Resumed {
        /// What it found: attempts still running, outcomes read, torn bytes kept.
        found: Clean,
    },
    /// The wall clock went further than the boot clock: that much may be missing from the time
    /// since T0.
    ClockDoubted {
        /// From when on the two were compared.
        since: Stamp,
        /// How much further, in milliseconds.
        wall_ahead_ms: u64,
    },
}

impl Body {
    /// True when a reader that does not know the word must not go on: it changes the run's state.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        match self {
            Self::Noted { .. }
            | Self::Acknowledged { .. }
            | Self::Alarmed { .. }
            | Self::Resumed { .. }
            | Self::LossMeasured { .. }
            | Self::LossReopened { .. }
            | Self::TierRestored { .. }
            | Self::CriterionAccepted { .. }
            | Self::Forecasted { .. }
            | Self::Updated { .. }
            | Self::AbortAsked { .. }
            | Self::EndedEarlier { .. }
            | Self::RunnerLost { .. }
            | Self::Signalled { .. }
            | Self::ClockDoubted { .. } => false,
            Self::Opened { .. }
            | Self::Declared { .. }
            | Self::LedgerAccepted { .. }
            | Self::T0Set { .. }
            | Self::Escalated { .. }
            | Self::Intended { .. }
            | Self::Started { .. }
            | Self::Ended { .. }
            | Self::Verified { .. }
            | Self::NotVerified { .. }
            | Self::Reconciled { .. }
            | Self::Resolved { .. }
            | Self::Attested { .. }
            | Self::Skipped { .. }
            | Self::Retried { .. }
            | Self::Untrue { .. }
            | Self::TrueAgain { .. }
            | Self::Held { .. }
            | Self::Released
            | Self::Restored { .. }
            | Self::AbortStarted { .. }
            | Self::AbortPlanned { .. }
            | Self::Closed { .. } => true,
        }
    }
}

/// One event of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Counts from 1 without a gap.
    pub seq: u64,
    /// When it was recorded.
    pub at: Stamp,
    /// Who caused it.
    pub by: Actor,
    /// What happened.
    pub body: Body,
}
