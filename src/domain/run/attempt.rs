//! What an attempt tells of itself: the servers that it is meant for, and how long it took.

use std::time::Duration;

use super::event::Warrant;
use super::state::Attempt;
use crate::domain::reading::Identity;
use crate::domain::time::Stamp;

impl Attempt {
    /// The servers that it is meant for.
    pub fn servers(&self) -> (Option<Identity>, Option<Identity>) {
        let meant = |of: fn(&Warrant) -> &Option<Identity>| {
            self.warrant.as_ref().and_then(|warrant| of(warrant).clone())
        };
        (meant(|warrant| &warrant.target), meant(|warrant| &warrant.other))
    }

    /// How long it took until `now`, less the time in which it was over and nobody read it.
    pub fn spent(&self, now: Stamp) -> Duration {
        now.since(self.granted).saturating_sub(self.unread)
    }
}
