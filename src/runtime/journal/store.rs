//! Where segments are written: files of the run's folder, or memory with faults in tests.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::reader::Segment;
use crate::runtime::paths::{Numbered, create_file, open_file, sync_folder};

/// The largest journal that is read, in bytes: more than a year of a busy run.
pub const JOURNAL_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The files that a journal stands in.
pub(super) const SEGMENTS: Numbered = Numbered("journal");

/// An open segment.
pub trait Sink: Send {
    /// Writes a whole line at the end, in one call where the system allows it.
    ///
    /// # Errors
    /// When any byte of it may be missing.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written durable. Never called again on a segment after an error.
    ///
    /// # Errors
    /// When it may not be durable.
    fn sync(&mut self) -> io::Result<()>;
    /// True when it certainly never took a byte, also after an error.
    fn is_empty(&self) -> bool;
}

/// Makes segments.
pub trait Store: Send {
    /// Makes a new, empty segment whose name is durable.
    ///
    /// # Errors
    /// When it is there already, or cannot be made or synced.
    fn create(&mut self, number: u32) -> io::Result<Box<dyn Sink>>;
}

/// The segments of a run's folder.
#[derive(Debug, Clone)]
pub struct FolderStore {
    folder: PathBuf,
}

impl FolderStore {
    /// The segments in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// The file name of a segment: `journal-000001.log`.
    pub fn name(number: u32) -> String {
        SEGMENTS.name(number)
    }

    /// All segments as stored, in the order of their numbers.
    ///
    /// # Errors
    /// When the folder or a segment cannot be read, or all are larger than [`JOURNAL_BYTES_MAX`].
    pub fn read(&self) -> io::Result<Vec<Segment>> {
        let mut left = JOURNAL_BYTES_MAX;
        SEGMENTS
            .in_folder(&self.folder)?
            .into_iter()
            .map(|number| self.read_one(number, &mut left))
            .collect()
    }

    fn read_one(&self, number: u32, left: &mut u64) -> io::Result<Segment> {
        let name = Self::name(number);
        let mut bytes = Vec::new();
        let file = open_file(&self.folder.join(&name))?;
        let read = file.take(*left + 1).read_to_end(&mut bytes)?;
        *left = left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)).ok_or_else(|| {
            io::Error::other(format!("the journal has more than {JOURNAL_BYTES_MAX} bytes"))
        })?;
        Ok(Segment { number, name, bytes })
    }

    /// Makes what an earlier console wrote to the segments up to `last` durable, before anything
    /// is built on it.
    ///
    /// # Errors
    /// When one cannot be opened or synced.
    pub fn sync_again(&self, last: u32) -> io::Result<()> {
        for number in 1..=last {
            let file = open_file(&self.folder.join(Self::name(number)))?;
            if file.metadata()?.len() > 0 {
                file.sync_all()?;
            }
        }
        sync_folder(&self.folder)
    }
}

impl Store for FolderStore {
    fn create(&mut self, number: u32) -> io::Result<Box<dyn Sink>> {
        let file = create_file(&self.folder.join(Self::name(number)))?;
        sync_folder(&self.folder)?;
        Ok(Box::new(FileSink { file }))
    }
}

struct FileSink {
    file: File,
}

impl Sink for FileSink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn is_empty(&self) -> bool {
        self.file.metadata().is_ok_and(|file| file.len() == 0)
    }
}
