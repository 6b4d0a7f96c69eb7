//! Decisions as data: a plan of five steps, earlier wishes, and what the next wish is answered.

mod abandon;

use std::time::Duration;

use super::*;
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::console::Access;
use crate::domain::day::Day;
use crate::domain::forecast::unknown;
use crate::domain::ids::{PersonId, RunId, Side, StepId, SystemId};
use crate::domain::judge;
use crate::domain::known::Known;
use crate::domain::ledger::freeze;
use crate::domain::loss::LAST_REPLAYED;
use crate::domain::reading::{Fact, FactValue, Health, Identity, Reading, Role};
use crate::domain::run::event::{Cause, Mode, Outcome, Pressure, RunEvent, RunKind};
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::state::Run;
use crate::domain::runbook::{
    Bound, Compensation, Direction, Exact, Gate, Place, Step, Target, Ungraceful, UngracefulGate,
};
use crate::domain::settings::{Span, Table};
use crate::domain::site::{Person, Region, SystemSpec};
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::{BootId, Stamp};
use crate::domain::verdict::{Primary, T0Basis};
use crate::stand;

const fn action(name: &'static str, class: Class, guard: Guard, change: Change) -> ActionSpec {
    ActionSpec {
        name,
        doc: "does it",
        verb: "promote",
        class,
        guard,
        fencing: Fencing::NotFenced,
        change,
        reversal: "not at all",
        permissions: &[],
        needs_target: false,
        settings: &[],
    }
}

static FENCE: ActionSpec = action("test.fence", Class::I, Guard::StopWindow, Change::Fence);
static PROMOTE: ActionSpec = action("test.promote", Class::X, Guard::TypedVerb, Change::Promote);
static TRAFFIC: ActionSpec =
    action("test.traffic", Class::I, Guard::TypedTarget, Change::ShiftTraffic);
static CHECK: ActionSpec = action("test.check", Class::R, Guard::OneKey, Change::Check);
static ATTEST: ActionSpec = action("manual.attest", Class::H, Guard::OneKey, Change::None);

fn step(id: &str, action: &'static ActionSpec, needs: &[&str]) -> Step {
    Step {
        target: Some(Target { system: SystemId::new("pg").unwrap(), place: Place::To }),
        needs: needs.iter().map(|id| StepId::new(id).unwrap()).collect(),
        expect: Duration::from_secs(60),
        timeout: Duration::from_secs(120),
        compensation: match action.class {
            Class::I => Compensation::Action { action, with: Table::default() },
            Class::X => Compensation::None("rebuild A".into()),
            _ => Compensation::NotNeeded,
        },
        ..stand::step(id, action)
    }
}

fn gate(fact: &str, bound: Bound, ungraceful: Option<UngracefulGate>) -> Gate {
    let system = SystemId::new("pg").unwrap();
    Gate { system, place: Place::To, fact: fact.into(), bound, ungraceful, span: Span::default() }
}

fn plan() -> Runbook {
    let mut fence = step("fence", &FENCE, &[]);
    fence.target = Some(Target { system: SystemId::new("pg").unwrap(), place: Place::From });
    let mut promote = step("promote-pg", &PROMOTE, &["fence"]);
    promote.gates = vec![gate("replay_paused", Bound::Is(Exact::Boolean(false)), None)];
    let mut drain = step("drain", &CHECK, &[]);
    drain.ungraceful = Ungraceful::Skip;
    Runbook {
        hash: "abc".into(),
        ..stand::runbook(vec![
            fence,
            promote,
            step("traffic", &TRAFFIC, &["promote-pg"]),
            step("look", &ATTEST, &["traffic"]),
            drain,
        ])
    }
}

