//! Choices as data, and by chance: what is wished is always granted, automatic, and once at a time.

use std::time::Duration;

use super::*;
use crate::domain::catalogue::{ActionSpec, Change, Fencing, Guard};
use crate::domain::console::Access;
use crate::domain::day::Day;
use crate::domain::forecast::unknown;
use crate::domain::ids::{PersonId, RunId, Side, SystemId};
use crate::domain::judge;
use crate::domain::known::Known;
use crate::domain::ledger::{Ledger, LedgerRow, LossVerdict};
use crate::domain::reading::{Health, Identity, Reading};
use crate::domain::run::decide::{Decision, decide};
use crate::domain::run::event::{Actor, Cause, Outcome, RunEvent, RunKind};
use crate::domain::runbook::{Direction, Exact, Gate, Place, Runbook, Target, UngracefulGate};
use crate::domain::settings::Span;
use crate::domain::site::{Person, Region, Site, SiteRole, SystemSpec};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::BootId;
use crate::domain::verdict::{Assessment, T0Basis, Verdict};
use crate::stand::{self, chance::Chance};

/// The keys that are shipped.
#[derive(Debug)]
struct Shipped;

impl Keys for Shipped {
    fn key(&self, kind: Kind) -> String {
        let key = match kind {
            Kind::Run => "r",
            Kind::Compensate => "K",
            Kind::Skip => "s",
            Kind::Attest => "m",
            Kind::Retry => "R",
            Kind::Resolve => "U",
            Kind::AbortStep => "X",
            Kind::Hold => "space",
            Kind::Declare => "D",
            Kind::AcceptLedger => "L",
            Kind::Escalate => "!",
            Kind::AbortRun => "E",
            Kind::Close => "W",
            other => unreachable!("no sentence names the key of {other:?}"),
        };
        key.to_owned()
    }
}

const fn action(class: Class, guard: Guard) -> ActionSpec {
    ActionSpec {
        name: "test.act",
        doc: "does it",
        verb: "act",
        class,
        guard,
        fencing: Fencing::NotFenced,
        change: Change::None,
        reversal: "not at all",
        permissions: &[],
        needs_target: false,
        settings: &[],
    }
}

static LOOK: ActionSpec = action(Class::R, Guard::OneKey);
static SET: ActionSpec = action(Class::I, Guard::TypedTarget);
static TELL: ActionSpec = action(Class::N, Guard::TypedTarget);
static BURN: ActionSpec = action(Class::X, Guard::TypedVerb);
static HAND: ActionSpec = action(Class::H, Guard::OneKey);

fn step(id: &str, action: &'static ActionSpec, needs: &[&str]) -> Step {
    Step {
        needs: needs.iter().map(|id| step_id(id)).collect(),
        timeout: Duration::from_secs(20),
        automatic: true,
        ..stand::step(id, action)
    }
}

fn step_id(id: &str) -> StepId {
    StepId::new(id).expect("a name")
}

fn system_id(id: &str) -> SystemId {
    SystemId::new(id).expect("a name")
}

fn healthy(ungraceful: Option<UngracefulGate>) -> Gate {
    Gate {
        system: system_id("web"),
        place: Place::To,
        fact: "healthy".into(),
        bound: Bound::Is(Exact::Boolean(true)),
        ungraceful,
        span: Span::default(),
    }
}

fn site() -> Site {
    let person = |id: &str, may_declare| Person {
        id: PersonId::new(id).expect("a name"),
        roles: vec![SiteRole::Commander],
        may_declare,
    };
    let region =
        |starts_as_primary| Region { label: "R".into(), aws_region: None, starts_as_primary };
    Site {
        name: "lms".into(),
        title: "Lms".into(),
        reference: Vec::new(),
        red_needs_signals: 1,
        people: vec![person("anna", true), person("mei", false)],
        objectives: Vec::new(),
        regions: [region(true), region(false)],
        systems: vec![SystemSpec {
            every: Duration::from_secs(2),
            timeout: Duration::from_secs(2),
            ..stand::system("web", "test")
        }],
        secrets: Vec::new(),
        rules: Vec::new(),
    }
}

fn plan(steps: Vec<Step>) -> Runbook {
    Runbook { restored: vec![healthy(None)], hash: "abc".into(), ..stand::runbook(steps) }
}

fn at(second: u64) -> Stamp {
    Stamp { wall_ms: 1_795_183_330_000, boot_ms: second * 1000, boot: BootId(1) }
}

