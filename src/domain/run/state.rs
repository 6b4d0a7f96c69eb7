//! A run's state: nothing but its journal, folded; `apply` is the only thing that changes it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::event::{
    Actor, Body, Cause, Closing, Mode, Outcome, Purpose, RunEvent, RunKind, Stays, Warrant,
};
use super::misfit::Misfit;
use super::phase::{Phase, Stage};
use crate::domain::catalogue::Class;
use crate::domain::ids::{RunId, StepId, SystemId, TierId};
use crate::domain::ledger::Ledger;
use crate::domain::runbook::{Direction, Runbook};
use crate::domain::text::Clean;
use crate::domain::time::{RtoClock, Stamp};
use crate::domain::verdict::{Signal, T0Basis};

/// One performance of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// Forward or back.
    pub purpose: Purpose,
    /// Who granted it.
    pub by: Actor,
    /// When it was put on record.
    pub granted: Stamp,
    /// When it was put on record that its call ended.
    pub ended: Option<Stamp>,
    /// How long before that it had ended: nobody was there, and the time is not the step's.
    pub unread: Duration,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The record that granted it.
    pub seq: u64,
    /// The action that was granted.
    pub action: String,
    /// Its class.
    pub class: Class,
    /// True when the step was in its ungraceful variant as it was granted; an attempt to take it
    /// back is about the variant in which it was done.
    pub ungraceful: bool,
    /// Where the step was as it was granted.
    pub from: Phase,
    /// The terms of the grant; none in journals of earlier versions.
    pub warrant: Option<Warrant>,
}

/// One step's state.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// The step.
    pub id: StepId,
    /// Where it is in its life.
    pub phase: Phase,
    /// Its performances, oldest first.
    pub attempts: Vec<Attempt>,
    /// The last thing seen, said or asserted of it.
    pub evidence: Clean,
    /// Why it failed, while it is failed.
    pub cause: Option<Cause>,
    /// True when a person attested it instead of a sensor.
    pub attested: bool,
    /// What is seen now, when it was done and no longer is.
    pub untrue: Option<Clean>,
    /// When it was finished.
    pub finished: Option<Stamp>,
    /// What its attempt left running when its runner was lost; the attempt is not over before that
    /// has ended.
    pub left: Option<Clean>,
    /// True when this step runs as in an ungraceful run although the run is planned.
    pub escalated: bool,
}

impl StepState {
    pub(super) fn new(id: StepId) -> Self {
        Self {
            id,
            phase: Phase::Pending,
            attempts: Vec::new(),
            evidence: Clean::default(),
            cause: None,
            attested: false,
            untrue: None,
            finished: None,
            left: None,
            escalated: false,
        }
    }

    /// The last performance.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// The attempt whose end is not on record yet, or is not known.
    pub fn open_attempt(&self) -> Option<&Attempt> {
        let open = self.phase.is_open() || self.phase == Phase::Unknown;
        self.attempts.last().filter(|_| open)
    }

    /// How long its last attempt took, from its grant to the end of the step, or until now.
    pub fn took(&self, now: Stamp) -> Option<Duration> {
        Some(self.last_attempt()?.spent(self.finished.unwrap_or(now)))
    }
}

/// A declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// When it was recorded.
    pub at: Stamp,
    /// Who declared.
    pub by: Actor,
    /// How well T0 is known.
    pub basis: T0Basis,
    /// What spoke for it.
    pub signals: Vec<Signal>,
    /// The reason.
    pub reason: Clean,
}

/// A go/no-go criterion that a person accepted as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedCriterion {
    /// Its key; empty in journals of earlier versions.
    pub key: String,
    /// The criterion, as it is asked.
    pub asks: Clean,
    /// What was seen then.
    pub evidence: Clean,
    /// The reason.
    pub reason: Clean,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: Actor,
}

/// When the run was expected to be finished, as it was declared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecasted {
    /// When that was said.
    pub at: Stamp,
    /// Seconds from T0 to the finish in half of all cases.
    pub finish_p50_s: f64,
    /// Seconds from T0 to the finish in eight of ten cases.
    pub finish_p80_s: f64,
    /// Earlier runs that the figures rest on; 0 when they are the plan's own.
    pub runs: u32,
}

/// How the run is given up.
#[derive(Debug, Clone, PartialEq)]
pub struct Abort {
    /// Since when.
    pub since: Stamp,
    /// By whom.
    pub by: Actor,
    /// The reason.
    pub reason: Clean,
    /// Done steps to be taken back, first to last.
    pub back: Vec<StepId>,
    /// Steps whose effect stays, with what that costs.
    pub stays: Vec<Stays>,
}