fn site() -> Site {
    let person = |id: &str, may_declare| Person {
        id: PersonId::new(id).unwrap(),
        roles: vec![if id == "raj" { SiteRole::Approver } else { SiteRole::Commander }],
        may_declare,
    };
    let region = |label: &str, starts_as_primary| Region {
        label: label.into(),
        aws_region: None,
        starts_as_primary,
    };
    Site {
        name: "lms".into(),
        title: "Lms".into(),
        reference: Vec::new(),
        red_needs_signals: 1,
        people: vec![person("anna", true), person("mei", false), person("raj", true)],
        objectives: Vec::new(),
        regions: [region("Region A", true), region("Region B", false)],
        systems: vec![SystemSpec {
            every: Duration::from_secs(2),
            timeout: Duration::from_secs(2),
            ..stand::system("pg", "test")
        }],
        secrets: Vec::new(),
        rules: Vec::new(),
    }
}

fn at(second: u64) -> Stamp {
    Stamp { wall_ms: 1_795_183_330_000, boot_ms: second * 1000, boot: BootId(1) }
}

fn opened(mode: Mode) -> Body {
    Body::Opened {
        run: RunId::new("lms-1").unwrap(),
        kind: RunKind::Live,
        site: "lms".into(),
        site_hash: String::new(),
        runbook: "failover".into(),
        runbook_hash: String::new(),
        direction: Direction { from: Side::A, to: Side::B },
        mode,
    }
}

/// A desk without a journal: words are applied at once.
struct Bench {
    site: Site,
    plan: Runbook,
    run: Option<Run>,
    snapshot: Snapshot,
    person: Option<&'static str>,
    armed: bool,
    /// True while the primary is red, whatever the readings say.
    red: bool,
    /// What both sides tell: whether B's replay is paused, and B's role.
    tells: (bool, Role),
    /// The servers that A and B are.
    servers: Option<[&'static str; 2]>,
}

impl Bench {
    fn new(mode: Mode) -> Self {
        let mut bench = Self {
            site: site(),
            plan: plan(),
            run: None,
            snapshot: Snapshot::default(),
            person: Some("anna"),
            armed: true,
            red: false,
            tells: (false, Role::Standby),
            servers: None,
        };
        bench.look();
        bench.apply(opened(mode));
        bench
    }

    /// The standby says whether its replay is paused; A says its role.
    fn reads(&mut self, paused: bool, b: Role) {
        self.tells = (paused, b);
        self.look();
    }

    /// Looks at both sides, as every step's end asks for.
    fn look(&mut self) {
        let (id, (paused, b), now) = (SystemId::new("pg").unwrap(), self.tells, self.now());
        for (side, role) in [(Side::A, Role::Primary), (Side::B, b)] {
            let mut reading = Reading::new(now, Health::Up, "ok");
            reading.role = Some(role);
            reading.identity = self.servers.map(|servers| Identity {
                server: servers[side.index()].into(),
                data: "shop".into(),
            });
            let value = FactValue::Boolean(paused);
            reading.facts.push(Fact { name: "replay_paused".into(), value });
            self.snapshot.record(&id, side, now, Ok(reading));
        }
    }

    fn now(&self) -> Stamp {
        at(100 + self.run.as_ref().map_or(0, Run::last_seq))
    }

    fn actor(&self) -> Actor {
        let person = self.person.map(|id| PersonId::new(id).unwrap());
        Actor { person, user: "root".into(), host: "bastion".into() }
    }

    fn apply(&mut self, body: Body) {
        let seq = self.run.as_ref().map_or(1, |run| run.last_seq() + 1);
        let event = RunEvent { seq, at: at(100 + seq), by: self.actor(), body };
        match &mut self.run {
            None => self.run = Some(Run::opening(&self.plan, &event).unwrap()),
            Some(run) => run.apply(event).unwrap(),
        }
        self.look();
    }