fn row(verdict: LossVerdict) -> LedgerRow {
    LedgerRow { system: system_id("web"), last: None, loss_s: Some(1.0), rpo_s: None, verdict }
}

fn red() -> Primary {
    Primary::Red { t0: at(1), basis: T0Basis::Exact, signals: Vec::new() }
}

/// A console without journal, world and screen.
struct Bench {
    site: Site,
    plan: Runbook,
    run: Option<Run>,
    snapshot: Snapshot,
    assessment: Assessment,
    ledger: Ledger,
    orders: Orders,
    person: &'static str,
    since: u64,
    now: u64,
}

impl Bench {
    fn new(mode: Mode, steps: Vec<Step>) -> Self {
        let site = site();
        let snapshot = Snapshot::default();
        let mut assessment = judge::judge(&site, &snapshot, Side::A, at(10));
        assessment.primary = if mode == Mode::Planned { Primary::Healthy } else { red() };
        assessment.verdict = Verdict::Go;
        let mut bench = Self {
            site,
            plan: plan(steps),
            run: None,
            snapshot,
            assessment,
            ledger: Ledger { as_of: at(1), rows: vec![row(LossVerdict::Pass)] },
            orders: Orders {
                mode,
                reason: "region A is dark".into(),
                accept_losses: false,
                until: None,
            },
            person: "anna",
            since: 10,
            now: 10,
        };
        bench.hears(Health::Up);
        bench.serves(10, Health::Up);
        bench
    }

    /// What a look at the serving region says, that began at a second.
    fn serves(&mut self, second: u64, health: Health) {
        let (id, at) = (system_id("web"), at(second));
        self.snapshot.record(&id, Side::A, at, Ok(Reading::new(at, health, "so")));
    }

    /// A bench whose run is open and declared.
    fn declared(mode: Mode, steps: Vec<Step>) -> Self {
        let mut bench = Self::new(mode, steps);
        bench.open();
        bench.follow();
        assert_eq!(bench.run.as_ref().expect("open").stage, Stage::Declared);
        bench
    }

    fn open(&mut self) {
        self.apply(Body::Opened {
            run: RunId::new("lms-1").expect("a name"),
            kind: RunKind::Live,
            site: "lms".into(),
            site_hash: String::new(),
            runbook: "failover".into(),
            runbook_hash: String::new(),
            direction: Direction { from: Side::A, to: Side::B },
            mode: self.orders.mode,
        });
    }

    fn hears(&mut self, health: Health) {
        let now = at(self.now);
        self.snapshot.record(&system_id("web"), Side::B, now, Ok(Reading::new(now, health, "so")));
    }

    fn by(&self) -> Actor {
        let person = Some(PersonId::new(self.person).expect("a name"));
        Actor { person, user: "root".into(), host: "bastion".into() }
    }

