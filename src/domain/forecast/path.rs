//! The longest chains of what is left over what needs what: where the time will go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Grounds, Stuck};
use crate::domain::catalogue::{Class, Guard};
use crate::domain::ids::StepId;
use crate::domain::pace::{Pace, Quantiles, StepPace, ended, last_end, startable};
use crate::domain::run::event::{Mode, Purpose};
use crate::domain::run::phase::Phase;
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Runbook, Step, Ungraceful};
use crate::domain::site::Site;
use crate::domain::time::{BootId, Stamp};

/// From so many runs on, eight of ten is not simply the longest of them.
const RUNS_ENOUGH: u32 = 5;

/// What one step still takes: until it is begun, and from there to its end.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    hand: Quantiles,
    act: Quantiles,
}

/// One step as the forecast sees it.
struct Part {
    pace: StepPace,
    /// None once it is finished: it hides what stood before it.
    left: Option<Left>,
    /// True while it could be begun or is to be begun later.
    waits: bool,
    /// True while it is being run.
    runs: bool,
    needs: Vec<usize>,
    /// True when the clock cannot stop before its end.
    counts: bool,
}

/// All steps of a plan, in an order in which each comes after what it needs.
pub(super) struct Paths {
    parts: Vec<Part>,
    order: Vec<usize>,
    /// From the last step that counts to the restored facts.
    settle: Quantiles,
    /// Running steps that take longer than in eight of ten cases, the longest first.
    pub(super) stuck: Vec<Stuck>,
    /// True while a step with guard 2 or 3 is open.
    pub(super) dangerous: bool,
}

/// What is told of one step.
pub(super) struct StepAhead {
    pub(super) pace: StepPace,
    /// From its start to the restored facts; none when the clock does not wait for it, or it is
    /// finished.
    pub(super) chain: Option<Quantiles>,
    /// The longest chain of all that does not wait for it.
    pub(super) beside: Quantiles,
    /// True while it was not begun.
    pub(super) waits: bool,
}

/// What a plan that was not begun takes until the clock can stop, and the steps of its longest
/// chain, first to last; `lost` leaves out what it skips when the primary is lost.
pub fn until_restored(
    site: &Site,
    runbook: &Runbook,
    pace: &Pace,
    lost: bool,
) -> (Quantiles, Vec<StepId>) {
    // Nothing was begun, so no moment counts.
    let now = Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(0) };
    let (run, t0, split) = (None, None, false);
    let grounds = Grounds { site, runbook: Some(runbook), run, t0, pace, split, now };
    let paths = Paths::of(runbook, &grounds, lost);
    let steps = paths.critical().into_iter().map(|place| runbook.steps[place].id.clone());
    (paths.remaining().0, steps.collect())
}

impl Paths {
    pub(super) fn of(runbook: &Runbook, grounds: &Grounds<'_>, incident: bool) -> Self {
        let run = grounds.run;
        let places: BTreeMap<&StepId, usize> =
            runbook.steps.iter().enumerate().map(|(place, step)| (&step.id, place)).collect();
        let decisive: BTreeSet<&StepId> = runbook.decisive().map(|step| &step.id).collect();
        let states = states(runbook, run);
        let (mut parts, mut stuck, mut dangerous) = (Vec::new(), Vec::new(), false);
        for (step, state) in runbook.steps.iter().zip(&states) {
            let pace = grounds.pace.of(step);
            let needs: Vec<usize> =
                step.needs.iter().filter_map(|need| places.get(need).copied()).collect();
            let (left, waits) = match (run, *state) {
                (Some(run), Some(state)) => {
                    stuck.extend(stuck_of(step, state, &pace, grounds));
                    let ends = needs.iter().map(|need| states[*need].and_then(ended));
                    left_in_run(step, run, state, &pace, grounds, ends)
                }
                // An incident that nobody declared is taken for the loss of the primary.
                _ if incident && step.ungraceful == Ungraceful::Skip => {
                    (Some(Left::default()), false)
                }
                _ => (Some(Left { hand: pace.hand, act: pace.act }), true),
            };
            let runs = left.is_some() && state.is_some_and(|state| state.phase.is_open());
            dangerous |= (waits || runs)
                && match step.guard {
                    Guard::TypedTarget | Guard::TypedVerb => true,
                    Guard::OneKey | Guard::StopWindow => false,
                };
            let counts = decisive.contains(&step.id);
            parts.push(Part { pace, left, waits, runs, needs, counts });
        }
        stuck.sort_by_key(|stuck: &Stuck| std::cmp::Reverse(stuck.spent.saturating_sub(stuck.p80)));
        let order = order(&parts);
        let full = grounds.pace.settle(runbook);
        let counted = parts.iter().zip(&states).filter(|(part, _)| part.counts);
        let since = last_end(counted.map(|(_, state)| *state));
        let settle = since.map_or(full, |at| full.less(grounds.now.since(at)));
        Self { parts, order, settle, stuck, dangerous }
    }

