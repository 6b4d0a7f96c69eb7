//! The real binary in a real terminal: keys, signals, sizes, stuck output, killed anywhere.

mod crash;
mod driver;
mod frames;
mod lost;
#[expect(dead_code, reason = "tests/failover and the bench of the budgets use more of it")]
#[path = "../seat/mod.rs"]
mod seat;
mod seats;
mod share;
mod signals;
mod toy;
