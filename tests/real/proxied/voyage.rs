//! The campaign: many runs, each with one fault drawn from its seed, several pairs at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use warroom::runtime::journal::lock::Lock;

use super::hand;
use super::judge::{self, Counts};
use super::rig::Rig;
use super::storm::{Sky, Storm};
use crate::seat;
use crate::servers::postgres::Pair;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// Runs of the sample, and of a whole campaign.
const RUNS: (u64, u64) = (8, 300);

/// Pairs at a time.
const PAIRS: u64 = 2;

/// Set to `full` for a whole campaign, or to how many runs it is to have; else a sample runs.
fn runs() -> u64 {
    match std::env::var("WARROOM_CAMPAIGN").as_deref() {
        Ok("full") => RUNS.1,
        Ok(number) => number.parse().expect("`full` or a number of runs"),
        Err(_) => RUNS.0,
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn every_name_moved_delayed_cut_and_silenced_at_every_phase() {
    let Some(_turn) = turn(Group::Proxied) else { return };
    let first = number("WARROOM_SEED").unwrap_or(1);
    let runs = runs();
    let pairs = number("WARROOM_PAIRS").unwrap_or(PAIRS).min(runs);
    let (template, begin) = (Pair::template(), Instant::now());
    let next = AtomicU64::new(first);
    let total = Mutex::new(Counts::default());
    std::thread::scope(|scope| {
        for _ in 0..pairs {
            scope.spawn(|| {
                let mut rig = Rig::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + runs {
                        return;
                    }
                    let found =
                        voyage(&mut rig, &template, &format!("seed {seed}"), Storm::of(seed));
                    total.lock().unwrap().add(&found);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("seeds {first} to {}: {total}, in {:.0?}", first + runs - 1, begin.elapsed());
    assert!(total.faults.is_empty(), "{:#?}", total.faults);
    assert!(total.struck > 0 && total.acts > 0, "nothing was tested: {total}");
}

/// One run from its first key to the end of its last attempt.
pub fn voyage(rig: &mut Rig, template: &Pair, what: &str, storm: Storm) -> Counts {
    rig.begin_again(template);
    let identities = rig.identities();
    let (begin, state) = (Instant::now(), tempfile::tempdir().unwrap());
    let ((end, faults), struck, held) = {
        let sky = Sky::new(storm, rig);
        let ended = hand::work(rig, state.path(), &sky, storm);
        (ended, sky.has_struck(), sky.held())
    };
    rig.heal();
    until_attempts_are_over(state.path());
    let mut counts =
        judge::judge(rig, state.path(), &identities, (end, struck), storm.is_of_disk());
    counts.faults.extend(faults);
    println!("{what}: {end:?} after {:.0?}, {storm:?} {held}: {counts}", begin.elapsed());
    if !counts.faults.is_empty() {
        println!("{what}: {:#?}\n{}", counts.faults, judge::story(rig, state.path()));
    }
    counts.faults.iter_mut().for_each(|fault| fault.insert_str(0, &format!("{what}: ")));
    counts
}

/// Runners outlive a console: an attempt is over when its lock is free.
fn until_attempts_are_over(state: &std::path::Path) {
    let Some(folder) = hand::run_folder(state) else { return };
    let steps = std::fs::read_dir(folder.join("attempts")).into_iter().flatten().flatten();
    for step in steps {
        for attempt in std::fs::read_dir(step.path()).into_iter().flatten().flatten() {
            let lock = attempt.path().join("lock");
            until("the attempt is over", DEADLINE * 2, || {
                !lock.exists() || Lock::try_take(&lock).is_ok_and(|lock| lock.is_some())
            });
        }
    }
    seat::pass(Duration::from_millis(50));
}
