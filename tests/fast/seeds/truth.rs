//! Holds what was recorded against what the simulated world knows to be so.

use std::sync::Arc;

use std::time::Duration;

use warroom::domain::catalogue::Class;
use warroom::domain::ids::SystemId;
use warroom::domain::preview::Standing;
use warroom::domain::report::Report;
use warroom::domain::run::event::Body;
use warroom::domain::run::phase::{Phase, Stage};
use warroom::port::Expected;
use warroom::runtime::effect::Job;

use super::hands::now;
use super::voyage::Voyage;

/// Seconds by which a figure may differ that went through milliseconds.
const ROUNDING_S: f64 = 0.0011;

/// The ledger's last lags are the true ones of their moment; its expected losses are never less
/// than what was lost; every store's measured loss is the simulator's.
pub fn check_ledger(what: &str, voyage: &Voyage) {
    let run = voyage.run().expect("a run");
    let ledger = run.ledger.as_ref().expect("a ledger was frozen");
    let end = voyage.truth();
    assert_eq!(ledger.rows.len(), end.stores.len(), "{what}: every store has a row");
    for row in &ledger.rows {
        let what = format!("{what}, {}", row.system);
        let (at, lag) = row.last.as_ref().unwrap_or_else(|| panic!("{what}: a last lag"));
        let told_s = lag.seconds.unwrap_or_else(|| panic!("{what}: seconds"));
        let true_s = voyage.truth_at(*at).stores[&row.system].ahead_s;
        assert!((told_s - true_s).abs() <= ROUNDING_S, "{what}: lag {told_s}, truth {true_s}");
        let lost_s = end.stores[&row.system].lost_s.unwrap_or(0.0);
        let expected_s = row.loss_s.unwrap_or_else(|| panic!("{what}: an expected loss"));
        assert!(expected_s + ROUNDING_S >= lost_s, "{what}: {expected_s} expected, {lost_s} lost");
        let measured_s = voyage.records.iter().rev().find_map(|event| match &event.body {
            Body::LossMeasured { system, seconds, .. } if *system == row.system => Some(*seconds),
            _ => None,
        });
        let want_s = can_be_measured(voyage, &row.system);
        assert!(is_that(measured_s, want_s), "{what}: measured {measured_s:?}, truth {want_s:?}");
        let most_s = expected_s + ROUNDING_S;
        assert!(want_s.is_none_or(|want_s| want_s <= most_s), "{what}: more than {expected_s}");
    }
    assert!(end.stores.values().any(|store| store.lost_s.is_some_and(|lost_s| lost_s > 0.0)));
}

/// What a console can measure of a loss: of a store that was promoted while the other side was
/// silent, how long before T0 the last write was made that it has. That is the loss and the time
/// from the region's end to the first look that failed.
fn can_be_measured(voyage: &Voyage, system: &SystemId) -> Option<f64> {
    let end = voyage.truth();
    let store = &end.stores[system];
    let promoted = store.held.iter().any(|held| held.parted.is_some());
    let clock = voyage.run()?.clock.as_ref()?;
    let unseen_s = voyage.died().map_or(0.0, |died| clock.t0.since(died).as_secs_f64());
    promoted.then(|| store.lost_s.unwrap_or(0.0) + unseen_s)
}

fn is_that(told_s: Option<f64>, want_s: Option<f64>) -> bool {
    match (told_s, want_s) {
        (Some(told_s), Some(want_s)) => (told_s - want_s).abs() <= ROUNDING_S,
        (told_s, want_s) => told_s == want_s,
    }
}

/// The report's figures are those of the run and of the simulated world.
pub fn check_figures(what: &str, voyage: &Voyage, report: &Report) {
    let run = voyage.run().expect("a run");
    let stopped = run.clock.as_ref().and_then(|clock| clock.stopped).expect("it was restored");
    let stopped_ms = i64::try_from(stopped.as_millis()).expect("small");
    assert_eq!(report.parts.restored_ms, Some(stopped_ms), "{what}");
    for tier in &report.parts.tiers {
        assert!(tier.took.is_some(), "{what}: {tier:?}");
    }
    for line in &report.parts.losses {
        let measured = line.measured.as_ref().map(|(seconds, ..)| *seconds);
        let want_s = can_be_measured(voyage, &line.system);
        assert!(is_that(measured, want_s), "{what}: {line:?}, truth {want_s:?}");
    }
    for line in &report.parts.steps {
        let state = run.step(&line.id).expect("a step of the run");
        assert_eq!(line.phase, state.phase, "{what}: {line:?}");
        if let (Some(actual), Some(first)) = (line.actual, state.attempts.first()) {
            let ended = state.finished.expect("what took some time has ended");
            // A report counts in tenths from T0.
            let apart = actual.abs_diff(ended.since(first.granted));
            assert!(apart < Duration::from_millis(100), "{what}: {line:?}");
        }
    }
}

