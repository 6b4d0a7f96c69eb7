//! What the steps of a runbook are resolved against.

use crate::domain::ids::Side;
use crate::domain::site::Site;
use crate::files::kinds::Kinds;

/// What steps are resolved against.
pub(super) struct Context<'a> {
    /// The site.
    pub(super) site: &'a Site,
    /// The kinds of system.
    pub(super) kinds: Kinds,
    /// The side that the plan leaves and the one it goes to, where they are known.
    pub(super) direction: Option<(Side, Side)>,
}
