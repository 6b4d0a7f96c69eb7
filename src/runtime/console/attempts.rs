//! Attempts: how they ended, whether their effect is there, and those of an earlier console.

use std::time::Duration;

use super::Console;
use crate::domain::catalogue::Class;
use crate::domain::console::OutputLine;
use crate::domain::ids::StepId;
use crate::domain::preview::Standing;
use crate::domain::run::event::{Body, Cause, Outcome, Purpose, RunEvent};
use crate::domain::run::observe::{ToldEnd, is_superseded, told_end};
use crate::domain::run::phase::Phase;
use crate::domain::run::state::{Attempt, StepState};
use crate::domain::run::words::{self, outcome_text};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Expected;
use crate::runtime::desk::Desk;
use crate::runtime::effect::{Effect, Job};
use crate::runtime::event::Why;
use crate::runtime::runner::Aftermath;
use crate::runtime::runner::folder::Sent;

/// The time between two looks at a step that is done or unknown.
const SENSE_EVERY: Duration = Duration::from_secs(10);

/// The time after which a done step that was not found so is looked at once more: a busy machine
/// shows for a moment what is not so, and what goes on record stays there.
const CONFIRM_AFTER: Duration = Duration::from_secs(2);

/// The least time that a post-condition is waited for, whatever the step's own limit.
const VERIFY_PATIENCE_MIN: Duration = Duration::from_secs(10);

impl<D: Desk> Console<D> {
    /// Finds the open attempts of an earlier console again.
    pub(super) fn reattach(&mut self) -> Vec<Effect<D::Role>> {
        let Some(run) = self.picture.open_run() else { return Vec::new() };
        let open: Vec<(StepId, u32, Phase)> = run
            .steps
            .iter()
            .filter_map(|step| {
                let attempt = step.open_attempt()?;
                Some((step.id.clone(), attempt.number, step.phase))
            })
            .collect();
        let mut effects = Vec::new();
        for (step, attempt, phase) in open {
            match phase {
                Phase::Granted | Phase::Running => effects.push(Effect::Watch { step, attempt }),
                Phase::Verifying => effects.extend(self.check(&step, Why::Verify)),
                Phase::Unknown => effects.extend(self.check(&step, Why::Reconcile)),
                Phase::Pending
                | Phase::Ready
                | Phase::Done
                | Phase::Failed
                | Phase::Skipped
                | Phase::Compensated => {}
            }
        }
        effects
    }

    /// An attempt whose runner is gone is not over while what it started runs: said once.
    pub(super) fn left_behind(
        &mut self,
        step: StepId,
        attempt: u32,
        left: Clean,
        now: Stamp,
    ) -> Vec<Effect<D::Role>> {
        let known = self.picture.open_run().and_then(|run| run.step(&step));
        if known.is_none_or(|state| state.left.is_some()) {
            return Vec::new();
        }
        self.notice(
            now,
            format!(
                "{}: its runner is gone, still running: {left}",
                words::name(self.picture.plan.as_deref(), &step)
            ),
            true,
        );
        self.say_own(Body::RunnerLost { step, attempt, left })
    }

    /// Puts on record what was sent to end what an attempt started, each once.
    pub(super) fn signalled(
        &mut self,
        step: StepId,
        attempt: u32,
        number: usize,
        sent: Sent,
    ) -> Vec<Effect<D::Role>> {
        let Some(run) = self.picture.open_run() else { return Vec::new() };
        let of_this = |event: &&RunEvent| {
            matches!(
                &event.body,
                Body::Signalled { step: about, attempt: of, .. } if *about == step && *of == attempt
            )
        };
        if run.events.iter().filter(of_this).count() >= number {
            return Vec::new();
        }
        let Sent { signal, told } = sent;
        self.say_own(Body::Signalled { step, attempt, signal, told })
    }

