//! Two real Postgres servers, the second a streaming standby of the first.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use warroom::systems::postgres::{ACT_ROLE_SQL, FOLLOW_ROLE_SQL, PROBE_TABLE_SQL, WATCH_ROLE_SQL};

use super::{DEADLINE, Killed, account, comes_true, find_program, folder, free_port, until};

/// How long a server may take to end at once.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Password of the role `wr_read`, which has just the rights to watch.
pub const READ_PASSWORD: &str = "read-only-canary";

/// Password of the role `wr_act`, which has just the rights to act.
pub const ACT_PASSWORD: &str = "acting-canary";

/// Password of the role or user `wr_beat`, which has just the rights to write the heartbeat.
pub const BEAT_PASSWORD: &str = "beating-canary";

/// Password of the role `wr_follow`, with which a rejoined server replicates.
pub const FOLLOW_PASSWORD: &str = "following-canary";

/// Password of the role `wr_plain`, which has no rights but to connect.
pub const PLAIN_PASSWORD: &str = "plain-canary";

/// Password of the role `app`, which reads and writes like the users' programs.
pub const APP_PASSWORD: &str = "app-canary";

/// Options of servers that live for one run: nothing is to outlast a power cut, and every statement
/// and who sent it is told in the log.
const QUICK: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "log_statement=all",
    "log_line_prefix=%n [%p] %u ",
    "log_timezone=UTC",
    "max_wal_size=64MB",
];

/// The folder with `initdb` and the rest.
pub fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").is_file() && bin.join("psql").is_file())
        .collect();
    versions.sort();
    let on_path = || find_program("initdb").and_then(|path| path.parent().map(Path::to_owned));
    versions.pop().or_else(on_path)
}

/// One server. Dropping it stops it.
pub struct Server {
    /// `a` or `b`.
    pub name: String,
    /// The loopback address that it listens on.
    pub address: &'static str,
    /// Its port there.
    pub port: u16,
    /// The folder of its socket.
    pub sockets: PathBuf,
    /// Options beside those that every server gets, as after `-c`.
    pub options: Vec<String>,
    data: PathBuf,
    log: PathBuf,
    bin: PathBuf,
    process: Option<Killed>,
}

impl Server {
    fn new(home: &Path, name: &str, address: &'static str, port: u16) -> Self {
        let sockets = home.join(format!("sockets-{name}"));
        fs::create_dir(&sockets).unwrap();
        account::give(&sockets);
        Self {
            name: name.to_owned(),
            address,
            port,
            sockets,
            options: Vec::new(),
            data: home.join(name),
            log: home.join(format!("{name}.log")),
            bin: binaries().expect("`require` was asked first"),
            process: None,
        }
    }

    /// The connection string for psycopg2 and psql, as the superuser.
    pub fn dsn(&self) -> String {
        format!("host={} port={} user=postgres dbname=postgres", self.address, self.port)
    }

    fn tool(&self, name: &str) -> Command {
        account::command(self.bin.join(name), &self.sockets)
    }

    fn init(&self) {
        let data = self.data.to_str().unwrap();
        succeed(self.tool("initdb").args(["-D", data, "-U", "postgres", "-A", "trust", "-N"]));
        let mut conf =
            OpenOptions::new().append(true).open(self.data.join("postgresql.conf")).unwrap();
        conf.write_all(
            // A rewind reads the log back to the last checkpoint before the split.
            b"wal_log_hints = on\nwal_keep_size = '64MB'\n\
              shared_buffers = '16MB'\nmax_wal_senders = 10\n\
              max_prepared_transactions = 4\n\
              wal_retrieve_retry_interval = '100ms'\nhot_standby = on\n",
        )
        .unwrap();
        let hba = "local all postgres trust\n\
                   host all postgres 127.0.0.0/8 trust\n\
                   host replication postgres 127.0.0.0/8 trust\n\
                   host replication wr_follow 127.0.0.0/8 scram-sha-256\n\
                   local all all scram-sha-256\n\
                   host all all 127.0.0.0/8 scram-sha-256\n";
        fs::write(self.data.join("pg_hba.conf"), hba).unwrap();
        self.write_own_conf();
    }

