//! How a run changes: one recorded event at a time, all or nothing, the same live and in replay.

use std::sync::Arc;
use std::time::Duration;

use super::event::{Body, Cause, Closing, Mode, Outcome, Purpose, RunEvent};
use super::misfit::Misfit;
use super::phase::{Cue, StageCue, next, next_stage};
use super::state::{Attempt, Declaration, Run, StepState};
use crate::domain::ids::StepId;
use crate::domain::text::Clean;
use crate::domain::time::{RtoClock, Stamp};
use crate::domain::verdict::T0Basis;

impl Run {
    /// Takes in one recorded event.
    ///
    /// # Errors
    /// When it does not fit; the state is then unchanged.
    pub fn apply(&mut self, event: RunEvent) -> Result<(), Misfit> {
        if event.seq != self.last_seq() + 1 {
            return Err(Misfit::Sequence { last: self.last_seq(), found: event.seq });
        }
        let mut after = self.clone();
        after.take(&event)?;
        *self = after;
        Arc::make_mut(&mut self.events).push(event);
        Ok(())
    }

    /// Whether an event with this body could be applied now.
    ///
    /// # Errors
    /// The misfit that applying it would give.
    pub fn would_take(&self, body: &Body) -> Result<(), Misfit> {
        let (at, by) = self.events.last().map_or_else(
            || (self.opened.0, self.opened.1.clone()),
            |last| (last.at, last.by.clone()),
        );
        let event = RunEvent { seq: self.last_seq() + 1, at, by, body: body.clone() };
        self.clone().take(&event)
    }

    fn take(&mut self, event: &RunEvent) -> Result<(), Misfit> {
        if let Some(clock) = &mut self.clock {
            clock.observe(event.at);
        }
        self.take_for_run(event)?;
        self.take_for_step(event)?;
        self.settle_needs();
        self.settle_stage();
        Ok(())
    }

    fn take_for_run(&mut self, event: &RunEvent) -> Result<(), Misfit> {
        match &event.body {
            Body::Opened { .. } => return Err(Misfit::Opening { seq: event.seq }),
            Body::Declared { .. } => self.declare(event)?,
            Body::LedgerAccepted { .. } => self.accepted = Some((event.at, event.by.clone())),
            Body::T0Set { t0, .. } => {
                self.count_from(*t0, event.at);
                if let Some(declaration) = &mut self.declaration {
                    declaration.basis = T0Basis::Set;
                }
            }
            Body::Escalated { step: None, .. } => self.mode = Mode::Ungraceful,
            Body::Held { .. } => {
                self.move_stage(StageCue::Held, event.seq)?;
                self.held_since = Some(event.at);
            }
            Body::Released => {
                self.move_stage(StageCue::Released, event.seq)?;
                self.end_hold(event.at);
            }
            Body::Restored { evidence } => {
                self.restored = Some((event.at, evidence.clone()));
                self.clock.iter_mut().for_each(|clock| clock.stop(event.at));
            }
            Body::AbortStarted { reason } => {
                self.move_stage(StageCue::AbortStarted, event.seq)?;
                self.end_hold(event.at);
                self.begin_abort(event, reason);
            }
            Body::LossMeasured { .. }
            | Body::LossReopened { .. }
            | Body::TierRestored { .. }
            | Body::CriterionAccepted { .. }
            | Body::Forecasted { .. }
            | Body::AbortPlanned { .. }
            | Body::Updated { .. }
            | Body::ClockDoubted { .. } => self.take_told(event)?,
            Body::Closed { closing } => {
                let cue = match closing {
                    Closing::Complete | Closing::CompleteExcept { .. } => StageCue::Completed,
                    Closing::Aborted => StageCue::Aborted,
                };
                self.move_stage(cue, event.seq)?;
                self.closed = Some((event.at, closing.clone()));
            }
            Body::Intended { .. } | Body::Attested { .. } | Body::Skipped { .. } => {
                self.move_stage(StageCue::Stepped, event.seq)?;
            }
            Body::Escalated { step: Some(_), .. }
            | Body::Started { .. }
            | Body::Ended { .. }
            | Body::Verified { .. }
            | Body::NotVerified { .. }
            | Body::Reconciled { .. }
            | Body::Resolved { .. }
            | Body::Retried { .. }
            | Body::AbortAsked { .. }
            | Body::EndedEarlier { .. }
            | Body::RunnerLost { .. }
            | Body::Signalled { .. }
            | Body::Untrue { .. }
            | Body::TrueAgain { .. }
            | Body::Noted { .. }
            | Body::Acknowledged { .. }
            | Body::Alarmed { .. }
            | Body::Resumed { .. } => {}
        }
        Ok(())
    }

