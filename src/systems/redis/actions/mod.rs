//! What can be done with a Redis pair: promote, hand over, make a replica, and prove it by use.

mod failover;
mod promote;
mod replicate;
mod verify_keys;
mod verify_write;

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[
    &promote::Promote,
    &failover::Failover,
    &replicate::Replicate,
    &verify_write::VerifyWrite,
    &verify_keys::VerifyKeys,
];
