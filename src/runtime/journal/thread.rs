//! The journal's own thread: keys and screens never wait for a disk.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::domain::run::event::{Actor, Body};
use crate::port::Clock;

use super::lock::Lock;
use super::writer::{Writer, Written};
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

fn serve(mut writer: Writer, queue: &Receiver<Wish>, clock: &dyn Clock, replies: &Replies) {
    while let Ok(Wish { ticket, by, body }) = queue.recv() {
        match writer.append(clock.now(), &by, &body) {
            Ok(Written { event, receipt, rotated }) => {
                if let Some((segment, why)) = rotated {
                    replies(Reply::Rotated { segment, why });
                }
                replies(Reply::Recorded { ticket, event, receipt });
            }
            Err(error) => {
                let why = format!("failed to record: {error}").as_str().into();
                replies(Reply::Failed { ticket, why });
            }
        }
    }
}
