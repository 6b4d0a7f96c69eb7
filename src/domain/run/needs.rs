//! What a step waits for: what it needs, and through skipped steps what those needed.

use std::collections::BTreeSet;

use super::phase::{Cue, Phase, next};
use super::state::Run;
use crate::domain::ids::StepId;

impl Run {
    /// The steps that a step waits for, in the plan's order; none when it waits for nothing. A
    /// skipped step does nothing, so what it needed is still needed by those that needed it.
    pub fn waits_for(&self, id: &StepId) -> Vec<&StepId> {
        let at = self.steps.iter().position(|step| step.id == *id);
        let open = at.map(|at| self.open_needs(at)).unwrap_or_default();
        open.into_iter().map(|at| &self.steps[at].id).collect()
    }

    fn open_needs(&self, at: usize) -> BTreeSet<usize> {
        let mut open = BTreeSet::new();
        let mut seen = vec![false; self.steps.len()];
        let mut asked = self.needs[at].clone();
        while let Some(need) = asked.pop() {
            if std::mem::replace(&mut seen[need], true) {
                continue;
            }
            let step = &self.steps[need];
            match step.phase {
                Phase::Done if step.untrue.is_none() => {}
                Phase::Skipped => asked.extend(&self.needs[need]),
                _ => drop(open.insert(need)),
            }
        }
        open
    }

    /// Steps become ready, or pending again, as what they need is done.
    pub(super) fn settle_needs(&mut self) {
        for at in 0..self.steps.len() {
            let met = self.open_needs(at).is_empty();
            let cue = if met { Cue::NeedsMet } else { Cue::NeedsLost };
            if let Some(to) = next(self.steps[at].phase, cue) {
                self.steps[at].phase = to;
            }
        }
    }

    /// The phase that a journal may start a step from. Earlier versions took a skipped step for
    /// done and granted what needed it: what they put on record happened.
    pub(super) fn phase_on_record(&self, id: &StepId, cue: Cue) -> Option<Phase> {
        let at = self.steps.iter().position(|step| step.id == *id)?;
        let step = &self.steps[at];
        let met = |need: &usize| {
            let need = &self.steps[*need];
            need.phase.satisfies() && need.untrue.is_none()
        };
        let starts = step.phase == Phase::Pending && matches!(cue, Cue::Intended | Cue::Attested);
        let granted = starts && self.needs[at].iter().all(met);
        Some(if granted { Phase::Ready } else { step.phase })
    }
}

#[cfg(test)]
mod tests;
