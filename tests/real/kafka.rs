//! The `kafka` system against two real clusters with `MirrorMaker` 2 between them.

mod acting;
mod bench;
mod rigs;
mod truth;
