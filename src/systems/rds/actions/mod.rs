//! What can be done with an instance: promote a replica, make a new one, hold its backups against
//! what is wanted.

mod promote;
mod replicate;
mod verify_backups;

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] =
    &[&promote::Promote, &replicate::Replicate, &verify_backups::VerifyBackups];
