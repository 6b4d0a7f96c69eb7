//! When the run will be finished, from what each step is expected to take and what it waits for.

use std::time::Duration;

use super::catalogue::Guard;
use super::ids::StepId;
use super::run::phase::Phase;
use super::run::state::Run;
use super::runbook::{Runbook, Step, Ungraceful};
use super::time::Stamp;

/// The state of the recovery time objective (`screens.md`, RTO states; the first that fits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RtoState {
    /// More time has passed than was promised.
    Breached,
    /// The forecast ends after the deadline.
    WillMiss,
    /// It will be close.
    AtRisk,
    /// It will be kept.
    OnTrack,
    /// T0 is known, nothing was declared.
    Provisional,
    /// No incident.
    Ready,
    /// The clock stopped in time.
    Met,
    /// The clock stopped too late.
    Missed,
}

impl RtoState {
    /// The words on the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Breached => "BREACHED",
            Self::WillMiss => "WILL MISS",
            Self::AtRisk => "AT RISK",
            Self::OnTrack => "ON TRACK",
            Self::Provisional => "PROVISIONAL",
            Self::Ready => "READY",
            Self::Met => "MET",
            Self::Missed => "MISSED",
        }
    }
}

/// The figures of the clock strip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// Time since T0; none while there is no incident.
    pub elapsed: Option<Duration>,
    /// The objective.
    pub rto: Option<Duration>,
    /// What the steps that are left are expected to take, along the longest chain.
    pub remaining: Duration,
    /// Elapsed when the last step is expected to end.
    pub finish: Option<Duration>,
    /// The state of the objective.
    pub state: RtoState,
}

impl Forecast {
    /// Time left until the objective is breached; none without objective or incident.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        Some(self.rto?.saturating_sub(self.elapsed?))
    }

    /// Seconds between the expected finish and the deadline; negative when it comes too late.
    #[must_use]
    pub fn margin_s(&self) -> Option<f64> {
        Some(self.rto?.as_secs_f64() - self.finish?.as_secs_f64())
    }
}

/// The forecast of a run, or of an incident that has no run yet.
///
/// `t0` is the provisional T0 of a red primary that was not declared.
#[must_use]
pub fn forecast(
    runbook: Option<&Runbook>,
    run: Option<&Run>,
    t0: Option<Stamp>,
    rto: Option<Duration>,
    now: Stamp,
) -> Forecast {
    let clock = run.and_then(|run| run.clock.as_ref());
    // A run that was closed without a verified restoration counts up to its end, not for ever.
    let closed = run.and_then(|run| run.closed.as_ref()).map(|(at, _)| *at);
    let elapsed = clock
        .map(|clock| clock.elapsed(closed.unwrap_or(now)))
        .or_else(|| t0.filter(|_| clock.is_none()).map(|t0| now.since(t0)));
    let stopped = clock.and_then(|clock| clock.stopped);
    let ended = stopped.is_some() || closed.is_some();
    let remaining = match runbook {
        Some(runbook) if !ended => longest_chain(runbook, run, elapsed.is_some(), now),
        Some(_) | None => Duration::ZERO,
    };
    let finish = elapsed.map(|elapsed| elapsed + remaining);
    let state = match (elapsed, stopped) {
        (None, _) => RtoState::Ready,
        (Some(_), Some(took)) => match rto {
            Some(rto) if took >= rto => RtoState::Missed,
            Some(_) | None => RtoState::Met,
        },
        // It ended, and nobody saw the service restored.
        (Some(_), None) if closed.is_some() => RtoState::Missed,
        (Some(elapsed), None) => {
            let close = runbook.is_some_and(|runbook| is_close(runbook, run, elapsed, rto, now));
            running_state(elapsed, remaining, rto, close, clock.is_some())
        }
    };
    Forecast { elapsed, rto, remaining, finish, state }
}

/// Elapsed time at or over this share of the RTO makes an open dangerous step a risk.
const GONE_PERCENT: u32 = 75;

/// A forecast over this share of the RTO is a risk.
const TIGHT_PERCENT: u32 = 90;

