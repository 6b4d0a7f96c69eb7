//! Whole incidents in the simulator, seed by seed: what is said must be what was so.
mod campaign;
mod hands;
mod named;
mod person;
mod proofs;
mod truth;
mod voyage;
mod watchers;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use named::Presser;
use person::{Person, lost_region};
use truth::Forecasts;
use voyage::Voyage;
use warroom::commands::demo::DemoPlan;
use warroom::domain::ids::RunId;
use warroom::domain::pace::Paces;
use warroom::domain::run::event::Mode;
use warroom::domain::run::phase::Phase;
use warroom::domain::run::state::StepState;
use warroom::runtime::event::Event;

/// The seeds of all voyages, where nobody asks for fewer.
const SEEDS: u64 = 200;

/// The variable that asks for fewer, and the least that shows anything.
const ASKED: (&str, u64) = ("WARROOM_SEEDS", 50);

/// How many seeds are lived through.
fn seeds() -> u64 {
    let asked = std::env::var(ASKED.0).ok();
    let asked = asked.map(|text| text.parse().expect("a number of seeds"));
    asked.unwrap_or(SEEDS).clamp(ASKED.1, SEEDS)
}

/// Earlier runs that a forecast rests on.
const EARLIER: u64 = 20;

/// Presses what is named, over all incidents of this program.
static PRESSER: LazyLock<Presser> = LazyLock::new(Presser::new);

/// Does something for every seed, on as many threads as the machine has.
fn every_seed(seeds: std::ops::RangeInclusive<u64>, check: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(*seeds.start());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    check(seed);
                }
            });
        }
    });
}

/// What other runs of the same plan took, in worlds of their own.
fn earlier_runs() -> Paces {
    let paces = Mutex::new(Paces::default());
    every_seed(1001..=1000 + EARLIER, |seed| {
        let mut voyage = Voyage::begin(lost_region(seed));
        Person::new(seed).takes(&mut voyage, "failover", Mode::Ungraceful);
        let mut run = voyage.run().expect("a run").clone();
        // Virtual days all begin alike, so their names would too.
        run.id = RunId::new(&format!("demo-{seed}")).expect("a name");
        let plan = voyage.plan().expect("its plan");
        paces.lock().unwrap_or_else(PoisonError::into_inner).learn(&plan, &run);
    });
    paces.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_lost_region_is_told_truly_from_first_to_last() {
    let paces = earlier_runs();
    let forecasts = Mutex::new(Forecasts::default());
    every_seed(1..=seeds(), |seed| {
        let what = format!("seed {seed}");
        let mut voyage = Voyage::begin(lost_region(seed));
        voyage.event(Event::Paced(Box::new(paces.clone())));
        Person::new(seed).takes(&mut voyage, "failover", Mode::Ungraceful);
        truth::check_ledger(&what, &voyage);
        proofs::check_replay(&what, &mut voyage);
        let report = proofs::check_report(&what, seed, &voyage);
        truth::check_figures(&what, &voyage, &report);
        forecasts.lock().unwrap_or_else(PoisonError::into_inner).add(&what, &voyage);
    });
    forecasts.into_inner().unwrap_or_else(PoisonError::into_inner).check();
    let (keys, moments, spent) = PRESSER.checked();
    println!("{keys} keys pressed in {moments} moments, {spent} ms");
    assert!(keys > seeds() * 10, "few keys were named: {keys}");
}

#[test]
fn given_up_after_every_step_it_is_told_truly_what_is_left() {
    let plan_steps = 14;
    let (back, stays) = (AtomicU64::new(0), AtomicU64::new(0));
    every_seed(1..=seeds(), |seed| {
        let (done, mode) = match seed % 2 {
            0 => (seed / 2 % (plan_steps + 1), Mode::Ungraceful),
            _ => (seed / 2 % (plan_steps + 1), Mode::Planned),
        };
        let what = format!("seed {seed}, {} after {done} steps", mode.word());
        let plan = match mode {
            Mode::Ungraceful => lost_region(seed),
            Mode::Planned => DemoPlan { seed, fail_after: None, returns_after: None },
        };
        let mut voyage = Voyage::begin(plan);
        let mut person = Person::new(seed);
        person.until(&mut voyage, "failover", mode, |run| {
            let finished = |step: &&StepState| step.phase == Phase::Done;
            let enough =
                run.steps.iter().filter(finished).count() >= usize::try_from(done).expect("small");
            run.accepted.is_some() && enough
        });
        person.gives_up(&mut voyage, "failover", mode);
        let report = proofs::check_report(&what, seed, &voyage);
        let (went_back, stay) = truth::check_given_up(&what, &voyage, &report);
        back.fetch_add(u64::try_from(went_back).expect("small"), Ordering::Relaxed);
        stays.fetch_add(u64::try_from(stay).expect("small"), Ordering::Relaxed);
        proofs::check_replay(&what, &mut voyage);
    });
    // A test in which nothing went back, or nothing stayed, would show nothing.
    let (back, stays) = (back.into_inner(), stays.into_inner());
    assert!(back > seeds() && stays > seeds(), "{back} went back, {stays} stay");
}
