//! Whether a step's effect is there in the simulated world, said in a sentence with its values.

use super::acts::Act;
use super::operator::SimOperator;
use super::plan::{Nature, SystemPlan};
use super::reading::{Moment, identity};
use super::state::{RESOLVERS, Units, WorldState, purged, since_last_turn};
use super::store::StoreState;
use super::wish::Answer;
use super::world::World;
use crate::domain::catalogue::Change;
use crate::domain::ids::{Side, SystemId};
use crate::domain::preview::Standing;
use crate::domain::reading::{Health, Identity, Reading};
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, clock_text, short_time};

/// One moment of a world, owned.
pub struct View {
    /// The world.
    pub world: World,
    /// What was done to it.
    pub acts: Vec<Act>,
    /// The truth.
    pub state: WorldState,
    /// When it was looked at.
    pub at: Stamp,
}

impl View {
    /// The moment, for looks.
    pub fn moment(&self) -> Moment<'_> {
        Moment { plan: self.world.plan(), acts: &self.acts, state: &self.state, at: self.at }
    }

    /// A system of a nature, by name.
    fn system(&self, id: Option<&SystemId>, nature: Nature) -> Option<&SystemPlan> {
        self.world.plan().system(id?).filter(|system| system.nature == nature)
    }

    /// The store that a step acts on, with its truth.
    pub fn store(&self, id: Option<&SystemId>) -> Option<(&SystemPlan, &StoreState)> {
        let system = self.system(id, Nature::Store)?;
        Some((system, self.state.store(&system.id)?))
    }

    /// The units that a step acts on.
    pub fn units(&self, id: Option<&SystemId>, side: Side) -> Option<Units> {
        let system = self.system(id, Nature::Compute)?;
        self.state.compute.get(&system.id).map(|units| units[side.index()])
    }

    /// The server that a step meets; none where the system tells none.
    pub(super) fn met(&self, step: &SimOperator) -> Option<Identity> {
        let (system, _) = self.store(step.target.as_ref())?;
        Some(identity(self.world.plan(), system, step.side, self.state.now_s))
    }

    /// That a step meets another server than it is meant for.
    pub(super) fn strayed(&self, step: &SimOperator) -> Option<Clean> {
        let why = self.met(step)?.another(&step.named(self), step.meant.as_ref())?;
        Some(why.into())
    }

    /// When a moment of the world was, on the wall clock: `14:02:10Z`.
    fn clock(&self, time_s: f64) -> String {
        let time = std::time::Duration::from_secs_f64(time_s.max(0.0));
        self.world.start().plus(time).utc().to_string()
    }
}

fn done(text: String) -> Standing {
    Standing::Done(text.into())
}

fn not_done(text: String) -> Standing {
    Standing::NotDone(text.into())
}

/// How a step stands at a moment.
pub fn standing(step: &SimOperator, view: &View) -> Standing {
    if view.state.cut {
        return Standing::Unknown("our own network is down: nothing answers".into());
    }
    let store = view.store(step.target.as_ref());
    match (step.change, store) {
        (Change::Promote | Change::HandOver, Some((system, state))) if !system.mirrored => {
            promoted(step, view, system, state)
        }
        (Change::Promote | Change::HandOver | Change::StopReplication, Some((system, state))) => {
            stopped(step, view, system, state)
        }
        (Change::Follow, Some((system, state))) => replicating(step, view, system, state),
        (Change::Scale, _) if view.units(step.target.as_ref(), step.side).is_some() => {
            scaled(step, view)
        }
        (Change::ShiftTraffic, _) => shifted(step, view),
        (Change::Fence, _) => fenced(step, view, true),
        (Change::Unfence, _) => fenced(step, view, false),
        (Change::Purge, _) => {
            let empty = purged(&view.acts, &step.object(), step.side, view.state.now_s);
            let words = if empty { "every edge is empty" } else { "edges keep old answers" };
            Standing::of(empty, format!("{}: {words}", step.object()))
        }
        (Change::ProveWrite, Some((system, _))) => written(step, view, system),
        (Change::Check, _) => checked(step, view),
        (
            Change::Promote
            | Change::HandOver
            | Change::StopReplication
            | Change::Follow
            | Change::Scale
            | Change::Notify
            | Change::ProveWrite
            | Change::None,
            _,
        ) => recorded(step, view),
    }
}

fn promoted(step: &SimOperator, view: &View, system: &SystemPlan, state: &StoreState) -> Standing {
    let (title, side) = (&system.title, step.side);
    if state.primary[side.index()] {
        let last = if state.source == side {
            String::new()
        } else {
            let last_s = state.flow_ended_s.unwrap_or(view.state.now_s) - state.ahead_s.min(1e9);
            format!(", last write from {} was made before {}", state.source, view.clock(last_s))
        };
        let timeline = state.timeline;
        return done(format!("{title} in {side} is PRIMARY on timeline {timeline}{last}"));
    }
    match state.promoting[side.index()] {
        // In steps of 20 %, so that the output stays short.
        Some(work) => {
            let percent = (work.share(view.state.now_s) * 5.0).floor() * 20.0;
            not_done(format!("{title} in {side} is promoting, {percent:.0} % of the log applied"))
        }
        None => not_done(format!("{title} in {side} is standby")),
    }
}

fn stopped(step: &SimOperator, view: &View, system: &SystemPlan, state: &StoreState) -> Standing {
    let (title, side) = (&system.title, step.side);
    if state.linked && state.replica() == side {
        return not_done(format!("{title} is still copied from {} to {side}", state.source));
    }
    let ended = state.flow_ended_s.map_or_else(String::new, |ended_s| {
        format!(", last copy arrived before {}", view.clock(ended_s))
    });
    done(format!("nothing is copied into {title} in {side}{ended}"))
}

