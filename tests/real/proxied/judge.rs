//! What must be true after any run: asked of the servers' own logs and of the journal.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;

use warroom::domain::run::event::{Body, RunEvent};
use warroom::runtime::recording::{self, What};

use super::hand::{End, record, run_folder};
use super::rig::{Identities, Rig, STORES};

/// What a run, or all of them, came to.
#[derive(Debug, Default)]
pub struct Counts {
    pub runs: u64,
    /// In which the fault came.
    pub struck: u64,
    /// In which every step was done.
    pub done: u64,
    /// In which the person went to SAFE or held the plan.
    pub stopped: u64,
    /// Acts that servers received.
    pub acts: u64,
    /// Attempts granted.
    pub intents: u64,
    /// Gates whose readings were compared with what they depend on.
    pub gates: u64,
    /// What must not be.
    pub faults: Vec<String>,
}

impl Counts {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.struck += other.struck;
        self.done += other.done;
        self.stopped += other.stopped;
        self.acts += other.acts;
        self.intents += other.intents;
        self.gates += other.gates;
        self.faults.extend_from_slice(&other.faults);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} runs, {} struck, {} done, {} stopped by hand, \
             {} attempts, {} acts, {} gates, {} faults",
            self.runs,
            self.struck,
            self.done,
            self.stopped,
            self.intents,
            self.acts,
            self.gates,
            self.faults.len()
        )
    }
}

/// One act as a server received it.
#[derive(Debug, Clone)]
pub struct Act {
    step: &'static str,
    /// The server, by store and side.
    store: usize,
    side: usize,
    /// When, milliseconds since 1970.
    at: i64,
}

/// The proof of a write sends its statement twice: unconfirmed, and again once that was answered.
const WRITES_OF_A_PROOF: u32 = 2;

/// What a statement of the acting role does, where it changes anything.
const STATEMENTS: [(&str, &str); 3] = [
    ("alter system set default_transaction_read_only", "fence-pg"),
    ("pg_promote(true", "promote-pg"),
    ("insert into", "write-pg"),
];

/// The store of a step that acts on none.
const NO_STORE: usize = 9;

/// A grant that was good when its attempt began to act may be used for so long: a new process, a
/// connection and a question on a busy machine.
const USED_WITHIN_MS: i64 = 1_000;

/// After SAFE was on the screen, acts may still be on their way for so long.
const ON_ITS_WAY_MS: i64 = 500;

/// What the servers received that changes anything.
pub fn acts(rig: &Rig) -> Vec<Act> {
    let mut acts = Vec::new();
    for (side, server) in [&rig.pair.a, &rig.pair.b].into_iter().enumerate() {
        for line in server.log_text().lines().filter(|line| line.contains(" wr_act LOG:")) {
            let Some((_, step)) = STATEMENTS.iter().find(|(words, _)| line.contains(words)) else {
                continue;
            };
            acts.push(Act { step, store: 0, side, at: pg_time(line) });
        }
    }
    for line in std::fs::read_to_string(rig.notes()).unwrap_or_default().lines() {
        acts.push(Act { step: "note", store: NO_STORE, side: 0, at: line.parse().unwrap() });
    }
    for (side, server) in [&rig.cache.a, &rig.cache.b].into_iter().enumerate() {
        for line in server.log_text().lines() {
            if line.contains("FAILOVER requested") {
                acts.push(Act { step: "hand-cache", store: 1, side, at: redis_time(line) });
            }
        }
    }
    acts
}

/// `%n`: seconds since 1970 with milliseconds.
fn pg_time(line: &str) -> i64 {
    let digits: String = line.split(' ').next().unwrap().replace('.', "");
    digits.parse().unwrap_or_else(|_| panic!("no time in {line}"))
}

/// `21 Nov 2026 14:43:22.123`, of today.
fn redis_time(line: &str) -> i64 {
    const DAY_MS: i64 = 86_400_000;
    let clock = line.split(' ').find(|word| word.matches(':').count() == 2).unwrap();
    let seconds = clock.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap());
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = i64::try_from(since).unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a day")]
    let in_day = (seconds * 1000.0) as i64;
    now - now % DAY_MS + in_day
}

/// Everything that must hold.
pub fn judge(
    rig: &Rig,
    state: &Path,
    identities: &Identities,
    (end, struck): (End, bool),
    is_of_disk: bool,
) -> Counts {
    let (events, acts) = (record(state), acts(rig));
    let intents = events.iter().filter(|event| matches!(event.body, Body::Intended { .. }));
    let mut counts = Counts {
        runs: 1,
        struck: u64::from(struck),
        done: u64::from(end == End::AllDone),
        stopped: u64::from(matches!(end, End::Stopped(_))),
        acts: acts.len() as u64,
        intents: intents.count() as u64,
        ..Counts::default()
    };
    meant(&mut counts, &events, &acts, identities, is_of_disk);
    once(&mut counts, rig, &acts);
    if let End::Stopped(at) = end {
        for act in acts.iter().filter(|act| act.at > at + ON_ITS_WAY_MS) {
            counts.faults.push(format!("stopped by a person at {at}: {act:?}"));
        }
    }
    if struck || end == End::AllDone {
        looked_after(&mut counts, &events, state);
    }
    if end == End::Stuck && !struck && !is_of_disk {
        counts.faults.push("stuck without any fault".to_owned());
    }
    counts
}

