//! The rig itself: what is exported is found by a query, and lies as real ones do.

use std::time::Duration;

use crate::servers::prometheus::Prometheus;
use crate::servers::prometheus::exporter::Lag;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

#[test]
fn what_is_exported_is_found() {
    let Some(_turn) = turn(Group::Prometheus) else { return };
    let mut server = Prometheus::start();
    server.exporter.serve(3, 200, Duration::from_millis(20));
    server.exporter.lag(Some(Lag::Is(3.5)));
    server.until_scraped();
    assert_eq!(server.query("replication_lag_seconds"), ["3.5"]);
    assert_eq!(server.query("http_requests_total"), ["3"]);
    assert_eq!(server.query("request_seconds_bucket{le=\"0.05\"}"), ["3"]);
    server.exporter.dead(true);
    until("a scrape has failed", DEADLINE, || server.query("up") == ["0"]);
    assert!(server.query("replication_lag_seconds").is_empty());
    server.program.kill9();
    server.start_again();
    assert_eq!(server.query("vector(2)"), ["2"]);
}
