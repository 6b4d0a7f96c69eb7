//! The `redis` system against two real servers: what it says when all is well, and when not.

#[path = "real/mod.rs"]
mod real;

#[path = "redis/acting.rs"]
mod acting;
#[path = "redis/bench.rs"]
mod bench;
#[path = "redis/emptied.rs"]
mod emptied;
#[path = "redis/hostile.rs"]
mod hostile;
#[path = "redis/looking.rs"]
mod looking;
#[path = "redis/moved.rs"]
mod moved;
#[path = "redis/truth.rs"]
mod truth;
