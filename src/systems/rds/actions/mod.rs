//! What can be done with an instance: promote a replica, hold its backups against what is wanted.

mod promote;
mod verify_backups;

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[&promote::Promote, &verify_backups::VerifyBackups];
