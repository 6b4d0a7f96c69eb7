//! At which pace a probe asks what it asks: whoever sends a request for it knows how often the same
//! is sent again, and can count what a day of that comes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::spending::Question;
use crate::port::Spent;

tokio::task_local! {
    /// Who asks, in the task that asks; none outside of looks: what steps ask is not counted.
    static ASKING: Option<Asking>;
}

/// A question of somebody's looks.
#[derive(Clone)]
struct Asking {
    spent: Arc<Spent>,
    question: Question,
    /// How often it is asked.
    every: Duration,
}

fn asking() -> Option<Asking> {
    ASKING.try_with(Clone::clone).ok().flatten()
}

/// A look of a system, which comes again after so long.
pub async fn look<T>(spent: Arc<Spent>, every: Duration, look: impl Future<Output = T>) -> T {
    let asking = Asking { spent, question: Question::Own(every), every };
    ASKING.scope(Some(asking), look).await
}

/// A part of it that is not asked more often than this.
pub async fn each<T>(least: Duration, ask: impl Future<Output = T>) -> T {
    let slower = asking().map(|asking| {
        let every = asking.every.max(least);
        Asking { question: Question::Own(every), every, ..asking }
    });
    ASKING.scope(slower, ask).await
}

/// Counts a request to a place that is sent for whoever asks, with what it costs where somebody
/// charges.
pub fn count(place: &str, usd: Option<f64>) {
    if let Some(Asking { spent, question, .. }) = asking() {
        spent.with(|round| round.count(place, question, usd));
    }
}

/// A question that is asked once for many, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shared(u64);

impl Default for Shared {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Shared {
    /// Whoever looks wants an answer that is not older than this.
    pub fn want(self, keep: Duration) {
        if let Some(Asking { spent, every, .. }) = asking() {
            spent.with(|round| round.want(self.0, every.max(keep)));
        }
    }

    /// It asks for so many metrics, each of which costs this.
    pub fn measure(self, metrics: usize, usd_each: f64) {
        if let Some(Asking { spent, .. }) = asking() {
            spent.with(|round| round.measure(self.0, metrics, usd_each));
        }
    }

    /// It is asked now, in whatever task: what is sent for it is counted as its own.
    pub fn ask<A: Future>(self, ask: A) -> impl Future<Output = A::Output> + use<A> {
        let shared = asking().map(|asking| Asking { question: Question::Shared(self.0), ..asking });
        if let Some(Asking { spent, .. }) = &shared {
            spent.with(|round| round.begin(self.0));
        }
        ASKING.scope(shared, ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::spending::Bill;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn a_request_counts_at_the_pace_of_whoever_asks() {
        let (spent, shared) = (Arc::<Spent>::default(), Shared::default());
        let look = |every: Duration| {
            look(Arc::clone(&spent), every, async move {
                count("own", None);
                each(s(5), async { count("lately", None) }).await;
                each(s(60), each(s(5), async { count("rarely", None) })).await;
                shared.want(s(30));
                let ask = shared.ask(async { count("shared", None) });
                // Whoever asked may not wait for it.
                tokio::spawn(ask).await.expect("it ends");
            })
        };
        look(s(120)).await;
        spent.with(|round| *round = crate::domain::spending::Round::default());
        look(s(10)).await;
        // Outside of looks nothing is counted.
        count("nobody", None);
        each(s(5), async { count("nobody", None) }).await;
        shared.ask(async { count("nobody", None) }).await;
        let told = spent.with(|round| round.bills());
        let told: Vec<(&str, f64)> =
            told.iter().map(|bill| (bill.place.as_str(), Bill::requests_a_minute(bill))).collect();
        assert_eq!(told, [("lately", 6.0), ("own", 6.0), ("rarely", 1.0), ("shared", 2.0)]);
    }
}
