//! Short of capacity: fewer ready units than a share of the wanted ones.

use super::view::{Finding, View, not_heard};

/// Speaks when less than `share` (0 to 1) of the wanted units is ready, as of the present reading.
pub fn ask(view: &View<'_>, share: f64) -> Finding {
    let Some(reading) = view.current() else { return not_heard() };
    let Some(capacity) = reading.capacity else {
        return Finding::CannotTell("it told no capacity".into());
    };
    if capacity.share() >= share {
        return Finding::Quiet;
    }
    let (ready, wanted) = (capacity.ready, capacity.wanted);
    let why = format!("{ready} of {wanted} ready, less than {:.0} %", share * 100.0);
    Finding::Speaks { since: reading.at, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::bench::{Saw, at, cell, word};

    #[test]
    fn boundaries() {
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            assert_eq!(word(&cell(looks), at(now), |view| ask(view, 0.8)), want, "{looks:?}");
        };
        check(&[(0, Saw::Size(8, 10))], 0, "quiet");
        check(&[(0, Saw::Size(7, 10))], 0, "since 0");
        check(&[(0, Saw::Size(0, 10))], 0, "since 0");
        check(&[(0, Saw::Size(0, 0))], 0, "quiet");
        check(&[(0, Saw::Up)], 0, "cannot tell");
        check(&[(0, Saw::Size(1, 10)), (2, Saw::Silent)], 2, "cannot tell");
        check(&[(0, Saw::Size(10, 10))], 7, "cannot tell");
    }
}
