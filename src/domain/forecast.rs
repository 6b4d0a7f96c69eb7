//! When the service will be back, from what each step usually takes and what it waits for.

mod path;

use std::time::Duration;

use super::ids::{StepId, TierId};
use super::objective::Objective;
use super::pace::{Pace, Quantiles, StepPace};
use super::run::phase::Stage;
use super::run::state::Run;
use super::runbook::Runbook;
use super::site::Site;
use super::time::{RtoClock, Stamp, margin_s};

use path::Paths;
pub use path::until_restored;

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
    /// The clock stopped in time, and both sides may take writes now: nothing is met.
    Contested,
}

impl RtoState {
    /// The words on the screen.
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
            Self::Contested => "SPLIT BRAIN",
        }
    }
}

/// A running step that takes longer than it did in eight of ten runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The step.
    pub step: StepId,
    /// How long its attempt has been going on.
    pub spent: Duration,
    /// What it took at most in eight of ten runs; what the plan expects where there is no history,
    /// or less than five runs and the plan expects more.
    pub p80: Duration,
}

/// The clock of one tier: its own objective, its own end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierClock {
    /// The tier.
    pub tier: TierId,
    /// Its objective.
    pub rto: Duration,
    /// From T0 to its own restored facts; none until they were seen.
    pub took: Option<Duration>,
    /// How its objective stands.
    pub state: RtoState,
}

/// What is told of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOutlook {
    /// The step.
    pub id: StepId,
    /// What it usually takes.
    pub pace: StepPace,
    /// The last moment to start it; none without an objective or an incident, when it was begun or
    /// finished, and when the clock does not wait for it.
    pub last_start: Option<Stamp>,
    /// From its start to the end of the clock.
    chain: Option<Quantiles>,
    /// The longest chain that does not wait for it.
    beside: Quantiles,
}

/// The figures of the clock strip.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Time since T0; none while there is no incident.
    pub elapsed: Option<Duration>,
    /// The objective that the big clock counts against: the strictest one whose tier is not
    /// restored; once all are, the one that was missed or took longest.
    pub rto: Option<Duration>,
    /// The tier of that objective.
    pub tier: Option<TierId>,
    /// Time until the clock can stop, along the longest chain, in half of all cases.
    pub remaining_p50: Duration,
    /// The same with what each step took in eight of ten runs.
    pub remaining_p80: Duration,
    /// Time until the last step of the plan ends, also those that the clock does not wait for.
    pub plan_p80: Duration,
    /// Elapsed when the clock is expected to stop; none when nothing leads there.
    pub finish_p50: Option<Duration>,
    /// The same with what each step took in eight of ten runs.
    pub finish_p80: Option<Duration>,
    /// When a decision must have been taken: the deadline less what remains at p80. Without an
    /// incident as if the primary failed now; none once it was declared.
    pub decide_by: Option<Stamp>,
    /// The steps of the longest chain to the end of the clock, first to last.
    pub critical: Vec<StepId>,
    /// Every step of the plan, in its order; empty once the run is closed or given up.
    pub steps: Vec<StepOutlook>,
    /// Running steps over their p80, the longest over first.
    pub stuck: Vec<Stuck>,
    /// Every tier of the site, in the order of its file.
    pub tiers: Vec<TierClock>,
    /// Earlier runs that the figures rest on; 0 when they are the plan's own.
    pub runs: u32,
    /// The state of the objective.
    pub state: RtoState,
}

impl Forecast {
    /// Time left until the objective is breached; none without objective or incident.
    pub fn left(&self) -> Option<Duration> {
        Some(self.rto?.saturating_sub(self.elapsed?))
    }

    /// Seconds between the finish at p80 and the deadline; negative when it comes too late.
    pub fn margin_s(&self) -> Option<f64> {
        Some(margin_s(self.rto?, self.finish_p80?))
    }

    /// What is told of a step.
    pub fn step(&self, id: &StepId) -> Option<&StepOutlook> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The last moment to start a step.
    pub fn last_start(&self, id: &StepId) -> Option<Stamp> {
        self.step(id)?.last_start
    }

    /// True when the finish moves with this step.
    pub fn is_critical(&self, id: &StepId) -> bool {
        self.critical.contains(id)
    }

    /// Elapsed when the clock stops if this step is started `wait` from now; none when the clock
    /// does not wait for it or there is no incident.
    pub fn finish_if_started(&self, id: &StepId, wait: Duration) -> Option<Quantiles> {
        let step = self.step(id)?;
        let through = step.chain?.plus(Quantiles::always(wait));
        Some(Quantiles::always(self.elapsed?).plus(step.beside.or_longer(through)))
    }
}

