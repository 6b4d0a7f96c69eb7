//! The `kafka` system against two real clusters with `MirrorMaker` 2 between them.

mod rigs;
