//! Error rate: more than a share of the looks in a window failed.

use std::time::Duration;

use super::view::{Finding, View, not_heard, stretch_start};
use crate::domain::snapshot::earlier;
use crate::domain::time::short_time;

/// Speaks when more than `over` (0 to 1) of at least `min_samples` looks in `window` failed, since
/// the first failed look of the stretch.
pub fn ask(view: &View<'_>, over: f64, window: Duration, min_samples: usize) -> Finding {
    if view.newest().is_none() {
        return not_heard();
    }
    let history = &view.cell.history;
    let Some(rate) = history.error_rate(view.now, window, min_samples) else {
        let window = short_time(window);
        return Finding::CannotTell(format!("fewer than {min_samples} looks in {window}").into());
    };
    let start = stretch_start(history, window, |sample| !sample.good);
    match start {
        Some(start) if rate > over => {
            let since = view.cell.first_failure.map_or(start, |first| earlier(first, start));
            let (percent, window) = (rate * 100.0, short_time(window));
            let why = format!("{percent:.0} % of looks failed in {window}");
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
            let found =
                word(&cell(looks), at(now), |view| ask(view, 0.5, Duration::from_secs(20), 10));
            assert_eq!(found, want, "{looks:?}");
        };
        let half: Vec<(u64, Saw)> =
            (0..10).map(|n| (n * 2, if n % 2 == 0 { Up } else { Silent })).collect();
        check(&half, 18, "quiet");
        let mut more = half.clone();
        more.push((20, Silent));
        check(&more, 20, "since 2");
        check(&stretch(0, 16, &Silent), 16, "cannot tell");
        check(&stretch(0, 18, &Silent), 18, "since 0");
        check(&stretch(0, 40, &Forbidden), 40, "cannot tell");
        check(&stretch(0, 18, &Silent), 40, "cannot tell");
        // The start is that of the stretch, not of the window.
        check(&stretch(0, 400, &Silent), 400, "since 0");
        check(&stretch(0, 1200, &Silent), 1200, "since 0");
        let mut twice = stretch(0, 10, &Silent);
        twice.extend(stretch(12, 100, &Up));
        twice.extend(stretch(102, 122, &Silent));
        check(&twice, 122, "since 102");
    }
}
