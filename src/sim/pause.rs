//! How an operator of the simulator waits: real seconds in the product, none in a test.

use std::time::Duration;

use crate::port::Boxed;

/// Lets time pass.
pub trait Pause: Send + Sync {
    /// Returns when `time` has passed on the clock that goes with it.
    fn pause(&self, time: Duration) -> Boxed<'_, ()>;
}

/// Waits in real time.
#[derive(Debug, Clone, Copy)]
pub struct RealPause;

impl Pause for RealPause {
    fn pause(&self, time: Duration) -> Boxed<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}
