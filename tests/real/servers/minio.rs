//! Two real servers of `MinIO` whose buckets are copied one to the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_sdk_s3::types::ReplicationRuleFilter;
use tempfile::TempDir;

use super::janitor::Janitor;
use super::objects::{Access, Bucket, FIRST_REGION};
use super::peers::MINIO;
use super::postgres::{ACT_PASSWORD, PLAIN_PASSWORD, READ_PASSWORD};
use super::program::Program;
use super::proxy::Proxy;
use super::{DEADLINE, folder, free_port, until};

/// The administrator of both servers.
const ADMIN: (&str, &str) = ("rig-admin", "rig-admin-password");

/// Bytes of memory that a server is to stay below.
const MEMORY: &str = "512MiB";

/// What makes a server find soon what it could not copy at first; by itself it takes a minute.
const EAGER: &[(&str, &str)] = &[("MINIO_SCANNER_SPEED", "fastest"), ("MINIO_SCANNER_CYCLE", "2s")];

/// One server with one versioned bucket. Dropping it kills it.
pub struct Server {
    /// `a` or `b`.
    pub name: &'static str,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Its bucket.
    pub bucket: &'static str,
    /// False for one that takes its time with what it could not copy at first.
    pub is_eager: bool,
    /// Its process.
    pub program: Program,
    home: PathBuf,
    is_encrypted: bool,
}

impl Server {
    fn new(home: &Path, name: &'static str, bucket: &'static str) -> Self {
        fs::create_dir(home.join(name)).unwrap();
        let port = free_port("127.0.0.1");
        let (program, home) = (Program::new(home, name), home.to_owned());
        Self { name, port, bucket, is_eager: true, program, home, is_encrypted: false }
    }

    /// Starts it, or starts it again with what it held, and waits until it answers.
    pub fn start(&mut self) {
        let data = self.home.join(self.name);
        let mut command = Command::new(MINIO.home().join("minio"));
        command
            .args(["server", "--quiet", "--address", &format!("127.0.0.1:{}", self.port)])
            .arg("--certs-dir")
            .arg(self.certificates())
            .arg(data)
            .env_clear()
            .envs([("MINIO_ROOT_USER", ADMIN.0), ("MINIO_ROOT_PASSWORD", ADMIN.1)])
            .envs([("MINIO_BROWSER", "off"), ("MINIO_UPDATE", "off"), ("CI", "on")])
            .envs([("GOMEMLIMIT", MEMORY), ("GOMAXPROCS", "2"), ("TZ", "UTC")])
            .envs(if self.is_eager { EAGER } else { [].as_slice() }.iter().copied())
            .env("HOME", &self.home)
            .current_dir(&self.home);
        self.program.start(command);
        until(&format!("minio {} answers", self.name), DEADLINE, || {
            self.program.assert_runs();
            self.try_admin(&["ready", self.name]).is_ok()
        });
    }

    fn certificates(&self) -> PathBuf {
        self.home.join(format!("{}-certificates", self.name))
    }

