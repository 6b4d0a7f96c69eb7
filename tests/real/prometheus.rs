//! The `prometheus` system against a real server: what it says when all is well, and when not.

mod looking;
mod rigs;
