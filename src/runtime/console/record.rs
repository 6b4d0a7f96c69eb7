//! The journal's answers: only what is on record changes the run and releases what waited for it.

use crate::ui::command::Command;
use std::sync::Arc;

use super::Console;
use crate::domain::console::{JournalState, TimelineRow};
use crate::domain::ids::RunId;
use crate::domain::run::commit::Receipt;
use crate::domain::run::decide::still_good;
use crate::domain::run::event::{Actor, Body, Cause, Outcome, RunEvent, RunKind};
use crate::domain::run::state::Run;
use crate::domain::run::subject::Served;
use crate::domain::run::words;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::event::Why;
use crate::runtime::journal::{Reply, head_words};
use crate::ui::widget::row::wrap;

/// An outcome in the output is wrapped to this, so that a panel beside another shows it whole.
const OUTCOME_COLUMNS: usize = 60;

/// Said as a live run is opened.
const NOT_PROTECTED: &str = "this machine has one commander; a console on another machine is not \
                             kept from acting on the same site";

impl<D: Desk> Console<D> {
    pub(super) fn journal_replied(&mut self, reply: Reply, now: Stamp) -> Vec<Effect<D::Role>> {
        self.judge_due = true;
        match reply {
            Reply::Recorded { ticket, event, receipt } => {
                self.recorded(ticket, event, receipt, now)
            }
            Reply::Rotated { segment, why } => {
                let text = format!("the journal goes on in segment {segment}: {why}");
                self.notice(now, text, true);
                Vec::new()
            }
            Reply::Failed { ticket, why } => {
                self.journal = JournalState::Failed(why.clone());
                let waited = self.waiting.take().is_some();
                let text = if self.desk.failed(ticket) || waited {
                    format!("NOT recorded, nothing was started: {why}")
                } else {
                    format!("the journal cannot record: {why}")
                };
                self.notice(now, text, true);
                Vec::new()
            }
        }
    }

    fn recorded(
        &mut self,
        ticket: u64,
        event: RunEvent,
        receipt: Receipt,
        now: Stamp,
    ) -> Vec<Effect<D::Role>> {
        self.journal = JournalState::Ok { words: head_words(receipt.hash()) };
        let body = event.body.clone();
        self.doubting &= !matches!(body, Body::ClockDoubted { .. } | Body::Opened { .. });
        let counts_anew =
            matches!(body, Body::ClockDoubted { .. } | Body::Declared { .. } | Body::T0Set { .. });
        if counts_anew {
            self.lowest = event.at;
        }
        self.write_event(&event);
        let outcome = match (&mut self.picture.run, &self.picture.plan, &body) {
            (None, Some(plan), Body::Opened { .. }) => {
                Run::opening(plan, &event).map(|run| self.picture.run = Some(run))
            }
            (Some(run), ..) => run.apply(event),
            (None, ..) => Ok(()),
        };
        if let Err(misfit) = outcome {
            // The desk tries every word before it is written, so this is our own mistake: stop.
            let why: Clean = format!("the run and its journal disagree: {misfit}").into();
            self.journal = JournalState::ReadOnly(why.clone());
            self.notice(now, why, true);
            return Vec::new();
        }
        self.resolve_plan();
        self.note_closing(&body);
        let void = self.why_void(&body, now);
        let Some(run) = &self.picture.run else { return Vec::new() };
        let mut effects = self.desk.recorded(run, ticket, receipt, void.is_some());
        if let (Some(message), Body::Intended { step, attempt, .. }) = (void, &body) {
            self.notice(now, message.clone(), true);
            let outcome = Outcome::Failed { cause: Cause::Expired, message };
            let (step, attempt) = (step.clone(), *attempt);
            effects.extend(self.say_own(Body::Ended { step, attempt, outcome }));
        }
        effects.extend(self.follow(&body));
        effects.extend(self.take_waiting(now));
        effects
    }

    /// Why the grant of a word that is on record now is worth nothing any more.
    fn why_void(&self, body: &Body, now: Stamp) -> Option<Clean> {
        let plan = self.picture.plan.clone().filter(|_| matches!(body, Body::Intended { .. }))?;
        still_good(&self.context(&plan, now), body).err()
    }

    /// What a recorded word calls for next.
    fn follow(&mut self, body: &Body) -> Vec<Effect<D::Role>> {
        match body {
            Body::Ended { step, outcome, attempt } => match outcome {
                Outcome::Applied { evidence } | Outcome::AlreadySo { evidence } => {
                    match self.look_of(step, *attempt, evidence) {
                        Some(word) => self.say_own(word),
                        None => self.check(step, Why::Verify).into_iter().collect(),
                    }
                }
                Outcome::Unknown { .. } => self.check(step, Why::Reconcile).into_iter().collect(),
                Outcome::Failed { .. } => vec![Effect::LookNow],
            },
            Body::Held { .. } => self.desk.void("the plan was held"),
            Body::AbortStarted { .. } => self.desk.void("the run is given up"),
            // What a step left behind is looked at before anything is decided on it.
            Body::Verified { .. }
            | Body::NotVerified { .. }
            | Body::Reconciled { .. }
            | Body::Resolved { .. }
            | Body::Attested { .. } => vec![Effect::LookNow],
            _ => Vec::new(),
        }
    }

    /// Puts a word of the console itself on record.
    pub(super) fn say_own(&mut self, word: Body) -> Vec<Effect<D::Role>> {
        self.desk.say(self.picture.run.as_ref(), &self.own_name(), vec![word])
    }

