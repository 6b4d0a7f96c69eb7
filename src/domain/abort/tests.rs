//! Abort plans as data, and what must hold for every run of every plan.

use std::time::Duration;

use super::*;
use crate::domain::catalogue::{Class, Fencing};
use crate::domain::ids::{RunId, SystemId};
use crate::domain::run::event::{Actor, Mode, RunEvent, RunKind};
use crate::domain::runbook::{Direction, Place, Target};
use crate::domain::settings::Table;
use crate::domain::time::{BootId, Stamp};
use crate::domain::verdict::{T0Basis, Verdict};
use crate::stand::{self, chance::Chance};

const fn action(name: &'static str, class: Class, change: Change) -> ActionSpec {
    ActionSpec {
        name,
        doc: "does it",
        verb: "do",
        class,
        guard: Guard::StopWindow,
        fencing: Fencing::NotFenced,
        change,
        reversal: "not at all",
        permissions: &[],
        needs_target: false,
        settings: &[],
    }
}

static FENCE: ActionSpec = action("t.fence", Class::I, Change::Fence);
static PROMOTE: ActionSpec = action("t.promote", Class::X, Change::Promote);
static CHECK: ActionSpec = action("t.check", Class::R, Change::Check);
static SCALE: ActionSpec = action("t.scale", Class::I, Change::Scale);
static TRAFFIC: ActionSpec = action("t.traffic", Class::I, Change::ShiftTraffic);
static TELL: ActionSpec = action("t.tell", Class::N, Change::Notify);

fn id(name: &str) -> StepId {
    StepId::new(name).unwrap()
}

fn step(name: &str, action: &'static ActionSpec, needs: &[&str]) -> Step {
    let place = if action.change == Change::Fence { Place::From } else { Place::To };
    Step {
        target: Some(Target { system: SystemId::new("pg").unwrap(), place }),
        needs: needs.iter().map(|name| id(name)).collect(),
        expect: Duration::from_secs(60),
        timeout: Duration::from_secs(120),
        compensation: match action.class {
            Class::I => Compensation::Action { action, with: Table::default() },
            Class::X | Class::N => Compensation::None("it costs 45 min".into()),
            _ => Compensation::NotNeeded,
        },
        ..stand::step(name, action)
    }
}

fn book(steps: Vec<Step>) -> Runbook {
    Runbook { hash: "abc".into(), ..stand::runbook(steps) }
}

fn plan() -> Runbook {
    book(vec![
        step("fence", &FENCE, &[]),
        step("scale", &SCALE, &[]),
        step("promote", &PROMOTE, &["fence"]),
        step("look", &CHECK, &["promote"]),
        step("traffic", &TRAFFIC, &["look", "scale"]),
        step("tell", &TELL, &["traffic"]),
    ])
}

fn assessment(lost: bool) -> Assessment {
    let t0 = stamp(0);
    let red = Primary::Red { t0, basis: T0Basis::Exact, signals: Vec::new() };
    Assessment {
        active: Side::A,
        primary: if lost { red } else { Primary::Healthy },
        verdict: Verdict::Go,
        criteria: Vec::new(),
        alarms: Vec::new(),
        standby_lost: false,
        split_brain: Vec::new(),
    }
}

fn stamp(second: u64) -> Stamp {
    Stamp { wall_ms: 0, boot_ms: second * 1000, boot: BootId(1) }
}

/// A run told word by word.
struct Story {
    book: Runbook,
    run: Run,
}

impl Story {
    fn new(book: Runbook) -> Self {
        let body = Body::Opened {
            run: RunId::new("lms-1").unwrap(),
            kind: RunKind::Live,
            site: "lms".into(),
            site_hash: String::new(),
            runbook: "failover".into(),
            runbook_hash: String::new(),
            direction: Direction { from: Side::A, to: Side::B },
            mode: Mode::Planned,
        };
        let event = RunEvent { seq: 1, at: stamp(1), by: anna(), body };
        let run = Run::opening(&book, &event).unwrap();
        let mut story = Self { book, run };
        story.tell(Body::Declared {
            t0: stamp(0),
            basis: T0Basis::Exact,
            detected: None,
            signals: Vec::new(),
            reason: "it is dark".into(),
            ledger: crate::domain::ledger::Ledger { as_of: stamp(0), rows: Vec::new() },
        });
        story
    }

