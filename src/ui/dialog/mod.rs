//! What lies over the content: one file a dialog, with its state, keys, sheet and hints.

pub mod abort_run;
pub mod asked;
pub mod card;
pub mod choose;
mod close;
pub mod declare;
pub mod evidence;
mod fields;
pub mod form;
pub mod go_no_go;
pub mod help;
mod keys;
pub mod ledger;
mod lossy;
pub mod palette;
mod prelude;
pub mod report;
pub mod set_t0;
pub mod update;
