//! Appends records one by one; a segment that failed once is never trusted again.

use std::io;

use crate::domain::run::commit::Receipt;
use crate::domain::run::event::{Actor, Body, RunEvent};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::paths::disk_words;

use super::format::{EncodeError, Header, encode, encode_header, sha256};
use super::store::{Sink, Store};

/// The most segments of one run that hold anything: a disk that fails for ever must not fill a
/// folder for ever.
pub const SEGMENTS_MAX: u32 = 10_000;

/// Why a record was not acknowledged. Whether its bytes reached the disk is not known; nothing may
/// be released on it.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The record itself cannot be kept; the journal is as good as before.
    #[error("{0}")]
    Record(#[from] EncodeError),
    /// Neither the present segment nor a new one took it.
    #[error("the journal could not be written: {}", disk_words(.0))]
    Disk(#[from] io::Error),
    /// The run has no first record, so there is nothing to take up.
    #[error("the run was never opened: begin a new one")]
    NothingOpened,
    /// Too many segments were given up.
    #[error("the journal has {SEGMENTS_MAX} segments, no more are begun")]
    Segments,
}

/// A record that is durable.
#[derive(Debug)]
pub struct Written {
    /// The event as every reader will read it.
    pub event: RunEvent,
    /// The proof.
    pub receipt: Receipt,
    /// The new segment, and why the one before was given up, where that happened.
    pub rotated: Option<(u32, Clean)>,
}

/// The one who writes a run's journal.
pub struct Writer {
    store: Box<dyn Store>,
    /// What the next header says, but for its number: that of the last segment that exists. The
    /// hash is that of the last line that was written and synced.
    next: Header,
    /// How many segments hold anything.
    segments: u32,
    /// None once poisoned; the next record opens a new segment.
    sink: Option<Box<dyn Sink>>,
    /// The last segment, while it never took a byte: there is nothing in it that could be doubted,
    /// so it is tried again before another one is made.
    unused: Option<Box<dyn Sink>>,
}

impl Writer {
    /// Begins a new segment, which says `next` with its own number, and makes its header durable.
    /// So many segments hold anything already.
    ///
    /// # Errors
    /// When that cannot be done; nothing was acknowledged then.
    pub fn begin(store: Box<dyn Store>, next: Header, segments: u32) -> Result<Self, WriteError> {
        let at = next.at;
        let mut writer = Self { store, next, segments, sink: None, unused: None };
        writer.begin_segment(at)?;
        Ok(writer)
    }

    /// The number of the last acknowledged record.
    pub fn seq(&self) -> u64 {
        self.next.after
    }

    /// Writes a record: one write of the whole line, one sync, then the proof. An error poisons the
    /// segment; the record is then written once more, into a new segment.
    ///
    /// # Errors
    /// When no segment took it.
    pub fn append(&mut self, at: Stamp, by: &Actor, body: &Body) -> Result<Written, WriteError> {
        let why = match self.append_here(at, by, body) {
            Some(Ok((event, receipt))) => return Ok(Written { event, receipt, rotated: None }),
            Some(Err(WriteError::Disk(error))) => error.to_string(),
            Some(Err(error)) => return Err(error),
            None => "the segment before failed".to_owned(),
        };
        self.begin_segment(at)?;
        let rotated = Some((self.next.segment, Clean::new(&why)));
        match self.append_here(at, by, body) {
            Some(result) => result.map(|(event, receipt)| Written { event, receipt, rotated }),
            None => Err(WriteError::Segments),
        }
    }

    /// Writes into the present segment; none when there is none that can be trusted.
    fn append_here(
        &mut self,
        at: Stamp,
        by: &Actor,
        body: &Body,
    ) -> Option<Result<(RunEvent, Receipt), WriteError>> {
        let mut sink = self.sink.take()?;
        let (line, event) = match encode(&self.next, at, by, body) {
            Ok(encoded) => encoded,
            Err(error) => {
                // Nothing was written: the segment is as good as before.
                self.sink = Some(sink);
                return Some(Err(error.into()));
            }
        };
        if let Err(error) = sink.write_all(&line).and_then(|()| sink.sync()) {
            return Some(Err(error.into()));
        }
        self.sink = Some(sink);
        (self.next.after, self.next.prev) = (event.seq, sha256(&line));
        Some(Ok((event, Receipt::of_durable(self.next.after, self.next.prev))))
    }

    fn begin_segment(&mut self, at: Stamp) -> Result<(), WriteError> {
        self.sink = None;
        let mut sink = match self.unused.take() {
            Some(sink) => sink,
            None => self.create_segment()?,
        };
        self.next.at = at;
        let line = encode_header(&self.next)?;
        if let Err(error) = sink.write_all(&line) {
            if sink.is_empty() {
                self.unused = Some(sink);
            } else {
                self.segments += 1;
            }
            return Err(error.into());
        }
        self.segments += 1;
        sink.sync()?;
        self.next.prev = sha256(&line);
        self.sink = Some(sink);
        Ok(())
    }

    /// The next segment, empty. A number that an earlier, failed try left a file under is passed
    /// over; a number without a file is not, or a reader would miss it.
    fn create_segment(&mut self) -> Result<Box<dyn Sink>, WriteError> {
        while self.segments < SEGMENTS_MAX {
            match self.store.create(self.next.segment + 1) {
                Ok(sink) => {
                    self.next.segment += 1;
                    return Ok(sink);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    self.next.segment += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(WriteError::Segments)
    }
}
