//! Five runs that use every word of the journal, and the plan they are runs of.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use warroom::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use warroom::domain::ids::{PersonId, RunId, Side, StepId, SystemId, TierId};
use warroom::domain::ledger::{Ledger, LedgerRow, LossVerdict};
use warroom::domain::reading::{Basis, Certainty, Lag, LagUnit};
use warroom::domain::run::event::{
    Actor, Body, Cause, Closing, GateSeen, Mode, Outcome, Purpose, RunKind, Stays,
};
use warroom::domain::runbook::{Direction, Runbook, Step};
use warroom::domain::time::{BootId, Stamp};
use warroom::domain::verdict::{Signal, T0Basis};
use warroom::port::Clock;

use crate::stand;

/// The frozen texts of all stories.
pub const SITE: &str = "name = \"lms\"\n";
pub const RUNBOOK: &str = "title = \"Lose region A\"\n";

/// A clock that goes on by a second at every look.
pub struct Ticking(AtomicI64);

impl Ticking {
    pub fn new() -> Self {
        Self(AtomicI64::new(0))
    }
}

impl Clock for Ticking {
    fn now(&self) -> Stamp {
        at(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

pub fn at(second: i64) -> Stamp {
    Stamp {
        wall_ms: 1_795_183_330_000 + second * 1000,
        boot_ms: (second + 100).unsigned_abs() * 1000,
        // Longer than any machine number, as real ones are.
        boot: BootId(0x1234_5678_9abc_4def_8000_0000_0000_0001),
    }
}

pub fn actor() -> Actor {
    Actor {
        person: Some(PersonId::new("anna").unwrap()),
        user: "anna".into(),
        host: "laptop".into(),
    }
}

pub fn run_id() -> RunId {
    RunId::new("lms-20261120-140210").unwrap()
}

fn step(name: &str) -> StepId {
    StepId::new(name).unwrap()
}

/// One story: its name, its kind and its words.
pub struct Story {
    pub name: &'static str,
    pub kind: RunKind,
    pub bodies: Vec<Body>,
    /// The state at its end.
    pub ends: &'static str,
}

pub fn stories() -> Vec<Story> {
    vec![complete(), trouble(), given_up(), around(), doubted()]
}

fn opened(kind: RunKind, mode: Mode) -> Body {
    Body::Opened {
        run: run_id(),
        kind,
        site: "lms".to_owned(),
        site_hash: "ab".repeat(32),
        runbook: "failover".to_owned(),
        runbook_hash: "cd".repeat(32),
        direction: Direction { from: Side::A, to: Side::B },
        mode,
    }
}

fn declared() -> Body {
    let pg = SystemId::new("pg").unwrap();
    let lag = Lag {
        seconds: Some(0.8),
        amount: Some(4096),
        unit: LagUnit::Bytes,
        basis: Basis::Heartbeat,
        certainty: Certainty::Known,
        unreceived: None,
    };
    let row = LedgerRow {
        system: pg.clone(),
        last: Some((at(-3), lag)),
        loss_s: Some(3.8),
        rpo_s: Some(5.0),
        verdict: LossVerdict::Pass,
    };
    Body::Declared {
        detected: None,
        t0: at(-2),
        basis: T0Basis::Exact,
        signals: vec![Signal { system: pg, since: at(-2), why: "no answer".into(), early: false }],
        reason: "region A is gone".into(),
        ledger: Ledger { as_of: at(-2), rows: vec![row] },
    }
}

fn intended(name: &str, attempt: u32, purpose: Purpose) -> Body {
    Body::Intended {
        step: step(name),
        attempt,
        purpose,
        action: "sim.promote".to_owned(),
        class: Class::X,
        fencing: Fencing::FencedByTarget,
        gates: vec![GateSeen {
            gate: "pg lag in B at most 0s".into(),
            seen: "0.8s, read 1 s ago".into(),
            held: false,
            broken_for: Some("the primary is lost".into()),
        }],
        call: "select pg_promote()".into(),
        warrant: None,
    }
}

fn ended(name: &str, attempt: u32, outcome: Outcome) -> Body {
    Body::Ended { step: step(name), attempt, outcome }
}

fn applied() -> Outcome {
    Outcome::Applied { evidence: "pg_promote: t".into() }
}

fn complete() -> Story {
    let bodies = vec![
        opened(RunKind::Live, Mode::Planned),
        declared(),
        Body::LedgerAccepted { summary: "pg 3.8 s".into() },
        Body::T0Set { t0: at(-4), reason: "the pager says so".into() },
        intended("promote", 1, Purpose::Forward),
        Body::Started { step: step("promote"), attempt: 1 },
        ended("promote", 1, applied()),
        Body::Verified { step: step("promote"), attempt: 1, evidence: "primary".into() },
        Body::Untrue { step: step("promote"), evidence: "standby again \u{1b}[31m".into() },
        Body::TrueAgain { step: step("promote") },
        Body::Held { reason: "wait for the bank".into() },
        Body::Noted { text: "the bank calls back at 14:10".into() },
        Body::Released,
        Body::Attested { step: step("tell"), value: "status page is up".into() },
        Body::Skipped { step: step("scale"), reason: "enough capacity".into() },
        Body::Alarmed { alarm: "down/a".to_owned(), raised: true, sentence: "A down".into() },
        Body::Acknowledged { alarm: "down/a".to_owned() },
        Body::Restored { evidence: "web answers".into() },
        Body::LossMeasured {
            system: SystemId::new("pg").unwrap(),
            seconds: 3.100_000_1,
            how: "heartbeat row".into(),
            missing: None,
        },
        Body::Closed { closing: Closing::CompleteExcept { steps: vec![step("scale")] } },
    ];
    Story { name: "complete", kind: RunKind::Live, bodies, ends: "complete" }
}

fn trouble() -> Story {
    let lost = Outcome::Unknown { message: "connection cut".into() };
    let failed = Outcome::Failed { cause: Cause::Timeout, message: "no answer".into() };
    let was_so = Outcome::AlreadySo { evidence: "3 of 3".into() };
    let again = |name: &str| Body::Retried {
        step: step(name),
        reason: "try again now".into(),
        new_key: false,
        by_itself: false,
    };
    let bodies = vec![
        opened(RunKind::Drill, Mode::Ungraceful),
        declared(),
        Body::Escalated { step: Some(step("promote")), reason: "A is lost".into() },
        Body::Escalated { step: None, reason: "all of A is lost".into() },
        intended("promote", 1, Purpose::Forward),
        Body::AbortAsked { step: step("promote"), attempt: 1 },
        ended("promote", 1, lost.clone()),
        Body::Reconciled {
            step: step("promote"),
            attempt: 1,
            done: false,
            evidence: "standby".into(),
        },
        again("promote"),
        intended("promote", 2, Purpose::Forward),
        ended("promote", 2, failed),
        again("promote"),
        intended("promote", 3, Purpose::Forward),
        ended("promote", 3, lost),
        Body::Resolved { step: step("promote"), attempt: 3, done: true, reason: "I see it".into() },
        intended("scale", 1, Purpose::Forward),
        ended("scale", 1, was_so),
        Body::NotVerified { step: step("scale"), attempt: 1, evidence: "2 of 3".into() },
    ];
    Story { name: "trouble", kind: RunKind::Drill, bodies, ends: "executing" }
}

fn given_up() -> Story {
    let bodies = vec![
        opened(RunKind::Simulation, Mode::Planned),
        declared(),
        intended("scale", 1, Purpose::Forward),
        ended("scale", 1, applied()),
        Body::Verified { step: step("scale"), attempt: 1, evidence: "3 of 3".into() },
        Body::AbortStarted { reason: "A is back".into() },
        intended("scale", 2, Purpose::Compensate),
        Body::Started { step: step("scale"), attempt: 2 },
        ended("scale", 2, applied()),
        Body::Verified { step: step("scale"), attempt: 2, evidence: "0 of 3".into() },
        Body::Closed { closing: Closing::Aborted },
    ];
    Story { name: "given-up", kind: RunKind::Simulation, bodies, ends: "aborted" }
}

/// What is told beside the steps, and a planned way out.
fn around() -> Story {
    let bodies = vec![
        opened(RunKind::Live, Mode::Planned),
        declared(),
        Body::Forecasted { finish_p50_s: 1_800.25, finish_p80_s: 2_050.5, runs: 6 },
        Body::CriterionAccepted {
            asks: "pods in B have capacity".into(),
            evidence: "6 of 10".into(),
            reason: "they grow while we promote".into(),
            key: String::new(),
        },
        Body::Updated { number: 1, lines: vec!["LIVE lms".into(), "T+05:00 ON TRACK".into()] },
        intended("scale", 1, Purpose::Forward),
        ended("scale", 1, applied()),
        Body::Verified { step: step("scale"), attempt: 1, evidence: "3 of 3".into() },
        intended("promote", 1, Purpose::Forward),
        ended("promote", 1, applied()),
        Body::Verified { step: step("promote"), attempt: 1, evidence: "primary".into() },
        Body::TierRestored {
            tier: TierId::new("files").unwrap(),
            evidence: "objects answer".into(),
        },
        Body::AbortStarted { reason: "A is back and was never lost".into() },
        Body::AbortPlanned {
            back: vec![step("scale")],
            stays: vec![Stays {
                step: step("promote"),
                costs: "rebuild A, about 45 min".into(),
                decided: false,
            }],
        },
        intended("scale", 2, Purpose::Compensate),
        ended("scale", 2, applied()),
        Body::Verified { step: step("scale"), attempt: 2, evidence: "0 of 3".into() },
        Body::Closed { closing: Closing::Aborted },
    ];
    Story { name: "around", kind: RunKind::Live, bodies, ends: "aborted" }
}

/// A machine that was paused from outside while the clock ran.
fn doubted() -> Story {
    let bodies = vec![
        opened(RunKind::Live, Mode::Ungraceful),
        declared(),
        Body::LedgerAccepted { summary: "pg 3.8 s".into() },
        Body::Held { reason: "what time is it?".into() },
        Body::ClockDoubted { since: at(-2), wall_ahead_ms: 605_250 },
        Body::Noted { text: "the hypervisor stood still for ten minutes".into() },
        Body::Released,
        Body::Restored { evidence: "web answers".into() },
    ];
    Story { name: "doubted", kind: RunKind::Live, bodies, ends: "executing" }
}

const ACTION: ActionSpec = ActionSpec {
    name: "sim.promote",
    doc: "Promotes.",
    verb: "promote",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::FencedByTarget,
    change: Change::Promote,
    reversal: "not at all",
    permissions: &[],
    needs_target: false,
    settings: &[],
};

/// The plan of all stories.
pub fn runbook() -> Runbook {
    let step = |name: &str| Step {
        expect: Duration::from_secs(5),
        timeout: Duration::from_secs(30),
        ..stand::step(name, &ACTION)
    };
    Runbook {
        title: "Lose region A".into(),
        ..stand::runbook(vec![step("promote"), step("scale"), step("tell")])
    }
}
