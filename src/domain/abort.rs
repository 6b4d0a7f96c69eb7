//! The abort planner: what is taken back in which order, what stays and why, and who serves then.
//!
//! Two lists are kept in the journal and follow from run and plan alone: what goes back and what
//! stays. A step is taken back only after every done step that rests on it was. What a promotion or
//! the users rest on stays with them: taking a fence away from under a new primary would let both
//! regions write, and taking capacity away from under the users would be a second outage.

use std::collections::BTreeSet;
use std::time::Duration;

use super::catalogue::{ActionSpec, Change, Guard};
use super::ids::{Side, StepId};
use super::run::event::{Body, Cause, Outcome, Purpose, Stays};
use super::run::phase::Phase;
use super::run::state::{Attempt, Run, StepState};
use super::runbook::{Compensation, Runbook, Step};
use super::text::Clean;
use super::verdict::{Assessment, Primary};

pub use serving::Serving;

mod serving;

/// How a run is given up, or would be.
#[derive(Debug, Clone, PartialEq)]
pub struct AbortPlan {
    /// What is taken back, first to last, what is taken back already included.
    pub back: Vec<Back>,
    /// What stays, and what that costs.
    pub stays: Vec<Stays>,
    /// Attempts that still run or whose outcome is not known: they are settled first, and what they
    /// did joins the plan.
    pub open: Vec<StepId>,
    /// Which region serves after that, as far as the plan knows.
    pub serving: Serving,
    /// The first done step that cannot be taken back: the point of no return, behind us.
    pub crossing: Option<StepId>,
}

/// One step that is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Back {
    /// The step.
    pub step: StepId,
    /// What takes it back.
    pub action: &'static ActionSpec,
    /// How that is started.
    pub guard: Guard,
    /// How long that usually takes: as long as doing it, since a plan tells no other time.
    pub expect: Duration,
    /// True when it is taken back already.
    pub taken: bool,
    /// What speaks against it: its target is in the lost region.
    pub doubt: Option<Clean>,
}

impl AbortPlan {
    /// How long all that is left usually takes, one after the other.
    pub fn expect(&self) -> Duration {
        self.back.iter().filter(|back| !back.taken).map(|back| back.expect).sum()
    }
}

/// The abort plan of a run. `plan` is the one in force ([`Run::plan_in_force`]).
pub fn planned(run: &Run, plan: &Runbook, assessment: &Assessment) -> AbortPlan {
    let (back, stays) = lists(run, plan);
    let lost = match assessment.primary {
        Primary::Red { .. } => Some(assessment.active),
        // Once the other region has taken its place, the one that is left is the standby.
        _ if assessment.standby_lost && assessment.standby() == run.direction.from => {
            Some(run.direction.from)
        }
        _ => None,
    };
    let open = run.steps.iter().filter(|state| state.open_attempt().is_some());
    let no_way_back = |step: &&Step| {
        let there = run.step(&step.id).is_some_and(|state| is_there(state) == There::Yes);
        there && matches!(step.compensation, Compensation::None(_))
    };
    AbortPlan {
        back: back.iter().filter_map(|id| one_back(run, plan, id, lost)).collect(),
        serving: serving::serving(run, plan, &stays, lost),
        stays,
        open: open.map(|state| state.id.clone()).collect(),
        crossing: plan.steps.iter().find(no_way_back).map(|step| step.id.clone()),
    }
}

fn one_back(run: &Run, plan: &Runbook, id: &StepId, lost: Option<Side>) -> Option<Back> {
    let step = plan.step(id)?;
    let Compensation::Action { action, .. } = &step.compensation else { return None };
    let side = match (&step.target, step.change_back()) {
        (_, Change::ShiftTraffic) | (None, Change::Fence | Change::Unfence) => {
            Some(run.direction.from)
        }
        (Some(target), _) => Some(run.direction.side(target.place)),
        (None, _) => None,
    };
    let doubt = side.filter(|side| Some(*side) == lost).map(|side| {
        if step.change_back() == Change::ShiftTraffic {
            Clean::new(&format!("users would be sent to {side}, which does not answer"))
        } else {
            Clean::new(&format!("{side} does not answer: taking this back may fail"))
        }
    });
    Some(Back {
        step: id.clone(),
        action,
        guard: step.guard_back(),
        expect: step.expect,
        taken: run.step(id).is_some_and(|state| state.phase == Phase::Compensated),
        doubt,
    })
}

/// The word that puts the present lists on record; none when they are on record already.
pub fn word(run: &Run, plan: &Runbook) -> Option<Body> {
    let (back, stays) = lists(run, plan);
    let known = run.abort.as_ref().is_some_and(|abort| abort.back == back && abort.stays == stays);
    (!known).then_some(Body::AbortPlanned { back, stays })
}

