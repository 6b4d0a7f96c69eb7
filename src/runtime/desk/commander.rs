//! The commander's desk: appends go in order; a grant leaves only with the journal's receipt.

use std::collections::VecDeque;

use super::Desk;
use crate::domain::ids::{RunId, StepId};
use crate::domain::run::commit::{Pledge, Receipt};
use crate::domain::run::decide::{Context, Decision, decide};
use crate::domain::run::event::{Actor, Body, RunKind};
use crate::domain::run::intent::Intent;
use crate::domain::run::misfit::Misfit;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::role::Commander;
use crate::domain::run::state::Run;
use crate::runtime::effect::{Effect, Record};

/// Words that wait to be recorded; more than this means that the journal is gone, and the console's
/// own observations are dropped first.
const QUEUE_MAX: usize = 256;

/// One word on its way to the journal.
#[derive(Debug)]
struct Word {
    by: Actor,
    body: Body,
    /// The attempt that it releases.
    pledge: Option<Pledge>,
    /// The attempt whose runner is to be asked to end.
    cancel: Option<(StepId, u32)>,
    /// True when a person decided it: it is never repeated by itself.
    decided: bool,
}

/// A desk that decides and commits.
#[derive(Debug, Default)]
pub struct CommanderDesk {
    queue: VecDeque<Word>,
    in_flight: Option<(u64, Word)>,
    last_ticket: u64,
    /// The journal failed: nothing more is sent before the next tick, or the two would ask and
    /// refuse each other without end.
    stalled: bool,
}

impl CommanderDesk {
    fn send(&mut self, run: Option<&Run>) -> Vec<Effect<Commander>> {
        if self.in_flight.is_some() || self.stalled {
            return Vec::new();
        }
        while let Some(word) = self.queue.pop_front() {
            // A word that no longer fits would make the journal unreadable for ever.
            if run.is_some_and(|run| run.would_take(&word.body).is_err()) {
                continue;
            }
            self.last_ticket += 1;
            let record = Record::Append {
                ticket: self.last_ticket,
                by: word.by.clone(),
                body: Box::new(word.body.clone()),
            };
            self.in_flight = Some((self.last_ticket, word));
            return vec![Effect::Record(record)];
        }
        Vec::new()
    }

    fn take(&mut self, ticket: u64) -> Option<Word> {
        match self.in_flight.take() {
            Some((sent, word)) if sent == ticket => Some(word),
            other => {
                self.in_flight = other;
                None
            }
        }
    }
}

impl Desk for CommanderDesk {
    type Role = Commander;

    fn read_only(&self) -> bool {
        false
    }

    fn is_recording(&self) -> bool {
        self.in_flight.is_some() || !self.queue.is_empty()
    }

    fn is_deciding(&self) -> bool {
        let flying = self.in_flight.iter().map(|(_, word)| word);
        flying.chain(&self.queue).any(|word| word.decided)
    }

    fn wish(
        &mut self,
        context: &Context<'_>,
        intent: &Intent,
    ) -> Result<Vec<Effect<Commander>>, Refusal> {
        // A decision is taken on the state that is on record, never on one still being written.
        if self.is_recording() {
            return Err(Refusal::Recording);
        }
        let word = |body, pledge, cancel| Word {
            by: context.me.clone(),
            body,
            pledge,
            cancel,
            decided: true,
        };
        let decision = decide(context, intent)?;
        let first = match &decision {
            Decision::Record(bodies) => bodies.first(),
            Decision::Pledge(pledge) => Some(pledge.body()),
            Decision::Cancel(body, ..) => Some(body),
        };
        // A word that the run cannot take is never written; nobody is told that it was.
        if let Some((run, body)) = context.run.zip(first) {
            let misfit = |misfit: Misfit| Refusal::Unfit(misfit.to_string().into());
            run.would_take(body).map_err(misfit)?;
        }
        match decision {
            Decision::Record(bodies) => {
                self.queue.extend(bodies.into_iter().map(|body| word(body, None, None)));
            }
            Decision::Pledge(pledge) => {
                self.queue.push_back(word(pledge.body().clone(), Some(pledge), None));
            }
            Decision::Cancel(body, step, attempt) => {
                self.queue.push_back(word(body, None, Some((step, attempt))));
            }
        }
        Ok(self.send(context.run))
    }

    fn open(
        &mut self,
        run: RunId,
        runbook: usize,
        kind: RunKind,
    ) -> Result<Vec<Effect<Commander>>, Refusal> {
        if self.is_recording() {
            return Err(Refusal::Recording);
        }
        Ok(vec![Effect::Record(Record::Open { run, runbook, kind })])
    }

    fn say(&mut self, run: Option<&Run>, by: &Actor, words: Vec<Body>) -> Vec<Effect<Commander>> {
        for body in words {
            let known = self.queue.iter().map(|word| &word.body);
            let flying = self.in_flight.iter().map(|(_, word)| &word.body);
            if self.queue.len() < QUEUE_MAX && !known.chain(flying).any(|other| *other == body) {
                let by = by.clone();
                self.queue.push_back(Word { by, body, pledge: None, cancel: None, decided: false });
            }
        }
        self.send(run)
    }

    fn recorded(
        &mut self,
        run: &Run,
        ticket: u64,
        receipt: Receipt,
        void: bool,
    ) -> Vec<Effect<Commander>> {
        let mut effects = Vec::new();
        if let Some(word) = self.take(ticket) {
            if let Some(pledge) = word.pledge.filter(|_| !void) {
                effects.push(Effect::Act(pledge.recorded(run.id.clone(), receipt)));
            }
            if let Some((step, attempt)) = word.cancel {
                effects.push(Effect::Record(Record::Cancel { step, attempt }));
            }
        }
        effects.extend(self.send(Some(run)));
        effects
    }

    fn void(&mut self, why: &str) -> Vec<Effect<Commander>> {
        vec![Effect::Record(Record::Void { why: why.into() })]
    }

    fn failed(&mut self, ticket: u64) -> bool {
        let Some(word) = self.take(ticket) else { return false };
        self.stalled = true;
        // What a person decided is not done later behind their back; what was seen stays true.
        let lost = word.decided;
        let decided_behind = self.queue.iter().any(|word| word.decided);
        self.queue.retain(|word| !word.decided);
        if !lost {
            self.queue.push_front(word);
        }
        lost || decided_behind
    }

    fn retry(&mut self, run: Option<&Run>) -> Vec<Effect<Commander>> {
        self.stalled = false;
        self.send(run)
    }
}