/// What was forecast at the declaration, and what it came to, run by run.
#[derive(Default)]
pub struct Forecasts {
    told: Vec<(f64, f64, f64)>,
}

impl Forecasts {
    /// Takes in a run.
    pub fn add(&mut self, what: &str, voyage: &Voyage) {
        let run = voyage.run().expect("a run");
        let said = run.forecasted.unwrap_or_else(|| panic!("{what}: a forecast on record"));
        assert_eq!(said.runs, 20, "{what}: it rests on the earlier runs");
        let stopped = run.clock.as_ref().and_then(|clock| clock.stopped).expect("restored");
        self.told.push((said.finish_p50_s, said.finish_p80_s, stopped.as_secs_f64()));
    }

    /// The forecasts keep their own words.
    pub fn check(&self) {
        let share = |keeps: &dyn Fn(&(f64, f64, f64)) -> bool| {
            let kept = self.told.iter().filter(|one| keeps(one)).count();
            let all = self.told.len();
            100 * kept / all.max(1)
        };
        let p50 = share(&|(p50, _, took)| took <= p50);
        let p80 = share(&|(_, p80, took)| took <= p80);
        let mut off: Vec<f64> = self.told.iter().map(|(p50, _, took)| took - p50).collect();
        off.sort_by(f64::total_cmp);
        let told = format!("{p50} % by p50, {p80} % by p80, {} runs", self.told.len());
        println!("forecasts: {told}, off p50 by {:.1?} to {:.1?} s", off.first(), off.last());
        assert!((25..=75).contains(&p50), "{told}");
        assert!(p80 >= 80, "{told}");
        // A quantile leaves some outside by its nature, but none far.
        for (p50, p80, took) in &self.told {
            let band = 2.0 * (p80 - p50);
            assert!((took - p50).abs() <= band, "{took} s is not {p50} s give or take {band} s");
        }
    }
}

/// A run that was given up: every step is as the run says, and the report says the same. Answers
/// how many steps went back and how many stay.
pub fn check_given_up(what: &str, voyage: &Voyage, report: &Report) -> (usize, usize) {
    let run = voyage.run().expect("a run");
    let plan = voyage.plan().expect("its plan");
    assert_eq!(run.stage, Stage::Aborted, "{what}");
    let abort = run.abort.as_ref().expect("it was given up");
    for step in &plan.steps {
        let state = run.step(&step.id).expect("a step of the run");
        let tells = |id: String, text: &str| {
            let claim = report.claim(&id).unwrap_or_else(|| panic!("{what}: {id} is not told"));
            assert!(claim.value.to_string().starts_with(text), "{what}: {id}: {}", claim.value);
            assert!(!claim.entries.is_empty(), "{what}: {id} names no entry");
        };
        let stays = abort.stays.iter().any(|one| one.step == step.id);
        let goes_back = abort.back.contains(&step.id);
        match state.phase {
            Phase::Compensated => {
                assert!(goes_back && !stays, "{what}: {}", step.id);
                tells(format!("abort.back.{}", step.id), "taken back");
            }
            Phase::Done if matches!(step.class, Class::R | Class::H) => {
                assert!(!goes_back && !stays, "{what}: {} only looks", step.id);
                continue;
            }
            Phase::Done => {
                assert!(stays && !goes_back, "{what}: {}", step.id);
                tells(format!("abort.stays.{}", step.id), "stays: ");
            }
            _ => assert!(state.attempts.is_empty() && !stays && !goes_back, "{what}: {state:?}"),
        }
        let job = Job {
            runbook: Arc::new(plan.clone()),
            direction: run.direction,
            step: step.id.clone(),
            attempt: 0,
            back: false,
            expected: Expected::default(),
        };
        if state.attempts.is_empty() && matches!(step.class, Class::R | Class::H) {
            continue;
        }
        let mut operator = voyage.operator(&job);
        let is_so = now(async move { operator.check().await });
        let told = state.phase == Phase::Done && state.untrue.is_none();
        let seen = matches!(is_so, Standing::Done(_));
        assert_eq!(
            seen, told,
            "{what}: {} is {:?}, the world says {is_so:?}",
            step.id, state.phase
        );
    }
    (abort.back.len(), abort.stays.len())
}
