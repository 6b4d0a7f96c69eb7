//! The `patroni` system against two real clusters: what it says when all is well, and when not.

mod acting;
mod back;
mod bench;
mod hostile;
mod looking;
