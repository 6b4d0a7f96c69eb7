//! Lag over a limit: known at every look, above it for some time.

use std::time::Duration;

use super::view::{Finding, View, not_heard};
use crate::domain::time::{no_less, short_time};

/// Speaks when every known lag was above `over` for at least `time`. A look that could not know the
/// lag neither starts nor ends the time; when the newest could not, the rule cannot tell.
pub fn ask(view: &View<'_>, over: Duration, time: Duration) -> Finding {
    let Some(newest) = view.newest() else { return not_heard() };
    let Some(lag_s) = newest.lag_s else {
        return Finding::CannotTell("the lag is not known".into());
    };
    let since = view.lag_over_since(over);
    match since {
        Some(since) if view.now.since(since) >= time => {
            let lag = no_less(lag_s);
            let (over, lasted) = (short_time(over), short_time(view.now.since(since)));
            let why = format!("lag {lag}, over {over} for {lasted}");
            Finding::Speaks { since, why: why.into() }
        }
        Some(_) | None => Finding::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::{Basis, Certainty};
    use crate::domain::rules::bench::{Saw, at, cell, lag, stretch, word};

    #[test]
    fn boundaries() {
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            let (over, time) = (Duration::from_secs(5), Duration::from_secs(60));
            let found = word(&cell(looks), at(now), |view| ask(view, over, time));
            assert_eq!(found, want, "{looks:?}");
        };
        let unread = Saw::Lag(9.0, Certainty::Unknown, Basis::LogPosition);
        check(&stretch(0, 60, &lag(5.0)), 60, "quiet");
        check(&stretch(0, 58, &lag(5.1)), 59, "quiet");
        check(&stretch(0, 60, &lag(5.1)), 60, "since 0");
        let low_once = [stretch(0, 30, &lag(9.0)), stretch(32, 60, &lag(1.0))].concat();
        check(&low_once, 60, "quiet");
        // Not knowing neither ends the time nor speaks.
        let gap =
            [stretch(0, 30, &lag(9.0)), vec![(32, unread.clone())], stretch(34, 60, &lag(9.0))];
        check(&gap.concat(), 60, "since 0");
        check(&[stretch(0, 60, &lag(9.0)), vec![(62, unread)]].concat(), 62, "cannot tell");
        check(&stretch(0, 60, &lag(-9.0)), 60, "cannot tell");
        check(&stretch(0, 60, &Saw::Silent), 60, "cannot tell");
    }
}
