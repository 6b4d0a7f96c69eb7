//! Cases as data: a plan as `b<a` (b needs a), what was told, and where every step is then.

use std::time::Duration;

use super::*;
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::ids::{RunId, Side};
use crate::domain::ledger::Ledger;
use crate::domain::run::event::{Actor, Body, Mode, Outcome, Purpose, RunEvent, RunKind};
use crate::domain::runbook::{Direction, Runbook, Step};
use crate::domain::time::{BootId, Stamp};
use crate::domain::verdict::T0Basis;
use crate::stand;

static ACT: ActionSpec = ActionSpec {
    name: "test.act",
    doc: "does it",
    verb: "act",
    class: Class::I,
    guard: Guard::OneKey,
    fencing: Fencing::NotFenced,
    change: Change::None,
    reversal: "not at all",
    permissions: &[],
    needs_target: false,
    settings: &[],
};

fn step_id(id: &str) -> StepId {
    StepId::new(id).expect("a name")
}

fn step(id: &str, needs: &str) -> Step {
    Step {
        needs: needs.split('+').filter(|need| !need.is_empty()).map(step_id).collect(),
        expect: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        automatic: true,
        ..stand::step(id, &ACT)
    }
}

fn plan(steps: &str) -> Runbook {
    let steps = steps.split_whitespace().map(|text| {
        let (id, needs) = text.split_once('<').unwrap_or((text, ""));
        step(id, needs)
    });
    Runbook { hash: "abc".into(), ..stand::runbook(steps.collect()) }
}

fn opened() -> Vec<Body> {
    let text = String::new;
    let at = Stamp { wall_ms: 1_795_183_330_000, boot_ms: 1000, boot: BootId(1) };
    vec![
        Body::Opened {
            run: RunId::new("lms-1").expect("a name"),
            kind: RunKind::Live,
            site: text(),
            site_hash: text(),
            runbook: text(),
            runbook_hash: text(),
            direction: Direction { from: Side::A, to: Side::B },
            mode: Mode::Ungraceful,
        },
        Body::Declared {
            t0: at,
            basis: T0Basis::Exact,
            detected: None,
            signals: Vec::new(),
            reason: "region A is dark".into(),
            ledger: Ledger { as_of: at, rows: Vec::new() },
        },
    ]
}

/// The words of `skip b`, `do a`, `begin a`, `retry b`, `untrue a` and `true a`.
fn words(text: &str) -> Vec<Body> {
    let (verb, id) = text.split_once(' ').expect("a verb and a step");
    let (step, attempt) = (step_id(id), 1);
    let begin = Body::Intended {
        step: step.clone(),
        attempt,
        purpose: Purpose::Forward,
        action: ACT.name.to_owned(),
        class: ACT.class,
        fencing: ACT.fencing,
        gates: Vec::new(),
        call: "".into(),
        warrant: None,
    };
    let so: crate::domain::text::Clean = "so".into();
    match verb {
        "skip" => vec![Body::Skipped { step, reason: so }],
        "begin" => vec![begin],
        "do" => {
            let outcome = Outcome::Applied { evidence: so.clone() };
            let ended = Body::Ended { step: step.clone(), attempt, outcome };
            vec![begin, ended, Body::Verified { step, attempt, evidence: so }]
        }
        "retry" => vec![Body::Retried { step, reason: so, new_key: false, by_itself: false }],
        "untrue" => vec![Body::Untrue { step, evidence: so }],
        "true" => vec![Body::TrueAgain { step }],
        other => panic!("no verb {other}"),
    }
}

fn replay(steps: &str, told: &str) -> Result<Option<Run>, crate::domain::run::misfit::Misfit> {
    let by = Actor { person: None, user: "root".into(), host: "bastion".into() };
    let at = Stamp { wall_ms: 1_795_183_330_000, boot_ms: 2000, boot: BootId(1) };
    let told = told.split(", ").filter(|text| !text.is_empty());
    let bodies = opened().into_iter().chain(told.flat_map(words));
    let events = (1..).zip(bodies).map(|(seq, body)| RunEvent { seq, at, by: by.clone(), body });
    Run::replay(&plan(steps), &events.collect::<Vec<_>>())
}

fn run(steps: &str, told: &str) -> Run {
    replay(steps, told).expect("it fits").expect("it is open")
}

#[test]
fn a_skipped_step_hands_on_what_it_needed() {
    let check = |steps: &str, told: &str, want: &str| {
        let run = run(steps, told);
        let found: Vec<String> = run
            .steps
            .iter()
            .map(|step| {
                let waits = run.waits_for(&step.id);
                let waits: Vec<&str> = waits.into_iter().map(StepId::as_str).collect();
                let waits =
                    if step.phase == Phase::Pending { waits.join("+") } else { String::new() };
                format!("{}:{}{waits}", step.id, step.phase.word())
            })
            .collect();
        assert_eq!(found.join(" "), want, "{steps}; {told}");
    };
    // The reported case: drain, the fence that needs it, the promotion that needs the fence.
    let chain = "drain fence<drain promote<fence";
    check(chain, "", "drain:ready fence:pendingdrain promote:pendingfence");
    check(chain, "skip fence", "drain:ready fence:skipped promote:pendingdrain");
    check(chain, "skip fence, do drain", "drain:done fence:skipped promote:ready");
    check(chain, "do drain, skip fence", "drain:done fence:skipped promote:ready");
    check(chain, "skip drain, skip fence", "drain:skipped fence:skipped promote:ready");
    check(chain, "skip drain, do fence", "drain:skipped fence:done promote:ready");
    // What was handed on and is lost again holds back too, and a step that is taken up again asks
    // for itself.
    let lost = "skip fence, do drain, untrue drain";
    check(chain, lost, "drain:done fence:skipped promote:pendingdrain");
    check(chain, &format!("{lost}, true drain"), "drain:done fence:skipped promote:ready");
    let again = "skip fence, do drain, retry fence";
    check(chain, again, "drain:done fence:ready promote:pendingfence");
    // Several in a row, and two ways to the same step.
    let long = "a b<a c<b d<c";
    check(long, "skip b, skip c", "a:ready b:skipped c:skipped d:pendinga");
    let diamond = "a b<a c<a d<b+c";
    check(diamond, "skip b, skip c", "a:ready b:skipped c:skipped d:pendinga");
    check(diamond, "do a, skip b", "a:done b:skipped c:ready d:pendingc");
    // A plan may list a step before what it needs.
    check("c<b b<a a", "skip b", "c:pendinga b:skipped a:ready");
}

#[test]
fn what_was_granted_under_the_old_rule_is_replayed() {
    // The promotion was granted beside a drain that nobody had done: the journal says so.
    let run = run("drain fence<drain promote<fence", "skip fence, do promote");
    let phases: Vec<&str> = run.steps.iter().map(|step| step.phase.word()).collect();
    assert_eq!(phases, ["ready", "skipped", "done"]);
    // What never could be granted is still a damaged journal.
    let run = replay("a b<a", "begin b");
    assert!(run.is_err(), "{run:?}");
}
