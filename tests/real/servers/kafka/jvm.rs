//! One Java process of the rig: bounded, killed on drop and, at the latest, with the tests.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::servers::peers::KAFKA;
use crate::servers::{Killed, find_program};

/// Starts quickly on few cores rather than to run fast for long.
const OPTIONS: [&str; 4] =
    ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xms64m"];

/// A program in a JVM of its own.
pub struct Jvm {
    /// What its files are called.
    pub name: String,
    home: PathBuf,
    process: Option<Killed>,
}

/// A command of one of Kafka's classes, with a bounded heap.
pub fn command(home: &Path, heap_mib: u32, class: &str) -> Command {
    let java = find_program("java").expect("`require` asked for what needs it");
    let mut command = Command::new(java);
    command
        .args(OPTIONS)
        .arg(format!("-Xmx{heap_mib}m"))
        .arg(format!("-Dlog4j.configuration=file:{}", home.join("log4j.properties").display()))
        .arg("-cp")
        .arg(KAFKA.home().join("libs/*"))
        .arg(class)
        .current_dir(home)
        .stdin(Stdio::null())
        // Not to be met by the keys that end the tests: the janitor ends it then.
        .process_group(0);
    command
}

impl Jvm {
    /// One that does not run yet.
    pub fn new(home: &Path, name: &str) -> Self {
        Self { name: name.to_owned(), home: home.to_owned(), process: None }
    }

    /// Starts it; what it says goes to its log.
    pub fn start(&mut self, mut command: Command) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        let log = OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
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

    /// Stops it without ending it: connections are accepted by the kernel and never answered.
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

/// Writes the settings of their logs.
pub fn write_log_settings(home: &Path) {
    let text = "log4j.rootLogger=WARN, out\n\
                log4j.appender.out=org.apache.log4j.ConsoleAppender\n\
                log4j.appender.out.layout=org.apache.log4j.PatternLayout\n\
                log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss,SSS} %p %c{1}: %m%n\n\
                log4j.logger.org.reflections=ERROR\n";
    fs::write(home.join("log4j.properties"), text).unwrap();
}
