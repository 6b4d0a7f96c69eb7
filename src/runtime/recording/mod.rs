//! What the commander's console heard while a run was open, kept beside the journal for a replay.
//!
//! The journal is the record of acts; this is evidence of what the screen showed. It is checked
//! line by line, not chained, and no run depends on it: where it fails, a replay has a gap.

mod line;
mod reader;
mod take;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

pub use self::reader::{Recording, read};
pub use self::take::{Seen, Take, What};
use self::writer::Shared;
use crate::domain::run::event::Body;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::console::scene::Scene;
use crate::runtime::event::Event;
use crate::runtime::journal::Reply;
use crate::runtime::paths::Numbered;

/// The largest recording of a run, in bytes; what comes after is not kept.
pub const RECORDING_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Takes that may wait for the disk; what comes on top is lost, and the replay has a gap.
pub const QUEUE_MAX: usize = 4096;

/// How long a recording goes on once its run is closed.
pub const AFTER_CLOSING: Duration = Duration::from_secs(10);

/// The time between two tries after a gap.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// The file name of a segment: `recording-000001.log`.
pub fn segment_name(number: u32) -> String {
    SEGMENTS.name(number)
}

/// The files that a recording stands in.
const SEGMENTS: Numbered = Numbered("recording");

/// What the screen has to say of a recording, where something failed.
pub type Trouble = Option<Clean>;

/// The recording of one run.
struct Tape {
    queue: SyncSender<Take>,
    shared: Arc<Shared>,
    /// When the run was closed.
    closed: Option<Stamp>,
    /// Takes that found no room since the last scene.
    missed: u64,
    /// When the last scene was sent: after a gap, at most one each [`TRY_AGAIN`].
    tried: Stamp,
}

/// Is told what a console takes in while a run is open, and keeps it by a thread of its own. A
/// console without a run's folder, such as a watcher's, has one that never begins.
#[derive(Default)]
pub struct Recorder {
    tape: Option<Tape>,
    threads: Vec<JoinHandle<()>>,
    patient: bool,
    limit: Option<u64>,
}

impl Recorder {
    /// A recorder that waits for the disk instead of losing anything, for a console that no
    /// person sits at.
    pub fn patient() -> Self {
        let mut recorder = Self::default();
        recorder.patient = true;
        recorder
    }

    /// The same recorder with another bound than [`RECORDING_BYTES_MAX`].
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Begins the recording of the run in `folder`, where `scene` is what is known; `why` says what
    /// of before may lack. What failed, where it did.
    pub fn begin(
        &mut self,
        folder: &Path,
        scene: Scene,
        why: Option<Clean>,
        now: Stamp,
    ) -> Trouble {
        let (queue, takes) = sync_channel(QUEUE_MAX);
        let shared = Arc::new(Shared::default());
        let limit = self.limit.unwrap_or(RECORDING_BYTES_MAX);
        let writer = writer::Writer::new(folder, limit, Arc::clone(&shared));
        let thread =
            Builder::new().name("recording".to_owned()).spawn(move || writer.serve(&takes));
        match thread {
            Ok(thread) => {
                self.threads.push(thread);
                self.tape = Some(Tape { queue, shared, closed: None, missed: 0, tried: now });
                self.note(What::Scene(Box::new(scene), why), now);
                None
            }
            Err(error) => Some(error.to_string().into()),
        }
    }

    /// Is told that what was heard was judged.
    pub fn judged(&mut self, now: Stamp) {
        self.note(What::Judged, now);
    }

    /// Records what of an event a replay needs.
    pub fn hear(&mut self, event: &Event, now: Stamp) {
        let Some(tape) = &mut self.tape else { return };
        if let Event::Journal(reply) = event
            && let Reply::Recorded { event, .. } = reply.as_ref()
            && matches!(event.body, Body::Closed { .. })
        {
            tape.closed = Some(now);
        }
        if tape.closed.is_some_and(|closed| now.since(closed) > AFTER_CLOSING) {
            self.note(What::End("the run was closed".into()), now);
            self.tape = None;
        } else if let Some(what) = What::of(event) {
            self.note(what, now);
        }
    }

    fn note(&mut self, what: What, now: Stamp) {
        let Some(tape) = &mut self.tape else { return };
        // After a gap only a scene makes sense of what follows.
        let scene = matches!(what, What::Scene(..));
        if !scene && (tape.missed > 0 || tape.shared.is_broken()) {
            tape.missed += 1;
            return;
        }
        let take = Take { now, what };
        if self.patient {
            let _ = tape.queue.send(take);
            return;
        }
        match tape.queue.try_send(take) {
            Ok(()) if scene => tape.missed = 0,
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                if tape.missed == 0 {
                    tape.shared.tell("the disk is slow".into());
                }
                tape.missed += 1;
            }
            // The writer has said why it ended.
            Err(TrySendError::Disconnected(_)) => self.tape = None,
        }
    }

    /// Says what failed, once, and after a gap begins anew with a scene.
    pub fn mend(&mut self, scene: impl FnOnce() -> Scene, now: Stamp) -> Trouble {
        let tape = self.tape.as_mut()?;
        let trouble = tape.shared.trouble();
        let gap = tape.missed > 0 || tape.shared.is_broken();
        if gap && now.since(tape.tried) >= TRY_AGAIN {
            tape.tried = now;
            let why = match tape.shared.mend() {
                Some(why) => why,
                None => format!("the disk was slow: {} readings not kept", tape.missed).into(),
            };
            self.note(What::Scene(Box::new(scene()), Some(why)), now);
        }
        trouble
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.tape = None;
        for thread in self.threads.drain(..) {
            // A panic there was its own report.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    fn at(milliseconds: u64) -> Stamp {
        let wall_ms = i64::try_from(milliseconds).unwrap();
        Stamp { wall_ms, boot_ms: milliseconds, boot: BootId(1) }
    }

    #[test]
    fn a_full_queue_loses_takes_and_never_waits() {
        let (queue, takes) = sync_channel(2);
        let shared = Arc::new(Shared::default());
        let tape = Tape { queue, shared, closed: None, missed: 0, tried: at(0) };
        let mut recorder = Recorder::default();
        recorder.tape = Some(tape);
        for time in 1..=5 {
            recorder.note(What::Tick, at(time));
        }
        let tape = recorder.tape.as_ref().unwrap();
        assert_eq!(tape.missed, 3);
        assert_eq!(tape.shared.trouble(), Some("the disk is slow".into()));
        assert_eq!(tape.shared.trouble(), None);
        // With room again, nothing is kept before a scene.
        assert_eq!(takes.try_iter().count(), 2);
        recorder.note(What::Judged, at(6));
        assert_eq!(takes.try_iter().count(), 0);
        assert_eq!(recorder.tape.as_ref().unwrap().missed, 4);
    }

    #[test]
    fn nothing_is_recorded_without_a_run_and_long_after_it() {
        let mut recorder = Recorder::default();
        recorder.hear(&Event::Tick, at(1));
        assert!(recorder.tape.is_none());
        let (queue, takes) = sync_channel(9);
        let shared = Arc::new(Shared::default());
        let closed = Some(at(1000));
        recorder.tape = Some(Tape { queue, shared, closed, missed: 0, tried: at(0) });
        for time in [2000, 9000, 11_000, 11_001, 12_000] {
            recorder.hear(&Event::Tick, at(time));
        }
        let kept: Vec<What> = takes.try_iter().map(|take| take.what).collect();
        let end = What::End("the run was closed".into());
        assert_eq!(kept, [What::Tick, What::Tick, What::Tick, end]);
        assert!(recorder.tape.is_none());
    }
}