fn replicating(
    step: &SimOperator,
    view: &View,
    system: &SystemPlan,
    state: &StoreState,
) -> Standing {
    let (title, side, from) = (&system.title, step.side, step.side.other());
    if !state.linked || state.source != from {
        return not_done(format!("{title} in {side} does not follow {from}"));
    }
    match state.seeding {
        Some(work) => {
            let percent = (work.share(view.state.now_s) * 5.0).floor() * 20.0;
            not_done(format!("first copy of {title} from {from}: {percent:.0} %"))
        }
        None if state.flows => {
            let lag = short_time(std::time::Duration::from_secs_f64(state.ahead_s));
            done(format!("{title} in {side} follows {from}, {lag} behind"))
        }
        None => not_done(format!("{title} in {side} follows {from}, but no copies arrive")),
    }
}

fn scaled(step: &SimOperator, view: &View) -> Standing {
    let Some(units) = view.units(step.target.as_ref(), step.side) else {
        return Standing::Unknown("no such units in this world".into());
    };
    let goal = step.asked.amount.unwrap_or(units.wanted);
    let text = format!("{} of {goal} units ready in {}", units.ready, step.side);
    if view.state.alive[step.side.index()] {
        Standing::of(units.asked == goal && units.ready == goal, text)
    } else {
        Standing::Unknown(format!("region {} does not answer", step.side).into())
    }
}

/// Resolvers that a share of users means.
fn goal_of(percent: u32) -> u32 {
    (percent.min(100) * RESOLVERS).div_ceil(100)
}

fn shifted(step: &SimOperator, view: &View) -> Standing {
    let place = step.side.index();
    let goal = goal_of(step.asked.amount.unwrap_or(100));
    let count = |share: f64| super::chance::whole((share * f64::from(RESOLVERS)).round());
    let (here, wanted) = (count(view.state.share[place]), count(view.state.share_wanted[place]));
    let ttl = view.world.plan().ttl_s();
    let text = format!("{here} of {RESOLVERS} resolvers answer {}, TTL {ttl:.0} s", step.side);
    Standing::of(here == u64::from(goal) && wanted == u64::from(goal), text)
}

fn fenced(step: &SimOperator, view: &View, wanted: bool) -> Standing {
    let side = step.side;
    let fenced = view.state.fenced[side.index()];
    let alive = view.state.alive[side.index()];
    let text = match (fenced, alive) {
        (true, true) => format!("{side} is fenced: writers revoked, a test write was refused"),
        (true, false) => {
            format!("{side} is fenced at the provider: writers revoked; the region is silent")
        }
        // Which of its stores take writes is told by their roles, not by this.
        (false, true) => format!("nothing in {side} is kept from writing"),
        (false, false) => format!("{side} is silent and not fenced: it may come back writing"),
    };
    let pending = view.state.fencing.is_some_and(|(which, _)| which == side);
    Standing::of(fenced == wanted && !pending, text)
}

fn checked(step: &SimOperator, view: &View) -> Standing {
    let Some(system) = step.target.as_ref().and_then(|id| view.world.plan().system(id)) else {
        return done("nothing to look at in this world".to_owned());
    };
    let named = format!("{} in {}", system.title, step.side);
    let reading: Reading = match view.moment().look(system, step.side) {
        Ok(reading) => reading,
        Err(error) if error.counts_as_failure() => return not_done(format!("{named}: {error}")),
        Err(error) => return Standing::Unknown(format!("{named}: {error}").into()),
    };
    if let Some(wish) = &step.asked.wish {
        return match wish.holds_in(&reading) {
            Answer::Holds(shown) => done(format!("{named}: {shown}")),
            Answer::Fails(shown) => not_done(format!("{named}: {shown}, {}", reading.note)),
            Answer::Untold(why) => Standing::Unknown(format!("{named}: {why}").into()),
        };
    }
    match &reading.health {
        Health::Up => done(format!("{named}: {}", reading.note)),
        Health::Degraded(why) | Health::Down(why) => not_done(format!("{named}: {why}")),
        Health::Unknown(why) => Standing::Unknown(format!("{named}: {why}").into()),
    }
}

/// A store that takes writes was written to since it last became what it is on this way.
fn written(step: &SimOperator, view: &View, system: &SystemPlan) -> Standing {
    let able = checked(step, view);
    if !matches!(able, Standing::Done(_)) {
        return able;
    }
    let (title, side) = (&system.title, step.side);
    let ours = |act: &&Act| act.system == system.id.as_str() && act.side == side;
    let begun = view.acts.iter().filter(ours).rfind(|act| act.change.promotes());
    let begun = begun.map_or(0, |act| act.elapsed_ms);
    let last = since_last_turn(&view.acts, step.direction.to)
        .filter(ours)
        .filter(|act| act.change == Change::ProveWrite && act.elapsed_ms >= begun)
        .last();
    match last {
        Some(act) => {
            let at = view.clock(act.at().as_secs_f64());
            done(format!("{title} in {side} took a write at {at}, and it was read back"))
        }
        None => not_done(format!("nothing was written to {title} in {side} yet")),
    }
}

/// What leaves no trace but the act itself: done when it is on record on this way.
fn recorded(step: &SimOperator, view: &View) -> Standing {
    let object = step.object();
    let act = since_last_turn(&view.acts, step.direction.to)
        .find(|act| act.change == step.change && act.system == object && act.side == step.side);
    match act {
        Some(act) => {
            let after = clock_text(act.at());
            done(format!("`{object}` was done {after} after the world began"))
        }
        None => not_done(format!("`{object}` is not on the world's record")),
    }
}
