//! The `kafka` system against two real clusters with `MirrorMaker` 2 between them.

mod acting;
mod beating;
pub mod bench;
mod hostile;
mod rigs;
mod truth;
