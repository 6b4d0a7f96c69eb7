//! `warroom beat` as a service of one region: the built program, and what it says.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::servers::postgres::BEAT_PASSWORD;
use crate::servers::{DEADLINE, Killed, until};

/// The time between two looks at what it said.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The variable with its password.
const VARIABLE: &str = "WR_BEAT";

/// A site with one system, whose secret `beat` writes its heartbeats. No other can be opened.
pub fn site(folder: &Path, system: &str) -> PathBuf {
    let text = format!(
        "schema = 1\nname = \"beaten\"\ntitle = \"Beaten\"\nred_needs_signals = 1\n\
         objectives.core = {{ rto = \"1h\", rpo = \"5m\" }}\n\
         regions.a = {{ label = \"A\", starts_as = \"primary\" }}\n\
         regions.b = {{ label = \"B\", starts_as = \"standby\" }}\n\
         [systems.it]\nobjective = \"core\"\n{system}\n\
         [secrets]\n\
         beat = {{ user = \"wr_beat\", password = {{ env = \"{VARIABLE}\" }} }}\n\
         read = {{ user = \"wr_read\", password = {{ file = \"not-there\" }} }}\n\
         act = {{ user = \"wr_act\", password = {{ file = \"not-there\" }} }}\n\
         [rules]\nit_is_down = {{ system = \"it\", failures = 3 }}\n"
    );
    let site = folder.join("site");
    fs::create_dir_all(&site).unwrap();
    fs::write(site.join("site.toml"), text).unwrap();
    site
}

/// The program in a region, without a terminal, a home or a state folder.
pub fn command(site: &Path, region: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(["beat", "--in", region, "--site"]).arg(site);
    command.env_clear().env(VARIABLE, BEAT_PASSWORD).current_dir("/").stdin(Stdio::null());
    command
}

/// It runs. Dropping it kills it.
pub struct Heart {
    process: Killed,
    said: Arc<Mutex<String>>,
}

impl Heart {
    /// Starts it in a region.
    pub fn start(site: &Path, region: &str) -> Self {
        let child = command(site, region).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut process = Killed(child.unwrap());
        let said = Arc::new(Mutex::new(String::new()));
        let out = process.0.stdout.take().map(|out| Box::new(out) as Box<dyn std::io::Read + Send>);
        let err = process.0.stderr.take().map(|err| Box::new(err) as Box<dyn std::io::Read + Send>);
        for pipe in [out, err].into_iter().flatten() {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    said.lock().unwrap().extend([line.as_str(), "\n"]);
                }
            });
        }
        Self { process, said }
    }

    /// What it has said up to now.
    pub fn said(&self) -> String {
        let said = self.said.lock().unwrap().clone();
        assert!(!said.contains(BEAT_PASSWORD), "a secret was told: {said}");
        said
    }

    /// Waits until it has said this.
    pub fn until_said(&self, words: &str) {
        let start = std::time::Instant::now();
        while !self.said().contains(words) {
            assert!(start.elapsed() < DEADLINE, "`{words}` was never said:\n{}", self.said());
            std::thread::park_timeout(LOOK_EVERY);
        }
    }

    /// `kill -9`.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// Asks it to end, and waits for it.
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_raw(self.process.0.id().cast_signed()).unwrap(), signal).unwrap();
        let mut ended = None;
        until("it ends", DEADLINE, || {
            ended = self.process.0.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}
