//! What a service tier was promised: how long it may be gone, how much may be lost.

use std::time::Duration;

use super::ids::TierId;

/// The objectives of one tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// The tier.
    pub tier: TierId,
    /// Recovery time objective: from T0 to verified restoration.
    pub rto: Duration,
    /// Recovery point objective: the most time whose writes may be lost.
    pub rpo: Duration,
    /// False says in the plan that asynchronous replication cannot prove the RPO.
    pub rpo_guaranteed: bool,
}
