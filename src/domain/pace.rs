//! How long steps took in earlier runs of this site and direction, and how long people took first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{RunId, Side, StepId};
use super::run::event::{Body, Purpose, RunEvent, RunKind};
use super::run::state::{Run, StepState};
use super::runbook::{Amount, Bound, Runbook, Step};
use super::time::Stamp;

/// Earlier runs that count, at most; older ones are forgotten.
pub const RUNS_MAX: usize = 20;

/// A length of time in half of all cases and in eight of ten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// In half of all cases.
    pub p50: Duration,
    /// In eight of ten cases.
    pub p80: Duration,
}

impl Quantiles {
    /// The same in every case.
    pub fn always(time: Duration) -> Self {
        Self { p50: time, p80: time }
    }

    /// By nearest rank over the samples; none without any.
    pub fn of(mut samples: Vec<Duration>) -> Option<Self> {
        samples.sort_unstable();
        let rank = |percent: usize| (percent * samples.len()).div_ceil(100).max(1);
        let at = |percent| samples.get(rank(percent) - 1).copied();
        Some(Self { p50: at(50)?, p80: at(80)? })
    }

    /// One after the other.
    pub fn plus(self, other: Self) -> Self {
        Self { p50: self.p50.saturating_add(other.p50), p80: self.p80.saturating_add(other.p80) }
    }

    /// What is left of it once some of it was spent.
    pub fn less(self, spent: Duration) -> Self {
        Self { p50: self.p50.saturating_sub(spent), p80: self.p80.saturating_sub(spent) }
    }

    /// The longer one in each case.
    pub fn or_longer(self, other: Self) -> Self {
        Self { p50: self.p50.max(other.p50), p80: self.p80.max(other.p80) }
    }
}

/// What one step usually takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepPace {
    /// How long it takes.
    pub act: Quantiles,
    /// How long people take to begin it once they can.
    pub hand: Quantiles,
    /// Earlier runs that the figures rest on; 0 when they are the plan's own.
    pub runs: u32,
    /// When it was last done outside of a simulation; none when it never was.
    pub last_real: Option<Stamp>,
}

impl StepPace {
    /// What the plan itself expects, where there is no history.
    pub fn expected(step: &Step) -> Self {
        Self {
            act: Quantiles::always(step.expect),
            hand: Quantiles::default(),
            runs: 0,
            last_real: None,
        }
    }
}

/// One step of one earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sample {
    action: String,
    act: Duration,
    hand: Duration,
    at: Stamp,
    real: bool,
}

/// What is known of the runs of one direction. The default knows none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Pace {
    steps: BTreeMap<StepId, Vec<Sample>>,
    /// From the last decisive step to the restored facts, by runbook and by what it waits for.
    settles: BTreeMap<(String, Duration), Vec<Duration>>,
}

/// The same as it is written down: JSON has no keys of two parts.
#[derive(Serialize, Deserialize)]
struct Kept {
    steps: BTreeMap<StepId, Vec<Sample>>,
    settles: Vec<((String, Duration), Vec<Duration>)>,
}

impl From<Kept> for Pace {
    fn from(kept: Kept) -> Self {
        Self { steps: kept.steps, settles: kept.settles.into_iter().collect() }
    }
}

impl From<Pace> for Kept {
    fn from(pace: Pace) -> Self {
        Self { steps: pace.steps, settles: pace.settles.into_iter().collect() }
    }
}

impl Pace {
    /// What a step usually takes. A step whose action is another one than it was has no history.
    pub fn of(&self, step: &Step) -> StepPace {
        let known = self.steps.get(&step.id).map_or(&[][..], Vec::as_slice);
        let samples: Vec<&Sample> =
            known.iter().filter(|sample| sample.action == step.action.name).collect();
        let acts = Quantiles::of(samples.iter().map(|sample| sample.act).collect());
        let hands = Quantiles::of(samples.iter().map(|sample| sample.hand).collect());
        let (Some(act), Some(hand)) = (acts, hands) else { return StepPace::expected(step) };
        StepPace {
            act,
            hand,
            runs: u32::try_from(samples.len()).unwrap_or(u32::MAX),
            last_real: samples.iter().rev().find(|sample| sample.real).map(|sample| sample.at),
        }
    }

