//! Finds the kinds of system and step that exist by the names people write.

use crate::domain::settings::unknown;
use crate::port::{Action, System};
use crate::systems::ACTIONS_OF_ANY_KIND;

/// The kinds of system a file may speak of; tests bring their own.
pub type Systems = &'static [&'static dyn System];

/// The kind of system called `kind`.
///
/// # Errors
/// A sentence with the nearest kind.
pub fn system(systems: Systems, kind: &str) -> Result<&'static dyn System, String> {
    systems.iter().copied().find(|system| system.kind() == kind).ok_or_else(|| {
        unknown("a kind of system", kind, systems.iter().map(|system| system.kind()))
    })
}

/// All actions: those of every kind, then those that work on any.
pub fn actions(
    systems: Systems,
) -> impl Iterator<Item = (Option<&'static dyn System>, &'static dyn Action)> {
    let of_kinds = systems
        .iter()
        .flat_map(|system| system.actions().iter().map(move |action| (Some(*system), *action)));
    of_kinds.chain(actions_of_any_kind().map(|action| (None, action)))
}

/// The actions that work on any kind.
pub fn actions_of_any_kind() -> impl Iterator<Item = &'static dyn Action> {
    ACTIONS_OF_ANY_KIND.iter().copied()
}

/// The action called `name`, with the kind of system that brings it; none for the actions that work
/// on any kind.
///
/// # Errors
/// A sentence with the nearest action.
pub fn action(
    systems: Systems,
    name: &str,
) -> Result<(Option<&'static dyn System>, &'static dyn Action), String> {
    actions(systems).find(|(_, action)| action.spec().name == name).ok_or_else(|| {
        unknown("an action", name, actions(systems).map(|(_, action)| action.spec().name))
    })
}
