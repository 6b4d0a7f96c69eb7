//! Reads a journal's segments back: the acknowledged prefix, or what is wrong and where.

use crate::domain::ids::RunId;
use crate::domain::run::commit::Hash;
use crate::domain::run::event::{RunEvent, RunKind};
use crate::domain::text::Clean;

use super::format::{
    Framed, Header, Record, Understood, has_frame_after, read_frame, sha256, understand,
};

/// One segment as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number, from its name.
    pub number: u32,
    /// Its file name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a reading found beside the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Every byte belongs to a line that chains to the one before.
    Whole,
    /// The last segment ends in bytes that are no line, with no line after them: a write that was
    /// cut. They are kept; a new segment goes on.
    TornTail {
        /// How many.
        bytes: u64,
    },
    /// Something that was on record is no longer as it was. Read only.
    Damaged {
        /// The segment or frozen file.
        file: String,
        /// The line in it, from 1.
        line: u64,
        /// What is wrong.
        why: Clean,
    },
    /// A newer version recorded something that this one must not overlook. Read only.
    NewerCritical {
        /// The number of the record; 0 when not even that can be read.
        seq: u64,
        /// Its word, or the line's format.
        word: Clean,
    },
}

impl Finding {
    /// True when a console may take the run up again.
    pub fn may_go_on(&self) -> bool {
        match self {
            Self::Whole | Self::TornTail { .. } => true,
            Self::Damaged { .. } | Self::NewerCritical { .. } => false,
        }
    }

    /// Why not all of the journal can be believed; a write that is just being made is no damage.
    pub fn damage(&self) -> Option<Clean> {
        (!self.may_go_on()).then(|| self.sentence())
    }

    /// The sentence for the screen.
    pub fn sentence(&self) -> Clean {
        match self {
            Self::Whole => "the journal is whole".into(),
            Self::TornTail { bytes } => {
                format!("the last write was cut: {bytes} bytes kept, no record of it").into()
            }
            Self::Damaged { file, line, why } => format!(
                "{file} line {line}: {why}; this run can only be read, open a new run to act"
            )
            .into(),
            Self::NewerCritical { seq, word } => format!(
                "record {seq} is `{word}`, which a newer warroom wrote: use that version to act"
            )
            .into(),
        }
    }
}

/// What the segments tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The events, numbered from 1 without a gap.
    pub events: Vec<RunEvent>,
    /// The hash of each event's line.
    pub hashes: Vec<Hash>,
    /// The hash of the last line, a segment's header or a record; [`Hash::NONE`] without any.
    pub head: Hash,
    /// The header of the first segment, if it can be read.
    pub birth: Option<Header>,
    /// The last epoch seen.
    pub epoch: u64,
    /// The number of the last segment, readable or not.
    pub last_segment: u32,
    /// How many segments hold anything.
    pub segments: u32,
    /// What was found beside them.
    pub finding: Finding,
}

/// Reads segments in the order of their numbers. An empty one is passed over: a full disk leaves
/// it, and the hashes prove that it never held anything.
pub fn read_segments(segments: &[Segment]) -> Chain {
    let mut reading = Reading::default();
    let holds = |segment: &&Segment| !segment.bytes.is_empty();
    let last = segments.iter().rfind(holds).map_or(0, |segment| segment.number);
    let mut finding = match segments.len() {
        0 => Finding::Whole,
        _ => Finding::TornTail { bytes: 0 },
    };
    for (index, segment) in segments.iter().enumerate() {
        let want = u32::try_from(index + 1).unwrap_or(u32::MAX);
        if segment.number != want {
            let why = format!("segment {want} is missing").into();
            finding = Finding::Damaged { file: segment.name.clone(), line: 1, why };
            break;
        }
        if segment.bytes.is_empty() {
            continue;
        }
        match reading.take_segment(segment) {
            // A torn tail with a segment after it was dealt with when that segment was begun.
            Ok(torn) if segment.number == last => {
                finding = torn.map_or(Finding::Whole, |bytes| Finding::TornTail { bytes });
            }
            Ok(_) => {}
            Err(found) => {
                finding = found;
                break;
            }
        }
    }
    let held = u32::try_from(segments.iter().filter(holds).count()).unwrap_or(u32::MAX);
    reading.finish(finding, segments.last().map_or(0, |segment| segment.number), held)
}

/// One accepted line.
#[derive(Debug)]
struct Line {
    hash: Hash,
    segment: u32,
    is_record: bool,
}

#[derive(Debug, Default)]
struct Reading {
    events: Vec<RunEvent>,
    lines: Vec<Line>,
    birth: Option<Header>,
    epoch: u64,
}

impl Reading {
    /// Takes a segment in; the bytes of its torn tail, if it has one.
    fn take_segment(&mut self, segment: &Segment) -> Result<Option<u64>, Finding> {
        let mut rest = segment.bytes.as_slice();
        let mut line = 0;
        while !rest.is_empty() {
            line += 1;
            let damaged = |why: String| {
                let file = segment.name.clone();
                Finding::Damaged { file, line, why: why.into() }
            };
            match read_frame(rest) {
                Framed::Line { json, stored } => {
                    let hash = sha256(stored);
                    if line == 1 {
                        self.take_header(segment.number, json, hash).map_err(damaged)?;
                    } else {
                        self.take_record(segment.number, json, hash).map_err(
                            |stop| match stop {
                                Stop::Damaged(why) => damaged(why),
                                Stop::Newer { seq, word } => {
                                    Finding::NewerCritical { seq, word: word.into() }
                                }
                            },
                        )?;
                    }
                    rest = &rest[stored.len()..];
                }
                Framed::Newer { format } => {
                    let word = format!("format J{format}").into();
                    return Err(Finding::NewerCritical { seq: self.seq() + 1, word });
                }
                Framed::Bad if has_frame_after(rest) => {
                    return Err(damaged("the line is not as it was written".to_owned()));
                }
                Framed::Bad => return Ok(Some(u64::try_from(rest.len()).unwrap_or(u64::MAX))),
            }
        }
        Ok(None)
    }

