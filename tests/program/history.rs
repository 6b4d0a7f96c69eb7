//! `warroom history` and what a console learns: journals on disk, good, given up and damaged.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use warroom::app::kinds::load;
use warroom::app::past::read_paces;
use warroom::commands::demo::{self, DemoPlan};
use warroom::domain::catalogue::{Class, Fencing};
use warroom::domain::ids::{RunId, Side, StepId, SystemId};
use warroom::domain::ledger::{Ledger, LedgerRow, LossVerdict};
use warroom::domain::run::event::{Actor, Body, Closing, Mode, Outcome, Purpose, RunKind};
use warroom::domain::runbook::{Direction, Runbook};
use warroom::domain::time::Stamp;
use warroom::domain::verdict::T0Basis;
use warroom::port::Clock;
use warroom::runtime::journal::store::FolderStore;
use warroom::runtime::journal::{Frozen, Journal, Reply};
use warroom::runtime::paths::StatePaths;

use crate::stand::HandClock;

/// A state folder with the demo's site in it.
struct Stage {
    place: tempfile::TempDir,
    paths: StatePaths,
    plan: Runbook,
    runs: Mutex<u64>,
}

impl Stage {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let clock = HandClock::default();
        let plan = DemoPlan::default();
        let demo = demo::write(&place.path().join("demo"), plan, &clock).expect("it is written");
        let site = load(&demo.site).expect("the demo's site is right");
        let paths = StatePaths::at(&place.path().join("warroom"));
        let plan = site.runbooks.iter().find(|plan| plan.name == "failover").expect("it is there");
        Self { plan: plan.clone(), place, paths, runs: Mutex::new(0) }
    }

    fn site(&self) -> std::path::PathBuf {
        self.place.path().join("demo").join("site")
    }

    /// A run in which the fence took some seconds; the clock stops after `total` where it does.
    fn run(
        &self,
        kind: RunKind,
        fence_s: u64,
        total: Option<u64>,
        close: Option<Closing>,
    ) -> String {
        let mut runs = self.runs.lock().expect("one thread");
        *runs += 1;
        let name = format!("demo-20261120-1400{runs:02}");
        let begin = *runs * 10_000;
        let clock = Arc::new(HandClock::at(begin * 1000));
        let set = |second: u64| clock.set((begin + second) * 1000);
        let (send, replies) = channel();
        let texts = ["site.toml", "runbooks/failover.toml"]
            .map(|name| std::fs::read_to_string(self.site().join(name)).expect("readable"));
        let frozen = Frozen { site: &texts[0], runbook: &texts[1] };
        let run = RunId::new(&name).expect("a name");
        let folder = self.paths.run(&run);
        let answer = Box::new(move |reply| send.send(reply).expect("the test waits"));
        let journal = Journal::create(&folder, frozen, &run, kind, clock.clone(), answer)
            .expect("the journal begins");
        let told = |second: u64, body: Body| {
            set(second);
            let by = Actor { person: None, user: "anna".into(), host: "desk".into() };
            journal.append(second, by, body);
            let reply = replies.recv_timeout(Duration::from_secs(30)).expect("an answer");
            assert!(matches!(reply, Reply::Recorded { .. }), "{reply:?}");
        };
        told(0, self.opened(&run, kind));
        let t0 = clock.now();
        told(5, declared(t0));
        let fence = StepId::new("fence-a").expect("a name");
        told(10, intended(&fence));
        told(11, Body::Started { step: fence.clone(), attempt: 1 });
        let outcome = Outcome::Applied { evidence: "called".into() };
        told(10 + fence_s, Body::Ended { step: fence.clone(), attempt: 1, outcome });
        let evidence = "A is fenced".into();
        told(10 + fence_s, Body::Verified { step: fence, attempt: 1, evidence });
        if let Some(total) = total {
            let pg = SystemId::new("pg").expect("a name");
            let how = "a heartbeat".into();
            told(total - 1, Body::LossMeasured { system: pg, seconds: 0.8, how, missing: None });
            told(total, Body::Restored { evidence: "users healthy for 30 s".into() });
        }
        if let Some(closing) = close {
            if closing == Closing::Aborted {
                told(900, Body::AbortStarted { reason: "given up".into() });
            }
            told(901, Body::Closed { closing });
        }
        name
    }

    fn opened(&self, run: &RunId, kind: RunKind) -> Body {
        Body::Opened {
            run: run.clone(),
            kind,
            site: "demo".to_owned(),
            site_hash: String::new(),
            runbook: "failover".to_owned(),
            runbook_hash: self.plan.hash.clone(),
            direction: Direction { from: Side::A, to: Side::B },
            mode: Mode::Ungraceful,
        }
    }

    fn spoil(&self, run: &str) {
        let path = self.paths.runs().join(run).join(FolderStore::name(1));
        let mut bytes = std::fs::read(&path).expect("readable");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).expect("writable");
    }

    /// What `warroom` prints, and its exit code.
    fn warroom(&self, words: &[&str]) -> (String, Option<i32>) {
        let output = Command::new(env!("CARGO_BIN_EXE_warroom"))
            .args(words)
            .env("XDG_STATE_HOME", self.place.path())
            .env_remove("WARROOM_SITE")
            .env("XDG_CONFIG_HOME", self.place.path().join("none"))
            .current_dir(self.place.path())
            .output()
            .expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (text + &said, output.status.code())
    }
}

