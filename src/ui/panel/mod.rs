//! The parts of the screen, each drawn from the screen's facts alone.

pub mod clocks;
pub mod fitness;
pub mod header;
pub mod hints;
pub mod keys;
pub mod logs;
pub mod next;
pub mod offer;
pub mod phrase;
mod prelude;
pub mod quiet;
pub mod red;
pub mod region;
pub mod replayed;
pub mod replication;
pub mod rhythm;
pub mod runbook;
pub mod runbook_abort;
pub mod spoken;
pub mod strip;
pub mod table;
