//! Truth under load: what is told while servers are written to, hang, die and come back.
//!
//! Each kind has its own states here and there (`tests/real/postgres/truth.rs`,
//! `tests/real/redis/truth.rs`); `tests/real/truth/` brings pairs of all kinds into every one of
//! them and holds `status`, `watch` and a console against the servers. A new kind gets a `Store`
//! there, and its deeds.

use warroom::domain::link::LinkState;
use warroom::domain::reading::{Certainty, Reading};

/// True when a reading claims nothing of the lag: no figure, and it says that it is not known.
pub fn knows_no_lag(reading: &Reading) -> bool {
    reading.lag.as_ref().is_some_and(|lag| {
        (lag.seconds, lag.amount, lag.certainty) == (None, None, Certainty::Unknown)
    })
}

/// True when the link is told to be silent, whatever the server says of it.
pub fn is_silent(reading: &Reading) -> bool {
    matches!(reading.link_state(), Some(LinkState::Silent(_)))
}
