//! Killed at any moment and at any call: what was authorised is known, done once, and goes on.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use warroom::domain::run::event::{Body, Cause, Outcome, RunEvent};
use warroom::runtime::journal;

use super::driver::{Way, drive};
use super::toy::{STEPS, Toy};
use crate::seat::{PATIENCE, Seat, pass};
use crate::stand::chance::Chance;

/// Set to `full` for whole campaigns; else samples run.
const CAMPAIGN: &str = "WARROOM_CAMPAIGN";

/// Moments at which consoles are killed in a whole campaign, and in a sample.
const MOMENTS: (u32, u32) = (200, 12);

/// Consoles at once; they wait for hands most of the time.
const WORKERS: u32 = 10;

/// How long a step takes before and after its effect, in milliseconds.
const STEP_MS: u32 = 120;

/// A person needs about this long for the whole run of the toy.
const RUN_MS: u64 = 12_000;

/// The calls that change a disk, a process or the screen.
const CALLS: [&str; 9] =
    ["write", "fdatasync", "fsync", "rename", "clone3", "execve", "mkdir", "flock", "openat"];

/// Calls are counted for each thread; beyond these a whole run makes no more of the rare ones.
const NUMBERS: (u32, u32) = (40, 2);

fn is_full() -> bool {
    std::env::var(CAMPAIGN).is_ok_and(|value| value == "full")
}

fn sized((full, sample): (u32, u32)) -> u32 {
    if is_full() { full } else { sample }
}

/// Does a numbered piece of work on some threads, and answers how often it said true.
fn in_parallel(count: u32, work: impl Fn(u32) -> bool + Sync) -> u32 {
    let (next, yes) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= count {
                        return;
                    }
                    if work(number) {
                        yes.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    yes.into_inner()
}

fn count(events: &[RunEvent], word: impl Fn(&Body) -> bool) -> usize {
    events.iter().filter(|event| word(&event.body)).count()
}

/// The truths of a run that was finished by consoles of which some were killed. Answers in how many
/// attempts nothing was started.
fn judge(toy: &Toy, what: &str, runner_may_die: bool) -> usize {
    let folder = toy.run_folder().expect("a run");
    let back = journal::read(&folder).expect("the journal can be read");
    assert!(back.finding.may_go_on(), "{what}: {:?}", back.finding);
    let effects: BTreeMap<String, u32> = toy.effects();
    let mut not_started = 0;
    for step in STEPS {
        let intents: Vec<u32> = back
            .events
            .iter()
            .filter_map(|event| match &event.body {
                Body::Intended { step: name, attempt, .. } if name.as_str() == step => {
                    Some(*attempt)
                }
                _ => None,
            })
            .collect();
        let numbers: Vec<u32> = (1..).take(intents.len()).collect();
        assert_eq!(intents, numbers, "{what}: no attempt is authorised twice");
        for attempt in intents {
            let outcomes: Vec<&Outcome> = back
                .events
                .iter()
                .filter_map(|event| match &event.body {
                    Body::Ended { step: name, attempt: number, outcome }
                        if name.as_str() == step && *number == attempt =>
                    {
                        Some(outcome)
                    }
                    _ => None,
                })
                .collect();
            let acted = effects.get(&format!("{step}/{attempt}")).copied().unwrap_or(0);
            assert!(acted <= 1, "{what}: {step}/{attempt} acted {acted} times");
            match outcomes.as_slice() {
                [Outcome::Applied { .. }] => assert_eq!(acted, 1, "{what}: {step}/{attempt}"),
                [Outcome::Failed { cause: Cause::NotStarted, .. }] => {
                    assert_eq!(acted, 0, "{what}: {step}/{attempt}");
                    not_started += 1;
                }
                [Outcome::Unknown { .. }, ..]
                | [Outcome::Failed { .. } | Outcome::AlreadySo { .. }]
                    if runner_may_die => {}
                other => panic!("{what}: {step}/{attempt} ended {other:?}"),
            }
        }
        let all: u32 =
            effects.iter().filter(|(key, _)| key.starts_with(step)).map(|(_, count)| count).sum();
        assert_eq!(all, 1, "{what}: {step} took effect once in all: {effects:?}");
    }
    assert_eq!(count(&back.events, |body| matches!(body, Body::Closed { .. })), 1, "{what}");
    assert_eq!(count(&back.events, |body| matches!(body, Body::Opened { .. })), 1, "{what}");
    not_started
}

/// Kills a console some time after it started, or after the next intent is on record.
fn kill_at(toy: &Toy, seat: &mut Seat, chance: &mut Chance) {
    let after_intent = chance.below(2) == 0;
    let wanted = usize::try_from(1 + chance.below(2)).expect("1 or 2");
    let time = Duration::from_millis(chance.below(if after_intent { 400 } else { RUN_MS }));
    let number = seat.number();
    let over = Mutex::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let begin = Instant::now();
            let intents = || count(&toy.record(), |body| matches!(body, Body::Intended { .. }));
            while after_intent
                && intents() < wanted
                && begin.elapsed() < PATIENCE
                && !*over.lock().expect("no panic holds it")
            {
                pass(Duration::from_millis(3));
            }
            pass(time);
            let pid = rustix::process::Pid::from_raw(number).expect("a number");
            // Fails only when the console was quicker; it is not waited for before this.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        });
        drive(toy, seat, Way::UntilItEnds);
        *over.lock().expect("no panic holds it") = true;
    });
}

