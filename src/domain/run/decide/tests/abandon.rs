//! Giving a run up, and going on in another mode, as decisions.

use super::*;

fn abandoned(script: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new(Mode::Planned);
    bench.grant(&declare());
    for (id, typed) in script {
        bench.finish(id, typed);
    }
    bench
        .grant(&Intent::AbortRun { typed: "abort run".into(), reason: "it makes no sense".into() });
    bench
}

fn back(id: &str, typed: &str) -> Intent {
    Intent::Compensate { step: step_id(id), typed: typed.into(), call: "call".into() }
}

fn leave(id: &str, reason: &str) -> Intent {
    Intent::Skip { step: step_id(id), reason: reason.into() }
}

impl Bench {
    fn run(&self) -> &Run {
        self.run.as_ref().unwrap()
    }

    fn attempt(&self, id: &str) -> u32 {
        u32::try_from(self.run().step(&step_id(id)).unwrap().attempts.len()).unwrap()
    }

    fn ends(&mut self, id: &str, outcome: Outcome) {
        let attempt = self.attempt(id);
        self.apply(Body::Ended { step: step_id(id), attempt, outcome });
    }

    fn seen(&mut self, id: &str) {
        let attempt = self.attempt(id);
        self.ends(id, Outcome::Applied { evidence: "ok".into() });
        self.apply(Body::Verified { step: step_id(id), attempt, evidence: "seen".into() });
    }
}

/// A plan whose traffic rests on the fence alone, so that both go back.
fn two_ways_back() -> Bench {
    let mut bench = Bench::new(Mode::Planned);
    bench.plan.steps[2].needs = vec![step_id("fence")];
    bench.run = None;
    bench.apply(opened(Mode::Planned));
    bench.grant(&declare());
    bench.finish("fence", "");
    bench.finish("traffic", "pg-b");
    let (typed, reason) = ("abort run".into(), "it makes no sense".into());
    bench.grant(&Intent::AbortRun { typed, reason });
    bench
}

#[test]
fn steps_go_back_in_the_plans_order_and_only_then_the_run_ends() {
    let mut bench = two_ways_back();
    let abort = bench.run().abort.clone().unwrap();
    assert_eq!(abort.back, [step_id("traffic"), step_id("fence")]);
    assert_eq!(bench.run().current().unwrap().id, step_id("traffic"));
    refuses(&bench, &back("fence", ""), "take back traffic first");
    refuses(&bench, &Intent::Close, "still to be taken back: 3 traffic, 1 fence");
    refuses(&bench, &run_of("promote-pg", "promote pg-b"), "only taken back");
    let escalate = Intent::Escalate { step: None, reason: "A is lost by now".into() };
    refuses(&bench, &escalate, "no step goes forward any more");
    let retry = Intent::Retry {
        step: step_id("traffic"),
        reason: "again".into(),
        new_key: false,
        by_itself: false,
    };
    refuses(&bench, &retry, "no step goes forward any more");
    refuses(&bench, &back("traffic", "pg"), "type exactly `pg-b`");
    bench.armed = false;
    refuses(&bench, &back("traffic", "pg-b"), "SAFE");
    bench.armed = true;
    // Hold stops it, and nothing else moves.
    bench.grant(&Intent::Hold { reason: Clean::default() });
    assert!(bench.run().is_held() && bench.run().stage == Stage::Aborting);
    refuses(&bench, &Intent::Hold { reason: Clean::default() }, "nothing to hold");
    refuses(&bench, &back("traffic", "pg-b"), "let it go on first");
    bench.grant(&Intent::Release);
    refuses(&bench, &Intent::Release, "not held");
    // A failed attempt is made again, an unknown one is told.
    bench.grant(&back("traffic", "pg-b"));
    assert_eq!(bench.run().current().unwrap().id, step_id("traffic"));
    refuses(&bench, &leave("traffic", "no resolver answers"), "settle its attempt first");
    refuses(&bench, &Intent::Close, "step 3 traffic is granted");
    let (cause, message) = (Cause::Error, "no answer".into());
    bench.ends("traffic", Outcome::Failed { cause, message });
    assert_eq!(bench.phase("traffic"), Phase::Done);
    bench.grant(&back("traffic", "pg-b"));
    bench.ends("traffic", Outcome::Unknown { message: "cut".into() });
    refuses(&bench, &back("traffic", "pg-b"), "only a done or failed step");
    let (step, reason) = (step_id("traffic"), "the records say A".into());
    bench.grant(&Intent::Resolve { step, done: true, reason });
    assert_eq!(bench.phase("traffic"), Phase::Compensated);
    assert_eq!(bench.run().taken_back(), (1, 2));
    bench.grant(&back("fence", ""));
    bench.seen("fence");
    assert_eq!(bench.run().current(), None);
    bench.grant(&Intent::Close);
    assert_eq!(bench.run().stage, Stage::Aborted);
}

