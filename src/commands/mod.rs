//! What can be asked of the program: one file a subcommand, and what they have in common.

pub mod args;
mod beat;
pub mod check;
pub mod demo;
mod dry_run;
pub mod entry;
pub mod exit;
pub mod history;
pub mod init;
pub mod log;
mod opening;
mod refused;
pub mod replay;
pub mod report;
mod run_name;
mod runner;
mod say;
pub mod schema;
pub mod status;
pub mod systems;
mod unattended;
