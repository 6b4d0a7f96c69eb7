//! Two real Redis servers, the second a replica of the first, and a constant write load.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use warroom::systems::redis::{ACT_RULES, BEAT_RULES, WATCH_RULES};

use super::load::Acknowledged;
use super::postgres::{ACT_PASSWORD, BEAT_PASSWORD, PLAIN_PASSWORD, READ_PASSWORD};
use super::{DEADLINE, Killed, PYTHON, account, beside, find_program, folder, free_port, until};

/// Password of the rigs themselves.
pub const ADMIN_PASSWORD: &str = "rig";

/// Password of the replica at its primary.
const REPLICA_PASSWORD: &str = "replica";

/// The program: one for server, checker and more, told apart by the name that it is called by.
pub fn program() -> Option<PathBuf> {
    find_program("redis-server").or_else(|| find_program("redis-check-rdb"))
}

/// One server. Dropping it kills it.
pub struct Server {
    /// `a` or `b`.
    pub name: String,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Options beside those that every server gets, as on the command line.
    pub options: Vec<String>,
    home: PathBuf,
    folder: PathBuf,
    process: Option<Killed>,
    /// The authority's file, once it speaks nothing but TLS.
    ca: Option<PathBuf>,
}

/// A folder for servers, with the program in it.
pub fn home() -> TempDir {
    let home = folder();
    symlink(program().expect("`require` was asked first"), home.path().join("redis-server"))
        .unwrap();
    home
}

impl Server {
    /// One with the users of the rigs, not yet started.
    pub fn new(home: &Path, name: &str) -> Self {
        let folder = home.join(name);
        fs::create_dir(&folder).unwrap();
        account::give(&folder);
        let users = format!(
            "user default on >{ADMIN_PASSWORD} ~* &* +@all\n\
             user replica on >{REPLICA_PASSWORD} +psync +replconf +ping\n\
             user wr_read on >{READ_PASSWORD} {WATCH_RULES} ~auth:*\n\
             user wr_act on >{ACT_PASSWORD} {ACT_RULES}\n\
             user wr_beat on >{BEAT_PASSWORD} {BEAT_RULES}\n\
             user wr_plain on >{PLAIN_PASSWORD} -@all +info\n"
        );
        let path = folder.join("users.acl");
        fs::write(&path, users).unwrap();
        account::give(&path);
        Self {
            name: name.to_owned(),
            port: free_port("127.0.0.1"),
            options: ["--appendonly", "yes", "--save", ""].map(str::to_owned).into(),
            home: home.to_owned(),
            folder,
            process: None,
            ca: None,
        }
    }

    /// Starts it, or starts it again, and waits until it answers. As the server remembers nothing
    /// of its role, it starts as a primary.
    pub fn start(&mut self) {
        let port = if self.ca.is_some() { "--tls-port" } else { "--port" };
        let log = self.folder.join("log");
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = account::command(self.home.join("redis-server"), &self.folder);
        if self.ca.is_some() {
            command.args(["--port", "0"]);
        }
        command
            .args([port, &self.port.to_string(), "--bind", "127.0.0.1", "--aclfile", "users.acl"])
            .args(["--masteruser", "replica", "--masterauth", REPLICA_PASSWORD])
            .args(["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"])
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.process = Some(Killed(command.spawn().unwrap()));
        until(&format!("redis {} answers", self.name), DEADLINE, || {
            let ended = self.process.as_mut().unwrap().0.try_wait().unwrap();
            assert!(ended.is_none(), "{} ended: {}", self.name, self.log_text());
            self.try_ask(&["PING"]).as_deref() == Ok("PONG")
        });
    }

