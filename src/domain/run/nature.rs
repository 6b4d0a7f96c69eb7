//! What each word of a journal is: whose, of which step, and whether one may read on without it.

use super::event::Body;
use crate::domain::ids::StepId;

/// A row of the table.
struct Nature<'b> {
    /// The step that the word is about.
    step: Option<&'b StepId>,
    /// True for what a person does; the console's own words and those of probes are false.
    person: bool,
    /// True when a reader that does not know the word must not go on: it changes the run's state.
    critical: bool,
}

impl Body {
    /// The table.
    fn nature(&self) -> Nature<'_> {
        let (step, person, critical) = match self {
            Self::Intended { step, .. }
            | Self::Resolved { step, .. }
            | Self::Attested { step, .. }
            | Self::Skipped { step, .. }
            | Self::Retried { step, .. } => (Some(step), true, true),
            Self::Escalated { step, .. } => (step.as_ref(), true, true),
            Self::AbortAsked { step, .. } => (Some(step), true, false),
            Self::Started { step, .. }
            | Self::Ended { step, .. }
            | Self::Verified { step, .. }
            | Self::NotVerified { step, .. }
            | Self::Reconciled { step, .. }
            | Self::Untrue { step, .. }
            | Self::TrueAgain { step } => (Some(step), false, true),
            Self::EndedEarlier { step, .. }
            | Self::RunnerLost { step, .. }
            | Self::Signalled { step, .. } => (Some(step), false, false),
            Self::Opened { .. }
            | Self::Declared { .. }
            | Self::LedgerAccepted { .. }
            | Self::T0Set { .. }
            | Self::Held { .. }
            | Self::Released
            | Self::AbortStarted { .. }
            | Self::Closed { .. } => (None, true, true),
            Self::CriterionAccepted { .. }
            | Self::Updated { .. }
            | Self::Noted { .. }
            | Self::Acknowledged { .. } => (None, true, false),
            Self::Restored { .. } | Self::AbortPlanned { .. } => (None, false, true),
            Self::LossMeasured { .. }
            | Self::LossReopened { .. }
            | Self::Alarmed { .. }
            | Self::TierRestored { .. }
            | Self::Forecasted { .. }
            | Self::Resumed { .. }
            | Self::ClockDoubted { .. } => (None, false, false),
        };
        Nature { step, person, critical }
    }

    /// The step that the word is about.
    pub fn step(&self) -> Option<&StepId> {
        self.nature().step
    }

    /// True for what a person does.
    pub fn is_by_a_person(&self) -> bool {
        self.nature().person
    }

    /// True when a reader that does not know the word must not go on.
    pub fn is_critical(&self) -> bool {
        self.nature().critical
    }
}
