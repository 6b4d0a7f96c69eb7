//! What it costs to watch many stores: fifty of five kinds on real servers, each every second.
//!
//! In any build each is looked at on time, and what that took is printed. In a release build
//! (`cargo test --release --test real -- cost:: --nocapture`) it may be 5 % of a core, and is more
//! yet: clients of Kafka and S3 are most of it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::seat::{self, Seat};
use crate::servers::kafka::broker::Door;
use crate::servers::postgres::{self, READ_PASSWORD};
use crate::servers::{kafka, minio, objects, opensearch, redis};
use crate::turns::{Group, turn};

/// How many stores.
const STORES: usize = 50;

/// How long all may take to be well. On a machine that is busy with starting their servers first
/// looks come too late, and what went and came is told as flapping for a minute after.
const SETTLED: Duration = Duration::from_secs(240);

/// How many seconds they are watched.
const WATCHED: u32 = 20;

/// In how many of them all must have been looked at on time: a console that cannot do it is late in
/// each, a machine that stalls makes it late in some.
const ON_TIME: u32 = 15;

/// Of one core, in percent, as the program is shipped.
const SHARE_MAX: f64 = 5.0;

const TOPIC: &str = "orders-cost";
const INDEX: &str = "books";
const COMMITTED: &str = "isolation = \"read_committed\"\n";

/// Everything that is watched.
struct Stores {
    rows: postgres::Pair,
    cache: redis::Pair,
    stream: kafka::Shared,
    search: opensearch::Pair,
    // Before the servers that it writes to.
    _canaries: objects::Load,
    objects: minio::Pair,
}

impl Stores {
    fn start() -> Self {
        let stream = kafka::Pair::shared();
        stream.a.grant();
        stream.b.grant();
        stream.a.create_topic(TOPIC, 3, &[]);
        let search = opensearch::Pair::start();
        search.followed(INDEX, 2);
        let objects = minio::Pair::start();
        for server in [&objects.a, &objects.b] {
            crate::s3::bench::rights(server);
        }
        let canaries = objects::Load::start(objects.a.store(), crate::s3::bench::plan());
        let (rows, cache) = (postgres::Pair::start(), redis::Pair::start());
        Self { rows, cache, stream, search, _canaries: canaries, objects }
    }

    /// Of each kind: how many, and what is written of each. The servers of `PostgreSQL` let few
    /// people in.
    fn settings(&self) -> [(&'static str, usize, String); 5] {
        let both = |side: [&str; 2], ports: [u16; 2], more: [&str; 2]| {
            let one = |at: usize| {
                format!("{} = {{ {}{} }}\n", ["a", "b"][at], side[at], more[at])
                    .replace('@', &ports[at].to_string())
            };
            one(0) + &one(1)
        };
        let host = ["host = \"127.0.0.1:@\""; 2];
        let rows = [self.rows.a.port, self.rows.b.port];
        let cache = [self.cache.a.port, self.cache.b.port];
        let stream = [&self.stream.a, &self.stream.b].map(|broker| broker.port(Door::Sasl));
        let connect = format!(
            ", alias = \"B\", connect = {{ url = \"http://127.0.0.1:{}\" }}",
            self.stream.connect.port
        );
        let buckets = [("src", &self.objects.a), ("dst", &self.objects.b)]
            .map(|(name, server)| format!("bucket = \"{name}\", endpoint = \"{}\"", server.url()));
        let aliases = [", alias = \"west\"", ", alias = \"east\""];
        [
            ("postgres", 5, both(host, rows, [", database = \"postgres\""; 2])),
            ("redis", 15, both(host, cache, [""; 2])),
            ("kafka", 10, {
                let topics =
                    format!("topics = [\"{TOPIC}\"]\nheartbeat_every = \"1s\"\n{COMMITTED}");
                topics + &both(host, stream, [", alias = \"A\"", &connect])
            }),
            ("opensearch", 10, {
                let indices = format!("indices = [\"{INDEX}\"]\n");
                indices + &both(host, self.search.ports(), aliases)
            }),
            ("s3", 10, {
                let region = "region = \"us-east-1\"\ncanary_every = \"1s\"\n".to_owned();
                region + &both([&buckets[0], &buckets[1]], [0; 2], [""; 2])
            }),
        ]
    }

    fn write_site(&self, folder: &Path) {
        let mut site = "schema = 1\nname = \"fifty\"\nred_needs_signals = 1\n\
            people.anna = { roles = [\"commander\"], may_declare = true }\n\
            objectives.core = { rto = \"10m\", rpo = \"5m\" }\n\
            regions.a = { starts_as = \"primary\" }\nregions.b = { starts_as = \"standby\" }\n\
            secrets.read = { user = \"wr_read\", password = { env = \"WR_READ\" } }\n\
            rules.down = { system = \"postgres-0\", failures = 3 }\n"
            .to_owned();
        assert_eq!(self.settings().iter().map(|(_, count, _)| count).sum::<usize>(), STORES);
        for (kind, count, settings) in self.settings() {
            for number in 0..count {
                let _ = write!(
                    site,
                    "[systems.{kind}-{number}]\nkind = \"{kind}\"\nobjective = \"core\"\n\
                     every = \"1s\"\ntimeout = \"1s\"\nread = \"read\"\n{settings}"
                );
            }
        }
        fs::create_dir_all(folder.join("runbooks")).unwrap();
        fs::write(folder.join("site.toml"), site).unwrap();
    }
}

/// User and system time of a process so far, in ticks of 10 ms (`proc(5)`, fields 14 and 15).
fn ticks(pid: i32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let rest = stat.rsplit(") ").next().expect("a name in brackets");
    rest.split(' ').skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum()
}

#[test]
fn fifty_stores_are_watched_each_second() {
    let Some(_turn) = turn(Group::Cost) else { return };
    let home = tempfile::tempdir().unwrap();
    let stores = Stores::start();
    let site = home.path().join("site");
    stores.write_site(&site);
    let site = site.display().to_string();
    let start = seat::Start {
        arguments: &["watch", "--site", &site],
        environment: &[("WR_READ", READ_PASSWORD)],
        ..seat::Start::default()
    };
    let mut console = Seat::take(home.path(), &start);
    console.until_within("all are looked at and well", SETTLED, |text| {
        text.contains("poll 0s ago ok") && text.contains("no alarm")
    });
    let (began, before) = (Instant::now(), ticks(console.number()));
    let mut on_time = 0;
    for _ in 0..WATCHED {
        seat::pass(Duration::from_secs(1));
        let screen = console.screen();
        let is_on_time = ["poll 0s ago ok", "poll 1s ago ok"].iter().any(|it| screen.contains(it));
        on_time += u32::from(is_on_time);
    }
    assert!(on_time >= ON_TIME, "{on_time} of {WATCHED}\n{}", console.screen());
    let spent = f64::from(ticks(console.number()) - before) / 100.0;
    let share = 100.0 * spent / began.elapsed().as_secs_f64();
    println!("{STORES} stores at 1 s: {share:.1} % of a core");
    assert!(cfg!(debug_assertions) || share <= SHARE_MAX, "{share:.1} % of a core");
    console.verb("q");
    console.ends();
}
