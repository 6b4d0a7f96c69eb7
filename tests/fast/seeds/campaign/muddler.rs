//! A person with hands anywhere: mostly the next step, at times SAFE, a hold, a second thought.

use std::time::Duration;

use warroom::domain::console::Access;
use warroom::domain::ids::StepId;
use warroom::domain::run::event::Mode;
use warroom::domain::run::intent::Intent;
use warroom::domain::run::phase::{Phase, Stage as RunStage};
use warroom::domain::run::state::Run;
use warroom::domain::runbook::Step;
use warroom::domain::time::Stamp;
use warroom::domain::verdict::Primary;
use warroom::port::Clock;
use warroom::sim::Chance;
use warroom::ui::wish::Wish;

use super::stage::Stage;

/// Seconds between two keys.
const HAND_S: (f64, f64) = (0.5, 5.0);

/// Who sits at the console.
pub struct Muddler {
    chance: Chance,
    pressed: u64,
    free: Option<Stamp>,
}

impl Muddler {
    /// Somebody whose every key follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed).of("muddler"), pressed: 0, free: None }
    }

    /// Presses a key, where the hand is free.
    pub fn acts(&mut self, stage: &mut Stage) {
        let now = stage.clock.now();
        if self.free.is_some_and(|free| now.boot_ms < free.boot_ms) {
            return;
        }
        self.pressed += 1;
        let chance = self.chance.at(self.pressed);
        let pause = Duration::from_secs_f64(chance.of("pause").between(HAND_S.0, HAND_S.1));
        self.free = Some(now.plus(pause));
        if let Some(wish) = wish(stage, chance) {
            stage.ask(wish);
        }
    }
}

fn wish(stage: &Stage, chance: Chance) -> Option<Wish> {
    let run = stage.console.run().filter(|run| !run.stage.is_closed());
    let Some(run) = run else {
        let red = matches!(stage.console.assessment().primary, Primary::Red { .. });
        let mode = if stage.is_lost() { Mode::Ungraceful } else { Mode::Planned };
        return (red || mode == Mode::Planned).then_some(Wish::Open { index: 0, mode });
    };
    let reason = "a second thought at the keys".into();
    let draw = chance.of("what").share();
    match draw {
        _ if run.stage == RunStage::Standby => {
            Some(Wish::Intent(Intent::Declare { typed: "declare".to_owned(), reason }))
        }
        ..0.06 => Some(Wish::Safe),
        0.06..0.11 => Some(Wish::Intent(Intent::Hold { reason })),
        0.11..0.13 => abort_step(run),
        0.13..0.15 => any_step(stage, chance).map(|step| run_it(run, &step)),
        0.15..0.16 => {
            let typed = "abort run".to_owned();
            Some(Wish::Intent(Intent::AbortRun { typed, reason }))
        }
        _ if stage.console.access() != Access::Armed => Some(Wish::Arm),
        _ if run.is_held() => Some(Wish::Intent(Intent::Release)),
        _ if run.stage == RunStage::Aborting => take_back(stage, run),
        _ if run.accepted.is_none() => Some(Wish::Intent(Intent::AcceptLedger)),
        _ if run.is_finished() => run.restored.as_ref().map(|_| Wish::Intent(Intent::Close)),
        _ => next(stage, run),
    }
}

fn any_step(stage: &Stage, chance: Chance) -> Option<Step> {
    let steps: Vec<StepId> = stage.plan().steps.iter().map(|step| step.id.clone()).collect();
    let place = chance.of("step").pick(&(0..steps.len()).collect::<Vec<_>>())?;
    stage.plan().step(&steps[place]).cloned()
}

fn abort_step(run: &Run) -> Option<Wish> {
    let open = run.steps.iter().find(|state| state.open_attempt().is_some())?;
    let (step, typed) = (open.id.clone(), format!("abort {}", open.id));
    Some(Wish::Intent(Intent::AbortStep { step, typed }))
}

fn run_it(run: &Run, step: &Step) -> Wish {
    let typed = step.typed_text(run.direction);
    let (step, call) = (step.id.clone(), "as shown".into());
    Wish::Intent(Intent::Run { step, typed, broken: None, call })
}

fn take_back(stage: &Stage, run: &Run) -> Option<Wish> {
    if run.steps.iter().any(|step| step.open_attempt().is_some()) {
        return None;
    }
    let Some(next) = run.next_back() else { return Some(Wish::Intent(Intent::Close)) };
    let typed = stage.plan().step(&next.id)?.typed_text_back(run.direction);
    let (step, call) = (next.id.clone(), "as shown".into());
    Some(Wish::Intent(Intent::Compensate { step, typed, call }))
}

/// The first step that waits for a hand, in the order of the plan.
fn next(stage: &Stage, run: &Run) -> Option<Wish> {
    let plan = stage.plan();
    plan.steps.iter().find_map(|step| {
        let (id, reason) = (step.id.clone(), "it was looked at by a person".into());
        match run.step(&step.id)?.phase {
            Phase::Ready => Some(run_it(run, step)),
            Phase::Failed => Some(Wish::Intent(Intent::Retry {
                step: id,
                reason,
                new_key: false,
                by_itself: false,
            })),
            Phase::Unknown => {
                let done = stage.is_so(step);
                Some(Wish::Intent(Intent::Resolve { step: id, done, reason }))
            }
            Phase::Pending
            | Phase::Granted
            | Phase::Running
            | Phase::Verifying
            | Phase::Done
            | Phase::Skipped
            | Phase::Compensated => None,
        }
    })
}
