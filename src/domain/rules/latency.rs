//! Latency: the 95th percentile of the answer times in a window is over a limit.

use std::time::Duration;

use super::view::{Finding, View, not_heard, stretch_start};
use crate::domain::time::short_time;

/// The percentile that is held against the limit.
const PERCENT: usize = 95;

/// Speaks when the 95th percentile of at least `min_samples` answers in `window` is over `over`,
/// since the first slow answer of the stretch.
pub fn ask(view: &View<'_>, over: Duration, window: Duration, min_samples: usize) -> Finding {
    if view.newest().is_none() {
        return not_heard();
    }
    let history = &view.cell.history;
    let Some(p95) = history.percentile(view.now, window, PERCENT, min_samples) else {
        let window = short_time(window);
        return Finding::CannotTell(format!("fewer than {min_samples} answers in {window}").into());
    };
    let is_slow = |took_ms: u64| Duration::from_millis(took_ms) > over;
    let start = stretch_start(history, window, |sample| sample.took_ms.is_some_and(is_slow));
    match start {
        Some(since) if p95 > over => {
            let (p95, window) = (short_time(p95), short_time(window));
            Finding::Speaks { since, why: format!("p95 {p95} in {window}").into() }
        }
        Some(_) | None => Finding::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::bench::{Saw, at, cell, stretch, word};

    #[test]
    fn boundaries() {
        use Saw::{Silent, Slow, Up};
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            let (over, window) = (Duration::from_secs(10), Duration::from_secs(60));
            let found = word(&cell(looks), at(now), |view| ask(view, over, window, 10));
            assert_eq!(found, want, "{looks:?}");
        };
        check(&stretch(0, 18, &Slow(10_000)), 18, "quiet");
        check(&stretch(0, 18, &Slow(10_001)), 18, "since 0");
        check(&stretch(0, 16, &Slow(20_000)), 16, "cannot tell");
        check(&stretch(0, 18, &Slow(20_000)), 30, "cannot tell");
        // No answer is no slow answer, and a look without a time says nothing.
        check(&stretch(0, 40, &Silent), 40, "cannot tell");
        check(&stretch(0, 40, &Up), 40, "cannot tell");
        let mut one = stretch(0, 38, &Slow(10));
        one.push((40, Slow(60_000)));
        check(&one, 40, "quiet");
    }
}
