//! Runs told event by event: one by hand with everything in it, and as many by chance as wanted.

use std::path::{Path, PathBuf};

use warroom::app::record::Record;
use warroom::domain::catalogue::{Class, Fencing};
use warroom::domain::ids::{PersonId, RunId, Side, StepId, SystemId, TierId};
use warroom::domain::ledger::{Ledger, LedgerRow, LossVerdict};
use warroom::domain::run::event::{
    Actor, Body, Cause, Closing, GateSeen, Mode, Outcome, Purpose, RunEvent, RunKind, Stays,
};
use warroom::domain::run::state::Run;
use warroom::domain::runbook::{Direction, Runbook, Step};
use warroom::domain::site::Site;
use warroom::domain::time::{BootId, Stamp};
use warroom::domain::verdict::{Signal, T0Basis};
use warroom::files;
use warroom::files::site::LoadedSite;
use warroom::runtime::journal::format::{Header, encode, encode_header, sha256};
use warroom::runtime::journal::reader::{Segment, read_segments};
use warroom::runtime::journal::{Finding, ReadBack};

use crate::toy::TOYS;

/// 2026-11-20T14:02:10Z.
const T0_S: i64 = 1_795_183_330;

pub fn at(second: i64) -> Stamp {
    let boot_ms = u64::try_from(second + 1_000_000).expect("after boot") * 1000;
    Stamp { wall_ms: (T0_S + second) * 1000, boot_ms, boot: BootId(1) }
}

pub fn step(name: &str) -> StepId {
    StepId::new(name).expect("a name")
}

pub fn system(name: &str) -> SystemId {
    SystemId::new(name).expect("a name")
}

pub fn actor(name: &str) -> Actor {
    let person = PersonId::new(name).expect("a name");
    Actor { person: Some(person), user: name.into(), host: "desk".into() }
}

/// Numbers events in the order they are added.
#[derive(Clone)]
pub struct Tale {
    pub events: Vec<RunEvent>,
    pub site: Site,
    pub runbook: Runbook,
}

/// The files of `tests/files/valid`.
pub fn valid() -> (Site, Runbook) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/valid");
    let LoadedSite { site, runbooks, .. } = files::site::load(&dir, TOYS).expect("valid");
    (site, runbooks[1].clone())
}

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The plan that the golden journals are runs of.
pub fn golden_plan() -> Runbook {
    let mut plan = valid().1;
    let model = plan.steps[0].clone();
    plan.steps = ["promote", "scale", "tell"]
        .map(|name| Step { id: step(name), title: name.into(), ..model.clone() })
        .to_vec();
    plan
}

impl Tale {
    pub fn open((site, runbook): (Site, Runbook), run: &str) -> Self {
        let mut tale = Self { events: Vec::new(), site, runbook };
        tale.add(
            -60,
            Body::Opened {
                run: RunId::new(run).expect("a name"),
                kind: RunKind::Drill,
                site: tale.site.name.clone(),
                site_hash: "a".into(),
                runbook: tale.runbook.name.clone(),
                runbook_hash: "b".into(),
                direction: Direction { from: Side::A, to: Side::B },
                mode: Mode::Ungraceful,
            },
        );
        tale
    }

    pub fn add(&mut self, second: i64, body: Body) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(RunEvent { seq, at: at(second), by: actor("anna"), body });
    }

    pub fn intend(&mut self, second: i64, name: &str, attempt: u32, gates: Vec<GateSeen>) {
        self.add(second, intended(name, attempt, Purpose::Forward, gates));
        self.add(second, Body::Started { step: step(name), attempt });
    }

    pub fn end(&mut self, second: i64, name: &str, attempt: u32, outcome: Outcome) {
        self.add(second, Body::Ended { step: step(name), attempt, outcome });
    }

    /// Declares; `detected` is the second in which the console first showed red.
    pub fn declare(&mut self, second: i64, detected: Option<i64>) {
        self.add(second, declared(detected));
    }

    /// The journal as it would be stored.
    pub fn segment(&self, site: &str, runbook: &str) -> Segment {
        let Body::Opened { run, kind, .. } = &self.events[0].body else { panic!("it opens") };
        let birth = Header::birth(run, *kind, [site, runbook], self.events[0].at);
        let mut header = Header { segment: 1, ..birth };
        let mut bytes = encode_header(&header).expect("a header");
        header.prev = sha256(&bytes);
        for event in &self.events {
            header.after = event.seq - 1;
            let (line, _) = encode(&header, event.at, &event.by, &event.body).expect("a line");
            header.prev = sha256(&line);
            bytes.extend(line);
        }
        Segment { number: 1, name: "journal-000001.log".to_owned(), bytes }
    }

    /// What is read back from these bytes in the place of the tale's own.
    pub fn read(&self, segment: &Segment) -> Record {
        let chain = read_segments(std::slice::from_ref(segment));
        let Body::Opened { run, kind, .. } = &self.events[0].body else { panic!("it opens") };
        let back = ReadBack {
            run: run.clone(),
            kind: *kind,
            epoch: chain.epoch,
            events: chain.events,
            hashes: chain.hashes,
            head: chain.head,
            site: String::new(),
            runbook: String::new(),
            finding: chain.finding,
        };
        Record { back, site: self.site.clone(), plan: self.runbook.clone() }
    }

    pub fn source(&self) -> Record {
        let source = self.read(&self.segment("site", "runbook"));
        assert_eq!((&source.back.finding, &source.back.events), (&Finding::Whole, &self.events));
        source
    }
}

