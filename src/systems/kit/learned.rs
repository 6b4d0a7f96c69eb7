//! What a probe of a pair keeps between processes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a probe has learned from look to look, as it is written down.
pub trait Learned: Serialize + DeserializeOwned + Send {
    /// Goes on from what an earlier probe had learned.
    fn recall(&mut self, earlier: Self);
}

/// For a kind whose looks need no other.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Nothing;

impl Learned for Nothing {
    fn recall(&mut self, _earlier: Self) {}
}
