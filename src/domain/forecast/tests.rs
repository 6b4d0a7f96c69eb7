//! The clock strip's figures and states, at their boundaries.

use super::RtoState::{AtRisk, Breached, Met, Missed, OnTrack, Provisional, Ready, WillMiss};
use super::*;
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing};
use crate::domain::ids::{RunId, Side};
use crate::domain::ledger::Ledger;
use crate::domain::rules::bench::at;
use crate::domain::run::event::{Actor, Body, Closing, Mode, Outcome, Purpose, RunEvent, RunKind};
use crate::domain::runbook::{Compensation, Direction};
use crate::domain::settings::{Span, Table};
use crate::domain::verdict::T0Basis;

static CHECK: ActionSpec = ActionSpec {
    name: "command.run",
    doc: "Runs a command.",
    verb: "run",
    class: Class::I,
    guard: Guard::OneKey,
    fencing: Fencing::NotFenced,
    change: Change::None,
    reversal: "not needed",
    permissions: &[],
    needs_target: false,
    settings: &[],
};

const DIRECTION: Direction = Direction { from: Side::A, to: Side::B };

fn id(name: &str) -> StepId {
    StepId::new(name).expect("a name")
}

fn step(name: &str, needs: &[&str], expect_s: u64) -> Step {
    Step {
        id: id(name),
        title: name.into(),
        group: None,
        action: &CHECK,
        with: Table::default(),
        target: None,
        needs: needs.iter().map(|need| id(need)).collect(),
        expect: Duration::from_secs(expect_s),
        timeout: Duration::from_secs(expect_s * 2),
        gates: Vec::new(),
        ungraceful: Ungraceful::Same,
        compensation: Compensation::NotNeeded,
        class: Class::I,
        guard: Guard::OneKey,
        second_person: false,
        optional: false,
        say: None,
        span: Span::default(),
    }
}

/// fence 100 s -> promote 300 s (guard 3) -> dns 60 s; scale 200 s beside promote.
fn runbook() -> Runbook {
    let mut promote = step("promote", &["fence"], 300);
    promote.guard = Guard::TypedVerb;
    Runbook {
        name: "failover".to_owned(),
        title: "Failover".into(),
        from: Side::A,
        to: Side::B,
        back: None,
        restored: Vec::new(),
        go: Vec::new(),
        // Written out of order on purpose.
        steps: vec![
            step("dns", &["promote", "scale"], 60),
            promote,
            step("scale", &["fence"], 200),
            step("fence", &[], 100),
        ],
        hash: String::new(),
    }
}

/// Declares at 10 with T0 at 0, then does what is told: `start fence` at a second, `end fence`,
/// `skip fence`, `restored`, `abort`.
fn run(runbook: &Runbook, mode: Mode, told: &[(u64, &str)]) -> Run {
    let by = Actor { person: None, user: "anna".into(), host: "bastion".into() };
    let opened = Body::Opened {
        run: RunId::new("lms-1").expect("a name"),
        kind: RunKind::Simulation,
        site: "lms".to_owned(),
        site_hash: String::new(),
        runbook: "failover".to_owned(),
        runbook_hash: String::new(),
        direction: DIRECTION,
        mode,
    };
    let declared = Body::Declared {
        detected: None,
        t0: at(0),
        basis: T0Basis::Exact,
        signals: Vec::new(),
        reason: "A is gone".into(),
        ledger: Ledger { as_of: at(0), rows: Vec::new() },
    };
    let mut bodies = vec![(5, opened), (10, declared)];
    for (second, words) in told {
        let (verb, name) = words.split_once(' ').unwrap_or((words, "fence"));
        let (step, attempt) = (id(name), 1);
        match verb {
            "start" => bodies.push((
                *second,
                Body::Intended {
                    step,
                    attempt,
                    purpose: Purpose::Forward,
                    action: "command.run".to_owned(),
                    class: Class::I,
                    fencing: Fencing::NotFenced,
                    gates: Vec::new(),
                    call: "fence a".into(),
                },
            )),
            "end" => {
                let outcome = Outcome::Applied { evidence: "done".into() };
                bodies.push((*second, Body::Ended { step: step.clone(), attempt, outcome }));
                bodies.push((*second, Body::Verified { step, attempt, evidence: "so".into() }));
            }
            "skip" => bodies.push((*second, Body::Skipped { step, reason: "told so".into() })),
            "restored" => bodies.push((*second, Body::Restored { evidence: "up".into() })),
            "abort" => {
                bodies.push((*second, Body::AbortStarted { reason: "given up".into() }));
                bodies.push((*second, Body::Closed { closing: Closing::Aborted }));
            }
            _ => panic!("no such word: {words}"),
        }
    }
    let events: Vec<RunEvent> = bodies
        .into_iter()
        .enumerate()
        .map(|(index, (second, body))| RunEvent {
            seq: index as u64 + 1,
            at: at(second),
            by: by.clone(),
            body,
        })
        .collect();
    Run::replay(runbook, &events).expect("the events fit").expect("there are events")
}

