//! What was heard, what it means, what may happen next: answers only, no clock, file or network.

pub mod bound;
pub mod catalogue;
pub mod day;
pub mod forecast;
pub mod gates;
pub mod history;
pub mod ids;
pub mod judge;
pub mod ledger;
pub mod loss;
pub mod objective;
pub mod preview;
pub mod readiness;
pub mod reading;
pub mod rules;
pub mod run;
pub mod runbook;
pub mod settings;
pub mod site;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod verdict;
