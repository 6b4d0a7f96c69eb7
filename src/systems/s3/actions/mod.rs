//! What can be done with a bucket and its copy: compare, prove, stop the copying, turn it round.

mod replicate;
mod rules;
mod stop;
mod verify_backups;
mod verify_replicated;
mod verify_write;

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[
    &stop::Stop,
    &replicate::Replicate,
    &verify_replicated::VerifyReplicated,
    &verify_backups::VerifyBackups,
    &verify_write::VerifyWrite,
];