#[test]
fn without_a_run() {
    let plan = runbook();
    let check = |t0: Option<u64>, rto_s: Option<u64>, now: u64, want: (u64, RtoState)| {
        let rto = rto_s.map(Duration::from_secs);
        let found = forecast(Some(&plan), None, t0.map(at), rto, at(now));
        assert_eq!((found.remaining.as_secs(), found.state), want, "{t0:?} {rto_s:?} {now}");
        assert_eq!(found.elapsed.is_some(), t0.is_some());
        assert_eq!(found.finish, found.elapsed.map(|elapsed| elapsed + found.remaining));
    };
    check(None, Some(3600), 100, (460, Ready));
    check(None, None, 100, (460, Ready));
    check(Some(0), None, 100, (460, Provisional));
    check(Some(0), Some(1000), 440, (460, Provisional));
    check(Some(0), Some(1000), 441, (460, AtRisk));
    check(Some(0), Some(1000), 540, (460, AtRisk));
    check(Some(0), Some(1000), 541, (460, WillMiss));
    check(Some(0), Some(1000), 999, (460, WillMiss));
    check(Some(0), Some(1000), 1000, (460, Breached));
    // 75 % gone with a dangerous step open.
    check(Some(0), Some(10_000), 7499, (460, Provisional));
    check(Some(0), Some(10_000), 7500, (460, AtRisk));
    let none = forecast(None, None, None, None, at(0));
    assert_eq!((none.remaining, none.state), (Duration::ZERO, Ready));
}

#[test]
fn with_a_run() {
    let check = |mode: Mode, told: &[(u64, &str)], rto_s: u64, now: u64, want: (u64, RtoState)| {
        let plan = runbook();
        let run = run(&plan, mode, told);
        let rto = Some(Duration::from_secs(rto_s));
        let found = forecast(Some(&plan), Some(&run), None, rto, at(now));
        assert_eq!((found.remaining.as_secs(), found.state), want, "{told:?} at {now}");
    };
    let go = Mode::Ungraceful;
    check(go, &[], 3600, 10, (460, OnTrack));
    check(go, &[], 1000, 441, (460, AtRisk));
    check(go, &[], 1000, 541, (460, WillMiss));
    check(go, &[], 1000, 1000, (460, Breached));
    // The running step counts what is left of it, never below nothing.
    let fencing = [(20, "start fence")];
    check(go, &fencing, 3600, 20, (460, OnTrack));
    check(go, &fencing, 3600, 70, (410, OnTrack));
    check(go, &fencing, 3600, 120, (360, OnTrack));
    check(go, &fencing, 3600, 121, (360, AtRisk));
    check(go, &fencing, 3600, 500, (360, AtRisk));
    let fenced = [(20, "start fence"), (50, "end fence")];
    check(go, &fenced, 3600, 121, (360, OnTrack));
    let promoted = [&fenced[..], &[(60, "start promote"), (90, "end promote")]].concat();
    check(go, &promoted, 3600, 100, (260, OnTrack));
    // 75 % gone: only an open dangerous step makes it a risk.
    check(go, &fenced, 10_000, 7500, (360, AtRisk));
    check(go, &promoted, 10_000, 7500, (260, OnTrack));
    check(go, &[(20, "skip fence")], 3600, 30, (360, OnTrack));
    // A skipped step hides what it waited for itself: dns may go on beside fence.
    check(go, &[(20, "skip promote"), (21, "skip scale")], 3600, 30, (100, OnTrack));
    // The clock stops on the restored facts and nothing moves it after.
    check(go, &[(999, "restored")], 1000, 5000, (0, Met));
    check(go, &[(1000, "restored")], 1000, 5000, (0, Missed));
    check(go, &[(20, "abort")], 3600, 30, (0, Missed));
}

#[test]
fn a_step_that_the_plan_skips_takes_no_time() {
    let check = |mode: Option<Mode>, t0: Option<u64>, want_s: u64| {
        let mut plan = runbook();
        plan.steps[3].ungraceful = Ungraceful::Skip;
        let run = mode.map(|mode| run(&plan, mode, &[]));
        let found = forecast(Some(&plan), run.as_ref(), t0.map(at), None, at(20));
        assert_eq!(found.remaining.as_secs(), want_s, "{mode:?} {t0:?}");
    };
    check(Some(Mode::Planned), None, 460);
    check(Some(Mode::Ungraceful), None, 360);
    check(None, None, 460);
    check(None, Some(0), 360);
}

#[test]
fn a_plan_that_needs_itself_still_ends() {
    let mut plan = runbook();
    plan.steps[3].needs = vec![id("dns")];
    let found = forecast(Some(&plan), None, None, None, at(0));
    assert_eq!(found.state, Ready);
}
