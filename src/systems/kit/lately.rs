//! Answers that rarely change: not each look asks for them again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::time::Stamp;
use crate::systems::kit::paced;

/// How old such an answer may be. Looks that come less often ask each time.
pub const LATELY: Duration = Duration::from_secs(5);

/// An answer that a session had lately; whoever opens a new session has none.
#[derive(Debug, Clone)]
pub struct Lately<T>(Arc<Mutex<Option<(Stamp, T)>>>);

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Lately<T> {
    /// The answer that was had lately, or the one to `ask`. Whoever is about to act names no time,
    /// and asks.
    ///
    /// # Errors
    /// What asking ends with; the next look asks again.
    pub async fn or_ask<E>(
        &self,
        at: Option<Stamp>,
        ask: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if let Some(known) = self.known(at) {
            return Ok(known);
        }
        // Who names no time asks each time.
        let least = if at.is_some() { LATELY } else { Duration::ZERO };
        let told = paced::each(least, ask).await?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = at.map(|at| (at, told.clone()));
        Ok(told)
    }

    fn known(&self, at: Option<Stamp>) -> Option<T> {
        let at = at?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|(asked, _)| !at.is_due(Some(*asked), LATELY))
            .map(|(_, told)| told.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    #[tokio::test]
    async fn an_answer_is_used_again_for_a_while_by_who_only_watches() {
        let lately = Lately::<u32>::default();
        // At which millisecond, whether by one who watches, what would be told, and what is.
        let check = async |boot_ms, watches, told: Result<u32, ()>, want| {
            let at = Stamp { wall_ms: 0, boot_ms, boot: BootId(1) };
            let found = lately.or_ask(Some(at).filter(|_| watches), async { told }).await;
            assert_eq!(found, want, "{boot_ms}");
        };
        check(1000, true, Err(()), Err(())).await;
        check(1000, true, Ok(1), Ok(1)).await;
        check(5999, true, Ok(2), Ok(1)).await;
        check(6000, true, Err(()), Err(())).await;
        check(6000, true, Ok(3), Ok(3)).await;
        check(6001, false, Ok(4), Ok(4)).await;
        // What was told to who acts is told to nobody else.
        check(6002, true, Ok(5), Ok(5)).await;
    }
}
