//! What is known when one side's reading is made.

use super::server::Server;
use crate::domain::ids::Side;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// One side in one look, with all that is known beside it.
pub struct Sight<'a, S: Server> {
    /// When the look began.
    pub at: Stamp,
    /// How long the side took.
    pub took_ms: u64,
    /// The side.
    pub side: Side,
    /// What it told.
    pub own: &'a S::State,
    /// What the other side told in the same look.
    pub other: Option<&'a S::State>,
    /// What is written of it.
    pub settings: &'a S::Own,
    /// As whom it was asked, for sentences.
    pub user: &'a str,
    /// What earlier looks taught.
    pub learned: &'a S::Learned,
    /// What is not asked in each look.
    pub aside: &'a S::Aside,
    /// Why the name leads nowhere, where a kept connection told all this.
    pub nameless: Option<&'a Clean>,
}
