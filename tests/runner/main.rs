//! The runner as a real process: this test starts itself as one, kills it, cancels it.

#[expect(dead_code, reason = "other tests use more")]
#[path = "../stand/chance.rs"]
mod chance;
mod consoles;
mod deaths;
mod groups;
mod hands;
mod privacy;
mod stage;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use warroom::domain::ids::{RunId, StepId};
use warroom::domain::run::commit::Hash;
use warroom::domain::run::event::{Body, Cause, Outcome, Purpose};
use warroom::domain::text::Clean;
use warroom::port::Clock as _;
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal::lock::Lock;
use warroom::runtime::runner::folder::{
    EXIT_FILE, HEAD_FILE, LOCK_FILE, SPAWNED_FILE, TAIL_FILE, TIMES_FILE, VOID_FILE,
};
use warroom::runtime::runner::output::{HEAD_BYTES_MAX, TAIL_BYTES_MAX};
use warroom::runtime::runner::{self, Aftermath, LaunchError, output_since, watch};

use consoles::{console, killed_at_any_call, runner_killed_at_any_call, take_up, two_consoles};
use hands::build;
use stage::{Stage, kill, on_runtime, until};

/// What the operator of the runner under test does.
const ACT: &str = "RUNNER_TEST_ACT";
/// Starts this test as a console that makes one whole run.
const CONSOLE_COMMAND: &str = "console";
/// Starts this test as a console that takes a run up; succeeds when another one has it.
const TAKE_UP_COMMAND: &str = "take-up";
/// A secret that the operator knows and prints.
const SECRET: &str = "c0rrect/horse+battery";
/// How long anything here may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, folder] = arguments.as_slice()
        && command == runner::RUNNER_COMMAND
    {
        return runner::main(Path::new(folder), build);
    }
    if let [_, command, place] = arguments.as_slice() {
        match command.as_str() {
            CONSOLE_COMMAND => return console(Path::new(place)),
            TAKE_UP_COMMAND => return take_up(Path::new(place)),
            _ => {}
        }
    }
    let tests: &[(&str, fn())] = &[
        ("an_attempt_is_performed_once_and_leaves_its_traces", performed),
        ("every_end_has_its_outcome", ends),
        ("killed_while_acting_is_unknown", killed_while_acting),
        ("killed_before_acting_is_not_started_and_stays_so", killed_before_acting),
        ("nothing_is_performed_that_is_not_on_record", not_on_record),
        ("an_attempt_can_be_cancelled", cancelled),
        ("a_flood_is_bounded", flood),
        ("secrets_never_reach_the_disk", secrets),
        ("another_console_waits_on_the_lock", reattached),
        ("only_allowed_environment_goes_over", environment),
        ("children_left_behind_are_ended", orphans),
        ("an_attempt_is_not_over_while_what_it_started_runs", groups::not_over),
        ("what_runs_is_asked_to_end_before_it_is_made_to", groups::ended),
        ("a_grant_that_died_is_not_performed", groups::withdrawn),
        ("no_part_of_a_secret_gets_out_where_a_text_is_cut", groups::cut),
        ("a_runner_keeps_its_memory_to_itself", privacy::kept),
        ("whoever_dies_nothing_is_done_after_the_end", deaths::campaign),
        ("two_processes_cannot_have_one_run", two_consoles),
        ("a_runner_killed_at_any_call_leaves_the_truth", runner_killed_at_any_call),
        ("killed_at_any_call_a_run_resumes_and_acts_at_most_once", killed_at_any_call),
    ];
    let wanted = arguments.iter().skip(1).find(|argument| !argument.starts_with('-'));
    let chosen = tests.iter().filter(|(name, _)| wanted.is_none_or(|text| name.contains(text)));
    if arguments.iter().any(|argument| argument == "--list") {
        chosen.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    for (name, test) in chosen {
        test();
        println!("test {name} ... ok");
    }
    ExitCode::SUCCESS
}

