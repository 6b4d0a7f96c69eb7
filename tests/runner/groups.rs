//! An attempt and the processes it started: what is waited for, what is ended, what never begins.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use warroom::domain::run::event::{Cause, Outcome, Pressure};
use warroom::domain::time::Stamp;
use warroom::port::Clock as _;
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal::lock::Lock;
use warroom::runtime::presence::stranger;
use warroom::runtime::runner::folder::EXIT_FILE;
use warroom::runtime::runner::{Aftermath, Launched, Leash, output_since};

use crate::SECRET;
use crate::hands::keys;
use crate::stage::{Stage, kill, until};

/// True when nobody holds the lock that a child and all it starts hold.
pub fn is_gone(alive: &Path) -> bool {
    Lock::try_take(alive).unwrap().is_some()
}

/// A stage whose attempt has started its child.
fn with_child(act: &str) -> (Stage, Launched) {
    let stage = Stage::new();
    let child = stage.launch(act).unwrap();
    until("the child is up", || stage.has("up"));
    (stage, child)
}

/// A watch in a thread of its own: what a lost runner left, and what was found.
fn watched(
    stage: Stage,
    child: Option<Launched>,
) -> (Receiver<String>, Receiver<(Aftermath, Stage)>) {
    let (tell_left, left) = channel();
    let (tell, found) = channel();
    thread::spawn(move || {
        let told = move |what: warroom::domain::text::Clean| {
            tell_left.send(what.to_string()).unwrap();
        };
        let found = stage.watch_telling(child, told);
        let _ = tell.send((found, stage));
    });
    (left, found)
}

const PATIENCE: Duration = crate::PATIENCE;

fn go(stage_folder: &std::path::Path) {
    fs::write(stage_folder.join("go"), "").unwrap();
}

pub fn not_over() {
    runner_lost();
    told_elsewhere();
    left_behind();
    daemon();
}

/// The runner alone is killed: its child goes on, and so does the attempt.
fn runner_lost() {
    for reattached in [false, true] {
        let (stage, child) = with_child("child");
        let (folder, alive) = (stage.folder(), stage.folder().file("alive"));
        kill(&child);
        let child = if reattached {
            until("the lock is free", || folder.try_lock().unwrap().is_some());
            assert_eq!(stage.inspect(), None);
            None
        } else {
            Some(child)
        };
        let (left, found) = watched(stage, child);
        let told = left.recv_timeout(PATIENCE).unwrap();
        assert!(told.contains("process") && told.contains(" sh"), "{told}");
        assert!(found.try_recv().is_err(), "the child runs, so the attempt is not over");
        assert!(!is_gone(&alive));
        go(folder.path());
        let (found, stage) = found.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(found, Aftermath::Unknown(_)), "{found:?}");
        assert!(is_gone(&alive), "it was over before its child was");
        assert_eq!(fs::read_to_string(folder.file("effects")).unwrap(), "1\n");
        assert_eq!(folder.signals(), [], "nobody was made to end");
        assert!(matches!(stage.inspect(), Some(Aftermath::Unknown(_))));
        assert!(stage.late_runner_refuses());
    }
}

/// A console whose state is kept elsewhere finds the attempt too, runner or no runner.
fn told_elsewhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    let (stage, child) = with_child("child");
    let (folder, dir) = (stage.folder(), stage.dir());
    let runs = dir.parent().unwrap().to_path_buf();
    let found = |runs: &Path| stranger(keys(&dir).iter(), runs);
    let told = |part: &str| found(elsewhere.path()).is_some_and(|who| who.contains(part));
    assert!(told(" sh"), "{:?}", found(elsewhere.path()));
    assert_eq!(found(&runs), None, "its own console finds it in its folder");
    assert_eq!(stranger(keys(elsewhere.path()).iter(), elsewhere.path()), None, "another site");
    kill(&child);
    until("the lock is free", || folder.try_lock().unwrap().is_some());
    assert!(told(" sh"), "{:?}", found(elsewhere.path()));
    go(folder.path());
    until("all of it has ended", || found(elsewhere.path()).is_none());
    stage.watch(Some(child));

    // A daemon has the name on, and is no part of the attempt.
    let stage = Stage::new();
    let child = stage.launch("daemon").unwrap();
    stage.watch(Some(child));
    until("the daemon is up", || stage.has("up"));
    assert_eq!(stranger(keys(&stage.dir()).iter(), elsewhere.path()), None);
    go(stage.folder().path());
}

