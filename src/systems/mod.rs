//! Every kind of system that warroom can watch and act on, one folder each; they never meet.

pub mod command;
pub mod dns;
pub mod facts;
pub mod http;
pub mod kit;
pub mod manual;
pub mod postgres;
pub mod redis;

pub mod sim;

use crate::port::{Action, System};

/// All kinds. A new one is its folder, its `mod` line and its entry here.
pub const SYSTEMS: &[&dyn System] = &[
    &command::Command,
    &dns::Dns,
    &http::Http,
    &manual::Manual,
    &postgres::Postgres,
    &redis::Redis,
    &sim::SIM,
];

/// Actions that work on systems of any kind and so belong to none.
pub const ACTIONS_OF_ANY_KIND: &[&dyn Action] = &[&facts::Wait { systems: || SYSTEMS }];