    fn apply(&mut self, body: Body) {
        let seq = self.run.as_ref().map_or(1, |run| run.last_seq() + 1);
        let event = RunEvent { seq, at: at(self.now), by: self.by(), body };
        match &mut self.run {
            None => self.run = Some(Run::opening(&self.plan, &event).expect("it opens")),
            Some(run) => run.apply(event).expect("it fits"),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&Outlook<'_>) -> T) -> T {
        let by = self.by();
        let now = at(self.now);
        let (site, snapshot, run) = (&self.site, &self.snapshot, self.run.as_ref());
        let known = Known {
            now,
            site,
            runbook: Some(&self.plan),
            run,
            snapshot,
            assessment: &self.assessment,
            ledger: &self.ledger,
            forecast: &unknown(site, now),
            day: &Day::default(),
            t0: None,
            detected: None,
        };
        let context = Context { known, me: &by, access: Access::Armed };
        let (plan, since) = (&self.plan, at(self.since));
        look(&Outlook { context, orders: &self.orders, since, plan, keys: &Shipped })
    }

    fn choice(&self) -> Choice {
        self.with(next)
    }

    /// Puts the wish of now on record, which `decide` must grant.
    fn follow(&mut self) -> Intent {
        let Choice::Wish(intent) = self.choice() else { panic!("no wish: {:?}", self.choice()) };
        let decision = self.with(|outlook| decide(&outlook.context, &intent));
        match decision.unwrap_or_else(|refusal| panic!("{intent:?} was refused: {refusal}")) {
            Decision::Record(words) => words.into_iter().for_each(|body| self.apply(body)),
            Decision::Pledge(pledge) => self.apply(pledge.body().clone()),
            Decision::Cancel(..) => panic!("{intent:?} ends an attempt"),
        }
        intent
    }

    fn attempt(&self, id: &str) -> u32 {
        let run = self.run.as_ref().expect("open");
        run.step(&step_id(id)).and_then(StepState::last_attempt).expect("an attempt").number
    }

    fn ends(&mut self, id: &str, outcome: Outcome) {
        let (step, attempt) = (step_id(id), self.attempt(id));
        self.apply(Body::Ended { step, attempt, outcome });
    }

    fn done(&mut self, id: &str) {
        self.ends(id, Outcome::Applied { evidence: "ok".into() });
        let (step, attempt) = (step_id(id), self.attempt(id));
        self.apply(Body::Verified { step, attempt, evidence: "seen".into() });
    }

    fn unknown(&mut self, id: &str) {
        self.ends(id, Outcome::Unknown { message: "its runner died".into() });
    }

    fn found_undone(&mut self, id: &str) {
        let (step, attempt) = (step_id(id), self.attempt(id));
        let evidence = "not there".into();
        self.apply(Body::Reconciled { step, attempt, done: false, evidence });
    }

    #[track_caller]
    fn runs(&mut self, id: &str) {
        let intent = self.follow();
        assert!(matches!(&intent, Intent::Run { step, .. } if step.as_str() == id), "{intent:?}");
    }

    #[track_caller]
    fn stops(&self, words: &str) {
        match self.choice() {
            Choice::NeedPerson(told) => assert!(told.as_str().contains(words), "{told}"),
            other => panic!("{other:?}, not a person for {words:?}"),
        }
    }

    #[track_caller]
    fn waits(&self, words: &str) {
        match self.choice() {
            Choice::Wait(told) => assert!(told.as_str().contains(words), "{told}"),
            other => panic!("{other:?}, not waiting for {words:?}"),
        }
    }
}

#[test]
fn a_run_begins_only_where_site_and_readings_let_it() {
    let check = |mode: Mode, change: &dyn Fn(&mut Bench), now: u64, want: &str| {
        let mut bench = Bench::new(mode, vec![step("one", &LOOK, &[])]);
        change(&mut bench);
        bench.now = now;
        let told = match bench.choice() {
            Choice::Open => "open".to_owned(),
            Choice::NeedPerson(words) => format!("person: {words}"),
            Choice::Wait(words) => format!("wait: {words}"),
            other => format!("{other:?}"),
        };
        assert!(told.contains(want), "{told:?} does not say {want:?}");
    };
    let nothing: &dyn Fn(&mut Bench) = &|_| {};
    check(Mode::Ungraceful, nothing, 10, "open");
    check(Mode::Planned, nothing, 10, "open");
    let healthy: &dyn Fn(&mut Bench) = &|bench| bench.assessment.primary = Primary::Healthy;
    check(Mode::Ungraceful, healthy, 10, "wait: the primary is healthy, not red");
    check(Mode::Ungraceful, healthy, 25, "wait");
    check(Mode::Ungraceful, healthy, 26, "person: the primary is healthy, not red");
    let blind: &dyn Fn(&mut Bench) = &|bench| {
        bench.assessment.primary = Primary::Blind("nothing is known".into());
    };
    check(Mode::Ungraceful, blind, 26, "not known (nothing is known), not red");
    check(Mode::Planned, blind, 10, "wait");
    check(Mode::Planned, blind, 26, "person");
    check(Mode::Planned, &|bench| bench.assessment.primary = red(), 10, "say --ungraceful");
    check(Mode::Ungraceful, &|bench| bench.person = "mei", 10, "mei may not declare");
    check(Mode::Ungraceful, &|bench| bench.person = "eve", 10, "eve may not command");
    let split: &dyn Fn(&mut Bench) =
        &|bench| bench.assessment.split_brain.push((system_id("pg"), at(1)));
    check(Mode::Planned, split, 10, "SPLIT BRAIN: two primaries (pg)");
    let no_go: &dyn Fn(&mut Bench) =
        &|bench| bench.assessment.verdict = Verdict::NoGo(vec!["pg in B is down".into()]);
    check(Mode::Ungraceful, no_go, 10, "NO-GO: pg in B is down");
    check(Mode::Ungraceful, &|bench| bench.assessment.active = Side::B, 26, "serves already");
    // A planned run begins on what was looked at since, and one failed look is one too many.
    let killed: &dyn Fn(&mut Bench) = &|bench| bench.serves(11, Health::Down("refused".into()));
    check(Mode::Planned, killed, 12, "wait: web in A does not answer now");
    check(Mode::Planned, killed, 26, "person: web in A does not answer now: D declares");
    check(Mode::Ungraceful, killed, 12, "open");
    let old: &dyn Fn(&mut Bench) = &|bench| bench.since = 11;
    check(Mode::Planned, old, 12, "wait: web in A was not looked at yet");
    check(Mode::Ungraceful, old, 12, "open");
    let back: &dyn Fn(&mut Bench) = &|bench| {
        bench.serves(11, Health::Down("refused".into()));
        bench.serves(13, Health::Up);
    };
    check(Mode::Planned, back, 14, "open");
}

#[test]
fn automatic_steps_run_in_order_and_beside_each_other_to_the_end() {
    let steps = vec![
        step("one", &SET, &[]),
        step("two", &LOOK, &[]),
        step("three", &TELL, &["one", "two"]),
    ];
    let mut bench = Bench::declared(Mode::Planned, steps);
    bench.runs("one");
    bench.runs("two");
    bench.waits("running: 1 one, 2 two");
    bench.done("two");
    bench.waits("running: 1 one");
    bench.done("one");
    bench.runs("three");
    bench.done("three");
    bench.waits("restored facts");
    bench.apply(Body::Restored { evidence: "seen".into() });
    assert_eq!(bench.follow(), Intent::Close);
    assert_eq!(bench.choice(), Choice::Finished);
}

#[test]
fn it_stops_where_a_person_is_needed() {
    let stops = |step: Step, words: &str| {
        Bench::declared(Mode::Planned, vec![step]).stops(words);
    };
    let with = |action, change: &dyn Fn(&mut Step)| {
        let mut one = step("one", action, &[]);
        change(&mut one);
        one
    };
    stops(
        with(&LOOK, &|step| step.automatic = false),
        "step 1 one is not marked automatic: r runs",
    );
    stops(with(&SET, &|step| step.guard = Guard::TypedVerb), "not marked automatic");
    stops(with(&SET, &|step| step.second_person = true), "asks for a second person");
    stops(with(&BURN, &|_| {}), "step 1 one cannot be undone: r runs it");
    stops(with(&HAND, &|_| {}), "attested by a person: m");
    // It goes on with what can go on, says who is needed then, and ends when nothing else moves.
    let steps = vec![
        step("hand", &HAND, &[]),
        step("one", &SET, &[]),
        step("burn", &BURN, &[]),
        step("two", &SET, &["one"]),
        step("three", &SET, &["hand"]),
    ];
    let mut bench = Bench::declared(Mode::Planned, steps);
    bench.runs("one");
    bench.waits("running: 2 one; a person is needed then: 1 hand, 3 burn");
    bench.done("one");
    bench.runs("two");
    bench.done("two");
    bench.stops("step 1 hand is attested by a person: m; step 3 burn cannot be undone: r runs it");
    bench.apply(Body::Held { reason: Clean::default() });
    bench.stops("space goes on");
    bench.apply(Body::AbortStarted { reason: "enough".into() });
    bench.stops("being given up");
}

#[test]
fn a_gate_is_waited_for_no_longer_than_its_step_may_take() {
    let mut one = step("one", &SET, &[]);
    one.gates.push(healthy(None));
    let mut bench = Bench::declared(Mode::Planned, vec![one]);
    bench.hears(Health::Down("no".into()));
    bench.waits("step 1 one waits for its gate: web healthy in B is yes");
    bench.now = 29;
    bench.hears(Health::Down("no".into()));
    bench.waits("its gate");
    bench.now = 30;
    bench.hears(Health::Down("no".into()));
    bench.stops("its gate did not hold within 20s (web healthy in B is yes; seen: no, read");
    bench.hears(Health::Up);
    bench.runs("one");
    assert!(bench.attempt("one") == 1);
}

#[test]
fn losses_are_accepted_only_when_asked_for_and_all_within() {
    let steps = || {
        let mut one = step("one", &SET, &[]);
        let at_most = Duration::from_secs(300);
        one.gates.push(healthy(Some(UngracefulGate::Ledger { at_most })));
        vec![one]
    };
    let begun = |asked: bool, rows: Vec<LedgerRow>| {
        let mut bench = Bench::new(Mode::Ungraceful, steps());
        bench.orders.accept_losses = asked;
        bench.ledger.rows = rows;
        bench.open();
        bench.follow();
        bench
    };
    let mut bench = begun(true, vec![row(LossVerdict::Pass)]);
    assert_eq!(bench.follow(), Intent::AcceptLedger);
    begun(false, vec![row(LossVerdict::Pass)]).stops("L accepts them");
    begun(true, Vec::new()).stops("asks for the accepted losses: L accepts them");
    for verdict in [LossVerdict::Breach, LossVerdict::Unknown] {
        let bench = begun(true, vec![row(LossVerdict::Pass), row(verdict)]);
        bench.stops(&format!("expected losses (web {})", verdict.word()));
    }
}

#[test]
fn only_what_a_probe_found_undone_is_tried_again_and_three_times() {
    let mut bench = Bench::declared(Mode::Planned, vec![step("one", &SET, &[])]);
    for _ in 0..2 {
        bench.runs("one");
        bench.unknown("one");
        bench.waits("step 1 one is UNKNOWN: a probe is asked");
        bench.found_undone("one");
        assert!(matches!(bench.follow(), Intent::Retry { .. }));
    }
    bench.runs("one");
    bench.unknown("one");
    bench.found_undone("one");
    assert!(matches!(bench.choice(), Choice::Failed(_)), "{:?}", bench.choice());

    let mut bench = Bench::declared(Mode::Planned, vec![step("one", &SET, &[])]);
    bench.runs("one");
    let cause = Cause::Error;
    bench.ends("one", Outcome::Failed { cause, message: "it says no".into() });
    let Choice::Failed(words) = bench.choice() else { panic!("{:?}", bench.choice()) };
    assert_eq!(
        words.as_str(),
        "step 1 one FAILED, refused: it says no; R tries it again, s skips it"
    );

    let mut bench = Bench::declared(Mode::Planned, vec![step("one", &TELL, &[])]);
    bench.runs("one");
    bench.unknown("one");
    bench.stops("step 1 one is UNKNOWN (its runner died): U says what became of it");

    let mut bench = Bench::declared(Mode::Planned, vec![step("one", &SET, &[])]);
    bench.runs("one");
    bench.unknown("one");
    bench.now += 60;
    bench.stops("U says what became of it");
}

/// A word of a person on step one, whose first attempt is open or ended.
fn word(text: &str) -> Body {
    let (step, attempt) = (step_id("one"), 1);
    let reason = Clean::new("I know why");
    match text {
        "aborted" => Body::AbortAsked { step, attempt },
        "resolved" => Body::Resolved { step, attempt, done: false, reason },
        "skipped" => Body::Skipped { step, reason },
        "retried" => Body::Retried { step, reason, new_key: false, by_itself: false },
        "escalated" => Body::Escalated { step: Some(step), reason },
        other => panic!("no word {other}"),
    }
}

#[test]
fn a_step_that_a_person_has_a_hand_in_is_not_tried_again() {
    let check = |words: &[&str], want: &str| {
        let steps = vec![step("one", &SET, &[]), step("beside", &SET, &[])];
        let mut bench = Bench::declared(Mode::Planned, steps);
        bench.runs("one");
        for text in words {
            match *text {
                "unknown" => bench.unknown("one"),
                "undone" => bench.found_undone("one"),
                text => bench.apply(word(text)),
            }
        }
        // The other steps go on.
        bench.runs("beside");
        bench.done("beside");
        match bench.choice() {
            Choice::NeedPerson(told) | Choice::Failed(told) => {
                assert!(told.as_str().contains(want), "{words:?}: {told}");
            }
            other => panic!("{words:?}: {other:?}"),
        }
    };
    check(&["aborted", "unknown", "undone"], "anna asked it to end; R tries it again");
    check(&["unknown", "resolved"], "anna said what became of it; R tries it again");
    check(&["unknown", "undone", "retried"], "in a person's hands, anna took it up again: r runs");
    check(&["unknown", "undone", "skipped", "retried"], "anna took it up again: r runs it");
    check(&["unknown", "undone", "escalated"], "anna took the primary for lost in it; R tries");

    // Once a person began it anew, it is a step like any other; the pilot's own word is no hand.
    let mut bench = Bench::declared(Mode::Planned, vec![step("one", &SET, &[])]);
    bench.runs("one");
    bench.apply(word("aborted"));
    bench.unknown("one");
    bench.found_undone("one");
    bench.apply(word("retried"));
    let run = Intent::Run {
        step: step_id("one"),
        typed: "one".into(),
        broken: None,
        call: "call".into(),
    };
    let Ok(Decision::Pledge(pledge)) = bench.with(|outlook| decide(&outlook.context, &run)) else {
        panic!("a person may run it")
    };
    bench.apply(pledge.body().clone());
    bench.unknown("one");
    bench.found_undone("one");
    let Intent::Retry { by_itself: true, .. } = bench.follow() else { panic!("it is marked") };
    bench.runs("one");
}

#[test]
fn what_a_lost_runner_started_is_waited_for_and_never_started_again() {
    let mut bench = Bench::declared(Mode::Planned, vec![step("one", &SET, &[])]);
    bench.runs("one");
    let (one, left) = (step_id("one"), Clean::new("1 process (7 sudo)"));
    bench.apply(Body::RunnerLost { step: one.clone(), attempt: 1, left: left.clone() });
    bench.waits("running: 1 one");
    for signal in [Pressure::Term, Pressure::Kill] {
        let (step, told) = (one.clone(), left.clone());
        bench.apply(Body::Signalled { step, attempt: 1, signal, told });
        bench.waits("running: 1 one");
    }
    // What KILL does not end only a person can.
    bench.now += 11;
    bench.stops("step 1 one: what it started could not be ended");
    bench.unknown("one");
    bench.waits("step 1 one is UNKNOWN: a probe is asked");
}

#[test]
fn a_step_that_would_be_refused_keeps_no_other_from_going_on() {
    let mut one = step("one", &SET, &[]);
    // Its target was never read, and the other side tells who it is.
    one.target = Some(Target { system: system_id("web"), place: Place::From });
    let mut bench = Bench::new(Mode::Planned, vec![one, step("two", &SET, &[])]);
    let names = |second: u64, server: &str| {
        let mut reading = Reading::new(at(second), Health::Up, "so");
        reading.identity = Some(Identity { server: server.into(), data: "db-1".into() });
        reading
    };
    bench.snapshot.record(&system_id("web"), Side::B, at(10), Ok(names(10, "b")));
    bench.open();
    bench.follow();
    bench.runs("two");
    bench.done("two");
    bench.waits("step 1 one waits for a look at web in A");
    bench.now += 20;
    bench.stops("which server it would act on is not known");
    bench.snapshot.record(&system_id("web"), Side::A, at(31), Ok(names(31, "a")));
    bench.snapshot.record(&system_id("web"), Side::B, at(31), Ok(names(31, "b")));
    bench.runs("one");
}

#[test]
fn danger_ends_it_at_once() {
    let steps = || vec![step("burn", &BURN, &[]), step("one", &SET, &["burn"])];
    let mut bench = Bench::declared(Mode::Planned, steps());
    bench.assessment.split_brain.push((system_id("pg"), at(1)));
    bench.stops("SPLIT BRAIN: two primaries (pg)");

    let mut bench = Bench::declared(Mode::Ungraceful, vec![step("one", &SET, &[])]);
    bench.assessment.primary = Primary::Healthy;
    bench.stops("region A answers again");
    bench.orders.mode = Mode::Planned;
    bench.stops("the open run is ungraceful: say --ungraceful");

    // Past the point of no return going back costs more than going on.
    let mut bench = Bench::declared(Mode::Ungraceful, steps());
    bench.stops("step 1 burn cannot be undone: L accepts the expected losses, then r runs it");
    bench.apply(Body::LedgerAccepted { summary: "web 1.0s PASS".into() });
    let run = Intent::Run {
        step: step_id("burn"),
        typed: "act burn".into(),
        broken: None,
        call: "call".into(),
    };
    let Ok(Decision::Pledge(pledge)) = bench.with(|outlook| decide(&outlook.context, &run)) else {
        panic!("a person may run it")
    };
    bench.apply(pledge.body().clone());
    bench.done("burn");
    bench.assessment.primary = Primary::Healthy;
    bench.runs("one");
    bench.done("one");
    bench.apply(Body::Untrue { step: step_id("one"), evidence: "it is gone".into() });
    bench.stops("step 2 one was done and is not true now (it is gone): R");
}

#[test]
fn a_run_may_end_after_a_named_step() {
    let steps = vec![
        step("one", &SET, &[]),
        step("beside", &SET, &[]),
        step("two", &SET, &["one"]),
        step("three", &SET, &["two"]),
    ];
    let mut bench = Bench::declared(Mode::Planned, steps);
    bench.orders.until = Some(step_id("two"));
    bench.runs("one");
    bench.waits("running: 1 one");
    bench.done("one");
    bench.runs("two");
    bench.done("two");
    assert_eq!(bench.choice(), Choice::Finished);
}

fn any_plan(chance: &mut Chance) -> Vec<Step> {
    let actions = [&LOOK, &SET, &SET, &TELL, &BURN, &HAND];
    let names: Vec<String> = (0..2 + chance.below(8)).map(|number| format!("s{number}")).collect();
    let mut steps = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let action = actions[usize::try_from(chance.below(6)).expect("small")];
        let needs: Vec<&str> =
            names[..index].iter().filter(|_| chance.below(3) == 0).map(String::as_str).collect();
        let mut one = step(name, action, &needs);
        // What the reader of files would refuse is marked automatic too: the choice must not care.
        one.automatic = chance.below(6) != 0;
        one.second_person = chance.below(20) == 0;
        if chance.below(4) == 0 {
            one.gates.push(healthy(None));
        }
        steps.push(one);
    }
    steps
}

