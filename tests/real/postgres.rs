//! The `postgres` system against two real servers: what it says when all is well, and when not.

mod acting;
mod beating;
mod bench;
mod fencing;
mod hostile;
mod looking;
mod meant;
mod rejoin;
mod rigs;
mod truth;
