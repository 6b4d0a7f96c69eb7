//! Three sentinels that watch a Redis pair, and a Redis Cluster of three owners and three copies.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use warroom::systems::redis::{SENTINEL_ACT_RULES, SENTINEL_WATCH_RULES};

use super::postgres::{ACT_PASSWORD, PLAIN_PASSWORD, READ_PASSWORD};
use super::redis::{ADMIN_PASSWORD, Pair, Server, home};
use super::{DEADLINE, Killed, account, find_program, free_port, until};

/// What the sentinels call the pair.
pub const MASTER: &str = "m1";

/// One sentinel. Dropping it kills it.
pub struct Sentinel {
    /// The port on 127.0.0.1.
    pub port: u16,
    home: PathBuf,
    folder: PathBuf,
    process: Option<Killed>,
}

impl Sentinel {
    /// Starts one that watches the primary at a port. With less than 2 s before a server is down,
    /// one that they just made the primary is taken for it before they have connected to it.
    pub fn start(home: &Path, name: &str, primary: u16) -> Self {
        let (folder, port) = (home.join(name), free_port("127.0.0.1"));
        fs::create_dir(&folder).unwrap();
        account::give(&folder);
        let conf = format!(
            "port {port}\nbind 127.0.0.1\n\
             user wr_read on >{READ_PASSWORD} {SENTINEL_WATCH_RULES}\n\
             user wr_act on >{ACT_PASSWORD} {SENTINEL_ACT_RULES}\n\
             user wr_plain on >{PLAIN_PASSWORD} -@all +sentinel|myid\n\
             sentinel monitor {MASTER} 127.0.0.1 {primary} 2\n\
             sentinel auth-pass {MASTER} {ADMIN_PASSWORD}\n\
             sentinel down-after-milliseconds {MASTER} 2000\n\
             sentinel failover-timeout {MASTER} 3000\n\
             sentinel parallel-syncs {MASTER} 1\n"
        );
        let path = folder.join("sentinel.conf");
        fs::write(&path, conf).unwrap();
        account::give(&path);
        let mut sentinel = Self { port, home: home.to_owned(), folder, process: None };
        sentinel.start_again();
        sentinel
    }

