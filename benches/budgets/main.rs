//! What the whole program costs, measured from outside of it against the budgets of the design.

#[expect(dead_code, reason = "the tests of the terminal use more of it")]
#[path = "../../tests/seat/mod.rs"]
mod seat;
mod site;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seat::{Seat, Start, WARROOM, pass};
use site::{Peers, Place};
use warroom::domain::run::event::{Actor, Body};
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal::{self, Journal, Reply};

/// Starts measured for the time to the first frame.
const STARTS: usize = 20;

/// Keys pressed for one row.
const KEYS: usize = 150;

/// How long an idle console is watched.
const IDLE: Duration = Duration::from_secs(10);

/// Events of the journal of a crashed console.
const EVENTS: usize = 10_000;

/// Steps that do nothing.
const STEPS: usize = 8;

fn main() {
    let wanted = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let rows: [(&str, fn()); 7] = [
        ("start", start),
        ("keys", keys),
        ("flood", flood),
        ("idle", idle),
        ("red", red),
        ("step", step),
        ("back", back),
    ];
    println!("{:<52} {:>8} {:>8}   measured", "budget", "first", "final");
    for (name, measure) in rows {
        if wanted.as_ref().is_none_or(|wanted| name.contains(wanted.as_str())) {
            measure();
        }
    }
}

/// What a budget allows to the first parts and at the end, in the unit of what is measured.
struct Budget {
    what: String,
    unit: &'static str,
    first: Option<f64>,
    last: f64,
}

/// A budget of the design.
fn budget(what: &str, unit: &'static str, first: Option<f64>, last: f64) -> Budget {
    Budget { what: what.to_owned(), unit, first, last }
}

impl Budget {
    /// Prints one row of the table: what is allowed, what was measured, which of both is kept.
    fn row(&self, measured: f64, more: &str) {
        let allowed = |limit: Option<f64>| {
            limit.map_or("-".to_owned(), |limit| format!("{limit} {}", self.unit))
        };
        let verdict = match (self.first, self.last) {
            (_, last) if measured <= last => "final kept",
            (Some(first), _) if measured <= first => "first kept",
            (None, _) => "final missed",
            (Some(_), _) => "MISSED",
        };
        let (what, unit) = (&self.what, self.unit);
        let (first, last) = (allowed(self.first), allowed(Some(self.last)));
        println!("{what:<52} {first:>8} {last:>8}   {measured:.2} {unit}, {verdict}{more}");
    }

    /// As [`Budget::row`], for times of which the 99th percentile counts.
    fn ranks(&self, mut times: Vec<Duration>) {
        times.sort_unstable();
        let rank = |percent: usize| {
            let index = (times.len() * percent / 100).min(times.len() - 1);
            times[index].as_secs_f64() * 1000.0
        };
        let more = format!(" (p99; p50 {:.2} ms, n {})", rank(50), times.len());
        self.row(rank(99), &more);
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
    for (what, count) in [("1 system", 1), ("50 systems", 50)] {
        let peers = Peers::start();
        let place = Place::new(count, [&peers.healthy; 2], 1);
        let times = (0..STARTS).map(|_| first_frame(&place)).collect();
        budget(&format!("exec to first frame, {what}"), "ms", Some(15.0), 8.0).ranks(times);
    }
}

/// The time from a key to the next whole frame, for many keys at a pace that wanders through the
/// ticks.
fn key_times(seat: &mut Seat) -> Vec<Duration> {
    let mut times = Vec::new();
    for number in 0..KEYS {
        pass(Duration::from_millis(60 + u64::try_from(number % 17).expect("small")));
        let known = seat.frames();
        let begin = Instant::now();
        seat.press(if number % 2 == 0 { "1" } else { "2" });
        times.push(seat.frame_after(known).0.saturating_duration_since(begin));
    }
    times
}

fn keys() {
    let peers = Peers::start();
    for (what, address, last) in [("healthy", &peers.healthy, 1.0), ("hung", &peers.hung, 4.0)] {
        let place = Place::new(200, [address; 2], 1);
        let mut seat = console(&place);
        pass(Duration::from_secs(3));
        let times = key_times(&mut seat);
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
    let times = key_times(&mut seat);
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

fn idle() {
    let peers = Peers::start();
    let place = Place::new(50, [&peers.healthy; 2], 1);
    let seat = console(&place);
    pass(Duration::from_secs(4));
    let (before, told) = (ticks(seat.number()), seat.bytes().len());
    pass(IDLE);
    let (after, told_after) = (ticks(seat.number()), seat.bytes().len());
    let seconds = IDLE.as_secs_f64();
    let share = f64::from(u32::try_from(after - before).expect("small")) / seconds;
    let rate = f64::from(u32::try_from(told_after - told).expect("small")) / seconds;
    budget("idle CPU, 50 systems at 1 s", "%", Some(1.0), 0.25).row(share, "");
    budget("to the terminal, idle", "B/s", Some(1000.0), 500.0).row(rate, "");
    let resident = resident_mb(seat.number());
    budget("resident memory, 50 systems", "MB", Some(40.0), 16.0).row(resident, "");
    leave(seat);
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

fn declare(seat: &mut Seat) {
    seat.shows("READINESS");
    seat.opens("o", "CHOOSE A RUNBOOK");
    seat.press("\r");
    seat.shows("run opened");
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

fn back() {
    let peers = Peers::start();
    let place = Place::new(1, [&peers.healthy; 2], 1);
    let mut seat = console(&place);
    declare(&mut seat);
    seat.signal(Signal::KILL);
    seat.ends();
    let folder = run_folder(place.path());
    let (tell, told) = std::sync::mpsc::channel();
    let by = Actor { person: None, user: "anna".into(), host: "laptop".into() };
    let replies = Box::new(move |reply| {
        let _ = tell.send(matches!(reply, Reply::Recorded { .. }));
    });
    let clock = std::sync::Arc::new(SystemClock::new());
    let (journal, found) = Journal::resume(&folder, &by, clock, replies).expect("it is ours");
    for number in found.events.len()..EVENTS {
        let text = format!("note {number} of a long incident, as somebody typed it").into();
        let ticket = u64::try_from(number).expect("small");
        journal.append(ticket, by.clone(), Body::Noted { text });
        assert!(told.recv().expect("the journal answers"), "the disk takes it");
    }
    drop(journal);
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(first_frame(&place));
    }
    budget("back after a crash, 10,000 events", "ms", Some(2000.0), 100.0).ranks(times);
}
