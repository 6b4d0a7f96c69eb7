//! Finds the kinds of system and step that exist by the names people write.

use crate::domain::settings::unknown;
use crate::port::{Action, System};

/// The kinds of system and step that a file may speak of; tests bring their own.
#[derive(Clone, Copy)]
pub struct Kinds {
    /// The kinds of system.
    pub systems: &'static [&'static dyn System],
    /// The actions that work on systems of any kind and so belong to none.
    pub of_any: &'static [&'static dyn Action],
    /// Kinds that this program is built without, each with the feature that would bring it.
    pub left_out: &'static [(&'static str, &'static str)],
}

/// An action, with the kind of system that brings it; none for those that work on any kind.
pub type Brought = (Option<&'static dyn System>, &'static dyn Action);

impl Kinds {
    /// The kind of system called `kind`.
    ///
    /// # Errors
    /// A sentence with the nearest kind.
    pub fn system(self, kind: &str) -> Result<&'static dyn System, String> {
        let mut all = self.systems.iter().copied();
        all.find(|system| system.kind() == kind).ok_or_else(|| {
            if let Some((_, feature)) = self.left_out.iter().find(|(left, _)| *left == kind) {
                let built = format!("build it with `--features {feature}`");
                return format!("kind `{kind}` is left out of this program: {built}");
            }
            unknown("a kind of system", kind, self.systems.iter().map(|system| system.kind()))
        })
    }

    /// All actions: those of every kind, then those that work on any.
    pub fn actions(self) -> impl Iterator<Item = Brought> {
        let of_kinds = self
            .systems
            .iter()
            .flat_map(|system| system.actions().iter().map(move |action| (Some(*system), *action)));
        of_kinds.chain(self.of_any.iter().map(|action| (None, *action)))
    }

    /// The action called `name`.
    ///
    /// # Errors
    /// A sentence with the nearest action.
    pub fn action(self, name: &str) -> Result<Brought, String> {
        self.actions().find(|(_, action)| action.spec().name == name).ok_or_else(|| {
            unknown("an action", name, self.actions().map(|(_, action)| action.spec().name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_left_out_is_told_from_one_that_is_none() {
        let kinds = Kinds { systems: &[], of_any: &[], left_out: &[("kafka", "kafka")] };
        let check = |kind: &str, want: &str| {
            let found = kinds.system(kind).err().expect("there is none");
            assert!(found.contains(want), "{found}");
        };
        check("kafka", "left out of this program: build it with `--features kafka`");
        check("kafke", "`kafke`");
    }
}