/// What goes back, in order, and what stays: from the run and its plan alone.
pub fn lists(run: &Run, plan: &Runbook) -> (Vec<StepId>, Vec<Stays>) {
    let recorded = run.abort.iter().flat_map(|abort| &abort.stays);
    let left = recorded.filter(|stays| stays.decided);
    lists_with(run, plan, &left.collect::<Vec<_>>())
}

/// The lists when a person leaves one more step as it is, for a reason.
pub fn lists_leaving(
    run: &Run,
    plan: &Runbook,
    step: &StepId,
    reason: &Clean,
) -> (Vec<StepId>, Vec<Stays>) {
    let more = Stays { step: step.clone(), costs: reason.clone(), decided: true };
    let recorded = run.abort.iter().flat_map(|abort| &abort.stays);
    let mut left: Vec<&Stays> =
        recorded.filter(|stays| stays.decided && stays.step != *step).collect();
    left.push(&more);
    lists_with(run, plan, &left)
}

fn lists_with(run: &Run, plan: &Runbook, left: &[&Stays]) -> (Vec<StepId>, Vec<Stays>) {
    let mut back: Vec<&Step> = Vec::new();
    let mut stays: Vec<(&Step, Clean, bool)> = Vec::new();
    for step in &plan.steps {
        let Some(state) = run.step(&step.id) else { continue };
        let decided = left.iter().find(|stays| stays.step == step.id && !is_settled(run, state));
        match (fate(run, step, state), decided) {
            (Fate::Nothing, _) => {}
            (Fate::Stays(_) | Fate::Back, Some(left)) => {
                stays.push((step, left.costs.clone(), true));
            }
            (Fate::Back, None) => back.push(step),
            (Fate::Stays(why), None) => stays.push((step, why, false)),
        }
    }
    keep_what_holds(run, plan, &mut back, &mut stays);
    let place = |step: &Step| plan.steps.iter().position(|other| other.id == step.id);
    stays.sort_by_key(|(step, ..)| place(step));
    let one = |(step, costs, decided): (&Step, Clean, bool)| Stays {
        step: step.id.clone(),
        costs,
        decided,
    };
    (in_order(plan, &back), stays.into_iter().map(one).collect())
}

/// True when the step goes back already, or is back: no decision keeps it.
fn is_settled(run: &Run, state: &StepState) -> bool {
    state.is_going_back() || (state.phase == Phase::Compensated && run.abort.is_some())
}

/// What becomes of one step, looked at alone.
enum Fate {
    Nothing,
    Back,
    Stays(Clean),
}

fn fate(run: &Run, step: &Step, state: &StepState) -> Fate {
    if state.is_going_back() {
        return Fate::Back;
    }
    if state.phase == Phase::Compensated {
        let ours = run.abort.as_ref().is_some_and(|abort| {
            abort.back.contains(&step.id) || abort.stays.iter().any(|stays| stays.step == step.id)
        });
        return if ours { Fate::Back } else { Fate::Nothing };
    }
    let doubtful = state.phase == Phase::Failed || matches!(is_there(state), There::Perhaps);
    match (&step.compensation, is_there(state)) {
        (_, There::No) | (Compensation::NotNeeded, _) => Fate::Nothing,
        (_, There::Before) => Fate::Stays(
            "it was so before this run: nothing was called, nothing is taken back".into(),
        ),
        (Compensation::Action { .. }, _) if matches!(state.phase, Phase::Done | Phase::Failed) => {
            Fate::Back
        }
        (Compensation::Action { .. }, _) => Fate::Stays(
            "an attempt was called, not seen to hold and given up: it may have taken effect".into(),
        ),
        (Compensation::None(costs), _) if doubtful => {
            Fate::Stays(Clean::new(&format!("it failed: what it did before that stays; {costs}")))
        }
        (Compensation::None(costs), _) => Fate::Stays(costs.clone()),
    }
}

/// Whether a step's effect is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    /// It was seen, or called and not seen in time.
    Yes,
    /// The target refused: it changed nothing, or only what it says.
    Perhaps,
    /// It was so before the run did anything.
    Before,
    /// It is not.
    No,
}

