//! What can be done with a Postgres pair: promote, fence, rejoin, and prove it by use.

mod fence;
mod fencer;
mod promote;
pub(super) mod rejoin;
mod verify_schema;
mod verify_write;

use crate::port::Action;

pub use verify_write::PROBE_TABLE_SQL;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[
    &promote::Promote,
    &fence::Fence::<true>,
    &fence::Fence::<false>,
    &rejoin::Rejoin::<true>,
    &rejoin::Rejoin::<false>,
    &verify_write::VerifyWrite,
    &verify_schema::VerifySchema,
];
