//! Two regions on this machine and the site folder that tells the console of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::account;
use super::dns::{Dns, ZONE};
use super::load::Load;
use super::postgres::{ACT_PASSWORD, FOLLOW_PASSWORD, Pair, READ_PASSWORD, Server};
use super::redis;
use super::service::Service;
use super::{DEADLINE, Killed, PYTHON, find_program, free_port, until};

/// Region A's service.
pub const ADDRESS_A: &str = "127.0.0.1";

/// Region B's service.
pub const ADDRESS_B: &str = "127.0.0.2";

/// An address in neither region, which tells an outage of theirs from one of ours.
const ADDRESS_OUTSIDE: &str = "127.0.0.3";

/// Seconds that resolvers may keep an answer.
pub const TTL_S: u32 = 2;

/// A row is written this often, besides those of the services.
pub const LOAD_EVERY_MS: u32 = 20;

/// A key is written this often, and a heartbeat ten times a second.
pub const KEY_EVERY_MS: u32 = 10;

/// The name that users know.
pub const NAME: &str = "app";

/// What stands in the plan that hands over to B.
const TO_B: [(&str, &str); 8] = [
    ("@rejoin@", "postgres.rewind"),
    ("@data@", "@data-a@"),
    ("@from@", "a"),
    ("@to@", "b"),
    ("@from-label@", "A"),
    ("@to-label@", "B"),
    ("@from-address@", ADDRESS_A),
    ("@to-address@", ADDRESS_B),
];

/// What stands in the plan that hands over to A.
const TO_A: [(&str, &str); 8] = [
    ("@rejoin@", "postgres.base_backup"),
    ("@data@", "@data-b@"),
    ("@from@", "b"),
    ("@to@", "a"),
    ("@from-label@", "B"),
    ("@to-label@", "A"),
    ("@from-address@", ADDRESS_B),
    ("@to-address@", ADDRESS_A),
];

/// Everything there is. Dropping it ends it.
pub struct World {
    /// The service in A, while there is one.
    pub service_a: Option<Service>,
    /// The service in B.
    pub service_b: Service,
    /// Writes to A as long as A takes it.
    pub load: Load,
    /// Writes keys to the cache of A as long as A takes it.
    pub keys: redis::Load,
    /// The name servers.
    pub dns: Dns,
    /// The database servers.
    pub pair: Pair,
    /// The caches.
    pub cache: redis::Pair,
    port: u16,
    outside: (u16, Killed),
    home: TempDir,
}

impl World {
    /// Starts all servers and writes the site folder. The loads know the servers of A only.
    pub fn start() -> Self {
        Self::start_with(
            |pair, home| Load::start(&pair.a, home, LOAD_EVERY_MS),
            |cache, home| redis::Load::start(&cache.a, home, KEY_EVERY_MS, "dr:hb:a"),
        )
    }

    /// The same with loads that follow whichever side takes writes.
    pub fn start_followed() -> Self {
        Self::start_with(
            |pair, home| Load::start_as(&pair.a, &pair.app_dsn(), home, LOAD_EVERY_MS),
            |cache, home| {
                let servers = [(&cache.a, "dr:hb:a"), (&cache.b, "dr:hb:b")];
                redis::Load::start_on(&servers, home, KEY_EVERY_MS)
            },
        )
    }

    fn start_with(
        rows: impl FnOnce(&Pair, &Path) -> Load,
        keys: impl FnOnce(&redis::Pair, &Path) -> redis::Load,
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pair = Pair::start();
        let port = free_port(ADDRESS_A);
        let service_a = Some(Service::start("a", ADDRESS_A, port, &pair.a));
        let service_b = Service::start("b", ADDRESS_B, port, &pair.b);
        let dns = Dns::start(ADDRESS_A, TTL_S);
        let load = rows(&pair, home.path());
        let cache = redis::Pair::start();
        let keys = keys(&cache, home.path());
        let outside = start_outside(home.path());
        let world =
            Self { service_a, service_b, load, keys, dns, pair, cache, port, outside, home };
        world.write_site();
        world
    }

    /// The site folder.
    pub fn site(&self) -> PathBuf {
        self.home.path().join("site")
    }

