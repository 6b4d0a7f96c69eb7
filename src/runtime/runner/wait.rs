//! Waits for an attempt: it is over when its runner's lock is free and nothing it started runs.

use std::future::Future;
use std::io;
use std::path::Path;
use std::thread::{Builder, sleep};
use std::time::Duration;

use crate::domain::ids::StepId;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Clock;
use crate::runtime::clock::SystemClock;
use crate::runtime::journal::lock::Lock;
use crate::runtime::paths::write_new;

use super::folder::{AttemptFolder, CANCEL_FILE, SPAWNED_FILE, VOID_FILE};
use super::group::{GRACE, Group, LOOK_EVERY, words};
use super::{Aftermath, Launched, Leash};

/// How long what was left must be seen before it is told: what dies together does so one by one.
const LEFT_AFTER: Duration = Duration::from_millis(250);

/// The time between two looks at a runner that this process started: no disk is asked for it.
const CHILD_EVERY: Duration = Duration::from_millis(10);

/// A runner that was asked to end and lives after this time does not do so by itself: it was
/// stopped, or hangs.
const OVERDUE: Duration = GRACE.saturating_mul(2);

/// Waits until the attempt is over, however long that takes, and tells what became of it. Does not
/// trust a process number alone: what counts is the attempt's lock, and the processes of the group
/// that its runner recorded. With `child`, that process is waited for and reaped first. `left` is
/// told once what still runs when the runner is gone. Ends what is left when `leash` or the folder
/// asks for it, and when the attempt's deadline is over. Dropping the future stops waiting, never
/// the attempt.
///
/// The waiting is done by a thread of its own, so that a program can end while an attempt runs on.
pub fn watch(
    run_dir: &Path,
    step: &StepId,
    attempt: u32,
    child: Option<Launched>,
    leash: std::sync::Arc<Leash>,
    left: impl FnOnce(Clean) + Send + 'static,
) -> impl Future<Output = Aftermath> + Send + 'static {
    let folder = AttemptFolder::of(run_dir, step, attempt);
    let (tell, told) = tokio::sync::oneshot::channel();
    let waiting = Builder::new().name("attempt".to_owned()).spawn(move || {
        let clock = SystemClock::new();
        let wait =
            Wait { folder, child, clock, asked: None, saw_request: false, ended_late: false };
        // Nobody listens when the console has gone on without waiting.
        let _ = tell.send(wait.until_over(&leash, left));
    });
    async move {
        if let Err(error) = waiting {
            return unknown(&format!("failed to wait for the runner: {error}"));
        }
        told.await.unwrap_or_else(|_| unknown("failed to wait for the runner: its thread ended"))
    }
}

/// What became of an attempt, without waiting; none while it or something of it runs. Only for the
/// console that has the run's lock, and for attempts that it did not start itself or whose runner
/// it has waited for: an attempt found not started is made void, so that a runner that comes late
/// refuses.
pub fn inspect(run_dir: &Path, step: &StepId, attempt: u32) -> Option<Aftermath> {
    let folder = AttemptFolder::of(run_dir, step, attempt);
    Some(match folder.try_lock() {
        Ok(Some(lock)) => {
            let group = group_of(&folder, SystemClock::new().now());
            if group.is_some_and(|group| !group.members().is_empty()) {
                return None;
            }
            judge(&folder, &lock)
        }
        Ok(None) => return None,
        // The folder comes before the runner: without it no runner was started, and none can be,
        // as only the console that has the run may start one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Aftermath::NotStarted,
        Err(error) => unknown(&format!("failed to look at {}: {error}", folder.path().display())),
    })
}

fn unknown(why: &str) -> Aftermath {
    Aftermath::Unknown(why.into())
}

/// The group that the runner recorded. A record that cannot be read was torn as it was written, and
/// then nothing was started yet.
fn group_of(folder: &AttemptFolder, now: Stamp) -> Option<Group> {
    let spawned = folder.spawned().ok().flatten()?;
    Group::recorded(&spawned, now.boot)
}