#[test]
fn killed_at_any_moment_a_run_goes_on() {
    let moments = sized(MOMENTS);
    let not_started = AtomicU32::new(0);
    let begin = Instant::now();
    let early = in_parallel(moments, |seed| {
        let what = format!("moment {seed}");
        let mut chance = Chance(u64::from(seed));
        let toy = Toy::new(STEP_MS);
        // Some runs lose two consoles.
        for _ in 0..=chance.below(2) {
            let mut seat = toy.seat(&[]);
            kill_at(&toy, &mut seat, &mut chance);
            seat.ends();
        }
        let before_the_end = !toy.is_closed();
        finish(&toy, &what);
        let none = judge(&toy, &what, false);
        not_started.fetch_add(u32::try_from(none).expect("a few"), Ordering::SeqCst);
        before_the_end
    });
    println!(
        "{moments} runs, {early} killed before their end, {} attempts not started, 0 unknown, \
         0 twice, in {:.0?}",
        not_started.into_inner(),
        begin.elapsed()
    );
    assert!(early * 2 > moments, "most consoles were killed before the end: {early}");
}

/// A last console, which nobody kills, brings the run to its end.
fn finish(toy: &Toy, what: &str) {
    if !toy.is_closed() {
        let mut seat = toy.seat(&[]);
        assert!(drive(toy, &mut seat, Way::ToTheEnd), "{what}\n{}", seat.screen());
        assert_eq!(seat.errors(), "", "{what}");
    }
}

/// The leader of the group that a runner gave its command; none before that or after its end.
fn command_of(runner: i32) -> Option<Pid> {
    let pids = std::fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let leads = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields: Vec<i32> = stat
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .split(' ')
            .filter_map(|field| field.parse().ok())
            .collect();
        // After the state: the parent, the group, the session.
        fields.get(1) == Some(pid) && fields.get(2) == Some(&runner) && *pid != runner
    };
    pids.into_iter().find(leads).and_then(Pid::from_raw)
}