    /// The console's `XDG_STATE_HOME`.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// What the console finds in its environment.
    pub fn secrets() -> [(&'static str, &'static str); 1] {
        [("WR_PG_READ", READ_PASSWORD)]
    }

    /// `kill -9` to every process of region A.
    pub fn lose_a(&mut self) {
        if let Some(mut service) = self.service_a.take() {
            service.kill9();
        }
        self.cache.a.kill9();
        self.pair.a.kill9_all();
    }

    /// Region A comes back as it was: its servers still believe that they are the primaries.
    pub fn return_a(&mut self) {
        self.pair.a.start();
        self.cache.a.start();
        self.service_a = Some(Service::start("a", ADDRESS_A, self.port, &self.pair.a));
    }

    /// The old primaries give up what they wrote alone and follow B.
    pub fn rewind_a(&mut self) {
        self.pair.a.rewind_from(&self.pair.b);
        self.cache.a.follow(&self.cache.b);
    }

    /// The password file of the role that a server follows the other with.
    fn passfile(&self) -> PathBuf {
        self.pair.home().join("pgpass")
    }

    /// A template of `tests/real/site` with what this world has in its places.
    fn fill(&self, text: &str) -> String {
        let site = self.site();
        [
            ("@service@", self.port.to_string()),
            ("@outside@", self.outside.0.to_string()),
            ("@pg-a@", self.pair.a.port.to_string()),
            ("@pg-b@", self.pair.b.port.to_string()),
            ("@cache-a@", self.cache.a.port.to_string()),
            ("@cache-b@", self.cache.b.port.to_string()),
            ("@data-a@", self.pair.a.data().display().to_string()),
            ("@data-b@", self.pair.b.data().display().to_string()),
            ("@bin@", self.pair.a.bin().display().to_string()),
            ("@through@", format!("{:?}", Server::through())),
            ("@passfile@", self.passfile().display().to_string()),
            ("@authority@", self.dns.authority.to_string()),
            ("@resolver@", self.dns.resolver.to_string()),
            ("@name@", site.join("name").display().to_string()),
            ("@key@", self.dns.key.display().to_string()),
            ("@zone@", ZONE.to_owned()),
            ("@dig@", find_program("dig").unwrap().display().to_string()),
            ("@nsupdate@", find_program("nsupdate").unwrap().display().to_string()),
        ]
        .iter()
        .fold(text.to_owned(), |text, (key, value)| text.replace(key, value))
    }

    /// Writes a file of the site, filled.
    pub fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.site().join(name);
        fs::write(&path, self.fill(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn write_site(&self) {
        for folder in [self.site().join("runbooks"), self.state()] {
            fs::create_dir_all(folder).unwrap();
        }
        self.write("site.toml", include_str!("../site/site.toml"), 0o644);
        self.write("runbooks/failover.toml", include_str!("../site/failover.toml"), 0o644);
        for (name, places) in [("planned", TO_B), ("failback", TO_A)] {
            let text = include_str!("../site/planned.toml").replace("@plan@", name);
            let text = places.iter().fold(text, |text, (key, value)| text.replace(key, value));
            self.write(&format!("runbooks/{name}.toml"), &text, 0o644);
        }
        self.write("name", include_str!("../site/name.sh"), 0o755);
        let passfile = self.passfile();
        fs::write(&passfile, format!("*:*:*:wr_follow:{FOLLOW_PASSWORD}\n")).unwrap();
        fs::set_permissions(&passfile, fs::Permissions::from_mode(0o600)).unwrap();
        account::give(&passfile);
        // Both kinds of server take the same passwords here.
        self.write("pg-act", ACT_PASSWORD, 0o600);
    }
}

/// A server of other people that answers HTTP, in neither region.
fn start_outside(folder: &Path) -> (u16, Killed) {
    let port = free_port(ADDRESS_OUTSIDE);
    let process = Command::new(PYTHON)
        .args(["-m", "http.server", &port.to_string(), "--bind", ADDRESS_OUTSIDE])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the outside server listens", DEADLINE, || {
        std::net::TcpStream::connect((ADDRESS_OUTSIDE, port)).is_ok()
    });
    (port, Killed(process))
}