/// What the world does to the steps that are open, and to the readings.
fn anything_happens(bench: &mut Bench, chance: &mut Chance) {
    bench.now += 1 + chance.below(4);
    bench.hears(if chance.below(5) == 0 { Health::Down("no".into()) } else { Health::Up });
    let run = bench.run.as_ref().expect("open");
    let open: Vec<(String, Phase)> =
        run.steps.iter().map(|state| (state.id.to_string(), state.phase)).collect();
    for (id, phase) in open {
        match (phase, chance.below(8)) {
            (Phase::Granted | Phase::Running, 0..=2) => bench.done(&id),
            (Phase::Granted | Phase::Running, 3) => bench.unknown(&id),
            (Phase::Granted | Phase::Running, 4) => {
                let cause = Cause::Error;
                bench.ends(&id, Outcome::Failed { cause, message: "no".into() });
            }
            (Phase::Unknown, 0..=3) => bench.found_undone(&id),
            _ => {}
        }
    }
}

#[test]
fn whatever_happens_each_wish_is_granted_automatic_and_alone() {
    let (mut wishes, mut ends) = (0_u32, [0_u32; 3]);
    for seed in 0..2000 {
        let mut chance = Chance(seed);
        let steps = any_plan(&mut chance);
        let mut bench = Bench::declared(Mode::Planned, steps);
        for _ in 0..200 {
            match bench.choice() {
                Choice::Wish(Intent::Run { step, .. }) => {
                    let spec = bench.plan.step(&step).expect("a step of the plan").clone();
                    assert!(spec.automatic && !spec.second_person, "seed {seed}: {step}");
                    assert!(spec.guard < Guard::TypedVerb, "seed {seed}: {step}");
                    assert!(!matches!(spec.class, Class::X | Class::H), "seed {seed}: {step}");
                    let run = bench.run.as_ref().expect("open");
                    let state = run.step(&step).expect("it has a state");
                    assert!(state.attempts.len() < ATTEMPTS_MAX, "seed {seed}: {step}");
                    assert!(state.open_attempt().is_none(), "seed {seed}: {step}");
                    bench.follow();
                    wishes += 1;
                }
                Choice::Wish(Intent::Retry { .. } | Intent::Close) => drop(bench.follow()),
                Choice::Wish(other) => panic!("seed {seed}: {other:?}"),
                Choice::Wait(_) => anything_happens(&mut bench, &mut chance),
                Choice::NeedPerson(_) => {
                    ends[0] += 1;
                    break;
                }
                Choice::Failed(_) => {
                    ends[1] += 1;
                    break;
                }
                Choice::Finished => {
                    ends[2] += 1;
                    break;
                }
                Choice::Open => panic!("seed {seed}: it is open"),
            }
            if bench.run.as_ref().is_some_and(|run| {
                run.restored.is_none() && run.is_finished() && run.stage == Stage::Verifying
            }) {
                bench.apply(Body::Restored { evidence: "seen".into() });
            }
        }
    }
    assert!(wishes > 2000 && ends.iter().all(|count| *count > 20), "{wishes} {ends:?}");
}
