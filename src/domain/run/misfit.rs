//! Why an event does not fit a run: its journal is damaged, or belongs to another plan.

use super::phase::{Phase, Stage};
use crate::domain::ids::StepId;

/// Why an event does not fit the run it is applied to: the journal is damaged or from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The first event is not `opened`, or a later one is.
    #[error("event {seq} does not open this run")]
    Opening {
        /// Its number.
        seq: u64,
    },
    /// A number is missing or repeated.
    #[error("event {found} follows event {last}")]
    Sequence {
        /// The last good number.
        last: u64,
        /// The number found.
        found: u64,
    },
    /// The runbook has no such step.
    #[error("event {seq} names step `{step}`, which this runbook does not have")]
    Step {
        /// Its number.
        seq: u64,
        /// The name.
        step: StepId,
    },
    /// The move is not in the table.
    #[error("event {seq} cannot happen to step `{step}` while it is {}", .phase.word())]
    Move {
        /// Its number.
        seq: u64,
        /// The step.
        step: StepId,
        /// Where the step is.
        phase: Phase,
    },
    /// The move is not in the run's table.
    #[error("event {seq} cannot happen while the run is {}", .stage.word())]
    StageMove {
        /// Its number.
        seq: u64,
        /// Where the run is.
        stage: Stage,
    },
    /// The attempt is not the open one.
    #[error("event {seq} is about attempt {attempt} of step `{step}`, which is not the last one")]
    Attempt {
        /// Its number.
        seq: u64,
        /// The step.
        step: StepId,
        /// The attempt named.
        attempt: u32,
    },
}
