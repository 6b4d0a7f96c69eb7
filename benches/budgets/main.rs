//! What the whole program costs, measured from outside of it against the budgets of the design.
//!
//! `cargo bench` prints everything: this table, the journal's cost beside the bare disk
//! (`journal`), and the cost of a judgement and of a forecast (`think`).
//! `cargo bench --bench budgets` prints this table alone, `cargo bench --bench budgets -- keys` the
//! rows of one name. Whatever else runs on the machine is in the figures: compare within one run.

mod long;
#[expect(dead_code, reason = "the tests of the terminal use more of it")]
#[path = "../../tests/seat/mod.rs"]
mod seat;
mod site;
mod table;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seat::{Seat, Start, WARROOM, pass};
use site::{Peers, Place};
use table::budget;
use warroom::domain::run::event::Body;
use warroom::runtime::journal;

/// Starts measured for the time to the first frame.
const STARTS: usize = 20;

/// Keys pressed for one row.
const KEYS: usize = 150;

/// How long an idle console is watched.
const IDLE: Duration = Duration::from_secs(10);

/// Steps that do nothing.
const STEPS: usize = 8;

fn main() {
    let wanted = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let rows: [(&str, fn()); 13] = [
        ("start", start),
        ("keys", keys),
        ("flood", flood),
        ("idle", idle),
        ("thousand", thousand),
        ("peers", peers),
        ("recording", recording),
        ("red", red),
        ("step", step),
        ("back", back),
        ("overlay", overlay),
        ("replay", replay),
        ("status", status),
    ];
    println!("{:<52} {:>8} {:>8}   measured", "budget", "first", "final");
    for (name, measure) in rows {
        if wanted.as_ref().is_none_or(|wanted| name.contains(wanted.as_str())) {
            measure();
        }
    }
}

fn console(place: &Place) -> Seat {
    let site = place.site();
    let start = Start {
        program: &[WARROOM],
        arguments: &["--site", &site, "--as", "anna"],
        ..Start::default()
    };
    Seat::take(place.path(), &start)
}

fn leave(mut seat: Seat) {
    seat.signal(Signal::TERM);
    seat.ends();
}

fn first_frame(place: &Place) -> Duration {
    let begin = Instant::now();
    let seat = console(place);
    let (frame, _) = seat.frame_after(0);
    leave(seat);
    frame - begin
}

fn start() {
    let counts = [("1 system", 1, 8.0), ("50 systems", 50, 10.0), ("1,000 systems", 1000, 20.0)];
    for (what, count, last) in counts {
        let peers = Peers::start();
        let place = Place::new(count, [&peers.healthy; 2], 1);
        let times = (0..STARTS).map(|_| first_frame(&place)).collect();
        budget(&format!("exec to first frame, {what}"), "ms", Some(15.0), last).ranks(times);
    }
}

/// The time from a key to the next whole frame, for many keys at a pace that wanders through the
/// ticks.
fn key_times(seat: &mut Seat, keys: [&str; 2]) -> Vec<Duration> {
    let mut times = Vec::new();
    for number in 0..KEYS {
        pass(Duration::from_millis(60 + u64::try_from(number % 17).expect("small")));
        times.push(key_time(seat, keys[number % 2]));
    }
    times
}

/// The time from a key to the next whole frame.
fn key_time(seat: &mut Seat, key: &str) -> Duration {
    let known = seat.frames();
    let begin = Instant::now();
    seat.press(key);
    seat.frame_after(known).0.saturating_duration_since(begin)
}

fn keys() {
    let peers = Peers::start();
    for (what, address, last) in [("healthy", &peers.healthy, 1.0), ("hung", &peers.hung, 4.0)] {
        let place = Place::new(200, [address; 2], 1);
        let mut seat = console(&place);
        pass(Duration::from_secs(3));
        let times = key_times(&mut seat, ["1", "2"]);
        leave(seat);
        let what = format!("key to frame, 160x48, 200 systems {what}");
        budget(&what, "ms", Some(16.0), last).ranks(times);
    }
}

/// A thousand systems, half of them silent, while a step prints as fast as it can.
fn flood() {
    let peers = Peers::start();
    let place = Place::flooding(1000, [&peers.healthy, &peers.hung]);
    let mut seat = console(&place);
    declare(&mut seat);
    arm(&mut seat);
    seat.press("r");
    seat.shows("flooded line");
    let times = key_times(&mut seat, ["1", "2"]);
    let resident = resident_mb(seat.number());
    leave(seat);
    budget("the same, 1,000 systems, half hung, a step flooding", "ms", None, 8.0).ranks(times);
    budget("resident memory, 1,000 systems", "MB", None, 64.0).row(resident, "");
}

/// User and system time of a process so far, in ticks of 10 ms (`proc(5)`, fields 14 and 15).
fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let rest = stat.rsplit(") ").next().expect("a name in brackets");
    let fields: Vec<&str> = rest.split(' ').collect();
    fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number")
}

