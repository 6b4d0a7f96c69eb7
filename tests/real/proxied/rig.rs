//! A pair of each store, each name a relay before its server, and the site that knows the names.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;
use warroom::app::kinds::read_site;
use warroom::domain::ids::Side;

use crate::kind::hands::Watcher;
use crate::servers::postgres::{ACT_PASSWORD, Pair, READ_PASSWORD};
use crate::servers::proxy::{Proxy, Weather};
use crate::servers::redis;

/// The stores, in the order of [`Rig::names`].
pub const STORES: [&str; 2] = ["pg", "cache"];

const SITE: &str = r#"
schema = 1
name = "shop"
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
a = { host = "127.0.0.1:@pg-a@", database = "postgres", read = "read", act = "act" }
b = { host = "127.0.0.1:@pg-b@", database = "postgres", read = "read", act = "act" }

[systems.cache]
kind = "redis"
objective = "core"
every = "1s"
timeout = "1s"
read = "read"
act = "act"
a = { host = "127.0.0.1:@cache-a@" }
b = { host = "127.0.0.1:@cache-b@" }

[secrets]
read = { user = "wr_read", password = { env = "WR_READ" } }
act = { user = "wr_act", password = { file = "act" } }

[rules]
pg_down = { system = "pg", failures = 3 }
cache_down = { system = "cache", failures = 3 }
"#;

const PLAN: &str = r#"
schema = 1
name = "planned"
from = "a"
to = "b"
restored = [{ system = "pg", in = "to", fact = "writable", is = true }]

[[steps]]
id = "fence-pg"
title = "fence pg"
action = "postgres.fence"
target = { system = "pg", in = "from" }
timeout = "15s"
gates = [{ system = "pg", in = "to", fact = "lag", at_most = "5s" }]
compensation = { action = "postgres.unfence" }

[[steps]]
id = "promote-pg"
title = "promote pg"
action = "postgres.promote"
target = { system = "pg", in = "to" }
needs = ["fence-pg"]
timeout = "75s"
gates = [
  { system = "pg", in = "to", fact = "lag", at_most = "0s" },
  { system = "pg", in = "from", fact = "writable", is = false },
]
compensation = { none = "hand over again, the other way" }

[[steps]]
id = "hand-cache"
title = "hand the cache over"
action = "redis.failover"
target = { system = "cache", in = "to" }
with = { wait = "3s", replica = "127.0.0.1:@cache-b-server@" }
needs = ["promote-pg"]
timeout = "15s"
gates = [
  { system = "pg", in = "to", fact = "writable", is = true },
  { system = "cache", in = "to", fact = "lag", at_most = "5s" },
]
compensation = { none = "hand over again, the other way" }

[[steps]]
id = "write-pg"
title = "write to pg"
action = "postgres.verify_write"
target = { system = "pg", in = "to" }
needs = ["hand-cache"]
timeout = "15s"
gates = [{ system = "pg", in = "to", fact = "writable", is = true }]

[[steps]]
id = "note"
title = "write it down"
action = "command.set"
with.argv = ["/bin/sh", "-c", "date +%s%3N >>@notes@"]
with.check = ["/usr/bin/test", "-s", "@notes@"]
needs = ["write-pg"]
timeout = "15s"
gates = [{ system = "cache", in = "to", fact = "writable", is = true }]
compensation = { none = "a line stays" }
"#;

/// Servers, names and a site. Dropping it ends them.
pub struct Rig {
    /// The database servers.
    pub pair: Pair,
    /// The caches.
    pub cache: redis::Pair,
    /// What each name leads to, by store and side.
    names: [[Proxy; 2]; 2],
    site: TempDir,
}

/// The texts by which servers call themselves, by store and side.
pub type Identities = [[String; 2]; 2];

impl Rig {
    /// Makes everything but the database servers' data.
    pub fn new() -> Self {
        let (pair, cache) = (Pair::not_started(), redis::Pair::start());
        let names = [
            [Proxy::to(pair.a.port), Proxy::to(pair.b.port)],
            [Proxy::to(cache.a.port), Proxy::to(cache.b.port)],
        ];
        let rig = Self { pair, cache, names, site: tempfile::tempdir().unwrap() };
        let write = |name: &str, text: &str| {
            let path = rig.site().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        fs::create_dir_all(rig.site().join("runbooks")).unwrap();
        let [[pg_a, pg_b], [cache_a, cache_b]] = &rig.names;
        let of = |name: &Proxy| name.port;
        write("site.toml", &fill(SITE, [[of(pg_a), of(pg_b)], [of(cache_a), of(cache_b)]]));
        let replica = rig.cache.b.port.to_string();
        let plan = PLAN.replace("@cache-b-server@", &replica);
        let notes = rig.notes().display().to_string();
        write("runbooks/planned.toml", &plan.replace("@notes@", &notes));
        write("act", ACT_PASSWORD);
        rig
    }

    /// The site folder.
    pub fn site(&self) -> PathBuf {
        self.site.path().to_owned()
    }

    /// Where the last step writes when it acted, milliseconds since 1970.
    pub fn notes(&self) -> PathBuf {
        self.site().join("notes")
    }

    /// What the console finds in its environment.
    pub fn secrets() -> [(&'static str, &'static str); 1] {
        [("WR_READ", READ_PASSWORD)]
    }

    /// Fresh servers, and every name leads where it should.
    pub fn begin_again(&mut self, template: &Pair) {
        self.pair.begin_again(template);
        self.cache.begin_again();
        let _ = fs::remove_file(self.notes());
        self.heal();
    }

    /// The name of a store on a side.
    pub fn name(&self, store: usize, side: usize) -> &Proxy {
        &self.names[store][side]
    }

    /// The server's own port.
    pub fn port(&self, store: usize, side: usize) -> u16 {
        let ports = [[self.pair.a.port, self.pair.b.port], [self.cache.a.port, self.cache.b.port]];
        ports[store][side]
    }

    /// Everything passes again, and every name leads to its own server.
    pub fn heal(&self) {
        for (store, names) in self.names.iter().enumerate() {
            for (side, name) in names.iter().enumerate() {
                name.move_to(self.port(store, side));
                name.delay(std::time::Duration::ZERO);
                name.weather(Weather::Clear);
                // Connections to another server do not outlive the name that led there.
                name.cut();
            }
        }
    }

    /// What each server calls itself, asked of the server and not by its name.
    pub fn identities(&self) -> Identities {
        let ports = [0, 1].map(|store| [0, 1].map(|side| self.port(store, side)));
        let site = read_site(&fill(SITE, ports)).unwrap();
        STORES.map(|store| {
            let spec = site.systems.iter().find(|system| system.id.as_str() == store).unwrap();
            let mut watcher = Watcher::new(spec);
            Side::BOTH.map(|side| {
                let reading =
                    watcher.until(side, "it names itself", |reading| reading.identity.is_some());
                reading.identity.unwrap().server.to_string()
            })
        })
    }
}

fn fill(text: &str, [pg, cache]: [[u16; 2]; 2]) -> String {
    let places =
        [("@pg-a@", pg[0]), ("@pg-b@", pg[1]), ("@cache-a@", cache[0]), ("@cache-b@", cache[1])];
    places.iter().fold(text.to_owned(), |text, (key, port)| text.replace(key, &port.to_string()))
}
