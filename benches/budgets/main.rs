//! What the whole program costs, measured from outside of it against the budgets of the design.

#[expect(dead_code, reason = "the tests of the terminal use more of it")]
#[path = "../../tests/pty/seat.rs"]
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
    let rows: [(&str, fn()); 6] = [
        ("start", start),
        ("keys", keys),
        ("idle", idle),
        ("red", red),
        ("step", step),
        ("back", back),
    ];
    println!("{:<52} {:>10}   measured", "budget, first parts", "allowed");
    for (name, measure) in rows {
        if wanted.as_ref().is_none_or(|wanted| name.contains(wanted.as_str())) {
            measure();
        }
    }
}

fn row(what: &str, allowed: &str, measured: &str) {
    println!("{what:<52} {allowed:>10}   {measured}");
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn ranks(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let rank = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let (half, most) = (milliseconds(rank(50)), milliseconds(rank(99)));
    format!("p50 {half}, p99 {most}, n {}", times.len())
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
        row(&format!("exec to first frame, {what}"), "15 ms", &ranks(times));
    }
}

fn keys() {
    let peers = Peers::start();
    for (what, address) in [("healthy", &peers.healthy), ("hung", &peers.hung)] {
        let place = Place::new(200, [address; 2], 1);
        let mut seat = console(&place);
        pass(Duration::from_secs(3));
        let mut times = Vec::new();
        for number in 0..KEYS {
            // A pace that wanders through the ticks.
            pass(Duration::from_millis(60 + u64::try_from(number % 17).expect("small")));
            let known = seat.frames();
            let begin = Instant::now();
            seat.press(if number % 2 == 0 { "1" } else { "2" });
            times.push(seat.frame_after(known).0.saturating_duration_since(begin));
        }
        leave(seat);
        row(&format!("key to frame, 160x48, 200 systems {what}"), "p99 16 ms", &ranks(times));
    }
}

/// User and system time of a process so far, in ticks of 10 ms (`proc(5)`, fields 14 and 15).
fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let rest = stat.rsplit(") ").next().expect("a name in brackets");
    let fields: Vec<&str> = rest.split(' ').collect();
    fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number")
}

fn resident_kb(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
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
    row("idle CPU, 50 systems at 1 s", "1 %", &format!("{share:.1} %"));
    row("bytes a second to the terminal, idle", "1000", &format!("{rate:.0}"));
    let resident = resident_kb(seat.number()) / 1024;
    row("resident memory, 50 systems", "40 MB", &format!("{resident} MB"));
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
    row("red: beyond failures x interval + timeout", "1 s", &ranks(late));
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

fn run_folder(place: &Path) -> std::path::PathBuf {
    let mut entries = fs::read_dir(place.join("warroom/runs")).expect("a run");
    entries.next().expect("a run").expect("a folder").path()
}

fn step() {
    let peers = Peers::start();
    let place = Place::new(1, [&peers.healthy; 2], STEPS);
    let mut seat = console(&place);
    declare(&mut seat);
    seat.opens("A", "ARM THIS CONSOLE");
    seat.types("arm");
    seat.press("\r");
    seat.shows("[ARMED]");
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
    row("overhead of a no-op step, INTENT to outcome", "15 ms", &ranks(times));
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
    row("back after a crash, 10,000 events", "2 s", &ranks(times));
}
