//! The report of a run: every claim names its journal entry, and what is not on record says so.

#[path = "files/toy.rs"]
mod toy;

use std::path::Path;

use toy::TOYS;
use warroom::app::report::{ReportSource, markdown};
use warroom::app::site_file::{self, LoadedSite};
use warroom::domain::catalogue::{Class, Fencing};
use warroom::domain::ids::{PersonId, RunId, Side, StepId, SystemId};
use warroom::domain::ledger::{Ledger, LedgerRow, LossVerdict};
use warroom::domain::run::event::{
    Actor, Body, Cause, Closing, GateSeen, Mode, Outcome, Purpose, RunEvent, RunKind,
};
use warroom::domain::runbook::Direction;
use warroom::domain::time::{BootId, Stamp};
use warroom::domain::verdict::{Signal, T0Basis};

/// 2026-11-20T14:02:10Z.
const T0_S: i64 = 1_795_183_330;

fn at(second: i64) -> Stamp {
    let boot_ms = u64::try_from(second + 1_000_000).expect("after boot") * 1000;
    Stamp { wall_ms: (T0_S + second) * 1000, boot_ms, boot: BootId(1) }
}

fn step(name: &str) -> StepId {
    StepId::new(name).expect("a name")
}

fn system(name: &str) -> SystemId {
    SystemId::new(name).expect("a name")
}

/// Numbers events in the order they are added.
struct Tale(Vec<RunEvent>);

impl Tale {
    fn add(&mut self, second: i64, body: Body) {
        let person = PersonId::new("anna").expect("a name");
        let by = Actor { person: Some(person), user: "anna".into(), host: "desk".into() };
        let seq = self.0.len() as u64 + 1;
        self.0.push(RunEvent { seq, at: at(second), by, body });
    }

    fn intend(&mut self, second: i64, name: &str, attempt: u32, gates: Vec<GateSeen>) {
        self.add(
            second,
            Body::Intended {
                step: step(name),
                attempt,
                purpose: Purpose::Forward,
                action: "toy.run".into(),
                class: Class::I,
                fencing: Fencing::NotFenced,
                gates,
                call: "fence a | tee".into(),
            },
        );
        self.add(second, Body::Started { step: step(name), attempt });
    }

    fn end(&mut self, second: i64, name: &str, attempt: u32, outcome: Outcome) {
        self.add(second, Body::Ended { step: step(name), attempt, outcome });
    }

    fn open() -> Self {
        let mut tale = Self(Vec::new());
        tale.add(
            -60,
            Body::Opened {
                run: RunId::new("shop-1").expect("a name"),
                kind: RunKind::Drill,
                site: "shop".into(),
                site_hash: "a".into(),
                runbook: "failover".into(),
                runbook_hash: "b".into(),
                direction: Direction { from: Side::A, to: Side::B },
                mode: Mode::Ungraceful,
            },
        );
        tale
    }

    /// Declares; `detected` is the second in which the console first showed red.
    fn declare(&mut self, second: i64, detected: Option<i64>) {
        let row = |name: &str, loss_s, verdict| LedgerRow {
            system: system(name),
            last: None,
            loss_s,
            rpo_s: Some(300.0),
            verdict,
        };
        let rows =
            vec![row("pg", Some(42.0), LossVerdict::Pass), row("web", None, LossVerdict::Unknown)];
        self.add(
            second,
            Body::Declared {
                detected: detected.map(at),
                t0: at(0),
                basis: T0Basis::Exact,
                signals: vec![Signal { system: system("pg"), since: at(0), why: "gone".into() }],
                reason: "A is down".into(),
                ledger: Ledger { as_of: at(0), rows },
            },
        );
    }
}

fn whole() -> Tale {
    let mut tale = Tale::open();
    let sentence = "pg in A does not answer".into();
    tale.add(15, Body::Alarmed { alarm: "down/a".into(), raised: true, sentence });
    tale.declare(75, Some(16));
    tale.add(80, Body::LedgerAccepted { summary: "42 s of writes".into() });
    tale.add(85, Body::Skipped { step: step("look"), reason: "seen by eye".into() });
    tale.intend(90, "fence", 1, Vec::new());
    tale.end(100, "fence", 1, Outcome::Unknown { message: "link cut".into() });
    tale.add(
        110,
        Body::Resolved { step: step("fence"), attempt: 1, done: true, reason: "saw it off".into() },
    );
    let gate = GateSeen {
        gate: "pg capacity in B at least 80 %".into(),
        seen: "75 %".into(),
        held: false,
        broken_for: Some("good <enough>".into()),
    };
    tale.intend(120, "promote-pg", 1, vec![gate]);
    let message = "not now".into();
    tale.end(125, "promote-pg", 1, Outcome::Failed { cause: Cause::Error, message });
    tale.add(130, Body::Retried { step: step("promote-pg"), reason: "again".into() });
    tale.intend(140, "promote-pg", 2, Vec::new());
    tale.end(150, "promote-pg", 2, Outcome::Applied { evidence: "promoted".into() });
    let evidence = "pg B is primary".into();
    tale.add(155, Body::Verified { step: step("promote-pg"), attempt: 2, evidence });
    tale.intend(160, "dns", 1, Vec::new());
    tale.end(200, "dns", 1, Outcome::AlreadySo { evidence: "B already".into() });
    tale.add(205, Body::Verified { step: step("dns"), attempt: 1, evidence: "B answers".into() });
    tale.add(210, Body::Restored { evidence: "web in B healthy for 60s".into() });
    let how = "rows compared".into();
    tale.add(220, Body::LossMeasured { system: system("pg"), seconds: 40.0, how });
    tale.add(230, Body::Closed { closing: Closing::Complete });
    tale
}

