//! What a service tells of itself: requests by status, how long they took, how far a replica is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The upper bounds of the buckets, in seconds; above is only `+Inf`.
pub const BUCKETS: [f64; 6] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// What it tells.
#[derive(Debug, Default)]
struct Told {
    by_status: BTreeMap<u16, u64>,
    in_buckets: [u64; BUCKETS.len()],
    seconds: f64,
    count: u64,
    lag: Option<Lag>,
    is_dead: bool,
    scrapes: u64,
}

/// How far a replica is behind.
#[derive(Debug, Clone, Copy)]
pub enum Lag {
    /// So many seconds.
    Is(f64),
    /// It got nothing since.
    Since(Instant),
}

/// An exporter in this process, which its copies speak for too, until the process ends.
#[derive(Clone)]
pub struct Exporter {
    /// The port on 127.0.0.1.
    pub port: u16,
    told: Arc<Mutex<Told>>,
}

impl Exporter {
    /// Starts one that has served nothing yet and tells no lag.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = Arc::new(Mutex::new(Told::default()));
        let shared = Arc::clone(&told);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { port, told }
    }

    /// Counts requests that ended with a status after a time.
    pub fn serve(&self, count: u64, status: u16, took: Duration) {
        if count == 0 {
            return;
        }
        let mut told = lock(&self.told);
        *told.by_status.entry(status).or_default() += count;
        told.count += count;
        for _ in 0..count {
            told.seconds += took.as_secs_f64();
        }
        for (bucket, bound) in told.in_buckets.iter_mut().zip(BUCKETS) {
            if took.as_secs_f64() <= bound {
                *bucket += count;
            }
        }
    }

    /// Tells a lag from now on, or none.
    pub fn lag(&self, lag: Option<Lag>) {
        lock(&self.told).lag = lag;
    }

    /// Hangs up on whoever asks, or does so no more.
    pub fn dead(&self, yes: bool) {
        lock(&self.told).is_dead = yes;
    }

    /// How often it was asked and answered.
    pub fn scrapes(&self) -> u64 {
        lock(&self.told).scrapes
    }
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, kept for as many requests as come.
fn serve(stream: &TcpStream, told: &Mutex<Told>) {
    let mut lines = BufReader::new(stream).lines();
    loop {
        // To the empty line, which ends a request.
        loop {
            match lines.next() {
                Some(Ok(line)) if line.is_empty() => break,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
        let text = {
            let mut told = lock(told);
            if told.is_dead {
                return;
            }
            told.scrapes += 1;
            page(&told)
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length:";
        let answer = format!("{head} {}\r\n\r\n{text}", text.len());
        // The other end may have gone.
        if (&*stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn page(told: &Told) -> String {
    let mut page = "# TYPE http_requests_total counter\n".to_owned();
    for (status, count) in &told.by_status {
        writeln!(page, "http_requests_total{{code=\"{status}\"}} {count}").unwrap();
    }
    page += "# TYPE request_seconds histogram\n";
    for (bound, count) in BUCKETS.iter().zip(told.in_buckets) {
        writeln!(page, "request_seconds_bucket{{le=\"{bound}\"}} {count}").unwrap();
    }
    let count = told.count;
    writeln!(page, "request_seconds_bucket{{le=\"+Inf\"}} {count}").unwrap();
    writeln!(page, "request_seconds_sum {}\nrequest_seconds_count {count}", told.seconds).unwrap();
    if let Some(lag) = told.lag {
        let lag = match lag {
            Lag::Is(seconds) => seconds,
            Lag::Since(start) => start.elapsed().as_secs_f64(),
        };
        writeln!(page, "# TYPE replication_lag_seconds gauge\nreplication_lag_seconds {lag}")
            .unwrap();
    }
    page
}