    fn ask(&self, intent: &Intent) -> Result<Decision, Refusal> {
        let now = self.now();
        let mut assessment = judge::judge(&self.site, &self.snapshot, Side::A, now);
        if self.red {
            let (t0, basis) = (at(90), T0Basis::Exact);
            assessment.primary = Primary::Red { t0, basis, signals: Vec::new() };
        }
        let ledger = freeze(&self.site, &self.snapshot, Side::A, now);
        let by = self.actor();
        let run = self.run.as_ref();
        let in_force = run.map_or_else(|| self.plan.clone(), |run| run.plan_in_force(&self.plan));
        let (site, snapshot) = (&self.site, &self.snapshot);
        let known = Known {
            now,
            site,
            runbook: Some(&in_force),
            run: self.run.as_ref(),
            snapshot,
            assessment: &assessment,
            ledger: &ledger,
            forecast: &unknown(site, now),
            day: &Day::default(),
            t0: None,
            detected: None,
        };
        let access = if self.armed { Access::Armed } else { Access::Safe };
        let context = Context { known, me: &by, access };
        decide(&context, intent)
    }

    /// Grants a wish and puts its words on record.
    fn grant(&mut self, intent: &Intent) {
        match self.ask(intent).unwrap() {
            Decision::Record(words) => words.into_iter().for_each(|body| self.apply(body)),
            Decision::Pledge(pledge) => self.apply(pledge.body().clone()),
            Decision::Cancel(body, ..) => self.apply(body),
        }
    }

    /// Runs a step to its verified end.
    fn finish(&mut self, id: &str, typed: &str) {
        self.grant(&run_of(id, typed));
        let attempt = self.run.as_ref().unwrap().step(&step_id(id)).unwrap().attempts.len();
        let attempt = u32::try_from(attempt).unwrap();
        let outcome = Outcome::Applied { evidence: "ok".into() };
        self.apply(Body::Ended { step: step_id(id), attempt, outcome });
        self.apply(Body::Verified { step: step_id(id), attempt, evidence: "seen".into() });
    }

    fn phase(&self, id: &str) -> Phase {
        self.run.as_ref().unwrap().step(&step_id(id)).unwrap().phase
    }
}

fn step_id(id: &str) -> StepId {
    StepId::new(id).unwrap()
}

fn run_of(id: &str, typed: &str) -> Intent {
    let (step, typed) = (step_id(id), typed.to_owned());
    Intent::Run { step, typed, broken: None, call: "call".into() }
}

fn declare() -> Intent {
    Intent::Declare { typed: "declare".into(), reason: "region A is dark".into() }
}

#[track_caller]
fn refuses(bench: &Bench, intent: &Intent, want: &str) {
    let refusal = bench.ask(intent).unwrap_err().to_string();
    assert!(refusal.contains(want), "{refusal:?} does not say {want:?}");
}

#[test]
fn nothing_runs_before_a_named_person_declared() {
    let mut bench = Bench::new(Mode::Ungraceful);
    refuses(&bench, &run_of("fence", ""), "declare first");
    refuses(&bench, &Intent::AcceptLedger, "declare first");
    for (person, want) in [
        (None, "start the console with `--as NAME`"),
        (Some("raj"), "the site file gives the role to others"),
        (Some("mei"), "gives `may_declare` to others"),
    ] {
        bench.person = person;
        refuses(&bench, &declare(), want);
    }
    bench.person = Some("anna");
    let typed =
        |typed: &str, reason: &str| Intent::Declare { typed: typed.into(), reason: reason.into() };
    refuses(&bench, &typed("yes", "region A is dark"), "type exactly `declare`");
    refuses(&bench, &typed("declare", "dark"), "at least 10 characters");
    bench.grant(&declare());
    refuses(&bench, &declare(), "declared already");
}

#[test]
fn a_planned_run_is_not_declared_while_the_primary_is_red() {
    let escalate = |step: Option<&str>| Intent::Escalate {
        step: step.map(step_id),
        reason: "region A went dark".into(),
    };
    let mut bench = Bench::new(Mode::Planned);
    bench.red = true;
    refuses(&bench, &declare(), "a planned run asks A, and it is red: take it for lost first");
    bench.grant(&escalate(Some("fence")));
    refuses(&bench, &declare(), "it is red");
    // What is taken for lost before it is declared leaves out what the plan does, once declared.
    bench.grant(&escalate(None));
    assert_eq!(bench.run.as_ref().unwrap().stage, Stage::Standby);
    assert_eq!(bench.phase("drain"), Phase::Ready);
    bench.grant(&declare());
    assert_eq!(bench.phase("drain"), Phase::Skipped);
    assert_eq!(observed_of(&bench), []);
    let t0 = bench.run.as_ref().unwrap().clock.unwrap().t0;
    assert_eq!(t0, at(90), "it counts from the loss");
    // One step alone, in a run that stays planned.
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&escalate(Some("drain")));
    bench.grant(&declare());
    assert_eq!((bench.phase("drain"), bench.phase("fence")), (Phase::Skipped, Phase::Ready));
    assert_eq!(observed_of(&bench), []);
}

