//! What plans ask, since when it is so, and what an acceptance still covers: cases as data.

use super::*;
use crate::domain::catalogue::{ActionSpec, Class, Fencing, Guard};
use crate::domain::ids::{PersonId, RunId, Side};
use crate::domain::judge::judge;
use crate::domain::ledger::freeze;
use crate::domain::rules::bench::{Saw, at, hear, id, lag, site};
use crate::domain::run::event::{Actor, Body, Mode, RunEvent, RunKind};
use crate::domain::runbook::{Amount, Bound, Gate, GoCriterion, Place, Target, UngracefulGate};
use crate::domain::settings::Span;
use crate::domain::verdict::T0Basis;
use crate::stand;

const DIRECTION: Direction = Direction { from: Side::A, to: Side::B };

fn plan() -> Runbook {
    let lag = |title: &str, seconds: u64, ungraceful| GoCriterion {
        title: title.into(),
        gate: Gate {
            system: id("pg"),
            place: Place::To,
            fact: "lag".to_owned(),
            bound: Bound::AtMost(Amount::Time(Duration::from_secs(seconds))),
            ungraceful,
            span: Span::default(),
        },
    };
    let at_most = Duration::from_secs(300);
    Runbook {
        go: vec![
            lag("close", 5, None),
            lag("very close", 1, Some(UngracefulGate::Ledger { at_most })),
        ],
        ..stand::runbook(Vec::new())
    }
}

#[test]
fn a_plan_asks_criteria_of_its_own() {
    let check = |saw: Saw, ungraceful: bool, accepted: bool, want: [&str; 2]| {
        let (site, mut snapshot) = (site(), Snapshot::default());
        hear(&mut snapshot, "pg", Side::B, &[(8, lag(2.0)), (10, saw)]);
        let ledger = freeze(&site, &snapshot, Side::A, at(10));
        let ledger = accepted.then_some(&ledger);
        let frame = Frame::of_plan(DIRECTION, (&site, &snapshot), at(10));
        let found = written(&plan(), &Frame { ungraceful, accepted: ledger, ..frame });
        let told: Vec<String> = found
            .iter()
            .map(|line| format!("{} {}: {}", line.key, line.met.word(), line.evidence))
            .collect();
        assert_eq!(told, want);
    };
    let first = "plan/close met: pg lag in B at most 5s: 2s, read 0s ago";
    check(lag(2.0), false, false, [first, "plan/very close NOT MET: pg lag in B: 2s, read 0s ago"]);
    let ledger = "plan/very close met: pg loss in the accepted ledger at most 5m00s: 2s expected \
                  loss, accepted";
    check(lag(2.0), true, true, [first, ledger]);
    let not_yet = "plan/very close UNKNOWN: pg loss in the accepted ledger: the loss \
                   ledger is not accepted yet: accept the losses";
    let silent = "plan/close UNKNOWN: pg lag in B: UNKNOWN (no answer in 2s)";
    check(Saw::Silent, true, false, [silent, not_yet]);
}

static SCALE: ActionSpec = ActionSpec {
    name: "test.scale",
    doc: "",
    verb: "scale",
    class: Class::I,
    guard: Guard::StopWindow,
    fencing: Fencing::NotFenced,
    change: Change::Scale,
    reversal: "",
    permissions: &[],
    needs_target: true,
    settings: &[],
};

fn scale(system: &str, place: Place) -> Step {
    Step {
        target: Some(Target { system: id(system), place }),
        class: Class::I,
        guard: Guard::StopWindow,
        ..stand::step("grow", &SCALE)
    }
}

