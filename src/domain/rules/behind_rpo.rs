//! Behind the RPO: what would be lost now is more than the tier was promised.

use std::time::Duration;

use super::view::{Finding, View, not_heard};
use crate::domain::snapshot::trusted_lag;
use crate::domain::time::{no_less, short_time};

/// Speaks when the lag of the present reading is over `rpo`.
pub fn ask(view: &View<'_>, rpo: Duration) -> Finding {
    let Some(reading) = view.current() else { return not_heard() };
    let Some(lag_s) = trusted_lag(reading) else {
        return Finding::CannotTell("the lag is not known".into());
    };
    if lag_s <= rpo.as_secs_f64() {
        return Finding::Quiet;
    }
    let since = view.lag_over_since(rpo).unwrap_or(reading.at);
    let lag = no_less(lag_s);
    let why = format!("{lag} behind, more than the RPO of {}", short_time(rpo));
    Finding::Speaks { since, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::{Basis, Certainty};
    use crate::domain::rules::bench::{Saw, at, cell, lag, stretch, word};

    #[test]
    fn boundaries() {
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            let found = word(&cell(looks), at(now), |view| ask(view, Duration::from_secs(5)));
            assert_eq!(found, want, "{looks:?}");
        };
        check(&[(0, lag(5.0))], 0, "quiet");
        check(&[(0, lag(5.1))], 0, "since 0");
        check(&[vec![(0, lag(1.0))], stretch(2, 8, &lag(6.0))].concat(), 8, "since 2");
        check(&[(0, lag(9.0))], 7, "cannot tell");
        check(&[(0, lag(9.0)), (2, Saw::Silent)], 2, "cannot tell");
        // A lag that is no figure is never within the objective.
        for (seconds, certainty, basis) in [
            (0.0, Certainty::Unknown, Basis::LogPosition),
            (-1.0, Certainty::Known, Basis::Heartbeat),
            (f64::NAN, Certainty::Known, Basis::Heartbeat),
        ] {
            check(&[(0, Saw::Lag(seconds, certainty, basis))], 0, "cannot tell");
        }
        check(&[(0, Saw::Standby)], 0, "cannot tell");
    }
}
