//! The demo's plan given up at every step, in the planned and in the ungraceful way: what the abort
//! plan says is what the world then is.

use warroom::domain::abort;
use warroom::domain::catalogue::Fencing;
use warroom::domain::ledger::Ledger;
use warroom::domain::run::event::{Actor, Body, Cause, Closing, Mode, Outcome, RunEvent, RunKind};
use warroom::domain::run::phase::{Phase, Stage};
use warroom::domain::run::state::Run;
use warroom::domain::verdict::{Assessment, Primary, T0Basis, Verdict};

use super::*;

/// A run put on record word by word.
struct Told {
    run: Run,
    written: Runbook,
}

impl Told {
    fn new(drive: &Drive, mode: Mode) -> Self {
        let written = drive.runbook("failover", DEMO_FAILOVER);
        let direction = Direction { from: written.from, to: written.to };
        let body = Body::Opened {
            run: RunId::new("demo-1").expect("a name"),
            kind: RunKind::Simulation,
            site: "demo".into(),
            site_hash: String::new(),
            runbook: "failover".into(),
            runbook_hash: String::new(),
            direction,
            mode,
        };
        let event = RunEvent { seq: 1, at: drive.clock.now(), by: anna(), body };
        let run = Run::opening(&written, &event).expect("it opens");
        let mut told = Self { run, written };
        let at = drive.clock.now();
        told.tell(Body::Declared {
            t0: at,
            basis: T0Basis::Exact,
            detected: None,
            signals: Vec::new(),
            reason: "it is dark".into(),
            ledger: Ledger { as_of: at, rows: Vec::new() },
        });
        told
    }

    fn tell(&mut self, body: Body) {
        let last = self.run.events.last().expect("it was opened").clone();
        let event = RunEvent { seq: last.seq + 1, at: last.at, by: anna(), body };
        self.run.apply(event).expect("the word fits");
    }

    fn attempt(&mut self, step: &StepId, purpose: Purpose, how: &Result<Clean, OperateError>) {
        let plan = self.run.plan_in_force(&self.written);
        let action = plan.step(step).expect("a step").action;
        let state = self.run.step(step).expect("a step");
        let attempt = u32::try_from(state.attempts.len()).expect("few") + 1;
        self.tell(Body::Intended {
            step: step.clone(),
            attempt,
            purpose,
            action: action.name.into(),
            class: action.class,
            fencing: Fencing::NotFenced,
            gates: Vec::new(),
            call: "call".into(),
            warrant: None,
        });
        let (step, evidence) = (step.clone(), Clean::new("seen"));
        match how {
            Ok(said) => {
                let outcome = Outcome::Applied { evidence: said.clone() };
                self.tell(Body::Ended { step: step.clone(), attempt, outcome });
                self.tell(Body::Verified { step, attempt, evidence });
            }
            Err(why) => {
                let (cause, message) = (Cause::Error, why.to_string().into());
                self.tell(Body::Ended {
                    step,
                    attempt,
                    outcome: Outcome::Failed { cause, message },
                });
            }
        }
    }
}

fn anna() -> Actor {
    Actor { person: None, user: "anna".into(), host: "h".into() }
}

fn assessment(t0: Option<Stamp>) -> Assessment {
    let red = |t0| Primary::Red { t0, basis: T0Basis::Exact, signals: Vec::new() };
    Assessment {
        active: Side::A,
        primary: t0.map_or(Primary::Healthy, red),
        verdict: Verdict::Go,
        criteria: Vec::new(),
        alarms: Vec::new(),
        standby_lost: false,
        split_brain: Vec::new(),
    }
}

/// Sides that take writes of any store that is promoted, and the side of most users.
fn truth(drive: &Drive) -> (Vec<Side>, Side) {
    let state = drive.state();
    let stores = ["pg", "redis"].map(|name| &state.stores[&SystemId::new(name).expect("a name")]);
    let writes = |side: &Side| {
        let at = side.index();
        let primary = stores.iter().any(|store| store.primary[at]);
        state.alive[at] && !state.fenced[at] && primary
    };
    let writing = [Side::B, Side::A].into_iter().filter(writes).collect();
    let users = if state.share[1] > 0.5 { Side::B } else { Side::A };
    (writing, users)
}

fn abandon_after(count: usize, lost: bool) {
    let place = format!("after {count} steps, lost {lost}");
    let fail_after = lost.then_some(Duration::from_secs(20));
    let mut drive = Drive::new(DemoPlan { seed: 3, fail_after, returns_after: None });
    let t0 = if lost { Some(drive.until_red()) } else { None };
    drive.polls(3);
    let mode = if lost { Mode::Ungraceful } else { Mode::Planned };
    let mut told = Told::new(&drive, mode);
    let direction = told.run.direction;
    let plan = told.run.plan_in_force(&told.written);
    for step in &plan.steps[..count] {
        drive.step(step, direction, t0);
        if step.action.class == Class::H {
            told.tell(Body::Attested { step: step.id.clone(), value: "seen".into() });
        } else {
            told.attempt(&step.id, Purpose::Forward, &Ok("done".into()));
        }
    }
    let (back, stays) = abort::lists(&told.run, &plan);
    told.tell(Body::AbortStarted { reason: "it makes no sense".into() });
    told.tell(Body::AbortPlanned { back, stays });
    while let Some(id) = told.run.next_back().map(|state| state.id.clone()) {
        assert_eq!(abort::blocked(&told.run, &plan, &id), None, "{place}: {id}");
        let step = plan.step(&id).expect("a step");
        let Compensation::Action { action, with } = &step.compensation else {
            panic!("{place}: {id} has no way back")
        };
        let how = drive.act(step, (*action, with), direction);
        told.attempt(&id, Purpose::Compensate, &how);
        if let Err(why) = how {
            // What the lost region cannot do is left, with the reason.
            assert!(lost, "{place}: {id} {why}");
            let why = Clean::new(&why.to_string());
            let (back, stays) = abort::lists_leaving(&told.run, &plan, &id, &why);
            told.tell(Body::AbortPlanned { back, stays });
        }
    }
    assert_eq!(abort::word(&told.run, &plan), None, "{place}");
    let serving = abort::planned(&told.run, &plan, &assessment(t0)).serving;
    drive.polls(80);
    let (writes, users) = truth(&drive);
    assert_eq!(serving.writes, writes, "{place}: {:?}", serving.words);
    assert_eq!(serving.users, Some(users), "{place}: {:?}", serving.words);
    told.tell(Body::Closed { closing: Closing::Aborted });
    assert_eq!(told.run.stage, Stage::Aborted, "{place}");
    let abort = told.run.abort.as_ref().expect("it was given up");
    for step in &plan.steps {
        let state = told.run.step(&step.id).expect("a step");
        let stays = abort.stays.iter().any(|stays| stays.step == step.id);
        let nothing = matches!(state.phase, Phase::Pending | Phase::Ready);
        let told_of = state.phase == Phase::Compensated || stays || nothing;
        let read_only = step.compensation == Compensation::NotNeeded;
        assert!(told_of || read_only, "{place}: nothing is said of {}", step.id);
    }
}

#[test]
fn given_up_at_every_step_the_world_is_as_the_plan_said() {
    let steps = 14;
    for lost in [true, false] {
        for count in 0..=steps {
            abandon_after(count, lost);
        }
    }
}
