//! The clock strip's figures and states, at their boundaries.

use super::RtoState::{AtRisk, Breached, Met, Missed, OnTrack, Provisional, Ready, WillMiss};
use proptest::prelude::*;

use super::*;
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::ids::{RunId, Side, StepId, TierId};
use crate::domain::ledger::Ledger;
use crate::domain::rules::bench::{self, at};
use crate::domain::run::event::{
    Actor, Body, Cause, Closing, Mode, Outcome, Purpose, RunEvent, RunKind,
};
use crate::domain::runbook::{Direction, Step, Ungraceful};
use crate::domain::settings::Span;
use crate::domain::verdict::T0Basis;
use crate::stand;

pub(crate) static CHECK: ActionSpec = ActionSpec {
    name: "command.run",
    doc: "Runs a command.",
    verb: "run",
    class: Class::I,
    guard: Guard::OneKey,
    fencing: Fencing::NotFenced,
    change: Change::None,
    reversal: "not needed",
    permissions: &[],
    needs_target: false,
    settings: &[],
};

pub(crate) const DIRECTION: Direction = Direction { from: Side::A, to: Side::B };

pub(crate) fn id(name: &str) -> StepId {
    StepId::new(name).expect("a name")
}

pub(crate) fn step(name: &str, needs: &[&str], expect_s: u64) -> Step {
    Step {
        needs: needs.iter().map(|need| id(need)).collect(),
        expect: Duration::from_secs(expect_s),
        timeout: Duration::from_secs(expect_s * 2),
        class: Class::I,
        guard: Guard::OneKey,
        ..stand::step(name, &CHECK)
    }
}

/// fence 100 s -> promote 300 s (guard 3) -> dns 60 s; scale 200 s beside promote.
pub(crate) fn runbook() -> Runbook {
    let mut promote = step("promote", &["fence"], 300);
    promote.guard = Guard::TypedVerb;
    stand::runbook(vec![
        step("dns", &["promote", "scale"], 60),
        promote,
        step("scale", &["fence"], 200),
        step("fence", &[], 100),
    ])
}

fn intended(step: StepId, attempt: u32, purpose: Purpose) -> Body {
    Body::Intended {
        step,
        attempt,
        purpose,
        action: "command.run".to_owned(),
        class: Class::I,
        fencing: Fencing::NotFenced,
        gates: Vec::new(),
        call: "fence a".into(),
        warrant: None,
    }
}

fn begins(body: &Body, step: &StepId) -> bool {
    matches!(body, Body::Intended { step: other, .. } if other == step)
}

