//! A pair of each store: its names are relays before the servers, and so is the line of each pair.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::line::{Line, Relay};
use super::states::Store;
use crate::servers::postgres::{ACT_PASSWORD, Pair, READ_PASSWORD};
use crate::servers::proxy::{Proxy, Weather};
use crate::servers::{Killed, free_port, redis};

/// Where somebody answers who is in neither region.
const OUTSIDE: [u8; 4] = [127, 0, 0, 3];

const SITE: &str = r#"
schema = 1
name = "truth-@pg-a@"
reference = ["http://127.0.0.3:@outside@/"]
red_needs_signals = 2
people.anna = { roles = ["commander"], may_declare = true }
objectives.core = { rto = "10m", rpo = "5m", rpo_guaranteed = false }
regions.a = { label = "Region A", starts_as = "primary" }
regions.b = { label = "Region B", starts_as = "standby" }

[systems.pg]
kind = "postgres"
objective = "core"
every = "1s"
timeout = "1s"
@pg-beat@
a = { host = "127.0.0.1:@pg-a@", database = "postgres", read = "read", act = "act" }
b = { host = "127.0.0.1:@pg-b@", database = "postgres", read = "read", act = "act" }

[systems.cache]
kind = "redis"
objective = "core"
every = "1s"
timeout = "1s"
read = "read"
act = "act"
a = { host = "127.0.0.1:@cache-a@"@beat-a@ }
b = { host = "127.0.0.1:@cache-b@"@beat-b@ }

[secrets]
read = { user = "wr_read", password = { env = "WR_READ" } }
act = { user = "wr_act", password = { file = "act" } }

[rules]
pg_down = { system = "pg", failures = 3 }
cache_down = { system = "cache", failures = 3 }
"#;

const PLAN: &str = r#"
schema = 1
name = "failover"
from = "a"
to = "b"
restored = [
  { system = "pg", in = "to", fact = "writable", is = true },
  { system = "cache", in = "to", fact = "writable", is = true },
]

[[steps]]
id = "promote-pg"
title = "promote pg in B"
action = "postgres.promote"
target = { system = "pg", in = "to" }
timeout = "2m"
compensation = { none = "rewind A from B" }

[[steps.gates]]
system = "pg"
in = "to"
fact = "lag"
at_most = "0s"
ungraceful = { at_most = "5m", from = "ledger" }

[[steps]]
id = "promote-cache"
title = "promote cache in B"
action = "redis.promote"
target = { system = "cache", in = "to" }
needs = ["promote-pg"]
timeout = "30s"
compensation = { none = "make the cache of A a replica of B" }

[[steps.gates]]
system = "cache"
in = "to"
fact = "lag"
at_most = "0s"
ungraceful = { at_most = "5m", from = "ledger" }

[[steps]]
id = "write-pg"
title = "write to pg in B"
action = "postgres.verify_write"
target = { system = "pg", in = "to" }
needs = ["promote-cache"]
timeout = "30s"

[[steps]]
id = "write-cache"
title = "write to the cache"
action = "redis.verify_write"
target = { system = "cache", in = "to" }
needs = ["write-pg"]
timeout = "30s"
"#;

/// What one state of the servers needs. Dropping it ends everything.
pub struct Rig {
    /// The database servers.
    pub pair: Pair,
    /// The caches.
    pub cache: redis::Pair,
    /// Where replication runs, by store.
    pub lines: [Relay; 2],
    /// What each name leads to, by store and side.
    pub names: [[Proxy; 2]; 2],
    /// The way to somebody in neither region.
    pub outside: Proxy,
    /// Sessions of other people.
    pub guests: Vec<Killed>,
    /// Servers of each kind that have nothing to do with these pairs, once they are needed.
    strangers: Option<(Pair, redis::Pair)>,
    _somebody: Killed,
    site: TempDir,
}

