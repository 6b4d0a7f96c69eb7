//! One fault: what becomes of which names, in which phase of which step, and for how long.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use warroom::domain::run::event::{Body, RunEvent};

use super::disk;
use super::hand::STEPS;
use super::rig::{Rig, STORES};
use crate::seat::WARROOM;
use crate::servers::proxy::Weather;
use crate::stand::chance::Chance;

/// The phases of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The step is ready, its key not pressed.
    BeforeGate,
    /// Its card is open, the gates were seen, Enter not pressed.
    BeforeGrant,
    /// The grant is on record.
    BeforeAct,
    /// Its runner is about to act, or acts.
    InAct,
    /// Its runner has ended, the post-condition was not looked for.
    BeforeProof,
    /// It is done.
    After,
}

const PHASES: [Phase; 6] = [
    Phase::BeforeGate,
    Phase::BeforeGrant,
    Phase::BeforeAct,
    Phase::InAct,
    Phase::BeforeProof,
    Phase::After,
];

/// What becomes of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    /// It leads to the other side's server: for new connections, as a name does.
    Moves,
    /// The same, and old connections end.
    MovesAndCuts,
    /// The names of both sides change places, and old connections end.
    Swaps,
    /// Connections end.
    Cuts,
    /// Each piece is late.
    Delays(u64),
    /// Nothing passes.
    Silence,
    /// Questions pass, answers do not.
    NoAnswers,
    /// Nobody is let in any more.
    Refuses,
    /// Every thread's sync of this number takes so many milliseconds.
    Disk(u64, u64),
}

/// What the person does once the fault is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Goes on with the plan.
    GoesOn,
    /// Goes to SAFE, and stays there.
    Safe,
    /// Holds the plan, and leaves it so.
    Holds,
}

/// One fault, drawn from a seed.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    step: usize,
    phase: Phase,
    /// Milliseconds after the phase began.
    after: u64,
    blow: Blow,
    store: usize,
    /// The side of the name; the blow on both when none.
    side: Option<usize>,
    /// Milliseconds until everything is as it should be.
    lasts: u64,
    /// Each piece takes so long all the time, so that the phases have a length.
    always: u64,
    /// What the person does.
    pub then: Then,
}

impl Storm {
    /// The fault of a seed.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let step = usize::try_from(chance.below(STEPS.len() as u64)).unwrap();
        let then = match chance.below(8) {
            0 => Then::Safe,
            1 => Then::Holds,
            _ => Then::GoesOn,
        };
        let moves = [Blow::Moves, Blow::MovesAndCuts, Blow::MovesAndCuts, Blow::Swaps, Blow::Cuts];
        // What is held back was sent before the person went to SAFE and may arrive after it.
        let holds = [
            Blow::Delays(100 + chance.below(2_400)),
            Blow::Silence,
            Blow::NoAnswers,
            Blow::Refuses,
        ];
        let blow = match (then, chance.below(9)) {
            (Then::GoesOn, 5..) => chance.one_of(&holds),
            _ => chance.one_of(&moves),
        };
        // Mostly the store of the step: the others' names matter less to it.
        let own = usize::from(step == 2);
        Self {
            step,
            phase: chance.one_of(&PHASES),
            after: chance.below(120),
            blow,
            store: if chance.below(4) > 0 { own } else { 1 - own },
            side: chance.one_of(&[Some(0), Some(1), None]),
            lasts: 300 + chance.below(3_700),
            always: chance.one_of(&[0, 5, 20]),
            then,
        }
    }

    /// A disk whose every thread's sync of this number takes so long.
    pub fn of_disk(sync: u64, ms: u64, then: Then) -> Self {
        let (step, phase) = (0, Phase::After);
        let blow = Blow::Disk(sync, ms);
        Self { step, phase, after: 0, blow, store: 0, side: None, lasts: ms, always: 0, then }
    }

    /// True for a fault of the disk.
    pub fn is_of_disk(&self) -> bool {
        matches!(self.blow, Blow::Disk(..))
    }

    /// How long a thread is held back, at most.
    pub fn length(&self) -> Duration {
        Duration::from_millis(if self.is_of_disk() { self.lasts * 2 } else { 0 })
    }

    /// What the console is started with.
    pub fn program(&self) -> Vec<String> {
        let Blow::Disk(sync, ms) = self.blow else { return vec![WARROOM.to_owned()] };
        let stall = format!("inject=fsync,fdatasync:delay_enter={}:when={sync}", ms * 1000);
        let words = ["strace", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null"];
        let words = words.into_iter().map(str::to_owned);
        let traced = ["-e", "trace=fsync,fdatasync", "-e", &stall, WARROOM];
        words.chain(traced.map(str::to_owned)).collect()
    }

    /// The delay that is always there.
    pub fn begin(&self, rig: &Rig) {
        for store in 0..STORES.len() {
            for side in [0, 1] {
                rig.name(store, side).delay(Duration::from_millis(self.always));
            }
        }
    }

    fn strike(&self, rig: &Rig) {
        let sides = self.side.map_or_else(|| vec![0, 1], |side| vec![side]);
        let both = if self.blow == Blow::Swaps { vec![0, 1] } else { sides };
        for side in both {
            let (name, other) = (rig.name(self.store, side), rig.port(self.store, 1 - side));
            match self.blow {
                Blow::Moves => name.move_to(other),
                Blow::MovesAndCuts | Blow::Swaps => {
                    name.move_to(other);
                    name.cut();
                }
                Blow::Cuts => name.cut(),
                Blow::Delays(ms) => name.delay(Duration::from_millis(ms)),
                Blow::Silence => name.weather(Weather::Dead),
                Blow::NoAnswers => name.weather(Weather::NoAnswers),
                Blow::Refuses => {
                    name.weather(Weather::Refusing);
                    name.cut();
                }
                Blow::Disk(..) => {}
            }
        }
    }
}

