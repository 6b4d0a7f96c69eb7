//! Whether the histories of two servers have split.

use crate::domain::reading::FactValue;

/// What two histories are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// They are one, or one is the other's beginning.
    No,
    /// They have split; the sentence.
    Yes(String),
    /// It cannot be told; why.
    Unknown(String),
}

impl Split {
    /// As the fact `diverged`.
    pub fn fact(&self) -> FactValue {
        match self {
            Self::No => FactValue::Boolean(false),
            Self::Yes(_) => FactValue::Boolean(true),
            Self::Unknown(why) => FactValue::Unknown(why.as_str().into()),
        }
    }
}
