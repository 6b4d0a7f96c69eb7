//! Two real Patroni clusters, the second a standby cluster of the first, each with an etcd of its
//! own: nothing that one region needs is in the other.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::janitor::Janitor;
use super::load::Acknowledged;
use super::peers::PATRONI;
use super::postgres::{ACT_PASSWORD, binaries};
use super::program::Program;
use super::{DEADLINE, Killed, PYTHON, account, beside, find_program, folder, free_port, until};

/// The slot that each cluster keeps for the other one.
pub const SLOT: &str = "dr_slot";

/// One member: a Patroni and its PostgreSQL. Dropping it kills both.
pub struct Member {
    /// `e1`.
    pub name: &'static str,
    /// The port of its REST API on 127.0.0.1.
    pub rest: u16,
    /// The port of its PostgreSQL there.
    pub postgres: u16,
    /// Its Patroni.
    pub program: Program,
    /// Lines of `restapi` beside those that every member has.
    pub restapi: String,
    scope: &'static str,
    etcd: u16,
    home: PathBuf,
    /// Where its cluster follows the other one as it is first made.
    follows: Option<u16>,
}

impl Member {
    fn new(home: &Path, (scope, name): (&'static str, &'static str), etcd: u16) -> Self {
        Self {
            name,
            rest: free_port("127.0.0.1"),
            postgres: free_port("127.0.0.1"),
            program: Program::new(home, name),
            restapi: String::new(),
            scope,
            etcd,
            home: home.to_owned(),
            follows: None,
        }
    }

    fn data(&self) -> PathBuf {
        self.home.join(format!("data-{}", self.name))
    }

    /// JSON is YAML.
    fn settings(&self) -> String {
        let quick = json!({
            "fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB",
            "max_connections": 40, "wal_keep_size": "64MB", "wal_log_hints": "on",
            "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "100ms",
        });
        let mut dcs = json!({
            "loop_wait": 1, "retry_timeout": 3, "ttl": 20,
            "slots": { SLOT: { "type": "physical" } },
            "postgresql": { "use_pg_rewind": true, "use_slots": true, "parameters": quick },
        });
        if let Some(port) = self.follows {
            dcs["standby_cluster"] =
                json!({ "host": "127.0.0.1", "port": port, "primary_slot_name": SLOT });
        }
        let at = |port: u16| format!("127.0.0.1:{port}");
        let user = |name: &str| json!({ "username": name, "password": "rig" });
        let settings = json!({
            "scope": self.scope,
            "name": self.name,
            "etcd3": { "host": at(self.etcd) },
            "bootstrap": { "dcs": dcs, "initdb": [{ "encoding": "UTF8" }, "no-sync"] },
            "postgresql": {
                "listen": at(self.postgres),
                "connect_address": at(self.postgres),
                "data_dir": self.data(),
                "bin_dir": binaries().expect("`require` was asked first"),
                "pgpass": self.home.join(format!("pgpass-{}", self.name)),
                "authentication": {
                    "superuser": user("postgres"), "replication": user("replicator"),
                },
                "parameters": { "unix_socket_directories": self.home },
                "pg_hba": [
                    "local all all trust",
                    "host all all 127.0.0.0/8 trust",
                    "host replication all 127.0.0.0/8 trust",
                ],
            },
        });
        let mut text = settings.to_string();
        text.pop();
        let rest = at(self.rest);
        let _ = write!(
            text,
            ",\"restapi\":{{\"listen\":\"{rest}\",\"connect_address\":\"{rest}\",\
             \"authentication\":{{\"username\":\"wr_act\",\"password\":\"{ACT_PASSWORD}\"}}{}}}}}",
            self.restapi
        );
        text
    }

    /// Starts its Patroni, which starts its PostgreSQL, or finds it running.
    pub fn start(&mut self) {
        let path = self.home.join(format!("{}.yml", self.name));
        fs::write(&path, self.settings()).unwrap();
        account::give(&path);
        let mut command = account::command(PYTHON, &self.home);
        command
            .args(["-m", "patroni"])
            .arg(path)
            .env("PYTHONPATH", self.home.join("lib"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        self.program.start(command);
    }

    /// Waits until it says that it plays this part, and runs.
    pub fn until_role(&mut self, role: &str) {
        let mut last = Json::Null;
        until(&format!("{} is {role}", self.name), DEADLINE, || {
            self.program.assert_runs();
            last = self.get("/patroni");
            self.keep_postgres();
            last["role"] == role && matches!(last["state"].as_str(), Some("running" | "streaming"))
        });
    }

    /// The process of its PostgreSQL.
    fn postgres_pid(&self) -> Option<i32> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        let pid = file.lines().next()?.trim().parse().ok()?;
        let title = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&title).contains(self.data().to_str()?).then_some(pid)
    }

