//! Which region takes writes and users once a run is given up, said aloud where that is nobody.

use crate::domain::catalogue::Change;
use crate::domain::ids::Side;
use crate::domain::run::event::Stays;
use crate::domain::run::state::Run;
use crate::domain::runbook::{Runbook, Step};
use crate::domain::text::Clean;

/// Who serves after the run was given up, as far as the plan knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// Regions that take writes; both is a split brain, none an outage.
    pub writes: Vec<Side>,
    /// Where users are sent; none when the plan moves no users.
    pub users: Option<Side>,
    /// True when one region takes all writes, and users are there.
    pub well: bool,
    /// That in words, each with whether it is bad.
    pub words: Vec<(bool, Clean)>,
}

/// What of the plan decides who serves.
struct World<'a> {
    from: Side,
    to: Side,
    from_lost: bool,
    to_lost: bool,
    fenced: bool,
    promoted: Vec<&'a str>,
    /// Stores that are not promoted and that a fence covers.
    closed: Vec<&'a str>,
    /// Stores that are not promoted and that none covers.
    loose: Vec<&'a str>,
    /// Promoted stores whose old side has no fence of its own, where there is a fence at all.
    bare: Vec<&'a str>,
    users: Option<Side>,
}

/// Who serves once all that goes back is back and `stays` stays; `lost` is a region that is silent.
pub(super) fn serving(run: &Run, plan: &Runbook, stays: &[Stays], lost: Option<Side>) -> Serving {
    let stands = |step: &&Step| stays.iter().any(|one| one.step == step.id);
    let of = |change: Change| plan.steps.iter().filter(move |step| step.change == change);
    let name = |step: &'_ Step| -> Option<String> {
        Some(step.target.as_ref()?.system.as_str().to_owned())
    };
    let names = |steps: Vec<&Step>| -> Vec<String> {
        let mut names: Vec<String> = steps.into_iter().filter_map(name).collect();
        names.dedup();
        names
    };
    let promotions = || plan.steps.iter().filter(|step| step.change.promotes());
    let promoted = names(promotions().filter(stands).collect());
    let others = names(promotions().filter(|step| !stands(step)).collect());
    let (from, to) = (run.direction.from, run.direction.to);
    let moved = of(Change::ShiftTraffic).any(|step| stands(&step));
    let moves = of(Change::ShiftTraffic).next().is_some();
    let fences: Vec<&Step> =
        plan.steps.iter().filter(|step| step.change.closes()).filter(stands).collect();
    // The fence of one store says nothing of another; that of an application covers them all.
    let is_store = |system: &str| {
        let target =
            |step: &Step| step.target.as_ref().is_some_and(|t| t.system.as_str() == system);
        promotions().any(target)
    };
    let covers = |step: &Step, store: &str| {
        step.target
            .as_ref()
            .map(|target| target.system.as_str())
            .is_none_or(|system| system == store || !is_store(system))
    };
    let is_bare =
        |store: &&str| !fences.is_empty() && !fences.iter().any(|fence| covers(fence, store));
    let (loose, closed) =
        others.iter().map(String::as_str).partition(|store| fences.is_empty() || is_bare(store));
    let world = World {
        from,
        to,
        from_lost: lost == Some(from),
        to_lost: lost == Some(to),
        fenced: !fences.is_empty(),
        bare: promoted.iter().map(String::as_str).filter(is_bare).collect(),
        promoted: promoted.iter().map(String::as_str).collect(),
        closed,
        loose,
        users: moves.then_some(if moved { to } else { from }),
    };
    if promotions().next().is_none() {
        return untold(&world);
    }
    told(&world)
}

/// A plan that promotes nothing does not tell who writes.
fn untold(world: &World<'_>) -> Serving {
    let World { from, fenced, .. } = world;
    let text = if *fenced {
        Clean::new(&format!("{from} stays fenced; the plan does not tell who takes writes"))
    } else {
        "the plan promotes nothing: it does not tell which region takes writes".into()
    };
    let mut words = vec![(*fenced, text)];
    words.extend(users_words(world));
    Serving { writes: Vec::new(), users: world.users, well: false, words }
}

fn told(world: &World<'_>) -> Serving {
    let World { from, to, from_lost, to_lost, fenced, promoted, closed, loose, .. } = world;
    let new = promoted.join(", ");
    let mut writes = Vec::new();
    if !promoted.is_empty() && !to_lost {
        writes.push(*to);
    }
    if !fenced && !from_lost {
        writes.push(*from);
    }
    let mut rest = Vec::new();
    if !closed.is_empty() {
        rest.push(format!("; NOBODY takes writes of {}", closed.join(", ")));
    }
    if !loose.is_empty() {
        let loose = loose.join(", ");
        rest.push(if *from_lost {
            format!("; NOBODY takes writes of {loose} until {from} answers again")
        } else {
            format!("; {from} takes those of {loose}")
        });
    }
    let rest = rest.concat();
    let text = match (promoted.is_empty(), *fenced, *from_lost) {
        (true, true, _) if loose.is_empty() => {
            format!("NOBODY takes writes: {from} is fenced, and nothing is promoted in {to}")
        }
        (true, true, _) => format!("{from} is fenced in part, nothing is promoted in {to}{rest}"),
        (true, false, true) => format!("NOBODY takes writes until {from} answers again"),
        (true, false, false) => format!("{from} takes writes, as before the run"),
        (false, true, _) => format!("{to} takes writes of {new}, {from} is fenced{rest}"),
        (false, false, true) => format!(
            "{to} takes writes of {new}; {from} is silent and not fenced: \
             if it comes back BOTH regions take writes{rest}"
        ),
        (false, false, false) => {
            format!("BOTH regions take writes of {new}: {from} is not fenced{rest}")
        }
    };
    let split = !promoted.is_empty() && !fenced;
    let whole = !split
        && (promoted.is_empty() || (closed.is_empty() && loose.is_empty()))
        && writes.len() == 1;
    let mut words = vec![(!whole, Clean::new(&text))];
    if !world.bare.is_empty() {
        let bare = world.bare.join(", ");
        let text = format!("{bare} in {from} has no fence of its own: see that nothing writes it");
        words.push((true, Clean::new(&text)));
    }
    words.extend(users_words(world));
    let well = words.iter().all(|(bad, _)| !bad);
    Serving { writes, users: world.users, well, words }
}

fn users_words(world: &World<'_>) -> Option<(bool, Clean)> {
    let side = world.users?;
    let lost = if side == world.from { world.from_lost } else { world.to_lost };
    let there = if side == world.from {
        !world.fenced && !world.from_lost
    } else {
        !world.promoted.is_empty() && !world.to_lost
    };
    let words = match (lost, there) {
        (true, _) => format!("NOBODY serves the users: they are sent to {side}, which is silent"),
        (false, true) => format!("users are sent to {side}"),
        (false, false) => format!("users are sent to {side}, which takes NO writes"),
    };
    Some((lost || !there, Clean::new(&words)))
}