/// What a forecast rests on.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// The site, for its objectives.
    pub site: &'a Site,
    /// The plan of the run, or the one that is chosen.
    pub runbook: Option<&'a Runbook>,
    /// The run.
    pub run: Option<&'a Run>,
    /// The provisional T0 of a red primary that was not declared.
    pub t0: Option<Stamp>,
    /// What earlier runs of this direction took.
    pub pace: &'a Pace,
    /// True while some system has two primaries.
    pub split: bool,
    /// The moment.
    pub now: Stamp,
}

/// What is told before anything was judged.
pub fn unknown(site: &Site, now: Stamp) -> Forecast {
    let pace = &Pace::default();
    forecast(&Grounds { site, runbook: None, run: None, t0: None, pace, split: false, now })
}

/// The forecast of a run, or of an incident that has no run yet.
pub fn forecast(grounds: &Grounds<'_>) -> Forecast {
    let (run, now) = (grounds.run, grounds.now);
    let clock = run.and_then(|run| run.clock.as_ref());
    // A run that was closed without a verified restoration counts up to its end, not for ever.
    let closed = run.and_then(|run| run.closed.as_ref()).map(|(at, _)| *at);
    let elapsed = clock
        .map(|clock| clock.elapsed(closed.unwrap_or(now)))
        .or_else(|| grounds.t0.filter(|_| clock.is_none()).map(|t0| now.since(t0)));
    let stopped = clock.is_some_and(|clock| clock.stopped.is_some());
    let given_up = run.is_some_and(|run| run.stage == Stage::Aborting);
    let paths = grounds
        .runbook
        .filter(|_| closed.is_none() && !given_up)
        .map(|book| (book, Paths::of(book, grounds, elapsed.is_some())));
    let (remaining, plan) = paths.as_ref().map(|(_, paths)| paths.remaining()).unwrap_or_default();
    // What is left of the plan once the clock stopped moves no clock.
    let remaining = if stopped { Quantiles::default() } else { remaining };
    let leads_on = stopped || closed.is_some() || paths.is_some();
    let finish = elapsed.filter(|_| leads_on).map(|gone| Quantiles::always(gone).plus(remaining));
    let judge = Judge {
        run,
        elapsed,
        remaining: remaining.p80,
        late: given_up || paths.as_ref().is_some_and(|(_, paths)| !paths.stuck.is_empty()),
        dangerous: paths.as_ref().is_some_and(|(_, paths)| paths.dangerous),
        split: grounds.split,
        now,
    };
    let tiers: Vec<TierClock> =
        grounds.site.objectives.iter().map(|objective| judge.tier(objective)).collect();
    let counted = counted(&tiers);
    let rto = counted.map(|tier| tier.rto);
    let deadline = rto.map(|rto| deadline(rto, elapsed.unwrap_or_default(), now));
    let decide_by = deadline
        .filter(|_| clock.is_none() && paths.is_some())
        .map(|deadline| deadline.minus(remaining.p80));
    let mut found = Forecast {
        elapsed,
        rto,
        tier: counted.map(|tier| tier.tier.clone()),
        remaining_p50: remaining.p50,
        remaining_p80: remaining.p80,
        plan_p80: plan.p80,
        finish_p50: finish.map(|finish| finish.p50),
        finish_p80: finish.map(|finish| finish.p80),
        decide_by,
        critical: Vec::new(),
        steps: Vec::new(),
        stuck: Vec::new(),
        state: judge.sum(&tiers, rto),
        tiers,
        runs: 0,
    };
    if let Some((book, paths)) = paths {
        let deadline = deadline.filter(|_| elapsed.is_some());
        tell_steps(&mut found, book, paths, deadline, stopped);
    }
    found
}

fn tell_steps(
    found: &mut Forecast,
    book: &Runbook,
    paths: Paths,
    deadline: Option<Stamp>,
    stopped: bool,
) {
    if !stopped {
        let places = paths.critical().into_iter();
        found.critical = places.map(|place| book.steps[place].id.clone()).collect();
    }
    for (step, told) in book.steps.iter().zip(paths.steps()) {
        found.runs = found.runs.max(told.pace.runs);
        let chain = told.chain.filter(|_| told.waits && !stopped);
        let last_start = deadline.zip(chain).map(|(deadline, chain)| deadline.minus(chain.p80));
        found.steps.push(StepOutlook {
            id: step.id.clone(),
            pace: told.pace,
            last_start,
            chain,
            beside: told.beside,
        });
    }
    found.stuck = paths.stuck;
}