#[test]
fn a_step_is_left_only_with_a_reason_and_what_it_rests_on_stays_with_it() {
    let mut bench = two_ways_back();
    refuses(&bench, &leave("traffic", "no"), "at least 10 characters");
    refuses(&bench, &leave("look", "never looked at"), "not waiting to be taken back");
    bench.grant(&leave("traffic", "users are well in B"));
    let abort = bench.run().abort.clone().unwrap();
    assert_eq!(abort.back, []);
    let told: Vec<String> = abort.stays.iter().map(|stays| stays.words().to_string()).collect();
    assert_eq!(told, ["traffic stays and rests on it", "left by decision: users are well in B"]);
    refuses(&bench, &back("fence", ""), "traffic rests on it");
    bench.grant(&Intent::Close);
}

#[test]
fn a_fence_stays_under_a_promotion() {
    let mut bench = abandoned(&[("fence", ""), ("promote-pg", "promote pg-b")]);
    let abort = bench.run().abort.clone().unwrap();
    assert_eq!(abort.back, []);
    assert_eq!(abort.stays.len(), 2);
    refuses(&bench, &back("fence", ""), "promote-pg rests on it");
    bench.grant(&Intent::Close);
}

static RESCUE: ActionSpec = {
    let spec = action("test.rescue", Class::X, Guard::TypedVerb, Change::Promote);
    ActionSpec { verb: "rescue", ..spec }
};

/// The promotion is another action when the primary is lost.
fn lossy(mode: Mode) -> Bench {
    let mut bench = Bench::new(mode);
    let planned = bench.plan.steps[1].clone();
    let variant = Step {
        action: &RESCUE,
        change: RESCUE.change,
        ungraceful: Ungraceful::VariantOf(&PROMOTE),
        ..planned
    };
    bench.plan.steps[1].ungraceful = Ungraceful::Instead(Box::new(variant));
    bench.grant(&declare());
    bench.finish("fence", "");
    bench
}

impl Bench {
    /// The action that the last INTENT of the promotion names.
    fn granted(&self) -> &str {
        &self.run().step(&step_id("promote-pg")).unwrap().last_attempt().unwrap().action
    }

    fn in_force(&self) -> &'static str {
        let plan = self.run().plan_in_force(&self.plan);
        plan.step(&step_id("promote-pg")).unwrap().action.name
    }
}

#[test]
fn the_variant_in_force_is_the_one_that_is_granted() {
    let escalate = |step: Option<&str>| Intent::Escalate {
        step: step.map(step_id),
        reason: "A is lost by now".into(),
    };
    let mut bench = lossy(Mode::Planned);
    refuses(&bench, &run_of("promote-pg", "rescue pg-b"), "type exactly `promote pg-b`");
    bench.grant(&run_of("promote-pg", "promote pg-b"));
    assert_eq!(bench.granted(), "test.promote");
    // What runs keeps its variant whatever is escalated, and so does what is done.
    bench.grant(&escalate(None));
    assert_eq!(bench.in_force(), "test.promote");
    let (cause, message) = (Cause::Error, "A does not answer".into());
    bench.ends("promote-pg", Outcome::Failed { cause, message });
    assert_eq!(bench.in_force(), "test.promote", "it is the attempt that failed");
    let (step, reason) = (step_id("promote-pg"), "lossy now".into());
    bench.grant(&Intent::Retry { step, reason, new_key: false, by_itself: false });
    assert_eq!(bench.in_force(), "test.rescue");
    refuses(&bench, &run_of("promote-pg", "rescue pg-b"), "accept the expected losses first");
    bench.grant(&Intent::AcceptLedger);
    refuses(&bench, &run_of("promote-pg", "promote pg-b"), "type exactly `rescue pg-b`");
    bench.grant(&run_of("promote-pg", "rescue pg-b"));
    assert_eq!(bench.granted(), "test.rescue");

    let mut bench = lossy(Mode::Planned);
    bench.finish("promote-pg", "promote pg-b");
    bench.grant(&escalate(None));
    assert_eq!(bench.in_force(), "test.promote", "done is done");

    let mut bench = lossy(Mode::Planned);
    bench.grant(&escalate(Some("promote-pg")));
    assert_eq!(bench.in_force(), "test.rescue", "one step alone");
    assert_eq!(bench.phase("drain"), Phase::Ready, "the others stay as they are");
    bench.grant(&escalate(Some("drain")));
    assert_eq!(bench.phase("drain"), Phase::Skipped, "the plan leaves it out");
    refuses(&bench, &escalate(Some("drain")), "ungraceful already");

    let bench = lossy(Mode::Ungraceful);
    assert_eq!(bench.in_force(), "test.rescue", "from the start");
}
