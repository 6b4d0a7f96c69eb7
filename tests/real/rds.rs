//! The `rds` system against AWS's double: what it says when all is well, and when not.

mod acting;
mod back;
pub mod bench;
mod costing;
mod looking;