fn performed() {
    let stage = Stage::new();
    let child = stage.launch("noop").unwrap();
    let found = stage.watch(Some(child));
    assert_eq!(found, Aftermath::Ended(Outcome::Applied { evidence: "promoted".into() }));
    assert_eq!(stage.acted(), 1);
    let out = output_since(&stage.dir(), &stage.intent.step, 1, 0).unwrap();
    assert_eq!(out.lines, [Clean::new("key lms-1/promote-pg/1")]);
    assert_eq!((out.next, out.missed), (23, 0));
    for name in ["intent", SPAWNED_FILE, EXIT_FILE, HEAD_FILE, TAIL_FILE, TIMES_FILE, LOCK_FILE] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(stage.folder().file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // Who reads it later knows when it was printed and when it ended.
    let ended = runner::ended_at(&stage.dir(), &stage.intent.step, 1).expect("it has a moment");
    let printed = out.at[0].expect("it has a moment");
    let spawned = stage.folder().spawned().unwrap().expect("it began").at;
    assert_eq!((printed.at_most(ended), spawned.at_most(printed)), (printed, spawned));
    assert_eq!(ended.at_most(SystemClock::new().now()), ended);
    // An end without a moment is an end all the same, as earlier versions wrote it.
    let exit = stage.folder().file(EXIT_FILE);
    fs::write(&exit, "{\"is\":\"applied\",\"evidence\":\"promoted\"}").unwrap();
    assert_eq!(runner::ended_at(&stage.dir(), &stage.intent.step, 1), None);
    fs::remove_file(stage.folder().file(TIMES_FILE)).unwrap();
    let out = output_since(&stage.dir(), &stage.intent.step, 1, 0).unwrap();
    assert_eq!((out.lines.len(), out.at), (1, vec![None]));
    // A second time it is refused at every door.
    assert!(matches!(stage.launch("noop"), Err(LaunchError::Again(_))));
    assert!(stage.late_runner_refuses());
    assert_eq!(stage.acted(), 1);
    assert!(matches!(stage.inspect(), Some(Aftermath::Ended(Outcome::Applied { .. }))));
}

fn ends() {
    let failed = |cause, message: &str| Outcome::Failed { cause, message: message.into() };
    let check = |act: &str, acted: u64, want: Outcome| {
        let stage = Stage::new();
        let child = stage.launch(act).unwrap();
        assert_eq!(stage.watch(Some(child)), Aftermath::Ended(want), "{act}");
        assert_eq!(stage.acted(), acted, "{act}");
    };
    check("already", 0, Outcome::AlreadySo { evidence: "it was promoted before".into() });
    // What was done before proves nothing of now.
    let proven = Outcome::Applied { evidence: "promoted".into() };
    check("already, to prove", 1, proven);
    let blind = "nothing was done: whether it is so already is unknown: no answer";
    check("blind", 0, failed(Cause::Error, blind));
    check("senseless", 1, Outcome::Applied { evidence: "promoted".into() });
    check("refused", 1, failed(Cause::Error, "not a standby"));
    check("permission", 1, failed(Cause::Error, "no right to promote"));
    check("ambiguous", 1, Outcome::Unknown { message: "the connection was cut".into() });
    let late = "not finished within 0.1s; whether it took effect is not known";
    check("late", 1, Outcome::Unknown { message: late.into() });
    let early = "not finished within 0.1s, before anything was done";
    check("late check", 0, failed(Cause::Timeout, early));
    let fault =
        "the step's own code failed (a fault in warroom); whether it took effect is not known";
    check("panic", 1, Outcome::Unknown { message: fault.into() });
    check("refuse to build", 0, failed(Cause::Error, "the token: [redacted] is not accepted"));
}

fn killed_while_acting() {
    let stage = Stage::new();
    let child = stage.launch("hang").unwrap();
    until("the runner acts", || stage.has("acting"));
    assert_eq!(stage.inspect(), None);
    kill(&child);
    assert!(matches!(stage.watch(Some(child)), Aftermath::Unknown(_)));
    assert!(matches!(stage.inspect(), Some(Aftermath::Unknown(_))));
    assert!(stage.late_runner_refuses());
    assert_eq!(stage.acted(), 1);
}

fn killed_before_acting() {
    let stage = Stage::new();
    let child = stage.launch("hang in build").unwrap();
    until("the runner builds", || stage.has("building"));
    kill(&child);
    assert_eq!(stage.watch(Some(child)), Aftermath::NotStarted);
    assert!(stage.has(VOID_FILE));
    assert_eq!(stage.inspect(), Some(Aftermath::NotStarted));
    assert!(stage.late_runner_refuses());
    assert_eq!((stage.acted(), stage.has(SPAWNED_FILE)), (0, false));
    // A console that died before it made the folder started nothing either.
    let stage = Stage::new();
    assert_eq!(stage.inspect(), Some(Aftermath::NotStarted));
    assert_eq!(stage.watch(None), Aftermath::NotStarted);
}

fn not_on_record() {
    let check = |what: &str, spoil: fn(&mut Stage)| {
        let mut stage = Stage::new();
        spoil(&mut stage);
        let child = stage.launch("noop").unwrap();
        assert_eq!(stage.watch(Some(child)), Aftermath::NotStarted, "{what}");
        assert_eq!(stage.acted(), 0, "{what}");
    };
    check("another hash", |stage| stage.intent.hash = Hash([7; 32]));
    check("another number", |stage| stage.intent.seq -= 1);
    check("a number that is not there yet", |stage| stage.intent.seq += 1);
    check("another attempt", |stage| stage.intent.attempt = 2);
    check("another step", |stage| stage.intent.step = StepId::new("other").unwrap());
    check("another purpose", |stage| stage.intent.purpose = Purpose::Compensate);
    check("another run", |stage| stage.intent.run = RunId::new("lms-2").unwrap());
    check("already over", |stage| {
        let (step, attempt) = (stage.intent.step.clone(), stage.intent.attempt);
        let outcome = Outcome::Failed { cause: Cause::NotStarted, message: "".into() };
        stage.record(Body::Ended { step, attempt, outcome });
    });
    check("another site file", |stage| {
        let path = stage.dir().join("site.frozen");
        fs::write(path, "site texT").unwrap();
    });
}

fn cancelled() {
    let stage = Stage::new();
    let child = stage.launch("hang").unwrap();
    until("the runner acts", || stage.has("acting"));
    stage.cancel();
    stage.cancel();
    let found = stage.watch(Some(child));
    assert!(matches!(found, Aftermath::Ended(Outcome::Unknown { .. })), "{found:?}");
    let stage = Stage::new();
    let child = stage.launch("hang in check").unwrap();
    until("the runner checks", || stage.has("checking"));
    stage.cancel();
    let found = stage.watch(Some(child));
    let cause = Cause::Cancelled;
    assert!(matches!(&found, Aftermath::Ended(Outcome::Failed { cause: c, .. }) if *c == cause));
    assert_eq!(stage.acted(), 0);
}

fn flood() {
    let stage = Stage::new();
    let child = stage.launch("flood").unwrap();
    assert!(matches!(stage.watch(Some(child)), Aftermath::Ended(Outcome::Applied { .. })));
    let size = |name| fs::metadata(stage.folder().file(name)).unwrap().len();
    assert!(size(HEAD_FILE) <= HEAD_BYTES_MAX as u64);
    assert!(size(TAIL_FILE) <= TAIL_BYTES_MAX as u64 + 32);
    let (mut lines, mut offset, mut missed) = (Vec::new(), 0, 0);
    loop {
        let part = output_since(&stage.dir(), &stage.intent.step, 1, offset).unwrap();
        if part.next == offset {
            break;
        }
        (offset, missed) = (part.next, missed + part.missed);
        lines.extend(part.lines);
    }
    assert_eq!(lines.first().unwrap().as_str(), format!("line 0 {}", "y".repeat(20)));
    assert_eq!(lines.last().unwrap().as_str(), "the last line");
    assert!(missed > 1_000_000, "{missed}");
}

fn secrets() {
    let stage = Stage::new();
    let child = stage.launch("secret").unwrap();
    let found = stage.watch(Some(child));
    let evidence = "logged in with [redacted]".into();
    assert_eq!(found, Aftermath::Ended(Outcome::Applied { evidence }));
    for entry in fs::read_dir(stage.folder().path()).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for canary in [SECRET, "abcdefghijklmnop", "MIIEow"] {
            assert!(!text.contains(canary), "{canary} in {}", path.display());
        }
    }
    let out = output_since(&stage.dir(), &stage.intent.step, 1, 0).unwrap();
    assert_eq!(out.lines[0].as_str(), "password is [redacted]");
}

