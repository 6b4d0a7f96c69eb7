//! What a probe of a pair keeps between processes.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a probe has learned from look to look, as it is written down.
pub trait Learned: Serialize + DeserializeOwned + Send {
    /// Goes on from what an earlier probe had learned.
    fn recall(&mut self, earlier: Self);
}
