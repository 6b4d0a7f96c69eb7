//! What is told of a service by a real server: busy, failing, slow, idle, gone; and of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{FactValue, Health, LookErrorKind, Reading};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;

use crate::kind::hands::{Hand, Watcher, done, table, text, why};
use crate::servers::prometheus::exporter::{Exporter, Lag};
use crate::servers::prometheus::{Prometheus, SCRAPE_EVERY};
use crate::stand;
use crate::turns::{Group, turn};

const TRAFFIC: &str = "sum(rate(http_requests_total[4s]))";
const ERROR_RATE: &str = "(sum(rate(http_requests_total{code=~\"5..\"}[4s])) or vector(0)) \
                          / sum(rate(http_requests_total[4s]))";
const LATENCY: &str = "histogram_quantile(0.95, sum by (le) (rate(request_seconds_bucket[4s])))";

/// The server as region A of a system, with more settings.
fn system(scheme: &str, port: u16, more: Vec<(&str, Value)>) -> SystemSpec {
    let limit = Value::Float;
    let mut settings = table(vec![
        ("url", text(&format!("{scheme}://127.0.0.1:{port}"))),
        ("series", text("request_seconds_count")),
        ("scrape_every", text("1s")),
        ("traffic", text(TRAFFIC)),
        ("error_rate", text(ERROR_RATE)),
        ("error_rate_over", limit(0.05)),
        ("down_over", limit(0.9)),
        ("latency", text(LATENCY)),
        ("latency_over", text("1s")),
        ("latency_top", text("2500ms")),
        ("lag", text("max(replication_lag_seconds)")),
        ("lag_over", text("30s")),
    ]);
    for (key, node) in table(more).entries {
        settings.entries.retain(|(known, _)| known.name != key.name);
        settings.entries.push((key, node));
    }
    SystemSpec {
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        settings,
        sides: [Some(Table::default()), None],
        ..stand::system("metrics", "prometheus")
    }
}

fn unknown(reading: &Reading, fact: &str) -> String {
    match reading.fact(fact) {
        Some(FactValue::Unknown(why)) => why.to_string(),
        known => panic!("{fact} is {known:?}"),
    }
}

fn known(reading: &Reading, fact: &str) -> Option<f64> {
    match reading.fact(fact) {
        Some(FactValue::Number(known) | FactValue::Seconds(known) | FactValue::Share(known)) => {
            Some(*known)
        }
        _ => None,
    }
}

/// Requests at a constant rate, a hundred a second, until it is dropped.
struct Users {
    /// How many of a hundred fail; a thousand for no request at all.
    failing: Arc<AtomicU16>,
    took_ms: Arc<AtomicU16>,
    /// Whoever waits for its end knows when it is dropped.
    stays: Arc<()>,
}

const NONE: u16 = 1000;

impl Users {
    fn start(exporter: &Exporter) -> Self {
        let users =
            Self { failing: Arc::default(), took_ms: Arc::default(), stays: Arc::default() };
        users.took_ms.store(20, Ordering::Relaxed);
        let (failing, took) = (Arc::clone(&users.failing), Arc::clone(&users.took_ms));
        let (stays, exporter) = (Arc::downgrade(&users.stays), exporter.clone());
        std::thread::spawn(move || {
            let began = Instant::now();
            for second in 1_u32.. {
                if stays.strong_count() == 0 {
                    return;
                }
                let failing = u64::from(failing.load(Ordering::Relaxed));
                let took = Duration::from_millis(took.load(Ordering::Relaxed).into());
                if failing <= 100 {
                    exporter.serve(100 - failing, 200, took);
                    exporter.serve(failing, 503, took);
                }
                let due = began + Duration::from_secs(1) * second;
                std::thread::park_timeout(due.saturating_duration_since(Instant::now()));
            }
        });
        users
    }
}

