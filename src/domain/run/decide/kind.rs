//! The kinds of wishes, and which step a wish is about.

use crate::domain::ids::StepId;
use crate::domain::run::intent::{Intent, Kind};

impl Intent {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.into()
    }

    /// The step it is about, where it is about one.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::Run { step, .. }
            | Self::Compensate { step, .. }
            | Self::Skip { step, .. }
            | Self::Attest { step, .. }
            | Self::Retry { step, .. }
            | Self::Resolve { step, .. }
            | Self::AbortStep { step, .. } => Some(step),
            Self::Escalate { step, .. } => step.as_ref(),
            Self::Declare { .. }
            | Self::AcceptLedger
            | Self::AcceptCriterion { .. }
            | Self::SetT0 { .. }
            | Self::Hold { .. }
            | Self::Release
            | Self::AbortRun { .. }
            | Self::Close
            | Self::Note { .. }
            | Self::SendUpdate { .. }
            | Self::Acknowledge { .. } => None,
        }
    }
}