/// Declares at 10 with T0 at 0, then does what is told: `start fence` at a second, `end fence`,
/// `fail fence`, `retry fence`, `skip fence`, `attest fence`, `back fence`, `untrue fence`,
/// `restored`, `tier core`, `giveup`, `abort`, `close`.
pub(crate) fn run(runbook: &Runbook, mode: Mode, told: &[(u64, &str)]) -> Run {
    let by = Actor { person: None, user: "anna".into(), host: "bastion".into() };
    let opened = Body::Opened {
        run: RunId::new("lms-1").expect("a name"),
        kind: RunKind::Simulation,
        site: "lms".to_owned(),
        site_hash: String::new(),
        runbook: "failover".to_owned(),
        runbook_hash: String::new(),
        direction: DIRECTION,
        mode,
    };
    let declared = Body::Declared {
        detected: None,
        t0: at(0),
        basis: T0Basis::Exact,
        signals: Vec::new(),
        reason: "A is gone".into(),
        ledger: Ledger { as_of: at(0), rows: Vec::new() },
    };
    let mut bodies = vec![(5, opened), (10, declared)];
    for (second, words) in told {
        let (verb, name) = words.split_once(' ').unwrap_or((words, "fence"));
        let step = id(name);
        let tried = bodies.iter().filter(|(_, body)| begins(body, &step)).count();
        let anew = matches!(verb, "start" | "back");
        let attempt = u32::try_from(tried).expect("few") + u32::from(anew);
        match verb {
            "start" => bodies.push((*second, intended(step, attempt, Purpose::Forward))),
            "back" => bodies.push((*second, intended(step, attempt, Purpose::Compensate))),
            "end" => {
                let outcome = Outcome::Applied { evidence: "done".into() };
                bodies.push((*second, Body::Ended { step: step.clone(), attempt, outcome }));
                bodies.push((*second, Body::Verified { step, attempt, evidence: "so".into() }));
            }
            "fail" => {
                let outcome = Outcome::Failed { cause: Cause::Error, message: "refused".into() };
                bodies.push((*second, Body::Ended { step, attempt, outcome }));
            }
            "retry" => {
                let (reason, new_key, by_itself) = ("again".into(), false, false);
                bodies.push((*second, Body::Retried { step, reason, new_key, by_itself }));
            }
            "attest" => bodies.push((*second, Body::Attested { step, value: "seen".into() })),
            "untrue" => bodies.push((*second, Body::Untrue { step, evidence: "gone".into() })),
            "tier" => {
                let tier = TierId::new(name).expect("a name");
                bodies.push((*second, Body::TierRestored { tier, evidence: "up".into() }));
            }
            "skip" => bodies.push((*second, Body::Skipped { step, reason: "told so".into() })),
            "restored" => bodies.push((*second, Body::Restored { evidence: "up".into() })),
            "giveup" | "abort" => {
                bodies.push((*second, Body::AbortStarted { reason: "given up".into() }));
                let ends = (verb == "abort").then_some(Body::Closed { closing: Closing::Aborted });
                bodies.extend(ends.map(|closed| (*second, closed)));
            }
            _ => panic!("no such word: {words}"),
        }
    }
    let one = |(seq, (second, body)): (u64, (u64, Body))| {
        let (at, by) = (at(second), by.clone());
        RunEvent { seq, at, by, body }
    };
    let events: Vec<RunEvent> = (1..).zip(bodies).map(one).collect();
    Run::replay(runbook, &events).expect("the events fit").expect("there are events")
}

/// The bench's site with one objective, or none.
fn site(rto_s: Option<u64>) -> Site {
    let mut site = bench::site();
    site.objectives.truncate(usize::from(rto_s.is_some()));
    for objective in &mut site.objectives {
        objective.rto = Duration::from_secs(rto_s.unwrap_or_default());
    }
    site
}

fn look(
    site: &Site,
    plan: &Runbook,
    run: Option<&Run>,
    t0: Option<u64>,
    pace: &Pace,
    now: u64,
) -> Forecast {
    let (t0, now) = (t0.map(at), at(now));
    forecast(&Grounds { site, runbook: Some(plan), run, t0, pace, split: false, now })
}

#[test]
fn without_a_run() {
    let plan = runbook();
    let check = |t0: Option<u64>, rto_s: Option<u64>, now: u64, want: (u64, RtoState)| {
        let found = look(&site(rto_s), &plan, None, t0, &Pace::default(), now);
        assert_eq!((found.remaining_p80.as_secs(), found.state), want, "{t0:?} {rto_s:?} {now}");
        assert_eq!(found.elapsed.is_some(), t0.is_some());
        assert_eq!(found.finish_p80, found.elapsed.map(|elapsed| elapsed + found.remaining_p80));
        let by = rto_s.map(|rto| t0.unwrap_or(now) + rto).and_then(|end| end.checked_sub(460));
        if rto_s.is_none() || by.is_some() {
            assert_eq!(found.decide_by, by.map(at), "{t0:?} {rto_s:?} {now}");
        }
    };
    check(None, Some(3600), 100, (460, Ready));
    check(None, None, 100, (460, Ready));
    check(Some(0), None, 100, (460, Provisional));
    check(Some(0), Some(1000), 440, (460, Provisional));
    check(Some(0), Some(1000), 441, (460, AtRisk));
    check(Some(0), Some(1000), 540, (460, AtRisk));
    check(Some(0), Some(1000), 541, (460, WillMiss));
    check(Some(0), Some(1000), 999, (460, WillMiss));
    check(Some(0), Some(1000), 1000, (460, Breached));
    check(Some(0), Some(400), 10, (460, WillMiss));
    // 75 % gone with a dangerous step open.
    check(Some(0), Some(10_000), 7499, (460, Provisional));
    check(Some(0), Some(10_000), 7500, (460, AtRisk));
    let (site, pace) = (site(None), Pace::default());
    let nothing = Grounds {
        site: &site,
        runbook: None,
        run: None,
        t0: None,
        pace: &pace,
        split: false,
        now: at(0),
    };
    let none = forecast(&nothing);
    assert_eq!((none.remaining_p80, none.state), (Duration::ZERO, Ready));
    let red = forecast(&Grounds { t0: Some(at(0)), now: at(60), ..nothing });
    assert_eq!((red.finish_p80, red.decide_by), (None, None), "no plan leads anywhere");
}

