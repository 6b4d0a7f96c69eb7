//! A person who brings a run as far as the faults allow, and goes to SAFE where the storm says so.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use warroom::domain::run::event::{Body, Outcome, RunEvent};
use warroom::runtime::journal;

use super::rig::Rig;
use super::storm::{Phase, Sky, Storm, Then};
use crate::seat::{READING, Seat, Start, pass};

/// The steps in their order, and what a person types to start them; nothing for a stop window.
pub const STEPS: [(&str, &str); 5] = [
    ("fence-pg", "pg-a"),
    ("promote-pg", "promote pg-b"),
    ("hand-cache", "cache-b"),
    ("write-pg", ""),
    ("note", ""),
];

/// A run that has not got further by then is left as it is.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time between two looks at screen and record.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a person who stopped everything watches that nothing moves.
const WATCHES_FOR: Duration = Duration::from_secs(3);

/// The longest that the screen takes to answer a key, whatever the disk does.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// How a run ended for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every step is done.
    AllDone,
    /// The person went to SAFE or held the plan, and nothing more was to happen; since when.
    Stopped(i64),
    /// It did not get further, or the person looked on.
    Stuck,
}

/// The folder of the one run; none before it was opened.
pub fn run_folder(state: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(state.join("warroom/runs")).ok()?;
    entries.filter_map(Result::ok).map(|entry| entry.path()).max()
}

/// What is on record; nothing before the run was opened.
pub fn record(state: &Path) -> Vec<RunEvent> {
    let back = run_folder(state).and_then(|folder| journal::read(&folder).ok());
    back.map(|back| back.events).unwrap_or_default()
}

/// What to do next, as record and screen say.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Open,
    Declare,
    Arm,
    Run(usize),
    Retry,
    Wait,
    Over,
}

/// The person at their console.
pub struct Hand<'s> {
    seat: Seat,
    state: &'s Path,
    sky: &'s Sky<'s>,
    storm: Storm,
    /// The person has seen the fault.
    has_seen: bool,
    /// What the screen should have done and did not.
    faults: Vec<String>,
}

/// Works until the run is done, the person is in SAFE, or nothing goes any more.
pub fn work(rig: &Rig, state: &Path, sky: &Sky<'_>, storm: Storm) -> (End, Vec<String>) {
    let site = rig.site().display().to_string();
    let program = storm.program();
    let program: Vec<&str> = program.iter().map(String::as_str).collect();
    let start = Start {
        program: &program,
        arguments: &["--site", &site, "--as", "anna"],
        environment: &Rig::secrets(),
        ..Start::default()
    };
    let seat = Seat::take(state, &start);
    seat.shows("NEXT");
    let mut hand = Hand { seat, state, sky, storm, has_seen: false, faults: Vec::new() };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                sky.reads(&record(state));
                pass(Duration::from_millis(3));
            }
        });
        let end = hand.work();
        over.store(true, Ordering::SeqCst);
        (end, std::mem::take(&mut hand.faults))
    })
}

