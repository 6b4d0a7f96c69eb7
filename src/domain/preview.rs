//! Whether a step's effect is there, and what the step would do: seen before and after every act.

use serde::{Deserialize, Serialize};

use super::text::Clean;

/// Whether the step's effect is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is; what was seen.
    Done(Clean),
    /// It is not; what was seen.
    NotDone(Clean),
    /// It cannot be told; why.
    Unknown(Clean),
}

impl Standing {
    /// That it is so, or that it is not.
    pub fn of(is_so: bool, seen: impl Into<Clean>) -> Self {
        if is_so { Self::Done(seen.into()) } else { Self::NotDone(seen.into()) }
    }
}

/// What a step would do, shown before it is done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preview {
    /// One line a change.
    pub changes: Vec<PreviewLine>,
    /// The exact command or call, without secrets.
    pub call: Clean,
    /// Who or what it acts as, and where.
    pub acts_as: Clean,
}

/// One line of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewLine {
    /// `~` changes, `+` adds, `-` removes, `!` beware.
    pub mark: char,
    /// The line.
    pub text: Clean,
}
