//! Runner, child or both are killed at any moment: nothing is done once an attempt is found over.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use warroom::runtime::runner::{Aftermath, Launched};

use crate::chance::Chance;
use crate::groups::is_gone;
use crate::stage::Stage;

/// How many deaths: `full` for a whole campaign, else a sample.
const CAMPAIGN: &str = "WARROOM_CAMPAIGN";

/// Deaths in a whole campaign, and in a sample.
const DEATHS: (u32, u32) = (2000, 60);

/// Attempts at once; they wait most of the time.
const WORKERS: u32 = 8;

/// How long an attempt lives by itself, at most, in milliseconds.
const LIFE_MS: u64 = 1000;

/// What became of all attempts.
#[derive(Debug, Default)]
struct Tally {
    not_started: AtomicU32,
    ended: AtomicU32,
    unknown: AtomicU32,
    /// A child that went on without its runner.
    outlived: AtomicU32,
}

pub fn campaign() {
    let full = std::env::var(CAMPAIGN).is_ok_and(|value| value == "full");
    let deaths = if full { DEATHS.0 } else { DEATHS.1 };
    let (next, tally) = (AtomicU32::new(0), Tally::default());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= deaths {
                        return;
                    }
                    dies(seed, &tally);
                }
            });
        }
    });
    println!("     seeds 0 to {}: {tally:?}, 0 twice, 0 after the end", deaths - 1);
    assert!(tally.outlived.load(Ordering::SeqCst) > 0, "no child outlived its runner");
}

fn dies(seed: u32, tally: &Tally) {
    let mut chance = Chance(u64::from(seed));
    let stage = Stage::new();
    let part = |chance: &mut Chance| chance.below(LIFE_MS / 2);
    let (before, after) = (part(&mut chance), part(&mut chance));
    // The lock is held by all that is started, whoever its parent is.
    let script = format!(
        "sh: exec 9>alive; flock -n 9 || exit 9; echo $$ > pid.next; mv pid.next pid; \
         sleep 0.{before:03}; echo 1 >> effects; sleep 0.{after:03}"
    );
    let child = stage.launch(&script).unwrap();
    thread::park_timeout(Duration::from_millis(chance.below(LIFE_MS + 100)));
    let way = chance.below(4);
    strike(&stage, &child, way, &mut chance);
    let folder = stage.folder();
    if way == 0 && stage.has("pid") && !is_gone(&folder.file("alive")) {
        tally.outlived.fetch_add(1, Ordering::SeqCst);
    }
    if chance.below(4) == 0 {
        stage.leash.end();
    }
    let found = stage.watch(Some(child));
    let what = format!("seed {seed}: {found:?}");
    let effects = || fs::read_to_string(folder.file("effects")).unwrap_or_default();
    let done = effects();
    assert!(is_gone(&folder.file("alive")), "{what}: something of it still runs");
    assert!(stage.late_runner_refuses(), "{what}");
    match &found {
        Aftermath::NotStarted => {
            assert_eq!(done, "", "{what}");
            tally.not_started.fetch_add(1, Ordering::SeqCst);
        }
        Aftermath::Ended(_) => drop(tally.ended.fetch_add(1, Ordering::SeqCst)),
        Aftermath::Unknown(_) => drop(tally.unknown.fetch_add(1, Ordering::SeqCst)),
    }
    assert!(done.is_empty() || done == "1\n", "{what}: twice");
    assert_eq!(effects(), done, "{what}: done after the end");
}

/// Kills the runner alone, the child alone, or both, one after the other.
fn strike(stage: &Stage, child: &Launched, way: u64, chance: &mut Chance) {
    let runner = || {
        let pid = Pid::from_raw(i32::try_from(child.pid()).unwrap()).unwrap();
        // Not waited for yet, so the number is still its own.
        let _ = kill_process(pid, Signal::KILL);
    };
    let mut whole = chance.below(2) == 0;
    let mut its_child = || {
        let told = fs::read_to_string(stage.folder().file("pid")).unwrap_or_default();
        let Some(pid) = told.trim().parse().ok().and_then(Pid::from_raw) else { return };
        // Fails only when it was quicker.
        let _ = if std::mem::take(&mut whole) {
            kill_process_group(pid, Signal::KILL)
        } else {
            kill_process(pid, Signal::KILL)
        };
    };
    match way {
        0 => runner(),
        1 => its_child(),
        2 => {
            runner();
            its_child();
        }
        _ => {
            its_child();
            runner();
        }
    }
}
