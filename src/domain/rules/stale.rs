//! Stale: nothing recent is known, and the reason; whatever was known before is not true any more.

use super::view::{Finding, View};
use crate::domain::snapshot::CellState;
use crate::domain::time::short_time;

/// Speaks when a system that was heard of once is not any more. Never heard of is not stale: that
/// cannot be told.
pub fn ask(view: &View<'_>) -> Finding {
    match (view.state(), view.cell.heard) {
        (CellState::Stale(age), Some(since)) => {
            Finding::Speaks { since, why: format!("last heard {} ago", short_time(age)).into() }
        }
        (CellState::NoData, _) | (CellState::Stale(_), None) => {
            Finding::CannotTell("no data yet".into())
        }
        (
            CellState::Up | CellState::Degraded(_) | CellState::Down(_) | CellState::Unknown(_),
            _,
        ) => Finding::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::bench::{Saw, at, cell, word};
    use crate::domain::time::{BootId, Stamp};

    #[test]
    fn boundaries() {
        let check = |looks: &[(u64, Saw)], now: Stamp, want: &str| {
            assert_eq!(word(&cell(looks), now, ask), want, "{looks:?}");
        };
        check(&[], at(0), "cannot tell");
        check(&[(0, Saw::Up)], at(6), "quiet");
        check(&[(0, Saw::Up)], at(7), "since 0");
        check(&[(0, Saw::Silent)], at(7), "since 0");
        check(&[(0, Saw::Forbidden)], at(1), "quiet");
        // The wall clock jumps a year ahead or back: nothing changes within a boot.
        let year_ms = 31_536_000_000;
        let jumped = |by: i64| Stamp { wall_ms: at(6).wall_ms + by, ..at(6) };
        check(&[(0, Saw::Up)], jumped(year_ms), "quiet");
        check(&[(0, Saw::Up)], jumped(-year_ms), "quiet");
        // Another boot: stale whatever the wall clock says, even when it went back.
        for by in [-year_ms, 0, year_ms] {
            check(&[(0, Saw::Up)], Stamp { boot: BootId(2), ..jumped(by) }, "since 0");
        }
    }
}