    /// What differs between the two, so that whoever starts it gets the same server. The last line
    /// of a name counts: a copy of the other one is made its own by this.
    fn write_own_conf(&self) {
        let mut conf =
            OpenOptions::new().append(true).open(self.data.join("postgresql.conf")).unwrap();
        writeln!(
            conf,
            "port = {}\nlisten_addresses = '{}'\nunix_socket_directories = '{}'\n\
             cluster_name = '{}'",
            self.port,
            self.address,
            self.sockets.display(),
            self.name
        )
        .unwrap();
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of PostgreSQL's programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// What runs a program as the owner of the data.
    pub fn through() -> Vec<String> {
        let command = account::command("", Path::new("/"));
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words = words.map(|word| word.to_str().unwrap().to_owned());
        words.filter(|word| !word.is_empty()).collect()
    }

    /// Starts it, or starts it again, and waits until it answers.
    pub fn start(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        account::give(&self.log);
        let child = self
            .tool("postgres")
            .arg("-D")
            .arg(&self.data)
            .args(self.options.iter().flat_map(|option| ["-c", option]))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(Killed(child));
        until(&format!("server {} answers", self.name), DEADLINE, || {
            let ended = self.process.as_mut().unwrap().0.try_wait().unwrap();
            assert!(ended.is_none(), "{} ended: {}", self.name, self.log_text());
            self.try_sql("select 1").is_ok()
        });
    }

    /// What it wrote to its log.
    pub fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// True while its process is there.
    pub fn is_running(&self) -> bool {
        self.pid().is_some()
    }

    /// The server's process, whoever started it.
    fn pid(&self) -> Option<i32> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let pid = file.lines().next()?.trim().parse().ok()?;
        // The file outlives a killed server, and its number may have been given away.
        let title = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&title).contains(self.data.to_str()?).then_some(pid)
    }

    /// `kill -9` to the server: its children see that and end themselves.
    pub fn kill9(&mut self) {
        self.thaw();
        let children = self.children("");
        self.signal(Signal::KILL);
        let process = self.process.take();
        // Its last children hold the port and the shared memory a little longer.
        until("the killed server is gone", DEADLINE, || {
            std::net::TcpStream::connect((self.address, self.port)).is_err()
                && children.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists())
        });
        drop(process);
    }

    /// Stops it in an orderly way: sessions are ended, the log is written out, the standby gets
    /// everything.
    pub fn stop(&mut self) {
        self.signal(Signal::INT);
        if let Some(mut process) = self.process.take() {
            process.0.wait().unwrap();
        }
        until("the stopped server is gone", DEADLINE, || !self.is_running());
    }

    /// Stops every process of the server without ending it: connections are accepted by the
    /// kernel and never answered, as when a region hangs.
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Stops the children whose title holds `word`, such as `walsender`, and only them.
    pub fn freeze_child(&self, word: &str) {
        assert!(self.signal_children(word, Signal::STOP) > 0, "{} has no {word}", self.name);
    }

    /// Lets them go on.
    pub fn thaw_child(&self, word: &str) {
        self.signal_children(word, Signal::CONT);
    }

    /// `kill -9` to every process of the server at once, frozen ones too: nothing that it had not
    /// sent yet is sent any more.
    pub fn kill9_all(&mut self) {
        let children = self.children("");
        self.signal(Signal::KILL);
        for pid in children {
            send(pid, Signal::KILL);
        }
        self.kill9();
    }

    fn signal_all(&self, signal: Signal) {
        self.signal(signal);
        self.signal_children("", signal);
    }

    fn signal_children(&self, word: &str, signal: Signal) -> usize {
        let children = self.children(word);
        for pid in &children {
            send(*pid, signal);
        }
        children.len()
    }

    /// The processes that it started and whose title holds `word`.
    fn children(&self, word: &str) -> Vec<i32> {
        let Some(parent) = self.pid().map(|pid| pid.to_string()) else { return Vec::new() };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        entries
            .filter_map(|entry| {
                let pid = entry.file_name().to_str()?.parse().ok()?;
                // The parent is the second field after the name in parentheses (`proc(5)`). A
                // process may end while this looks.
                let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
                let is_child = stat.rsplit(") ").next()?.split(' ').nth(1)? == parent;
                let title = fs::read(entry.path().join("cmdline")).ok()?;
                (is_child && String::from_utf8_lossy(&title).contains(word)).then_some(pid)
            })
            .collect()
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            send(pid, signal);
        }
    }

    /// The output of statements run as the superuser; panics with the server's words.
    pub fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.name))
    }

    /// The same, without the panic.
    pub fn try_sql(&self, sql: &str) -> Result<String, String> {
        let output = Command::new(self.bin.join("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.dsn())
            .env("PGCONNECT_TIMEOUT", "2")
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    /// Waits until a query answers `want`.
    pub fn until_sql(&self, sql: &str, want: &str) {
        until(&format!("{}: {sql} = {want}", self.name), DEADLINE, || {
            self.try_sql(sql).as_deref() == Ok(want)
        });
    }

    /// `15.20 (Debian ...)`.
    pub fn version(&self) -> String {
        self.sql("show server_version")
    }

    /// Switches TLS on with a certificate and its key, both PEM.
    pub fn use_tls(&self, certificate: &str, key: &str) {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.data.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            account::give(&path);
        }
        self.sql("alter system set ssl = on");
        self.sql("select pg_reload_conf()");
        self.until_sql("show ssl", "on");
    }

    /// Makes it anew as a standby of `source` and starts it.
    pub fn reseed_from(&mut self, source: &Server) {
        self.stop();
        if self.data.exists() {
            fs::remove_dir_all(&self.data).unwrap();
        }
        let slot = self.slot_on(source);
        succeed(
            self.tool("pg_basebackup")
                .args(["-d", &source.dsn(), "-R", "-X", "stream", "-c", "fast", "-N", "-S", &slot])
                .arg("-D")
                .arg(&self.data),
        );
        self.write_own_conf();
        self.start();
    }

    /// Turns an old primary, killed or stopped, into a standby of `source` and starts it. What it
    /// wrote after the split is gone.
    pub fn rewind_from(&mut self, source: &Server) {
        self.stop();
        let slot = self.slot_on(source);
        // Before its first checkpoint a promoted server looks like one that never was.
        source.sql("checkpoint");
        succeed(
            self.tool("pg_rewind")
                .arg("-D")
                .arg(&self.data)
                .arg(format!("--source-server={}", source.dsn()))
                .args(["-R", "-N"]),
        );
        let path = self.data.join("postgresql.auto.conf");
        let mut conf = OpenOptions::new().append(true).open(path).unwrap();
        writeln!(conf, "primary_slot_name = '{slot}'").unwrap();
        self.write_own_conf();
        self.start();
    }

    fn slot_on(&self, source: &Server) -> String {
        let slot = format!("slot_{}", self.name);
        source.sql(&format!(
            "select pg_create_physical_replication_slot('{slot}')
             where not exists (select 1 from pg_replication_slots where slot_name = '{slot}')"
        ));
        slot
    }
}

impl Server {
    /// Ends it, whoever started it, without leaving anything in order.
    fn end(&mut self) {
        self.thaw();
        // An immediate shutdown takes the children and the shared memory with it.
        self.signal(Signal::QUIT);
        let mut process = self.process.take();
        comes_true(SHUTDOWN_LIMIT, || {
            // A child is there until it is waited for.
            let child = process.as_mut().is_some_and(|it| matches!(it.0.try_wait(), Ok(None)));
            !child && !self.is_running()
        });
        // One that does not end is killed.
        self.signal(Signal::KILL);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A primary and its streaming standby, with the roles `wr_read`, `wr_act` and `wr_plain`.
pub struct Pair {
    /// Starts as the primary.
    pub a: Server,
    /// Starts as the standby.
    pub b: Server,
    // Dropped after the servers.
    home: TempDir,
}

impl Pair {
    /// Starts both and waits until the standby streams.
    pub fn start() -> Self {
        let port = || free_port("127.0.0.1");
        Self::start_with(["127.0.0.1"; 2], [port(), port()])
    }

    /// The same, each on an address of its own and both on one port, as two machines have it.
    pub fn start_at(addresses: [&'static str; 2]) -> Self {
        let [a, b] = addresses.map(free_port);
        // A port that was free on one address is free on the other, or the server says so.
        let port = if std::net::TcpListener::bind((addresses[1], a)).is_ok() { a } else { b };
        Self::start_with(addresses, [port; 2])
    }

    fn start_with(addresses: [&'static str; 2], ports: [u16; 2]) -> Self {
        let home = folder();
        let a = Server::new(home.path(), "a", addresses[0], ports[0]);
        let b = Server::new(home.path(), "b", addresses[1], ports[1]);
        a.init();
        Self::grow(a, b, home)
    }

    /// Two servers of which nothing but their data will be used, and quickly made: see
    /// [`Self::begin_again`].
    pub fn template() -> Self {
        let mut pair = Self::not_started();
        pair.a.init();
        for server in [&mut pair.a, &mut pair.b] {
            server.options = QUICK.map(str::to_owned).into();
        }
        let Self { a, b, home } = pair;
        let mut pair = Self::grow(a, b, home);
        pair.a.stop();
        pair.b.stop();
        pair
    }

    /// Servers on ports of their own that have no data yet.
    pub fn not_started() -> Self {
        let home = folder();
        let server = |name| Server::new(home.path(), name, "127.0.0.1", free_port("127.0.0.1"));
        let (a, b) = (server("a"), server("b"));
        Self { a, b, home }
    }

    /// Both servers anew with the template's data: A the primary, B its streaming standby.
    pub fn begin_again(&mut self, template: &Self) {
        self.begin_again_over(template, self.a.port);
    }

    /// The same with a standby that reaches its primary at another port.
    pub fn begin_again_over(&mut self, template: &Self, port: u16) {
        let source =
            format!("primary_conninfo=host=127.0.0.1 port={port} user=postgres application_name=b");
        for (server, from) in [(&mut self.a, &template.a), (&mut self.b, &template.b)] {
            server.end();
            let _ = fs::remove_dir_all(&server.data);
            let _ = fs::remove_file(&server.log);
            let mut copy = account::command("cp", &server.sockets);
            succeed(copy.arg("-a").arg(&from.data).arg(&server.data));
            server.write_own_conf();
            server.options = QUICK.map(str::to_owned).into();
        }
        self.b.options.push(source);
        self.a.start();
        self.b.start();
        self.b.until_sql("select status from pg_stat_wal_receiver", "streaming");
    }

    fn grow(mut a: Server, mut b: Server, home: TempDir) -> Self {
        a.start();
        a.sql(PROBE_TABLE_SQL);
        a.sql(WATCH_ROLE_SQL);
        a.sql(ACT_ROLE_SQL);
        a.sql(FOLLOW_ROLE_SQL);
        a.sql(&format!(
            "create role wr_plain login password '{PLAIN_PASSWORD}';
             create role app login password '{APP_PASSWORD}';
             grant pg_read_all_data, pg_write_all_data to app;
             alter role wr_read password '{READ_PASSWORD}';
             alter role wr_act password '{ACT_PASSWORD}';
             alter role wr_follow password '{FOLLOW_PASSWORD}'"
        ));
        b.reseed_from(&a);
        let pair = Self { a, b, home };
        pair.until_caught_up();
        pair
    }

    /// A folder that lives as long as the pair.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The connection string of the users' program: an ordinary role, and whichever of the two
    /// servers takes writes.
    pub fn app_dsn(&self) -> String {
        format!(
            "host=127.0.0.1,127.0.0.1 port={},{} user=app password={APP_PASSWORD} dbname=postgres \
             target_session_attrs=read-write",
            self.a.port, self.b.port
        )
    }

    /// Waits until B streams and has replayed everything that A wrote.
    pub fn until_caught_up(&self) {
        self.b.until_sql("select status from pg_stat_wal_receiver", "streaming");
        let written = self.a.sql("select pg_current_wal_lsn()");
        self.b.until_sql(&format!("select pg_last_wal_replay_lsn() >= '{written}'"), "t");
    }
}

fn send(pid: i32, signal: Signal) {
    // Already gone is fine.
    let _ = kill_process(Pid::from_raw(pid).unwrap(), signal);
}

fn succeed(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