    /// Where it is, for clients.
    pub fn url(&self) -> String {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// What `mc` answers to the administrator, in which `a` or `b` is this server.
    pub fn admin(&self, words: &[&str]) -> String {
        self.try_admin(words).unwrap_or_else(|error| panic!("{}: {words:?}: {error}", self.name))
    }

    /// The same, without the panic.
    pub fn try_admin(&self, words: &[&str]) -> Result<String, String> {
        let (user, password) = ADMIN;
        let scheme = if self.is_encrypted { "https" } else { "http" };
        let host = format!("{scheme}://{user}:{password}@127.0.0.1:{}", self.port);
        let output = Command::new(MINIO.home().join("mc"))
            .arg("--config-dir")
            .arg(self.home.join("mc"))
            .args(["--quiet", "--json", "--insecure"])
            .args(words)
            .env_clear()
            .env("HOME", &self.home)
            .env(format!("MC_HOST_{}", self.name), host)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() { Ok(text) } else { Err(text) }
    }

    /// Its bucket, as the administrator.
    pub fn store(&self) -> Bucket {
        self.store_as(ADMIN)
    }

    /// Its bucket, as somebody.
    pub fn store_as(&self, who: (&str, &str)) -> Bucket {
        let (user, secret) = who;
        Bucket::open(&Access { url: &self.url(), region: FIRST_REGION, user, secret }, self.bucket)
    }

    /// Gives a user these rights and no others.
    pub fn give(&self, user: &str, policy: &str) {
        let path = self.home.join(format!("{}-{user}.json", self.name));
        fs::write(&path, policy).unwrap();
        self.admin(&["admin", "policy", "create", self.name, user, path.to_str().unwrap()]);
        // It says so where the user has it already.
        let _ = self.try_admin(&["admin", "policy", "attach", self.name, user, "--user", user]);
    }

    fn make_bucket_and_users(&self) {
        let bucket = format!("{}/{}", self.name, self.bucket);
        self.admin(&["mb", &bucket]);
        self.admin(&["version", "enable", &bucket]);
        let passwords = [READ_PASSWORD, ACT_PASSWORD, PLAIN_PASSWORD];
        for (user, password) in ["wr_read", "wr_act", "wr_plain"].into_iter().zip(passwords) {
            self.admin(&["admin", "user", "add", self.name, user, password]);
        }
    }

    /// Copies what is and will be in its bucket to that of another server.
    pub fn replicate_to(&self, other: &Server) {
        self.replicate_over(other, other.port);
    }

    /// The same, where the other server is reached at another port.
    pub fn replicate_over(&self, other: &Server, port: u16) {
        let (user, password) = ADMIN;
        let remote = format!("http://{user}:{password}@127.0.0.1:{port}/{}", other.bucket);
        let bucket = format!("{}/{}", self.name, self.bucket);
        let copies = "delete,delete-marker,existing-objects";
        let to = ["--remote-bucket", &remote, "--replicate", copies, "--priority", "1"];
        // It asks whether one that was gone is back once a minute, where nobody says otherwise.
        let patience = ["--healthcheck-seconds", "1"];
        // A server takes a bucket for one without versions until it has read that it has some.
        until("the rule is taken", DEADLINE, || {
            self.try_admin(&[&["replicate", "add", &bucket], &to[..], &patience].concat()).is_ok()
        });
    }

    /// Of its rules there is one, and that copies nothing but keys which begin so.
    pub fn copies_only(&self, prefix: &str) {
        let store = self.store();
        let told = store.client.get_bucket_replication().bucket(self.bucket);
        let mut rules = store.wait(told.send()).unwrap().replication_configuration.unwrap();
        let only = ReplicationRuleFilter::builder().prefix(prefix).build();
        rules.rules[0].filter = Some(only);
        let put = store.client.put_bucket_replication().bucket(self.bucket);
        store.wait(put.replication_configuration(rules).send()).unwrap();
    }

    /// Deletes its bucket with all that it holds, and makes it anew.
    pub fn make_anew(&self) {
        let bucket = format!("{}/{}", self.name, self.bucket);
        self.admin(&["rb", "--force", &bucket]);
        self.admin(&["mb", &bucket]);
        self.admin(&["version", "enable", &bucket]);
    }

    /// Starts it anew so that it speaks nothing but TLS.
    pub fn use_tls(&mut self, certificate: &str, key: &str) {
        self.program.kill9();
        let folder = self.certificates();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("public.crt"), certificate).unwrap();
        fs::write(folder.join("private.key"), key).unwrap();
        self.is_encrypted = true;
        self.start();
    }
}

/// A server and the one that gets a copy of its bucket, with the users `wr_read`, `wr_act` and
/// `wr_plain`, who have no rights yet.
pub struct Pair {
    /// Starts as the source, with the bucket `src`.
    pub a: Server,
    /// Starts as the copy, with the bucket `dst`.
    pub b: Server,
    /// The way from A to B.
    pub line: Proxy,
    // Both after the servers.
    _janitor: Janitor,
    home: TempDir,
}

impl Pair {
    /// Starts both and copies A to B.
    pub fn start() -> Self {
        let pair = Self::apart();
        pair.a.replicate_over(&pair.b, pair.line.port);
        pair
    }

    /// Starts both; neither copies anything.
    pub fn apart() -> Self {
        let home = folder();
        let janitor = Janitor::of(home.path());
        let mut a = Server::new(home.path(), "a", "src");
        let mut b = Server::new(home.path(), "b", "dst");
        std::thread::scope(|scope| {
            for server in [&mut a, &mut b] {
                scope.spawn(|| {
                    server.start();
                    server.make_bucket_and_users();
                });
            }
        });
        let line = Proxy::to(b.port);
        Self { a, b, line, _janitor: janitor, home }
    }

    /// A folder that lives as long as the pair.
    pub fn home(&self) -> &Path {
        self.home.path()
    }
}
