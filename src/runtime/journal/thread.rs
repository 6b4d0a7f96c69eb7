//! The journal's own thread: keys and screens never wait for a disk.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::domain::run::event::{Actor, Body};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Clock;

use super::lock::Lock;
use super::writer::{WriteError, Writer, Written};
use super::{Replies, Reply};

/// Records that may wait for the disk; the loop keeps one in flight, alarms and notes come on top.
pub const QUEUE_MAX: usize = 64;

struct Wish {
    ticket: u64,
    by: Actor,
    body: Body,
}

/// A run's journal, open for writing and locked. Dropping it waits for what is queued to be
/// written, then lets go of the run.
pub struct Journal {
    wishes: Option<SyncSender<Wish>>,
    replies: Arc<Replies>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    pub(super) fn start(
        writer: Writer,
        lock: Lock,
        clock: Arc<dyn Clock>,
        replies: Replies,
    ) -> io::Result<Self> {
        let (wishes, queue) = sync_channel(QUEUE_MAX);
        let replies = Arc::new(replies);
        let answer = Arc::clone(&replies);
        let thread = Builder::new().name("journal".to_owned()).spawn(move || {
            serve(writer, &queue, clock.as_ref(), &answer);
            // Held until nothing can be written any more.
            drop(lock);
        })?;
        Ok(Self { wishes: Some(wishes), replies, thread: Some(thread) })
    }

    /// Asks for a record. Never waits: the answer comes as a [`Reply`] with the same ticket, and
    /// is `Failed`, from within this call, when too much waits already.
    pub fn append(&self, ticket: u64, by: Actor, body: Body) {
        let refused = match &self.wishes {
            Some(wishes) => match wishes.try_send(Wish { ticket, by, body }) {
                Ok(()) => return,
                Err(TrySendError::Full(_)) => {
                    "failed to record: the disk is slow and too much waits already; try again"
                }
                Err(TrySendError::Disconnected(_)) => {
                    "failed to record: the journal has stopped; start warroom again to resume"
                }
            },
            None => "failed to record: the journal is closed",
        };
        (self.replies)(Reply::Failed { ticket, why: refused.into() });
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.wishes = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was its own report; there is nothing left to do about it here.
            let _ = thread.join();
        }
    }
}

/// How long a disk is left alone after its first error, and at most after many.
const REST: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// A disk that failed is left alone for a while, longer each time: whoever asks meanwhile hears
/// what it said last.
struct Rest {
    since: Stamp,
    time: Duration,
    why: Clean,
}

fn serve(mut writer: Writer, queue: &Receiver<Wish>, clock: &dyn Clock, replies: &Replies) {
    let mut rest: Option<Rest> = None;
    while let Ok(Wish { ticket, by, body }) = queue.recv() {
        let now = clock.now();
        if let Some(rest) = rest.as_ref().filter(|rest| now.since(rest.since) < rest.time) {
            replies(Reply::Failed { ticket, why: rest.why.clone() });
            continue;
        }
        match writer.append(now, &by, &body) {
            Ok(Written { event, receipt, rotated }) => {
                rest = None;
                if let Some((segment, why)) = rotated {
                    replies(Reply::Rotated { segment, why });
                }
                replies(Reply::Recorded { ticket, event, receipt });
            }
            Err(error) => {
                let why: Clean = format!("failed to record: {error}").into();
                tracing::error!("{why}");
                if let WriteError::Disk(_) = error {
                    let time = rest.map_or(REST.0, |last| REST.1.min(last.time * 2));
                    rest = Some(Rest { since: now, time, why: why.clone() });
                }
                replies(Reply::Failed { ticket, why });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::channel;

    use super::*;
    use crate::domain::ids::RunId;
    use crate::domain::run::event::RunKind;
    use crate::domain::time::BootId;
    use crate::runtime::journal::format::Header;
    use crate::runtime::journal::store::{Sink, Store};

    /// A disk that has no room for anything while it is full, and counts what it was asked.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(bool, Vec<&'static str>)>>);

    impl Disk {
        fn asked(&self, what: &'static str) -> io::Result<()> {
            let mut disk = self.0.lock().unwrap();
            disk.1.push(what);
            let fails = disk.0 && what == "write";
            if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    impl Store for Disk {
        fn create(&mut self, _: u32) -> io::Result<Box<dyn Sink>> {
            self.asked("create").map(|()| Box::new(self.clone()) as Box<dyn Sink>)
        }
    }

    impl Sink for Disk {
        fn write_all(&mut self, _: &[u8]) -> io::Result<()> {
            self.asked("write")
        }

        fn sync(&mut self) -> io::Result<()> {
            self.asked("sync")
        }

        fn is_empty(&self) -> bool {
            true
        }
    }

    /// A clock that goes on by 10 ms at every look.
    struct Slow(AtomicU64);

    impl Clock for Slow {
        fn now(&self) -> Stamp {
            let boot_ms = self.0.fetch_add(10, Ordering::SeqCst);
            Stamp { wall_ms: 0, boot_ms, boot: BootId(1) }
        }
    }

    #[test]
    fn a_full_disk_is_left_alone_between_two_tries() {
        let disk = Disk::default();
        let clock = Slow(AtomicU64::new(0));
        let run = RunId::new("lms-1").unwrap();
        let birth = Header::birth(&run, RunKind::Live, ["", ""], clock.now());
        let writer = Writer::begin(Box::new(disk.clone()), birth, 0).unwrap();
        let (wishes, queue) = sync_channel(2000);
        let (send, answers) = channel();
        let replies: Replies = Box::new(move |reply| send.send(reply).unwrap());
        disk.0.lock().unwrap().0 = true;
        let by = Actor { person: None, user: "console".into(), host: "laptop".into() };
        // Ten seconds of asking without a pause.
        for ticket in 0..1000 {
            let (by, body) = (by.clone(), Body::Released);
            wishes.send(Wish { ticket, by, body }).unwrap();
        }
        drop(wishes);
        serve(writer, &queue, &clock, &replies);
        let asked = disk.0.lock().unwrap().1.clone();
        let count = |what| asked.iter().filter(|asked| **asked == what).count();
        assert_eq!(count("create"), 2, "one that began, one that waits for room");
        assert!((5..=9).contains(&count("write")), "{asked:?}");
        let told = |reply: &Reply| match reply {
            Reply::Failed { why, .. } => why.as_str().contains("the disk is full"),
            Reply::Recorded { .. } | Reply::Rotated { .. } => false,
        };
        assert_eq!(answers.try_iter().filter(told).count(), 1000);
    }
}