/// The call ended well, and something it started goes on: so does the step.
fn left_behind() {
    let (stage, child) = with_child("leaves");
    let (folder, alive) = (stage.folder(), stage.folder().file("alive"));
    let (dir, step) = (stage.dir(), stage.intent.step.clone());
    let said = || output_since(&dir, &step, 1, 0).unwrap().lines;
    until("it is said", || said().iter().any(|line| line.as_str().contains("the step waits for")));
    assert!(!folder.has(EXIT_FILE) && !is_gone(&alive));
    go(folder.path());
    let found = stage.watch(Some(child));
    assert_eq!(found, Aftermath::Ended(Outcome::Applied { evidence: "it ran".into() }));
    assert!(is_gone(&alive));

    // A person who does not want to wait ends it; nobody knows then what it did.
    let (stage, child) = with_child("leaves");
    let alive = stage.folder().file("alive");
    stage.leash.end();
    let Aftermath::Ended(Outcome::Unknown { message }) = stage.watch(Some(child)) else {
        panic!("it was ended");
    };
    assert!(is_gone(&alive));
    assert!(message.as_str().starts_with("aborted by a person"), "{message}");
}

/// A daemon leaves the session of its own will: it is no part of the attempt.
fn daemon() {
    let stage = Stage::new();
    let child = stage.launch("daemon").unwrap();
    let found = stage.watch(Some(child));
    assert_eq!(found, Aftermath::Ended(Outcome::Applied { evidence: "it ran".into() }));
    until("the daemon is up", || stage.has("up"));
    let alive = stage.folder().file("alive");
    assert!(!is_gone(&alive), "nobody ends a daemon");
    let holder = daemon_of(&alive);
    kill_process(holder, Signal::KILL).unwrap();
}

/// The process that has a file open, and is not this one.
fn daemon_of(file: &PathBuf) -> Pid {
    let holds = |pid: i32| {
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        let mut targets = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
        targets.any(|target| target == *file).then_some(pid)
    };
    let all = fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(holds).find_map(Pid::from_raw).expect("the daemon")
}

pub fn ended() {
    never_begun();
    // Each waits for a grace of seconds.
    thread::scope(|scope| {
        scope.spawn(asked_by_its_runner);
        scope.spawn(stubborn_under_its_runner);
        scope.spawn(asked_without_its_runner);
        scope.spawn(late_without_its_runner);
        scope.spawn(runner_stopped);
        scope.spawn(waited_for_in_a_session_of_its_own);
    });
}

/// What is cut while it looks does not go on to act, although its looking ends by that.
fn never_begun() {
    for (act, want) in [("look", Cause::Cancelled), ("late look", Cause::Timeout)] {
        let stage = Stage::new();
        let child = stage.launch(act).unwrap();
        until("the runner looks", || stage.has("checking"));
        if want == Cause::Cancelled {
            stage.leash.end();
        }
        let found = stage.watch(Some(child));
        let Aftermath::Ended(Outcome::Failed { cause, .. }) = found else { panic!("{found:?}") };
        assert_eq!((cause, stage.acted()), (want, 0), "{act}");
    }
}

fn pressures(stage: &Stage) -> Vec<Pressure> {
    stage.folder().signals().iter().map(|sent| sent.signal).collect()
}