/// When the fault was, if it was.
#[derive(Debug, Default)]
struct Times {
    reached: Option<Instant>,
    struck: Option<Instant>,
    healed: bool,
}

/// Strikes and heals while a person works.
pub struct Sky<'r> {
    storm: Storm,
    rig: &'r Rig,
    times: Mutex<Times>,
    has_struck: AtomicBool,
    tracer: AtomicI32,
    held: Mutex<String>,
}

impl<'r> Sky<'r> {
    /// Before the fault.
    pub fn new(storm: Storm, rig: &'r Rig) -> Self {
        storm.begin(rig);
        let (has_struck, tracer) = (AtomicBool::new(false), AtomicI32::new(0));
        Self { storm, rig, times: Mutex::default(), has_struck, tracer, held: Mutex::default() }
    }

    /// True once the fault is there, or was.
    pub fn has_struck(&self) -> bool {
        self.has_struck.load(Ordering::SeqCst)
    }

    /// The tracer of a console was started.
    pub fn watches(&self, tracer: i32) {
        self.tracer.store(tracer, Ordering::SeqCst);
    }

    /// Who waited for the disk when the person saw it.
    pub fn held(&self) -> String {
        self.held.lock().unwrap().clone()
    }

    /// The fault was over before anybody could look.
    pub fn forgets(&self) {
        self.has_struck.store(false, Ordering::SeqCst);
    }

    /// Who waits for the disk, if anybody.
    pub fn stalled(&self) -> Option<String> {
        disk::stalled(self.tracer.load(Ordering::SeqCst))
    }

    /// A person got to a phase.
    pub fn reached(&self, step: usize, phase: Phase) {
        if !self.storm.is_of_disk() && (step, phase) == (self.storm.step, self.storm.phase) {
            self.times.lock().unwrap().reached.get_or_insert_with(Instant::now);
            self.tick();
        }
    }

    /// The record got to a phase.
    pub fn reads(&self, record: &[RunEvent]) {
        for event in record {
            let (phase, id) = match &event.body {
                Body::Intended { step, .. } => (Phase::BeforeAct, step),
                Body::Started { step, .. } => (Phase::InAct, step),
                Body::Ended { step, .. } => (Phase::BeforeProof, step),
                Body::Verified { step, .. } => (Phase::After, step),
                _ => continue,
            };
            if let Some(step) = STEPS.iter().position(|known| known.0 == id.as_str()) {
                self.reached(step, phase);
            }
        }
        self.tick();
    }

    fn tick(&self) {
        if self.storm.is_of_disk() {
            if !self.has_struck()
                && let Some(thread) = self.stalled()
            {
                *self.held.lock().unwrap() = thread;
                self.has_struck.store(true, Ordering::SeqCst);
            }
            return;
        }
        let mut times = self.times.lock().unwrap();
        let over = |since: Option<Instant>, ms: u64| {
            since.is_some_and(|since| since.elapsed() >= Duration::from_millis(ms))
        };
        if times.struck.is_none() && over(times.reached, self.storm.after) {
            times.struck = Some(Instant::now());
            self.storm.strike(self.rig);
            self.has_struck.store(true, Ordering::SeqCst);
        }
        if !times.healed && over(times.struck, self.storm.lasts) {
            times.healed = true;
            self.rig.heal();
            self.storm.begin(self.rig);
        }
    }
}