#[test]
fn a_criterion_is_accepted_by_a_commander_as_it_is() {
    use crate::domain::verdict::Met;
    let mut bench = Bench::new(Mode::Ungraceful);
    bench.armed = false;
    let accept = |key: &str, met: Met, reason: &str| Intent::AcceptCriterion {
        key: key.into(),
        met,
        reason: reason.into(),
    };
    let reason = "we can live with that";
    let fence = "rpo/pg/b";
    bench.person = Some("raj");
    refuses(&bench, &accept(fence, Met::Unknown, reason), "gives the role to others");
    bench.person = Some("anna");
    refuses(&bench, &accept("rpo/nothing/b", Met::No, reason), "asked no more");
    refuses(&bench, &accept(fence, Met::No, reason), "changed since you read it");
    refuses(&bench, &accept("role/pg/b", Met::No, reason), "nothing to accept");
    refuses(&bench, &accept(fence, Met::Unknown, "short"), "at least 10 characters");
    bench.grant(&accept(fence, Met::Unknown, reason));
    let run = bench.run.as_ref().unwrap();
    let accepted = &run.accepted_criteria[0];
    assert_eq!(accepted.asks.as_str(), "pg in B would lose no more than its RPO");
    assert_eq!(accepted.evidence.as_str(), "UNKNOWN: its tier has no RPO");
    assert_eq!(accepted.by.to_string(), "anna");
    bench.apply(Body::AbortStarted { reason: "no".into() });
    bench.apply(Body::Closed { closing: crate::domain::run::event::Closing::Aborted });
    refuses(&bench, &accept(fence, Met::Unknown, reason), "it has ended");
}

#[test]
fn a_step_runs_once_armed_in_order_and_with_its_text() {
    let mut bench = Bench::new(Mode::Ungraceful);
    bench.grant(&declare());
    assert_eq!(bench.phase("drain"), Phase::Skipped, "the plan leaves it out");
    bench.armed = false;
    refuses(&bench, &run_of("fence", ""), "SAFE");
    bench.armed = true;
    refuses(&bench, &run_of("promote-pg", "promote pg-b"), "it waits for 1 fence");
    refuses(&bench, &run_of("nothing", ""), "not in this runbook");
    bench.finish("fence", "");
    refuses(&bench, &run_of("fence", ""), "nothing is left to do");
    refuses(&bench, &run_of("promote-pg", "promote pg-b"), "accept the expected losses first");
    bench.grant(&Intent::AcceptLedger);
    refuses(&bench, &Intent::AcceptLedger, "accepted already");
    for typed in ["", "promote pg-a", "promote", "pg-b", "promote pg-b "] {
        refuses(&bench, &run_of("promote-pg", typed), "type exactly `promote pg-b`");
    }
    bench.grant(&run_of("promote-pg", "promote pg-b"));
    assert_eq!(bench.phase("promote-pg"), Phase::Granted);
    refuses(&bench, &run_of("promote-pg", "promote pg-b"), "wait, or abort it");
}