#[test]
fn with_a_run() {
    let check = |mode: Mode, told: &[(u64, &str)], rto_s: u64, now: u64, want: (u64, RtoState)| {
        let plan = runbook();
        let run = run(&plan, mode, told);
        let found = look(&site(Some(rto_s)), &plan, Some(&run), None, &Pace::default(), now);
        assert_eq!((found.remaining_p80.as_secs(), found.state), want, "{told:?} at {now}");
        assert_eq!(found.decide_by, None, "it was decided");
    };
    let go = Mode::Ungraceful;
    check(go, &[], 3600, 10, (460, OnTrack));
    check(go, &[], 1000, 441, (460, AtRisk));
    check(go, &[], 1000, 541, (460, WillMiss));
    check(go, &[], 1000, 1000, (460, Breached));
    // The running step counts what is left of it, never below nothing.
    let fencing = [(20, "start fence")];
    check(go, &fencing, 3600, 20, (460, OnTrack));
    check(go, &fencing, 3600, 70, (410, OnTrack));
    check(go, &fencing, 3600, 120, (360, OnTrack));
    check(go, &fencing, 3600, 121, (360, AtRisk));
    check(go, &fencing, 3600, 500, (360, AtRisk));
    let fenced = [(20, "start fence"), (50, "end fence")];
    check(go, &fenced, 3600, 121, (360, OnTrack));
    let promoted = [&fenced[..], &[(60, "start promote"), (90, "end promote")]].concat();
    check(go, &promoted, 3600, 100, (260, OnTrack));
    // 75 % gone: only an open dangerous step makes it a risk.
    check(go, &fenced, 10_000, 7500, (360, AtRisk));
    check(go, &promoted, 10_000, 7500, (260, OnTrack));
    check(go, &[(20, "skip fence")], 3600, 30, (360, OnTrack));
    // A skipped step hides what it waited for itself: dns may go on beside fence.
    check(go, &[(20, "skip promote"), (21, "skip scale")], 3600, 30, (100, OnTrack));
    // What failed is run again from its beginning.
    check(go, &[(20, "start fence"), (90, "fail fence")], 3600, 95, (460, OnTrack));
    // What was done and is no longer so is done again.
    let untrue = [&fenced[..], &[(60, "untrue fence")]].concat();
    check(go, &untrue, 3600, 70, (460, OnTrack));
    // The clock stops on the restored facts and nothing moves it after.
    check(go, &[(999, "restored")], 1000, 5000, (0, Met));
    check(go, &[(1000, "restored")], 1000, 5000, (0, Missed));
    check(go, &[(20, "abort")], 3600, 30, (0, Missed));
    // Nothing of a run that is being given up leads to the end.
    check(go, &[(20, "giveup")], 3600, 30, (0, AtRisk));
    check(go, &[(20, "giveup")], 3600, 3600, (0, Breached));
}

#[test]
fn a_step_that_the_plan_skips_takes_no_time() {
    let check = |mode: Option<Mode>, t0: Option<u64>, want_s: u64| {
        let mut plan = runbook();
        plan.steps[3].ungraceful = Ungraceful::Skip;
        let run = mode.map(|mode| run(&plan, mode, &[]));
        let found = look(&site(None), &plan, run.as_ref(), t0, &Pace::default(), 20);
        assert_eq!(found.remaining_p80.as_secs(), want_s, "{mode:?} {t0:?}");
    };
    check(Some(Mode::Planned), None, 460);
    check(Some(Mode::Ungraceful), None, 360);
    check(None, None, 460);
    check(None, Some(0), 360);
}

