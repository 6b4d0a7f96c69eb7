//! Two real OpenSearch nodes, each behind a gate of ours that brings users and replication.
//!
//! The plain distribution has neither: no plugin for replication is in any registry, and none for
//! security is in it. So a site is pointed at the gates. They pass everything on, and answer
//! what a plugin would, strictly as measured on the real one ([`standin`]); where `CCR_ZIP` names a
//! build of that, it is asked itself.

mod copier;
mod gate;
mod http;
pub mod producer;
pub mod rights;

mod standin;
mod state;
mod telling;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

pub use gate::Gate;
pub use state::Orders;

use super::janitor::Janitor;
use super::peers::Peer;
use super::program::Program;
use super::{DEADLINE, account, comes_true, folder, free_port, until};

/// Where its script puts the plain distribution.
pub const PEER: Peer = Peer { script: "opensearch", folder: "opensearch-2.19.4" };

/// The most memory of a node's heap.
const HEAP: &str = "256m";

/// The longest time that a rig waits for a node's answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The longest time for two nodes to start, on a machine that does much beside.
const START_LIMIT: Duration = Duration::from_secs(180);

/// The installation: with the real plugin, where one is named.
fn installed() -> PathBuf {
    let mut home = PEER.home().into_os_string();
    if plugin().is_some() {
        home.push("-ccr");
    }
    home.into()
}

/// The build of the real plugin, where one is named.
fn plugin() -> Option<PathBuf> {
    std::env::var_os("CCR_ZIP").map(PathBuf::from).filter(|zip| !zip.as_os_str().is_empty())
}

/// One node, which is a cluster. Dropping it kills it.
pub struct Node {
    /// `a` or `b`.
    pub name: String,
    /// Its own port on 127.0.0.1, behind the gate.
    pub port: u16,
    /// Where other clusters reach it.
    pub transport: u16,
    home: PathBuf,
    folder: PathBuf,
    /// Its process.
    pub program: Program,
}

impl Node {
    fn new(home: &Path, name: &str) -> Self {
        let folder = home.join(name);
        for part in ["", "conf", "data", "logs", "tmp", "repo"] {
            let path = folder.join(part);
            fs::create_dir(&path).unwrap();
            account::give(&path);
        }
        let (port, transport) = (free_port("127.0.0.1"), free_port("127.0.0.1"));
        let node = Self {
            name: name.to_owned(),
            port,
            transport,
            home: home.join("home"),
            folder,
            program: Program::new(home, name),
        };
        node.write_settings();
        node
    }

    fn write_settings(&self) {
        let (name, at) = (&self.name, self.folder.display());
        let (port, transport) = (self.port, self.transport);
        let settings = format!(
            "cluster.name: cluster-{name}\nnode.name: {name}-0\npath.data: {at}/data\n\
             path.logs: {at}/logs\npath.repo: [\"{at}/repo\"]\nnetwork.host: 127.0.0.1\n\
             http.port: {port}\ntransport.port: {transport}\ndiscovery.type: single-node\n\
             cluster.routing.allocation.disk.threshold_enabled: false\n"
        );
        let conf = self.folder.join("conf");
        fs::write(conf.join("opensearch.yml"), settings).unwrap();
        fs::write(conf.join("jvm.options"), "").unwrap();
        fs::copy(self.home.join("config/log4j2.properties"), conf.join("log4j2.properties"))
            .unwrap();
        for file in ["opensearch.yml", "jvm.options", "log4j2.properties"] {
            account::give(&conf.join(file));
        }
    }

