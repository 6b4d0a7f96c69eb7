//! What a target of the simulated world would refuse.

use super::operator::SimOperator;
use super::standing::View;
use crate::domain::catalogue::Change;

/// Why the target would refuse; nothing was changed then.
pub(super) fn refusal(step: &SimOperator, view: &View) -> Option<String> {
    if view.state.cut {
        return Some("our own network is down: no target answers".to_owned());
    }
    let side = step.side;
    let silent = !view.state.alive[side.index()];
    let store = view.store(step.target.as_ref());
    match (step.change, store) {
        (
            Change::Promote
            | Change::HandOver
            | Change::StopReplication
            | Change::Scale
            | Change::ProveWrite,
            _,
        ) if silent => Some(format!("region {side} does not answer")),
        (Change::Promote | Change::HandOver, Some((system, state))) if state.seeding.is_some() => {
            Some(format!("{} in {side} has no whole copy yet", system.title))
        }
        (Change::ProveWrite, Some((system, state))) if !state.open[side.index()] => {
            Some(format!("{} in {side} takes no writes", system.title))
        }
        (Change::Follow, Some((system, state))) => {
            let (title, from) = (&system.title, side.other());
            if view.state.alive != [true, true] {
                Some("both regions must answer for a first copy".to_owned())
            } else if !system.mirrored && view.state.share[side.index()] > 0.0 {
                Some(format!("users are sent to {side}: {title} there is in use"))
            } else if !system.mirrored && !state.primary[from.index()] {
                Some(format!("{title} in {from} is not primary: nothing to follow"))
            } else {
                None
            }
        }
        _ => None,
    }
}