    /// Starts it again with what it remembers.
    pub fn start_again(&mut self) {
        let log = File::create(self.folder.join("log")).unwrap();
        let mut command = account::command(self.home.join("redis-server"), &self.folder);
        command
            .args(["sentinel.conf", "--sentinel"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.process = Some(Killed(command.spawn().unwrap()));
        until("a sentinel answers", DEADLINE, || {
            let ended = self.process.as_mut().unwrap().0.try_wait().unwrap();
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(ended.is_none(), "a sentinel ended: {}", log());
            self.ask(&["PING"]) == "PONG"
        });
    }

    /// `kill -9`.
    pub fn kill9(&mut self) {
        self.signal(Signal::CONT);
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Stops it without ending it.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
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

    /// The answer to a command, or what went wrong.
    pub fn ask(&self, words: &[&str]) -> String {
        let mut command = Command::new(find_program("redis-cli").unwrap());
        let output = command.args(["-p", &self.port.to_string()]).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A field of what it says of the primary.
    pub fn says(&self, field: &str) -> String {
        let told = self.ask(&["SENTINEL", "MASTER", MASTER]);
        let mut lines = told.lines().skip_while(|line| *line != field);
        lines.nth(1).unwrap_or_default().to_owned()
    }
}

/// A pair, and three sentinels that watch it.
pub struct Watched {
    /// The sentinels.
    pub sentinels: Vec<Sentinel>,
    /// The servers.
    pub pair: Pair,
}

impl Watched {
    /// Starts all, and waits until the sentinels know each other and the replica.
    pub fn start() -> Self {
        let pair = Pair::start();
        let start = |number: u32| Sentinel::start(pair.home(), &format!("s{number}"), pair.a.port);
        let sentinels: Vec<Sentinel> = (1..=3).map(start).collect();
        let watched = Self { sentinels, pair };
        watched.until_ready();
        watched
    }

    /// Waits until each sentinel knows two others and a replica that is well.
    pub fn until_ready(&self) {
        for sentinel in &self.sentinels {
            until("a sentinel knows all", DEADLINE, || {
                let replicas = sentinel.ask(&["SENTINEL", "REPLICAS", MASTER]);
                let flags = replicas.lines().skip_while(|line| *line != "flags").nth(1);
                let counts = ["num-other-sentinels", "num-slaves"].map(|name| sentinel.says(name));
                counts == ["2", "1"] && flags == Some("slave") && sentinel.says("flags") == "master"
            });
        }
    }

    /// The places of the sentinels.
    pub fn places(&self) -> Vec<String> {
        self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect()
    }
}

/// A cluster: three owners in A, and a copy of each in B.
pub struct Cluster {
    /// `a0` to `a2`.
    pub a: Vec<Server>,
    /// `b0` to `b2`.
    pub b: Vec<Server>,
    // Dropped after the servers.
    _home: TempDir,
}

impl Cluster {
    /// Starts all six and waits until all of them say that it works.
    pub fn start() -> Self {
        let home = home();
        let start = |name: String| {
            let mut server = Server::new(home.path(), &name);
            let bus = free_port("127.0.0.1").to_string();
            let more = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
            let more = more.into_iter().chain(["--cluster-port", bus.as_str()]);
            server.options.extend(more.map(str::to_owned));
            server.start();
            (server, bus)
        };
        let nodes: Vec<(Server, String)> =
            ["a0", "a1", "a2", "b0", "b1", "b2"].map(|name| start(name.to_owned())).into();
        let first = &nodes[0].0;
        for (server, bus) in &nodes[1..] {
            first.ask(&["CLUSTER", "MEET", "127.0.0.1", &server.port.to_string(), bus]);
        }
        for (server, range) in
            nodes.iter().zip([["0", "5460"], ["5461", "10922"], ["10923", "16383"]])
        {
            server.0.ask(&["CLUSTER", "ADDSLOTSRANGE", range[0], range[1]]);
        }
        let mut nodes: Vec<Server> = nodes.into_iter().map(|(server, _)| server).collect();
        let b = nodes.split_off(3);
        let cluster = Self { a: nodes, b, _home: home };
        for (owner, copy) in cluster.a.iter().zip(&cluster.b) {
            let id = owner.ask(&["CLUSTER", "MYID"]);
            until("the copy knows its owner", DEADLINE, || {
                copy.try_ask(&["CLUSTER", "REPLICATE", &id]).is_ok()
            });
        }
        cluster.until_ready();
        cluster
    }

    /// All six.
    pub fn all(&self) -> impl Iterator<Item = &Server> {
        self.a.iter().chain(&self.b)
    }

    /// Waits until all six say that it works, and each copy follows.
    pub fn until_ready(&self) {
        for node in self.all() {
            until(&format!("{} says that the cluster works", node.name), DEADLINE, || {
                let ok = node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
                let nodes = node.ask(&["CLUSTER", "NODES"]);
                let six = nodes.lines().count() == 6 && !nodes.contains("fail");
                let role = node.info("role");
                ok && six && (role == "master" || node.info("master_link_status") == "up")
            });
        }
        let copies = self.all().filter(|node| node.info("role") == "slave").count();
        assert_eq!(copies, 3, "three copies");
    }

    /// Writes so many keys by whoever owns their slots.
    pub fn fill(&self, keys: u32) {
        for number in 0..keys {
            let key = format!("auth:{number}");
            let is_taken = |node: &Server| node.try_ask(&["SET", &key, "x"]).is_ok();
            until("a key is taken", DEADLINE, || self.all().any(is_taken));
        }
    }
}
