//! What is learnt of earlier runs, and what is not.

use super::*;
use crate::domain::catalogue::ActionSpec;
use crate::domain::forecast::tests::{CHECK, id, run, runbook};
use crate::domain::run::event::Mode;

fn seconds(samples: &[u64]) -> Vec<Duration> {
    samples.iter().copied().map(Duration::from_secs).collect()
}

#[test]
fn quantiles_are_the_nearest_rank() {
    let check = |samples: &[u64], want: Option<(u64, u64)>| {
        let found = Quantiles::of(seconds(samples));
        assert_eq!(found.map(|q| (q.p50.as_secs(), q.p80.as_secs())), want, "{samples:?}");
    };
    check(&[], None);
    check(&[7], Some((7, 7)));
    check(&[9, 1], Some((1, 9)));
    check(&[3, 1, 2], Some((2, 3)));
    check(&[5, 1, 4, 2, 3], Some((3, 4)));
    check(&[10, 1, 9, 2, 8, 3, 7, 4, 6, 5], Some((5, 8)));
    check(&[1, 1, 1, 1, 900], Some((1, 1)));
    let twenty: Vec<u64> = (1..=20).rev().collect();
    check(&twenty, Some((10, 16)));
}

/// What is known of a step after some runs: act p50/p80, hand p50/p80, runs.
fn figures(pace: &Pace, step: &str) -> (u64, u64, u64, u64, u32) {
    let plan = runbook();
    let found = pace.of(plan.step(&id(step)).expect("it is in the plan"));
    (
        found.act.p50.as_secs(),
        found.act.p80.as_secs(),
        found.hand.p50.as_secs(),
        found.hand.p80.as_secs(),
        found.runs,
    )
}

fn learnt(told: &[(u64, &str)]) -> Pace {
    let plan = runbook();
    let mut pace = Pace::default();
    pace.learn(&plan, &run(&plan, Mode::Ungraceful, told));
    pace
}

#[test]
fn a_run_tells_what_each_step_took() {
    let check = |told: &[(u64, &str)], step: &str, want: (u64, u64, u64, u64, u32)| {
        let told = [told, &[(900, "restored")]].concat();
        assert_eq!(figures(&learnt(&told), step), want, "{step} after {told:?}");
    };
    let none = (100, 100, 0, 0, 0);
    // Declared at 10, begun at 25, seen at 60.
    let fenced = [(25, "start fence"), (60, "end fence")];
    check(&fenced, "fence", (35, 35, 15, 15, 1));
    check(&[], "fence", none);
    check(&[(25, "skip fence")], "fence", none);
    check(&[(25, "start fence")], "fence", none);
    check(&[(25, "start fence"), (60, "fail fence")], "fence", none);
    // A failed attempt counts with its time, and with the time until it was tried again.
    let again = [(25, "start fence"), (60, "fail fence"), (100, "retry fence")];
    let again = [&again[..], &[(110, "start fence"), (130, "end fence")]].concat();
    check(&again, "fence", (105, 105, 15, 15, 1));
    // What was taken back tells nothing, what was done again tells of the last time.
    let back = [(25, "start fence"), (60, "end fence"), (70, "back fence"), (80, "end fence")];
    check(&back, "fence", none);
    let twice = [&back[..], &[(90, "retry fence"), (95, "start fence")]].concat();
    let twice = [&twice[..], &[(99, "end fence")]].concat();
    check(&twice, "fence", (4, 4, 85, 85, 1));
    // A person's step is attested: all of it is doing.
    check(&[(70, "attest fence")], "fence", (60, 60, 0, 0, 1));
    // It could be begun once the last step that it needs was done or skipped.
    let promoted = [&fenced[..], &[(80, "start promote"), (200, "end promote")]].concat();
    check(&promoted, "promote", (120, 120, 20, 20, 1));
    let skipped = [(40, "skip fence"), (45, "start promote"), (50, "end promote")];
    check(&skipped, "promote", (5, 5, 5, 5, 1));
    let both = [&promoted[..], &[(150, "start scale"), (260, "end scale")]].concat();
    // The story must be in order; sort it by time.
    let mut both = both;
    both.sort_by_key(|(second, _)| *second);
    let both = [&both[..], &[(300, "start dns"), (330, "end dns")]].concat();
    check(&both, "dns", (30, 30, 40, 40, 1));
}

