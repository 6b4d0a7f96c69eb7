//! The campaign: every state, with and without heartbeats, several pairs at a time.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::judge::{self, Counts, Heard, SHOWN_MS};
use super::line::lasts;
use super::promoted;
use super::rig::Rig;
use super::said::{self, Said};
use super::servers::{Servers, wall_ms};
use super::states::{End, STATES, State, Store};
use crate::seat::{self, Seat, pass};
use crate::servers::DEADLINE;
use crate::servers::postgres::Pair;
use crate::turns::{Group, turn};

/// Cases of the sample: a state, and whether there are heartbeats.
const SAMPLE: [(&str, bool); 6] = [
    ("healthy", true),
    ("link-cut", true),
    ("replay-paused", true),
    ("link-late", true),
    ("memory-full", true),
    ("idle", false),
];

/// Pairs at a time.
const PAIRS: usize = 2;

/// A rule wants three failed looks, each of which may take a period more.
const RULES_MS: i64 = 8_000;

/// Two looks at a screen are so far apart.
const SCREEN_EVERY: Duration = Duration::from_millis(250);

/// How often is looked, in a case.
#[derive(Debug, Clone, Copy)]
struct Depth {
    samples: usize,
    /// While a state heals.
    after: usize,
    apart: Duration,
}

const WHOLE: Depth = Depth { samples: 20, after: 6, apart: Duration::from_millis(1_300) };
const SMALL: Depth = Depth { samples: 3, after: 0, apart: Duration::from_millis(700) };

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The cases to be lived through: a state, and whether there are heartbeats.
fn cases() -> (Vec<(&'static State, bool)>, Depth) {
    let all = STATES.iter().flat_map(|state| [true, false].map(|beats| (state, beats)));
    let mut all: Vec<_> = all.filter(|(state, beats)| judge::has_case(state, *beats)).collect();
    if let Ok(name) = std::env::var("WARROOM_STATE") {
        all.retain(|(state, _)| state.name == name);
        assert!(!all.is_empty(), "no state is called {name}");
        return (all, WHOLE);
    }
    let count = match std::env::var("WARROOM_CAMPAIGN").as_deref() {
        Ok("full") => all.len(),
        Ok(number) => number.parse().expect("`full` or a number of cases"),
        Err(_) => {
            all.retain(|(state, beats)| SAMPLE.contains(&(state.name, *beats)));
            assert_eq!(all.len(), SAMPLE.len(), "a case of the sample is gone");
            return (all, SMALL);
        }
    };
    let first = number("WARROOM_SEED").unwrap_or(1).saturating_sub(1);
    (all.into_iter().skip(first).take(count).collect(), WHOLE)
}

#[test]
fn every_state_is_shown_as_it_is() {
    let Some(_turn) = turn(Group::Truth) else { return };
    let (cases, depth) = cases();
    let pairs = number("WARROOM_PAIRS").unwrap_or(PAIRS).min(cases.len());
    let (template, begin) = (Pair::template(), Instant::now());
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Counts::default()));
    std::thread::scope(|scope| {
        for _ in 0..pairs {
            scope.spawn(|| {
                let mut rig = Rig::new();
                while let Some((state, beats)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let counts = lived(&mut rig, &template, state, *beats, depth);
                    total.lock().unwrap().add(&counts);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("{} cases: {total}, in {:.0?}", cases.len(), begin.elapsed());
    assert!(total.faults.is_empty(), "{:#?}", judge::summed(&total.faults));
    assert!(total.figures > 0, "nothing was tested: {total}");
}

/// One case, told in one line and what is wrong with it; a case that breaks down is a fault.
fn lived(rig: &mut Rig, template: &Pair, state: &State, beats: bool, depth: Depth) -> Counts {
    let name = format!("{}{}", state.name, if beats { "" } else { ", no heartbeats" });
    let begin = Instant::now();
    let work = || case(rig, template, state, beats, depth);
    let mut counts = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|why| {
        let text = why.downcast_ref::<String>().map(String::as_str);
        let text = text.or(why.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        let first = text.lines().next().unwrap_or("");
        Counts { faults: vec![format!("broke down: {first:.300}")], ..Counts::default() }
    });
    println!("{name}: {counts}, in {:.0?}", begin.elapsed());
    for fault in judge::summed(&counts.faults) {
        println!("    {fault}");
    }
    counts.faults.iter_mut().for_each(|fault| fault.insert_str(0, &format!("{name}: ")));
    counts
}

fn sit_down(rig: &Rig, place: &Path, arguments: &[&str]) -> Seat {
    let site = rig.site().display().to_string();
    let arguments = [&["--site", &site][..], arguments].concat();
    let environment = &Rig::secrets();
    let start = seat::Start { arguments: &arguments, environment, ..seat::Start::default() };
    Seat::take(place, &start)
}

fn case(rig: &mut Rig, template: &Pair, state: &State, beats: bool, depth: Depth) -> Counts {
    rig.begin_again(template, beats);
    let (logs, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut servers = Servers::start(rig, logs.path(), beats);
    let mut console = sit_down(rig, place.path(), &["--as", "anna"]);
    let watch = sit_down(rig, place.path(), &["watch"]);
    for seat in [&console, &watch] {
        seat.until_within("all works and every lag is known", DEADLINE, |text| {
            said::screen(text, 0, 0).is_well()
        });
    }
    lasts(2);
    let mut heard = listen(rig, &mut servers, [&console, &watch], (state, depth), place.path());
    let mut faults = Vec::new();
    if matches!(state.end, End::Promoted) {
        promoted::by_keys(&mut console);
        faults = promoted::judge(rig, &servers, place.path(), beats);
    }
    servers.stop();
    heard.console.retain(|said| said.from > heard.begun - SHOWN_MS);
    heard.watch.retain(|said| said.from > heard.begun - SHOWN_MS);
    let [pg, cache] = Store::BOTH.map(|store| servers.seen(store));
    let mut counts = judge::judge(state, beats, &heard, [&pg, &cache]);
    counts.faults.extend(faults);
    if !counts.faults.is_empty() && std::env::var_os("WARROOM_STATE").is_some() {
        print!("{}", judge::story(&heard));
        println!("{}", heard.puzzle);
    }
    counts
}

/// Makes the state and ends it, and takes down all that is said meanwhile.
fn listen(
    rig: &mut Rig,
    servers: &mut Servers,
    seats: [&Seat; 2],
    (state, depth): (&State, Depth),
    place: &Path,
) -> Heard {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let samples = scope.spawn(|| {
            let work = || samples(rig, servers, (state, depth), place);
            let heard = catch_unwind(AssertUnwindSafe(work));
            // Truth and screens are known around the last sample too.
            lasts(3);
            over.store(true, Ordering::SeqCst);
            heard.unwrap_or_else(|why| resume_unwind(why))
        });
        let ([console, watch], puzzle) = screens(seats, &over);
        let heard = samples.join().unwrap_or_else(|why| resume_unwind(why));
        Heard { console, watch, puzzle, ..heard }
    })
}

fn samples(
    rig: &mut Rig,
    servers: &mut Servers,
    (state, depth): (&State, Depth),
    place: &Path,
) -> Heard {
    let begun = wall_ms();
    (state.make)(rig, servers);
    let made = wall_ms();
    let mut status = Vec::new();
    let look = |rig: &Rig, count: usize, status: &mut Vec<Said>| {
        for _ in 0..count {
            status.push(said::status(rig, place));
            pass(depth.apart);
        }
    };
    look(rig, depth.samples, &mut status);
    let ended = wall_ms();
    if let End::Heals(heal) = state.end {
        heal(rig, servers);
        look(rig, depth.after, &mut status);
    }
    let settled = made + RULES_MS;
    let (console, watch, puzzle) = (Vec::new(), Vec::new(), String::new());
    Heard { status, console, watch, begun, made, settled, ended, puzzle }
}

/// What the screens say, again and again, and the first of them that could not be read.
fn screens(seats: [&Seat; 2], over: &AtomicBool) -> ([Vec<Said>; 2], String) {
    let (mut said, mut puzzle) = ([Vec::new(), Vec::new()], String::new());
    while !over.load(Ordering::SeqCst) {
        for (seat, said) in seats.iter().zip(&mut said) {
            let (text, at) = (seat.screen(), wall_ms());
            let one = said::screen(&text, at - SHOWN_MS, at);
            if puzzle.is_empty() && !one.is_readable() {
                puzzle = text;
            }
            said.push(one);
        }
        pass(SCREEN_EVERY);
    }
    (said, puzzle)
}
