//! Every kind of system that warroom can watch and act on, one folder each; they never meet.

pub mod command;
pub mod dns;
pub mod facts;
pub mod http;
pub mod kit;
pub mod manual;
pub mod opensearch;
pub mod postgres;
pub mod redis;

use crate::port::System;

/// All of them. A new one is its folder, its `mod` line and its entry here.
pub const SYSTEMS: &[&dyn System] = &[
    &command::Command,
    &dns::Dns,
    &http::Http,
    &manual::Manual,
    &opensearch::OpenSearch,
    &postgres::Postgres,
    &redis::Redis,
];
