//! What a judgement and a forecast cost the console: both are made anew at every batch of readings.

use std::fmt::Write as _;
use std::time::Duration;

use divan::{Bencher, black_box};
use warroom::app::kinds::{read_runbook, read_site};
use warroom::domain::catalogue::{Class, Fencing};
use warroom::domain::forecast::{Forecast, Grounds, forecast};
use warroom::domain::ids::{RunId, Side, StepId};
use warroom::domain::judge::judge;
use warroom::domain::ledger::{Ledger, freeze};
use warroom::domain::pace::{Paces, RUNS_MAX};
use warroom::domain::readiness::complete;
use warroom::domain::reading::{Health, LookError, LookErrorKind, Reading};
use warroom::domain::report::Report;
use warroom::domain::run::event::{
    Actor, Body, Closing, Mode, Outcome, Purpose, RunEvent, RunKind,
};
use warroom::domain::run::state::Run;
use warroom::domain::runbook::{Direction, Runbook};
use warroom::domain::site::Site;
use warroom::domain::snapshot::Snapshot;
use warroom::domain::time::{BootId, Stamp};
use warroom::domain::verdict::T0Basis;

/// Steps of the plan.
const STEPS: usize = 60;

/// Looks at each system: its whole history.
const LOOKS: u64 = 600;

fn main() {
    divan::main();
}

fn at(second: u64) -> Stamp {
    let wall_ms = 1_795_183_000_000 + i64::try_from(second * 1000).expect("small");
    Stamp { wall_ms, boot_ms: (50_000 + second) * 1000, boot: BootId(1) }
}

fn site(systems: usize) -> Site {
    let mut text = "schema = 1\nname = \"bench\"\ntitle = \"Bench\"\nred_needs_signals = 2\n\
        people.anna = { roles = [\"commander\"], may_declare = true }\n\
        objectives.core = { rto = \"30m\", rpo = \"5m\", rpo_guaranteed = false }\n\
        regions.a = { label = \"Region A\", starts_as = \"primary\" }\n\
        regions.b = { label = \"Region B\", starts_as = \"standby\" }\n"
        .to_owned();
    for number in 0..systems {
        let _ = write!(
            text,
            "\n[systems.s{number:04}]\nkind = \"http\"\nobjective = \"core\"\nevery = \"1s\"\n\
             timeout = \"1s\"\na = {{ url = \"http://a.test/{number}\" }}\n\
             b = {{ url = \"http://b.test/{number}\" }}\n"
        );
    }
    text.push_str("\n[rules]\n");
    for number in 0..systems.min(20) {
        let _ = writeln!(text, "s{number:04}_down = {{ system = \"s{number:04}\", failures = 3 }}");
    }
    read_site(&text).expect("the site is right")
}

/// Ten rows of six steps: a step needs the one above it and the one beside that.
fn plan(site: &Site) -> Runbook {
    let mut text = "schema = 1\nname = \"failover\"\ntitle = \"Bench\"\nfrom = \"a\"\nto = \"b\"\n\
        restored = [{ system = \"s0000\", in = \"to\", fact = \"healthy\", is = true }]\n"
        .to_owned();
    for number in 0..STEPS {
        let needs = match (number / 6, number % 6) {
            (0, _) => String::new(),
            (_, 0) => format!("\"step{}\"", number - 6),
            _ => format!("\"step{}\", \"step{}\"", number - 6, number - 7),
        };
        let _ = write!(
            text,
            "\n[[steps]]\nid = \"step{number}\"\ntitle = \"Look\"\naction = \"command.check\"\n\
             expect = \"{}s\"\ntimeout = \"120s\"\nneeds = [{needs}]\n\
             with = {{ check = [\"true\"] }}\n",
            10 + number
        );
    }
    read_runbook(&text, "failover", site).expect("the plan is right")
}

/// Readings of all systems over their whole history; one in ten of region A fails.
fn snapshot(site: &Site) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for second in 0..LOOKS {
        for (index, system) in site.systems.iter().enumerate() {
            for side in Side::BOTH {
                let look = if side == Side::A && index % 10 == 0 && second > LOOKS - 10 {
                    Err(LookError::new(LookErrorKind::Timeout, "no answer within 1s"))
                } else {
                    let mut reading = Reading::new(at(second), Health::Up, "200 OK");
                    reading.took_ms = Some(second % 40);
                    Ok(reading)
                };
                snapshot.record(&system.id, side, at(second), look);
            }
        }
    }
    snapshot
}

