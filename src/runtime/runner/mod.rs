//! A step outlives the console: each attempt runs in its own process and leaves its traces on disk.
//!
//! The order that makes every crash decidable: the intent is on record, the attempt's folder is
//! durable, the runner is started, the runner makes `spawned` durable, acts, and makes `exit`
//! durable. Whoever comes later asks the lock, never a process number: lock held, it runs; `exit`,
//! the outcome is known; neither `exit` nor `spawned`, it never acted; else it is unknown.

pub mod folder;
mod granted;
mod meeting;
pub mod output;
pub mod process;

use std::env;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, Stdio};
use std::thread::Builder;

use crate::domain::ids::StepId;
use crate::domain::run::commit::{Grant, IntentRecord};
use crate::domain::run::event::Outcome;
use crate::domain::text::Clean;

use self::folder::{AttemptFolder, CANCEL_FILE, SPAWNED_FILE, VOID_FILE};
use super::journal::lock::Lock;
use super::paths::write_new;

pub use self::output::{OutputSince, output_since};
pub use self::process::{Prepared, RunnerContext, main};

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
#[must_use]
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
    #[must_use]
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

/// What is known of an attempt right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its runner lives.
    Running,
    /// It is over.
    Ended(Outcome),
    /// It never acted and, from now on, never will.
    NotStarted,
    /// Its runner died on the way; why nothing more is known.
    Unknown(Clean),
}

/// What became of an attempt that was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is over.
    Ended(Outcome),
    /// It never acted and never will.
    NotStarted,
    /// Its runner died on the way; why nothing more is known.
    Unknown(Clean),
}

/// Makes the attempt's folder durable and starts its runner: `exe runner <folder>`, no terminal,
/// nothing on stdin, only `env` as its environment (see [`environment`]).
///
/// # Errors
/// When the attempt was started before, or the folder or the process cannot be made.
pub fn launch(
    exe: &Path,
    run_dir: &Path,
    grant: &Grant,
    env: &[(String, String)],
) -> Result<Launched, LaunchError> {
    launch_intent(exe, run_dir, grant.intent(), env)
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
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(spawn_error)?;
    Ok(Launched { child })
}

/// Waits until the attempt is over, however long that takes, and tells what became of it. Does not
/// trust a process number: what counts is the attempt's lock. With `child`, that process is waited
/// for and reaped first. Dropping the future stops waiting, never the attempt.
///
/// The waiting is done by a thread of its own, so that a program can end while an attempt runs on.
pub fn watch(
    run_dir: &Path,
    step: &StepId,
    attempt: u32,
    child: Option<Launched>,
) -> impl Future<Output = Found> + Send + 'static {
    let folder = AttemptFolder::of(run_dir, step, attempt);
    let (tell, told) = tokio::sync::oneshot::channel();
    let waiting = Builder::new().name("attempt".to_owned()).spawn(move || {
        // Nobody listens when the console has gone on without waiting.
        let _ = tell.send(wait(&folder, child));
    });
    async move {
        if let Err(error) = waiting {
            return unknown(&format!("failed to wait for the runner: {error}"));
        }
        told.await.unwrap_or_else(|_| unknown("failed to wait for the runner: its thread ended"))
    }
}

fn unknown(why: &str) -> Found {
    Found::Unknown(why.into())
}

fn wait(folder: &AttemptFolder, child: Option<Launched>) -> Found {
    if let Some(Launched { mut child }) = child {
        // How it exited says nothing that its files do not say better.
        let _ = child.wait();
    }
    match folder.lock() {
        Ok(lock) => judge(folder, &lock),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::NotStarted,
        Err(error) => unknown(&format!("failed to look at {}: {error}", folder.path().display())),
    }
}

/// What is known of an attempt, without waiting. Only for the console that has the run's lock, and
/// for attempts that it did not start itself or whose runner it has waited for: an attempt found
/// not started is made void, so that a runner that comes late refuses.
#[must_use]
pub fn inspect(run_dir: &Path, step: &StepId, attempt: u32) -> State {
    let folder = AttemptFolder::of(run_dir, step, attempt);
    let found = match folder.try_lock() {
        Ok(Some(lock)) => judge(&folder, &lock),
        Ok(None) => return State::Running,
        // The folder comes before the runner: without it no runner was started, and none can be,
        // as only the console that has the run may start one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::NotStarted,
        Err(error) => unknown(&format!("failed to look at {}: {error}", folder.path().display())),
    };
    match found {
        Found::Ended(outcome) => State::Ended(outcome),
        Found::NotStarted => State::NotStarted,
        Found::Unknown(why) => State::Unknown(why),
    }
}

/// What the files say once no runner holds the lock. `_lock` keeps a late runner away meanwhile.
fn judge(folder: &AttemptFolder, _lock: &Lock) -> Found {
    match folder.exit() {
        Ok(Some(outcome)) => return Found::Ended(outcome),
        Ok(None) => {}
        Err(error) => return unknown(&format!("failed to read the outcome: {error}")),
    }
    if folder.has(SPAWNED_FILE) {
        return unknown("its runner began and died before it could tell how it ended");
    }
    match write_new(&folder.file(VOID_FILE), b"found not started\n") {
        Ok(()) => Found::NotStarted,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Found::NotStarted,
        Err(error) => unknown(&format!("failed to rule out a late start: {error}")),
    }
}

/// True when the attempt's runner made its start durable; from then on it may act.
#[must_use]
pub fn has_started(run_dir: &Path, step: &StepId, attempt: u32) -> bool {
    AttemptFolder::of(run_dir, step, attempt).has(SPAWNED_FILE)
}

/// Asks an attempt's runner to end. It sees that within [`process::CANCEL_POLL`]; the outcome
/// comes as always.
///
/// # Errors
/// When the request cannot be written.
pub fn cancel(run_dir: &Path, step: &StepId, attempt: u32) -> io::Result<()> {
    match write_new(&AttemptFolder::of(run_dir, step, attempt).file(CANCEL_FILE), b"") {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