#[test]
fn gates_hold_or_one_is_broken_by_name_with_a_reason() {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.finish("fence", "");
    let broken = |index: usize, reason: &str| Intent::Run {
        step: step_id("promote-pg"),
        typed: "promote pg-b".into(),
        broken: Some((index, reason.into())),
        call: "call".into(),
    };
    let long = "storage team says replay is safe";
    refuses(&bench, &broken(0, long), "not in the way");
    bench.reads(true, Role::Standby);
    refuses(&bench, &run_of("promote-pg", "promote pg-b"), "gate does not hold");
    refuses(&bench, &broken(0, "short"), "at least 10 characters");
    refuses(&bench, &broken(7, long), "gate does not hold");
    let Decision::Pledge(pledge) = bench.ask(&broken(0, long)).unwrap() else {
        panic!("a run is a pledge")
    };
    let Body::Intended { gates, .. } = pledge.body() else { panic!("a pledge is an intent") };
    assert_eq!(gates[0].broken_for.as_ref().map(Clean::as_str), Some(long));
    assert!(!gates[0].held);
}

#[test]
fn two_primaries_stop_everything_but_a_fence() {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.finish("fence", "");
    bench.finish("promote-pg", "promote pg-b");
    bench.reads(false, Role::Primary);
    refuses(&bench, &run_of("traffic", "pg-b"), "two primaries (pg)");
    bench.reads(false, Role::Standby);
    bench.grant(&run_of("traffic", "pg-b"));
}

#[test]
fn a_promotion_is_granted_to_act_alone_unless_that_gate_is_broken() {
    let check = |a: Role, reason: Option<&str>, want: Option<bool>| {
        let mut bench = Bench::new(Mode::Planned);
        let asked = Gate { place: Place::From, ..gate("writes", Bound::NotOpen, None) };
        bench.plan.steps[1].gates = vec![asked];
        bench.grant(&declare());
        bench.finish("fence", "");
        let mut reading = Reading::new(bench.now(), Health::Up, "ok");
        reading.role = Some(a);
        bench.snapshot.record(&SystemId::new("pg").unwrap(), Side::A, bench.now(), Ok(reading));
        let intent = Intent::Run {
            step: step_id("promote-pg"),
            typed: "promote pg-b".into(),
            broken: reason.map(|reason| (0, reason.into())),
            call: "call".into(),
        };
        let alone = match bench.ask(&intent) {
            Ok(Decision::Pledge(pledge)) => match pledge.body() {
                Body::Intended { warrant: Some(warrant), .. } => Some(warrant.alone),
                other => panic!("{other:?}"),
            },
            Ok(other) => panic!("{other:?}"),
            Err(_) => None,
        };
        assert_eq!(alone, want, "{a:?} {reason:?}");
    };
    check(Role::Standby, None, Some(true));
    check(Role::Primary, None, None);
    check(Role::Primary, Some("A cannot be reached by any fence of ours"), Some(false));
}

#[test]
fn the_server_that_was_fenced_is_not_promoted_under_the_other_name() {
    let check = |then: [&'static str; 2], want: Option<&str>| {
        let mut bench = Bench::new(Mode::Planned);
        bench.servers = Some(["one", "two"]);
        bench.look();
        bench.grant(&declare());
        bench.finish("fence", "");
        bench.servers = Some(then);
        bench.look();
        let promote = run_of("promote-pg", "promote pg-b");
        match want {
            None => bench.grant(&promote),
            Some(want) => refuses(&bench, &promote, want),
        }
    };
    check(["one", "two"], None);
    check(["two", "one"], Some("pg in B is the server that this run acted on as the other side"));
    // A server that was started again is the same one under the same name.
    check(["one again", "two again"], None);
    check(["one", "one"], Some("both names of pg lead to the same server"));
}

