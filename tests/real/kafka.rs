//! The `kafka` system against two real clusters with `MirrorMaker` 2 between them.

mod acting;
mod anew;
mod beating;
pub mod bench;
mod groups;
mod hostile;
mod many;
mod process;
mod replicator;
mod rigs;
mod truth;