#[test]
fn every_lie_of_a_service_is_told() {
    let Some(_turn) = turn(Group::Prometheus) else { return };
    let server = Prometheus::start();
    let exporter = &server.exporter;
    let spec = system("http", server.port, vec![]);
    let mut watcher = Watcher::new(&spec);
    let mut until =
        |what: &str, wanted: &dyn Fn(&Reading) -> bool| watcher.until(Side::A, what, wanted);
    // Nothing was ever counted, and nobody tells a lag.
    let idle = until("nothing is known", &|reading| known(reading, "sample_age").is_some());
    assert!(why(&idle).contains("no request was ever counted"), "{}", why(&idle));
    assert!(unknown(&idle, "lag_seconds").contains("nobody tells it"));
    assert!(matches!(idle.health, Health::Unknown(_)));

    exporter.lag(Some(Lag::Is(3.5)));
    let users = Users::start(exporter);
    let busy = until("it is up", &|reading| reading.health == Health::Up);
    assert_eq!(known(&busy, "user_errors"), Some(0.0));
    assert!(known(&busy, "lag_seconds") >= Some(3.5), "{busy:?}");
    assert!(known(&busy, "lag_seconds") < Some(3.5 + 3.0), "{busy:?}");
    assert!(known(&busy, "latency") <= Some(0.05), "{busy:?}");
    // The same without `or vector(0)`, while no request ever failed.
    let bare = ERROR_RATE.replace(" or vector(0)", "");
    let spec_bare = system("http", server.port, vec![("error_rate", text(&bare))]);
    let told = Watcher::new(&spec_bare).until(Side::A, "the empty rate is told", |reading| {
        known(reading, "user_errors").is_none()
    });
    assert!(why(&told).contains("write `or vector(0)`"), "{}", why(&told));

    users.failing.store(25, Ordering::Relaxed);
    let failing = until("a quarter fails", &|reading| {
        known(reading, "user_errors").is_some_and(|rate| (rate - 0.25).abs() < 0.01)
    });
    assert!(
        matches!(&failing.health, Health::Degraded(why) if why.as_str().contains("requests fail"))
    );
    users.failing.store(100, Ordering::Relaxed);
    let down = until("it is down", &|reading| matches!(reading.health, Health::Down(_)));
    assert!(known(&down, "user_errors") > Some(0.9));
    users.failing.store(0, Ordering::Relaxed);
    users.took_ms.store(9000, Ordering::Relaxed);
    // It is down for as long as the errors of before are of the last minute.
    let slow = until(
        "it is slow",
        &|reading| matches!(&reading.health, Health::Degraded(why) if why.as_str().contains("at least 2.5s")),
    );
    assert!(unknown(&slow, "latency").contains("at least 2.5s"));
    users.took_ms.store(20, Ordering::Relaxed);
    until("it is up again", &|reading| reading.health == Health::Up);

    // Idle after traffic: neither well nor ill.
    users.failing.store(NONE, Ordering::Relaxed);
    let quiet = until("it is quiet", &|reading| why(reading).contains("no traffic"));
    assert_eq!(why(&quiet), "no traffic: 0 requests/s");
    assert_eq!(known(&quiet, "traffic"), Some(0.0));
    assert!(matches!(quiet.health, Health::Unknown(_)));
    assert!(known(&quiet, "lag_seconds").is_some());
    users.failing.store(0, Ordering::Relaxed);
    until("it is busy again", &|reading| reading.health == Health::Up);
    exporter.dead(true);
    // One query may find the last sample, and the next one nothing: its time is over between them.
    let dead = until("the service is gone", &|reading| why(reading).contains("`series` is empty"));
    assert!(matches!(dead.health, Health::Unknown(_)));
    for fact in ["sample_age", "traffic", "user_errors", "latency", "lag_seconds"] {
        assert!(unknown(&dead, fact).contains("`series` is empty"));
    }
}