#[test]
fn an_unknown_attempt_needs_proof_or_a_named_decision() {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.grant(&run_of("fence", ""));
    let outcome = Outcome::Unknown { message: "timed out".into() };
    bench.apply(Body::Ended { step: step_id("fence"), attempt: 1, outcome });
    assert_eq!(bench.phase("fence"), Phase::Unknown);
    let retry = Intent::Retry {
        step: step_id("fence"),
        reason: "again please".into(),
        new_key: false,
        by_itself: false,
    };
    refuses(&bench, &retry, "what became of it first");
    refuses(&bench, &run_of("fence", ""), "say what became of it");
    let skip = Intent::Skip { step: step_id("fence"), reason: "do not need it".into() };
    refuses(&bench, &skip, "only a step that has not been done");
    refuses(&bench, &Intent::Close, "step 1 fence is UNKNOWN");
    let resolve = |reason: &str| Intent::Resolve {
        step: step_id("fence"),
        done: false,
        reason: reason.into(),
    };
    refuses(&bench, &resolve("no"), "at least 10 characters");
    bench.grant(&resolve("security group still open"));
    assert_eq!(bench.phase("fence"), Phase::Failed);
    bench.grant(&retry);
    bench.grant(&run_of("fence", ""));
    let run = bench.run.as_ref().unwrap();
    assert_eq!(run.step(&step_id("fence")).unwrap().attempts[1].number, 2);
}

#[test]
fn hold_skip_attest_take_back_and_close_keep_their_rules() {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.grant(&Intent::Hold { reason: Clean::default() });
    refuses(&bench, &run_of("fence", ""), "let it go on first");
    bench.grant(&Intent::Release);
    bench.finish("drain", "");
    bench.finish("fence", "");
    bench.finish("promote-pg", "promote pg-b");
    let take_back = |id: &str, typed: &str| Intent::Compensate {
        step: step_id(id),
        typed: typed.into(),
        call: "call".into(),
    };
    refuses(&bench, &take_back("promote-pg", ""), "cannot be taken back: rebuild A");
    refuses(&bench, &take_back("fence", ""), "promote-pg rests on it");
    bench.finish("traffic", "pg-b");
    refuses(&bench, &run_of("look", ""), "attested by a person");
    let attest = |id: &str, value: &str| Intent::Attest { step: step_id(id), value: value.into() };
    refuses(&bench, &attest("look", ""), "at least 3");
    refuses(&bench, &attest("traffic", "fine"), "cannot be attested");
    refuses(&bench, &Intent::Close, "restored facts were not seen");
    bench.apply(Body::Restored { evidence: "seen".into() });
    refuses(&bench, &Intent::Close, "step 4 look is ready");
    bench.grant(&attest("look", "no errors since 14:20"));
    bench.grant(&Intent::Close);
    refuses(&bench, &run_of("fence", ""), "it has ended");
}

#[test]
fn a_step_is_not_over_while_what_its_lost_runner_started_runs() {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.grant(&run_of("fence", ""));
    let fence = || step_id("fence");
    bench.apply(Body::Started { step: fence(), attempt: 1 });
    bench.apply(Body::RunnerLost { step: fence(), attempt: 1, left: "1 process (7 sh)".into() });
    let reason = || Clean::new("its line is missing");
    let still = "step fence is not over, what it started still runs: abort it (1 process (7 sh))";
    refuses(&bench, &run_of("fence", ""), still);
    refuses(&bench, &Intent::Resolve { step: fence(), done: false, reason: reason() }, still);
    let again = Intent::Retry { step: fence(), reason: reason(), new_key: false, by_itself: false };
    refuses(&bench, &again, still);
    // It may be made to end by a safe console and while the plan is held.
    bench.grant(&Intent::Hold { reason: Clean::default() });
    bench.armed = false;
    bench.grant(&Intent::AbortStep { step: fence(), typed: "abort fence".into() });
    let (signal, told) = (Pressure::Term, "1 process (7 sh)".into());
    bench.apply(Body::Signalled { step: fence(), attempt: 1, signal, told });
    let outcome = Outcome::Unknown { message: "it was ended".into() };
    bench.apply(Body::Ended { step: fence(), attempt: 1, outcome });
    assert_eq!(bench.phase("fence"), Phase::Unknown);
    bench.armed = true;
    refuses(&bench, &Intent::Resolve { step: fence(), done: false, reason: "".into() }, "reason");
}

