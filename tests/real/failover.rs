//! A region lost for real: the program at a terminal, real servers, and a person's keys.
//!
//! Two regions run a PostgreSQL each, the second a streaming standby under constant write load, and
//! a service that writes through its local server; name servers lead to one of them. The tests kill
//! a region, press the keys of a commander, and hold what the screen and the report say against
//! what is really so in the servers.

pub mod facts;
mod killed;
mod lms;
mod lost;
pub mod person;
mod planned;
mod unattended;

/// One story at a time: they measure seconds, and each brings eight servers.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