    fn tell(&mut self, body: Body) {
        let seq = self.run.last_seq() + 1;
        let event = RunEvent { seq, at: stamp(seq), by: anna(), body };
        self.run.apply(event).unwrap();
    }

    fn begin(&mut self, name: &str, purpose: Purpose) -> u32 {
        let attempt = u32::try_from(self.run.step(&id(name)).unwrap().attempts.len()).unwrap() + 1;
        self.tell(Body::Intended {
            step: id(name),
            attempt,
            purpose,
            action: "t".into(),
            class: Class::I,
            fencing: Fencing::NotFenced,
            gates: Vec::new(),
            call: "call".into(),
            warrant: None,
        });
        attempt
    }

    fn end(&mut self, name: &str, attempt: u32, outcome: Outcome) {
        self.tell(Body::Ended { step: id(name), attempt, outcome });
    }

    fn verify(&mut self, name: &str, attempt: u32, held: bool) {
        let (step, evidence) = (id(name), Clean::new("seen"));
        self.tell(if held {
            Body::Verified { step, attempt, evidence }
        } else {
            Body::NotVerified { step, attempt, evidence }
        });
    }

    /// One attempt, by a word: done, already, refused, unverified, unknown, running, skip.
    fn act(&mut self, name: &str, how: &str) {
        if how == "skip" {
            self.tell(Body::Skipped { step: id(name), reason: "no need".into() });
            return;
        }
        let attempt = self.begin(name, Purpose::Forward);
        let said = || Clean::new("ok");
        match how {
            "running" => {}
            "unknown" => self.end(name, attempt, Outcome::Unknown { message: said() }),
            "undone" => {
                self.end(name, attempt, Outcome::Unknown { message: said() });
                let (step, evidence) = (id(name), said());
                self.tell(Body::Reconciled { step, attempt, done: false, evidence });
            }
            "denied" => {
                self.end(name, attempt, Outcome::Unknown { message: said() });
                let (step, reason) = (id(name), said());
                self.tell(Body::Resolved { step, attempt, done: false, reason });
            }
            "refused" => {
                let cause = Cause::Error;
                self.end(name, attempt, Outcome::Failed { cause, message: said() });
            }
            "cancelled" => {
                let cause = Cause::Cancelled;
                self.end(name, attempt, Outcome::Failed { cause, message: said() });
            }
            "already" => {
                self.end(name, attempt, Outcome::AlreadySo { evidence: said() });
                self.verify(name, attempt, true);
            }
            _ => {
                self.end(name, attempt, Outcome::Applied { evidence: said() });
                self.verify(name, attempt, how == "done");
            }
        }
    }

    /// All of them, `fence:done scale:running`.
    fn acts(&mut self, script: &str) {
        for word in script.split(' ').filter(|word| !word.is_empty()) {
            let (name, how) = word.split_once(':').unwrap_or((word, "done"));
            self.act(name, how);
        }
    }

    fn abandon(&mut self) {
        let (back, stays) = lists(&self.run, &self.book);
        self.tell(Body::AbortStarted { reason: "it makes no sense".into() });
        self.tell(Body::AbortPlanned { back, stays });
    }

    fn take_back(&mut self, name: &str) {
        let attempt = self.begin(name, Purpose::Compensate);
        self.end(name, attempt, Outcome::Applied { evidence: "ok".into() });
        self.verify(name, attempt, true);
    }

    fn told(&self, lost: bool) -> String {
        let plan = planned(&self.run, &self.book, &assessment(lost));
        let back: Vec<&str> = plan.back.iter().map(|back| back.step.as_str()).collect();
        let stays: Vec<String> =
            plan.stays.iter().map(|one| format!("{} ({})", one.step, one.costs)).collect();
        let open: Vec<&str> = plan.open.iter().map(StepId::as_str).collect();
        format!("back {}; stays {}; open {}", back.join(" "), stays.join(", "), open.join(" "))
    }
}

fn anna() -> Actor {
    Actor { person: None, user: "anna".into(), host: "h".into() }
}

