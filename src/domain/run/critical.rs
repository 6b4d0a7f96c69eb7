//! Which words of a journal a reader that does not know them must stop at.

use super::event::Body;

impl Body {
    /// True when a reader that does not know the word must not go on: it changes the run's state.
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