    /// Puts on record when a runner had ended, where that is read later. What its runner says and
    /// cannot be is told, and not used: the attempt then ended when that was read.
    pub(super) fn runner_ended(
        &mut self,
        step: StepId,
        attempt: u32,
        at: Stamp,
        now: Stamp,
    ) -> Vec<Effect<D::Role>> {
        let state = self.picture.open_run().and_then(|run| run.step(&step));
        // What a lost runner left running ended later than that runner.
        let open = state.filter(|state| state.left.is_none()).and_then(StepState::open_attempt);
        let fresh = |open: &&Attempt| open.ended.is_none() && open.unread.is_zero();
        let open = open.filter(|open| open.number == attempt).filter(fresh);
        let Some(granted) = open.map(|open| open.granted) else { return Vec::new() };
        match told_end(at, granted, now) {
            ToldEnd::Now => Vec::new(),
            ToldEnd::Earlier => self.say_own(Body::EndedEarlier { step, attempt, at }),
            ToldEnd::Wrong(why) => {
                let text = format!("{step}: its runner says that it ended {why}: not used");
                self.write_row(now, "console", text.as_str());
                self.notice(now, text, true);
                Vec::new()
            }
        }
    }

    pub(super) fn found(
        &mut self,
        step: &StepId,
        attempt: u32,
        found: Aftermath,
    ) -> Vec<Effect<D::Role>> {
        let outcome = match found {
            Aftermath::Ended(outcome) => outcome,
            Aftermath::NotStarted => Outcome::Failed {
                cause: Cause::NotStarted,
                message: "its runner never started: nothing was done".into(),
            },
            Aftermath::Unknown(message) => Outcome::Unknown { message },
        };
        let word = Body::Ended { step: step.clone(), attempt, outcome };
        self.desk.say(self.picture.run.as_ref(), &self.own_name(), vec![word])
    }

    pub(super) fn checked(
        &mut self,
        step: &StepId,
        attempt: u32,
        why: Why,
        standing: Standing,
        now: Stamp,
    ) -> Vec<Effect<D::Role>> {
        self.checking.remove(&(step.clone(), attempt, why as u8));
        self.dirty = true;
        let Some(state) = self.picture.open_run().and_then(|run| run.step(step)) else {
            return Vec::new();
        };
        if state.last_attempt().is_some_and(|last| last.number != attempt) {
            return Vec::new();
        }
        let class = self.class_of(step);
        let not_so = why == Why::Sense && matches!(standing, Standing::NotDone(_));
        let doubted = self.sensed.get(step).is_some_and(|(_, doubted)| *doubted);
        let words = match why {
            Why::Verify => verified(state, attempt, standing),
            Why::Reconcile => reconciled(state, attempt, class, standing),
            // The step that ends it may have begun while this was looked at.
            Why::Sense if self.superseded(step) => Vec::new(),
            Why::Sense => sensed(state, standing, doubted),
        };
        self.sensed.insert(step.clone(), (now, not_so));
        self.desk.say(self.picture.run.as_ref(), &self.own_name(), words)
    }

    /// Looks again at done steps that set a state, and at unknown ones, one look at a time each.
    pub(super) fn sense(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        if self.desk.read_only() {
            return Vec::new();
        }
        let Some(run) = self.picture.open_run() else { return Vec::new() };
        let due: Vec<(StepId, Why)> = run
            .steps
            .iter()
            .filter(|step| {
                self.sensed.get(&step.id).is_none_or(|(at, doubted)| {
                    let again = *doubted && step.untrue.is_none();
                    now.since(*at) >= if again { CONFIRM_AFTER } else { SENSE_EVERY }
                })
            })
            .filter_map(|step| {
                let sets = matches!(self.class_of(&step.id), Class::I | Class::X);
                let forward =
                    step.last_attempt().is_some_and(|last| last.purpose == Purpose::Forward);
                match step.phase {
                    Phase::Unknown => Some((step.id.clone(), Why::Reconcile)),
                    Phase::Done if sets && forward && !self.superseded(&step.id) => {
                        Some((step.id.clone(), Why::Sense))
                    }
                    _ => None,
                }
            })
            .collect();
        due.into_iter().filter_map(|(step, why)| self.check(&step, why)).collect()
    }