#[test]
fn a_failed_step_is_tried_again_or_skipped_and_giving_up_needs_words() {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.grant(&run_of("fence", ""));
    let abort = |typed: &str| Intent::AbortStep { step: step_id("fence"), typed: typed.into() };
    refuses(&bench, &abort("abort"), "type exactly `abort fence`");
    bench.grant(&abort("abort fence"));
    let outcome = Outcome::Failed { cause: Cause::Cancelled, message: "ended".into() };
    bench.apply(Body::Ended { step: step_id("fence"), attempt: 1, outcome });
    refuses(&bench, &abort("abort fence"), "no attempt of it is running");
    refuses(&bench, &run_of("fence", ""), "try it again, or skip it");
    let skip = Intent::Skip { step: step_id("fence"), reason: "raj blocked the group".into() };
    bench.grant(&skip);
    assert_eq!(bench.phase("promote-pg"), Phase::Ready);
    let give_up =
        |typed: &str, reason: &str| Intent::AbortRun { typed: typed.into(), reason: reason.into() };
    refuses(&bench, &give_up("abort", "region A is back"), "type exactly `abort run`");
    refuses(&bench, &give_up("abort run", "x"), "at least 10");
    bench.grant(&give_up("abort run", "region A is back"));
    refuses(&bench, &run_of("promote-pg", "promote pg-b"), "only taken back");
    bench.grant(&Intent::Close);
}

#[test]
fn t0_is_moved_within_bounds_while_the_clock_runs() {
    let mut bench = Bench::new(Mode::Ungraceful);
    let moved = |wall_s: i64| Stamp { wall_ms: at(90).wall_ms + wall_s * 1000, ..at(90) };
    let set = |wall_s: i64, typed: &str, reason: &str| Intent::SetT0 {
        t0: moved(wall_s),
        typed: typed.to_owned(),
        reason: reason.into(),
    };
    let reason = "the provider's page says so";
    refuses(&bench, &set(-60, "t0", reason), "declare first");
    bench.grant(&declare());
    refuses(&bench, &set(-60, "", reason), "type exactly `t0`");
    refuses(&bench, &set(-60, "T0", reason), "type exactly `t0`");
    refuses(&bench, &set(-60, "t0", "short"), "at least 10 characters");
    refuses(&bench, &set(1, "t0", reason), "T0 cannot be in the future");
    refuses(&bench, &set(-24 * 3600 - 1, "t0", reason), "more than 24 h before");
    bench.armed = false;
    bench.grant(&set(-60, "t0", reason));
    let clock = bench.run.as_ref().unwrap().clock.unwrap();
    assert_eq!(clock.t0, moved(-60), "SAFE does not block it");
    bench.grant(&set(-24 * 3600, "t0", reason));
    bench.apply(Body::Restored { evidence: "users are served".into() });
    refuses(&bench, &set(-60, "t0", reason), "the clock has stopped");
}

