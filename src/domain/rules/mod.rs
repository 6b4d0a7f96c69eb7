//! When looks become an alarm: one small file per rule, each a question about one system's side.

pub mod behind_rpo;
pub mod degraded;
pub mod down;
pub mod error_rate;
pub mod flapping;
pub mod it_is_us;
pub mod lag_over;
pub mod latency;
pub mod short_capacity;
pub mod split_brain;
pub mod stale;
mod view;

use super::site::RuleTest;

pub use view::{Finding, View, period};

/// Asks a rule of the site about one system on one side.
pub fn ask(test: &RuleTest, view: &View<'_>) -> Finding {
    match test {
        RuleTest::Down { failures } => down::ask(view, *failures),
        RuleTest::ErrorRate { over, window, min_samples } => {
            error_rate::ask(view, *over, *window, *min_samples)
        }
        RuleTest::P95 { over, window, min_samples } => {
            latency::ask(view, *over, *window, *min_samples)
        }
        RuleTest::DegradedFor { time } => degraded::ask(view, *time),
        RuleTest::LagOver { over, time } => lag_over::ask(view, *over, *time),
        RuleTest::CapacityUnder { share } => short_capacity::ask(view, *share),
    }
}

/// True for the rules that speak for the loss of a region.
pub fn is_signal(test: &RuleTest) -> bool {
    match test {
        RuleTest::Down { .. }
        | RuleTest::ErrorRate { .. }
        | RuleTest::P95 { .. }
        | RuleTest::DegradedFor { .. } => true,
        RuleTest::LagOver { .. } | RuleTest::CapacityUnder { .. } => false,
    }
}

/// Times, systems and looks for the tests of rules and judge.
#[cfg(test)]
pub(super) mod bench;