fn asked_by_its_runner() {
    for by_leash in [true, false] {
        let (stage, child) = with_child("polite");
        if by_leash {
            stage.leash.end();
        } else {
            stage.cancel();
        }
        let found = stage.watch(Some(child));
        assert!(matches!(found, Aftermath::Ended(Outcome::Unknown { .. })), "{found:?}");
        assert!(stage.has("termed"), "TERM comes before anything else");
        assert_eq!(pressures(&stage), [Pressure::Term]);
        let told = stage.folder().signals()[0].told.to_string();
        assert!(told.contains(" sh"), "{told}");
    }
}

fn stubborn_under_its_runner() {
    let (stage, child) = with_child("stubborn");
    stage.leash.end();
    let found = stage.watch(Some(child));
    assert!(matches!(found, Aftermath::Ended(Outcome::Unknown { .. })), "{found:?}");
    assert_eq!(pressures(&stage), [Pressure::Term, Pressure::Kill]);
    assert!(is_gone(&stage.folder().file("alive")));
}

/// What left the session and is waited for is of the attempt too, though it loses its parent as
/// that is ended, and though it does not heed TERM.
fn waited_for_in_a_session_of_its_own() {
    for lost in [false, true] {
        let (stage, child) = with_child(
            "sh: setsid --wait sh -c \
            'trap \"\" TERM; exec 9>alive; flock 9; touch up; sleep 600'",
        );
        let alive = stage.folder().file("alive");
        if lost {
            kill(&child);
            until("the lock is free", || stage.folder().try_lock().unwrap().is_some());
            assert_eq!(stage.inspect(), None);
            stage.cancel();
        } else {
            stage.leash.end();
        }
        let found = stage.watch(if lost { None } else { Some(child) });
        let unknown =
            matches!(found, Aftermath::Unknown(_) | Aftermath::Ended(Outcome::Unknown { .. }));
        assert!(unknown, "{found:?}");
        assert!(is_gone(&alive), "it was let go");
    }
}

fn asked_without_its_runner() {
    for (act, want) in
        [("polite", vec![Pressure::Term]), ("stubborn", vec![Pressure::Term, Pressure::Kill])]
    {
        let (stage, child) = with_child(act);
        kill(&child);
        let (leash, alive) = (Arc::clone(&stage.leash), stage.folder().file("alive"));
        let (left, found) = watched(stage, Some(child));
        left.recv_timeout(PATIENCE).unwrap();
        leash.end();
        let (found, stage) = found.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(found, Aftermath::Unknown(_)), "{found:?}");
        assert_eq!(pressures(&stage), want);
        assert!(is_gone(&alive));
        assert_eq!(stage.has("termed"), act == "polite");
    }
    // A console that comes later finds the request in the folder.
    let (stage, child) = with_child("polite");
    kill(&child);
    stage.cancel();
    assert!(matches!(stage.watch(None), Aftermath::Unknown(_)));
    assert_eq!(pressures(&stage), [Pressure::Term]);
    drop(stage.watch(Some(child)));
}

fn late_without_its_runner() {
    let (stage, child) = with_child("late child");
    kill(&child);
    let found = stage.watch(Some(child));
    assert!(matches!(found, Aftermath::Unknown(_)), "{found:?}");
    assert!(is_gone(&stage.folder().file("alive")));
    assert!(!stage.has("effects"));
    assert_eq!(pressures(&stage), [Pressure::Term]);
}