#[test]
fn a_plan_that_needs_itself_still_ends() {
    let mut plan = runbook();
    plan.steps[3].needs = vec![id("dns")];
    let found = look(&site(None), &plan, None, None, &Pace::default(), 0);
    assert_eq!(found.state, Ready);
    plan.steps[3].needs = vec![id("fence")];
    let found = look(&site(None), &plan, None, None, &Pace::default(), 0);
    assert!(found.critical.len() <= 5, "{:?}", found.critical);
}

#[test]
fn the_longest_chain_is_told_with_the_last_moment_of_each_step() {
    let plan = runbook();
    let fenced = [(20, "start fence"), (50, "end fence")];
    let run = run(&plan, Mode::Ungraceful, &fenced);
    let found = look(&site(Some(1000)), &plan, Some(&run), None, &Pace::default(), 60);
    let names: Vec<&str> = found.critical.iter().map(StepId::as_str).collect();
    assert_eq!(names, ["promote", "dns"]);
    let check = |step: &str, want: Option<u64>| {
        assert_eq!(found.last_start(&id(step)), want.map(at), "{step}");
    };
    check("fence", None);
    check("promote", Some(1000 - 360));
    check("scale", Some(1000 - 260));
    check("dns", Some(1000 - 60));
    let wait = |step: &str, wait_s: u64, want: Option<u64>| {
        let found = found.finish_if_started(&id(step), Duration::from_secs(wait_s));
        assert_eq!(found.map(|finish| finish.p80.as_secs()), want, "{step} in {wait_s}");
    };
    wait("promote", 0, Some(60 + 360));
    wait("promote", 600, Some(60 + 960));
    // Scale has 100 s of slack beside promote.
    wait("scale", 0, Some(60 + 360));
    wait("scale", 100, Some(60 + 360));
    wait("scale", 600, Some(60 + 860));
    wait("fence", 0, None);
}

#[test]
fn the_clock_does_not_wait_for_what_comes_after_it() {
    let mut plan = runbook();
    plan.steps[0].change = Change::ShiftTraffic;
    plan.steps.push(step("tell", &["dns"], 500));
    let found = look(&site(Some(1000)), &plan, None, Some(0), &Pace::default(), 10);
    assert_eq!((found.remaining_p80.as_secs(), found.plan_p80.as_secs()), (460, 960));
    assert_eq!(found.state, Provisional);
    assert_eq!(found.last_start(&id("tell")), None);
    assert!(!found.is_critical(&id("tell")));
    // The restored facts have to hold for a while once the last of these steps is done.
    let bound = crate::domain::runbook::Bound::AtLeast(crate::domain::runbook::Amount::Time(
        Duration::from_secs(30),
    ));
    plan.restored = vec![crate::domain::runbook::Gate {
        system: bench::id("gateway"),
        place: crate::domain::runbook::Place::To,
        fact: "healthy_for".to_owned(),
        bound,
        ungraceful: None,
        span: Span::default(),
    }];
    let found = look(&site(Some(1000)), &plan, None, Some(0), &Pace::default(), 10);
    assert_eq!(found.remaining_p80.as_secs(), 490);
    let told = [(20, "skip fence"), (21, "skip promote"), (22, "skip scale"), (30, "start dns")];
    let told = [&told[..], &[(90, "end dns")]].concat();
    let run = run(&plan, Mode::Ungraceful, &told);
    let left = |now| {
        let found = look(&site(Some(1000)), &plan, Some(&run), None, &Pace::default(), now);
        found.remaining_p80.as_secs()
    };
    assert_eq!([90, 100, 120, 200].map(left), [30, 20, 0, 0]);
}

