//! The pipe from a console to a runner that it started: takes a grant back without any disk.

use std::cell::{Cell, RefCell};
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};

use crate::domain::text::Clean;

/// Takes the grant back, for the reason that follows.
const VOID: &str = "void ";
/// Asks the attempt to end.
const END: &str = "end";

/// Bytes read at a time; one word is far shorter.
const READ_BYTES: usize = 4096;

/// The console's end. Words are said in any order, also before the runner is started; none of them
/// waits for anything.
#[derive(Debug, Default)]
pub struct Leash(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    pipe: Option<PipeWriter>,
    /// What was said before there was a pipe.
    early: Vec<String>,
    end_asked: bool,
}

impl Leash {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end for a runner that is about to be started. What was said before is in it already: a
    /// runner that is faster than its console would act on a grant that was taken back.
    ///
    /// # Errors
    /// When there is no pipe to be had.
    pub(super) fn end_for_runner(&self) -> io::Result<PipeReader> {
        let (theirs, ours) = io::pipe()?;
        let mut held = self.held();
        held.pipe = Some(ours);
        for word in std::mem::take(&mut held.early) {
            held.say(word);
        }
        Ok(theirs)
    }

    /// Takes the grant back. A runner that has begun to act goes on: only an end stops that.
    pub fn void(&self, why: &Clean) {
        self.held().say(format!("{VOID}{why}\n"));
    }

    /// Asks the attempt to end.
    pub fn end(&self) {
        let mut held = self.held();
        held.end_asked = true;
        held.say(format!("{END}\n"));
    }

    /// True once after each time that an end was asked for.
    pub(super) fn take_end(&self) -> bool {
        std::mem::take(&mut self.held().end_asked)
    }
}

impl Held {
    fn say(&mut self, word: String) {
        match &mut self.pipe {
            // A runner that is gone cannot be told, and needs not be.
            Some(pipe) => drop(pipe.write_all(word.as_bytes())),
            None => self.early.push(word),
        }
    }
}

/// The runner's end. A console that is gone takes nothing back: the attempt goes on without it.
#[derive(Debug)]
pub(super) struct Collar {
    /// True while standard input is a pipe whose other end may still say something.
    open: Cell<bool>,
    heard: RefCell<Vec<u8>>,
}

impl Collar {
    /// Takes standard input for it, where that is a pipe.
    pub(super) fn take() -> Self {
        let pipe = fstat(io::stdin())
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo);
        Self { open: Cell::new(pipe), heard: RefCell::default() }
    }

    /// Why the grant was taken back; none while it stands.
    pub(super) fn voided(&self) -> Option<Clean> {
        self.listen();
        let heard = String::from_utf8_lossy(&self.heard.borrow()).into_owned();
        heard.lines().find_map(|word| word.strip_prefix(VOID)).map(Clean::new)
    }

    /// True when the attempt was asked to end.
    pub(super) fn is_end_asked(&self) -> bool {
        self.listen();
        let heard = String::from_utf8_lossy(&self.heard.borrow()).into_owned();
        heard.lines().any(|word| word == END)
    }

    /// Takes in what was said so far, without waiting.
    fn listen(&self) {
        while self.open.get() {
            let stdin = io::stdin();
            let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            match poll(&mut ready, Some(&now)) {
                // After an error it is asked again the next time.
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let mut bytes = [0; READ_BYTES];
            match rustix::io::read(&stdin, &mut bytes) {
                Ok(0) => self.open.set(false),
                Ok(count) if self.heard.borrow().len() < READ_BYTES => {
                    self.heard.borrow_mut().extend_from_slice(&bytes[..count]);
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_was_said_before_a_runner_is_there_when_it_starts() {
        let leash = Leash::default();
        leash.void(&"the plan was held".into());
        let mut theirs = leash.end_for_runner().unwrap();
        let mut heard = [0; 64];
        // It does not wait: all of it is in the pipe by now.
        let count = theirs.read(&mut heard).unwrap();
        assert_eq!(&heard[..count], b"void the plan was held\n");
        leash.end();
        let count = theirs.read(&mut heard).unwrap();
        assert_eq!(&heard[..count], b"end\n");
        drop(leash);
        assert_eq!(theirs.read(&mut heard).unwrap(), 0);
    }
}
