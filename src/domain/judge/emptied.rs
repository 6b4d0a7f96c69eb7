//! A store whose data is gone: an alarm and a reason against, until a named person accepts it.

use super::scene::Scene;
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::Role;
use crate::domain::run::state::AcceptedCriterion;
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::{Emptied, Emptying, Snapshot, earlier};
use crate::domain::verdict::{Alarm, Criterion, Met, Priority};

/// The key of the criterion that a system kept its data; accepting it says that what is there now
/// is the data.
pub fn emptied_key(system: &SystemId) -> String {
    format!("emptied/{system}")
}

impl Snapshot {
    /// What a named person accepted after it was seen is over: what is there now is the data.
    pub fn take_accepted(&mut self, accepted: &[AcceptedCriterion]) {
        self.end_emptied(|system| {
            let key = emptied_key(system);
            accepted.iter().rfind(|accepted| accepted.key == key).map(|accepted| accepted.at)
        });
    }
}

/// The sides of a system whose data is gone, and what that is in words.
fn of_system(scene: &Scene<'_>, system: &SystemSpec) -> Option<(Vec<(Side, Emptied)>, String)> {
    let sides: Vec<(Side, Emptied)> = scene.snapshot.emptied(&system.id).collect();
    let words: Vec<String> = sides.iter().map(|(side, emptied)| emptied.words(*side)).collect();
    (!sides.is_empty()).then(|| (sides, words.join(", ")))
}

/// One row a system, with what to do.
pub(super) fn alarms(scene: &Scene<'_>) -> Vec<Alarm> {
    let alarm = |system: &SystemSpec| {
        let (sides, words) = of_system(scene, system)?;
        let ordered = sides.iter().all(|(_, emptied)| emptied.how == Emptying::Ordered);
        let (first, _) = sides.first()?;
        let rescue = match (still_holds(scene, system, &sides), ordered) {
            (Some(there), false) if serves(scene, system, first.other()) => {
                format!("{there} and is PRIMARY: look who answers as {first}")
            }
            (Some(there), false) => format!("{there}: promote it or stop {first}"),
            (Some(_) | None, _) => {
                "restore it, then accept this in the go/no-go list of a run".to_owned()
            }
        };
        let priority = if ordered { Priority::ActSoon } else { Priority::ActNow };
        let sentence = format!("EMPTIED: {} in {words}; {rescue}", system.id);
        Some(Alarm {
            system: Some(system.id.clone()),
            since: sides.iter().map(|(_, emptied)| emptied.at).reduce(earlier),
            ..Alarm::new(emptied_key(&system.id), priority, sentence)
        })
    };
    scene.site.systems.iter().filter_map(alarm).collect()
}

/// True where a side was read as the primary last.
fn serves(scene: &Scene<'_>, system: &SystemSpec, side: Side) -> bool {
    let told = scene.snapshot.cell(&system.id, side).and_then(|cell| cell.last_reading.as_ref());
    told.is_some_and(|reading| reading.role == Some(Role::Primary))
}

/// `B still holds 500 keys`, where one side lost its data and the other one did not.
fn still_holds(
    scene: &Scene<'_>,
    system: &SystemSpec,
    sides: &[(Side, Emptied)],
) -> Option<String> {
    let [(side, emptied)] = sides else { return None };
    let there = side.other();
    let held = scene.snapshot.cell(&system.id, there)?.kept.whole.as_ref()?.held();
    let whole = held.unit == emptied.before.unit && held.count >= emptied.before.count.div_ceil(2);
    whole.then(|| format!("{there} still holds {held}"))
}

/// Against going where the side to be taken into service lost its data; a doubt where the other
/// one did: then going may be what saves it.
pub(super) fn criteria(scene: &Scene<'_>) -> Vec<Criterion> {
    let criterion = |system: &SystemSpec| {
        let (sides, words) = of_system(scene, system)?;
        let standby = scene.standby();
        let lost = sides
            .iter()
            .any(|(side, emptied)| *side == standby && emptied.how != Emptying::Ordered);
        let met = if lost { Met::No } else { Met::Unknown };
        let asks = format!("{} kept its data", system.id);
        let (about, wanted) = (system.id.as_str().into(), "all its data".into());
        let plain = Criterion::new(emptied_key(&system.id), asks, met, words);
        Some(Criterion { about, wanted, ..plain })
    };
    scene.site.systems.iter().filter_map(criterion).collect()
}
