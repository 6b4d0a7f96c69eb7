//! A step outlives the console: each attempt runs in its own process and leaves its traces on disk.
//!
//! The order that makes every crash decidable: the intent is on record, the attempt's folder is
//! durable, the runner is started, the runner makes `spawned` durable, acts, and makes `exit`
//! durable. Whoever comes later asks the lock and the processes of the group that the runner leads:
//! while it is held or one of them runs, the attempt runs. Then, with `exit` the outcome is known;
//! with neither `exit` nor `spawned` it never acted; else it is unknown.

pub mod folder;
mod granted;
pub mod group;
mod leash;
pub mod meeting;
pub mod output;
mod perform;
pub mod process;
pub mod times;
mod wait;

use std::env;
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, Stdio};

use crate::domain::ids::StepId;
use crate::domain::run::commit::{Grant, IntentRecord};
use crate::domain::run::event::Outcome;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

use self::folder::{AttemptFolder, CANCEL_FILE, SPAWNED_FILE, Sent};
use super::paths::write_new;

pub use self::leash::Leash;
pub use self::output::{OutputSince, output_since};
pub use self::process::{Prepared, RunnerContext, main};
pub use self::wait::{inspect, watch};

/// The hidden subcommand under which the binary is a runner.
pub const RUNNER_COMMAND: &str = "runner";

/// The environment that a runner inherits; nothing else of the console's goes over.
pub const ENVIRONMENT: &[&str] = &[
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// What of this process's environment a runner gets: [`ENVIRONMENT`] and the names in `more`.
pub fn environment(more: &[&str]) -> Vec<(String, String)> {
    let names = ENVIRONMENT.iter().chain(more);
    names.filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?))).collect()
}

/// A runner that this console started.
#[derive(Debug)]
pub struct Launched {
    child: Child,
}

impl Launched {
    /// The process, for a person to look at; never trusted.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// Why a runner was not started. The attempt certainly did nothing.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The attempt has a folder already: it was started before.
    #[error("failed to start {}: this attempt was started before, it is never started twice",
        .0.display())]
    Again(PathBuf),
    /// The attempt's folder could not be made durable.
    #[error("failed to make {}: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The process could not be started.
    #[error("failed to start {}: {source}", .exe.display())]
    Spawn {
        /// The program.
        exe: PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aftermath {
    /// It is over.
    Ended(Outcome),
    /// It never acted and, from now on, never will.
    NotStarted,
    /// Its runner died on the way; why nothing more is known.
    Unknown(Clean),
}

/// Makes the attempt's folder durable and starts its runner: `exe runner <folder>`, no terminal,
/// the leash as stdin, only `env` as its environment (see [`environment`]).
///
/// # Errors
/// When the attempt was started before, or the folder or the process cannot be made.
pub fn launch(
    exe: &Path,
    run_dir: &Path,
    grant: &Grant,
    env: &[(String, String)],
    leash: &Leash,
) -> Result<Launched, LaunchError> {
    launch_intent(exe, run_dir, grant.intent(), env, leash)
}

/// [`launch`] from the intent alone. Not a way around the grant: the runner acts only on an intent
/// that it finds in the journal, under its number and hash.
///
/// # Errors
/// As [`launch`].
pub fn launch_intent(
    exe: &Path,
    run_dir: &Path,
    intent: &IntentRecord,
    env: &[(String, String)],
    leash: &Leash,
) -> Result<Launched, LaunchError> {
    let path = AttemptFolder::of(run_dir, &intent.step, intent.attempt).path().to_path_buf();
    let folder = AttemptFolder::create(run_dir, intent).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            LaunchError::Again(path.clone())
        } else {
            LaunchError::Folder { path, source }
        }
    })?;
    let spawn_error = |source| LaunchError::Spawn { exe: exe.to_path_buf(), source };
    let child = Command::new(exe)
        .arg(RUNNER_COMMAND)
        .arg(absolute(folder.path()).map_err(spawn_error)?)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(run_dir)
        .stdin(leash.end_for_runner().map_err(spawn_error)?)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(spawn_error)?;
    Ok(Launched { child })
}

/// What an attempt's folder shows while it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// True when its runner made its start durable; from then on it may act.
    pub started: bool,
    /// What it printed.
    pub output: OutputSince,
    /// What was sent to end what it started, the first first.
    pub signals: Vec<Sent>,
}

/// Looks at an attempt's folder; its output from `offset` bytes on.
pub fn look(run_dir: &Path, step: &StepId, attempt: u32, offset: u64) -> Shown {
    let folder = AttemptFolder::of(run_dir, step, attempt);
    let nothing_new = OutputSince { next: offset, ..OutputSince::default() };
    Shown {
        started: folder.has(SPAWNED_FILE),
        output: output_since(run_dir, step, attempt, offset).unwrap_or(nothing_new),
        signals: folder.signals(),
    }
}

/// When an attempt's runner ended, as it wrote that down; none where it did not.
pub fn ended_at(run_dir: &Path, step: &StepId, attempt: u32) -> Option<Stamp> {
    AttemptFolder::of(run_dir, step, attempt).exit().ok().flatten()?.at
}

/// Asks an attempt to end, whoever waits for it: its runner sees that within
/// [`perform::CANCEL_POLL`], and where that is gone, the console that waits. The outcome comes as
/// always.
///
/// # Errors
/// When the request cannot be written.
pub fn cancel(run_dir: &Path, step: &StepId, attempt: u32) -> io::Result<()> {
    match write_new(&AttemptFolder::of(run_dir, step, attempt).file(CANCEL_FILE), b"") {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