pub fn intended(name: &str, attempt: u32, purpose: Purpose, gates: Vec<GateSeen>) -> Body {
    Body::Intended {
        step: step(name),
        attempt,
        purpose,
        action: "toy.run".into(),
        class: Class::I,
        fencing: Fencing::NotFenced,
        gates,
        call: "fence a | tee".into(),
        warrant: None,
    }
}

fn declared(detected: Option<i64>) -> Body {
    let row = |name: &str, loss_s, verdict| LedgerRow {
        system: system(name),
        last: None,
        loss_s,
        rpo_s: Some(300.0),
        verdict,
    };
    let rows =
        vec![row("pg", Some(42.0), LossVerdict::Pass), row("web", None, LossVerdict::Unknown)];
    Body::Declared {
        detected: detected.map(at),
        t0: at(0),
        basis: T0Basis::Exact,
        signals: vec![Signal {
            system: system("pg"),
            since: at(0),
            why: "gone".into(),
            early: false,
        }],
        reason: "A is down".into(),
        ledger: Ledger { as_of: at(0), rows },
    }
}

fn alarm(raised: bool) -> Body {
    let sentence = "pg in A does not answer".into();
    Body::Alarmed { alarm: "down/a".into(), raised, sentence }
}

pub fn broken_gate() -> GateSeen {
    GateSeen {
        gate: "pg capacity in B at least 80 %".into(),
        seen: "75 %".into(),
        held: false,
        broken_for: Some("good <enough>".into()),
    }
}

fn updated(number: u32) -> Body {
    Body::Updated { number, lines: vec!["promoting the store".into()] }
}

/// A run in which most of what can happen did.
pub fn whole() -> Tale {
    let mut tale = Tale::open(valid(), "shop-1");
    tale.add(15, alarm(true));
    tale.declare(75, Some(16));
    let forecasted = Body::Forecasted { finish_p50_s: 180.0, finish_p80_s: 240.0, runs: 3 };
    tale.add(76, forecasted);
    tale.add(80, Body::LedgerAccepted { summary: "42 s of writes".into() });
    tale.add(85, Body::Skipped { step: step("look"), reason: "seen by eye".into() });
    tale.intend(90, "fence", 1, Vec::new());
    tale.end(100, "fence", 1, Outcome::Unknown { message: "link cut".into() });
    let reason = "saw it off".into();
    tale.add(110, Body::Resolved { step: step("fence"), attempt: 1, done: true, reason });
    tale.intend(120, "promote-pg", 1, vec![broken_gate()]);
    let message = "not now".into();
    tale.end(125, "promote-pg", 1, Outcome::Failed { cause: Cause::Error, message });
    tale.add(
        130,
        Body::Retried {
            step: step("promote-pg"),
            reason: "again".into(),
            new_key: false,
            by_itself: false,
        },
    );
    tale.intend(140, "promote-pg", 2, Vec::new());
    tale.end(150, "promote-pg", 2, Outcome::Applied { evidence: "promoted".into() });
    let evidence = "pg B is primary".into();
    tale.add(155, Body::Verified { step: step("promote-pg"), attempt: 2, evidence });
    tale.add(158, updated(1));
    tale.intend(160, "dns", 1, Vec::new());
    tale.end(200, "dns", 1, Outcome::AlreadySo { evidence: "B already".into() });
    tale.add(205, Body::Verified { step: step("dns"), attempt: 1, evidence: "B answers".into() });
    tale.add(210, Body::Restored { evidence: "web in B healthy for 60s".into() });
    let how = "rows compared".into();
    tale.add(220, Body::LossMeasured { system: system("pg"), seconds: 40.0, how, missing: None });
    tale.add(230, Body::Closed { closing: Closing::Complete });
    tale
}

