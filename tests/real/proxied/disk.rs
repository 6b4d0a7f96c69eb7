//! A disk that takes its time: every thread's sync of a number is held back for a while.
//!
//! `WARROOM_CAMPAIGN=full` stalls every sync of a run, for 1 to 60 seconds.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::judge::Counts;
use super::rig::Rig;
use super::storm::{Storm, Then};
use super::voyage::voyage;
use crate::seat::pass;
use crate::servers::find_program;
use crate::servers::postgres::Pair;
use crate::turns::{Group, turn};

/// Longer than any call that is not held back takes to be traced.
const A_WHILE: Duration = Duration::from_millis(120);

/// Syncs of a thread in a whole run of the plan: no thread makes more.
const SYNCS: u64 = 32;

/// Seconds of a whole campaign's stalls.
const SECONDS: [u64; 5] = [1, 5, 17, 30, 60];

/// The sample: which sync, how many seconds, and what the person does meanwhile. A grant is good
/// for 15 seconds.
const SAMPLE: [(u64, u64, Then); 6] = [
    (3, 17, Then::GoesOn),
    (1, 4, Then::Safe),
    (2, 4, Then::Holds),
    (7, 17, Then::GoesOn),
    (3, 4, Then::Safe),
    (4, 4, Then::Holds),
];

/// Pairs at a time: they wait most of the time.
const PAIRS: usize = 3;

fn cases() -> Vec<(u64, u64, Then)> {
    if std::env::var("WARROOM_CAMPAIGN").as_deref() != Ok("full") {
        return SAMPLE.into();
    }
    let all = (1..=SYNCS).flat_map(|sync| {
        [Then::Safe, Then::Holds, Then::GoesOn].map(|then| {
            let which = usize::try_from(sync).unwrap() + then as usize;
            (sync, SECONDS[which % SECONDS.len()], then)
        })
    });
    all.collect()
}

#[test]
fn a_disk_that_stalls_at_any_sync_lets_nothing_act_late() {
    let Some(_turn) = turn(Group::Proxied) else { return };
    if find_program("strace").is_none() {
        let strict = std::env::var("WARROOM_REAL").as_deref() == Ok("strict");
        assert!(!strict, "install strace: a strict run tests everything");
        println!("not tested: strace is not installed");
        return;
    }
    let (template, begin, cases) = (Pair::template(), Instant::now(), cases());
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Counts::default());
    std::thread::scope(|scope| {
        for _ in 0..PAIRS {
            scope.spawn(|| {
                let mut rig = Rig::new();
                while let Some((sync, seconds, then)) =
                    cases.get(next.fetch_add(1, Ordering::SeqCst)).copied()
                {
                    let storm = Storm::of_disk(sync, seconds * 1000, then);
                    let found = voyage(&mut rig, &template, &format!("sync {sync}"), storm);
                    total.lock().unwrap().add(&found);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("{} stalls: {total}, in {:.0?}", cases.len(), begin.elapsed());
    assert!(total.faults.is_empty(), "{:#?}", total.faults);
    assert!(total.struck > 0 && total.acts > 0, "nothing was tested: {total}");
}

/// The thread below a tracer that stands at a call which is held back, by its number and name.
pub fn stalled(tracer: i32) -> Option<String> {
    if tracer == 0 {
        return None;
    }
    let before = standing(tracer);
    if before.is_empty() {
        return None;
    }
    pass(A_WHILE);
    let after = standing(tracer);
    before.into_iter().find(|thread| after.contains(thread))
}

/// The threads that the tracer holds, of its children and theirs.
fn standing(tracer: i32) -> Vec<String> {
    let mut standing = Vec::new();
    let mut family = vec![tracer];
    while let Some(process) = family.pop() {
        let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
        for thread in threads.flatten() {
            let path = thread.path();
            let children = fs::read_to_string(path.join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|id| id.parse::<i32>().ok()));
            let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
            let state = stat.rsplit(") ").next().unwrap_or_default();
            if process != tracer && state.starts_with('t') {
                let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
                let title = fs::read_to_string(format!("/proc/{process}/cmdline"));
                let who = if title.is_ok_and(|title| title.contains("runner")) {
                    "runner"
                } else {
                    "console"
                };
                let id = thread.file_name();
                // What a site looked like is no part of a run.
                if name.trim() == "observations" {
                    continue;
                }
                standing.push(format!("{who}'s {} {}", name.trim(), id.display()));
            }
        }
    }
    standing
}
