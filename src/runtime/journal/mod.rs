//! The run's diary on disk: nothing counts before its line is durable, every bit of it is checked.
//!
//! A run's folder holds `LOCK`, `site.frozen`, `runbook.frozen`, `journal-000001.log` and further
//! segments, and `attempts/`. Only the thread behind [`Journal`] writes segments.

pub mod format;
pub mod head_words;
pub mod lock;
pub mod reader;
pub mod store;
pub mod tail;
mod thread;
pub mod writer;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::ids::RunId;
use crate::domain::run::commit::Receipt;
use crate::domain::run::event::{Actor, Body, RunEvent, RunKind};
use crate::domain::text::Clean;
use crate::port::Clock;

use self::format::{Header, sha256};
use self::lock::Lock;
use self::reader::{Chain, read_segments};
use self::store::FolderStore;
use self::writer::{WriteError, Writer, Written};
use super::paths::{create_folder, create_folders, disk_words, is_full, open_file, write_new};

pub use self::head_words::head_words;
pub use self::reader::{Finding, ReadBack};
pub use self::thread::Journal;

/// The file that the console of a run holds locked.
pub const LOCK_FILE: &str = "LOCK";
/// The site file as it was when the run was opened.
pub const SITE_FILE: &str = "site.frozen";
/// The runbook file as it was when the run was opened.
pub const RUNBOOK_FILE: &str = "runbook.frozen";
/// The folder of attempts.
pub const ATTEMPTS_FOLDER: &str = "attempts";
/// The largest frozen file, in bytes.
pub const FROZEN_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The texts a run is frozen with.
#[derive(Debug, Clone, Copy)]
pub struct Frozen<'a> {
    /// The site file.
    pub site: &'a str,
    /// The runbook file.
    pub runbook: &'a str,
}

/// What the journal answers.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one is alive at a time")]
pub enum Reply {
    /// The record is durable.
    Recorded {
        /// The number the caller gave.
        ticket: u64,
        /// The event as every reader will read it.
        event: RunEvent,
        /// The proof.
        receipt: Receipt,
    },
    /// The record was not acknowledged: start nothing on it.
    Failed {
        /// The number the caller gave.
        ticket: u64,
        /// Why, in a sentence.
        why: Clean,
    },
    /// A write failed, and a new segment took over. The record that was being written follows.
    Rotated {
        /// The new segment.
        segment: u32,
        /// What failed.
        why: Clean,
    },
}

/// Takes replies, on the journal's own thread; must not wait.
pub type Replies = Box<dyn Fn(Reply) + Send + Sync>;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file or folder failed.
    #[error("failed to {what} {}: {}", .path.display(), disk_words(.source))]
    Io {
        /// What was tried, such as `make`.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// Another console has the run.
    #[error("failed to take run {}: another console has it; use `watch` there", .0.display())]
    Locked(PathBuf),
    /// The folder has no record to go on from.
    #[error("failed to read run {}: it has no journal that begins", .0.display())]
    Empty(PathBuf),
    /// It is damaged or newer: it can be read, not gone on with.
    #[error("failed to take the run up: {0}")]
    ReadOnly(Clean),
    /// The first or the recovery record could not be written.
    #[error("failed to write the journal: {0}")]
    Write(#[from] WriteError),
}

impl JournalError {
    /// True when it may work once there is room on the disk.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } | Self::Write(WriteError::Disk(source)) => is_full(source),
            Self::Locked(_) | Self::Empty(_) | Self::ReadOnly(_) | Self::Write(_) => false,
        }
    }
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError + use<> {
    let path = path.to_path_buf();
    move |source| JournalError::Io { what, path, source }
}