/// A run whose first `done` steps were done, one after the other; closed when that is all of them.
fn run(plan: &Runbook, name: &str, from: u64, done: usize, notes: usize) -> Run {
    let id = RunId::new(name).expect("a name");
    let mut bodies = vec![
        Body::Opened {
            run: id,
            kind: RunKind::Drill,
            site: "bench".to_owned(),
            site_hash: String::new(),
            runbook: plan.name.clone(),
            runbook_hash: String::new(),
            direction: Direction { from: plan.from, to: plan.to },
            mode: Mode::Ungraceful,
        },
        Body::Declared {
            t0: at(from),
            basis: T0Basis::Exact,
            detected: None,
            signals: Vec::new(),
            reason: "the region is lost".into(),
            ledger: Ledger { as_of: at(from), rows: Vec::new() },
        },
    ];
    for step in plan.steps.iter().take(done) {
        bodies.extend(attempt(&step.id));
    }
    bodies.extend((0..notes).map(|number| Body::Noted { text: format!("note {number}").into() }));
    if done == plan.steps.len() {
        bodies.push(Body::Restored { evidence: "it answers".into() });
        bodies.push(Body::Closed { closing: Closing::Complete });
    }
    let by = Actor { person: None, user: "anna".into(), host: "laptop".into() };
    let event = |(seq, body)| RunEvent { seq, at: at(from + seq * 5), by: by.clone(), body };
    let events: Vec<RunEvent> = (1..).zip(bodies).map(event).collect();
    Run::replay(plan, &events).expect("it fits").expect("it begins")
}

fn attempt(step: &StepId) -> [Body; 4] {
    let (step, attempt) = (step.clone(), 1);
    let evidence = || "exit 0".into();
    [
        Body::Intended {
            step: step.clone(),
            attempt,
            purpose: Purpose::Forward,
            action: "command.check".to_owned(),
            class: Class::R,
            fencing: Fencing::NotFenced,
            gates: Vec::new(),
            call: "true".into(),
            warrant: None,
        },
        Body::Started { step: step.clone(), attempt },
        Body::Ended {
            step: step.clone(),
            attempt,
            outcome: Outcome::Applied { evidence: evidence() },
        },
        Body::Verified { step, attempt, evidence: evidence() },
    ]
}

/// The judgement alone, and with what the plan asks beside it.
#[divan::bench(args = [50, 200, 1000])]
fn judgement(bencher: Bencher, systems: usize) {
    let site = site(systems);
    let snapshot = snapshot(&site);
    let now = at(LOOKS);
    bencher.bench_local(|| judge(&site, &snapshot, Side::A, black_box(now)));
}

/// The go/no-go list completed with the plan.
#[divan::bench(args = [50, 200, 1000])]
fn judgement_with_plan(bencher: Bencher, systems: usize) {
    let site = site(systems);
    let (plan, snapshot, now) = (plan(&site), snapshot(&site), at(LOOKS));
    bencher.bench_local(|| {
        let mut assessment = judge(&site, &snapshot, Side::A, black_box(now));
        complete(&mut assessment, Some(&plan), None, &site, &snapshot, now);
        assessment
    });
}

/// What would be lost now.
#[divan::bench(args = [50, 200, 1000])]
fn losses(bencher: Bencher, systems: usize) {
    let site = site(systems);
    let snapshot = snapshot(&site);
    let now = at(LOOKS);
    bencher.bench_local(|| freeze(&site, &snapshot, Side::A, black_box(now)));
}

/// The forecast of a plan of 60 steps on 20 earlier runs, with so many steps done.
#[divan::bench(args = [0, 30, 59])]
fn forecast_in_a_run(bencher: Bencher, done: usize) {
    let site = site(4);
    let plan = plan(&site);
    let mut paces = Paces::default();
    for number in 0..RUNS_MAX {
        let from = 10_000 * u64::try_from(number).expect("small");
        paces.learn(&plan, &run(&plan, &format!("bench-{number}"), from, STEPS, 0));
    }
    assert_eq!(paces.runs(), RUNS_MAX);
    let open = run(&plan, "bench-now", 500_000, done, 0);
    let pace = paces.away_from(Side::A);
    bencher.bench_local(|| -> Forecast {
        forecast(&Grounds {
            site: &site,
            runbook: Some(&plan),
            run: Some(&open),
            t0: None,
            pace,
            split: false,
            now: black_box(at(500_000).plus(Duration::from_secs(900))),
        })
    });
}

/// The report of a run with so many notes beside its 60 steps.
#[divan::bench(args = [0, 10_000], sample_count = 20)]
fn report(bencher: Bencher, notes: usize) {
    let site = site(4);
    let plan = plan(&site);
    let run = run(&plan, "bench-now", 0, STEPS, notes);
    bencher.bench_local(|| Report::of(black_box(&run), &plan, &site));
}