/// Each act has its intent, was received by the server that the intent names, and once.
fn meant(
    counts: &mut Counts,
    events: &[RunEvent],
    acts: &[Act],
    identities: &Identities,
    is_of_disk: bool,
) {
    let mut of_attempt: BTreeMap<(&str, u32), u32> = BTreeMap::new();
    for act in acts {
        let granted = events.iter().rev().find_map(|event| match &event.body {
            Body::Intended { step, attempt, warrant, .. }
                if step.as_str() == act.step && event.at.wall_ms <= act.at =>
            {
                Some((*attempt, warrant))
            }
            _ => None,
        });
        let Some((attempt, warrant)) = granted else {
            counts.faults.push(format!("without an intent: {act:?}"));
            continue;
        };
        *of_attempt.entry((act.step, attempt)).or_default() += 1;
        let Some(warrant) = warrant else {
            counts.faults.push(format!("an intent without its terms: {act:?}"));
            continue;
        };
        // What the relays held back was sent before; a disk holds nothing back.
        if is_of_disk && act.at > warrant.expires.wall_ms + USED_WITHIN_MS {
            counts.faults.push(format!("its grant ended at {}: {act:?}", warrant.expires.wall_ms));
        }
        if act.store == NO_STORE {
            continue;
        }
        // A handover is asked of the side that hands over.
        let named = if act.step == "hand-cache" { &warrant.other } else { &warrant.target };
        let named = named.as_ref().map(|identity| identity.server.to_string());
        let met = &identities[act.store][act.side];
        if named.as_ref() != Some(met) {
            let store = STORES[act.store];
            counts.faults.push(format!("{store}: {act:?} met {met}, the intent names {named:?}"));
        }
    }
    for ((step, attempt), times) in of_attempt {
        let once = if step == "write-pg" { WRITES_OF_A_PROOF } else { 1 };
        if times > once {
            counts.faults.push(format!("{step}/{attempt} acted {times} times"));
        }
    }
}

/// No second effect in the servers.
fn once(counts: &mut Counts, rig: &Rig, acts: &[Act]) {
    for server in [&rig.pair.a, &rig.pair.b] {
        if let Err(why) = server.try_sql("select 1") {
            let (name, log) = (&server.name, server.log_text());
            let end = log.get(log.len().saturating_sub(2_000)..).unwrap_or_default();
            counts.faults.push(format!("server {name} does not answer: {why}\n{end}"));
            return;
        }
    }
    let timeline = |server: &crate::servers::postgres::Server| {
        server.sql("select timeline_id from pg_control_checkpoint()").parse::<u32>().unwrap()
    };
    rig.pair.b.try_sql("checkpoint").unwrap_or_default();
    let (a, b) = (timeline(&rig.pair.a), timeline(&rig.pair.b));
    if a != 1 || b > 2 {
        counts.faults.push(format!("timelines {a} and {b}: promoted where it should not be"));
    }
    if rig.pair.a.sql("select pg_is_in_recovery()") != "f" {
        counts.faults.push("A is no primary any more".to_owned());
    }
    for step in ["promote-pg", "hand-cache", "note"] {
        let times = acts.iter().filter(|act| act.step == step).count();
        if times > 1 {
            counts.faults.push(format!("{step} was asked for {times} times"));
        }
    }
}

/// Each gate's reading was begun after the end of every step that its step needs.
fn looked_after(counts: &mut Counts, events: &[RunEvent], state: &Path) {
    // The plan is a chain: a step's ancestor is the step before, and its gates ask these stores.
    const ASKED: [(&str, &str, &[usize]); 4] = [
        ("promote-pg", "fence-pg", &[0]),
        ("hand-cache", "promote-pg", &[0, 1]),
        ("write-pg", "hand-cache", &[0]),
        ("note", "write-pg", &[1]),
    ];
    let Some(folder) = run_folder(state) else { return };
    let Some(run) = events.iter().find_map(|event| match &event.body {
        Body::Opened { run, .. } => Some(run.clone()),
        _ => None,
    }) else {
        return;
    };
    let takes = recording::read(&folder, &run).unwrap().takes;
    for event in events {
        let Body::Intended { step, .. } = &event.body else { continue };
        let asked = ASKED.iter().find(|(id, ..)| *id == step.as_str());
        let Some((_, before, stores)) = asked else { continue };
        let ended = events.iter().rev().find(|event| match &event.body {
            Body::Ended { step, .. } => step.as_str() == *before,
            _ => false,
        });
        let Some(ended) = ended else { continue };
        for store in *stores {
            let looks = takes.iter().filter_map(|take| match &take.what {
                What::Heard { system, at, .. }
                    if system.as_str() == STORES[*store]
                        && take.now.boot_ms <= event.at.boot_ms =>
                {
                    Some(*at)
                }
                _ => None,
            });
            counts.gates += 1;
            let last = looks.max_by_key(|at| at.boot_ms);
            if last.is_none_or(|last| last.boot_ms < ended.at.boot_ms) {
                counts.faults.push(format!(
                    "{step} was granted at {} on a look at {} begun at {:?}, {before} ended at {}",
                    event.at.boot_ms,
                    STORES[*store],
                    last.map(|last| last.boot_ms),
                    ended.at.boot_ms
                ));
            }
        }
    }
}

/// The journal and the acts, for whoever looks for the cause.
pub fn story(rig: &Rig, state: &Path) -> String {
    let mut lines: Vec<(i64, String)> =
        record(state).iter().map(|event| (event.at.wall_ms, format!("{:?}", event.body))).collect();
    lines.extend(acts(rig).iter().map(|act| (act.at, format!("RECEIVED {act:?}"))));
    lines.sort();
    lines.iter().fold(String::new(), |mut all, (at, text)| {
        let _ = writeln!(all, "{at} {text:.600}");
        all
    })
}
