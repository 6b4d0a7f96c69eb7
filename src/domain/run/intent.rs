//! What a person (or the console itself) wishes to happen to a run, before anything was decided.

use strum::EnumDiscriminants;

use crate::domain::ids::StepId;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::Met;

/// The shortest reason for breaking a rule, in characters.
pub const REASON_CHARS_MIN: usize = 10;

/// One wish. Typed text has already been compared by the dialog; `decide` compares it again.
#[derive(Debug, Clone, PartialEq, EnumDiscriminants)]
#[strum_discriminants(name(Kind), doc = "The kinds of wishes.")]
pub enum Intent {
    /// Declare, by typing the word.
    Declare {
        /// What was typed; must be `declare`.
        typed: String,
        /// The reason.
        reason: Clean,
    },
    /// Accept the expected losses.
    AcceptLedger,
    /// Go on although a go/no-go criterion is not met or cannot be told.
    AcceptCriterion {
        /// The criterion's key.
        key: String,
        /// How it was when the person read it.
        met: Met,
        /// The reason.
        reason: Clean,
    },
    /// Move T0.
    SetT0 {
        /// The new T0.
        t0: Stamp,
        /// What was typed; must be `t0`.
        typed: String,
        /// The reason.
        reason: Clean,
    },
    /// Run a step.
    Run {
        /// The step.
        step: StepId,
        /// What was typed, where the guard wants text.
        typed: String,
        /// The one gate that is broken, by its index in the step's gates, and the reason.
        broken: Option<(usize, Clean)>,
        /// The call as the preview showed it, redacted.
        call: Clean,
    },
    /// Take a done step back.
    Compensate {
        /// The step.
        step: StepId,
        /// What was typed, where the guard wants text.
        typed: String,
        /// The call as the preview showed it, redacted.
        call: Clean,
    },
    /// Leave a step out.
    Skip {
        /// The step.
        step: StepId,
        /// The reason.
        reason: Clean,
    },
    /// Attest what only a person can see.
    Attest {
        /// The step.
        step: StepId,
        /// The observed value.
        value: Clean,
    },
    /// Try a failed step again.
    Retry {
        /// The step.
        step: StepId,
        /// The reason.
        reason: Clean,
        /// True when the target is to take it as a new act (class K).
        new_key: bool,
        /// True when an unattended run wishes it, not a person.
        by_itself: bool,
    },
    /// Say what became of an unknown attempt.
    Resolve {
        /// The step.
        step: StepId,
        /// True when its effect is there.
        done: bool,
        /// The assertion.
        reason: Clean,
    },
    /// Ask a running attempt to end.
    AbortStep {
        /// The step.
        step: StepId,
        /// What was typed; must be `abort <step>`.
        typed: String,
    },
    /// Hold the plan.
    Hold {
        /// The reason, may be empty.
        reason: Clean,
    },
    /// Go on with a held plan.
    Release,
    /// Go on as if the primary were lost.
    Escalate {
        /// The step; none for the whole run.
        step: Option<StepId>,
        /// The reason.
        reason: Clean,
    },
    /// Give the run up.
    AbortRun {
        /// What was typed; must be `abort run`.
        typed: String,
        /// The reason.
        reason: Clean,
    },
    /// End the run.
    Close,
    /// Write something down.
    Note {
        /// The note.
        text: Clean,
    },
    /// Put a status update on record, as it was handed over.
    SendUpdate {
        /// The whole text, line by line, redacted.
        lines: Vec<Clean>,
    },
    /// Acknowledge an alarm.
    Acknowledge {
        /// The alarm's key.
        alarm: String,
    },
}

impl Intent {
    /// The same wish with everything masked that a person told in words and that goes on record.
    /// What was typed to confirm is only compared; calls and updates are redacted where they are
    /// made.
    pub fn masked(mut self, mask: impl Fn(&Clean) -> Clean) -> Self {
        match &mut self {
            Self::Declare { reason: text, .. }
            | Self::AcceptCriterion { reason: text, .. }
            | Self::SetT0 { reason: text, .. }
            | Self::Run { broken: Some((_, text)), .. }
            | Self::Skip { reason: text, .. }
            | Self::Attest { value: text, .. }
            | Self::Retry { reason: text, .. }
            | Self::Resolve { reason: text, .. }
            | Self::Hold { reason: text }
            | Self::Escalate { reason: text, .. }
            | Self::AbortRun { reason: text, .. }
            | Self::Note { text } => *text = mask(text),
            Self::AcceptLedger
            | Self::Run { broken: None, .. }
            | Self::Compensate { .. }
            | Self::AbortStep { .. }
            | Self::Release
            | Self::Close
            | Self::SendUpdate { .. }
            | Self::Acknowledge { .. } => {}
        }
        self
    }
}