/// One attempt that is waited for.
struct Wait {
    folder: AttemptFolder,
    child: Option<Launched>,
    clock: SystemClock,
    /// Since when an end is asked for that was not seen to yet.
    asked: Option<Stamp>,
    /// True when the request in the folder was taken in.
    saw_request: bool,
    /// True when what was left at the deadline was made to end. What that did not help needs a
    /// person.
    ended_late: bool,
}

impl Wait {
    fn until_over(mut self, leash: &Leash, left: impl FnOnce(Clean)) -> Aftermath {
        let mut left = Some(left);
        let mut alone_since = None;
        loop {
            self.take_request(leash);
            // A runner that was just started may not have its lock yet.
            let lock = if self.is_child_alive() { Ok(None) } else { self.folder.try_lock() };
            let lock = match lock {
                Ok(Some(lock)) => lock,
                Ok(None) => {
                    self.end_overdue_runner();
                    sleep(if self.child.is_some() { CHILD_EVERY } else { LOOK_EVERY });
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Aftermath::NotStarted;
                }
                Err(error) => {
                    let path = self.folder.path().display();
                    return unknown(&format!("failed to look at {path}: {error}"));
                }
            };
            let now = self.clock.now();
            let members = group_of(&self.folder, now).map(|group| (group, group.members()));
            let Some((group, members)) = members.filter(|(_, members)| !members.is_empty()) else {
                return judge(&self.folder, &lock);
            };
            let since = *alone_since.get_or_insert(now);
            if now.since(since) >= LEFT_AFTER {
                if !group.is_leader_alone(&members)
                    && let Some(left) = left.take()
                {
                    left(words(&members).into());
                }
                self.end_when_due(group, now);
            }
            // A late runner is kept away by what the folder has; the lock is taken again.
            drop(lock);
            sleep(if group.is_leader_alone(&members) { CHILD_EVERY } else { LOOK_EVERY });
        }
    }

    fn is_child_alive(&mut self) -> bool {
        let Some(Launched { child }) = &mut self.child else { return false };
        // How it exited says nothing that its files do not say better.
        matches!(child.try_wait(), Ok(None))
    }

    fn take_request(&mut self, leash: &Leash) {
        let mut asked = leash.take_end();
        // Whoever started the runner has it on the leash, and needs no disk to hear of it.
        if self.child.is_none() && !self.saw_request && self.folder.has(CANCEL_FILE) {
            (self.saw_request, asked) = (true, true);
        }
        if asked {
            let now = self.clock.now();
            self.asked.get_or_insert(now);
        }
    }

    /// Ends what a runner left behind, when that is asked for or its deadline is over.
    fn end_when_due(&mut self, group: Group, now: Stamp) {
        let until = self.folder.spawned().ok().flatten().and_then(|spawned| spawned.until);
        let late = !self.ended_late && until.is_some_and(|until| now.boot_ms >= until.boot_ms);
        if late || self.asked.take().is_some() {
            self.ended_late |= late;
            group.end(|signal, told| self.folder.note(signal, told));
        }
    }

    /// A runner ends what it started and itself; one that does not is ended with it.
    fn end_overdue_runner(&mut self) {
        let now = self.clock.now();
        if self.asked.is_none_or(|asked| now.since(asked) < OVERDUE) {
            return;
        }
        self.asked = None;
        match (group_of(&self.folder, now), &mut self.child) {
            (Some(group), _) => group.end(|signal, told| self.folder.note(signal, told)),
            // It has not begun, so that nothing is cut short.
            (None, Some(Launched { child })) => drop(child.kill()),
            (None, None) => {}
        }
    }
}

/// What the files say once nothing of the attempt runs. `_lock` keeps a late runner away meanwhile.
fn judge(folder: &AttemptFolder, _lock: &Lock) -> Aftermath {
    match folder.exit() {
        Ok(Some(ending)) => return Aftermath::Ended(ending.outcome),
        Ok(None) => {}
        Err(error) => return unknown(&format!("failed to read the outcome: {error}")),
    }
    if folder.has(SPAWNED_FILE) {
        return unknown("its runner began and died before it could tell how it ended");
    }
    match write_new(&folder.file(VOID_FILE), b"found not started\n") {
        Ok(()) => Aftermath::NotStarted,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Aftermath::NotStarted,
        Err(error) => unknown(&format!("failed to rule out a late start: {error}")),
    }
}