    /// Starts it, or starts it again; [`Node::until_ready`] waits for it.
    pub fn spawn(&mut self) {
        let at = self.folder.display().to_string();
        let (home, tmp) = (self.home.display(), self.folder.join("tmp"));
        let mut command = account::command("java", &tmp);
        command
            .args([format!("-Xms{HEAP}"), format!("-Xmx{HEAP}")])
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"])
            .args(["-XX:-UsePerfData", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8"])
            .args(["-Djna.nosys=true", "-Dio.netty.noUnsafe=true"])
            .args(["-Dio.netty.noKeySetOptimization=true"])
            .args(["-Dio.netty.recycler.maxCapacityPerThread=0"])
            .args(["-Dio.netty.allocator.numDirectArenas=0"])
            .args(["-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true"])
            .args(["-Dlog4j2.formatMsgNoLookups=true", "-Djava.locale.providers=SPI,COMPAT"])
            .args(["-Dopensearch.networkaddress.cache.ttl=60"])
            .args(["-Dopensearch.distribution.type=zip", "-Dopensearch.bundled_jdk=false"])
            .arg(format!("-Djava.io.tmpdir={at}/tmp"))
            .arg(format!("-Dopensearch.path.home={home}"))
            .arg(format!("-Dopensearch.path.conf={at}/conf"))
            .args(["-cp", &format!("{home}/lib/*"), "org.opensearch.bootstrap.OpenSearch"]);
        self.program.start(command);
    }

    /// Waits until it serves.
    pub fn until_ready(&mut self) {
        let ask = "/_cluster/health?wait_for_status=yellow&timeout=1s";
        until(&format!("node {} serves", self.name), START_LIMIT, || {
            self.program.assert_runs();
            let told = http::call(self.port, "GET", ask, b"", ANSWER_LIMIT);
            told.is_ok_and(|told| told.status == 200 && told.told()["timed_out"] == false)
        });
    }

    /// Starts it again and waits for it.
    pub fn restart(&mut self) {
        self.spawn();
        self.until_ready();
    }

    /// Its folder for snapshots.
    pub fn repository(&self) -> PathBuf {
        self.folder.join("repo")
    }

    /// The answer of the node itself; panics with its words where it refuses.
    pub fn ask(&self, method: &str, target: &str, body: &Json) -> Json {
        let (status, told) = self.try_ask(method, target, body);
        assert!((200..300).contains(&status), "{} {method} {target}: {status} {told}", self.name);
        told
    }

    /// The same, without the panic.
    pub fn try_ask(&self, method: &str, target: &str, body: &Json) -> (u16, Json) {
        ask(self.port, method, target, body)
    }

    /// Writes one document to it.
    pub fn write(&self, index: &str, id: &str, document: &Json) {
        self.ask("PUT", &format!("/{index}/_doc/{id}"), document);
    }

    /// Documents of an index that can be found now.
    pub fn count(&self, index: &str) -> u64 {
        self.ask("POST", &format!("/{index}/_refresh"), &Json::Null);
        self.ask("GET", &format!("/{index}/_count"), &Json::Null)["count"].as_u64().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.program.kill9();
    }
}

/// The answer of whoever listens at a port of this machine.
pub fn ask(port: u16, method: &str, target: &str, body: &Json) -> (u16, Json) {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let told = http::call(port, method, target, &body, ANSWER_LIMIT)
        .unwrap_or_else(|error| panic!("{method} {target} at {port}: {error}"));
    (told.status, told.told())
}

/// Two clusters of one node each, their gates, and each one's name for the other.
pub struct Pair {
    /// Starts as the leader.
    pub a: Node,
    /// Starts as the follower.
    pub b: Node,
    /// Where a site meets them.
    pub gates: [Gate; 2],
    // Both after the nodes.
    _janitor: Janitor,
    home: TempDir,
}

/// What B calls A's cluster.
pub const EAST: &str = "east";

/// What A calls B's cluster.
pub const WEST: &str = "west";

impl Pair {
    /// Starts both, and waits until they serve.
    pub fn start() -> Self {
        let home = folder();
        let janitor = Janitor::of(home.path());
        // Whoever the nodes run as need not reach where it is installed.
        copy(&installed(), &home.path().join("home"));
        let mut nodes = ["a", "b"].map(|name| Node::new(home.path(), name));
        nodes.iter_mut().for_each(Node::spawn);
        nodes.iter_mut().for_each(Node::until_ready);
        let [a, b] = nodes;
        let ports = [(a.transport, a.port), (b.transport, b.port)];
        let gates = [&a, &b].map(|node| Gate::before(node.port, &ports, plugin().is_none()));
        let pair = Self { a, b, gates, _janitor: janitor, home };
        pair.introduce();
        pair
    }

    /// Tells each cluster where the other one is.
    pub fn introduce(&self) {
        for (node, alias, other) in [(&self.b, EAST, &self.a), (&self.a, WEST, &self.b)] {
            let seeds = json!([format!("127.0.0.1:{}", other.transport)]);
            let key = format!("cluster.remote.{alias}.seeds");
            node.ask("PUT", "/_cluster/settings", &json!({ "persistent": { key: seeds } }));
        }
    }

    /// The ports of both gates.
    pub fn ports(&self) -> [u16; 2] {
        self.gates.each_ref().map(|gate| gate.port)
    }

    /// A folder that lives as long as the pair.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Makes an index in A.
    pub fn create(&self, index: &str, shards: u32) {
        let settings = json!({ "number_of_shards": shards, "number_of_replicas": 0 });
        self.a.ask("PUT", &format!("/{index}"), &json!({ "settings": settings }));
    }

    /// Has B follow an index of A, and waits until it has everything.
    pub fn follow(&self, index: &str) {
        let body = json!({ "leader_alias": EAST, "leader_index": index });
        let (status, told) = self.gates[1].ask("PUT", &start_of(index), &body);
        assert_eq!(status, 200, "{told}");
        self.until_level(index);
    }

    /// An index in A that B follows.
    pub fn followed(&self, index: &str, shards: u32) {
        self.create(index, shards);
        self.follow(index);
    }

    /// Waits until B tells that it has all of an index.
    pub fn until_level(&self, index: &str) {
        let level = || {
            let status = self.status(index);
            let details = &status["syncing_details"];
            status["status"] == "SYNCING"
                && details["leader_checkpoint"].is_i64()
                && details["leader_checkpoint"] == details["follower_checkpoint"]
        };
        assert!(comes_true(DEADLINE, level), "{index} is not level: {}", self.status(index));
    }

    /// What B tells of the replication of an index.
    pub fn status(&self, index: &str) -> Json {
        let target = format!("/_plugins/_replication/{index}/_status?verbose=true");
        self.gates[1].ask("GET", &target, &Json::Null).1
    }

    /// Orders what the stand-in before B does from now on.
    pub fn order(&self, change: impl FnOnce(&mut Orders)) {
        self.gates[1].order(change);
    }
}

/// The call that starts replication.
pub fn start_of(index: &str) -> String {
    format!("/_plugins/_replication/{index}/_start")
}

/// Copies a folder by links where that can be, for the servers' account to read.
fn copy(from: &Path, to: &Path) {
    let linked = Command::new("cp").arg("-rlT").args([from, to]).output().unwrap();
    if !linked.status.success() {
        let _ = fs::remove_dir_all(to);
        let copied = Command::new("cp").arg("-rT").args([from, to]).status().unwrap();
        assert!(copied.success(), "{} cannot be copied", from.display());
    }
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
}