    fn declare(&mut self, event: &RunEvent) -> Result<(), Misfit> {
        if let Body::Declared { t0, basis, signals, reason, ledger, .. } = &event.body {
            self.move_stage(StageCue::Declared, event.seq)?;
            self.count_from(*t0, event.at);
            self.ledger = Some(ledger.clone());
            let (at, by, basis) = (event.at, event.by.clone(), basis.declared());
            let (signals, reason) = (signals.clone(), reason.clone());
            self.declaration = Some(Declaration { at, by, basis, signals, reason });
        }
        Ok(())
    }

    fn count_from(&mut self, t0: Stamp, now: Stamp) {
        let mut clock = RtoClock::starting(t0);
        clock.observe(now);
        self.clock = Some(clock);
    }

    fn end_hold(&mut self, at: Stamp) {
        if let Some(since) = self.held_since.take() {
            self.held_before += at.since(since);
        }
    }

    fn take_for_step(&mut self, event: &RunEvent) -> Result<(), Misfit> {
        let seq = event.seq;
        match &event.body {
            Body::Intended { .. } => self.take_intent(event)?,
            Body::Started { step, attempt } => {
                self.attempt(step, *attempt, seq)?;
                self.move_step(step, Cue::Started, seq)?;
            }
            Body::Ended { step, attempt, outcome } => {
                self.take_end(event, step, *attempt, outcome)?;
            }
            Body::Verified { step, attempt, evidence } => {
                let cues = (Cue::Verified, Cue::VerifiedBack);
                self.take_found(event, step, *attempt, cues, evidence)?;
            }
            Body::NotVerified { step, attempt, evidence } => {
                let cues = (Cue::NotVerified, Cue::NotVerifiedBack);
                let state = self.take_found(event, step, *attempt, cues, evidence)?;
                state.cause = Some(Cause::NotVerified);
            }
            Body::Reconciled { step, attempt, done, evidence }
            | Body::Resolved { step, attempt, done, reason: evidence } => {
                let done_cues = (Cue::FoundDone, Cue::FoundDoneBack);
                let undone_cues = (Cue::FoundUndone, Cue::FoundUndoneBack);
                let cues = if *done { done_cues } else { undone_cues };
                let state = self.take_found(event, step, *attempt, cues, evidence)?;
                state.attested = matches!(event.body, Body::Resolved { .. });
                if state.attested {
                    self.in_hand = Some(step.clone());
                }
            }
            Body::Attested { step, value } => {
                self.take_word(event, step, Cue::Attested, value)?.attested = true;
            }
            Body::Skipped { step, reason } => {
                self.take_word(event, step, Cue::Skipped, reason)?.cause = None;
            }
            Body::Retried { step, by_itself, .. } => {
                let state = self.move_step(step, Cue::Retried, seq)?;
                (state.cause, state.untrue, state.finished) = (None, None, None);
                state.attested = false;
                if !by_itself {
                    self.in_hand = Some(step.clone());
                }
            }
            Body::Untrue { step, evidence } => {
                self.known_step(step, seq)?.untrue = Some(evidence.clone());
            }
            Body::TrueAgain { step } => self.known_step(step, seq)?.untrue = None,
            Body::Escalated { step: Some(step), .. } => {
                self.known_step(step, seq)?.escalated = true;
            }
            Body::AbortAsked { step, attempt } | Body::Signalled { step, attempt, .. } => {
                self.attempt(step, *attempt, seq)?;
            }
            Body::EndedEarlier { step, attempt, at } => {
                self.attempt(step, *attempt, seq)?;
                if let Some(last) = self.known_step(step, seq)?.attempts.last_mut() {
                    last.unread = event.at.since(*at);
                }
            }
            Body::RunnerLost { step, attempt, left } => {
                self.attempt(step, *attempt, seq)?;
                self.known_step(step, seq)?.left = Some(left.clone());
            }
            // Words of the run; `take_for_run` names every word there is.
            _ => {}
        }
        Ok(())
    }

    fn take_intent(&mut self, event: &RunEvent) -> Result<(), Misfit> {
        let Body::Intended { step, attempt, purpose, action, class, warrant, .. } = &event.body
        else {
            return Ok(());
        };
        let (cue, ungraceful) = match purpose {
            Purpose::Forward => (Cue::Intended, self.is_ungraceful(step)),
            Purpose::Compensate => (Cue::IntendedBack, self.in_ungraceful_variant(step)),
        };
        let from = self.known_step(step, event.seq)?.phase;
        let state = self.move_step(step, cue, event.seq)?;
        if *attempt as usize != state.attempts.len() + 1 {
            let (step, attempt) = (step.clone(), *attempt);
            return Err(Misfit::Attempt { seq: event.seq, step, attempt });
        }
        state.attempts.push(Attempt {
            number: *attempt,
            purpose: *purpose,
            by: event.by.clone(),
            granted: event.at,
            ended: None,
            unread: Duration::ZERO,
            outcome: None,
            seq: event.seq,
            action: action.clone(),
            class: *class,
            ungraceful,
            from,
            warrant: warrant.clone(),
        });
        (state.cause, state.untrue, state.finished) = (None, None, None);
        self.in_hand.take_if(|held| *held == *step);
        Ok(())
    }

