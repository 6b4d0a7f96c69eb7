//! Degraded: not healthy at any look for some time, failed looks included.

use std::time::Duration;

use super::view::{Finding, View, not_heard};
use crate::domain::snapshot::CellState;
use crate::domain::time::short_time;

/// Speaks when no look was healthy for `time`, since the first that was not. A failed look is no
/// better than a degraded one and does not start the time again.
pub fn ask(view: &View<'_>, time: Duration) -> Finding {
    if view.newest().is_none() {
        return not_heard();
    }
    let Some(since) = view.cell.unwell_since else { return Finding::Quiet };
    // Time in which nobody looked does not count, though T0 stays where the series began.
    let looked = view.cell.last_pause_end(view.period()).unwrap_or(since);
    let lasted = view.now.since(since);
    if lasted.min(view.now.since(looked)) < time {
        return Finding::Quiet;
    }
    let why = match view.state() {
        CellState::Degraded(why) | CellState::Down(why) | CellState::Unknown(why) => {
            format!("not healthy for {}: {why}", short_time(lasted))
        }
        CellState::Up | CellState::Stale(_) | CellState::NoData => {
            format!("not healthy for {}", short_time(lasted))
        }
    };
    Finding::Speaks { since, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::bench::{Saw, at, cell, stretch, word};

    #[test]
    fn boundaries() {
        use Saw::{Bad, Forbidden, Silent, Up};
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            let found = word(&cell(looks), at(now), |view| ask(view, Duration::from_secs(60)));
            assert_eq!(found, want, "{looks:?}");
        };
        let joined = |parts: &[Vec<(u64, Saw)>]| parts.concat();
        check(&stretch(0, 58, &Bad), 59, "quiet");
        check(&stretch(0, 60, &Bad), 60, "since 0");
        check(&joined(&[stretch(0, 58, &Bad), vec![(60, Up)]]), 60, "quiet");
        check(&joined(&[vec![(0, Up)], stretch(2, 62, &Bad)]), 62, "since 2");
        // Failed looks are no better than degraded ones; forbidden ones tell nothing.
        check(&joined(&[stretch(0, 30, &Bad), stretch(32, 60, &Silent)]), 60, "since 0");
        check(&joined(&[stretch(0, 56, &Bad), vec![(58, Forbidden), (60, Bad)]]), 60, "since 0");
        check(&stretch(0, 80, &Forbidden), 80, "cannot tell");
        // Time asleep was not looked at.
        check(&joined(&[stretch(0, 10, &Bad), stretch(900, 910, &Bad)]), 910, "quiet");
        check(&joined(&[stretch(0, 10, &Bad), stretch(900, 960, &Bad)]), 960, "since 0");
    }
}