    /// What it wrote to its log.
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// `kill -9`.
    pub fn kill9(&mut self) {
        self.thaw();
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Stops it without ending it: connections are accepted by the kernel and never answered.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            let pid = Pid::from_raw(process.0.id().cast_signed()).unwrap();
            // Already gone is fine.
            let _ = kill_process(pid, signal);
        }
    }

    /// Throws away all that it saved; to be called while it is dead.
    pub fn forget(&self) {
        for entry in fs::read_dir(&self.folder).unwrap().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("appendonly") {
                fs::remove_dir_all(entry.path()).unwrap();
            } else if name == "dump.rdb" || name == "nodes.conf" {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// Whether it can make files, such as a snapshot.
    pub fn folder_takes_files(&self, yes: bool) {
        let mode = if yes { 0o755 } else { 0o555 };
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The answer to a command, asked as the administrator; panics with the server's words.
    pub fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).unwrap_or_else(|error| panic!("{}: {words:?}: {error}", self.name))
    }

    /// The same, without the panic.
    pub fn try_ask(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new(find_program("redis-cli").unwrap());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-e"]);
        if let Some(ca) = &self.ca {
            command.arg("--tls").arg("--cacert").arg(ca);
            // Its own certificate will do where one is asked for.
            command.arg("--cert").arg(self.folder.join("server.crt"));
            command.arg("--key").arg(self.folder.join("server.key"));
        }
        let output = command.env("REDISCLI_AUTH", ADMIN_PASSWORD).args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{}{}", text(&output.stdout), text(&output.stderr)))
        }
    }

    /// A field of `INFO`.
    pub fn info(&self, name: &str) -> String {
        let text = self.ask(&["INFO"]);
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().trim().to_owned()
    }

    /// Waits until a field of `INFO` is so.
    pub fn until_info(&self, name: &str, want: &str) {
        until(&format!("{}: {name} is {want}", self.name), DEADLINE, || self.info(name) == want);
    }

    /// Makes it a replica and waits until writes flow: that its link is up says less, its primary
    /// may keep back what it writes until the replica has first answered.
    pub fn follow(&self, source: &Server) {
        self.follow_over(source, source.port);
    }

    /// The same with a primary that is reached at another port.
    pub fn follow_over(&self, source: &Server, port: u16) {
        const FIRST: &str = "rig:first";
        self.ask(&["REPLICAOF", "127.0.0.1", &port.to_string()]);
        self.until_info("master_link_status", "up");
        for (word, want) in [("SET", "1"), ("DEL", "0")] {
            let value: &[&str] = if word == "SET" { &["x"] } else { &[] };
            source.ask(&[&[word, FIRST], value].concat());
            until("writes flow", DEADLINE, || {
                self.try_ask(&["EXISTS", FIRST]).as_deref() == Ok(want)
            });
        }
    }

    /// Lets no replica in any more, and ends the links that are there.
    pub fn cut_links(&self) {
        self.ask(&["ACL", "SETUSER", "replica", "off"]);
        self.ask(&["CLIENT", "KILL", "TYPE", "replica"]);
    }

    /// Lets replicas in again.
    pub fn mend_links(&self) {
        self.ask(&["ACL", "SETUSER", "replica", "on"]);
    }

    /// Keys that begin with `prefix`.
    pub fn keys(&self, prefix: &str) -> BTreeSet<String> {
        let text = self.ask(&["--scan", "--pattern", &format!("{prefix}*")]);
        text.lines().map(str::to_owned).collect()
    }

    /// Starts it anew so that it speaks nothing but TLS.
    pub fn use_tls(&mut self, certificate: &str, key: &str, ca: &Path) {
        self.kill9();
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.folder.join(name);
            fs::write(&path, text).unwrap();
            account::give(&path);
        }
        let ca_text = ca.to_str().unwrap();
        let tls = ["--tls-cert-file", "server.crt", "--tls-key-file", "server.key"];
        let rest = ["--tls-ca-cert-file", ca_text, "--tls-auth-clients", "no"];
        self.options.extend(tls.into_iter().chain(rest).map(str::to_owned));
        self.ca = Some(ca.to_owned());
        self.start();
    }
}

/// A primary and its replica, with the users `wr_read`, `wr_act`, `wr_beat` and `wr_plain`.
pub struct Pair {
    /// Starts as the primary.
    pub a: Server,
    /// Starts as the replica.
    pub b: Server,
    // Dropped after the servers.
    home: TempDir,
}

impl Pair {
    /// Starts both and waits until the replica's link is up.
    pub fn start() -> Self {
        let home = home();
        let mut a = Server::new(home.path(), "a");
        let mut b = Server::new(home.path(), "b");
        a.start();
        b.start();
        b.follow(&a);
        Self { a, b, home }
    }

    /// Both anew and empty: A the primary, B its replica. Nothing is left in their logs.
    pub fn begin_again(&mut self) {
        self.begin_again_over(self.a.port);
    }

    /// The same with a replica that reaches its primary at another port.
    pub fn begin_again_over(&mut self, port: u16) {
        for server in [&mut self.a, &mut self.b] {
            server.kill9();
            server.forget();
            fs::write(server.folder.join("log"), "").unwrap();
            server.start();
        }
        self.b.follow_over(&self.a, port);
    }

    /// A folder that lives as long as the pair.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Waits until B has everything that A wrote.
    pub fn until_caught_up(&self) {
        until("B catches up", DEADLINE, || {
            self.b.info("slave_repl_offset") == self.a.info("master_repl_offset")
        });
    }
}

/// Writes keys `auth:1`, `auth:2`, ... one after another until it is dropped, and a heartbeat ten
/// times a second. A key is recorded once the server acknowledged it.
pub struct Load {
    process: Killed,
    log: PathBuf,
}

impl Load {
    /// Starts writing a key every `every_ms`, and the time to the key `heartbeat`.
    pub fn start(server: &Server, folder: &Path, every_ms: u32, heartbeat: &str) -> Self {
        Self::start_on(&[(server, heartbeat)], folder, every_ms)
    }

    /// The same to whichever of several servers takes writes, each with its own heartbeat.
    pub fn start_on(servers: &[(&Server, &str)], folder: &Path, every_ms: u32) -> Self {
        let names: String = servers.iter().map(|(server, _)| server.name.as_str()).collect();
        let ports: Vec<String> =
            servers.iter().map(|(server, _)| server.port.to_string()).collect();
        let beats: Vec<&str> = servers.iter().map(|(_, heartbeat)| *heartbeat).collect();
        let log = folder.join(format!("keys-of-{names}"));
        let process = Command::new(PYTHON)
            .arg(beside("keys.py"))
            .args([&ports.join(","), ADMIN_PASSWORD, log.to_str().unwrap()])
            .args([&every_ms.to_string(), &beats.join(",")])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let load = Self { process: Killed(process), log };
        until("the load of keys writes", DEADLINE, || !load.acknowledged().is_empty());
        load
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        Acknowledged::read(&self.log)
    }

    /// Waits for `more` further acknowledgements.
    pub fn until_more(&self, more: usize) {
        let before = self.acknowledged().len();
        until("the load of keys goes on", DEADLINE, || self.acknowledged().len() >= before + more);
    }

    /// Ends the load.
    pub fn stop(&mut self) {
        self.process.kill();
    }

    /// The acknowledged keys that `server` does not have: what was lost.
    pub fn missing_in(&self, server: &Server) -> Vec<Acknowledged> {
        // Asked first: what is acknowledged later may be there or not.
        let mut all = self.acknowledged();
        let there = server.keys("auth:");
        all.retain(|key| !there.contains(&format!("auth:{}", key.number)));
        all
    }
}