fn reattached() {
    let stage = Stage::new();
    let child = stage.launch("hang").unwrap();
    until("the runner acts", || stage.has("acting"));
    // Another console has no child to wait for; the request to end comes while it waits.
    let (dir, step) = (stage.dir(), stage.intent.step.clone());
    let found = watch(&dir, &step, 1, None, std::sync::Arc::default(), drop);
    stage.cancel();
    let found = on_runtime(found);
    assert!(matches!(found, Aftermath::Ended(Outcome::Unknown { .. })), "{found:?}");
    assert!(matches!(stage.watch(Some(child)), Aftermath::Ended(_)));
}

fn environment() {
    let stage = Stage::new();
    let child = stage.launch("environment").unwrap();
    assert!(matches!(stage.watch(Some(child)), Aftermath::Ended(_)));
    let out = output_since(&stage.dir(), &stage.intent.step, 1, 0).unwrap();
    assert!(!out.lines.is_empty());
    for line in &out.lines {
        let name = line.as_str().split('=').next().unwrap();
        assert!(runner::ENVIRONMENT.contains(&name) || name == ACT, "{line}");
    }
    // Of the many variables that cargo sets for a test, none went over.
    assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
}

fn orphans() {
    let stage = Stage::new();
    let child = stage.launch("orphan").unwrap();
    until("the child is up", || stage.has("up"));
    stage.cancel();
    assert!(matches!(stage.watch(Some(child)), Aftermath::Ended(Outcome::Unknown { .. })));
    let alive = stage.folder().file("alive");
    until("the child is gone", || Lock::try_take(&alive).unwrap().is_some());
}
