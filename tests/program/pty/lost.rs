//! A runner that is gone, a command nobody can look at, a window that slept, memory kept private.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use warroom::domain::run::event::{Body, Outcome, Pressure};

use super::toy::Toy;
use crate::seat::{pass, until};

#[test]
fn what_a_lost_runner_started_is_said_and_ended_by_x_in_safe() {
    // Its command sleeps far longer than this test takes.
    let toy = Toy::new(15_000);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.arms();
    seat.runs("one", "run one");
    until("its runner", || toy.spawned("one").is_some());
    let runner = toy.spawned("one").and_then(|spawned| Pid::from_raw(spawned.pid));
    pass(Duration::from_millis(500));
    kill_process(runner.expect("a number"), Signal::KILL).expect("it runs");
    seat.shows("its runner is gone");
    assert!(!toy.has(|body| matches!(body, Body::Ended { .. })), "it is not over");
    // No word of a person makes it over while it runs.
    for key in ["U", "R", "r"] {
        seat.verb(key);
        seat.shows("what it started still runs: abort it");
    }
    seat.verb("A");
    seat.shows("[SAFE]");
    seat.opens("X", "ABORT THE RUNNING STEP");
    seat.types_seen("abort one");
    seat.press("\r");
    seat.shows("? UNKNOWN");
    let sent = |body: &Body| matches!(body, Body::Signalled { signal: Pressure::Term, .. });
    until("the signal on record", || toy.has(sent));
    assert!(toy.effects().is_empty(), "it was ended before its effect");
}

#[test]
fn a_command_that_nobody_can_look_at_is_asked_of_a_person_at_once() {
    let toy = Toy::unseen(10);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.arms();
    seat.runs("one", "run one");
    seat.shows("? UNKNOWN");
    let record = toy.record();
    let ends = record.iter().filter_map(|event| match &event.body {
        Body::Ended { outcome, .. } => Some((event.at, outcome)),
        _ => None,
    });
    let ends: Vec<_> = ends.collect();
    let [(applied, Outcome::Applied { .. }), (unknown, Outcome::Unknown { message })] = &ends[..]
    else {
        panic!("{ends:?}");
    };
    // The step's own limit is 20 s.
    assert!(unknown.since(*applied) < Duration::from_secs(8), "{applied:?} {unknown:?}");
    assert!(message.as_str().contains("no `check`"), "{message}");
    assert!(message.as_str().contains("exit 0"), "{message}");
    seat.opens("U", "RESOLVE AN UNKNOWN");
    seat.types_seen("\tits line is there");
    seat.press("\r");
    until("the word on record", || toy.has(|body| matches!(body, Body::Resolved { .. })));
}

#[test]
fn a_stop_window_that_slept_starts_nothing() {
    let toy = Toy::new(10);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.arms();
    seat.opens("r", "━ RUN ");
    seat.types_seen("run one");
    seat.press("\r");
    seat.shows("it starts in a moment");
    seat.signal(Signal::STOP);
    pass(Duration::from_secs(4));
    seat.signal(Signal::CONT);
    seat.shows("this console stood still");
    assert!(!toy.has(|body| matches!(body, Body::Intended { .. })));
}

#[test]
fn a_console_leaves_no_core_dump() {
    let toy = Toy::new(10);
    let seat = toy.seat(&[]);
    seat.shows("READINESS");
    let proc = std::path::Path::new("/proc").join(seat.number().to_string());
    let Ok(limits) = std::fs::read_to_string(proc.join("limits")) else { return };
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Vec<&str> = core.expect("a limit").split_ascii_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"]);
    if !rustix::process::geteuid().is_root() {
        use std::os::unix::fs::MetadataExt as _;
        // The kernel gives the files of a process that keeps its memory to itself to root.
        assert_eq!(std::fs::metadata(proc.join("environ")).expect("it is listed").uid(), 0);
    }
}