fn running_state(
    elapsed: Duration,
    remaining: Duration,
    rto: Option<Duration>,
    close: bool,
    declared: bool,
) -> RtoState {
    let finish = elapsed + remaining;
    match rto {
        Some(rto) if elapsed >= rto => RtoState::Breached,
        Some(rto) if finish > rto => RtoState::WillMiss,
        Some(rto) if close || finish > rto * TIGHT_PERCENT / 100 => RtoState::AtRisk,
        Some(_) | None if declared => RtoState::OnTrack,
        Some(_) | None => RtoState::Provisional,
    }
}

/// True when 75 % is gone with a dangerous step still open, or a step takes longer than expected.
fn is_close(
    runbook: &Runbook,
    run: Option<&Run>,
    elapsed: Duration,
    rto: Option<Duration>,
    now: Stamp,
) -> bool {
    let late = rto.is_some_and(|rto| elapsed >= rto * GONE_PERCENT / 100);
    runbook.steps.iter().any(|step| {
        let left = time_left(step, run, true, now);
        let dangerous = match step.guard {
            Guard::TypedTarget | Guard::TypedVerb => true,
            Guard::OneKey | Guard::StopWindow => false,
        };
        let over = running_since(step, run).is_some_and(|since| now.since(since) > step.expect);
        (late && dangerous && left.is_some()) || over
    })
}

/// When the step's open attempt was granted.
fn running_since(step: &Step, run: Option<&Run>) -> Option<Stamp> {
    let state = run?.step(&step.id)?;
    if state.phase.is_open() { state.last_attempt().map(|attempt| attempt.granted) } else { None }
}

/// What a step is expected to take still; none when it is finished or will not be run.
fn time_left(step: &Step, run: Option<&Run>, incident: bool, now: Stamp) -> Option<Duration> {
    let Some((run, state)) = run.and_then(|run| Some((run, run.step(&step.id)?))) else {
        // An incident that nobody declared is taken for the loss of the primary.
        let skipped = incident && step.ungraceful == Ungraceful::Skip;
        return (!skipped).then_some(step.expect);
    };
    match state.phase {
        Phase::Done | Phase::Skipped | Phase::Compensated => None,
        Phase::Granted | Phase::Running | Phase::Verifying => {
            let spent = running_since(step, Some(run)).map_or(Duration::ZERO, |at| now.since(at));
            Some(step.expect.saturating_sub(spent))
        }
        Phase::Pending | Phase::Ready | Phase::Failed | Phase::Unknown => {
            let skipped = step.ungraceful == Ungraceful::Skip && run.is_ungraceful(&step.id);
            (!skipped).then_some(step.expect)
        }
    }
}

/// The longest chain of what is left over what needs what.
fn longest_chain(runbook: &Runbook, run: Option<&Run>, incident: bool, now: Stamp) -> Duration {
    let steps = &runbook.steps;
    let place = |id: &StepId| steps.iter().position(|step| step.id == *id);
    let needs: Vec<Vec<usize>> =
        steps.iter().map(|step| step.needs.iter().filter_map(place).collect()).collect();
    let left: Vec<Option<Duration>> =
        steps.iter().map(|step| time_left(step, run, incident, now)).collect();
    // A finished step hides what stood before it; a step that will be skipped still waits.
    let finished = |step: &Step| {
        run.and_then(|run| run.step(&step.id)).is_some_and(|state| {
            matches!(state.phase, Phase::Done | Phase::Skipped | Phase::Compensated)
        })
    };
    let mut ends = vec![Duration::ZERO; steps.len()];
    // As many passes as steps settle every chain, in whatever order the steps are written.
    for _ in 0..steps.len() {
        let mut moved = false;
        for (index, step) in steps.iter().enumerate() {
            if finished(step) {
                continue;
            }
            let start = needs[index].iter().map(|need| ends[*need]).max().unwrap_or_default();
            let end = start + left[index].unwrap_or_default();
            moved |= end != ends[index];
            ends[index] = end;
        }
        if !moved {
            break;
        }
    }
    ends.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
