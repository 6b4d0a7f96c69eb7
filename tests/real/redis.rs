//! The `redis` system against two real servers: what it says when all is well, and when not.

mod acting;
mod beating;
mod bench;
mod cluster;
mod emptied;
mod hostile;
mod looking;
mod moved;
mod sentinel;
mod truth;