    /// When each step ends, from now; `without` leaves one step out and every chain through it.
    fn ends(&self, without: Option<usize>) -> Vec<Quantiles> {
        let mut ends = vec![Quantiles::default(); self.parts.len()];
        for &place in &self.order {
            let part = &self.parts[place];
            let Some(left) = part.left.filter(|_| without != Some(place)) else { continue };
            let start = part
                .needs
                .iter()
                .fold(Quantiles::default(), |start, need| start.or_longer(ends[*need]));
            ends[place] = start.plus(left.hand).plus(left.act);
        }
        ends
    }

    fn longest(&self, ends: &[Quantiles], counting_only: bool) -> Quantiles {
        let parts = self.parts.iter().zip(ends);
        parts
            .filter(|(part, _)| part.counts || !counting_only)
            .fold(Quantiles::default(), |longest, (_, end)| longest.or_longer(*end))
    }

    /// Until the clock can stop, and until the last step of the plan ends.
    pub(super) fn remaining(&self) -> (Quantiles, Quantiles) {
        let ends = self.ends(None);
        (self.longest(&ends, true).plus(self.settle), self.longest(&ends, false))
    }

    /// The places of the steps of the longest chain to the end of the clock, first to last.
    pub(super) fn critical(&self) -> Vec<usize> {
        let ends = self.ends(None);
        let last = |places: &mut dyn Iterator<Item = usize>| {
            let open = places.filter(|place| self.parts[*place].left.is_some());
            // The first of equals, as the plan is written.
            open.fold(None, |best: Option<usize>, place| match best {
                Some(best) if ends[best].p80 >= ends[place].p80 => Some(best),
                Some(_) | None => Some(place),
            })
        };
        let mut chain = Vec::new();
        let mut at = last(&mut (0..self.parts.len()).filter(|place| self.parts[*place].counts));
        while let Some(place) = at {
            chain.push(place);
            // A plan that needs itself must not go round for ever.
            if chain.len() > self.parts.len() {
                break;
            }
            at = last(&mut self.parts[place].needs.iter().copied());
        }
        // What the plan leaves out takes no time; a step that should be over still does.
        chain.retain(|place| self.parts[*place].waits || self.parts[*place].runs);
        chain.reverse();
        chain
    }

    /// What is told of each step, in the plan's order.
    pub(super) fn steps(&self) -> Vec<StepAhead> {
        let chains = self.chains();
        let all = self.longest(&self.ends(None), true).plus(self.settle);
        let tell = |(place, part): (usize, &Part)| {
            let chain = chains[place].filter(|_| part.left.is_some());
            // Only a step that can be begun now is weighed against waiting.
            let free = part.needs.iter().all(|need| self.parts[*need].left.is_none());
            let beside = if chain.is_some() && part.waits && free {
                self.longest(&self.ends(Some(place)), true).plus(self.settle)
            } else {
                all
            };
            StepAhead { pace: part.pace, chain, beside, waits: part.waits }
        };
        self.parts.iter().enumerate().map(tell).collect()
    }

    /// From the start of each step to the end of the clock; none where the clock does not wait.
    fn chains(&self) -> Vec<Option<Quantiles>> {
        let mut after: Vec<Option<Quantiles>> =
            self.parts.iter().map(|part| part.counts.then_some(self.settle)).collect();
        let mut chains = vec![None; self.parts.len()];
        for &place in self.order.iter().rev() {
            let part = &self.parts[place];
            let Some(rest) = after[place] else { continue };
            let left = part.left.unwrap_or_default();
            let chain = left.act.plus(rest);
            chains[place] = Some(chain);
            for &need in &part.needs {
                let through = left.hand.plus(chain);
                let known = after[need].unwrap_or_default();
                after[need] = Some(known.or_longer(through));
            }
        }
        chains
    }
}

