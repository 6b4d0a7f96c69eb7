//! What an attempt prints: masked before it reaches the disk, its beginning and its end, no more.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::folder::{AttemptFolder, HEAD_FILE, TAIL_FILE, TIMES_FILE};
use super::times::{Noted, Times};
use crate::domain::ids::StepId;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Output;
use crate::runtime::clock::SystemClock;
use crate::runtime::paths::{Draft, create_file, read_bounded};
use crate::runtime::redact::Redactor;

/// Bytes kept of the beginning of an attempt's output.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes kept of its end. While it runs, the file may grow to twice this before it is cut back.
pub const TAIL_BYTES_MAX: usize = 64 * 1024;

/// Digits of the tail's first line, which says where in the whole output the tail begins.
const OFFSET_DIGITS: usize = 20;

/// Writes an attempt's output.
pub struct OutputFiles {
    redactor: Redactor,
    head: File,
    /// Room left in the head; none after an error.
    head_room: usize,
    tail: Tail,
    times: Times,
}

impl OutputFiles {
    /// Makes the empty files.
    ///
    /// # Errors
    /// When they are there already or cannot be made.
    pub fn create(
        folder: &AttemptFolder,
        redactor: Redactor,
        clock: SystemClock,
    ) -> io::Result<Self> {
        let head = create_file(&folder.file(HEAD_FILE))?;
        let tail = Tail::create(folder.file(TAIL_FILE))?;
        let times = Times::create(folder.file(TIMES_FILE), clock)?;
        Ok(Self { redactor, head, head_room: HEAD_BYTES_MAX, tail, times })
    }

    /// Writes what was held back and leaves at most [`TAIL_BYTES_MAX`] of the tail. A failing disk
    /// costs output, never the outcome.
    pub fn finish(&mut self) {
        let rest = self.redactor.finish();
        self.keep(rest.as_bytes());
        if self.tail.is_untouched() {
            // Nothing was printed: there is nothing that a power cut could take.
            return;
        }
        self.tail.finish();
        self.times.finish();
        // See above: the outcome is what must not fail.
        let _ = self.head.sync_all();
    }

    fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        // First the moment: what is printed and has none would count as printed earlier.
        self.times.note(self.tail.end());
        let first = &bytes[..bytes.len().min(self.head_room)];
        self.head_room = match self.head.write_all(first) {
            Ok(()) => self.head_room - first.len(),
            // The disk is full or sick: what follows would be torn, so the head ends here.
            Err(_) => 0,
        };
        self.tail.push(bytes);
    }
}

impl Output for OutputFiles {
    fn line(&mut self, line: &str) {
        let mut masked = self.redactor.push(line);
        masked.push_str(&self.redactor.push("\n"));
        self.keep(masked.as_bytes());
    }
}

/// The end of the output: appended to, and cut back by writing a new file in its place.
struct Tail {
    path: PathBuf,
    /// None after an error; the next cutting back tries again.
    file: Option<File>,
    /// What the file has after its first line.
    bytes: Vec<u8>,
    /// Where in the whole output `bytes` begins.
    from: u64,
}

impl Tail {
    fn create(path: PathBuf) -> io::Result<Self> {
        let mut file = create_file(&path)?;
        file.write_all(offset_line(0).as_bytes())?;
        Ok(Self { path, file: Some(file), bytes: Vec::new(), from: 0 })
    }

    /// True when nothing was ever appended.
    fn is_untouched(&self) -> bool {
        self.bytes.is_empty() && self.from == 0
    }

    /// Where in the whole output the next byte goes.
    fn end(&self) -> u64 {
        self.from + u64::try_from(self.bytes.len()).unwrap_or(0)
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > TAIL_BYTES_MAX * 2 {
            self.cut_back();
        } else if let Some(file) = &mut self.file
            && file.write_all(bytes).is_err()
        {
            self.file = None;
        }
    }

