//! Knows all rooms: reads the files a person writes and puts a console together.

pub mod appearance;
pub mod check;
pub mod compose;
pub mod demo;
pub mod docs;
pub mod entry;
pub mod lint;
pub mod lookup;
pub mod reference;
pub mod registry;
pub mod report;
mod report_steps;
mod report_words;
pub mod resume;
pub mod runbook_file;
mod runbook_gate;
mod runbook_step;
pub mod screenshots;
pub mod secrets;
pub mod site_file;
mod site_people;
mod site_rules;
mod site_systems;
pub mod status;
pub mod toml_tree;
pub mod workshop;
