//! What can be done with a Redis pair: promote, hand over, make a replica, and prove it by use.

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[];