    /// From the end of the last step that the clock waits for to the restored facts; without
    /// history what the facts themselves ask for, such as healthy for 30 s.
    pub fn settle(&self, runbook: &Runbook) -> Quantiles {
        let asked = asked_for(runbook);
        let known = self.settles.get(&(runbook.name.clone(), asked));
        known
            .and_then(|samples| Quantiles::of(samples.clone()))
            .unwrap_or_else(|| Quantiles::always(asked))
    }

    /// Takes in an earlier run with the plan it had, oldest first. One that was neither closed nor
    /// restored tells nothing yet.
    pub fn learn(&mut self, runbook: &Runbook, run: &Run) {
        if !is_told_out(run) {
            return;
        }
        for (step, sample) in samples(runbook, run) {
            let known = self.steps.entry(step).or_default();
            known.push(sample);
            drop_oldest(known);
        }
        let done = last_end(runbook.decisive().map(|step| run.step(&step.id)));
        let (Some((restored, _)), Some(done)) = (&run.restored, done) else { return };
        let key = (runbook.name.clone(), asked_for(runbook));
        let known = self.settles.entry(key).or_default();
        known.push(restored.since(done));
        drop_oldest(known);
    }
}

fn drop_oldest<T>(known: &mut Vec<T>) {
    let over = known.len().saturating_sub(RUNS_MAX);
    known.drain(..over);
}

/// True when a run is over, or its service restored: its figures no longer change.
fn is_told_out(run: &Run) -> bool {
    run.closed.is_some() || run.restored.is_some()
}

/// The longest time that a restored fact must have held.
fn asked_for(runbook: &Runbook) -> Duration {
    let times = runbook.restored.iter().map(|gate| match gate.bound {
        Bound::AtLeast(Amount::Time(time)) => time,
        Bound::AtLeast(Amount::Number(_)) | Bound::AtMost(_) | Bound::Is(_) | Bound::NotOpen => {
            Duration::ZERO
        }
    });
    times.max().unwrap_or_default()
}

/// When the last of some steps ended; none while one is open.
pub(super) fn last_end<'a>(states: impl Iterator<Item = Option<&'a StepState>>) -> Option<Stamp> {
    let mut last: Option<Stamp> = None;
    for state in states {
        last = Some(later(last, ended(state?)?));
    }
    last
}

/// When a step was done or skipped, while that is still so.
pub(super) fn ended(state: &StepState) -> Option<Stamp> {
    state.finished.filter(|_| state.phase.satisfies() && state.untrue.is_none())
}

/// The later of two moments.
fn later(one: Option<Stamp>, other: Stamp) -> Stamp {
    one.filter(|one| !one.since(other).is_zero()).unwrap_or(other)
}

/// When a step could be started: the declaration or the end of the last step that it needs; none
/// while one of these is missing.
pub(super) fn startable(
    declared: Option<Stamp>,
    ends: impl Iterator<Item = Option<Stamp>>,
) -> Option<Stamp> {
    let mut last = declared?;
    for end in ends {
        last = later(Some(last), end?);
    }
    Some(last)
}

/// One step's life while a run is read.
#[derive(Default)]
struct Life {
    begun: Option<(Stamp, Duration, String)>,
    /// How long its attempts were over before that was read.
    unread: Duration,
    back: bool,
    ended: Option<Stamp>,
    sample: Option<Sample>,
}

