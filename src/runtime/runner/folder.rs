//! One attempt's folder: what is in it says what is known of the attempt, whoever asks.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::ids::StepId;
use crate::domain::run::commit::IntentRecord;
use crate::domain::run::event::{Outcome, Pressure};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::journal::ATTEMPTS_FOLDER;
use crate::runtime::journal::lock::Lock;
use crate::runtime::paths::{
    create_file, make_folder, open_file, read_bounded, sync_folder, write_file,
};

/// The intent, written by the console before the runner is started.
pub const INTENT_FILE: &str = "intent";
/// Written by the runner before it acts.
pub const SPAWNED_FILE: &str = "spawned";
/// The outcome, written by the runner when it is over.
pub const EXIT_FILE: &str = "exit";
/// Room for the outcome, taken before acting so that a full disk cannot lose it.
pub const EXIT_ROOM_FILE: &str = "exit.room";
/// The file that the runner holds locked for as long as it lives.
pub const LOCK_FILE: &str = "lock";
/// Asks the runner to end.
pub const CANCEL_FILE: &str = "cancel";
/// What was sent to end what the attempt started, a line each.
pub const SIGNALS_FILE: &str = "signals";
/// Says that the attempt was found not started and never may.
pub const VOID_FILE: &str = "void";
/// The beginning of the output.
pub const HEAD_FILE: &str = "out.head";
/// The end of the output.
pub const TAIL_FILE: &str = "out.tail";
/// When which part of the output was printed.
pub const TIMES_FILE: &str = "out.times";

/// The largest intent or outcome that is read, in bytes.
pub const NOTE_BYTES_MAX: u64 = 256 * 1024;

/// That a runner began to act, and how what it starts is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spawned {
    /// When, and in which boot.
    pub at: Stamp,
    /// Its process, and the number of the session and of the process group that it leads.
    pub pid: i32,
    /// When its process was started, in ticks of the kernel: a number alone may be somebody
    /// else's by now. None where the system does not tell it, and from earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u64>,
    /// Its deadline; none from earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Stamp>,
}

/// How an attempt ended, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// When, as its runner saw it; none from earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Stamp>,
}

/// That what an attempt started was made to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// How.
    pub signal: Pressure,
    /// To what, by number and name.
    pub told: Clean,
}

/// An attempt's folder: `attempts/<step>/<attempt>/` of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFolder {
    path: PathBuf,
}

impl AttemptFolder {
    /// The folder of an attempt; makes nothing.
    pub fn of(run_dir: &Path, step: &StepId, attempt: u32) -> Self {
        let step = run_dir.join(ATTEMPTS_FOLDER).join(step.as_str());
        Self { path: step.join(attempt.to_string()) }
    }

    /// The folder at a path.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_path_buf() }
    }

    /// Makes the folder with its intent and lock file, durable before this returns.
    ///
    /// Names are made durable from the inside out and once: until the last of them is, nothing was
    /// started and whatever is there is found not started.
    ///
    /// # Errors
    /// When the attempt has a folder already, which is never used a second time, or anything
    /// cannot be made durable.
    pub fn create(run_dir: &Path, intent: &IntentRecord) -> io::Result<Self> {
        let folder = Self::of(run_dir, &intent.step, intent.attempt);
        let attempts = run_dir.join(ATTEMPTS_FOLDER);
        let step = attempts.join(intent.step.as_str());
        match make_folder(&step) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        make_folder(&folder.path)?;
        // Empty: all there is of it is its name, which the folder makes durable.
        create_file(&folder.file(LOCK_FILE))?;
        write_file(&folder.file(INTENT_FILE), &serde_json::to_vec(intent)?)?;
        // An earlier console may have been killed before the step's folder was durable.
        [&folder.path, &step, &attempts].into_iter().try_for_each(|folder| sync_folder(folder))?;
        Ok(folder)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// True when it has the file. A file that cannot be looked at counts as there: what stops an
    /// attempt must not be overlooked.
    pub fn has(&self, name: &str) -> bool {
        match fs::symlink_metadata(self.file(name)) {
            Ok(_) => true,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// The run's folder, three levels up.
    pub fn run_dir(&self) -> Option<&Path> {
        let attempts = self.path.parent()?.parent()?;
        (attempts.file_name()? == ATTEMPTS_FOLDER).then(|| attempts.parent())?
    }

    /// The intent.
    ///
    /// # Errors
    /// When it is missing, cannot be read, or is of another attempt than the folder.
    pub fn intent(&self) -> io::Result<IntentRecord> {
        let intent: IntentRecord = serde_json::from_slice(&self.read(INTENT_FILE)?)?;
        let named = self.run_dir().map(|run| Self::of(run, &intent.step, intent.attempt));
        if named.as_ref() == Some(self) {
            Ok(intent)
        } else {
            Err(io::Error::other("the intent is of another attempt"))
        }
    }

    /// How it ended; none while it has not.
    ///
    /// # Errors
    /// When it is there but cannot be read.
    pub fn exit(&self) -> io::Result<Option<Ending>> {
        self.note_in(EXIT_FILE)
    }

    /// What its runner recorded before it acted; none before that.
    ///
    /// # Errors
    /// When it is there but cannot be read: its runner died while it wrote it, before it acted.
    pub fn spawned(&self) -> io::Result<Option<Spawned>> {
        self.note_in(SPAWNED_FILE)
    }

    /// Notes what was sent to end what the attempt started. That it is sent is what counts: a sick
    /// disk costs the note.
    pub fn note(&self, signal: Pressure, told: &Clean) {
        let path = self.file(SIGNALS_FILE);
        let note = || -> io::Result<()> {
            let mut line = serde_json::to_vec(&Sent { signal, told: told.clone() })?;
            line.push(b'\n');
            let made = create_file(&path);
            let mut file = made.or_else(|_| OpenOptions::new().append(true).open(&path))?;
            file.write_all(&line)?;
            file.sync_all()
        };
        let _ = note();
    }

    /// What was sent so far, the first first.
    pub fn signals(&self) -> Vec<Sent> {
        let bytes = self.read(SIGNALS_FILE).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// Takes the attempt's lock without waiting; none while its runner lives.
    ///
    /// # Errors
    /// When the folder is missing or the file cannot be locked.
    pub fn try_lock(&self) -> io::Result<Option<Lock>> {
        if !self.path.is_dir() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Lock::try_take(&self.file(LOCK_FILE))
    }

    /// What a file of the folder says; none where it is not there.
    fn note_in<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        let bytes = read_bounded(&self.file(name), NOTE_BYTES_MAX)?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open_file(&self.file(name))?.take(NOTE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