impl Hand<'_> {
    fn work(&mut self) -> End {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE + self.storm.length() {
            if self.is_called() {
                self.has_seen = true;
                if self.storm.is_of_disk() {
                    if self.sky.stalled().is_none() {
                        // It was quicker than a person: nothing is tested.
                        self.sky.forgets();
                        return End::Stuck;
                    }
                    self.presses_all_the_same();
                }
                match self.storm.then {
                    Then::GoesOn if self.storm.is_of_disk() => return self.watches(End::Stuck),
                    Then::GoesOn => {}
                    Then::Safe => return self.stops("A", "[SAFE]"),
                    Then::Holds => return self.stops(" ", "HOLD:"),
                }
            }
            match next(&record(self.state), &self.seat.screen()) {
                Next::Over => return End::AllDone,
                Next::Wait => pass(LOOK_EVERY),
                Next::Open => self.answer("o", "CHOOSE A RUNBOOK", ""),
                Next::Declare => self.answer("D", "DECLARE", "declare\tas planned for tonight"),
                Next::Arm => self.answer("A", "ARM THIS CONSOLE", "arm"),
                Next::Retry => self.answer("R", "TRY AGAIN", "the line was down"),
                Next::Run(step) => self.run(step),
            }
        }
        println!("no further, at:\n{}", self.seat.screen());
        End::Stuck
    }

    /// Waits for a text; false when it does not come, or the storm calls for SAFE.
    fn sees(&self, limit: Duration, text: &str) -> bool {
        self.waits(limit, |screen| screen.contains(text))
    }

    fn waits(&self, limit: Duration, seen: impl Fn(&str) -> bool) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < limit && !self.is_called() {
            if seen(&self.seat.screen()) {
                return true;
            }
            pass(LOOK_EVERY);
        }
        false
    }

    fn answer(&mut self, key: &str, title: &str, text: &str) {
        self.seat.press(key);
        if !self.sees(Duration::from_millis(1500), title) {
            return;
        }
        pass(READING);
        for (index, part) in text.split('\t').enumerate() {
            if index > 0 {
                self.seat.press("\t");
            }
            self.types(part);
        }
        self.seat.press("\r");
        if !self.waits(Duration::from_millis(2500), |screen| !screen.contains(title)) {
            self.seat.press("\x1b");
            return;
        }
        // What was asked for takes a moment to be on record.
        pass(READING);
    }

    /// Types, seeing each letter arrive before the next.
    fn types(&mut self, text: &str) {
        for (at, letter) in text.char_indices() {
            let end = at + letter.len_utf8();
            self.seat.types(&text[at..end]);
            if !self.sees(Duration::from_secs(1), &format!("> {}_", &text[..end])) {
                return;
            }
        }
    }

    fn run(&mut self, step: usize) {
        let (id, typed) = STEPS[step];
        self.sky.reached(step, Phase::BeforeGate);
        // A refusal of the key before stands where the next one would.
        self.seat.press("r");
        let (title, card) = (format!("({id})"), "━ RUN ");
        if !self.sees(Duration::from_millis(1500), card) || !self.seat.screen().contains(&title) {
            return pass(Duration::from_millis(300));
        }
        if typed.is_empty() {
            self.sky.reached(step, Phase::BeforeGrant);
        } else {
            self.sees(Duration::from_secs(4), " old");
            pass(READING);
            self.types(typed);
            self.sky.reached(step, Phase::BeforeGrant);
            // The fault comes within this time, or a little later.
            pass(Duration::from_millis(60));
            self.seat.press("\r");
            // From here on there may be a grant that must not outlive what the person does next.
            self.sky.watches(self.seat.number());
        }
        // A stop window of three seconds is part of it.
        if !self.waits(Duration::from_secs(6), |screen| !screen.contains(card)) {
            self.seat.press("\x1b");
            self.waits(Duration::from_millis(400), |screen| !screen.contains(card));
        }
    }

    /// True once the fault is there and the person has not turned to it yet.
    fn is_called(&self) -> bool {
        let turns = self.storm.is_of_disk() || self.storm.then != Then::GoesOn;
        turns && !self.has_seen && self.sky.has_struck()
    }

    /// While the disk takes its time the screen does not: frames come, dialogs open and close.
    fn presses_all_the_same(&mut self) {
        let leaves_dialogs = |screen: &str| {
            !["RUN ", "HELP", "ABORT "].iter().any(|title| screen.contains(&format!("━ {title}")))
        };
        for (key, title) in [("?", "━ HELP"), ("X", "━ ABORT")] {
            self.seat.press("\x1b");
            if !self.waits(ANSWERS_WITHIN, leaves_dialogs) {
                self.faults.push(format!("Esc did nothing\n{}", self.seat.screen()));
            }
            // `X` has a dialog only while the lit step runs.
            let running = self.seat.screen().contains(">[~]");
            pass(READING);
            self.seat.press(key);
            if (key == "?" || running)
                && !self.sees(ANSWERS_WITHIN, title)
                && self.seat.screen().contains(">[~]") == running
            {
                self.faults.push(format!("{key} opened nothing\n{}", self.seat.screen()));
            }
        }
        self.seat.press("\x1b");
        self.waits(ANSWERS_WITHIN, leaves_dialogs);
    }

    /// Leaves whatever is open, and stops everything by a key.
    fn stops(&mut self, key: &str, shown: &str) -> End {
        let opened = !record(self.state).is_empty();
        let has_effect = match self.storm.then {
            Then::Holds => opened,
            _ => self.seat.screen().contains("[ARMED]"),
        };
        let begin = Instant::now();
        while has_effect && !self.seat.screen().contains(shown) {
            if begin.elapsed() > PATIENCE {
                self.faults.push(format!("never {shown}\n{}", self.seat.screen()));
                break;
            }
            // Closes a card; a second one would do nothing.
            self.seat.press("\x1b");
            pass(READING);
            self.seat.press(key);
            // The same key within half a second counts once, and a second time it takes it back.
            self.seat.seen_within(ANSWERS_WITHIN, shown);
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        self.watches(End::Stopped(i64::try_from(since.as_millis()).unwrap()))
    }

    /// Lets the fault of a disk end and looks what comes of it.
    fn watches(&self, end: End) -> End {
        while self.sky.stalled().is_some() {
            pass(LOOK_EVERY);
        }
        pass(WATCHES_FOR);
        end
    }
}

fn is_done(step: &str) -> impl Fn(&Body) -> bool + '_ {
    move |body| match body {
        Body::Verified { step: name, .. } | Body::Reconciled { step: name, done: true, .. } => {
            name.as_str() == step
        }
        _ => false,
    }
}

fn next(record: &[RunEvent], screen: &str) -> Next {
    let has = |word: &dyn Fn(&Body) -> bool| record.iter().any(|event| word(&event.body));
    if record.is_empty() {
        // Nobody opens a plan before both sides of both stores were seen.
        let seen = screen.contains("standby, streaming") && screen.contains("standby, link up");
        return if seen { Next::Open } else { Next::Wait };
    }
    if !screen.contains("shop-") {
        return Next::Wait;
    }
    if !has(&|body| matches!(body, Body::Declared { .. })) {
        return Next::Declare;
    }
    for (index, (step, _)) in STEPS.iter().enumerate() {
        if has(&is_done(step)) {
            continue;
        }
        let last = record.iter().rev().map(|event| &event.body).find(|body| match body {
            Body::Intended { step: name, .. }
            | Body::Ended { step: name, .. }
            | Body::Retried { step: name, .. }
            | Body::NotVerified { step: name, .. }
            | Body::Reconciled { step: name, .. } => name.as_str() == *step,
            _ => false,
        });
        return match last {
            Some(Body::Intended { .. }) => Next::Wait,
            _ if !screen.contains("[ARMED]") => Next::Arm,
            None | Some(Body::Retried { .. }) => Next::Run(index),
            Some(
                Body::Ended { outcome: Outcome::Failed { .. }, .. }
                | Body::NotVerified { .. }
                | Body::Reconciled { .. },
            ) => Next::Retry,
            _ => Next::Wait,
        };
    }
    Next::Over
}