#[test]
fn a_step_over_its_p80_is_stuck() {
    let plan = runbook();
    let check = |told: &[(u64, &str)], now: u64, want: &[(&str, u64, u64)]| {
        let run = run(&plan, Mode::Ungraceful, told);
        let found = look(&site(Some(3600)), &plan, Some(&run), None, &Pace::default(), now);
        let seen: Vec<(&str, u64, u64)> = found
            .stuck
            .iter()
            .map(|late| (late.step.as_str(), late.spent.as_secs(), late.p80.as_secs()))
            .collect();
        assert_eq!(seen, want, "{told:?} at {now}");
        assert_eq!(found.state == AtRisk, !want.is_empty(), "{told:?} at {now}");
    };
    check(&[(20, "start fence")], 120, &[]);
    check(&[(20, "start fence")], 121, &[("fence", 101, 100)]);
    // A new attempt has its own time.
    let again = [(20, "start fence"), (110, "fail fence"), (115, "retry fence")];
    let again = [&again[..], &[(116, "start fence")]].concat();
    check(&again, 216, &[]);
    check(&again, 217, &[("fence", 101, 100)]);
    // The one that is longest over comes first.
    let fenced = [(20, "start fence"), (50, "end fence"), (60, "start promote")];
    let both = [&fenced[..], &[(61, "start scale")]].concat();
    check(&both, 300, &[("scale", 239, 200)]);
    check(&both, 500, &[("scale", 439, 200), ("promote", 440, 300)]);
    // Taking a step back is no step of the way forward.
    let back = [(20, "start fence"), (50, "end fence"), (60, "back fence")];
    check(&back, 900, &[]);
}

/// What is learnt of one run told so, as often as it is wanted.
fn learnt(told: &[(u64, &str)], times: usize) -> Pace {
    let plan = runbook();
    let mut pace = Pace::default();
    for _ in 0..times {
        pace.learn(&plan, &run(&plan, Mode::Ungraceful, told));
    }
    pace
}

#[test]
fn history_moves_the_forecast() {
    let plan = runbook();
    // Begun 30 s after the declaration and done in 20; promoted 10 s later, in 100.
    let told = [(40, "start fence"), (60, "end fence"), (70, "start promote")];
    let told = [&told[..], &[(170, "end promote"), (171, "skip scale"), (300, "abort")]].concat();
    let check = |times: usize, told_now: &[(u64, &str)], now: u64, want: u64| {
        let run = run(&plan, Mode::Ungraceful, told_now);
        let pace = learnt(&told, times);
        let found = look(&site(Some(3600)), &plan, Some(&run), None, &pace, now);
        assert_eq!(found.remaining_p80.as_secs(), want, "{times} {told_now:?} at {now}");
        assert_eq!(usize::try_from(found.runs).expect("few"), times.min(20));
    };
    // Nothing was learnt of dns and scale: 60 s and 200 s are the plan's own.
    check(0, &[], 10, 460);
    check(1, &[], 10, 50 + 200 + 60);
    // The time until somebody begins goes by; then the finish moves with every second.
    check(1, &[], 30, 30 + 200 + 60);
    check(1, &[], 40, 20 + 200 + 60);
    check(1, &[], 400, 20 + 200 + 60);
    check(1, &[(20, "start fence")], 30, 10 + 200 + 60);
    check(30, &[(20, "start fence"), (30, "end fence"), (31, "skip scale")], 30, 110 + 60);
    check(30, &[(20, "start fence"), (30, "end fence"), (31, "skip scale")], 35, 105 + 60);
}

#[test]
fn what_comes_after_the_clock_is_still_told() {
    let plan = runbook();
    let told = [(20, "start fence"), (50, "end fence"), (900, "restored"), (950, "start scale")];
    let run = run(&plan, Mode::Ungraceful, &told);
    let found = look(&site(Some(1000)), &plan, Some(&run), None, &Pace::default(), 1000);
    assert_eq!((found.remaining_p80.as_secs(), found.plan_p80.as_secs()), (0, 360));
    assert_eq!((found.state, found.critical.len(), found.steps.len()), (Met, 0, 4));
    assert_eq!(found.last_start(&id("promote")), None);
    assert_eq!(found.finish_p80, Some(Duration::from_secs(900)));
    let found = look(&site(Some(1000)), &plan, Some(&run), None, &Pace::default(), 2000);
    assert_eq!((found.stuck.len(), found.state), (1, Met));
}

