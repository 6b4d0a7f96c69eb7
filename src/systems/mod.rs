//! Every kind of system that warroom can watch and act on, one folder each; they never meet.

pub mod command;
pub mod dns;
pub mod facts;
pub mod http;
pub mod kafka;
pub mod kit;
pub mod manual;
pub mod opensearch;
pub mod patroni;
pub mod postgres;
pub mod prometheus;
pub mod redis;
pub mod s3;

use crate::port::System;

/// All of them. A new one is its folder, its `mod` line and its entry here.
pub const SYSTEMS: &[&dyn System] = &[
    &command::Command,
    &dns::Dns,
    &http::Http,
    &kafka::Kafka,
    &manual::Manual,
    &opensearch::OpenSearch,
    &patroni::Patroni,
    &postgres::Postgres,
    &prometheus::Prometheus,
    &redis::Redis,
    &s3::S3,
];