    fn seq(&self) -> u64 {
        self.events.last().map_or(0, |event| event.seq)
    }

    fn take_header(&mut self, number: u32, json: &[u8], hash: Hash) -> Result<(), String> {
        let header: Header = serde_json::from_slice(json)
            .map_err(|error| format!("the segment does not begin with its header: {error}"))?;
        if header.segment != number {
            return Err(format!("this is segment {}", header.segment));
        }
        match &self.birth {
            None if number == 1 && header.prev == Hash::NONE && header.after == 0 => {
                self.birth = Some(header.clone());
            }
            None => return Err("the first segment has no header to go on from".to_owned()),
            Some(birth) => {
                let same = birth.run == header.run
                    && birth.kind == header.kind
                    && birth.site_sha256 == header.site_sha256
                    && birth.runbook_sha256 == header.runbook_sha256;
                if !same {
                    return Err(format!("this segment is of run {}", header.run));
                }
                self.go_back_to(header.prev)?;
                if header.after != self.seq() {
                    return Err(format!(
                        "the segment follows record {}, but record {} is the last one here",
                        header.after,
                        self.seq()
                    ));
                }
            }
        }
        self.take_epoch(header.epoch)?;
        self.lines.push(Line { hash, segment: number, is_record: false });
        Ok(())
    }

    /// Drops what was written but never acknowledged before a segment was given up: at most one
    /// record in each segment, and headers of segments in which nothing was acknowledged.
    fn go_back_to(&mut self, prev: Hash) -> Result<(), String> {
        let lost = || "the lines before this segment are missing or changed".to_owned();
        let keep = self.lines.iter().rposition(|line| line.hash == prev).ok_or_else(lost)? + 1;
        let dropped = &self.lines[keep..];
        let records_of = |segment: u32| {
            dropped.iter().filter(|line| line.is_record && line.segment == segment).count()
        };
        if dropped.iter().any(|line| records_of(line.segment) > 1) {
            return Err(lost());
        }
        let records = dropped.iter().filter(|line| line.is_record).count();
        self.events.truncate(self.events.len() - records);
        self.lines.truncate(keep);
        Ok(())
    }

    fn take_epoch(&mut self, epoch: u64) -> Result<(), String> {
        if epoch < self.epoch || epoch == 0 {
            return Err(format!("epoch {epoch} follows epoch {}", self.epoch));
        }
        self.epoch = epoch;
        Ok(())
    }

    fn take_record(&mut self, segment: u32, json: &[u8], hash: Hash) -> Result<(), Stop> {
        let damaged = |why: String| Stop::Damaged(why);
        let record: Record<'_> = serde_json::from_slice(json)
            .map_err(|error| damaged(format!("the record cannot be read: {error}")))?;
        let last = self.lines.last().map_or(Hash::NONE, |line| line.hash);
        if record.prev != last {
            return Err(damaged("the record does not follow the line before it".to_owned()));
        }
        if record.seq != self.seq() + 1 {
            return Err(damaged(format!("record {} follows record {}", record.seq, self.seq())));
        }
        let fits = |birth: &Header| birth.run == record.run && birth.kind == record.kind;
        if !self.birth.as_ref().is_some_and(fits) {
            return Err(damaged(format!("the record is of run {}", record.run)));
        }
        self.take_epoch(record.epoch).map_err(damaged)?;
        let seq = record.seq;
        match understand(record) {
            Ok(Understood::Known(event) | Understood::Skipped(event)) => {
                self.events.push(event);
                self.lines.push(Line { hash, segment, is_record: true });
                Ok(())
            }
            Ok(Understood::Critical(word)) => Err(Stop::Newer { seq, word }),
            Err(error) => Err(damaged(format!("the record has no word: {error}"))),
        }
    }

    fn finish(self, finding: Finding, last_segment: u32, segments: u32) -> Chain {
        let records = self.lines.iter().filter(|line| line.is_record);
        Chain {
            hashes: records.map(|line| line.hash).collect(),
            head: self.lines.last().map_or(Hash::NONE, |line| line.hash),
            events: self.events,
            birth: self.birth,
            epoch: self.epoch,
            last_segment,
            segments,
            finding,
        }
    }
}

/// Why reading stops at a record.
enum Stop {
    Damaged(String),
    Newer { seq: u64, word: String },
}

/// A journal as read back.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadBack {
    /// The run.
    pub run: RunId,
    /// What it is for.
    pub kind: RunKind,
    /// How often it was taken up.
    pub epoch: u64,
    /// The events, numbered from 1 without a gap; up to the damage where there is some.
    pub events: Vec<RunEvent>,
    /// The hash of each event's line.
    pub hashes: Vec<Hash>,
    /// The hash of the last line.
    pub head: Hash,
    /// The site file as it was when the run was opened.
    pub site: String,
    /// The runbook file as it was when the run was opened.
    pub runbook: String,
    /// What was found beside them.
    pub finding: Finding,
}

impl ReadBack {
    /// The event of a record, if its line still has the given hash.
    pub fn record(&self, seq: u64, hash: Hash) -> Option<&RunEvent> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        (self.hashes.get(index) == Some(&hash)).then(|| self.events.get(index))?
    }
}