#[test]
fn a_few_quick_runs_do_not_make_a_step_stuck() {
    let plan = runbook();
    let told = [(40, "start fence"), (60, "end fence"), (300, "abort")];
    let running = run(&plan, Mode::Ungraceful, &[(20, "start fence")]);
    for (times, from) in [(0, 100), (1, 100), (4, 100), (5, 20), (20, 20)] {
        let pace = learnt(&told, times);
        let late = |now: u64| {
            let found = look(&site(Some(3600)), &plan, Some(&running), None, &pace, now);
            found.stuck.len()
        };
        assert_eq!([late(20 + from), late(21 + from)], [0, 1], "after {times} runs");
    }
}

fn tiered() -> Site {
    let mut site = bench::site();
    let objective = |tier: &str, rto_s| Objective {
        tier: TierId::new(tier).expect("a name"),
        rto: Duration::from_secs(rto_s),
        ..site.objectives[0].clone()
    };
    site.objectives = vec![objective("files", 3600), objective("core", 600)];
    site
}

#[test]
fn every_tier_has_its_own_clock() {
    let plan = runbook();
    // What the big clock counts, its state, and each tier with its state.
    let check = |told: &[(u64, &str)], now: u64, want: &str| {
        let run = run(&plan, Mode::Ungraceful, told);
        let found = look(&tiered(), &plan, Some(&run), None, &Pace::default(), now);
        let tiers: Vec<String> = found
            .tiers
            .iter()
            .map(|tier| {
                let took =
                    tier.took.map_or_else(String::new, |took| format!(" {}", took.as_secs()));
                format!("{}{took} {}", tier.tier, tier.state.words())
            })
            .collect();
        let counted = found.tier.as_ref().map_or("none", TierId::as_str);
        assert_eq!(format!("{counted} {}: {}", found.state.words(), tiers.join(", ")), want);
        assert!(found.elapsed.is_some());
    };
    check(&[], 100, "core AT RISK: files ON TRACK, core AT RISK");
    check(&[], 600, "core BREACHED: files ON TRACK, core BREACHED");
    let core = [(300, "tier core")];
    check(&core, 310, "files ON TRACK: files ON TRACK, core 300 MET");
    check(&core, 3600, "files BREACHED: files BREACHED, core 300 MET");
    let late = [(700, "tier core")];
    check(&late, 800, "files ON TRACK: files ON TRACK, core 700 MISSED");
    // At the end the big clock shows what it stopped on.
    let both = [(300, "tier core"), (900, "tier files"), (900, "restored")];
    check(&both, 5000, "files MET: files 900 MET, core 300 MET");
    let missed = [(700, "tier core"), (900, "tier files"), (900, "restored")];
    check(&missed, 5000, "core MISSED: files 900 MET, core 700 MISSED");
    // Older journals tell only of the whole run.
    check(&[(500, "restored")], 5000, "core MET: files 500 MET, core 500 MET");
    check(&[(20, "abort")], 5000, "core MISSED: files MISSED, core MISSED");
}

#[test]
fn tiers_restored_together_count_the_strictest() {
    let check = |core_ms: u64, files_ms: u64, want: &str| {
        let clock = |tier: &str, rto_s, took_ms| TierClock {
            tier: TierId::new(tier).expect("a name"),
            rto: Duration::from_secs(rto_s),
            took: Some(Duration::from_millis(took_ms)),
            state: RtoState::Met,
        };
        let tiers = [clock("files", 3600, files_ms), clock("core", 600, core_ms)];
        assert_eq!(counted(&tiers).map(|clock| clock.tier.as_str()), Some(want));
    };
    check(360_100, 360_108, "core");
    check(360_100, 900_000, "files");
    check(360_100, 200_000, "core");
}

