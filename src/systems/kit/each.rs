//! The probe of a kind whose sides are looked at each by itself, both at once.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::reading::Look;
use crate::port::{Boxed, Clock, Looks, Probe, ProbeSetup};

/// What can be looked at without the other side.
pub trait Looked: Send + Sync + 'static {
    /// Looks once, within `limit`.
    fn look(&self, clock: &dyn Clock, limit: Duration) -> impl Future<Output = Look> + Send;
}

/// The probe of both sides.
pub struct EachSide<T> {
    sides: [Option<T>; 2],
    limit: Duration,
    clock: Arc<dyn Clock>,
}

impl<T: Looked> EachSide<T> {
    /// A probe of these sides.
    pub fn boxed(setup: &ProbeSetup<'_>, sides: [Option<T>; 2]) -> Box<dyn Probe> {
        let (limit, clock) = (setup.spec.timeout, Arc::clone(&setup.clock));
        Box::new(Self { sides, limit, clock })
    }

    async fn side(&self, side: Option<&T>) -> Option<Look> {
        Some(side?.look(&*self.clock, self.limit).await)
    }
}

impl<T: Looked> Probe for EachSide<T> {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async {
            let [a, b] = &self.sides;
            let (a, b) = tokio::join!(self.side(a.as_ref()), self.side(b.as_ref()));
            Looks { a, b }
        })
    }
}
