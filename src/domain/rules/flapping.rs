//! Flapping: good and failed looks take turns, so that neither may be believed for long.

use std::time::Duration;

use super::view::{Finding, View, not_heard};
use crate::domain::history::Sample;
use crate::domain::time::short_time;

/// How far back changes are counted.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Changes between good and failed in [`WINDOW`] that make it flapping.
pub const CHANGES_MIN: usize = 3;

/// Speaks at three changes between good and failed in the last 60 s, since the first of them.
pub fn ask(view: &View<'_>) -> Finding {
    if view.newest().is_none() {
        return not_heard();
    }
    let (mut changes, mut first) = (0, None);
    let mut later: Option<Sample> = None;
    let samples = view.cell.history.samples().rev();
    for sample in samples.take_while(|sample| view.now.since(sample.at) <= WINDOW) {
        if let Some(after) = later
            && after.good != sample.good
        {
            changes += 1;
            first = Some(after.at);
        }
        later = Some(sample);
    }
    match first {
        Some(since) if changes >= CHANGES_MIN => {
            let why = format!("flapping: {changes} changes in {}", short_time(WINDOW));
            Finding::Speaks { since, why: why.into() }
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
        use Saw::{Forbidden, Silent, Up};
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            assert_eq!(word(&cell(looks), at(now), ask), want, "{looks:?}");
        };
        check(&[], 0, "cannot tell");
        check(&stretch(0, 60, &Silent), 60, "quiet");
        check(&[(0, Up), (2, Silent), (4, Up)], 4, "quiet");
        check(&[(0, Up), (2, Silent), (4, Up), (6, Silent)], 6, "since 2");
        check(&[(0, Up), (2, Forbidden), (4, Up), (6, Forbidden), (8, Up)], 8, "quiet");
        // Changes that are too long ago do not count.
        let old = [(0, Up), (2, Silent), (4, Up)];
        let calm = stretch(6, 58, &Up);
        check(&[old.to_vec(), calm.clone(), vec![(60, Silent)]].concat(), 60, "since 2");
        check(&[old.to_vec(), calm, vec![(64, Silent)]].concat(), 64, "quiet");
    }
}
