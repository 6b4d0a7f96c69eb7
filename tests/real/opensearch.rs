//! The `opensearch` system against two real nodes: what it says when all is well, and when not.

mod acting;
pub mod bench;
mod hostile;
mod looking;
mod standin;