    /// Drops whole lines from the front until at most [`TAIL_BYTES_MAX`] are left.
    fn cut_back(&mut self) {
        let surplus = self.bytes.len().saturating_sub(TAIL_BYTES_MAX);
        let line_end = self.bytes[surplus..].iter().position(|byte| *byte == b'\n');
        let dropped = match line_end {
            _ if surplus == 0 => 0,
            Some(end) => surplus + end + 1,
            None => surplus,
        };
        self.bytes.drain(..dropped);
        self.from += u64::try_from(dropped).unwrap_or(0);
        self.file = self.rewrite().ok();
    }

    fn rewrite(&self) -> io::Result<File> {
        let mut draft = Draft::of(&self.path)?;
        draft.file().write_all(offset_line(self.from).as_bytes())?;
        draft.file().write_all(&self.bytes)?;
        draft.place()
    }

    fn finish(&mut self) {
        self.cut_back();
        if let Some(file) = &self.file {
            // See `OutputFiles::finish`.
            let _ = file.sync_all();
        }
    }
}

fn offset_line(offset: u64) -> String {
    format!("{offset:0OFFSET_DIGITS$}\n")
}

/// A part of an attempt's output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputSince {
    /// Whole lines, cleaned.
    pub lines: Vec<Clean>,
    /// When each of them was printed, as the runner saw it; none from earlier versions.
    pub at: Vec<Option<Stamp>>,
    /// Where to go on reading.
    pub next: u64,
    /// Bytes between the given offset and the first line here that are no longer kept.
    pub missed: u64,
}

impl OutputSince {
    /// The lines in their order, together where they have the same moment.
    pub fn by_time(self) -> Vec<(Option<Stamp>, Vec<Clean>)> {
        let mut parts: Vec<(Option<Stamp>, Vec<Clean>)> = Vec::new();
        for (at, line) in self.at.into_iter().zip(self.lines) {
            match parts.last_mut() {
                Some((known, lines)) if *known == at => lines.push(line),
                _ => parts.push((at, vec![line])),
            }
        }
        parts
    }
}

/// The lines of an attempt's output from `offset` bytes on, also while it runs; 0 is the beginning.
/// No output yet is no error. Ask again from `next` until it no longer moves.
///
/// # Errors
/// When the files are there but cannot be read.
pub fn output_since(
    run_dir: &Path,
    step: &StepId,
    attempt: u32,
    offset: u64,
) -> io::Result<OutputSince> {
    let folder = AttemptFolder::of(run_dir, step, attempt);
    let head = read_bounded(&folder.file(HEAD_FILE), HEAD_BYTES_MAX as u64)?.unwrap_or_default();
    let from_head = usize::try_from(offset).ok().and_then(|start| head.get(start..));
    if let Some(rest) = from_head.filter(|rest| rest.contains(&b'\n')) {
        return Ok(lines_of(rest, offset, 0, &folder));
    }
    let tail_max = (OFFSET_DIGITS + 1 + TAIL_BYTES_MAX * 3) as u64;
    let tail = read_bounded(&folder.file(TAIL_FILE), tail_max)?.unwrap_or_default();
    let Some((first, kept)) = tail.split_at_checked(OFFSET_DIGITS + 1) else {
        return Ok(OutputSince { next: offset, ..OutputSince::default() });
    };
    let from: u64 = String::from_utf8_lossy(first).trim_end().parse().unwrap_or(0);
    let skip = usize::try_from(offset.saturating_sub(from)).unwrap_or(usize::MAX);
    let rest = kept.get(skip..).unwrap_or_default();
    Ok(lines_of(rest, offset.max(from), from.saturating_sub(offset), &folder))
}

fn lines_of(bytes: &[u8], start: u64, missed: u64, folder: &AttemptFolder) -> OutputSince {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole == 0 {
        return OutputSince { next: start, missed, ..OutputSince::default() };
    }
    let noted = Noted::read(&folder.file(TIMES_FILE));
    let mut since = OutputSince { next: start, missed, ..OutputSince::default() };
    for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
        since.at.push(noted.at(since.next));
        let text = String::from_utf8_lossy(line);
        since.lines.push(Clean::new(text.trim_end_matches(['\r', '\n'])));
        since.next += u64::try_from(line.len()).unwrap_or(0);
    }
    since
}
