//! A person who takes an incident through, with hands that need their time, drawn from a seed.

use std::time::Duration;

use warroom::commands::demo::DemoPlan;
use warroom::domain::catalogue::Class;
use warroom::domain::console::Access;
use warroom::domain::run::event::Mode;
use warroom::domain::run::intent::Intent;
use warroom::domain::run::phase::{Phase, Stage};
use warroom::domain::run::state::Run;
use warroom::domain::runbook::Runbook;
use warroom::domain::time::Stamp;
use warroom::domain::verdict::Primary;
use warroom::port::Clock;
use warroom::sim::Chance;
use warroom::ui::wish::Wish;

use super::voyage::Voyage;

/// The longest voyage, in virtual time: something is wrong when it takes longer.
const LONGEST: Duration = Duration::from_secs(3 * 60 * 60);

/// Seconds between what a person sees and what they press.
const HAND_S: (f64, f64) = (2.0, 15.0);

/// Who sits at the console.
pub struct Person {
    chance: Chance,
    pressed: u64,
    free: Option<Stamp>,
}

impl Person {
    /// A person whose every pause follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed).of("person"), pressed: 0, free: None }
    }

    /// Takes a new world through a whole run of `runbook`; ends with it closed.
    pub fn takes(&mut self, voyage: &mut Voyage, runbook: &str, mode: Mode) {
        self.until(voyage, runbook, mode, |run| run.stage.is_closed());
    }

    /// Goes on until the run is as wanted.
    pub fn until(
        &mut self,
        voyage: &mut Voyage,
        runbook: &str,
        mode: Mode,
        enough: impl Fn(&Run) -> bool,
    ) {
        let begin = voyage.clock.now();
        loop {
            if voyage.run().is_some_and(&enough) {
                return;
            }
            assert!(
                voyage.clock.now().since(begin) < LONGEST,
                "stuck after {:?}: {:?}",
                voyage.records.last(),
                voyage.refusals.iter().rev().take(3).collect::<Vec<_>>()
            );
            voyage.tick();
            voyage.press_all();
            if self.is_free(voyage.clock.now()) {
                let wish = next_wish(voyage, runbook, mode);
                if let Some(wish) = wish {
                    voyage.ask(wish);
                    self.rest(voyage.clock.now());
                }
            }
        }
    }

    /// Gives the run up and takes back what the plan for that says; ends with it closed.
    pub fn gives_up(&mut self, voyage: &mut Voyage, runbook: &str, mode: Mode) {
        while !self.is_free(voyage.clock.now()) {
            voyage.tick();
        }
        let (typed, reason) = ("abort run".to_owned(), "the region is back, we stay".into());
        let wish = Wish::Intent(Intent::AbortRun { typed, reason });
        if voyage.console.access() != Access::Armed {
            assert!(voyage.ask(Wish::Arm), "{:?}", voyage.refusals);
        }
        assert!(voyage.ask(wish), "{:?}", voyage.refusals);
        self.takes(voyage, runbook, mode);
    }

    fn is_free(&self, now: Stamp) -> bool {
        self.free.is_none_or(|free| now.boot_ms >= free.boot_ms)
    }

    fn rest(&mut self, now: Stamp) {
        self.pressed += 1;
        let pause_s = self.chance.at(self.pressed).between(HAND_S.0, HAND_S.1);
        let pause_ms = Duration::from_secs_f64(pause_s).as_millis();
        let boot_ms = now.boot_ms + u64::try_from(pause_ms).expect("a short pause");
        self.free = Some(Stamp { boot_ms, ..now });
    }
}

/// The demo's world with a seed of its own.
pub fn lost_region(seed: u64) -> DemoPlan {
    DemoPlan { seed, ..DemoPlan::default() }
}

fn next_wish(voyage: &Voyage, runbook: &str, mode: Mode) -> Option<Wish> {
    let run = voyage.run().filter(|run| !run.stage.is_closed());
    let Some(run) = run else {
        let red = matches!(voyage.console.assessment().primary, Primary::Red { .. });
        let index = voyage.site.runbooks.iter().position(|plan| plan.name == runbook)?;
        let ready = red || mode == Mode::Planned;
        return ready.then_some(Wish::Open { index, mode });
    };
    let plan = voyage.plan()?;
    match run.stage {
        Stage::Standby => {
            let reason = "the region is lost, the standby is fit".into();
            Some(Wish::Intent(Intent::Declare { typed: "declare".to_owned(), reason }))
        }
        Stage::Aborting => abort_wish(run, &plan),
        _ if run.accepted.is_none() => Some(Wish::Intent(Intent::AcceptLedger)),
        _ if voyage.console.access() != Access::Armed => Some(Wish::Arm),
        _ if run.is_finished() => run.restored.as_ref().map(|_| Wish::Intent(Intent::Close)),
        _ => step_wish(run, &plan),
    }
}

/// The next step is taken back; nothing is closed while something is open.
fn abort_wish(run: &Run, plan: &Runbook) -> Option<Wish> {
    if run.steps.iter().any(|step| step.open_attempt().is_some()) {
        return None;
    }
    let Some(next) = run.next_back() else { return Some(Wish::Intent(Intent::Close)) };
    let step = plan.step(&next.id)?;
    let typed = step.typed_text_back(run.direction);
    let (step, call) = (next.id.clone(), "as shown".into());
    Some(Wish::Intent(Intent::Compensate { step, typed, call }))
}

/// The first step that waits for a hand, in the order of the plan.
fn step_wish(run: &Run, plan: &Runbook) -> Option<Wish> {
    plan.steps.iter().find_map(|step| {
        let id = step.id.clone();
        let intent = match run.step(&step.id)?.phase {
            Phase::Ready if step.class == Class::H => {
                Intent::Attest { step: id, value: "nothing new".into() }
            }
            Phase::Ready => Intent::Run {
                step: id,
                typed: step.typed_text(run.direction),
                broken: None,
                call: "as shown".into(),
            },
            Phase::Failed => Intent::Retry {
                step: id,
                reason: "once more".into(),
                new_key: false,
                by_itself: false,
            },
            Phase::Pending
            | Phase::Granted
            | Phase::Running
            | Phase::Verifying
            | Phase::Done
            | Phase::Unknown
            | Phase::Skipped
            | Phase::Compensated => return None,
        };
        Some(Wish::Intent(intent))
    })
}
