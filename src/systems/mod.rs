//! Every kind of system that warroom can watch and act on, one folder each; they never meet.

#[cfg(feature = "aws")]
pub mod aurora;
#[cfg(feature = "aws")]
pub mod cloudwatch;
pub mod command;
pub mod dns;
#[cfg(feature = "aws")]
pub mod dynamodb;
#[cfg(feature = "aws")]
pub mod elasticache;
pub mod facts;
pub mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod kit;
pub mod manual;
#[cfg(feature = "opensearch")]
pub mod opensearch;
pub mod patroni;
pub mod postgres;
pub mod prometheus;
#[cfg(feature = "aws")]
pub mod rds;
pub mod redis;
#[cfg(feature = "aws")]
pub mod s3;

use crate::port::System;

/// All of them. A new one is its folder, its `mod` line and its entry here.
pub const SYSTEMS: &[&dyn System] = &[
    #[cfg(feature = "aws")]
    &aurora::Aurora,
    #[cfg(feature = "aws")]
    &cloudwatch::CloudWatch,
    &command::Command,
    &dns::Dns,
    #[cfg(feature = "aws")]
    &dynamodb::DynamoDb,
    #[cfg(feature = "aws")]
    &elasticache::ElastiCache,
    &http::Http,
    #[cfg(feature = "kafka")]
    &kafka::Kafka,
    &manual::Manual,
    #[cfg(feature = "opensearch")]
    &opensearch::OpenSearch,
    &patroni::Patroni,
    &postgres::Postgres,
    &prometheus::Prometheus,
    #[cfg(feature = "aws")]
    &rds::Rds,
    &redis::Redis,
    #[cfg(feature = "aws")]
    &s3::S3,
];

/// The kinds of families that this program is built without, each with its family.
pub const LEFT_OUT: &[(&str, &str)] = &[
    #[cfg(not(feature = "aws"))]
    ("aurora", "aws"),
    #[cfg(not(feature = "aws"))]
    ("cloudwatch", "aws"),
    #[cfg(not(feature = "aws"))]
    ("dynamodb", "aws"),
    #[cfg(not(feature = "aws"))]
    ("elasticache", "aws"),
    #[cfg(not(feature = "aws"))]
    ("rds", "aws"),
    #[cfg(not(feature = "aws"))]
    ("s3", "aws"),
    #[cfg(not(feature = "kafka"))]
    ("kafka", "kafka"),
    #[cfg(not(feature = "opensearch"))]
    ("opensearch", "opensearch"),
];
