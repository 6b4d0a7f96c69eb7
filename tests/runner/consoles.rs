//! Whole consoles as processes of their own, two at once, and killed at every call.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use warroom::domain::ids::StepId;
use warroom::domain::run::event::{Body, Outcome};
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal::{Journal, JournalError, ReadBack, read};
use warroom::runtime::runner::folder::{AttemptFolder, SPAWNED_FILE};
use warroom::runtime::runner::{self, Aftermath, watch};

use crate::stage::{Stage, actor, on_runtime};
use crate::{CONSOLE_COMMAND, TAKE_UP_COMMAND};

/// One whole run, from its folder to its outcome; prints the number of each acknowledged record.
pub fn console(dir: &Path) -> ExitCode {
    let mut stage = Stage::at(dir, |seq| println!("{seq}"));
    let child = stage.launch("noop").unwrap();
    let Aftermath::Ended(outcome) = stage.watch(Some(child)) else { return ExitCode::from(2) };
    let (step, attempt) = (stage.intent.step.clone(), stage.intent.attempt);
    stage.record(Body::Ended { step, attempt, outcome });
    ExitCode::SUCCESS
}

fn resume(dir: &Path) -> Result<(Journal, ReadBack), JournalError> {
    Journal::resume(dir, &actor(), Arc::new(SystemClock::new()), Box::new(|_| {}))
}

pub fn take_up(dir: &Path) -> ExitCode {
    match resume(dir) {
        Err(JournalError::Locked(_)) => ExitCode::SUCCESS,
        Ok(_) | Err(_) => ExitCode::FAILURE,
    }
}

pub fn two_consoles() {
    let stage = Stage::new();
    let refused = || {
        let exe = std::env::current_exe().unwrap();
        Command::new(exe).arg(TAKE_UP_COMMAND).arg(stage.dir()).status().unwrap().success()
    };
    assert!(refused());
    drop(stage.journal);
    assert!(
        !Command::new(std::env::current_exe().unwrap())
            .arg(TAKE_UP_COMMAND)
            .arg(&stage.dir)
            .status()
            .unwrap()
            .success()
    );
}

/// The calls that change a disk or a process.
const CALLS: [&str; 8] =
    ["mkdir", "write", "fsync", "fdatasync", "rename", "flock", "execve", "setsid"];

/// The same of a runner; it makes no folder and appends to no journal.
const RUNNER_CALLS: [&str; 7] =
    ["openat", "write", "fsync", "rename", "flock", "setsid", "ftruncate"];

/// Calls `killed_at` with every call and 1, 2, 3 and so on, far out in larger strides, until
/// nothing was killed any more.
fn kill_at_every(calls: &[&str], killed_at: fn(&str, u32) -> bool) {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        let strict = std::env::var("WARROOM_REAL").as_deref() == Ok("strict");
        assert!(!strict, "install strace: a strict run tests everything");
        println!("     not tested: strace is not installed");
        return;
    }
    for call in calls {
        // A runner opens the list of all processes: those openings are all alike.
        let mut numbers = (1..150).chain((150..100_000).step_by(97));
        let survived = numbers.find(|number| !killed_at(call, *number));
        // Each of these is called at least once, or nothing was tested.
        assert!(survived.is_some_and(|number| number > 1), "{call}: {survived:?}");
    }
}

pub fn killed_at_any_call() {
    kill_at_every(&CALLS, killed_at);
}

pub fn runner_killed_at_any_call() {
    kill_at_every(&RUNNER_CALLS, runner_killed_at);
}

fn strace(call: &str, number: u32) -> Command {
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"])
        .arg(format!("inject={call}:signal=SIGKILL:when={number}"))
        .arg(std::env::current_exe().unwrap())
        .stderr(Stdio::null());
    strace
}

/// True when the runner was killed; what its folder then says is what it did.
fn runner_killed_at(call: &str, number: u32) -> bool {
    let what = format!("{call} {number}");
    let stage = Stage::new();
    AttemptFolder::create(&stage.dir(), &stage.intent).unwrap();
    let status = strace(call, number)
        .arg(runner::RUNNER_COMMAND)
        .arg(stage.folder().path())
        .status()
        .unwrap();
    let found = stage.watch(None);
    match &found {
        Aftermath::NotStarted => assert_eq!(stage.acted(), 0, "{what}"),
        Aftermath::Unknown(_) => assert!(stage.has(SPAWNED_FILE), "{what}"),
        Aftermath::Ended(outcome) => {
            assert_eq!(*outcome, Outcome::Applied { evidence: "promoted".into() }, "{what}");
            assert_eq!(stage.acted(), 1, "{what}");
        }
    }
    let acted = stage.acted();
    assert!(stage.late_runner_refuses(), "{what}");
    assert_eq!((stage.acted(), stage.watch(None)), (acted, found), "{what}");
    !status.success()
}

/// True when something was killed; either way nothing acknowledged is lost, the attempt was made
/// at most once, and what is known of it is true.
fn killed_at(call: &str, number: u32) -> bool {
    let what = format!("{call} {number}");
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let output = strace(call, number).arg(CONSOLE_COMMAND).arg(&dir).output().unwrap();
    let acknowledged = String::from_utf8_lossy(&output.stdout).lines().count();
    let step = StepId::new("promote-pg").unwrap();
    let folder = AttemptFolder::of(&dir, &step, 1);
    let acted = || fs::metadata(folder.file("acted")).map_or(0, |meta| meta.len());
    let Ok((journal, read_back)) = resume(&dir) else {
        assert_eq!((acknowledged, acted()), (0, 0), "{what}");
        return true;
    };
    assert!(read_back.events.len() > acknowledged, "{what}");
    let found = on_runtime(watch(&dir, &step, 1, None, Arc::default(), drop));
    let over = read_back.events.iter().find_map(|event| match &event.body {
        Body::Ended { outcome, .. } => Some(Aftermath::Ended(outcome.clone())),
        _ => None,
    });
    assert!(over.is_none_or(|over| over == found), "{what}");
    match &found {
        Aftermath::NotStarted => assert_eq!(acted(), 0, "{what}"),
        Aftermath::Ended(outcome) => {
            assert_eq!(*outcome, Outcome::Applied { evidence: "promoted".into() }, "{what}");
            assert_eq!(acted(), 1, "{what}");
        }
        Aftermath::Unknown(_) => assert!(acted() <= 1 && folder.has(SPAWNED_FILE), "{what}"),
    }
    let before = acted();
    if folder.has("intent") {
        let mut late = Command::new(std::env::current_exe().unwrap());
        late.arg(runner::RUNNER_COMMAND).arg(folder.path()).stderr(Stdio::null());
        assert!(!late.status().unwrap().success(), "{what}");
    }
    assert_eq!(acted(), before, "{what}");
    drop(journal);
    assert!(read(&dir).unwrap().finding.may_go_on(), "{what}");
    !output.status.success()
}