#[test]
fn a_small_standby_is_no_doubt_while_the_plan_scales_it() {
    let check = |step: Step, leads_from: Side, then: Option<Phase>, want: &str| {
        let mut plan = Runbook { go: Vec::new(), steps: vec![step], ..plan() };
        (plan.from, plan.to) = (leads_from, leads_from.other());
        let (site, mut snapshot) = (site(), Snapshot::default());
        hear(&mut snapshot, "pods", Side::B, &[(10, Saw::Size(2, 10))]);
        let mut judged = judge(&site, &snapshot, Side::A, at(10));
        let run = then.map(|phase| {
            let mut run = run_of(&plan, &[]);
            let mut next = |body| {
                let (seq, by) = (run.last_seq() + 1, run.opened.1.clone());
                run.apply(RunEvent { seq, at: at(seq), by, body }).unwrap();
            };
            let ledger = freeze(&site, &snapshot, Side::A, at(10));
            next(Body::Declared {
                t0: at(1),
                basis: T0Basis::Exact,
                detected: None,
                signals: Vec::new(),
                reason: "lost".into(),
                ledger,
            });
            next(Body::Skipped { step: StepId::new("grow").unwrap(), reason: "no quota".into() });
            run.steps[0].phase = phase;
            run
        });
        complete(&mut judged, Some(&plan), run.as_ref(), &site, &snapshot, at(10));
        let line = judged.criteria.iter().find(|line| line.key == "capacity/pods/b").unwrap();
        assert_eq!(format!("{} {}: {}", line.word(), line.asks, line.evidence), want);
        assert_eq!(judged.verdict, Verdict::of(&judged.criteria));
    };
    // How many are ready is known: it is less than wanted, and no UNKNOWN.
    let doubt = "CAUTION pods in B has its wanted capacity: 2 of 10 ready, read 0s ago, scale it \
                 before traffic";
    let fine = "met pods in B has its wanted capacity, or the plan scales it: 2 of 10 ready, read \
                0s ago, scale it before traffic; step 1 grow does";
    check(scale("pods", Place::To), Side::A, None, fine);
    check(scale("pods", Place::Fixed(Side::B)), Side::A, None, fine);
    check(scale("pods", Place::From), Side::A, None, doubt);
    check(scale("gateway", Place::To), Side::A, None, doubt);
    check(scale("pods", Place::To), Side::B, None, doubt);
    for (phase, want) in [
        (Phase::Ready, fine),
        (Phase::Running, fine),
        (Phase::Verifying, fine),
        (Phase::Skipped, doubt),
        (Phase::Failed, doubt),
    ] {
        check(scale("pods", Place::To), Side::A, Some(phase), want);
    }
}

#[test]
fn a_word_that_stands_beside_is_not_said_again() {
    let check = |met: Met, evidence: &str, want: &str| {
        let line = Criterion::new("fenced/a".into(), "A is fenced", met, evidence);
        assert_eq!(format!("{} {}", line.word(), line.found_beside_word()), want);
    };
    check(Met::Unknown, "UNKNOWN: A may accept writes", "UNKNOWN A may accept writes");
    check(Met::Unknown, "UNKNOWN (no answer)", "UNKNOWN (no answer)");
    check(Met::No, "UNKNOWN: it may", "NOT MET UNKNOWN: it may");
}

fn criterion(key: &str, met: Met) -> Criterion {
    Criterion::new(key.to_owned(), key, met, "seen")
}

#[test]
fn since_is_never_in_favour_of_going() {
    // What was seen at which second, and since when it is so at the end.
    let check = |seen: &[(u64, Met)], want: &str| {
        let mut spells = Spells::default();
        for (second, met) in seen {
            spells.follow(&[criterion("a", *met)], at(*second));
        }
        // What is remembered in a file is what is remembered.
        let json = serde_json::to_string(&spells).unwrap();
        let spells: Spells = serde_json::from_str(&json).unwrap();
        let mut criteria = vec![criterion("a", seen[seen.len() - 1].1), criterion("b", Met::Yes)];
        spells.tell(&mut criteria, &mut []);
        let told = criteria[0].since.map(|since| {
            format!("{}{}", since.at.boot_ms / 1000, if since.exact { "" } else { " or before" })
        });
        assert_eq!(told.as_deref(), Some(want), "{seen:?}");
        assert_eq!(criteria[1].since, None);
    };
    check(&[(1, Met::Yes)], "1 or before");
    check(&[(1, Met::Yes), (2, Met::Yes), (60, Met::Yes)], "1 or before");
    check(&[(1, Met::Yes), (2, Met::No), (3, Met::No)], "2");
    check(&[(1, Met::No), (2, Met::Unknown), (3, Met::No)], "3");
    // Nobody judged for a while.
    check(&[(1, Met::Yes), (90, Met::Yes)], "90 or before");
    check(&[(1, Met::No), (90, Met::No)], "1 or before");
    check(&[(1, Met::No), (2, Met::Yes), (90, Met::No)], "90 or before");
}

#[test]
fn what_is_asked_no_more_is_forgotten_and_another_state_has_no_since() {
    let mut spells = Spells::default();
    spells.follow(&[criterion("a", Met::No)], at(1));
    let mut other = vec![criterion("a", Met::Yes)];
    spells.tell(&mut other, &mut []);
    assert_eq!(other[0].since, None, "it was told of a state that is not this one");
    spells.follow(&[], at(2));
    spells.follow(&[criterion("a", Met::No)], at(3));
    let mut again = vec![criterion("a", Met::No)];
    spells.tell(&mut again, &mut []);
    assert_eq!(again[0].since, Some(Since { at: at(3), exact: false }));
}

fn run(accepted: &[(&str, &str, &str)]) -> Run {
    run_of(&plan(), accepted)
}