#[test]
fn what_goes_back_what_stays_and_what_is_open() {
    let check = |script: &str, want: &str| {
        let mut story = Story::new(plan());
        story.acts(script);
        assert_eq!(story.told(true), want, "{script}");
        // The same is planned once it is on record, and no new word is called for.
        story.abandon();
        assert_eq!(story.told(true), want, "{script}");
        assert_eq!(word(&story.run, &story.book), None, "{script}");
    };
    check("", "back ; stays ; open ");
    check("fence", "back fence; stays ; open ");
    check("fence scale", "back scale fence; stays ; open ");
    check("fence:skip scale", "back scale; stays ; open ");
    check("fence:running scale:unknown", "back ; stays ; open fence scale");
    check("fence:refused", "back fence; stays ; open ");
    check("fence:unverified", "back fence; stays ; open ");
    check("fence:cancelled", "back ; stays ; open ");
    // Not seen is no proof that nothing is under way; a person's word is.
    check("fence:undone", "back fence; stays ; open ");
    check("fence:denied", "back ; stays ; open ");
    check(
        "fence:undone fence:skip",
        "back ; stays fence (an attempt was called, not seen to hold and given up: it may have \
         taken effect); open ",
    );
    check(
        "fence:already scale",
        "back scale; stays fence (it was so before this run: nothing was called, nothing is taken \
         back); open ",
    );
    let rests = "fence (promote stays and rests on it), promote (it costs 45 min)";
    check("fence scale promote", &format!("back scale; stays {rests}; open "));
    check("fence scale promote:running", "back scale fence; stays ; open promote");
    check(
        "fence scale promote:refused",
        "back scale fence; stays promote (it failed: what it did before that stays; it costs 45 \
         min); open ",
    );
    check(
        "fence scale promote look traffic tell",
        "back ; stays fence (promote stays and rests on it), scale (traffic stays and rests on \
         it), promote (it costs 45 min), traffic (users stay in B, where promote stays; the way \
         back is a run of its own), tell (it costs 45 min); open ",
    );
    // Without a promotion the users go back, and a message that stays holds nothing.
    check(
        "fence scale promote:skip look traffic tell",
        "back traffic scale fence; stays tell (it costs 45 min); open ",
    );
}

#[test]
fn who_serves_is_said_aloud() {
    let check = |script: &str, lost: bool, well: bool, want: &str| {
        let mut story = Story::new(plan());
        story.acts(script);
        let serving = planned(&story.run, &story.book, &assessment(lost)).serving;
        // Once B has taken the place of A, a lost A is the lost standby.
        let moved = Assessment { active: Side::B, standby_lost: lost, ..assessment(false) };
        assert_eq!(planned(&story.run, &story.book, &moved).serving, serving, "{script} {lost}");
        let words: Vec<&str> = serving.words.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(words.join("; "), want, "{script} {lost}");
        assert_eq!(serving.well, well, "{script} {lost}");
    };
    check("", false, true, "A takes writes, as before the run; users are sent to A");
    check(
        "fence",
        true,
        false,
        "NOBODY takes writes until A answers again; NOBODY serves the users: they are sent to A, \
         which is silent",
    );
    check(
        "fence:already",
        false,
        false,
        "NOBODY takes writes: A is fenced, and nothing is promoted in B; users are sent to A, \
         which takes NO writes",
    );
    check(
        "fence scale promote",
        false,
        false,
        "B takes writes of pg, A is fenced; users are sent to A, which takes NO writes",
    );
    check(
        "fence:skip scale promote",
        false,
        false,
        "BOTH regions take writes of pg: A is not fenced; users are sent to A",
    );
    check(
        "fence:skip scale promote look traffic",
        true,
        false,
        "B takes writes of pg; A is silent and not fenced: if it comes back BOTH regions take \
         writes; users are sent to B",
    );
    check(
        "fence scale promote look traffic",
        true,
        true,
        "B takes writes of pg, A is fenced; users are sent to B",
    );
}

#[test]
fn the_fence_of_one_store_is_none_of_another() {
    let check = |fence: Option<&str>, bare: bool| {
        let mut book = plan();
        let target =
            |system: &str, place| Some(Target { system: SystemId::new(system).unwrap(), place });
        book.steps[0].target = fence.and_then(|system| target(system, Place::From));
        let mut second = step("promote-redis", &PROMOTE, &["fence"]);
        second.target = target("redis", Place::To);
        book.steps.push(second);
        let mut story = Story::new(book);
        story.acts("fence scale promote promote-redis look traffic");
        let serving = planned(&story.run, &story.book, &assessment(false)).serving;
        let words: Vec<&str> = serving.words.iter().map(|(_, text)| text.as_str()).collect();
        let told = words.join("; ").contains("redis in A has no fence of its own");
        assert_eq!((told, serving.well), (bare, !bare), "{fence:?}: {words:?}");
    };
    check(None, false);
    check(Some("pg"), true);
    check(Some("pods"), false);
}