fn declared(t0: Stamp) -> Body {
    Body::Declared {
        t0,
        basis: T0Basis::Exact,
        detected: None,
        signals: Vec::new(),
        reason: "the region is lost".into(),
        ledger: Ledger {
            as_of: t0,
            rows: vec![LedgerRow {
                system: SystemId::new("redis").expect("a name"),
                last: None,
                loss_s: None,
                rpo_s: Some(300.0),
                verdict: LossVerdict::Unknown,
            }],
        },
    }
}

fn intended(step: &StepId) -> Body {
    Body::Intended {
        step: step.clone(),
        attempt: 1,
        purpose: Purpose::Forward,
        action: "sim.fence".to_owned(),
        class: Class::I,
        fencing: Fencing::IdempotentByKey,
        gates: Vec::new(),
        call: "fence A".into(),
        warrant: None,
    }
}

fn path_text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn runs_are_told_newest_first_and_plans_with_their_figures() {
    let stage = Stage::new();
    let (empty, exit) = stage.warroom(&["history"]);
    assert_eq!((empty.as_str(), exit), ("no run on this machine yet\n", Some(0)));
    let all = stage
        .plan
        .steps
        .iter()
        .filter(|step| step.id.as_str() != "fence-a")
        .map(|step| step.id.clone())
        .collect();
    let first = stage.run(RunKind::Simulation, 20, Some(190), None);
    let second = stage.run(RunKind::Simulation, 30, Some(700), None);
    let third = stage.run(RunKind::Simulation, 40, None, Some(Closing::Aborted));
    let open = stage.run(RunKind::Simulation, 99, None, None);
    let _: Vec<StepId> = all;
    let site = stage.site();
    let (text, exit) = stage.warroom(&["history", "failover", "--site", path_text(&site)]);
    assert_eq!(exit, Some(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let check = |line: usize, parts: &[&str]| {
        for part in parts {
            assert!(lines[line].contains(part), "line {line} wants `{part}`\n{text}");
        }
    };
    check(0, &["RUN ", "RTO", "WORST LOSS"]);
    check(1, &[&open, "SIM", "A > B", "NOT CLOSED, executing", "not measured"]);
    check(2, &[&third, "ABORTED", "not measured"]);
    check(3, &[&second, "00:11:40 of 10m00s MISSED core", "pg at most 0.8s; redis not measured"]);
    check(4, &[&first, "00:03:10 of 10m00s MET core", "pg at most 0.8s"]);
    let plan = lines.iter().position(|line| line.starts_with("PLAN failover")).expect("a plan");
    check(plan, &["A > B", "NEVER run for real", "unchanged since its last run"]);
    let fence = lines.iter().find(|line| line.starts_with("  fence-a")).expect("a step");
    // Three runs that ended or were restored: 20, 30 and 40 s, begun 5 s after the declaration.
    let words: Vec<&str> = fence.split_whitespace().collect();
    assert_eq!(words, ["fence-a", "3", "30s", "40s", "5s", "5s", "NEVER"], "{text}");
    assert!(text.contains("60s by the plan"), "{text}");
    assert!(!text.contains("PLAN failback"), "{text}");
    // A changed plan says so.
    let file = site.join("runbooks/failover.toml");
    let changed = std::fs::read_to_string(&file).expect("readable") + "# changed\n";
    std::fs::write(&file, changed).expect("writable");
    let (text, _) = stage.warroom(&["history", "--site", path_text(&site)]);
    assert!(text.contains("CHANGED since its last run"), "{text}");
    assert!(text.contains("PLAN failback"), "{text}");
    let (text, exit) = stage.warroom(&["history", "fail", "--site", path_text(&site)]);
    assert_eq!(exit, Some(64), "{text}");
}

#[test]
fn the_history_is_told_to_programs() {
    let stage = Stage::new();
    let first = stage.run(RunKind::Simulation, 20, Some(190), None);
    let drill = stage.run(RunKind::Drill, 50, Some(200), None);
    let bad = stage.run(RunKind::Simulation, 30, Some(190), None);
    stage.spoil(&bad);
    let site = stage.site();
    let (text, exit) = stage.warroom(&["history", "--json", "--site", path_text(&site)]);
    assert_eq!(exit, Some(1), "a run cannot be read: {text}");
    let json: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["schema"], 1);
    let runs = json["runs"].as_array().expect("runs");
    let names: Vec<&str> = runs.iter().filter_map(|run| run["run"].as_str()).collect();
    assert_eq!(names, [drill.as_str(), first.as_str(), bad.as_str()]);
    assert!(runs[2]["unreadable"].is_string());
    assert_eq!((&runs[1]["kind"], &runs[1]["rto"]), (&"simulation".into(), &"met".into()));
    assert_eq!(runs[1]["total_s"], 190.0);
    assert_eq!(runs[1]["losses"][0]["measured_s"], 0.8);
    assert_eq!(runs[1]["losses"][0]["at_most"], true);
    assert_eq!(runs[1]["not_measured"], serde_json::json!(["redis"]));
    assert_eq!(runs[1]["tiers"][1]["took_s"], 190.0);
    assert_eq!(runs[1]["opened"], "2026-11-20T16:48:50Z");
    let plan = json["plans"]
        .as_array()
        .and_then(|plans| plans.iter().find(|plan| plan["runbook"] == "failover"))
        .expect("the plan");
    // A drill of a simulated site counts for nothing here.
    assert_eq!(plan["steps"][0]["runs"], 1);
    assert_eq!(plan["steps"][0]["act_p80_s"], 20.0);
    assert_eq!(plan["changed_since_last_run"], false);
    // Without a site the runs are told alone.
    let (text, _) = stage.warroom(&["history", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["plans"], serde_json::json!([]));
}

#[test]
fn a_console_learns_of_its_own_kind_and_counts_what_is_damaged() {
    let stage = Stage::new();
    let figures = |kind: RunKind| {
        let paces = read_paces(&stage.paths, "demo", kind);
        let step = stage.plan.step(&StepId::new("fence-a").expect("a name")).expect("a step");
        let pace = paces.away_from(Side::A).of(step);
        let back = paces.away_from(Side::B).of(step).runs;
        (pace.runs, pace.act.p50.as_secs(), pace.last_real.is_some(), back, paces.damaged)
    };
    assert_eq!(figures(RunKind::Live), (0, 15, false, 0, 0));
    stage.run(RunKind::Simulation, 20, Some(190), None);
    stage.run(RunKind::Live, 33, Some(190), None);
    stage.run(RunKind::Drill, 44, Some(190), None);
    let bad = stage.run(RunKind::Live, 55, Some(190), None);
    stage.run(RunKind::Live, 66, None, None);
    assert_eq!(figures(RunKind::Live), (3, 44, true, 0, 0));
    stage.spoil(&bad);
    assert_eq!(figures(RunKind::Live), (2, 33, true, 0, 1));
    assert_eq!(figures(RunKind::Drill), (2, 33, true, 0, 1));
    assert_eq!(figures(RunKind::Simulation), (1, 20, false, 0, 1));
    let other = read_paces(&stage.paths, "dem", RunKind::Live);
    assert_eq!((other.runs(), other.damaged), (0, 0));
}

#[test]
fn only_the_last_runs_are_read() {
    let stage = Stage::new();
    for fence_s in 1..=25 {
        stage.run(RunKind::Simulation, fence_s, Some(190), None);
    }
    let paces = read_paces(&stage.paths, "demo", RunKind::Simulation);
    let step = stage.plan.step(&StepId::new("fence-a").expect("a name")).expect("a step");
    let pace = paces.away_from(Side::A).of(step);
    assert_eq!((pace.runs, pace.act.p50.as_secs(), pace.act.p80.as_secs()), (20, 15, 21));
}
