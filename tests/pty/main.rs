//! The real binary in a real terminal: keys, signals, sizes, stuck output, killed anywhere.

mod crash;
mod driver;
mod frames;
#[expect(dead_code, reason = "the bench of the budgets uses more of it")]
mod seat;
mod share;
mod signals;
mod toy;
