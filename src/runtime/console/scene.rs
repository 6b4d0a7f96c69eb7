//! The console as a replay needs it: taken from a live one, put into one that only looks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Console;
use crate::domain::console::{JournalState, OutputLine, Rehearsal, TimelineRow};
use crate::domain::day::Day;
use crate::domain::ids::Side;
use crate::domain::ledger::Ledger;
use crate::domain::pace::Paces;
use crate::domain::picture::Outage;
use crate::domain::readiness::Spells;
use crate::domain::run::commit::Hash;
use crate::domain::run::event::{Actor, Body, RunEvent};
use crate::domain::run::misfit::Misfit;
use crate::domain::run::state::Run;
use crate::domain::run::subject::Served;
use crate::domain::runbook::Runbook;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::T0Basis;
use crate::runtime::desk::{Desk, ObserverDesk};
use crate::runtime::journal::head_words;
use crate::ui::model::Model;
use crate::ui::replay::ReplayWish;

/// All that a screen rests on beside the run's files and its journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// When it was taken.
    pub at: Stamp,
    /// When the console was started.
    pub started: Stamp,
    /// Its last tick.
    pub ticked: Stamp,
    /// Who sat there.
    pub me: Actor,
    /// The last journal entry that it had taken in; 0 before the first.
    pub known: u64,
    /// All readings, with their histories.
    pub snapshot: Snapshot,
    /// T0 as it stood, its basis, and when this console first showed it.
    pub red: Option<(Stamp, T0Basis, Option<Stamp>)>,
    /// The losses as of that T0.
    pub ledger: Option<Ledger>,
    /// The region that served, as it was last known.
    pub active: Option<Side>,
    /// The figures of the last 24 hours.
    pub day: Day,
    /// Since when each criterion has been as it is.
    #[serde(default)]
    pub spells: Spells,
    /// What earlier runs took, as far as it was known.
    #[serde(default)]
    pub paces: Paces,
    /// Alarms that were acknowledged.
    pub acknowledged: Vec<String>,
    /// Urgent alarms that were raised.
    pub raised: BTreeMap<String, Clean>,
    /// Why the journal could not record, while it could not.
    pub failed: Option<Clean>,
    /// The last dry run.
    pub dry: Option<Rehearsal>,
    /// The timeline.
    pub timeline: Vec<TimelineRow>,
    /// What steps printed.
    pub output: Vec<OutputLine>,
}

impl<D: Desk> Console<D> {
    /// The scene of this moment, for a recording.
    pub fn scene(&self, now: Stamp) -> Scene {
        let outage = self.picture.outage.as_ref();
        Scene {
            at: now,
            started: self.started,
            ticked: self.ticked,
            me: self.me.clone(),
            known: self.picture.run.as_ref().map_or(0, Run::last_seq),
            snapshot: self.picture.snapshot.clone(),
            red: outage.map(|outage| (outage.t0, outage.basis, outage.detected)),
            ledger: outage.map(|outage| outage.ledger.clone()),
            active: self.picture.served.map(|served| served.side),
            day: self.picture.day.clone(),
            spells: self.picture.spells.clone(),
            paces: self.picture.paces.clone(),
            acknowledged: self.acknowledged.clone(),
            raised: self.raised.clone(),
            failed: match &self.journal {
                JournalState::Failed(why) => Some(why.clone()),
                JournalState::None | JournalState::Ok { .. } | JournalState::ReadOnly(_) => None,
            },
            dry: self.rehearsal.clone(),
            timeline: self.timeline.iter().cloned().collect(),
            output: self.output.iter().cloned().collect(),
        }
    }

    /// Says, once, that a replay of this run will lack readings. The run itself lacks nothing.
    pub fn recording_trouble(&mut self, now: Stamp, why: &Clean) {
        let text = format!("a replay of this run will have a gap: {why}");
        self.write_row(now, "console", text.as_str());
        self.notice(now, text, false);
    }
}

impl Console<ObserverDesk> {
    /// Stands before the first entry of a run with this plan.
    pub fn stand_before(&mut self, plan: Runbook) {
        let plan = std::sync::Arc::new(plan);
        self.variants.begin(std::sync::Arc::clone(&plan));
        self.picture.plan = Some(plan);
        self.picture.run = None;
    }

    /// Puts a scene in the place of all that was heard; the run and its journal stay.
    pub fn enter(&mut self, scene: &Scene) {
        let scene = scene.clone();
        self.started = scene.started;
        self.ticked = scene.ticked;
        self.me = scene.me;
        self.picture.snapshot = scene.snapshot;
        self.picture.outage = match (scene.red, scene.ledger) {
            (Some((t0, basis, detected)), Some(ledger)) => {
                Some(Outage { t0, basis, ledger, detected })
            }
            _ => None,
        };
        self.picture.served = scene.active.map(|side| Served { side, at: scene.at });
        (self.picture.day, self.picture.spells) = (scene.day, scene.spells);
        self.picture.paces = scene.paces;
        self.acknowledged = scene.acknowledged;
        self.raised = scene.raised;
        if let Some(why) = scene.failed {
            self.journal = JournalState::Failed(why);
        }
        self.rehearsal = scene.dry;
        self.timeline = scene.timeline.into();
        self.output = scene.output.into();
        self.refresh(scene.at);
    }

    /// Takes in one entry of the journal; `head` is the hash of its line.
    ///
    /// # Errors
    /// When it does not fit the run so far: nothing of it was taken in.
    pub fn tell(&mut self, event: &RunEvent, head: Hash) -> Result<(), Misfit> {
        match (&mut self.picture.run, &self.picture.plan) {
            (Some(run), _) => run.apply(event.clone())?,
            (None, Some(plan)) => self.picture.run = Some(Run::opening(plan, event)?),
            (None, None) => return Err(Misfit::Opening { seq: event.seq }),
        }
        self.resolve_plan();
        self.judge_due = true;
        self.journal = JournalState::Ok { words: head_words(head) };
        self.write_event(event);
        match &event.body {
            Body::Acknowledged { alarm } if !self.acknowledged.contains(alarm) => {
                self.acknowledged.push(alarm.clone());
            }
            Body::Alarmed { alarm, raised: false, .. } => {
                self.acknowledged.retain(|known| known != alarm);
            }
            _ => {}
        }
        self.note_closing(&event.body);
        Ok(())
    }

    /// Shows that the journal could not record.
    pub fn tell_failure(&mut self, why: Clean) {
        self.journal = JournalState::Failed(why);
        self.judge_due = true;
    }

    /// Judges as the recorded console did at this moment.
    pub fn judge_again(&mut self, now: Stamp) {
        self.judge_due = true;
        // What that calls for was done, or not, when it happened.
        drop(self.settle(now));
    }

    /// Tells what the passing of time alone changes, where no console was looking. It leaves no
    /// trace: what is shown next is the same whether this was asked or not.
    pub fn refresh(&mut self, now: Stamp) {
        let footing = self.footing(now);
        self.picture.refresh(footing, now);
    }

    /// What the keys asked for since this was asked last.
    pub fn take_wishes(&mut self) -> Vec<ReplayWish> {
        let replay = self.model.replay.as_mut();
        replay.map(|replay| std::mem::take(&mut replay.wishes)).unwrap_or_default()
    }

    /// What the screen remembers.
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The time on the clock that counts from T0; none before a T0 is known.
    pub fn elapsed(&self) -> Option<std::time::Duration> {
        self.picture.forecast.elapsed
    }
}
