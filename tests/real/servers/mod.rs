//! Real servers for tests: Postgres and Redis pairs, DNS, services and write load, all on loopback.
//!
//! Everything lives in a temporary folder and is killed when its value is dropped.

pub mod account;
pub mod aurora;
pub mod aws;
pub mod dns;
pub mod dynamodb;
pub mod elasticache;
pub mod fault;
pub mod janitor;
pub mod kafka;
pub mod lms;
pub mod load;
pub mod minio;
pub mod objects;
pub mod opensearch;
pub mod patroni;
pub mod peers;
pub mod postgres;
pub mod program;
pub mod prometheus;
pub mod proxy;
pub mod rds;
pub mod redis;
pub mod redis_groups;
pub mod service;
pub mod world;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use peers::Peer;

/// The longest time that anything in a test is waited for.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The time between two looks at a condition.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The Debian packages that are missing on this machine.
pub fn missing() -> Vec<String> {
    let mut missing = Vec::new();
    let mut want = |there: bool, package: &str| {
        if !there {
            missing.push(package.to_owned());
        }
    };
    want(postgres::binaries().is_some(), "postgresql-15");
    want(redis::program().is_some() && find_program("redis-cli").is_some(), "redis-tools");
    want(find_program("etcd").is_some(), "etcd-server");
    want(find_program("named").is_some(), "bind9");
    want(find_program("nsupdate").is_some() && find_program("dig").is_some(), "bind9-dnsutils");
    let psycopg2 = Command::new(PYTHON).args(["-c", "import psycopg2"]).output();
    want(psycopg2.is_ok_and(|found| found.status.success()), "python3-psycopg2");
    missing
}

/// True when the servers of Debian's packages and these peers can be used. Otherwise panics with
/// what is missing when `WARROOM_REAL=strict`, and says on stderr what is not tested.
pub fn require(peers: &[Peer]) -> bool {
    let mut wanted = Vec::new();
    let packages = missing();
    if !packages.is_empty() {
        wanted.push(format!("install the Debian packages: {}", packages.join(" ")));
    }
    for peer in peers.iter().filter(|peer| !peer.is_there()) {
        wanted.push(format!("run {}", peer.made_by()));
    }
    if wanted.is_empty() {
        return true;
    }
    let list = wanted.join("; ");
    assert!(
        std::env::var("WARROOM_REAL").as_deref() != Ok("strict"),
        "real servers are missing; {list}"
    );
    eprintln!("NOT TESTED: real servers are missing; {list}");
    false
}

/// The versions of the real servers, for the record of a test run.
pub fn versions() -> Vec<String> {
    let first_line = |program: PathBuf, argument: &str| {
        let output = Command::new(program).arg(argument).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).lines().next().unwrap_or("").to_owned()
    };
    vec![
        first_line(postgres::binaries().unwrap().join("postgres"), "--version"),
        first_line(find_program("redis-cli").unwrap(), "--version"),
        first_line(find_program("named").unwrap(), "-v"),
        first_line(find_program("dig").unwrap(), "-v"),
        first_line(PathBuf::from(PYTHON), "--version"),
    ]
}

/// Debian's own Python, which has the packages that Debian installs.
pub const PYTHON: &str = "/usr/bin/python3";

/// Looks again and again until the condition holds; panics after `limit`.
pub fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    assert!(comes_true(limit, &mut condition), "{what}: not within {limit:?}");
}

/// Looks again and again until the condition holds; false when `limit` has passed without.
pub fn comes_true(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() >= limit {
            return false;
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
    true
}

/// A port that was free a moment ago on `address`, and that no client is given: whoever calls a
/// server that is dead, again and again, would else meet itself on it one day, and keep it.
pub fn free_port(address: &str) -> u16 {
    /// Above what is well known, below what Linux gives to clients.
    const RANGE: std::ops::Range<u16> = 12_000..32_000;
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let count = RANGE.end - RANGE.start;
    // Other processes of tests begin elsewhere.
    let begin = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(count)).unwrap();
    for _ in 0..count {
        let next = (begin + TRIED.fetch_add(1, Ordering::Relaxed) % count) % count;
        if let Ok(listener) = TcpListener::bind((address, RANGE.start + next)) {
            return listener.local_addr().unwrap().port();
        }
    }
    panic!("no port is free on {address}");
}

/// A folder for servers, reachable by the account they run as.
pub fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("wr-").tempdir().unwrap();
    account::give(folder.path());
    folder
}

/// A program by name, also where a user's `PATH` does not lead.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let fixed = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(fixed)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// A file of `tests/real`.
pub fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(name)
}

/// A child that is killed on drop.
pub struct Killed(pub Child);

impl Killed {
    /// Kills it at once and waits for its end.
    pub fn kill(&mut self) {
        // Already gone is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.kill();
    }
}
