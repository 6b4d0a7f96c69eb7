//! Postgres with streaming replication between two regions: what it tells, and what can be done.
//!
//! A role is told by `pg_is_in_recovery()` alone. A lag is a difference between two servers read in
//! the same look; without the primary it is unknown, whatever the standby says of itself.

mod actions;
mod diverged;
mod facts;
mod judge;
mod lag;
mod link;
mod probe;
mod rights;
mod schema;
mod settings;
mod state;
mod stream;
#[cfg(test)]
mod tests_support;
mod trouble;
mod writers;

use crate::domain::catalogue::{FactSpec, SettingSpec};
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::port::{Action, Probe, ProbeSetup, System};

pub use actions::PROBE_TABLE_SQL;
pub use rights::{ACT_ROLE_SQL, FOLLOW_ROLE_SQL, WATCH_ROLE_SQL};

/// The name of the kind.
const KIND: &str = "postgres";

/// The kind `postgres`.
#[derive(Debug, Clone, Copy)]
pub struct Postgres;

impl System for Postgres {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn doc(&self) -> &'static str {
        "PostgreSQL 13 or later with streaming replication: role, lag in bytes and seconds, slots, \
         archive, timeline and schema of both sides"
    }

    fn settings(&self) -> &'static [SettingSpec] {
        settings::SETTINGS
    }

    fn facts(&self) -> &'static [FactSpec] {
        facts::FACTS
    }

    fn permissions(&self) -> &'static [&'static str] {
        rights::PERMISSIONS
    }

    fn actions(&self) -> &'static [&'static dyn Action] {
        actions::ACTIONS
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        let settings = settings::Settings::read(spec)?;
        let mut names: Vec<String> =
            settings.sides.into_iter().flatten().filter_map(|side| side.read).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn example(&self) -> &'static str {
        "[systems.pg]\n\
         kind = \"postgres\"\n\
         every = \"2s\"\n\
         timeout = \"2s\"\n\
         heartbeat = { table = \"dr_heartbeat\" }\n\
         a = { host = \"pg-a\", database = \"lms\", read = \"pg-read\" }\n\
         b = { host = \"pg-b\", database = \"lms\", read = \"pg-read\", act = \"pg-act\" }\n"
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        Ok(Box::new(probe::PostgresProbe::new(&setup)?))
    }
}
