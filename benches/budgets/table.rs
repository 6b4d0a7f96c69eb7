//! One row a budget: what is allowed, what was measured, which of both is kept.

use std::time::Duration;

/// What a budget allows to the first parts and at the end, in the unit of what is measured.
pub struct Budget {
    what: String,
    unit: &'static str,
    first: Option<f64>,
    last: f64,
}

/// A budget of the design.
pub fn budget(what: &str, unit: &'static str, first: Option<f64>, last: f64) -> Budget {
    Budget { what: what.to_owned(), unit, first, last }
}

impl Budget {
    /// Prints one row of the table: what is allowed, what was measured, which of both is kept.
    pub fn row(&self, measured: f64, more: &str) {
        let allowed = |limit: Option<f64>| {
            limit.map_or("-".to_owned(), |limit| format!("{limit} {}", self.unit))
        };
        let verdict = match (self.first, self.last) {
            (_, last) if measured <= last => "final kept",
            (Some(first), _) if measured <= first => "first kept",
            (None, _) => "final missed",
            (Some(_), _) => "MISSED",
        };
        let (what, unit) = (&self.what, self.unit);
        let (first, last) = (allowed(self.first), allowed(Some(self.last)));
        println!("{what:<52} {first:>8} {last:>8}   {measured:.2} {unit}, {verdict}{more}");
    }

    /// As [`Budget::row`], for times of which the 99th percentile counts.
    pub fn ranks(&self, mut times: Vec<Duration>) {
        times.sort_unstable();
        let rank = |percent: usize| {
            let index = (times.len() * percent / 100).min(times.len() - 1);
            times[index].as_secs_f64() * 1000.0
        };
        let more = format!(" (p99; p50 {:.2} ms, n {})", rank(50), times.len());
        self.row(rank(99), &more);
    }
}

/// Prints a figure of another program, to compare with.
pub fn beside(what: &str, unit: &str, measured: f64) {
    println!("{what:<52} {:>8} {:>8}   {measured:.2} {unit}", "-", "-");
}
