//! The `postgres` system against two real servers: what it says when all is well, and when not.

#[path = "real/mod.rs"]
mod real;

#[path = "postgres/acting.rs"]
mod acting;
#[path = "postgres/bench.rs"]
mod bench;
#[path = "postgres/fencing.rs"]
mod fencing;
#[path = "postgres/hostile.rs"]
mod hostile;
#[path = "postgres/looking.rs"]
mod looking;
#[path = "postgres/meant.rs"]
mod meant;
#[path = "postgres/rejoin.rs"]
mod rejoin;
#[path = "postgres/rigs.rs"]
mod rigs;
#[path = "postgres/truth.rs"]
mod truth;
