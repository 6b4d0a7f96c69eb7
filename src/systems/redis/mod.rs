//! Redis with asynchronous replication between two regions: role, lag, promotion, proof, failback.
//!
//! A role is told by the server itself. A lag in bytes is a difference between two servers read in
//! the same look, of one replication history; a lag in seconds needs a heartbeat key. What a
//! replica says of itself is never a lag: on a dead link its own two offsets agree.

mod actions;
mod config;
mod empty;
mod facts;
mod flow;
mod history;
mod info;
mod judge;
mod lag;
mod link;
mod probe;
mod rights;
mod settings;
mod state;
#[cfg(test)]
mod tests_support;
mod trouble;
mod wire;

use crate::domain::catalogue::{FactSpec, SettingSpec};
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::port::{Action, Probe, ProbeSetup, System};

pub use rights::{ACT_RULES, WATCH_RULES};

/// The name of the kind.
const KIND: &str = "redis";

/// The kind `redis`.
#[derive(Debug, Clone, Copy)]
pub struct Redis;

impl System for Redis {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn doc(&self) -> &'static str {
        "Redis 6.2 or later with one replica across the regions: role, lag in bytes and seconds, \
         link and its age, keys and persistence of both sides, what keeps writes waiting, and \
         whether a primary came back empty"
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
        let sides = settings::read(spec)?;
        let mut names: Vec<String> =
            sides.into_iter().flatten().filter_map(|side| side.read).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn example(&self) -> &'static str {
        "[systems.cache]\n\
         kind = \"redis\"\n\
         every = \"2s\"\n\
         timeout = \"2s\"\n\
         read = \"redis-read\"\n\
         act = \"redis-act\"\n\
         a = { host = \"127.0.0.1\", port = 9, heartbeat = \"dr:hb:a\" }\n\
         b = { host = \"127.0.0.1\", port = 9, heartbeat = \"dr:hb:b\" }\n"
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        Ok(Box::new(probe::RedisProbe::new(&setup)?))
    }
}
