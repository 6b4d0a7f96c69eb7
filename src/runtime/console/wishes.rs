//! Keys: what a person wishes goes to the desk, and its answer back as a sentence.

use std::time::Duration;

use super::{Console, Opening};
use crate::domain::console::JournalState;
use crate::domain::identity;
use crate::domain::ids::{RunId, StepId};
use crate::domain::run::decide::{may_open, permitted};
use crate::domain::run::event::Mode;
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::site::SiteRole;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Expected;
use crate::runtime::desk::Desk;
use crate::runtime::effect::{Effect, Job};
use crate::ui::command::Command;
use crate::ui::facts::Facts;
use crate::ui::granted;
use crate::ui::update::{self, Input};
use crate::ui::wish::Wish;

/// A wish that had to wait longer than this for the journal is refused instead.
const WISH_AGE_MAX: Duration = Duration::from_secs(1);

impl<D: Desk> Console<D> {
    pub(super) fn input(&mut self, input: &Input, now: Stamp) -> Vec<Effect<D::Role>> {
        self.touched = now;
        self.dirty = true;
        let fold = self.fold(now);
        let mut model = std::mem::take(&mut self.model);
        let facts = Facts { fold, ..self.facts(now) };
        let wishes = update::update(&mut model, &facts, input);
        update::mask_typed(&mut model, &self.facts(now), |text| self.redactor.known(text));
        self.model = model;
        self.grant_all(wishes, now)
    }

    pub(super) fn ui_tick(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        let mut model = std::mem::take(&mut self.model);
        let wishes = update::tick(&mut model, &self.facts(now));
        self.model = model;
        self.grant_all(wishes, now)
    }

    fn grant_all(&mut self, wishes: Vec<Wish>, now: Stamp) -> Vec<Effect<D::Role>> {
        let mut effects = Vec::new();
        for wish in wishes {
            match self.grant(wish, now) {
                Ok(more) => effects.extend(more),
                Err(refusal) => self.notice(now, refusal.tell(self.picture.plan.as_deref()), true),
            }
        }
        effects
    }

    pub(super) fn grant(
        &mut self,
        wish: Wish,
        now: Stamp,
    ) -> Result<Vec<Effect<D::Role>>, Refusal> {
        match wish {
            Wish::Intent(intent) => {
                let mask = |text: &Clean| Clean::new(&self.redactor.known(text.as_str()));
                self.intend(&intent.masked(mask), now)
            }
            Wish::Open { index, mode } => self.open(index, mode, now),
            // The tick comes often enough while a stop window counts; what its gates are judged by
            // at its end is what was seen within it.
            Wish::StopWindow { .. } => Ok(vec![Effect::LookNow]),
            Wish::Arm => {
                if self.desk.read_only() {
                    return Err(Refusal::ReadOnly);
                }
                permitted(&self.picture.site, &self.me, SiteRole::Commander, "arm")?;
                self.armed = true;
                let key = self.key(Command::Arm);
                let text = format!("ARMED: keys act now; {key} makes the console safe again");
                self.notice(now, text, false);
                Ok(Vec::new())
            }
            Wish::Safe => {
                self.armed = false;
                self.notice(now, "SAFE: nothing acts", false);
                Ok(self.desk.void("the console went to SAFE"))
            }
            Wish::VerifyNow => {
                self.notice(now, "looking at every system again", false);
                self.sensed.clear();
                let mut effects = vec![Effect::LookNow];
                effects.extend(self.sense(now));
                Ok(effects)
            }
            Wish::Rehearse { step, back } => {
                let asked: Vec<_> = self.rehearse(&step, back).into_iter().collect();
                self.rehearsals_begin(asked.len());
                Ok(asked)
            }
            Wish::Copy => Ok(self.copy(now)),
            Wish::Update { sentence } => Ok(self.hand_over_update(&sentence, now)),
            Wish::Leave => Ok(self.end(now)),
            Wish::Replay(wish) => {
                if let Some(replay) = &mut self.model.replay {
                    replay.wishes.push(wish);
                }
                Ok(Vec::new())
            }
        }
    }