impl Journal {
    /// Makes the folder of a new run and begins its journal. `dir` must not exist yet.
    ///
    /// # Errors
    /// When the folder exists or anything in it cannot be made durable.
    pub fn create(
        dir: &Path,
        frozen: Frozen<'_>,
        run: &RunId,
        kind: RunKind,
        clock: Arc<dyn Clock>,
        replies: Replies,
    ) -> Result<Self, JournalError> {
        let longest = frozen.site.len().max(frozen.runbook.len());
        if u64::try_from(longest).unwrap_or(u64::MAX) > FROZEN_BYTES_MAX {
            let source = io::Error::other(format!("a file has more than {FROZEN_BYTES_MAX} bytes"));
            return Err(io_error("freeze the files of", dir)(source));
        }
        if let Some(parent) = dir.parent() {
            create_folders(parent).map_err(io_error("make", parent))?;
        }
        create_folder(dir).map_err(io_error("make", dir))?;
        let lock = take_lock(dir)?;
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            write_new(&path, text.as_bytes()).map_err(io_error("write", &path))
        };
        write(SITE_FILE, frozen.site)?;
        write(RUNBOOK_FILE, frozen.runbook)?;
        let attempts = dir.join(ATTEMPTS_FOLDER);
        create_folder(&attempts).map_err(io_error("make", &attempts))?;
        let birth = Header::birth(run, kind, [frozen.site, frozen.runbook], clock.now());
        let writer = Writer::begin(Box::new(FolderStore::new(dir)), birth, 0)?;
        Self::start(writer, lock, clock, replies).map_err(io_error("start a thread for", dir))
    }

    /// Takes up a run that another console left: locks it, reads it, opens a new segment and
    /// records that. Torn bytes are kept. May be killed anywhere and repeated.
    ///
    /// # Errors
    /// When another console has it, when it is damaged or of a newer version, or when the new
    /// segment cannot be made durable.
    pub fn resume(
        dir: &Path,
        by: &Actor,
        clock: Arc<dyn Clock>,
        replies: Replies,
    ) -> Result<(Self, ReadBack), JournalError> {
        let lock = take_lock(dir)?;
        let (chain, mut read_back) = read_all(dir)?;
        if !read_back.finding.may_go_on() {
            return Err(JournalError::ReadOnly(read_back.finding.sentence()));
        }
        let store = FolderStore::new(dir);
        // A console that died may have written without syncing; from here on it counts.
        store.sync_again(chain.last_segment).map_err(io_error("sync the journal of", dir))?;
        let (writer, written) = recover(Box::new(store), &chain, by, clock.as_ref())
            .ok_or_else(|| JournalError::Empty(dir.to_path_buf()))??;
        read_back.head = written.receipt.hash();
        read_back.hashes.push(written.receipt.hash());
        read_back.events.push(written.event);
        read_back.epoch += 1;
        let journal = Self::start(writer, lock, clock, replies)
            .map_err(io_error("start a thread for", dir))?;
        Ok((journal, read_back))
    }
}

/// Goes on after what was read: a new segment, and the record that says so. None when there is no
/// beginning to go on from.
pub fn recover(
    store: Box<dyn store::Store>,
    chain: &Chain,
    by: &Actor,
    clock: &dyn Clock,
) -> Option<Result<(Writer, Written), WriteError>> {
    let birth = chain.birth.as_ref()?;
    let next = Header {
        segment: chain.last_segment,
        epoch: chain.epoch.saturating_add(1),
        after: chain.events.last().map_or(0, |event| event.seq),
        prev: chain.head,
        at: clock.now(),
        ..birth.clone()
    };
    let found = chain.finding.sentence();
    if chain.events.is_empty() {
        // The first record must open the run; until then there is nothing to take up.
        return Some(Err(WriteError::NothingOpened));
    }
    let begun = Writer::begin(store, next, chain.segments).and_then(|mut writer| {
        let written = writer.append(clock.now(), by, &Body::Resumed { found })?;
        Ok((writer, written))
    });
    Some(begun)
}

/// Reads a run's journal without locking or changing anything, also while a console writes it: a
/// line that is just being written then shows as a torn tail.
///
/// # Errors
/// When files cannot be read or the journal has no beginning; damage is a finding, not an error.
pub fn read(dir: &Path) -> Result<ReadBack, JournalError> {
    read_all(dir).map(|(_, read_back)| read_back)
}

fn read_all(dir: &Path) -> Result<(Chain, ReadBack), JournalError> {
    let segments = FolderStore::new(dir).read().map_err(io_error("read the journal of", dir))?;
    let chain = read_segments(&segments);
    let Some(birth) = chain.birth.clone() else {
        return Err(match &chain.finding {
            Finding::Whole | Finding::TornTail { .. } => JournalError::Empty(dir.to_path_buf()),
            Finding::Damaged { .. } | Finding::NewerCritical { .. } => {
                JournalError::ReadOnly(chain.finding.sentence())
            }
        });
    };
    let site = read_frozen(&dir.join(SITE_FILE))?;
    let runbook = read_frozen(&dir.join(RUNBOOK_FILE))?;
    let mut finding = chain.finding.clone();
    for (file, text, hash) in
        [(SITE_FILE, &site, birth.site_sha256), (RUNBOOK_FILE, &runbook, birth.runbook_sha256)]
    {
        if sha256(text.as_bytes()) != hash {
            let why = "the file is not the one this run was opened with".into();
            finding = Finding::Damaged { file: file.to_owned(), line: 1, why };
        }
    }
    let read_back = ReadBack {
        run: birth.run,
        kind: birth.kind,
        epoch: chain.epoch,
        events: chain.events.clone(),
        hashes: chain.hashes.clone(),
        head: chain.head,
        site,
        runbook,
        finding,
    };
    Ok((chain, read_back))
}

fn read_frozen(path: &Path) -> Result<String, JournalError> {
    let mut bytes = Vec::new();
    open_file(path)
        .and_then(|file| file.take(FROZEN_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(io_error("read", path))?;
    // Bytes that are no text cannot have the hash of a text; the comparison says so.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn take_lock(dir: &Path) -> Result<Lock, JournalError> {
    if !fs::symlink_metadata(dir).map_err(io_error("open", dir))?.is_dir() {
        return Err(JournalError::Empty(dir.to_path_buf()));
    }
    let path = dir.join(LOCK_FILE);
    Lock::try_take(&path)
        .map_err(io_error("lock", &path))?
        .ok_or_else(|| JournalError::Locked(dir.to_path_buf()))
}