    /// Stops what replays in its PostgreSQL, or lets it go on. Patroni would end a pause of it.
    pub fn hold_replay(&self, holds: bool) {
        let parent = self.postgres_pid().unwrap().to_string();
        let is_it = |entry: &fs::DirEntry| {
            let title = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            // The parent is the second field after the name in parentheses (`proc(5)`).
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let of = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
            of == Some(&parent) && String::from_utf8_lossy(&title).contains("startup recovering")
        };
        let found = fs::read_dir("/proc").unwrap().flatten().find(is_it).expect("it replays");
        let pid = found.file_name().to_str().unwrap().parse().unwrap();
        let signal = if holds { Signal::STOP } else { Signal::CONT };
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Notes its PostgreSQL for the janitor.
    fn keep_postgres(&self) {
        if let Some(pid) = self.postgres_pid() {
            let path = self.home.join(format!("{}-postgres.pid", self.name));
            fs::write(path, pid.to_string()).unwrap();
        }
    }

    /// `kill -9` to its Patroni, and then to its PostgreSQL.
    pub fn kill9(&mut self) {
        self.program.thaw();
        self.program.kill9();
        while let Some(pid) = self.postgres_pid() {
            // Its children see that, and end.
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            std::thread::yield_now();
        }
        until("the killed server is gone", DEADLINE, || {
            TcpStream::connect(("127.0.0.1", self.postgres)).is_err()
        });
    }

    /// What a path answers, as JSON; null where nobody does.
    pub fn get(&self, path: &str) -> Json {
        let answered = self.ask("GET", path, None);
        answered.ok().and_then(|(_, body)| serde_json::from_str(&body).ok()).unwrap_or(Json::Null)
    }

    /// Changes what the cluster keeps in its DCS, as its administrator.
    pub fn configure(&self, change: &Json) {
        let (status, body) = self.ask("PATCH", "/config", Some(change)).unwrap();
        assert_eq!(status, 200, "{change}: {body}");
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Json>) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.rest))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let body = body.map(Json::to_string).unwrap_or_default();
        let key = STANDARD.encode(format!("wr_act:{ACT_PASSWORD}"));
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Basic {key}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status, body.to_owned()))
    }

    /// The output of statements, as the superuser; panics with the server's words.
    pub fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.name))
    }

    /// The same, without the panic.
    pub fn try_sql(&self, sql: &str) -> Result<String, String> {
        let output = Command::new(binaries().unwrap().join("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.dsn())
            .env("PGCONNECT_TIMEOUT", "2")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    fn dsn(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.postgres)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Rows that are written one after the other, and which of them were acknowledged.
pub struct Load {
    _process: Killed,
    log: PathBuf,
}

impl Load {
    /// Writes to a member's `load_rows`, every so many milliseconds.
    pub fn start(member: &Member, every_ms: u32) -> Self {
        member.sql("create table if not exists load_rows (number bigint primary key)");
        let log = member.home.join(format!("acknowledged-{}", member.name));
        let process = Command::new(PYTHON)
            .arg(beside("load.py"))
            .args([&member.dsn(), log.to_str().unwrap(), &every_ms.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let load = Self { _process: Killed(process), log };
        until("the load writes", DEADLINE, || !load.acknowledged().is_empty());
        load
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        Acknowledged::read(&self.log)
    }
}

/// One region's etcd. Dropping it kills it.
pub struct Etcd {
    /// Its process.
    pub program: Program,
    port: u16,
    home: PathBuf,
}

impl Etcd {
    fn new(home: &Path, name: &str) -> Self {
        let (program, home) = (Program::new(home, name), home.to_owned());
        Self { program, port: free_port("127.0.0.1"), home }
    }

    /// Starts it, or starts it again with what it kept, and waits until it answers.
    pub fn start(&mut self) {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let (name, clients, peers) =
            (self.program.name.clone(), url(self.port), url(free_port("127.0.0.1")));
        let mut command = account::command(find_program("etcd").unwrap(), &self.home);
        command
            .args(["--name", &name, "--data-dir", &format!("data-{name}")])
            .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
            .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
            .args(["--initial-cluster", &format!("{name}={peers}")])
            .args(["--logger", "zap", "--log-level", "error"]);
        self.program.start(command);
        until(&format!("{name} answers"), DEADLINE, || {
            self.program.assert_runs();
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }
}

/// `east` with the members `e1` and `e2`, and `west` with `w1`, a standby cluster of it.
pub struct Pair {
    /// Leads `east` at first.
    pub e1: Member,
    /// Follows it.
    pub e2: Member,
    /// Leads `west`.
    pub w1: Member,
    /// What `east` and `west` keep their leader's lock in.
    pub etcds: [Etcd; 2],
    // Both after what lives in the folder.
    _janitor: Janitor,
    home: TempDir,
}

impl Pair {
    /// Starts all, and waits until the standby cluster streams.
    pub fn start() -> Self {
        let home = folder();
        let path = home.path();
        // Where the tests keep it, the account that PostgreSQL runs as may not look.
        let mut copy = Command::new("cp");
        copy.args(["-r", "--"]).arg(PATRONI.home().join("lib")).arg(path.join("lib"));
        assert!(copy.status().unwrap().success(), "{copy:?}");
        let etcds = ["etcd-east", "etcd-west"].map(|name| Etcd::new(path, name));
        let [east, west] = [&etcds[0], &etcds[1]].map(|etcd| etcd.port);
        let member = |of, etcd| Member::new(path, of, etcd);
        let mut pair = Self {
            e1: member(("east", "e1"), east),
            e2: member(("east", "e2"), east),
            w1: member(("west", "w1"), west),
            etcds,
            _janitor: Janitor::of(path),
            home,
        };
        pair.etcds.iter_mut().for_each(Etcd::start);
        pair.w1.follows = Some(pair.e1.postgres);
        pair.e1.start();
        pair.e1.until_role("primary");
        let has_slot =
            format!("select count(*) from pg_replication_slots where slot_name = '{SLOT}'");
        until("its slot is there", DEADLINE, || pair.e1.try_sql(&has_slot).as_deref() == Ok("1"));
        pair.e2.start();
        pair.w1.start();
        pair.w1.until_role("standby_leader");
        pair.e2.until_role("replica");
        until("both stream", DEADLINE, || {
            [&pair.e2, &pair.w1]
                .iter()
                .all(|one| one.get("/patroni")["replication_state"] == "streaming")
        });
        pair
    }

    /// A folder that lives as long as the pair.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `kill -9` to all that runs in `east`.
    pub fn lose_east(&mut self) {
        self.e1.kill9();
        self.e2.kill9();
        self.etcds[0].program.kill9();
    }
}
