//! A server's process: its log, its number for the janitor; killed, frozen and started again.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{DEADLINE, Killed, until};

/// One that is killed on drop and, by a [`super::janitor::Janitor`] of its folder, with the tests.
pub struct Program {
    /// What its files are called.
    pub name: String,
    home: PathBuf,
    process: Option<Killed>,
}

impl Program {
    /// One that does not run yet.
    pub fn new(home: &Path, name: &str) -> Self {
        Self { name: name.to_owned(), home: home.to_owned(), process: None }
    }

    /// Starts it; what it says goes to its log.
    pub fn start(&mut self, mut command: Command) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        let log = OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Not to be met by the keys that end the tests: the janitor ends it then.
            .process_group(0);
        let child = command.spawn().unwrap();
        fs::write(self.path("pid"), child.id().to_string()).unwrap();
        self.process = Some(Killed(child));
    }

    /// Panics with its last words if it has ended.
    pub fn assert_runs(&mut self) {
        let ended = self.process.as_mut().map(|process| process.0.try_wait().unwrap());
        assert!(ended == Some(None), "{} ended: {}", self.name, self.log_tail());
    }

    /// Whether it was started and not killed since.
    pub fn is_started(&self) -> bool {
        self.process.is_some()
    }

    /// `kill -9`.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
            fs::remove_file(self.path("pid")).unwrap();
        }
    }

    /// Stops it without ending it, each of its threads: connections are accepted by the kernel and
    /// never answered.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        // The signal is sent; on a busy machine they still work for a moment.
        until(&format!("{} is frozen", self.name), DEADLINE, || self.is_still());
    }

    /// Whether none of its threads runs, or can.
    fn is_still(&self) -> bool {
        let Some(process) = &self.process else { return true };
        let tasks = fs::read_dir(format!("/proc/{}/task", process.0.id()));
        let stopped =
            |stat: &str| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T"));
        // One that has gone meanwhile does not run.
        let is_still = |task: PathBuf| {
            fs::read_to_string(task.join("stat")).map_or(true, |stat| stopped(&stat))
        };
        tasks.into_iter().flatten().flatten().all(|task| is_still(task.path()))
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Freezes it, or lets it go on.
    pub fn silence(&self, is_silent: bool) {
        if is_silent { self.freeze() } else { self.thaw() }
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            let pid = Pid::from_raw(process.0.id().cast_signed()).unwrap();
            // Already gone is fine.
            let _ = kill_process(pid, signal);
        }
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        const CHARS: usize = 4000;
        let text = fs::read_to_string(self.path("log")).unwrap_or_default();
        let skip = text.chars().count().saturating_sub(CHARS);
        text.chars().skip(skip).collect()
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.home.join(format!("{}.{ending}", self.name))
    }
}