impl Rig {
    /// Makes everything but the database servers' data.
    pub fn new() -> Self {
        let (pair, cache) = (Pair::not_started(), redis::Pair::start());
        let site = tempfile::tempdir().unwrap();
        let somebody = free_port("127.0.0.1");
        let server = Command::new(crate::servers::PYTHON)
            .args(["-m", "http.server", &somebody.to_string(), "--bind", "127.0.0.1"])
            .current_dir(site.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let here = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            lines: [Relay::to(pair.a.port), Relay::to(cache.a.port)],
            names: [
                [Proxy::to(pair.a.port), Proxy::to(pair.b.port)],
                [Proxy::to(cache.a.port), Proxy::to(cache.b.port)],
            ],
            outside: Proxy::between(SocketAddr::from((OUTSIDE, 0)), here(somebody)),
            guests: Vec::new(),
            strangers: None,
            _somebody: Killed(server),
            pair,
            cache,
            site,
        }
    }

    /// The site folder.
    pub fn site(&self) -> &Path {
        self.site.path()
    }

    /// What the consoles find in their environment.
    pub fn secrets() -> [(&'static str, &'static str); 1] {
        [("WR_READ", READ_PASSWORD)]
    }

    /// Fresh servers, every name leads where it should, and the site has heartbeats or not.
    pub fn begin_again(&mut self, template: &Pair, beats: bool) {
        self.guests.clear();
        self.heal();
        for line in &self.lines {
            line.be(Line::CLEAR);
        }
        self.pair.begin_again_over(template, self.lines[0].port);
        for server in [&mut self.cache.a, &mut self.cache.b] {
            server.options = ["--appendonly", "yes", "--save", ""].map(str::to_owned).into();
        }
        self.cache.begin_again_over(self.lines[1].port);
        self.pair.a.sql(
            "create table load_rows
               (number bigint primary key, at timestamptz not null default clock_timestamp());
             create table dr_heartbeat (ts timestamptz not null);
             insert into dr_heartbeat values (clock_timestamp());
             grant select on dr_heartbeat to wr_read;
             create table shelf (number bigint, text text);
             insert into shelf select n, 'x' from generate_series(1, 1000) as n",
        );
        self.write_site(beats);
    }

    /// Everything passes again, and every name leads to its own server.
    pub fn heal(&self) {
        for store in Store::BOTH {
            for side in [0, 1] {
                let name = &self.names[store.index()][side];
                name.move_to(self.port(store, side));
                name.weather(Weather::Clear);
                name.cut();
            }
        }
        self.outside.weather(Weather::Clear);
    }

    /// The server's own port.
    pub fn port(&self, store: Store, side: usize) -> u16 {
        let ports = [[self.pair.a.port, self.pair.b.port], [self.cache.a.port, self.cache.b.port]];
        ports[store.index()][side]
    }

    /// The ports of a server of each store that has nothing to do with these pairs.
    pub fn strangers(&mut self) -> [u16; 2] {
        let (pair, cache) = self.strangers.get_or_insert_with(|| {
            let mut pair = Pair::template();
            pair.a.start();
            (pair, redis::Pair::start())
        });
        [pair.a.port, cache.a.port]
    }

    fn write_site(&self, beats: bool) {
        let [[pg_a, pg_b], [cache_a, cache_b]] = &self.names;
        let beat = |text: &str| if beats { text.to_owned() } else { String::new() };
        let places = [
            ("@pg-beat@", beat("heartbeat = { table = \"dr_heartbeat\" }")),
            ("@beat-a@", beat(", heartbeat = \"dr:hb:a\"")),
            ("@beat-b@", beat(", heartbeat = \"dr:hb:b\"")),
            ("@outside@", self.outside.port.to_string()),
            ("@pg-a@", pg_a.port.to_string()),
            ("@pg-b@", pg_b.port.to_string()),
            ("@cache-a@", cache_a.port.to_string()),
            ("@cache-b@", cache_b.port.to_string()),
        ];
        let fill = |text: &str| {
            places.iter().fold(text.to_owned(), |text, (key, value)| text.replace(key, value))
        };
        let write = |path: PathBuf, text: &str| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        fs::create_dir_all(self.site().join("runbooks")).unwrap();
        write(self.site().join("site.toml"), &fill(SITE));
        write(self.site().join("runbooks/failover.toml"), PLAN);
        write(self.site().join("act"), ACT_PASSWORD);
    }
}