fn runner_stopped() {
    let (stage, child) = with_child("child");
    let pid = Pid::from_raw(i32::try_from(child.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    stage.leash.end();
    let found = stage.watch(Some(child));
    assert!(matches!(found, Aftermath::Unknown(_)), "{found:?}");
    assert!(is_gone(&stage.folder().file("alive")));
    assert_eq!(pressures(&stage).first(), Some(&Pressure::Term));
}

pub fn withdrawn() {
    let expired = |found: Aftermath, stage: &Stage, why: &str| {
        let Aftermath::Ended(Outcome::Failed { cause: Cause::Expired, message }) = found else {
            panic!("{why}: {found:?}");
        };
        assert!(message.as_str().contains(why), "{message}");
        assert!(message.as_str().ends_with("nothing was done"), "{message}");
        assert_eq!(stage.acted(), 0);
    };
    // Taken back while it looks, before it is started at all, and after it has acted.
    let stage = Stage::new();
    let child = stage.launch("slow check").unwrap();
    until("the runner looks", || stage.has("checking"));
    stage.leash.void(&"the console went SAFE".into());
    go(stage.folder().path());
    expired(stage.watch(Some(child)), &stage, "taken back (the console went SAFE)");
    let stage = Stage::new();
    stage.leash.void(&"the plan was held".into());
    let child = stage.launch("noop").unwrap();
    expired(stage.watch(Some(child)), &stage, "taken back (the plan was held)");
    let (stage, child) = with_child("child");
    stage.leash.void(&"too late".into());
    go(stage.folder().path());
    assert!(matches!(stage.watch(Some(child)), Aftermath::Ended(Outcome::Applied { .. })));
    // A console that dies takes nothing back.
    let mut stage = Stage::new();
    let child = stage.launch("slow check").unwrap();
    until("the runner looks", || stage.has("checking"));
    stage.leash = Arc::new(Leash::default());
    go(stage.folder().path());
    assert!(matches!(stage.watch(Some(child)), Aftermath::Ended(Outcome::Applied { .. })));
    run_out(expired);
}

/// A runner that was stopped, or held up by a disk, does not act late.
fn run_out(expired: impl Fn(Aftermath, &Stage, &str)) {
    let granted = |expires: Stamp| {
        let mut stage = Stage::new();
        stage.intend_until(Some(expires));
        stage
    };
    let clock = SystemClock::new();
    let stage = granted(clock.now().plus(Duration::from_secs(60)));
    let child = stage.launch("noop").unwrap();
    assert!(matches!(stage.watch(Some(child)), Aftermath::Ended(Outcome::Applied { .. })));
    let stage = granted(clock.now());
    let child = stage.launch("noop").unwrap();
    expired(stage.watch(Some(child)), &stage, "run out");
    let expires = clock.now().plus(Duration::from_millis(1500));
    let stage = granted(expires);
    let child = stage.launch("slow check").unwrap();
    until("the runner looks", || stage.has("checking"));
    let pid = Pid::from_raw(i32::try_from(child.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    go(stage.folder().path());
    until("its grant runs out", || clock.now().boot_ms > expires.boot_ms);
    kill_process(pid, Signal::CONT).unwrap();
    expired(stage.watch(Some(child)), &stage, "run out");
    let mut other_boot = clock.now().plus(Duration::from_secs(60));
    other_boot.boot.0 ^= 1;
    let stage = granted(other_boot);
    let child = stage.launch("noop").unwrap();
    expired(stage.watch(Some(child)), &stage, "before this machine was started again");
}

pub fn cut() {
    let stage = Stage::new();
    let child = stage.launch("cut").unwrap();
    let found = stage.watch(Some(child));
    let Aftermath::Ended(Outcome::Applied { evidence }) = found else { panic!("{found:?}") };
    let mut texts = vec![("evidence".to_owned(), evidence.to_string())];
    for entry in fs::read_dir(stage.folder().path()).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        texts.push((path.display().to_string(), text));
    }
    let lines = output_since(&stage.dir(), &stage.intent.step, 1, 0).unwrap().lines;
    assert!(lines.len() > 10);
    texts.extend(lines.iter().map(|line| ("a line".to_owned(), line.to_string())));
    for (place, text) in texts {
        for part in SECRET.as_bytes().windows(8) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(!text.contains(part), "{part} in {place}");
        }
    }
}