/// The state of each step of the plan. A run has its steps in the plan's order.
fn states<'a>(runbook: &Runbook, run: Option<&'a Run>) -> Vec<Option<&'a StepState>> {
    let state = |(place, step): (usize, &Step)| {
        let run = run?;
        run.steps.get(place).filter(|state| state.id == step.id).or_else(|| run.step(&step.id))
    };
    runbook.steps.iter().enumerate().map(state).collect()
}

/// Each step after what it needs; steps that need each other come last, as written.
fn order(parts: &[Part]) -> Vec<usize> {
    let mut open: Vec<usize> = parts.iter().map(|part| part.needs.len()).collect();
    let mut followers = vec![Vec::new(); parts.len()];
    for (place, part) in parts.iter().enumerate() {
        for &need in &part.needs {
            followers[need].push(place);
        }
    }
    let mut order: Vec<usize> = (0..parts.len()).filter(|place| open[*place] == 0).collect();
    let mut next = 0;
    while let Some(&place) = order.get(next) {
        next += 1;
        for &follower in &followers[place] {
            open[follower] -= 1;
            if open[follower] == 0 {
                order.push(follower);
            }
        }
    }
    order.extend((0..parts.len()).filter(|place| open[*place] > 0));
    order
}

/// The open attempt's way forward: how long it has been going on.
fn running(state: &StepState, grounds: &Grounds<'_>) -> Option<Duration> {
    let attempt = state.last_attempt().filter(|_| state.phase.is_open())?;
    (attempt.purpose == Purpose::Forward).then(|| attempt.spent(grounds.now))
}

fn stuck_of(
    step: &Step,
    state: &StepState,
    pace: &StepPace,
    grounds: &Grounds<'_>,
) -> Option<Stuck> {
    let spent = running(state, grounds)?;
    // The longest of a few runs is soon outlasted; the plan's own figure then counts too.
    let few = (1..RUNS_ENOUGH).contains(&pace.runs);
    let p80 = if few { pace.act.p80.max(step.expect) } else { pace.act.p80 };
    (spent > p80).then(|| Stuck { step: step.id.clone(), spent, p80 })
}

/// What a step of a run still takes, and whether it waits to be begun.
fn left_in_run(
    step: &Step,
    run: &Run,
    state: &StepState,
    pace: &StepPace,
    grounds: &Grounds<'_>,
    ends: impl Iterator<Item = Option<Stamp>>,
) -> (Option<Left>, bool) {
    let whole = Left { hand: pace.hand, act: pace.act };
    match state.phase {
        // What was done and is no longer so has to be done again.
        Phase::Done if state.untrue.is_some() => (Some(whole), true),
        Phase::Done | Phase::Skipped | Phase::Compensated => (None, false),
        Phase::Granted | Phase::Running | Phase::Verifying => {
            let left = running(state, grounds)
                .map(|spent| Left { hand: Quantiles::default(), act: pace.act.less(spent) });
            (left, false)
        }
        Phase::Pending | Phase::Ready | Phase::Failed | Phase::Unknown => {
            let ungraceful = run.mode == Mode::Ungraceful || state.escalated;
            if ungraceful && step.ungraceful == Ungraceful::Skip {
                return (Some(Left::default()), false);
            }
            let waited = waited(run, state, grounds, ends);
            let act = if step.class == Class::H && pace.runs > 0 {
                // Of what a person does, nothing tells when it was begun.
                whole.act.less(waited)
            } else {
                whole.act
            };
            (Some(Left { hand: whole.hand.less(waited), act }), true)
        }
    }
}

/// How long a step has been waiting for somebody; `ends` is when what it needs was over.
fn waited(
    run: &Run,
    state: &StepState,
    grounds: &Grounds<'_>,
    ends: impl Iterator<Item = Option<Stamp>>,
) -> Duration {
    let since = match state.last_attempt() {
        Some(last) => last.ended.or(state.finished),
        None => startable(run.declaration.as_ref().map(|declaration| declaration.at), ends),
    };
    since.map_or(Duration::ZERO, |since| grounds.now.since(since))
}