/// What each step took in a run: the last time it was done, nothing of what was skipped or taken
/// back.
fn samples(runbook: &Runbook, run: &Run) -> Vec<(StepId, Sample)> {
    let mut lives: BTreeMap<&StepId, Life> =
        runbook.steps.iter().map(|step| (&step.id, Life::default())).collect();
    let declared = run.declaration.as_ref().map(|declaration| declaration.at);
    for event in run.events.iter() {
        let Some(id) = about(&event.body) else { continue };
        let Some(step) = runbook.step(id) else { continue };
        let ends = step.needs.iter().map(|need| lives.get(need).and_then(|life| life.ended));
        let free = startable(declared, ends).unwrap_or(event.at);
        if let Some(life) = lives.get_mut(id) {
            live(life, step, event, free, run.kind != RunKind::Simulation);
        }
    }
    let told = |(id, life): (&StepId, Life)| life.sample.map(|sample| (id.clone(), sample));
    lives.into_iter().filter_map(told).collect()
}

/// The step that a word begins or ends, or whose time it tells.
fn about(body: &Body) -> Option<&StepId> {
    match body {
        Body::Intended { step, .. }
        | Body::EndedEarlier { step, .. }
        | Body::Verified { step, .. }
        | Body::Reconciled { step, done: true, .. }
        | Body::Resolved { step, done: true, .. }
        | Body::Attested { step, .. }
        | Body::Skipped { step, .. } => Some(step),
        _ => None,
    }
}

fn live(life: &mut Life, step: &Step, event: &RunEvent, free: Stamp, real: bool) {
    match &event.body {
        Body::Intended { purpose: Purpose::Forward, action, .. } => {
            life.back = false;
            life.begun.get_or_insert((event.at, event.at.since(free), action.clone()));
        }
        Body::Intended { purpose: Purpose::Compensate, .. } => life.back = true,
        Body::EndedEarlier { at, .. } => {
            life.unread += if life.back { Duration::ZERO } else { event.at.since(*at) };
        }
        Body::Skipped { .. } => {
            *life = Life { ended: Some(event.at), ..Life::default() };
        }
        Body::Attested { .. } => {
            // A person did it: all of the time is the doing.
            let (from, hand, action) = life
                .begun
                .take()
                .unwrap_or_else(|| (free, Duration::ZERO, step.action.name.to_owned()));
            let unread = std::mem::take(&mut life.unread);
            let act = event.at.since(from).saturating_sub(unread);
            life.sample = Some(Sample { action, act, hand, at: event.at, real });
            life.ended = Some(event.at);
        }
        _ if life.back => *life = Life::default(),
        _ => {
            if let Some((from, hand, action)) = life.begun.take() {
                let unread = std::mem::take(&mut life.unread);
                let act = event.at.since(from).saturating_sub(unread);
                life.sample = Some(Sample { action, act, hand, at: event.at, real });
            }
            life.ended = Some(event.at);
        }
    }
}

/// What is known of both directions of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paces {
    ways: [Pace; 2],
    learnt: BTreeSet<RunId>,
    /// Journals that could not be read and do not count.
    pub damaged: u32,
}

impl Paces {
    /// The pace of the runs that leave a region.
    pub fn away_from(&self, from: Side) -> &Pace {
        &self.ways[from.index()]
    }

    /// Earlier runs that were taken in.
    pub fn runs(&self) -> usize {
        self.learnt.len()
    }

    /// Takes in an earlier run with the plan it had, once, oldest first.
    pub fn learn(&mut self, runbook: &Runbook, run: &Run) {
        if is_told_out(run) && self.learnt.insert(run.id.clone()) {
            self.ways[run.direction.from.index()].learn(runbook, run);
        }
    }
}

/// True when a run of one kind tells something about runs of another: live runs and drills about
/// each other, simulations about simulations.
pub fn is_alike(one: RunKind, other: RunKind) -> bool {
    (one == RunKind::Simulation) == (other == RunKind::Simulation)
}

#[cfg(test)]
mod tests;
