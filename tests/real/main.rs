//! Everything that is tested on real servers, in one binary: started here, killed here.

mod aurora;
mod beats;
mod clouds;
mod cloudwatch;
mod cost;
mod dynamodb;
mod elasticache;
mod failover;
mod kafka;
#[path = "../kind/mod.rs"]
mod kind;
mod opensearch;
mod patroni;
mod postgres;
mod prometheus;
mod proxied;
mod rds;
mod redis;
mod s3;
#[expect(dead_code, reason = "the tests of the terminal and the bench of the budgets use more")]
#[path = "../seat/mod.rs"]
mod seat;
mod servers;
#[expect(dead_code, reason = "other tests use more")]
#[path = "../stand/mod.rs"]
mod stand;
mod stores;
mod truth;
mod turns;
