//! What can be done with a bucket and its copy: compare, prove, stop the copying, turn it round.

use crate::port::Action;

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[];
