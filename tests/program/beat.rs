//! `warroom beat` as a process: its exit codes, what keeps it from going on, and what does not.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The longest time that anything here is waited for.
const DEADLINE: Duration = Duration::from_secs(60);

/// The secret that writes heartbeats.
const PASSWORD: &str = "wr-canary+beat\"9";

/// A store that speaks just enough Redis, and answers a write with this; `None` never answers.
struct Peer {
    port: u16,
    writes: Arc<AtomicUsize>,
}

impl Peer {
    fn answering(write: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let writes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&writes);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let count = Arc::clone(&count);
                std::thread::spawn(move || serve(stream, write, &count));
            }
        });
        Self { port, writes }
    }

    fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Waits for so many more writes.
    fn until_more(&self, more: usize) {
        let (before, start) = (self.writes(), Instant::now());
        while self.writes() < before + more {
            assert!(start.elapsed() < DEADLINE, "nothing is written any more");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

/// Answers each command of a connection: an array of texts, each after its length.
fn serve(stream: TcpStream, write: Option<&str>, writes: &AtomicUsize) {
    let Ok(mut answers) = stream.try_clone() else { return };
    let mut asked = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        match asked.read_line(&mut line) {
            Ok(1..) => Some(line.trim().to_owned()),
            Ok(0) | Err(_) => None,
        }
    };
    while let Some(head) = line() {
        let count: usize = head.trim_start_matches('*').parse().expect("an array");
        let words: Vec<String> = (0..2 * count).map_while(|_| line()).collect();
        let answer = match words.get(1).map(String::as_str) {
            Some("TIME") => "*2\r\n$10\r\n1795183330\r\n$6\r\n000123\r\n",
            Some("SET") => {
                writes.fetch_add(1, Ordering::SeqCst);
                match write {
                    Some(answer) => answer,
                    None => continue,
                }
            }
            Some(_) | None => "+OK\r\n",
        };
        if answers.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A store in both regions at these ports, with and without a secret for its heartbeat.
fn store(name: &str, port: u16, beat: bool) -> String {
    let side = |region: &str| {
        let beat = if beat { ", beat = \"beat\"" } else { "" };
        format!(
            "{region} = {{ host = \"127.0.0.1\", port = {port}, read = \"read\", \
             heartbeat = \"dr:hb:{region}\"{beat} }}\n"
        )
    };
    let (a, b) = (side("a"), side("b"));
    format!(
        "[systems.{name}]\nkind = \"redis\"\nobjective = \"core\"\nheartbeat_every = \"100ms\"\n\
         {a}{b}"
    )
}

/// A site of these systems.
fn site(place: &Path, systems: &str) -> PathBuf {
    let first = systems.split(['.', ']']).nth(1).expect("a system");
    let text = format!(
        "schema = 1\nname = \"beaten\"\ntitle = \"Beaten\"\nred_needs_signals = 1\n\
         objectives.core = {{ rto = \"1h\", rpo = \"5m\" }}\n\
         regions.a = {{ label = \"A\", starts_as = \"primary\" }}\n\
         regions.b = {{ label = \"B\", starts_as = \"standby\" }}\n\
         {systems}[secrets]\n\
         beat = {{ user = \"wr_beat\", password = {{ env = \"WR_BEAT\" }} }}\n\
         read = {{ user = \"wr_read\", password = {{ env = \"WR_NOT_SET\" }} }}\n\
         [rules]\nit_is_down = {{ system = \"{first}\", failures = 3 }}\n"
    );
    fs::create_dir_all(place.join("site")).expect("writable");
    fs::write(place.join("site/site.toml"), text).expect("writable");
    place.join("site")
}

/// The program, with no home, no terminal and one secret.
fn command(site: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(line.split_whitespace()).arg("--site").arg(site).env_clear();
    command.env("WR_BEAT", PASSWORD).current_dir("/").stdin(Stdio::null());
    command
}

fn says(command: &mut Command, code: i32, words: &[&str]) -> String {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert_eq!(status.code(), Some(code), "{told}");
    for word in words {
        assert!(told.contains(word), "no `{word}` in\n{told}");
    }
    assert!(!told.contains(PASSWORD), "a secret was told: {told}");
    told
}

const TAKES: Option<&str> = Some("+OK\r\n");

#[test]
fn once_is_answered_by_the_exit_code() {
    let place = tempfile::tempdir().expect("a folder");
    let well = Peer::answering(TAKES).port;
    let check = |write: Option<&'static str>, code: i32, words: &[&str]| {
        let port = Peer::answering(write).port;
        let systems = [store("well", well, true), store("other", port, true)].concat();
        let told =
            says(&mut command(&site(place.path(), &systems), "beat --in a --once"), code, words);
        assert!(told.contains("  well      written: key `dr:hb:a` at 127.0.0.1:"), "{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
    };
    check(TAKES, 0, &["  other     written: key `dr:hb:a` at 127.0.0.1:", " as wr_beat\n"]);
    check(Some("-READONLY no\r\n"), 0, &["  other     standby, nothing to write: 127.0.0.1:"]);
    let denied = Some("-NOPERM this user has no permissions to run the 'set' command\r\n");
    check(denied, 77, &["other     NOT WRITTEN: 127.0.0.1:", "ACL SETUSER wr_beat +set"]);
    check(None, 69, &["other     NOT WRITTEN: 127.0.0.1:", "did not answer within 2 s"]);
    check(Some("-OOM no memory\r\n"), 1, &["other     NOT WRITTEN: ", "memory is used up"]);
    check(Some("+SURE\r\n"), 1, &["other     NOT WRITTEN: ", "is it Redis?"]);
    // A peer that tells what it was sent.
    check(Some("-ERR you are wr-canary+beat\"9\r\n"), 1, &["other     NOT WRITTEN: ", "you are "]);
    let systems = [store("well", well, true), store("dead", 9, true)].concat();
    let dead = site(place.path(), &systems);
    says(&mut command(&dead, "beat --in b --once"), 69, &["127.0.0.1:9 refused the connection"]);
}

#[test]
fn what_cannot_begin_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let none = site(place.path(), &store("cache", 9, false));
    let words = ["no system of this site has a heartbeat", "region A", "`postgres`", "a `beat`"];
    says(&mut command(&none, "beat --in a"), 78, &words);
    says(&mut command(&none, "beat"), 64, &["--in <REGION>"]);
    says(&mut command(&none, "beat --in c"), 64, &["possible values: a, b"]);
    let vain = store("cache", 9, true).replace("heartbeat = \"dr:hb:a\", ", "");
    let vain = vain.replace("heartbeat_every = \"100ms\"\n", "");
    let vain = vain.replace("heartbeat = \"dr:hb:b\", ", "");
    let vain = site(place.path(), &vain);
    says(&mut command(&vain, "beat --in a"), 78, &["has `beat`, and no `heartbeat`"]);
    let unknown = store("cache", 9, true).replace("beat = \"beat\"", "beat = \"beats\"");
    let unknown = site(place.path(), &unknown);
    says(&mut command(&unknown, "beat --in a"), 78, &["`beats`", "did you mean `beat`?"]);
    let good = site(place.path(), &store("cache", 9, true));
    let mut locked = command(&good, "beat --in a");
    says(locked.env_remove("WR_BEAT"), 77, &["system `cache`: ", "variable WR_BEAT is not set"]);
}

/// Who watches needs no secret of heartbeats, opens none, and is not told that it is not there.
#[test]
fn nobody_else_opens_its_secret() {
    let place = tempfile::tempdir().expect("a folder");
    let site = site(place.path(), &store("cache", 9, true).replace("read = \"read\", ", ""));
    let not_opened = "ok           beat: not opened, only `warroom beat` does";
    for (line, code, words) in [("check", 77, &[not_opened][..]), ("status", 69, &[])] {
        let mut command = command(&site, line);
        let state = place.path().join("state");
        let told = says(command.env_remove("WR_BEAT").env("XDG_STATE_HOME", state), code, words);
        assert!(!told.contains("WR_BEAT"), "{line}: {told}");
    }
}

/// It runs.
struct Running(Child);

impl Running {
    fn start(command: &mut Command, stdout: Stdio) -> Self {
        Self(command.stdout(stdout).stderr(Stdio::null()).spawn().expect("it starts"))
    }

    /// Asks it to end; how long that took.
    fn end(mut self, signal: Signal) -> Duration {
        let began = Instant::now();
        let pid = Pid::from_raw(self.0.id().cast_signed()).expect("it runs");
        kill_process(pid, signal).expect("it runs");
        let status = self.0.wait().expect("it is ours");
        assert_eq!(status.code(), Some(0), "{status:?}");
        began.elapsed()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_goes_on_until_it_is_told_to_end() {
    let place = tempfile::tempdir().expect("a folder");
    let (well, silent) = (Peer::answering(TAKES), Peer::answering(None));
    let systems = [store("well", well.port, true), store("silent", silent.port, true)].concat();
    let site = site(place.path(), &systems);
    for signal in [Signal::TERM, Signal::INT] {
        let state = place.path().join("state");
        let mut command = command(&site, "beat --in a");
        let out = place.path().join("out");
        let file = File::create(&out).expect("writable");
        let running = Running::start(command.env("XDG_STATE_HOME", &state), file.into());
        well.until_more(20);
        silent.until_more(1);
        // At once, although a store does not answer.
        let took = running.end(signal);
        assert!(took < Duration::from_secs(2), "{took:?}");
        let told = fs::read_to_string(&out).expect("it is there");
        for word in ["well      every 0.1s: key `dr:hb:a` at ", "well      written\n"] {
            assert_eq!(told.matches(word).count(), 1, "{told}");
        }
        assert!(told.lines().count() <= 4, "changes only: {told}");
        // Nothing is kept but what every process of the program tells its log.
        let kept = fs::read_dir(state.join("warroom")).expect("the log's folder");
        let names: Vec<_> = kept.map(|entry| entry.expect("a name").file_name()).collect();
        assert_eq!(names, ["log"], "it writes no run and remembers nothing");
    }
}

#[test]
fn nobody_has_to_hear_what_it_says() {
    let place = tempfile::tempdir().expect("a folder");
    let well = Peer::answering(TAKES);
    let site = site(place.path(), &store("well", well.port, true));
    let check = |stdout: Stdio| {
        let running = Running::start(&mut command(&site, "beat --in a"), stdout);
        well.until_more(20);
        running.end(Signal::TERM);
    };
    check(File::options().write(true).open("/dev/full").expect("it is there").into());
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    check(OwnedFd::from(writer).into());
    // A pipe that is full, and nobody reads.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let full = OwnedFd::from(writer);
    let flags = rustix::fs::fcntl_getfl(&full).expect("a pipe");
    rustix::fs::fcntl_setfl(&full, flags | rustix::fs::OFlags::NONBLOCK).expect("a pipe");
    let mut filler = File::from(full.try_clone().expect("a pipe"));
    while filler.write(&[b'.'; 512]).is_ok() {}
    while filler.write(b".").is_ok() {}
    rustix::fs::fcntl_setfl(&full, flags).expect("a pipe");
    check(full.into());
    drop(filler);
    let mut held = Vec::new();
    reader.read_to_end(&mut held).expect("a pipe");
    assert!(held.iter().all(|byte| *byte == b'.'), "it did say something");
}