/// The state of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// What it is for.
    pub kind: RunKind,
    /// Which way it goes.
    pub direction: Direction,
    /// Whether the primary is still there.
    pub mode: Mode,
    /// Where the run is in its life.
    pub stage: Stage,
    /// Who opened it and when.
    pub opened: (Stamp, Actor),
    /// The declaration.
    pub declaration: Option<Declaration>,
    /// The losses as of T0.
    pub ledger: Option<Ledger>,
    /// Who accepted them and when.
    pub accepted: Option<(Stamp, Actor)>,
    /// The RTO clock, from the declaration on.
    pub clock: Option<RtoClock>,
    /// Since when the plan is held.
    pub held_since: Option<Stamp>,
    /// How long the plan was held before that.
    pub held_before: Duration,
    /// When the restored facts were seen, and what was seen.
    pub restored: Option<(Stamp, Clean)>,
    /// How it ended and when.
    pub closed: Option<(Stamp, Closing)>,
    /// Losses measured after the promotion.
    pub losses: Vec<(SystemId, f64, Clean)>,
    /// Stores whose old primary took writes after T0.
    pub reopened: BTreeSet<SystemId>,
    /// Tiers whose own restored facts were seen: when, and what was seen.
    pub tiers: Vec<(TierId, Stamp, Clean)>,
    /// Go/no-go criteria that were accepted as they were.
    pub accepted_criteria: Vec<AcceptedCriterion>,
    /// When it was expected to be finished, as it was declared.
    pub forecasted: Option<Forecasted>,
    /// How it is given up.
    pub abort: Option<Abort>,
    /// When the last status update was handed over, and its number.
    pub updated: Option<(Stamp, u32)>,
    /// The step that a person gave the last word about, to try it again or on what became of it,
    /// while nothing of it began since.
    pub in_hand: Option<StepId>,
    /// The steps, in the plan's order.
    pub steps: Vec<StepState>,
    /// Everything that happened, for the timeline and the report. Copies of the run share it: no
    /// move looks at it.
    pub events: Arc<Vec<RunEvent>>,
    /// What each step needs, from the runbook.
    pub(super) needs: Vec<Vec<usize>>,
}

impl Run {
    /// The run that a journal tells of.
    ///
    /// # Errors
    /// When an event does not fit: the journal is damaged or belongs to another runbook.
    pub fn replay(runbook: &Runbook, events: &[RunEvent]) -> Result<Option<Self>, Misfit> {
        let Some((first, rest)) = events.split_first() else { return Ok(None) };
        let mut run = Self::opening(runbook, first)?;
        for event in rest {
            run.apply(event.clone())?;
        }
        Ok(Some(run))
    }

    /// The run that its first event opens.
    ///
    /// # Errors
    /// When the event is not `opened`, or its number is not 1.
    pub fn opening(runbook: &Runbook, event: &RunEvent) -> Result<Self, Misfit> {
        let Body::Opened { run, kind, direction, mode, .. } = &event.body else {
            return Err(Misfit::Opening { seq: event.seq });
        };
        if event.seq != 1 {
            return Err(Misfit::Sequence { last: 0, found: event.seq });
        }
        let position = |id: &StepId| runbook.steps.iter().position(|step| step.id == *id);
        let needs = runbook
            .steps
            .iter()
            .map(|step| step.needs.iter().filter_map(position).collect())
            .collect();
        let mut opened = Self {
            id: run.clone(),
            kind: *kind,
            direction: *direction,
            mode: *mode,
            stage: Stage::Standby,
            opened: (event.at, event.by.clone()),
            declaration: None,
            ledger: None,
            accepted: None,
            clock: None,
            held_since: None,
            held_before: Duration::ZERO,
            restored: None,
            closed: None,
            losses: Vec::new(),
            reopened: BTreeSet::new(),
            tiers: Vec::new(),
            accepted_criteria: Vec::new(),
            forecasted: None,
            abort: None,
            updated: None,
            in_hand: None,
            steps: runbook.steps.iter().map(|step| StepState::new(step.id.clone())).collect(),
            events: Arc::new(vec![event.clone()]),
            needs,
        };
        opened.settle_needs();
        Ok(opened)
    }

    /// The number of the last event.
    pub fn last_seq(&self) -> u64 {
        self.events.last().map_or(0, |event| event.seq)
    }

    /// The state of a step.
    pub fn step(&self, id: &StepId) -> Option<&StepState> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// True when the step runs as if the primary were lost.
    pub fn is_ungraceful(&self, id: &StepId) -> bool {
        self.mode == Mode::Ungraceful || self.step(id).is_some_and(|step| step.escalated)
    }

    /// The one current step: the unknown one, else what a lost runner left, else the open one, else
    /// the one in a person's hands, else a failed one, else the first ready one. While the run is
    /// given up: those that are not over, else the next to be taken back.
    pub fn current(&self) -> Option<&StepState> {
        let first = |want: fn(&StepState) -> bool| self.steps.iter().find(|step| want(step));
        let open = first(|step| step.phase == Phase::Unknown)
            .or_else(|| first(|step| step.left.is_some()))
            .or_else(|| first(|step| step.phase.is_open()));
        if self.stage == Stage::Aborting {
            return open.or_else(|| self.next_back());
        }
        open.or_else(|| self.in_hand())
            .or_else(|| first(|step| step.phase == Phase::Failed))
            .or_else(|| first(|step| step.phase == Phase::Ready))
    }

    /// The step that wants a hand beside one that runs: the one in a person's hands, else the first
    /// that is ready.
    pub fn beside(&self) -> Option<&StepState> {
        let current = self.current()?;
        let runs = current.phase.is_open() && current.left.is_none();
        let ready = || self.steps.iter().find(|step| step.phase == Phase::Ready);
        self.in_hand().or_else(ready).filter(|_| runs && self.stage != Stage::Aborting)
    }

    fn in_hand(&self) -> Option<&StepState> {
        let state = self.step(self.in_hand.as_ref()?)?;
        matches!(state.phase, Phase::Ready | Phase::Failed).then_some(state)
    }

    /// The steps that are not done, or no longer true: what a close of the run excepts.
    pub fn unfinished(&self) -> impl Iterator<Item = &StepState> {
        self.steps.iter().filter(|step| step.phase != Phase::Done || step.untrue.is_some())
    }

    /// True when no step is left to run.
    pub fn is_finished(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step.phase, Phase::Done | Phase::Skipped | Phase::Compensated))
    }

    /// How long the plan has been held in all.
    pub fn held_total(&self, now: Stamp) -> Duration {
        self.held_before + self.held_since.map_or(Duration::ZERO, |since| now.since(since))
    }
}
