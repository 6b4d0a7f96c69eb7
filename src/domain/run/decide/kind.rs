//! The kinds of wishes, and which step a wish is about.

use crate::domain::ids::StepId;
use crate::domain::run::intent::Intent;

/// The kinds of wishes, one for each [`Intent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told at the intent of its name")]
pub enum Kind {
    Declare,
    AcceptLedger,
    AcceptCriterion,
    SetT0,
    Run,
    Compensate,
    Skip,
    Attest,
    Retry,
    Resolve,
    AbortStep,
    Hold,
    Release,
    Escalate,
    AbortRun,
    Close,
    Note,
    SendUpdate,
    Acknowledge,
}

impl Intent {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Declare { .. } => Kind::Declare,
            Self::AcceptLedger => Kind::AcceptLedger,
            Self::AcceptCriterion { .. } => Kind::AcceptCriterion,
            Self::SetT0 { .. } => Kind::SetT0,
            Self::Run { .. } => Kind::Run,
            Self::Compensate { .. } => Kind::Compensate,
            Self::Skip { .. } => Kind::Skip,
            Self::Attest { .. } => Kind::Attest,
            Self::Retry { .. } => Kind::Retry,
            Self::Resolve { .. } => Kind::Resolve,
            Self::AbortStep { .. } => Kind::AbortStep,
            Self::Hold { .. } => Kind::Hold,
            Self::Release => Kind::Release,
            Self::Escalate { .. } => Kind::Escalate,
            Self::AbortRun { .. } => Kind::AbortRun,
            Self::Close => Kind::Close,
            Self::Note { .. } => Kind::Note,
            Self::SendUpdate { .. } => Kind::SendUpdate,
            Self::Acknowledge { .. } => Kind::Acknowledge,
        }
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