#[test]
fn every_lie_of_the_server_is_told() {
    let Some(_turn) = turn(Group::Prometheus) else { return };
    let mut server = Prometheus::start();
    let mut spec = system("http", server.port, vec![]);
    // A lag alone: what says nothing of requests needs none.
    let only = ["url", "series", "scrape_every", "lag", "lag_over"];
    spec.settings.entries.retain(|(key, _)| only.contains(&key.name.as_str()));
    let mut watcher = Watcher::new(&spec);
    server.exporter.lag(Some(Lag::Is(3.5)));
    watcher.until(Side::A, "it is up", |reading| reading.health == Health::Up);
    let mut check = Hand::new(&spec, "prometheus.check", Side::A, Table::default());
    assert!(done(&check.check()));

    server.program.freeze();
    let start = Instant::now();
    let frozen = watcher.side(Side::A).unwrap_err();
    assert_eq!(frozen.kind, LookErrorKind::Timeout);
    assert!(start.elapsed() < spec.timeout + Duration::from_millis(500), "{:?}", start.elapsed());
    server.program.thaw();
    watcher.until(Side::A, "it is up again", |reading| reading.health == Health::Up);

    let last = Instant::now();
    server.exporter.dead(true);
    server.program.kill9();
    assert_eq!(watcher.side(Side::A).unwrap_err().kind, LookErrorKind::Unreachable);
    server.start_again();
    // It answers with the value of before, as if it were of now.
    assert_eq!(server.query("replication_lag_seconds"), ["3.5"]);
    let old = watcher.until(Side::A, "its age is told", |reading| {
        known(reading, "sample_age").is_some_and(|age| age > 3.0)
    });
    assert!(known(&old, "sample_age") >= Some(last.elapsed().as_secs_f64() - 1.0), "{old:?}");
    assert!(unknown(&old, "lag_seconds").contains("does not tell what is now"));
    assert!(matches!(old.health, Health::Unknown(_)));
    let said = check.check();
    assert!(matches!(said, Standing::Unknown(_)), "{said:?}");
    server.exporter.dead(false);
    server.exporter.lag(Some(Lag::Is(31.0)));
    let behind = watcher
        .until(Side::A, "it is behind", |reading| matches!(reading.health, Health::Degraded(_)));
    assert!(why(&behind).contains("behind"), "{}", why(&behind));
    assert!(matches!(check.check(), Standing::NotDone(_)));
}

#[test]
fn a_lag_is_never_below_the_truth() {
    let Some(_turn) = turn(Group::Prometheus) else { return };
    let server = Prometheus::start();
    let spec = system("http", server.port, vec![]);
    let mut watcher = Watcher::new(&spec);
    let stalled = Instant::now();
    server.exporter.lag(Some(Lag::Since(stalled)));
    watcher.until(Side::A, "it is told", |reading| known(reading, "lag_seconds").is_some());
    for _ in 0..40 {
        let before = stalled.elapsed().as_secs_f64();
        let told = known(&watcher.side(Side::A).unwrap(), "lag_seconds").unwrap();
        let after = stalled.elapsed().as_secs_f64();
        assert!(told >= before, "{told} is less than {before}");
        assert!(told <= after + SCRAPE_EVERY.as_secs_f64(), "{told} is much more than {after}");
        std::thread::park_timeout(SCRAPE_EVERY / 10);
    }
}

#[test]
fn locks_are_told() {
    let Some(_turn) = turn(Group::Prometheus) else { return };
    let mut server = Prometheus::start();
    server.exporter.lag(Some(Lag::Is(3.5)));
    server.until_scraped();
    server.lock();
    server.until_scraped();
    let (port, ca) = (server.port, server.ca.to_str().unwrap().to_owned());
    let side = |scheme: &str, read: &str, with_ca: bool| {
        let mut more = Vec::new();
        if !read.is_empty() {
            more.push(("read", text(read)));
        }
        if with_ca {
            more.push(("ca", text(&ca)));
        }
        Watcher::new(&system(scheme, port, more)).side(Side::A)
    };
    let fails = |scheme: &str, read: &str, with_ca: bool, kind: LookErrorKind, want: &str| {
        let error = side(scheme, read, with_ca).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains(want), "{error}");
    };
    let refused = "does not accept our user or its secret (401";
    fails("https", "read", false, LookErrorKind::Ours, "name its file in `ca`");
    fails("https", "", true, LookErrorKind::Permission, refused);
    fails("https", "wrong", true, LookErrorKind::Permission, refused);
    fails(
        "http",
        "read",
        true,
        LookErrorKind::Garbage,
        "refused (400: Client sent an HTTP request",
    );
    let told = side("https", "read", true).unwrap();
    assert!(known(&told, "lag_seconds") >= Some(3.5), "{told:?}");
}