fn run_of(plan: &Runbook, accepted: &[(&str, &str, &str)]) -> Run {
    let by = |name: &str| Actor {
        person: PersonId::new(name).ok(),
        user: name.into(),
        host: "bastion".into(),
    };
    let opened = Body::Opened {
        run: RunId::new("lms-1").unwrap(),
        kind: RunKind::Live,
        site: "lms".into(),
        site_hash: String::new(),
        runbook: "failover".into(),
        runbook_hash: String::new(),
        direction: DIRECTION,
        mode: Mode::Planned,
    };
    let first = RunEvent { seq: 1, at: at(1), by: by("anna"), body: opened };
    let mut run = Run::opening(plan, &first).unwrap();
    for (seq, (asks, evidence, name)) in (2..).zip(accepted) {
        let (asks, evidence) = ((*asks).into(), (*evidence).into());
        let body = Body::CriterionAccepted {
            asks,
            evidence,
            reason: "we know why".into(),
            key: String::new(),
        };
        run.apply(RunEvent { seq, at: at(seq), by: by(name), body }).unwrap();
    }
    run
}

#[test]
fn an_acceptance_covers_what_was_seen_and_no_more() {
    let check = |then: &str, met: Met, now: &str, want: Option<Drift>| {
        let criterion = Criterion::new("k".into(), "pods are ready", met, now);
        let run = run(&[("pods are ready", then, "anna")]);
        assert_eq!(acceptance(&run, &criterion).map(|found| found.drift), want, "{then} {now}");
    };
    let unknown = "UNKNOWN: 2 of 10 ready, read 2s ago: scale it";
    check(unknown, Met::Unknown, "2 of 10 ready, read 9s ago: scale it", Some(Drift::None));
    check(unknown, Met::Unknown, "1 of 10 ready, read 2s ago: scale it", Some(Drift::Changed));
    check(unknown, Met::No, "2 of 10 ready, read 2s ago: scale it", Some(Drift::Worse));
    check(unknown, Met::Yes, "10 of 10 ready, read 2s ago", Some(Drift::Cured));
    check("NOT MET: down", Met::No, "down", Some(Drift::None));
    check("UNKNOWN: no lag", Met::Unknown, "UNKNOWN: no lag", Some(Drift::None));
    check("NOT MET: down", Met::Unknown, "stale: last heard 9s ago", Some(Drift::Changed));
    let other = Criterion::new("k".into(), "dns answers", Met::No, "down");
    assert!(acceptance(&run(&[("pods are ready", unknown, "anna")]), &other).is_none());
}

#[test]
fn the_sum_names_who_accepted() {
    let line = |asks: &str, met: Met, seen: &str| Criterion::new(asks.into(), asks, met, seen);
    let check = |criteria: &[Criterion], accepted: &[(&str, &str, &str)], want: &str| {
        let run = run(accepted);
        assert_eq!(sum(&Verdict::of(criteria), criteria, Some(&run)), want);
    };
    let no = [line("a", Met::No, "down"), line("b", Met::Unknown, "?"), line("c", Met::Yes, "up")];
    check(&no, &[], "NO-GO");
    check(&no, &[("a", "NOT MET: down", "anna")], "NO-GO, 1 of 1 accepted by anna");
    check(&no, &[("b", "UNKNOWN: ?", "anna")], "NO-GO");
    check(&no, &[("a", "UNKNOWN: ?", "anna")], "NO-GO");
    check(
        &no,
        &[("a", "NOT MET: slow", "anna")],
        "NO-GO, 1 of 1 accepted by anna, 1 changed since",
    );
    let doubts = [line("a", Met::Unknown, "?"), line("b", Met::Unknown, "?")];
    check(&doubts, &[("b", "UNKNOWN: ?", "raj")], "CAUTION, 1 of 2 accepted by raj");
    check(
        &doubts,
        &[("a", "UNKNOWN: ?", "raj"), ("b", "UNKNOWN: ?", "anna")],
        "CAUTION, 2 of 2 accepted by anna, raj",
    );
    let go = [line("a", Met::Yes, "up")];
    check(&go, &[("a", "UNKNOWN: ?", "raj")], "GO");
    assert_eq!(sum(&Verdict::Go, &go, None), "GO");
}

#[test]
fn the_worst_comes_first() {
    let blind = Criterion { blinds: true, ..criterion("blind", Met::Unknown) };
    let list = [
        criterion("yes", Met::Yes),
        criterion("doubt", Met::Unknown),
        blind,
        criterion("no", Met::No),
    ];
    let keys: Vec<&str> = worst_first(&list).iter().map(|line| line.key.as_str()).collect();
    assert_eq!(keys, ["no", "blind", "doubt", "yes"]);
}