    /// The console as the author of what it saw: a person is named only for what a person did.
    pub(super) fn own_name(&self) -> Actor {
        Actor { person: None, user: "console".into(), host: self.me.host.clone() }
    }

    pub(super) fn note_closing(&mut self, body: &Body) {
        if let Body::Closed { .. } = body {
            self.armed = false;
            self.picture.outage = None;
            self.learn();
            self.keep_due = true;
            let over = self.picture.run.as_ref().zip(self.picture.plan.as_deref());
            let record = over.and_then(|(run, plan)| Served::on_record(run, plan));
            self.picture.served = Served::latest([self.picture.served, record]);
        }
    }

    /// Takes in which region served by the record of a run that is over.
    pub fn recall_served(&mut self, record: Option<Served>, now: Stamp) {
        let latest = Served::latest([self.picture.served, record]);
        if latest != self.picture.served {
            self.picture.served = latest;
            self.judge(now);
        }
    }

    pub(super) fn run_opened(
        &mut self,
        outcome: Result<(), Clean>,
        now: Stamp,
    ) -> Vec<Effect<D::Role>> {
        let Some(opening) = self.opening.take() else { return Vec::new() };
        if let Err(why) = outcome {
            // No run, so no journal that failed: the next try has a name of its own.
            self.notice(now, format!("the run was not opened: {why}"), true);
            return Vec::new();
        }
        let Some(runbook) = self.picture.runbooks.get(opening.runbook) else { return Vec::new() };
        let plan = Arc::new(runbook.clone());
        let direction = plan.direction();
        let word = Body::Opened {
            run: opening.run,
            kind: self.kind,
            site: self.picture.site.name.clone(),
            site_hash: self.site_hash.clone(),
            runbook: plan.name.clone(),
            runbook_hash: plan.hash.clone(),
            direction,
            mode: opening.mode,
        };
        self.say_of_opening(opening.behind, now);
        self.variants.begin(Arc::clone(&plan));
        self.picture.plan = Some(plan);
        self.picture.run = None;
        self.acknowledged.clear();
        self.raised.clear();
        self.rung.clear();
        self.sensed.clear();
        self.checking.clear();
        self.output.clear();
        self.rehearsal = None;
        self.model.selected = None;
        let key = self.key(Command::Declare);
        self.notice(now, format!("run opened: {key} declares, nothing runs by itself"), false);
        self.desk.say(None, &self.me.clone(), vec![word])
    }

    /// What a person should know of a run as it begins: a clock that cannot be right, and where
    /// the protection ends.
    fn say_of_opening(&mut self, behind: Option<RunId>, now: Stamp) {
        if let Some(last) = behind {
            let text = format!("the wall clock is behind run {last}: this one is named after it");
            self.write_row(now, "console", text);
        }
        if self.kind == RunKind::Live {
            self.write_row(now, "console", NOT_PROTECTED);
        }
    }

    /// Takes up a run that was found open.
    pub(super) fn take_run(&mut self, run: Run) {
        for event in run.events.iter() {
            self.write_event(event);
            match &event.body {
                Body::Acknowledged { alarm } => self.acknowledged.push(alarm.clone()),
                Body::Alarmed { alarm, raised: true, sentence } => {
                    self.raised.insert(alarm.clone(), sentence.clone());
                }
                Body::Alarmed { alarm, raised: false, .. } => {
                    self.raised.remove(alarm);
                }
                _ => {}
            }
        }
        self.picture.run = Some(run);
        self.resolve_plan();
    }

    /// A watcher's copy of a run that another console commands.
    pub(super) fn read_run(&mut self, events: &[RunEvent], now: Stamp) {
        self.judge_due = true;
        self.dirty = true;
        let Some(first) = events.first() else { return };
        let Body::Opened { runbook, .. } = &first.body else { return };
        let Some(plan) = self.picture.runbooks.iter().find(|plan| plan.name == *runbook) else {
            return;
        };
        match Run::replay(plan, events) {
            Ok(Some(run)) => {
                self.variants.begin(Arc::new(plan.clone()));
                self.timeline.clear();
                self.raised.clear();
                self.acknowledged.clear();
                let last = run.events.last().map(|event| event.body.clone());
                self.take_run(run);
                if let Some(body) = last {
                    self.note_closing(&body);
                }
            }
            Ok(None) => {}
            Err(misfit) => {
                self.notice(now, format!("the run's journal cannot be shown: {misfit}"), true);
            }
        }
    }

    pub(super) fn write_event(&mut self, event: &RunEvent) {
        let row = TimelineRow {
            at: event.at,
            who: event.by.to_string().into(),
            text: words::event(&event.body, self.picture.plan.as_deref()),
        };
        self.push_row(row);
        // Why a step ended otherwise than it should stands where its lines are, whole.
        if let Body::Ended { step, outcome, .. } = &event.body
            && matches!(outcome, Outcome::Failed { .. } | Outcome::Unknown { .. })
        {
            let lines = wrap(&words::outcome_text(outcome), OUTCOME_COLUMNS);
            let lines = lines.into_iter().map(Clean::from).collect();
            self.printed(step, lines, event.at);
        }
    }

    pub(super) fn write_row(&mut self, at: Stamp, who: &str, text: impl Into<Clean>) {
        self.push_row(TimelineRow { at, who: who.into(), text: text.into() });
    }

    fn push_row(&mut self, row: TimelineRow) {
        if self.timeline.len() == super::TIMELINE_ROWS_MAX {
            self.timeline.pop_front();
        }
        self.timeline.push_back(row);
        self.dirty = true;
    }
}
