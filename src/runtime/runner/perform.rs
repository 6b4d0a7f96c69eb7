//! Performing one attempt in its runner: in time, once, and not over before all it started is.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{interval, sleep};

use super::folder::{AttemptFolder, CANCEL_FILE};
use super::group::{Group, LOOK_EVERY, words};
use super::leash::Collar;
use super::meeting::other_server;
use super::output::OutputFiles;
use super::process::Prepared;
use crate::domain::preview::Standing;
use crate::domain::run::commit::Execution;
use crate::domain::run::event::{Cause, Outcome, Warrant};
use crate::domain::run::words::outcome_text;
use crate::domain::time::{Stamp, short_time};
use crate::port::{Clock, OperateError, Operator, Output};
use crate::runtime::clock::SystemClock;

/// How often a runner looks whether it was asked to end.
pub const CANCEL_POLL: Duration = Duration::from_millis(100);

/// One attempt, as its runner has it.
pub(super) struct Attempt<'a> {
    pub(super) folder: &'a AttemptFolder,
    /// What it started.
    pub(super) group: Group,
    /// What the console says.
    pub(super) collar: Collar,
    /// The terms of its grant.
    pub(super) warrant: Option<Warrant>,
    pub(super) clock: SystemClock,
    /// True once it was cut short.
    pub(super) was_cut: Cell<bool>,
}

/// How performing ended.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// True when it was cut while acting: what it started may still be there.
    pub(super) was_cut: bool,
}

/// Why an attempt was cut short.
#[derive(Clone, Copy)]
enum Cut {
    Cancelled,
    Timeout(Duration),
}

impl Cut {
    fn cause(self) -> Cause {
        match self {
            Self::Cancelled => Cause::Cancelled,
            Self::Timeout(_) => Cause::Timeout,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Cancelled => "aborted by a person".to_owned(),
            Self::Timeout(time) => format!("not finished within {}", short_time(time)),
        }
    }
}