fn resident_mb(pid: i32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    let kb: u32 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    f64::from(kb) / 1024.0
}

/// The share of one processor that a console takes over some time, in percent.
fn busy(seat: &Seat) -> f64 {
    let before = ticks(seat.number());
    pass(IDLE);
    let spent = ticks(seat.number()) - before;
    f64::from(u32::try_from(spent).expect("small")) / IDLE.as_secs_f64()
}

fn idle() {
    let peers = Peers::start();
    let place = Place::new(50, [&peers.healthy; 2], 1);
    let seat = console(&place);
    pass(Duration::from_secs(4));
    let told = seat.bytes().len();
    let share = busy(&seat);
    let told = u32::try_from(seat.bytes().len() - told).expect("small");
    let rate = f64::from(told) / IDLE.as_secs_f64();
    budget("idle CPU, 50 systems at 1 s", "%", Some(1.0), 0.25).row(share, "");
    budget("to the terminal, idle", "B/s", Some(1000.0), 500.0).row(rate, "");
    let resident = resident_mb(seat.number());
    budget("resident memory, 50 systems", "MB", Some(40.0), 16.0).row(resident, "");
    leave(seat);
}

/// A thousand systems, half of them silent, and nobody does anything.
fn thousand() {
    let peers = Peers::start();
    let place = Place::half_hung(1000, [&peers.hung, &peers.healthy]);
    let mut seat = console(&place);
    pass(Duration::from_secs(6));
    let share = busy(&seat);
    let times = key_times(&mut seat, ["1", "2"]);
    let resident = resident_mb(seat.number());
    leave(seat);
    let what = "1,000 systems at 1 s, 500 hung";
    budget(&format!("CPU, {what}"), "%", None, 20.0).row(share, "");
    budget(&format!("resident memory, {what}"), "MB", None, 48.0).row(resident, "");
    budget(&format!("key to frame, {what}"), "ms", None, 8.0).ranks(times);
}

/// Programs that people know, where they are installed, in the same terminal.
fn peers() {
    let programs: [&[&str]; 3] = [&["btop"], &["btm"], &["trip", "127.0.0.1"]];
    for words in programs {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join(words[0]).is_file()) {
            println!("{:<52} not installed here", words[0]);
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let start = Start {
            program: &words[..1],
            arguments: &words[1..],
            environment: &[("LANG", "C.UTF-8")],
            ..Start::default()
        };
        let begin = Instant::now();
        let mut seat = Seat::take(folder.path(), &start);
        seat.until("any text", |screen| !screen.trim().is_empty());
        let first = begin.elapsed().as_secs_f64() * 1000.0;
        pass(Duration::from_secs(4));
        let share = busy(&seat);
        table::beside(&format!("{}: exec to first text", words[0]), "ms", first);
        table::beside(&format!("{}: idle CPU", words[0]), "%", share);
        table::beside(&format!("{}: resident memory", words[0]), "MB", resident_mb(seat.number()));
        seat.signal(Signal::KILL);
        seat.ends();
    }
}

/// What it costs to keep what is heard while a run is open: one console before and after it opens
/// one, twice, so that what else the machine does is in both.
fn recording() {
    let peers = Peers::start();
    for _ in 0..2 {
        let place = Place::new(50, [&peers.healthy; 2], 1);
        let mut seat = console(&place);
        pass(Duration::from_secs(4));
        let without = busy(&seat);
        open(&mut seat);
        pass(Duration::from_secs(2));
        let with = busy(&seat);
        leave(seat);
        let more = format!(" ({with:.2} % with a run open, {without:.2} % without)");
        budget("recording of a run, 50 systems at 1 s", "%", None, 0.5).row(with - without, &more);
    }
}

fn red() {
    let mut late = Vec::new();
    for _ in 0..3 {
        let peers = Peers::start();
        let place = Place::new(4, [&peers.switched, &peers.healthy], 1);
        let seat = console(&place);
        seat.shows("READINESS");
        pass(Duration::from_secs(2));
        let begin = Instant::now();
        peers.switch_off();
        seat.shows("PRIMARY Region A DOWN");
        // Three looks, one a second, and the last one's timeout of a second.
        late.push(begin.elapsed().saturating_sub(Duration::from_secs(4)));
        leave(seat);
    }
    budget("red: beyond failures x interval + timeout", "ms", Some(1000.0), 50.0).ranks(late);
}

fn open(seat: &mut Seat) {
    seat.shows("READINESS");
    seat.opens("o", "CHOOSE A RUNBOOK");
    seat.press("\r");
    seat.shows("run opened");
}

fn declare(seat: &mut Seat) {
    open(seat);
    seat.opens("D", "DECLARE A DISASTER");
    seat.types("declare\tthe region is lost");
    seat.press("\r");
    seat.shows("declared T+");
}

fn arm(seat: &mut Seat) {
    seat.opens("A", "ARM THIS CONSOLE");
    seat.types("arm");
    seat.press("\r");
    seat.shows("[ARMED]");
}