#[test]
fn a_store_that_no_fence_covers_takes_writes_where_it_did() {
    let check = |script: &str, fence: &str, want: &str| {
        let mut book = plan();
        let target =
            |system: &str, place| Some(Target { system: SystemId::new(system).unwrap(), place });
        book.steps[0].target = target(fence, Place::From);
        let mut second = step("promote-redis", &PROMOTE, &["fence"]);
        second.target = target("redis", Place::To);
        book.steps.push(second);
        let mut story = Story::new(book);
        story.acts(script);
        story.abandon();
        let serving = planned(&story.run, &story.book, &assessment(false)).serving;
        let told = serving.words[0].1.as_str();
        assert!(told.contains(want) && !serving.well, "{script} {fence}: {told}");
    };
    let promoted = "fence scale promote";
    check(promoted, "pg", "B takes writes of pg, A is fenced; A takes those of redis");
    check(promoted, "pods", "B takes writes of pg, A is fenced; NOBODY takes writes of redis");
}

#[test]
fn what_rests_on_a_step_goes_back_first() {
    let check = |script: &str, abandoned: bool, name: &str, want: Option<Blocked>| {
        let mut story = Story::new(plan());
        story.acts(script);
        if abandoned {
            story.abandon();
        }
        assert_eq!(blocked(&story.run, &story.book, &id(name)), want, "{script} {name}");
    };
    let traffic = "fence scale promote:skip look traffic tell";
    for abandoned in [false, true] {
        check("fence scale", abandoned, "fence", None);
        check("fence promote", abandoned, "fence", Some(Blocked::Rests(id("promote"))));
        check("fence promote:running", abandoned, "fence", Some(Blocked::First(id("promote"))));
        check("fence promote:unknown", abandoned, "fence", Some(Blocked::First(id("promote"))));
        check("fence promote:refused", abandoned, "fence", None);
        // Through a check that itself changed nothing.
        check(traffic, abandoned, "fence", Some(Blocked::First(id("traffic"))));
        check(traffic, abandoned, "scale", Some(Blocked::First(id("traffic"))));
        check(traffic, abandoned, "traffic", None);
    }
}

#[test]
fn a_decision_to_leave_a_step_is_kept_and_what_it_rests_on_stays() {
    let mut story = Story::new(plan());
    story.acts("fence scale promote:skip look traffic");
    story.abandon();
    let (back, stays) =
        lists_leaving(&story.run, &story.book, &id("traffic"), &"users are fine in B".into());
    assert!(back.is_empty(), "{back:?}");
    assert_eq!(stays.len(), 3, "{stays:?}");
    story.tell(Body::AbortPlanned { back, stays });
    assert_eq!(word(&story.run, &story.book), None, "the decision stands");
    assert_eq!(story.run.next_back(), None);
    // It can still be taken back by hand; then what it rested on goes back too.
    story.take_back("traffic");
    let body = word(&story.run, &story.book).expect("the plan changes");
    story.tell(body);
    assert_eq!(story.run.abort.as_ref().unwrap().back, [id("traffic"), id("scale"), id("fence")]);
    assert_eq!(story.run.taken_back(), (1, 3));
    assert_eq!(word(&story.run, &story.book), None);
}

#[test]
fn what_ran_joins_the_plan_and_a_failed_step_stays_failed() {
    let mut story = Story::new(plan());
    story.acts("fence:refused scale:running");
    story.abandon();
    assert_eq!(story.told(false), "back fence; stays ; open scale");
    story.end("scale", 1, Outcome::Applied { evidence: "ok".into() });
    story.verify("scale", 1, true);
    let body = word(&story.run, &story.book).expect("it joins");
    story.tell(body);
    assert_eq!(story.told(false), "back scale fence; stays ; open ");
    let attempt = story.begin("fence", Purpose::Compensate);
    let (cause, message) = (Cause::Error, Clean::new("no right"));
    story.end("fence", attempt, Outcome::Failed { cause, message });
    assert_eq!(story.run.step(&id("fence")).unwrap().phase, Phase::Failed, "never seen done");
    assert_eq!(story.told(false), "back scale fence; stays ; open ");
    assert_eq!(word(&story.run, &story.book), None);
}