/// A run that is given up: one step taken back, one not, one that stays.
pub fn given_up() -> Tale {
    let mut tale = Tale::open(valid(), "shop-2");
    tale.declare(75, None);
    for (second, name) in [(80, "look"), (90, "fence"), (100, "promote-pg")] {
        tale.intend(second, name, 1, Vec::new());
        tale.end(second + 4, name, 1, Outcome::Applied { evidence: "called".into() });
        let evidence = "seen".into();
        tale.add(second + 5, Body::Verified { step: step(name), attempt: 1, evidence });
    }
    tale.add(120, Body::AbortStarted { reason: "A is back".into() });
    let stays =
        vec![Stays { step: step("promote-pg"), costs: "rebuild A from B".into(), decided: false }];
    tale.add(120, Body::AbortPlanned { back: vec![step("fence"), step("look")], stays });
    tale.add(130, intended("fence", 2, Purpose::Compensate, Vec::new()));
    tale.add(130, Body::Started { step: step("fence"), attempt: 2 });
    tale.end(135, "fence", 2, Outcome::Applied { evidence: "unfenced".into() });
    tale.add(136, Body::Verified { step: step("fence"), attempt: 2, evidence: "open".into() });
    tale.add(140, Body::Closed { closing: Closing::Aborted });
    tale
}

/// Numbers that look like chance and are the same every time.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A run by chance: every word that fits may come, in any order in which it fits.
pub fn by_chance(seed: u64, files: (Site, Runbook)) -> Tale {
    let mut chance = Chance::new(seed);
    let mut tale = Tale::open(files, &format!("shop-{seed}"));
    let steps: Vec<StepId> = tale.runbook.steps.iter().map(|step| step.id.clone()).collect();
    let mut run = Run::replay(&tale.runbook, &tale.events).expect("it opens").expect("a run");
    let mut second = 20;
    for turn in 0..120 {
        second += i64::try_from(chance.below(60) * chance.below(7)).expect("a small number");
        let name = &steps[usize::try_from(chance.below(steps.len() as u64)).expect("small")];
        let made = run.step(name).map_or(0, |state| state.attempts.len());
        let made = u32::try_from(made).expect("small");
        // The first third is the way to a declaration, and some runs never get there.
        let body = if turn == 10 && !seed.is_multiple_of(11) {
            declared((!seed.is_multiple_of(3)).then_some(second - 3))
        } else {
            word(&mut chance, name, made, second)
        };
        if run.would_take(&body).is_err() {
            continue;
        }
        tale.add(second, body);
        let event = tale.events.last().expect("it was added").clone();
        run.apply(event).expect("it fits");
        if run.closed.is_some() {
            break;
        }
    }
    tale
}

fn word(chance: &mut Chance, name: &StepId, made: u32, second: i64) -> Body {
    let (step, text) = (name.clone(), "said & <seen>".into());
    let yes = chance.below(2) == 0;
    match chance.below(30) {
        0..=3 => {
            let gates = if chance.below(4) == 0 { vec![broken_gate()] } else { Vec::new() };
            intended(name.as_str(), made + 1, Purpose::Forward, gates)
        }
        4 => Body::Started { step, attempt: made },
        5 => Body::EndedEarlier { step, attempt: made, at: at(second - 4) },
        6..=8 => Body::Ended { step, attempt: made, outcome: Outcome::Applied { evidence: text } },
        9 => {
            let outcome = Outcome::Failed { cause: Cause::Timeout, message: text };
            Body::Ended { step, attempt: made, outcome }
        }
        10 => Body::Ended { step, attempt: made, outcome: Outcome::Unknown { message: text } },
        11..=13 => Body::Verified { step, attempt: made, evidence: text },
        14 => Body::NotVerified { step, attempt: made, evidence: text },
        15 => Body::Reconciled { step, attempt: made, done: yes, evidence: text },
        16 => Body::Resolved { step, attempt: made, done: yes, reason: text },
        17 => Body::Attested { step, value: text },
        18 => Body::Skipped { step, reason: text },
        19 => Body::Retried { step, reason: text, new_key: false, by_itself: false },
        20 => alarm(yes),
        21 if yes => Body::Acknowledged { alarm: "down/a".into() },
        21 => Body::Held { reason: text },
        22 => Body::Released,
        23 => updated(made),
        24 => Body::Noted { text },
        25 => {
            let seconds = f64::from(u32::try_from(chance.below(900)).expect("small")) / 2.0;
            Body::LossMeasured { system: system("pg"), seconds, how: text, missing: None }
        }
        26 if second > 2000 => Body::Restored { evidence: text },
        26 => Body::Forecasted { finish_p50_s: 900.0, finish_p80_s: 1800.0, runs: made },
        27 if yes => Body::Untrue { step, evidence: text },
        27 => Body::CriterionAccepted {
            asks: "fit?".into(),
            evidence: text,
            reason: "go".into(),
            key: String::new(),
        },
        28 if second > 1500 => {
            let tier = TierId::new("core").expect("a name");
            Body::TierRestored { tier, evidence: text }
        }
        28 => Body::Escalated { step: Some(step), reason: text },
        _ if second > 3000 => Body::Closed { closing: Closing::Complete },
        _ if second > 2500 => Body::AbortStarted { reason: text },
        _ => intended(name.as_str(), made + 1, Purpose::Compensate, Vec::new()),
    }
}