    fn take_end(
        &mut self,
        event: &RunEvent,
        step: &StepId,
        attempt: u32,
        outcome: &Outcome,
    ) -> Result<(), Misfit> {
        let Attempt { purpose, from, .. } = *self.attempt(step, attempt, event.seq)?;
        let (cue, evidence, cause) = match (outcome, purpose) {
            (Outcome::Applied { evidence } | Outcome::AlreadySo { evidence }, _) => {
                (Cue::Applied, evidence, None)
            }
            (Outcome::Failed { cause, message }, Purpose::Forward) => {
                (Cue::Refused, message, Some(*cause))
            }
            (Outcome::Failed { cause, message }, Purpose::Compensate) => {
                (Cue::RefusedBack.of_step_that_was(from), message, Some(*cause))
            }
            (Outcome::Unknown { message }, _) => (Cue::Lost, message, None),
        };
        let state = self.move_step(step, cue, event.seq)?;
        state.evidence = evidence.clone();
        state.cause = cause;
        state.left = None;
        if !matches!(cue, Cue::Applied | Cue::Lost) {
            state.finished = Some(event.at);
        }
        if let Some(last) = state.attempts.last_mut() {
            last.ended = Some(event.at);
            last.outcome = Some(outcome.clone());
        }
        Ok(())
    }

    fn take_found(
        &mut self,
        event: &RunEvent,
        step: &StepId,
        attempt: u32,
        cues: (Cue, Cue),
        evidence: &Clean,
    ) -> Result<&mut StepState, Misfit> {
        let Attempt { purpose, from, .. } = *self.attempt(step, attempt, event.seq)?;
        let cue = match purpose {
            Purpose::Forward => cues.0,
            Purpose::Compensate => cues.1.of_step_that_was(from),
        };
        let state = self.move_step(step, cue, event.seq)?;
        state.evidence = evidence.clone();
        state.cause = None;
        state.attested = false;
        state.finished = Some(event.at);
        Ok(state)
    }

    /// A step that ends because a person says so.
    fn take_word(
        &mut self,
        event: &RunEvent,
        step: &StepId,
        cue: Cue,
        said: &Clean,
    ) -> Result<&mut StepState, Misfit> {
        let state = self.move_step(step, cue, event.seq)?;
        state.evidence = said.clone();
        state.finished = Some(event.at);
        Ok(state)
    }

    fn step_mut(&mut self, id: &StepId) -> Option<&mut StepState> {
        self.steps.iter_mut().find(|step| step.id == *id)
    }

    fn known_step(&mut self, id: &StepId, seq: u64) -> Result<&mut StepState, Misfit> {
        self.step_mut(id).ok_or_else(|| Misfit::Step { seq, step: id.clone() })
    }

    /// The last attempt of a step, which must be the one named.
    fn attempt(&mut self, id: &StepId, number: u32, seq: u64) -> Result<&Attempt, Misfit> {
        let state = self.known_step(id, seq)?;
        match state.attempts.last() {
            Some(last) if last.number == number => Ok(last),
            _ => Err(Misfit::Attempt { seq, step: id.clone(), attempt: number }),
        }
    }

    fn move_step(&mut self, id: &StepId, cue: Cue, seq: u64) -> Result<&mut StepState, Misfit> {
        let phase = self.phase_on_record(id, cue);
        let state = self.known_step(id, seq)?;
        let phase = phase.unwrap_or(state.phase);
        match next(phase, cue) {
            Some(to) => {
                state.phase = to;
                Ok(state)
            }
            None => Err(Misfit::Move { seq, step: id.clone(), phase }),
        }
    }

    fn move_stage(&mut self, cue: StageCue, seq: u64) -> Result<(), Misfit> {
        match next_stage(self.stage, cue) {
            Some(to) => {
                self.stage = to;
                Ok(())
            }
            None => Err(Misfit::StageMove { seq, stage: self.stage }),
        }
    }

    fn settle_stage(&mut self) {
        let cue = if self.is_finished() { StageCue::AllFinished } else { StageCue::Reopened };
        if let Some(to) = next_stage(self.stage, cue) {
            self.stage = to;
        }
    }
}