#[test]
fn no_length_of_time_is_too_long() {
    let mut plan = runbook();
    for step in &mut plan.steps {
        step.expect = Duration::MAX;
    }
    for rto in [0, 1, u64::MAX] {
        for t0 in [None, Some(0)] {
            let found = look(&site(Some(rto)), &plan, None, t0, &Pace::default(), 1_000_000);
            assert_eq!(found.remaining_p80, Duration::MAX);
            let _ = (found.margin_s(), found.left());
            let late = found.finish_if_started(&id("fence"), Duration::MAX);
            assert_eq!(late.is_some(), t0.is_some());
        }
    }
}

/// The longest chain by trying every one.
fn brute(steps: &[Step], from: usize) -> u64 {
    let follows = |other: &&Step| other.needs.contains(&steps[from].id);
    let after = steps.iter().enumerate().filter(|(_, step)| follows(step));
    let rest = after.map(|(next, _)| brute(steps, next)).max().unwrap_or(0);
    steps[from].expect.as_secs() + rest
}

/// A plan of random lengths in which a step needs some of those before it, written in any order.
fn random_plan() -> impl Strategy<Value = Runbook> {
    let steps = prop::collection::vec((1_u64..500, prop::collection::vec(any::<bool>(), 9)), 1..9);
    (steps, any::<bool>()).prop_map(|(steps, turned)| {
        let name = |place: usize| format!("s{place}");
        let mut plan = runbook();
        plan.steps = steps
            .iter()
            .enumerate()
            .map(|(place, (expect, needs))| {
                let names: Vec<String> = (0..place).filter(|need| needs[*need]).map(name).collect();
                let needs: Vec<&str> = names.iter().map(String::as_str).collect();
                step(&name(place), &needs, *expect)
            })
            .collect();
        if turned {
            plan.steps.reverse();
        }
        plan
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_longest_chain_is_the_longest(
        plan in random_plan(), pressed in 0_usize..9, now in 10_u64..400,
    ) {
        let longest = (0..plan.steps.len()).map(|from| brute(&plan.steps, from)).max().unwrap_or(0);
        let (site, pace) = (site(Some(2000)), Pace::default());
        let found = look(&site, &plan, None, Some(0), &pace, now);
        prop_assert_eq!(found.remaining_p80.as_secs(), longest);
        prop_assert_eq!(found.remaining_p50, found.remaining_p80);
        // The steps told are a chain of that length: each needs the one before it.
        let chain: Vec<&Step> = found.critical.iter().filter_map(|id| plan.step(id)).collect();
        prop_assert_eq!(chain.iter().map(|step| step.expect.as_secs()).sum::<u64>(), longest);
        for pair in chain.windows(2) {
            prop_assert!(pair[1].needs.contains(&pair[0].id));
        }
        for (place, step) in plan.steps.iter().enumerate() {
            let chain = brute(&plan.steps, place);
            let want = (2000 >= chain).then(|| at(2000 - chain));
            if want.is_some() {
                prop_assert_eq!(found.last_start(&step.id), want);
            }
            let waited = found.finish_if_started(&step.id, Duration::from_secs(600));
            let waited = waited.map(|finish| finish.p80.as_secs());
            if step.needs.is_empty() {
                prop_assert_eq!(waited, Some(now + longest.max(600 + chain)));
            }
        }
        // A step that is begun never moves the finish before now, and never past what it was.
        let ready: Vec<&Step> = plan.steps.iter().filter(|step| step.needs.is_empty()).collect();
        let begun = &ready[pressed % ready.len()].id;
        let words = format!("start {begun}");
        let run = run(&plan, Mode::Ungraceful, &[(10, words.as_str())]);
        let mut last = Duration::ZERO;
        for now in [10, now, now + 100, now + 1000] {
            let found = look(&site, &plan, Some(&run), None, &pace, now);
            let finish = found.finish_p80.expect("there is a plan");
            prop_assert!(finish >= found.elapsed.expect("it was declared"));
            prop_assert!(finish >= last, "a finish that time alone moves comes no sooner");
            prop_assert!(finish >= found.finish_p50.expect("there is a plan"));
            last = finish;
        }
    }
}