impl Attempt<'_> {
    /// Performs; a panic in an operator becomes an outcome too.
    pub(super) fn perform(
        &self,
        mut prepared: Prepared,
        execution: &Execution,
        output: &mut OutputFiles,
        runtime: &tokio::runtime::Runtime,
    ) -> Ended {
        let acting = AtomicBool::new(false);
        let asked = (prepared.timeout, prepared.proves);
        let operator = prepared.operator.as_mut();
        let performed = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(self.in_time(operator, asked, execution, output, &acting))
        }));
        performed.unwrap_or_else(|_| {
            let acting = acting.load(Ordering::SeqCst);
            if acting {
                self.end_group();
            }
            let message = "the step's own code failed (a fault in warroom)";
            cut_short(Cause::Error, message, acting)
        })
    }

    async fn in_time(
        &self,
        operator: &mut dyn Operator,
        (timeout, proves): (Duration, bool),
        execution: &Execution,
        output: &mut OutputFiles,
        acting: &AtomicBool,
    ) -> Ended {
        let mut time = Box::pin(sleep(timeout));
        let mut asked = Box::pin(self.cancel_asked());
        let mut work = Box::pin(self.work((operator, proves), execution, output, acting));
        let worked = tokio::select! {
            biased;
            outcome = &mut work => Ok(outcome),
            () = &mut asked => Err(Cut::Cancelled),
            () = &mut time => Err(Cut::Timeout(timeout)),
        };
        let outcome = match worked {
            Ok(outcome) => outcome,
            Err(cut) => {
                // It goes on only to hear its programs end: what did not begin never does.
                self.was_cut.set(true);
                self.end_group_beside(work.as_mut()).await;
                return cut_short(cut.cause(), &cut.words(), acting.load(Ordering::SeqCst));
            }
        };
        drop(work);
        let left = self.group.members();
        if left.is_empty() {
            return Ended { outcome, was_cut: false };
        }
        // Whether it did all it should is not known before what it left behind has ended too.
        output.line(&format!("the call has ended, and the step waits for {}", words(&left)));
        let cut = tokio::select! {
            biased;
            () = self.nobody_left() => return Ended { outcome, was_cut: false },
            () = &mut asked => Cut::Cancelled,
            () = &mut time => Cut::Timeout(timeout),
        };
        let left = words(&self.group.members());
        self.end_group_beside(Box::pin(std::future::pending::<()>()).as_mut()).await;
        if !acting.load(Ordering::SeqCst) {
            return Ended { outcome, was_cut: true };
        }
        let said = outcome_text(&outcome);
        let message =
            format!("{}: {left} it had left running were ended; it said: {said}", cut.words());
        Ended { outcome: Outcome::Unknown { message: message.into() }, was_cut: true }
    }

    /// The attempt itself: looked at, then done once. What is to be proven is done in any case.
    async fn work(
        &self,
        (operator, proves): (&mut dyn Operator, bool),
        execution: &Execution,
        output: &mut OutputFiles,
        acting: &AtomicBool,
    ) -> Outcome {
        if let Some(never) = self.withdrawn() {
            return never;
        }
        if let Some(never) = other_server(operator, self.warrant.as_ref()).await {
            return never;
        }
        match operator.check().await {
            Standing::Done(_) if proves => {}
            Standing::Done(evidence) => return Outcome::AlreadySo { evidence },
            // Acting without knowing could do it twice, unless nothing but a person can tell.
            Standing::Unknown(why) if operator.senses() => {
                let message =
                    format!("nothing was done: whether it is so already is unknown: {why}");
                return Outcome::Failed { cause: Cause::Error, message: message.into() };
            }
            Standing::Unknown(_) | Standing::NotDone(_) => {}
        }
        // Looking may have taken long, and a disk or a stopped process longer.
        if let Some(never) = self.withdrawn() {
            return never;
        }
        acting.store(true, Ordering::SeqCst);
        match operator.apply(execution, output).await {
            Ok(evidence) => Outcome::Applied { evidence },
            Err(OperateError::Refused(message) | OperateError::Permission(message)) => {
                Outcome::Failed { cause: Cause::Error, message }
            }
            Err(OperateError::Ambiguous(message)) => Outcome::Unknown { message },
        }
    }

    /// What keeps the attempt from being made, although it was granted; none when it may act.
    fn withdrawn(&self) -> Option<Outcome> {
        let never = |cause, why: &str| {
            let message = format!("{why}: nothing was done").into();
            Some(Outcome::Failed { cause, message })
        };
        if self.was_cut.get() || self.collar.is_end_asked() || self.folder.has(CANCEL_FILE) {
            return never(Cause::Cancelled, "aborted by a person");
        }
        // Last, and without a disk: what was asked before may have taken long.
        if let Some(why) = self.collar.voided() {
            return never(Cause::Expired, &format!("its grant was taken back ({why})"));
        }
        let expires = self.warrant.as_ref().map(|warrant| warrant.expires);
        if let Some(late) = expires.and_then(|expires| lateness(expires, self.clock.now())) {
            return never(Cause::Expired, &format!("its grant had run out {late}"));
        }
        None
    }

    /// Waits for a request to end: through the pipe, in the folder, or a TERM. Our own TERM goes to
    /// others only.
    async fn cancel_asked(&self) {
        let mut poll = interval(CANCEL_POLL);
        // Without a handler TERM ends the process; the others still work.
        let mut term = signal(SignalKind::terminate()).ok();
        loop {
            let termed = async {
                match &mut term {
                    Some(term) => drop(term.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = termed => return,
                _ = poll.tick() => {
                    if self.collar.is_end_asked() || self.folder.has(CANCEL_FILE) {
                        return;
                    }
                }
            }
        }
    }

    async fn nobody_left(&self) {
        let mut poll = interval(LOOK_EVERY);
        loop {
            poll.tick().await;
            if self.group.members().is_empty() {
                return;
            }
        }
    }

    /// Ends what was started, while `work` goes on: it hears its programs end.
    async fn end_group_beside<T>(&self, work: Pin<&mut (impl Future<Output = T> + ?Sized)>) {
        let (group, folder) = (self.group, self.folder.clone());
        let ending = tokio::task::spawn_blocking(move || {
            group.end(|signal, told| folder.note(signal, told));
        });
        let worked = async {
            work.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            // Ended, or it could not be started at all.
            _ = ending => {}
            () = worked => {}
        }
    }

    fn end_group(&self) {
        self.group.end(|signal, told| self.folder.note(signal, told));
    }
}

/// How long a grant has run out; none while it stands.
fn lateness(expires: Stamp, now: Stamp) -> Option<String> {
    if now.boot != expires.boot {
        return Some("before this machine was started again".to_owned());
    }
    let late = now.boot_ms.checked_sub(expires.boot_ms)?;
    Some(format!("{} ago", short_time(Duration::from_millis(late))))
}

/// What is known of an attempt that did not come to its own end: before acting that it did nothing,
/// while acting nothing.
fn cut_short(cause: Cause, message: &str, acting: bool) -> Ended {
    let outcome = if acting {
        let message = format!("{message}; whether it took effect is not known").into();
        Outcome::Unknown { message }
    } else {
        Outcome::Failed { cause, message: format!("{message}, before anything was done").into() }
    };
    Ended { outcome, was_cut: acting }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    #[test]
    fn a_grant_runs_out_at_its_moment_and_with_its_boot() {
        let at = |boot_ms: u64, boot: u128| Stamp { wall_ms: 7, boot_ms, boot: BootId(boot) };
        let expires = at(10_000, 1);
        assert_eq!(lateness(expires, at(9_999, 1)), None);
        assert_eq!(lateness(expires, at(10_000, 1)).as_deref(), Some("0s ago"));
        assert_eq!(lateness(expires, at(52_000, 1)).as_deref(), Some("42s ago"));
        let other = Some("before this machine was started again");
        assert_eq!(lateness(expires, at(5, 2)).as_deref(), other);
    }
}
