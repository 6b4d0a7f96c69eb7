//! Which variant of each step is in force, and what is left to take back: both from the journal.

use super::event::{Body, Purpose};
use super::phase::Phase;
use super::state::{Abort, Attempt, Run, StepState};
use crate::domain::ids::StepId;
use crate::domain::runbook::{Runbook, Ungraceful};
use crate::domain::text::Clean;

impl Run {
    /// The plan with each step in the variant that is in force: the one place that decides it.
    /// A step that is being done, was done or failed keeps the variant of its last attempt,
    /// whatever was escalated since; one that is still to be done follows the run.
    pub fn plan_in_force(&self, written: &Runbook) -> Runbook {
        written.resolved(|step| self.in_ungraceful_variant(step))
    }

    /// True when a step is, or would be, done in its ungraceful variant.
    pub fn in_ungraceful_variant(&self, id: &StepId) -> bool {
        let kept = self.step(id).and_then(|state| match state.phase {
            Phase::Pending | Phase::Ready | Phase::Skipped => None,
            Phase::Granted
            | Phase::Running
            | Phase::Verifying
            | Phase::Done
            | Phase::Failed
            | Phase::Unknown
            | Phase::Compensated => state.last_forward().map(|attempt| attempt.ungraceful),
        });
        kept.unwrap_or_else(|| self.is_ungraceful(id))
    }

    /// The words that leave out what the plan itself leaves out when the primary is lost: its steps
    /// that were not begun.
    pub fn plan_skips(&self, plan: &Runbook) -> Vec<Body> {
        let reason: Clean = "the plan leaves it out in an ungraceful run".into();
        let skipped = plan.steps.iter().filter(|step| {
            step.ungraceful == Ungraceful::Skip
                && self
                    .step(&step.id)
                    .is_some_and(|state| matches!(state.phase, Phase::Pending | Phase::Ready))
        });
        let word = |id: &StepId| Body::Skipped { step: id.clone(), reason: reason.clone() };
        skipped.map(|step| word(&step.id)).collect()
    }

    /// Those of them that a declaration or an escalation owes: its console ended, or its journal
    /// failed, before they were on record. What a person took up again stays taken up.
    pub fn owed_skips(&self, plan: &Runbook) -> Vec<Body> {
        let is_owed = |word: &Body| {
            let Body::Skipped { step: id, .. } = word else { return false };
            let last = self.events.iter().rev().find_map(|event| match &event.body {
                Body::Skipped { step, .. } | Body::Retried { step, .. } if step == id => {
                    Some(false)
                }
                Body::Escalated { step, .. } if step.as_ref().is_none_or(|step| step == id) => {
                    Some(true)
                }
                Body::Declared { .. } => Some(true),
                _ => None,
            });
            self.is_ungraceful(id) && last == Some(true)
        };
        self.plan_skips(plan).into_iter().filter(is_owed).collect()
    }

    /// True while no new attempt may start although the run goes on.
    pub fn is_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// The next step to be taken back as the run is given up; none when none is left.
    pub fn next_back(&self) -> Option<&StepState> {
        let back = self.abort.iter().flat_map(|abort| &abort.back);
        back.filter_map(|id| self.step(id)).find(|state| state.phase != Phase::Compensated)
    }

    /// Steps taken back as the run is given up, of how many.
    pub fn taken_back(&self) -> (usize, usize) {
        let Some(abort) = &self.abort else { return (0, 0) };
        let is_back =
            |id: &&StepId| self.step(id).is_some_and(|state| state.phase == Phase::Compensated);
        (abort.back.iter().filter(is_back).count(), abort.back.len())
    }
}

impl Abort {
    /// True when something goes back or stays; older journals have no plan.
    pub fn is_planned(&self) -> bool {
        !self.back.is_empty() || !self.stays.is_empty()
    }
}

impl StepState {
    /// The last attempt to do it.
    pub fn last_forward(&self) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| attempt.purpose == Purpose::Forward)
    }

    /// True while an attempt to take it back is open or of unknown outcome.
    pub fn is_going_back(&self) -> bool {
        self.open_attempt().is_some_and(|attempt| attempt.purpose == Purpose::Compensate)
    }
}