fn report(tale: &Tale) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/valid");
    let LoadedSite { site, runbooks, .. } = site_file::load_with(&dir, TOYS).expect("valid");
    let runbook = &runbooks[1];
    let chain = "chain whole".into();
    markdown(ReportSource { events: &tale.0, runbook, site: &site, chain: &chain })
        .expect("the tale is of this runbook")
}

fn has(report: &str, wanted: &[&str]) {
    for line in wanted {
        assert!(report.lines().any(|found| found == *line), "no line `{line}` in\n{report}");
    }
}

#[test]
fn what_is_on_record_is_told_with_its_entry() {
    has(
        &report(&whole()),
        &[
            "# DRILL shop-1: Fail over to B",
            "- Closed: complete, 2026-11-20 14:06:00Z (#24)",
            "T0: 2026-11-20 14:02:10Z (the first failed look was seen) (#3)",
            "| detect | 00:00:16 | T0 (#3) | the console showed red (#3) |",
            "| decide | 00:00:59 | the console showed red (#3) | declared (#3) |",
            "| execute | 00:02:15 | declared (#3) | restored (#22) |",
            "| total | 00:03:30 | T0 (#3) | restored (#22) |",
            "RTO of `core`: 00:03:30 of 01:00:00, **MET** (#22)",
            "| pg | 5m00s | 42s | PASS | 40s, rows compared (#23) |",
            "| web | 5m00s | UNKNOWN | UNKNOWN | not measured |",
            "Accepted by anna at 2026-11-20 14:03:30Z (#4).",
            "- `look`: seen by eye (anna, 2026-11-20 14:03:35Z, #5)",
            "- `fence` is done: saw it off (anna, 2026-11-20 14:04:00Z, #9)",
        ],
    );
}

#[test]
fn steps_tell_expected_and_actual() {
    let text = report(&whole());
    has(
        &text,
        &[
            "| `promote-pg` Promote the store in B | toy.promote | 3m00s | 35s | -2m25s | \
             done, 2 attempts | anna | pg B is primary | #10 #11 #12 #13 #14 #15 #16 #17 |",
            "| `look` Look at B | toy.look | 30s | not measured | - | skipped | anna | \
             seen by eye | #5 |",
            "- `promote-pg` went on although pg capacity in B at least 80 % was 75 %: \
             good &lt;enough&gt; (anna, 2026-11-20 14:04:10Z, #10)",
            "- `fence` attempt 1: UNKNOWN: link cut; anna told that it is done: saw it off (#9) \
             (anna, 2026-11-20 14:03:50Z, #8)",
        ],
    );
    assert!(text.contains("fence a \\| tee"), "a bar must not break the table\n{text}");
}

#[test]
fn what_is_not_on_record_says_so() {
    let mut tale = Tale::open();
    let opened = report(&tale);
    has(
        &opened,
        &["Nothing was declared: no clock ran.", "- Closed: not closed; the run is standby"],
    );
    has(&opened, &["No ledger of expected losses is on record.", "Accepted by nobody on record."]);
    tale.declare(75, None);
    tale.intend(90, "fence", 1, Vec::new());
    tale.end(100, "fence", 1, Outcome::Unknown { message: "link cut".into() });
    let text = report(&tale);
    has(
        &text,
        &[
            "| detect | not measured | T0 | the console showed red |",
            "| decide | not measured | the console showed red | declared |",
            "| T0 to declared | 00:01:15 | T0 (#2) | declared (#2) |",
            "| execute | not measured | declared | restored |",
            "| total | not measured | T0 | restored |",
            "RTO of `core`: not measured of 01:00:00: restoration is not on record",
            "| pg | 5m00s | 42s | PASS | not measured |",
        ],
    );
    assert!(text.contains("link cut; STILL UNKNOWN"), "{text}");
    assert!(!text.contains("**MET**"), "{text}");
}

#[test]
fn every_entry_is_in_the_timeline() {
    let tale = whole();
    let text = report(&tale);
    let timeline = text.split("## Timeline (UTC)").nth(1).expect("it is there");
    for event in &tale.0 {
        assert!(timeline.contains(&format!("| #{} | ", event.seq)), "#{}", event.seq);
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for line in timeline.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(columns(line), 5, "{line}");
    }
}