    /// Asks for the standing of a step, unless that is being asked already.
    pub(super) fn check(&mut self, step: &StepId, why: Why) -> Option<Effect<D::Role>> {
        let run = self.picture.open_run()?;
        let plan = self.picture.plan.clone()?;
        let last = run.step(step)?.last_attempt()?;
        let (attempt, back) = (last.number, last.purpose == Purpose::Compensate);
        // What another server says under the same name is no word about this attempt.
        let (target, other) = last.servers();
        let expected = Expected { target, other, ..Expected::default() };
        let patience = match why {
            Why::Verify => plan.step(step)?.timeout.max(VERIFY_PATIENCE_MIN),
            Why::Reconcile | Why::Sense => Duration::ZERO,
        };
        let direction = run.direction;
        if !self.now_checking(step, attempt, why) {
            return None;
        }
        let step = step.clone();
        let job = Job { runbook: plan, direction, step, attempt, back, expected };
        Some(Effect::Check { job, why, patience })
    }

    pub(super) fn printed(&mut self, step: &StepId, lines: Vec<Clean>, at: Stamp) {
        for text in lines {
            if self.output.len() == super::OUTPUT_LINES_MAX {
                self.output.pop_front();
            }
            self.output.push_back(OutputLine { step: step.clone(), at, text });
        }
        self.dirty = true;
    }

    /// A read-only step was a look itself: what its runner saw is what is verified.
    pub(super) fn look_of(&self, step: &StepId, attempt: u32, evidence: &Clean) -> Option<Body> {
        (self.class_of(step) == Class::R).then(|| Body::Verified {
            step: step.clone(),
            attempt,
            evidence: evidence.clone(),
        })
    }

    fn superseded(&self, step: &StepId) -> bool {
        let both = self.picture.open_run().zip(self.picture.plan.as_ref());
        both.is_some_and(|(run, plan)| is_superseded(run, plan, step))
    }

    /// The class of the last attempt, as it was granted; before the first the plan's.
    fn class_of(&self, step: &StepId) -> Class {
        let state = self.picture.run.as_ref().and_then(|run| run.step(step));
        if let Some(attempt) = state.and_then(StepState::last_attempt) {
            return attempt.class;
        }
        self.picture
            .plan
            .as_ref()
            .and_then(|plan| plan.step(step))
            .map_or(Class::X, |step| step.class)
    }
}

/// The post-condition decides, not the call's own word; where nobody can look, a person does, who
/// is told that word.
fn verified(state: &StepState, attempt: u32, standing: Standing) -> Vec<Body> {
    let step = state.id.clone();
    vec![match standing {
        Standing::Done(evidence) => Body::Verified { step, attempt, evidence },
        Standing::NotDone(evidence) => Body::NotVerified { step, attempt, evidence },
        Standing::Unknown(why) => {
            let said = state.last_attempt().and_then(|last| last.outcome.as_ref());
            let said = said.map_or_else(String::new, |said| format!("; {}", outcome_text(said)));
            let message = Clean::new(&format!("{why}{said}"));
            Body::Ended { step, attempt, outcome: Outcome::Unknown { message } }
        }
    }]
}

/// A probe that finds the effect there has found it; that it is not there is proof enough only
/// where repeating does no harm. For the rest a person decides too.
fn reconciled(state: &StepState, attempt: u32, class: Class, standing: Standing) -> Vec<Body> {
    if state.phase != Phase::Unknown {
        return Vec::new();
    }
    let step = state.id.clone();
    match (standing, class) {
        (Standing::Done(evidence), _) => {
            vec![Body::Reconciled { step, attempt, done: true, evidence }]
        }
        (Standing::NotDone(evidence), Class::R | Class::I | Class::K) => {
            vec![Body::Reconciled { step, attempt, done: false, evidence }]
        }
        (Standing::NotDone(_), Class::N | Class::X | Class::H) | (Standing::Unknown(_), _) => {
            Vec::new()
        }
    }
}

/// One look that does not find it is no proof: only the next one, which began after that, is.
fn sensed(state: &StepState, standing: Standing, doubted: bool) -> Vec<Body> {
    if state.phase != Phase::Done {
        return Vec::new();
    }
    let step = state.id.clone();
    match (standing, &state.untrue) {
        (Standing::NotDone(evidence), None) if doubted => vec![Body::Untrue { step, evidence }],
        (Standing::Done(_), Some(_)) => vec![Body::TrueAgain { step }],
        (Standing::NotDone(_) | Standing::Unknown(_), _) | (Standing::Done(_), None) => Vec::new(),
    }
}
