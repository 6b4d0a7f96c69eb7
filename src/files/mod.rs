//! What a person wrote, and what was frozen of it with a run: files read and checked, nothing more.

pub mod faults;
pub mod frozen;
pub mod kinds;
pub mod lint;
pub mod lookup;
pub mod runbook;
pub mod shipped;
pub mod site;
mod tables;
pub mod toml_tree;