fn is_there(state: &StepState) -> There {
    let forward = || state.attempts.iter().filter(|attempt| is_forward(attempt));
    let outcome = state.last_forward().and_then(|attempt| attempt.outcome.as_ref());
    match (state.phase, outcome) {
        (Phase::Done, _) => {
            let already =
                |attempt: &Attempt| matches!(attempt.outcome, Some(Outcome::AlreadySo { .. }));
            let before = forward().next().is_some() && forward().all(already);
            if before { There::Before } else { There::Yes }
        }
        (Phase::Failed, Some(Outcome::Applied { .. } | Outcome::AlreadySo { .. })) => There::Yes,
        (Phase::Failed, Some(Outcome::Failed { cause: Cause::Error, .. })) => There::Perhaps,
        // A probe that finds no effect yet does not prove that none is on its way; a person may.
        (Phase::Failed, Some(Outcome::Unknown { .. })) if !state.attested => There::Perhaps,
        // Given up or to be tried again: a call that went through may still have taken effect.
        (
            Phase::Ready | Phase::Pending | Phase::Skipped,
            Some(Outcome::Applied { .. } | Outcome::Unknown { .. }),
        ) if state.last_attempt().is_some_and(is_forward) => There::Perhaps,
        _ => There::No,
    }
}

fn is_forward(attempt: &Attempt) -> bool {
    attempt.purpose == Purpose::Forward
}

/// True for a step whose effect serves: what it rests on must stay as long as it does.
fn serves(step: &Step, run: &Run) -> bool {
    let there = run
        .step(&step.id)
        .is_some_and(|state| matches!(is_there(state), There::Yes | There::Before));
    there && (step.change.promotes() || step.change == Change::ShiftTraffic)
}

/// Moves from `back` to `stays` what something that stays rests on.
fn keep_what_holds<'p>(
    run: &Run,
    plan: &'p Runbook,
    back: &mut Vec<&'p Step>,
    stays: &mut Vec<(&'p Step, Clean, bool)>,
) {
    loop {
        let holds = |step: &Step| -> Option<Clean> {
            let state = run.step(&step.id)?;
            if is_settled(run, state) {
                return None;
            }
            let mine = plan.ancestors(&step.id);
            let promoted = stays.iter().find(|(other, ..)| {
                other.change.promotes() && serves(other, run) && mine.contains(&other.id)
            });
            if let Some((other, ..)) = promoted
                && step.change == Change::ShiftTraffic
            {
                let (to, id) = (run.direction.to, &other.id);
                return Some(Clean::new(&format!(
                    "users stay in {to}, where {id} stays; the way back is a run of its own"
                )));
            }
            let later = stays.iter().find(|(other, ..)| {
                serves(other, run) && plan.ancestors(&other.id).contains(&step.id)
            });
            later.map(|(other, ..)| Clean::new(&format!("{} stays and rests on it", other.id)))
        };
        let Some((at, why)) =
            back.iter().enumerate().find_map(|(at, step)| Some((at, holds(step)?)))
        else {
            return;
        };
        stays.push((back.remove(at), why, false));
    }
}

/// What needs others goes back before them; else the last of the plan goes first.
fn in_order(plan: &Runbook, back: &[&Step]) -> Vec<StepId> {
    let mut left: Vec<(&Step, BTreeSet<StepId>)> =
        back.iter().map(|step| (*step, plan.ancestors(&step.id))).collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = |at: &usize| !left.iter().any(|(_, needs)| needs.contains(&left[*at].0.id));
        let at = (0..left.len()).rev().find(free).unwrap_or(left.len() - 1);
        order.push(left.remove(at).0.id.clone());
    }
    order
}

/// What stands in the way of taking a step back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// This one rests on it and goes back, or is settled, first.
    First(StepId),
    /// This one rests on it, serves, and stays.
    Rests(StepId),
}

/// What stands in the way of taking `id` back now.
pub fn blocked(run: &Run, plan: &Runbook, id: &StepId) -> Option<Blocked> {
    let left = |step: &Step| {
        run.abort.as_ref().is_some_and(|abort| abort.stays.iter().any(|one| one.step == step.id))
    };
    let order = run.abort.iter().flat_map(|abort| &abort.back);
    let planned = order.filter_map(|one| plan.step(one));
    // In the plan's order first, so that the one named is the one that can go now.
    planned.chain(plan.steps.iter().rev()).find_map(|later| {
        if later.id == *id || !plan.ancestors(&later.id).contains(id) {
            return None;
        }
        let state = run.step(&later.id)?;
        if state.open_attempt().is_some() {
            return Some(Blocked::First(later.id.clone()));
        }
        if !matches!(state.phase, Phase::Done | Phase::Failed) {
            return None;
        }
        match &later.compensation {
            Compensation::NotNeeded => None,
            Compensation::Action { .. }
                if !left(later) && matches!(is_there(state), There::Yes | There::Perhaps) =>
            {
                Some(Blocked::First(later.id.clone()))
            }
            Compensation::Action { .. } | Compensation::None(_) => {
                serves(later, run).then(|| Blocked::Rests(later.id.clone()))
            }
        }
    })
}

#[cfg(test)]
mod tests;