#[test]
fn status_updates_are_numbered_in_an_open_run() {
    let mut bench = Bench::new(Mode::Planned);
    bench.armed = false;
    // Whoever hands it over: it acts on nothing.
    bench.person = Some("raj");
    let update = Intent::SendUpdate { lines: vec!["[LIVE] STATUS".into(), "all is well".into()] };
    for number in 1..=3 {
        let Decision::Record(words) = bench.ask(&update).unwrap() else { panic!("words") };
        assert!(
            matches!(&words[..], [Body::Updated { number: told, lines }]
                if *told == number && lines.len() == 2),
            "{words:?}"
        );
        bench.grant(&update);
    }
    assert_eq!(bench.run.as_ref().unwrap().updated.map(|(_, number)| number), Some(3));
    bench.person = Some("anna");
    bench.apply(Body::AbortStarted { reason: "it was our own network".into() });
    bench.grant(&update);
    bench.grant(&Intent::Close);
    refuses(&bench, &update, "it has ended");
    bench.run = None;
    refuses(&bench, &update, "no run is open");
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
fn ms_of(at: Stamp) -> f64 {
    at.wall_ms as f64
}

/// What the console would say by itself now.
fn observed_of(bench: &Bench) -> Vec<Body> {
    let run = bench.run.as_ref().unwrap();
    let plan = run.plan_in_force(&bench.plan);
    crate::domain::run::observe::observed(run, &plan, &bench.site, &bench.snapshot, at(101))
}

#[test]
fn what_a_crash_kept_from_the_record_is_made_up_for() {
    let mut bench = Bench::new(Mode::Ungraceful);
    let Ok(Decision::Record(words)) = bench.ask(&declare()) else { panic!("it is granted") };
    // The console ended after the first of two words.
    bench.apply(words[0].clone());
    assert_eq!(bench.phase("drain"), Phase::Ready);
    assert_eq!(observed_of(&bench), words[1..]);
    bench.apply(words[1].clone());
    assert_eq!(observed_of(&bench), []);
    // A person takes it up all the same.
    bench.grant(&Intent::Retry {
        step: step_id("drain"),
        reason: "we want it".into(),
        new_key: false,
        by_itself: false,
    });
    assert_eq!(observed_of(&bench), []);

    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    assert_eq!(observed_of(&bench), []);
    let reason = || "A is lost by now".into();
    for (step, owed) in [(Some("fence"), 0), (Some("drain"), 1), (None, 1)] {
        let mut bench = Bench { run: bench.run.clone(), ..Bench::new(Mode::Planned) };
        bench.apply(Body::Escalated { step: step.map(step_id), reason: reason() });
        assert_eq!(observed_of(&bench).len(), owed, "{step:?}");
    }

    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.finish("fence", "");
    let abort = Intent::AbortRun { typed: "abort run".into(), reason: reason() };
    let Ok(Decision::Record(words)) = bench.ask(&abort) else { panic!("it is granted") };
    bench.apply(words[0].clone());
    assert_eq!(observed_of(&bench), words[1..]);
}

#[test]
fn what_the_old_primary_took_beside_the_new_one_is_no_measured_loss() {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    bench.finish("fence", "");
    bench.finish("promote-pg", "promote pg-b");
    assert_eq!(observed_of(&bench), []);
    let record = |bench: &mut Bench, a: Role, b: Role| {
        let now = at(bench.now().boot_ms / 1000 + 1);
        for (side, role) in [(Side::A, a), (Side::B, b)] {
            let mut reading = Reading::new(now, Health::Up, "ok");
            reading.role = Some(role);
            let replayed = FactValue::Number(ms_of(at(100)) + 60_000.0);
            reading.facts.push(Fact { name: LAST_REPLAYED.into(), value: replayed });
            bench.snapshot.record(&SystemId::new("pg").unwrap(), side, now, Ok(reading));
        }
    };
    // Nobody closed it, and both take writes for a while: no measure was taken before.
    record(&mut bench, Role::Primary, Role::Primary);
    let words = observed_of(&bench);
    assert!(matches!(&words[..], [Body::LossReopened { .. }]), "{words:?}");
    bench.apply(words[0].clone());
    record(&mut bench, Role::Primary, Role::Primary);
    assert_eq!(observed_of(&bench), [], "it is said once");
    // What it took is thrown away as it follows; what was replayed before tells nothing of that.
    record(&mut bench, Role::Standby, Role::Primary);
    assert_eq!(observed_of(&bench), []);
}

#[test]
fn a_held_run_is_not_closed() {
    let mut bench = Bench::new(Mode::Planned);
    bench.plan.steps.truncate(1);
    bench.run = None;
    bench.apply(opened(Mode::Planned));
    bench.grant(&declare());
    bench.finish("fence", "");
    bench.apply(Body::Restored { evidence: "users are served".into() });
    bench.grant(&Intent::Hold { reason: "wait".into() });
    refuses(&bench, &Intent::Close, "let it go on first");
    bench.grant(&Intent::Release);
    bench.grant(&Intent::Close);
}
