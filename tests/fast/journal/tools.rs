//! What all these tests need: stories written to memory or a folder, and a check of what is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use warroom::domain::run::event::{Body, RunEvent};
use warroom::domain::time::Stamp;
use warroom::port::Clock as _;
use warroom::runtime::journal::format::Header;
use warroom::runtime::journal::reader::{Chain, Segment};
use warroom::runtime::journal::writer::Writer;
use warroom::runtime::journal::{Frozen, Journal, JournalError, ReadBack, Reply};

use super::memory::{Fault, Memory};
use super::stories::{RUNBOOK, SITE, Story, Ticking, actor, run_id};

const PATIENCE: Duration = Duration::from_secs(30);

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("golden").join(name)
}

pub fn start(story: &Story, now: Stamp) -> Header {
    Header::birth(&run_id(), story.kind, [SITE, RUNBOOK], now)
}

/// Writes a story; the acknowledged events, whether or not all were.
pub fn tell(memory: &Memory, story: &Story) -> Vec<RunEvent> {
    let clock = Ticking::new();
    let now = || clock.now();
    let Ok(mut writer) = Writer::begin(Box::new(memory.clone()), start(story, now()), 0) else {
        return Vec::new();
    };
    let mut acknowledged = Vec::new();
    for body in &story.bodies {
        acknowledged.extend(writer.append(now(), &actor(), body).ok().map(|done| done.event));
    }
    acknowledged
}

/// The story's segments as they are written when nothing fails.
pub fn whole(story: &Story) -> (Vec<Segment>, Vec<RunEvent>) {
    let memory = Memory::default();
    let events = tell(&memory, story);
    assert_eq!(events.len(), story.bodies.len());
    (memory.segments(true), events)
}

pub fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

pub fn with_bytes(segments: &[Segment], index: usize, bytes: Vec<u8>) -> Vec<Segment> {
    let mut changed = segments.to_vec();
    changed[index].bytes = bytes;
    changed
}

/// Never a wrong state: what is read is how the run began, and nothing else.
pub fn assert_prefix(chain: &Chain, events: &[RunEvent], what: &dyn Fn() -> String) {
    assert!(events.starts_with(&chain.events), "{}: {:?}", what(), chain.finding);
    assert_eq!(chain.hashes.len(), chain.events.len());
}

/// A journal of two segments: the first was given up in the middle of a record.
pub fn two_segments(story: &Story) -> (Vec<Segment>, Vec<RunEvent>) {
    let memory = Memory::default();
    memory.fail_at(12, Fault::Short);
    let events = tell(&memory, story);
    let segments = memory.segments(true);
    assert_eq!((segments.len(), events.len()), (2, story.bodies.len()));
    (segments, events)
}

pub fn open(dir: &Path, story: &Story) -> (Journal, Receiver<Reply>) {
    let (send, replies) = channel();
    let reply = Box::new(move |reply| send.send(reply).unwrap());
    let frozen = Frozen { site: SITE, runbook: RUNBOOK };
    let clock = Arc::new(Ticking::new());
    let journal = Journal::create(dir, frozen, &run_id(), story.kind, clock, reply).unwrap();
    (journal, replies)
}

pub fn resume(dir: &Path) -> Result<(Journal, ReadBack), JournalError> {
    Journal::resume(dir, &actor(), Arc::new(Ticking::new()), Box::new(|_| {}))
}

pub fn record(journal: &Journal, replies: &Receiver<Reply>, ticket: u64, body: &Body) -> RunEvent {
    journal.append(ticket, actor(), body.clone());
    match replies.recv_timeout(PATIENCE).unwrap() {
        Reply::Recorded { ticket: answered, event, receipt } => {
            assert_eq!((answered, receipt.seq()), (ticket, event.seq));
            event
        }
        other => panic!("{other:?}"),
    }
}
