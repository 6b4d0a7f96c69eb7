//! Every kind of system that warroom can watch and act on, one folder each; they never meet.

pub mod aurora;
pub mod command;
pub mod dns;
pub mod elasticache;
pub mod facts;
pub mod http;
pub mod kafka;
pub mod kit;
pub mod manual;
pub mod opensearch;
pub mod postgres;
pub mod prometheus;
pub mod rds;
pub mod redis;
pub mod s3;

use crate::port::System;

/// All of them. A new one is its folder, its `mod` line and its entry here.
pub const SYSTEMS: &[&dyn System] = &[
    &aurora::Aurora,
    &command::Command,
    &dns::Dns,
    &elasticache::ElastiCache,
    &http::Http,
    &kafka::Kafka,
    &manual::Manual,
    &opensearch::OpenSearch,
    &postgres::Postgres,
    &prometheus::Prometheus,
    &rds::Rds,
    &redis::Redis,
    &s3::S3,
];