/// Kills the runner of a step alone, its command alone, or both, some time after it began to act.
fn kill_apart(toy: &Toy, step: &str, way: u64, time: Duration) -> bool {
    let begin = Instant::now();
    let spawned = loop {
        match toy.spawned(step) {
            Some(spawned) => break spawned,
            None if begin.elapsed() > PATIENCE => return false,
            None => pass(Duration::from_millis(2)),
        }
    };
    pass(time);
    let runner = Pid::from_raw(spawned.pid).expect("a number");
    let command = command_of(spawned.pid);
    if toy.run_folder().is_some_and(|run| run.join(format!("attempts/{step}/1/exit")).exists()) {
        return false;
    }
    // A command ends with all that it started, or alone.
    let kill_command = |command: Option<Pid>| match command {
        Some(pid) if time.as_millis().is_multiple_of(2) => {
            kill_process_group(pid, Signal::KILL).is_ok()
        }
        Some(pid) => kill_process(pid, Signal::KILL).is_ok(),
        None => false,
    };
    match way {
        0 => kill_process(runner, Signal::KILL).is_ok(),
        1 => kill_command(command),
        2 => kill_process(runner, Signal::KILL).is_ok() | kill_command(command),
        _ => kill_command(command) | kill_process(runner, Signal::KILL).is_ok(),
    }
}

#[test]
fn killed_apart_from_its_command_a_runner_never_makes_two_of_it() {
    let moments = sized(MOMENTS);
    let (lost, begin) = (AtomicU32::new(0), Instant::now());
    let hit = in_parallel(moments, |seed| {
        let what = format!("death {seed}");
        let mut chance = Chance(u64::from(seed) + 1_000_000);
        let toy = Toy::new(STEP_MS * 5);
        let step = STEPS[usize::try_from(chance.below(2)).expect("0 or 1")];
        let way = chance.below(4);
        let time = Duration::from_millis(chance.below(u64::from(STEP_MS) * 11));
        let mut seat = toy.seat(&[]);
        let hit = std::thread::scope(|scope| {
            let killer = scope.spawn(|| kill_apart(&toy, step, way, time));
            assert!(drive(&toy, &mut seat, Way::ToTheEnd), "{what}\n{}", seat.screen());
            killer.join().expect("it kills or does not")
        });
        judge(&toy, &what, true);
        if toy.has(|body| matches!(body, Body::RunnerLost { .. })) {
            lost.fetch_add(1, Ordering::SeqCst);
        }
        hit
    });
    println!(
        "seeds 0 to {}: {hit} killed apart, {} commands outlived their runner, 0 twice, in {:.0?}",
        moments - 1,
        lost.into_inner(),
        begin.elapsed()
    );
    assert!(hit * 2 > moments, "most were killed before they ended: {hit}");
}

/// True when the console was killed at that call.
fn killed_at_call(call: &str, number: u32) -> bool {
    let what = format!("{call} {number}");
    let toy = Toy::new(20);
    let (traced, injected) =
        (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={number}"));
    let strace = ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", &traced, "-e", &injected];
    let mut seat = toy.seat(&strace);
    drive(&toy, &mut seat, Way::UntilItEnds);
    let killed = seat.has_ended();
    // The tracer lives as long as its console.
    let number = seat.number();
    let children = std::fs::read_to_string(format!("/proc/{number}/task/{number}/children"));
    for child in children.unwrap_or_default().split_whitespace() {
        let pid = child.parse().ok().and_then(rustix::process::Pid::from_raw);
        let _ = rustix::process::kill_process(pid.expect("a number"), Signal::KILL);
    }
    seat.ends();
    finish(&toy, &what);
    // The tracer kills whoever makes the call, which may be a runner.
    judge(&toy, &what, true);
    killed
}

#[test]
fn killed_at_any_call_a_run_goes_on() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        let strict = std::env::var("WARROOM_REAL").as_deref() == Ok("strict");
        assert!(!strict, "install strace: a strict run tests everything");
        println!("not tested: strace is not installed");
        return;
    }
    let numbers = sized(NUMBERS);
    let begin = Instant::now();
    let all = u32::try_from(CALLS.len()).expect("a few") * numbers;
    let killed = in_parallel(all, |index| {
        let (call, number) = (index / numbers, index % numbers + 1);
        // A sample takes the first call and one from the middle of a run.
        let number = if is_full() || number == 1 { number } else { 3 + call % 5 };
        killed_at_call(CALLS[call as usize], number)
    });
    println!("{all} runs, {killed} killed at a call, in {:.0?}", begin.elapsed());
    assert!(killed > 0, "nothing was tested");
}