fn run_folder(place: &Path) -> std::path::PathBuf {
    let mut entries = fs::read_dir(place.join("warroom/runs")).expect("a run");
    entries.next().expect("a run").expect("a folder").path()
}

fn step() {
    let peers = Peers::start();
    let place = Place::new(1, [&peers.healthy; 2], STEPS);
    let mut seat = console(&place);
    declare(&mut seat);
    arm(&mut seat);
    let folder = run_folder(place.path());
    let ended = || {
        let events = journal::read(&folder).expect("a journal").events;
        events.iter().filter(|event| matches!(event.body, Body::Verified { .. })).count()
    };
    for number in 1..=STEPS {
        let begin = Instant::now();
        while ended() < number && begin.elapsed() < Duration::from_secs(20) {
            seat.press("r");
            pass(Duration::from_millis(700));
            if seat.screen().contains("RUN step") {
                seat.press("\r");
                pass(Duration::from_millis(700));
            }
        }
    }
    leave(seat);
    let events = journal::read(&folder).expect("a journal").events;
    let mut times = Vec::new();
    for event in &events {
        let Body::Ended { step, attempt, .. } = &event.body else { continue };
        let granted = events.iter().find(|other| {
            matches!(&other.body, Body::Intended { step: name, attempt: number, .. }
                if name == step && number == attempt)
        });
        times.extend(granted.map(|granted| event.at.since(granted.at)));
    }
    budget("overhead of a no-op step, INTENT to outcome", "ms", Some(15.0), 10.0).ranks(times);
}

/// A run that was declared by a console that is gone.
fn left_open(count: usize) -> Place {
    let peers = Peers::start();
    let place = Place::new(count, [&peers.healthy; 2], 1);
    let mut seat = console(&place);
    declare(&mut seat);
    seat.signal(Signal::KILL);
    seat.ends();
    place
}

fn back() {
    let place = left_open(1);
    long::fill_with_notes(&run_folder(place.path()));
    let times = (0..5).map(|_| first_frame(&place)).collect();
    budget("back after a crash, 10,000 events", "ms", Some(2000.0), 100.0).ranks(times);
}

fn overlay() {
    let place = left_open(1);
    long::fill_with_notes(&run_folder(place.path()));
    let mut seat = console(&place);
    pass(Duration::from_secs(2));
    seat.opens("e", "REPORT");
    let times = key_times(&mut seat, ["j", "k"]);
    leave(seat);
    budget("key to frame, report of 10,000 events open", "ms", Some(16.0), 8.0).ranks(times);
}

fn replay() {
    let place = left_open(long::SYSTEMS);
    let folder = run_folder(place.path());
    let entries = long::fill_with_readings(&folder, Path::new(&place.site()));
    let run = folder.file_name().and_then(|name| name.to_str()).expect("a name");
    let start = Start { arguments: &["replay", run], ..Start::default() };
    let begin = Instant::now();
    let mut seat = Seat::take(place.path(), &start);
    let opened = seat.frame_after(0).0 - begin;
    pass(Duration::from_secs(1));
    let first = key_time(&mut seat, END);
    seat.shows(&format!("entry {entries} of {entries}"));
    let mut later = Vec::new();
    for key in ["[", "N", HOME, END, "[", "]"] {
        pass(Duration::from_secs(1));
        later.push(key_time(&mut seat, key));
    }
    let resident = resident_mb(seat.number());
    leave(seat);
    let what = "10,000 entries, an hour of 50 systems";
    budget(&format!("replay opens, {what}"), "ms", None, 2000.0).ranks(vec![opened]);
    budget("  its first jump to the end", "ms", None, 1000.0).ranks(vec![first]);
    budget("  a jump over known ground", "ms", None, 200.0).ranks(later);
    budget("  its resident memory", "MB", None, 512.0).row(resident, "");
    for format in ["md", "html", "json"] {
        let times = (0..3).map(|_| told(&place, &["report", run, "--format", format])).collect();
        budget(&format!("report, 10,000 entries, {format}"), "ms", None, 1000.0).ranks(times);
    }
}

/// The keys as a terminal tells them.
const HOME: &str = "\x1b[H";
const END: &str = "\x1b[F";

/// How long a subcommand takes from its start to its end.
fn told(place: &Place, arguments: &[&str]) -> Duration {
    let begin = Instant::now();
    let output = std::process::Command::new(WARROOM)
        .args(arguments)
        .env("XDG_STATE_HOME", place.path())
        .output()
        .expect("it starts");
    let took = begin.elapsed();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.stdout.is_empty(), "{arguments:?} told nothing: {errors}");
    took
}

fn status() {
    let peers = Peers::start();
    let place = Place::new(50, [&peers.healthy; 2], 1);
    let site = place.site();
    let times = (0..STARTS).map(|_| told(&place, &["status", "--site", &site])).collect();
    budget("status, 50 systems", "ms", None, 1000.0).ranks(times);
}
