//! What can be done with a Patroni pair: promote, fence, demote, switch over, pause, resume.

mod follow;
mod maintenance;
mod promote;
mod switchover;

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[
    &promote::Promote,
    &follow::Follow::<false>,
    &follow::Follow::<true>,
    &switchover::Switchover,
    &maintenance::Maintenance::<true>,
    &maintenance::Maintenance::<false>,
];