fn random_plan(chance: &mut Chance) -> Runbook {
    let kinds = [&FENCE, &PROMOTE, &CHECK, &SCALE, &TRAFFIC, &TELL, &SCALE];
    let count = 2 + chance.below(8);
    let steps = (0..count).map(|at| {
        let needs: Vec<String> =
            (0..at).filter(|_| chance.below(3) == 0).map(|need| format!("s{need}")).collect();
        let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
        step(&format!("s{at}"), chance.one_of(&kinds), &needs)
    });
    book(steps.collect())
}

/// Runs what is ready, each step somehow, and stops somewhere.
fn random_run(chance: &mut Chance, story: &mut Story) {
    let ways = ["done", "done", "done", "done", "already", "refused", "unverified", "cancelled"];
    let ends = ["unknown", "running", "skip"];
    for _ in 0..chance.below(14) {
        let ready: Vec<StepId> = story
            .run
            .steps
            .iter()
            .filter(|state| state.phase == Phase::Ready)
            .map(|state| state.id.clone())
            .collect();
        if ready.is_empty() {
            return;
        }
        let name = (*chance.one_of(&ready.iter().collect::<Vec<_>>())).clone();
        let how = if chance.below(6) == 0 { chance.one_of(&ends) } else { chance.one_of(&ways) };
        story.act(name.as_str(), how);
    }
}

#[test]
fn every_plan_covers_each_effect_once_in_an_order_that_nothing_rests_on() {
    let mut chance = Chance(17);
    for round in 0..3000 {
        let mut story = Story::new(random_plan(&mut chance));
        random_run(&mut chance, &mut story);
        story.abandon();
        let abort = story.run.abort.clone().unwrap();
        for state in &story.run.steps {
            let listed = abort.back.iter().filter(|one| **one == state.id).count()
                + abort.stays.iter().filter(|one| one.step == state.id).count();
            let step = story.book.step(&state.id).unwrap();
            let changed =
                state.phase == Phase::Done && step.compensation != Compensation::NotNeeded;
            assert!(listed <= 1, "{round} {} twice", state.id);
            assert!(listed == 1 || !changed, "{round} {} is forgotten", state.id);
        }
        for (at, one) in abort.back.iter().enumerate() {
            for earlier in &abort.back[..at] {
                let rests = story.book.ancestors(one).contains(earlier);
                assert!(!rests, "{round} {one} rests on {earlier}, which goes back before it");
            }
        }
        assert_eq!(word(&story.run, &story.book), None, "{round} the plan does not settle");
    }
}

#[test]
fn every_abandoned_run_can_be_taken_back_to_its_end() {
    let mut chance = Chance(23);
    for round in 0..1500 {
        let mut story = Story::new(random_plan(&mut chance));
        random_run(&mut chance, &mut story);
        story.abandon();
        // What still ran or is unknown is settled, and joins.
        let open: Vec<(StepId, Phase)> = story
            .run
            .steps
            .iter()
            .filter(|state| state.open_attempt().is_some())
            .map(|state| (state.id.clone(), state.phase))
            .collect();
        for (step, phase) in open {
            let (name, attempt) = (step.as_str().to_owned(), 1);
            if phase == Phase::Unknown {
                let done = chance.below(2) == 0;
                let reason = Clean::new("looked at it");
                story.tell(Body::Resolved { step, attempt, done, reason });
            } else {
                story.end(&name, attempt, Outcome::Applied { evidence: "ok".into() });
                story.verify(&name, attempt, true);
            }
            if let Some(body) = word(&story.run, &story.book) {
                story.tell(body);
            }
        }
        let mut turns = 0;
        while let Some(next) = story.run.next_back().map(|state| state.id.clone()) {
            assert_eq!(blocked(&story.run, &story.book, &next), None, "{round} {next}");
            if chance.below(5) == 0 {
                let reason = Clean::new("it is fine as it is");
                let (back, stays) = lists_leaving(&story.run, &story.book, &next, &reason);
                story.tell(Body::AbortPlanned { back, stays });
            } else {
                story.take_back(next.as_str());
            }
            if let Some(body) = word(&story.run, &story.book) {
                story.tell(body);
            }
            turns += 1;
            assert!(turns < 50, "{round} it does not end");
        }
        let abort = story.run.abort.clone().unwrap();
        for back in &abort.back {
            let phase = story.run.step(back).unwrap().phase;
            assert_eq!(phase, Phase::Compensated, "{round} {back}");
        }
    }
}