#[test]
fn a_run_that_is_not_over_tells_nothing() {
    let fenced = [(25, "start fence"), (60, "end fence")];
    let check = |last: &[(u64, &str)], runs: u32| {
        let told = [&fenced[..], last].concat();
        assert_eq!(figures(&learnt(&told), "fence").4, runs, "{told:?}");
    };
    check(&[], 0);
    check(&[(70, "restored")], 1);
    check(&[(70, "abort")], 1);
}

#[test]
fn another_action_has_no_history() {
    static OTHER: ActionSpec = ActionSpec { name: "command.other", ..CHECK };
    let pace = learnt(&[(25, "start fence"), (60, "end fence"), (70, "restored")]);
    let plan = runbook();
    let mut step = plan.step(&id("fence")).expect("it is there").clone();
    assert_eq!(pace.of(&step).runs, 1);
    step.action = &OTHER;
    assert_eq!(pace.of(&step), StepPace::expected(&step));
}

#[test]
fn the_last_twenty_runs_count() {
    let plan = runbook();
    let mut pace = Pace::default();
    for end in 0..50 {
        let told = [(25, "start fence"), (26 + end, "end fence"), (900, "restored")];
        pace.learn(&plan, &run(&plan, Mode::Ungraceful, &told));
    }
    // 31 s to 50 s are left.
    assert_eq!(figures(&pace, "fence"), (40, 46, 15, 15, 20));
}

#[test]
fn directions_are_kept_apart_and_a_run_counts_once() {
    let plan = runbook();
    let told = [(25, "start fence"), (60, "end fence"), (70, "restored")];
    let there = run(&plan, Mode::Ungraceful, &told);
    let mut back = there.clone();
    back.id = RunId::new("lms-2").expect("a name");
    back.direction.from = Side::B;
    back.direction.to = Side::A;
    let mut paces = Paces::default();
    for run in [&there, &there, &back] {
        paces.learn(&plan, run);
    }
    let runs = |side| figures(paces.away_from(side), "fence").4;
    assert_eq!((runs(Side::A), runs(Side::B), paces.runs()), (1, 1, 2));
}

#[test]
fn a_simulation_is_never_real() {
    let plan = runbook();
    let told = [(25, "start fence"), (60, "end fence"), (70, "restored")];
    let simulated = run(&plan, Mode::Ungraceful, &told);
    for (kind, real) in
        [(RunKind::Simulation, false), (RunKind::Drill, true), (RunKind::Live, true)]
    {
        let mut run = simulated.clone();
        run.kind = kind;
        let mut pace = Pace::default();
        pace.learn(&plan, &run);
        let last = pace.of(plan.step(&id("fence")).expect("it is there")).last_real;
        assert_eq!(last.is_some(), real, "{kind:?}");
    }
    let check = |one, other, want| assert_eq!(is_alike(one, other), want, "{one:?} {other:?}");
    check(RunKind::Live, RunKind::Drill, true);
    check(RunKind::Drill, RunKind::Live, true);
    check(RunKind::Simulation, RunKind::Simulation, true);
    check(RunKind::Simulation, RunKind::Live, false);
    check(RunKind::Drill, RunKind::Simulation, false);
}

#[test]
fn the_wait_for_the_restored_facts_is_learnt() {
    let plan = runbook();
    // Every step counts in a plan of commands.
    let told = [(25, "skip fence"), (26, "skip promote"), (27, "skip scale"), (30, "start dns")];
    let told = [&told[..], &[(60, "end dns"), (105, "restored")]].concat();
    assert_eq!(learnt(&told).settle(&plan), Quantiles::always(Duration::from_secs(45)));
    let mut other = plan.clone();
    "another".clone_into(&mut other.name);
    assert_eq!(learnt(&told).settle(&other), Quantiles::default());
}