    pub(super) fn intend(
        &mut self,
        intent: &Intent,
        now: Stamp,
    ) -> Result<Vec<Effect<D::Role>>, Refusal> {
        if self.desk.read_only() {
            return Err(Refusal::ReadOnly);
        }
        if let Intent::Acknowledge { alarm } = intent
            && self.picture.open_run().is_none()
        {
            // Without a run there is no journal; the acknowledgement lives as long as the alarm.
            self.acknowledged.push(alarm.clone());
            self.notice(now, "acknowledged", false);
            return Ok(Vec::new());
        }
        if let JournalState::Failed(why) | JournalState::ReadOnly(why) = &self.journal {
            return Err(Refusal::Journal(why.clone()));
        }
        let runbook = self.picture.runbook().cloned().ok_or(Refusal::NoRun)?;
        // It is put back at once; a desk is a few words.
        let mut desk = std::mem::take(&mut self.desk);
        let answer = desk.wish(&self.context(&runbook, now), intent);
        self.desk = desk;
        let effects = match answer {
            // Only the console's own words are in the way, for an instant that nobody can see.
            Err(Refusal::Recording) if self.waiting.is_none() && !self.desk.is_deciding() => {
                self.waiting = Some((intent.clone(), now));
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        if let Intent::Acknowledge { alarm } = intent {
            self.acknowledged.push(alarm.clone());
        }
        let key = |command| self.key(command);
        self.notice(now, granted::granted(intent, self.picture.plan.as_deref(), key), false);
        Ok(effects)
    }

    /// Decides the wish that waited for the journal, on what is on record now.
    pub(super) fn take_waiting(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        if self.desk.is_recording() {
            return Vec::new();
        }
        let Some((intent, since)) = self.waiting.take() else { return Vec::new() };
        let answer = if now.since(since) <= WISH_AGE_MAX {
            self.intend(&intent, now)
        } else {
            Err(Refusal::Recording)
        };
        answer.unwrap_or_else(|refusal| {
            self.notice(now, refusal.tell(self.picture.plan.as_deref()), true);
            Vec::new()
        })
    }

    fn open(
        &mut self,
        runbook: usize,
        mode: Mode,
        now: Stamp,
    ) -> Result<Vec<Effect<D::Role>>, Refusal> {
        if self.picture.open_run().is_some() || self.opening.is_some() {
            return Err(Refusal::RunOpen);
        }
        let plan = self.picture.runbooks.get(runbook).ok_or(Refusal::NoRun)?;
        may_open(&self.picture.site, &self.me, plan, self.picture.assessment.active)?;
        let last = self.last_run.as_ref();
        let run = RunId::of_site(&self.picture.site.name, now.utc(), last).map_err(|_| {
            Refusal::Already("no name sorts after that of the last run: move its folder away")
        })?;
        let behind = last
            .filter(|last| {
                RunId::of_site(&self.picture.site.name, now.utc(), None)
                    .is_ok_and(|now| now < **last)
            })
            .cloned();
        let effects = self.desk.open(run.clone(), runbook, self.kind)?;
        self.picture.chosen = Some(runbook);
        self.last_run = Some(run.clone());
        self.notice(now, format!("opening run {run}: it goes on record"), false);
        self.opening = Some(Opening { run, runbook, mode, behind });
        Ok(effects)
    }

    /// A rehearsal builds an operator, which only a commander's console may.
    fn rehearse(&self, step: &StepId, back: bool) -> Option<Effect<D::Role>> {
        if self.desk.read_only() {
            return None;
        }
        let plan = match &self.picture.plan {
            Some(plan) if self.picture.run.is_some() => plan.clone(),
            _ => std::sync::Arc::new(self.picture.runbook()?.clone()),
        };
        let direction =
            self.picture.run.as_ref().map_or_else(|| plan.direction(), |run| run.direction);
        let last =
            self.picture.run.as_ref().and_then(|run| run.step(step)).and_then(|s| s.last_attempt());
        let attempt = last.map_or(0, |last| last.number);
        let (target, other) = plan
            .step(step)
            .map_or((None, None), |step| identity::shown(&self.picture.snapshot, step, direction));
        let (step, expected) = (step.clone(), Expected { target, other, ..Expected::default() });
        Some(Effect::Rehearse(Job { runbook: plan, direction, step, attempt, back, expected }))
    }
}
