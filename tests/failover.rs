//! A region lost for real: the program at a terminal, real servers, and a person's keys.
//!
//! Two regions run a PostgreSQL each, the second a streaming standby under constant write load, and
//! a service that writes through its local server; name servers lead to one of them. The tests kill
//! a region, press the keys of a commander, and hold what the screen and the report say against
//! what is really so in the servers.

#[path = "real/mod.rs"]
mod real;

#[path = "failover/facts.rs"]
mod facts;
#[path = "failover/killed.rs"]
mod killed;
#[path = "failover/lost.rs"]
mod lost;
#[path = "failover/person.rs"]
mod person;
#[path = "failover/planned.rs"]
mod planned;
#[expect(dead_code, reason = "tests/pty and the bench of the budgets use more of it")]
#[path = "seat/mod.rs"]
mod seat;
#[path = "failover/unattended.rs"]
mod unattended;

/// One story at a time: they measure seconds, and each brings eight servers.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
