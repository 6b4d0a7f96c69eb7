//! What can be done with an OpenSearch pair: fence, drain, promote, prove, follow back, restore.

mod drain;
mod fence;
mod follow;
mod promote;
mod restore;
mod verify_write;

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[
    &fence::Fence::<true>,
    &fence::Fence::<false>,
    &drain::Drain,
    &promote::Promote,
    &verify_write::VerifyWrite,
    &follow::Follow,
    &restore::Restore,
];