/// When an objective is breached, on the clock of `now`.
fn deadline(rto: Duration, elapsed: Duration, now: Stamp) -> Stamp {
    if elapsed > rto {
        now.minus(elapsed.saturating_sub(rto))
    } else {
        now.plus(rto.saturating_sub(elapsed))
    }
}

/// The tier that the big clock counts against. A clock that goes on counts the strictest objective
/// that is still open; what stopped shows the worst: what was missed, then what took longest. Tiers
/// restored within one second were restored together: of those the strictest counts.
fn counted(tiers: &[TierClock]) -> Option<&TierClock> {
    let open = tiers.iter().filter(|tier| tier.took.is_none());
    open.min_by_key(|tier| tier.rto).or_else(|| {
        tiers.iter().min_by_key(|tier| {
            let missed = tier.state == RtoState::Missed;
            let took = tier.took.map(|took| took.as_secs());
            (!missed, std::cmp::Reverse(took), tier.rto)
        })
    })
}

/// Elapsed time at or over this share of the RTO makes an open dangerous step a risk.
const GONE_PERCENT: u32 = 75;

/// A forecast over this share of the RTO is a risk.
const TIGHT_PERCENT: u32 = 90;

/// What every objective is judged by.
struct Judge<'a> {
    run: Option<&'a Run>,
    elapsed: Option<Duration>,
    /// At p80.
    remaining: Duration,
    /// A step takes longer than it should, or the run is being given up.
    late: bool,
    /// A step with guard 2 or 3 is open.
    dangerous: bool,
    split: bool,
    now: Stamp,
}

impl Judge<'_> {
    /// The clock of the run, from its declaration on.
    fn clock(&self) -> Option<&RtoClock> {
        self.run?.clock.as_ref()
    }

    fn is_closed(&self) -> bool {
        self.run.is_some_and(|run| run.closed.is_some())
    }

    fn tier(&self, objective: &Objective) -> TierClock {
        let took = self.took(&objective.tier);
        let state = match (self.elapsed, took) {
            (None, _) => RtoState::Ready,
            (Some(_), Some(took)) if took >= objective.rto => RtoState::Missed,
            (Some(_), Some(_)) if self.split => RtoState::Contested,
            (Some(_), Some(_)) => RtoState::Met,
            // It ended, and nobody saw the service restored.
            (Some(_), None) if self.is_closed() => RtoState::Missed,
            (Some(elapsed), None) => self.running(elapsed, Some(objective.rto)),
        };
        TierClock { tier: objective.tier.clone(), rto: objective.rto, took, state }
    }

    /// From T0 to the restoration of a tier, at the latest that of the whole.
    fn took(&self, tier: &TierId) -> Option<Duration> {
        let (run, clock) = (self.run?, self.clock()?);
        let own = run.tiers.iter().find(|(known, ..)| known == tier).map(|(_, at, _)| *at);
        match (clock.stopped, own) {
            (Some(total), own) => {
                let (end, _) = run.restored.as_ref()?;
                Some(own.map_or(total, |at| total.saturating_sub(end.since(at))))
            }
            (None, Some(at)) => Some(clock.elapsed(self.now).saturating_sub(self.now.since(at))),
            (None, None) => None,
        }
    }

    /// The state of the big clock.
    fn sum(&self, tiers: &[TierClock], rto: Option<Duration>) -> RtoState {
        let Some(elapsed) = self.elapsed else { return RtoState::Ready };
        match self.clock().and_then(|clock| clock.stopped) {
            Some(_) if tiers.iter().any(|tier| tier.state == RtoState::Missed) => RtoState::Missed,
            Some(_) if self.split => RtoState::Contested,
            Some(_) => RtoState::Met,
            None if self.is_closed() => RtoState::Missed,
            None => self.running(elapsed, rto),
        }
    }

    fn running(&self, elapsed: Duration, rto: Option<Duration>) -> RtoState {
        let finish = elapsed.saturating_add(self.remaining);
        let share = |rto: Duration, percent| (rto / 100).saturating_mul(percent);
        match rto {
            Some(rto) if elapsed >= rto => RtoState::Breached,
            Some(rto) if finish > rto => RtoState::WillMiss,
            Some(rto)
                if self.late
                    || finish > share(rto, TIGHT_PERCENT)
                    || (self.dangerous && elapsed >= share(rto, GONE_PERCENT)) =>
            {
                RtoState::AtRisk
            }
            None if self.late => RtoState::AtRisk,
            Some(_) | None if self.clock().is_some() => RtoState::OnTrack,
            Some(_) | None => RtoState::Provisional,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
