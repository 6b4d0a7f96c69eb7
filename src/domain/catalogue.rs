//! The kinds of step that exist: how dangerous each is, what it changes and how it is taken back.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, FromRepr, IntoStaticStr, VariantArray, VariantNames};

use super::setting::SettingSpec;

/// How far an action may be repeated (`safety.md`, action classes). Undeclared means `X`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    VariantNames,
)]
pub enum Class {
    /// Read-only check.
    R,
    /// Sets an absolute state.
    I,
    /// The target removes duplicates by a key.
    K,
    /// Repeating does harm.
    N,
    /// Irreversible.
    X,
    /// A person does it, we record.
    H,
}

/// How a person starts a step.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, FromRepr,
)]
#[repr(u8)]
pub enum Guard {
    /// One key.
    OneKey,
    /// One key, then three seconds in which any key stops it.
    StopWindow,
    /// The target is typed.
    TypedTarget,
    /// Verb and target are typed, a second person where the site asks for it.
    TypedVerb,
}

impl Guard {
    /// 0 to 3, as plans and docs count them.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The guard of a number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::from_repr(u8::try_from(number).ok()?)
    }
}

/// What stands between a repeated call and a second effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fencing {
    /// The target refuses the second one.
    FencedByTarget,
    /// The second one changes nothing.
    IdempotentByKey,
    /// Nothing does.
    NotFenced,
}

impl Fencing {
    /// The words shown on the step card.
    pub fn words(self) -> &'static str {
        match self {
            Self::FencedByTarget => "fenced by target",
            Self::IdempotentByKey => "idempotent by key",
            Self::NotFenced => "not fenced",
        }
    }
}

/// What an action does to the world: what the rules, the clock, the abort planner and the simulator
/// go by. A verb is for people; no rule reads it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Change {
    /// A region or a store is kept from writing.
    Fence,
    /// It may write again.
    Unfence,
    /// The standby store becomes primary, whatever the other one is.
    Promote,
    /// The primary hands over to the standby: it takes no more writes before the other one does.
    HandOver,
    /// A store copies from the other side and takes no writes of its own.
    Follow,
    /// Copying between the regions ends.
    StopReplication,
    /// Capacity is raised or lowered.
    Scale,
    /// Traffic goes to the other region.
    ShiftTraffic,
    /// A cache is emptied.
    Purge,
    /// People are told.
    Notify,
    /// A row or key is written to a store and read back: it takes writes.
    ProveWrite,
    /// Something is looked at.
    Check,
    /// Nothing that the world could show.
    None,
}

impl Change {
    /// What a plan may say of a step whose action says nothing. That something is only looked at
    /// is the action's to say.
    pub fn declared() -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied().filter(|change| !matches!(change, Self::Check | Self::None))
    }

    /// The change of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    /// Its word in a plan.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// What takes it back; none where nothing does.
    pub fn opposite(self) -> Self {
        match self {
            Self::Fence => Self::Unfence,
            Self::Unfence => Self::Fence,
            Self::StopReplication => Self::Follow,
            Self::Follow => Self::StopReplication,
            Self::Scale => Self::Scale,
            Self::ShiftTraffic => Self::ShiftTraffic,
            Self::Promote
            | Self::HandOver
            | Self::Purge
            | Self::Notify
            | Self::ProveWrite
            | Self::Check
            | Self::None => Self::None,
        }
    }

    /// True for what leaves nothing behind that anybody would want to take back.
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Check | Self::ProveWrite)
    }

    /// True when the target is the primary once it is done.
    pub fn promotes(self) -> bool {
        matches!(self, Self::Promote | Self::HandOver)
    }

    /// True when the target takes no writes of users once it is done.
    pub fn closes(self) -> bool {
        matches!(self, Self::Fence | Self::Follow)
    }
}

/// One kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSpec {
    /// `kind.verb`, such as `postgres.promote`.
    pub name: &'static str,
    /// One sentence of what it does.
    pub doc: &'static str,
    /// The verb a person types at guard 3 and reads everywhere, such as `promote`.
    pub verb: &'static str,
    /// How far it may be repeated.
    pub class: Class,
    /// How it is started, unless the plan is stricter.
    pub guard: Guard,
    /// What stands between a repeated call and a second effect.
    pub fencing: Fencing,
    /// What it does to the world.
    pub change: Change,
    /// How it is taken back, in one sentence; also says when it cannot be.
    pub reversal: &'static str,
    /// Rights that the acting credentials need.
    pub permissions: &'static [&'static str],
    /// True when the step needs a `target = { system, in }`.
    pub needs_target: bool,
    /// What may be written in `with`.
    pub settings: &'static [SettingSpec],
}

impl ActionSpec {
    /// What steps that only look have in common; each says where it differs.
    pub const LOOK: Self = Self {
        name: "",
        doc: "",
        verb: "check",
        class: Class::R,
        guard: Guard::OneKey,
        fencing: Fencing::IdempotentByKey,
        change: Change::Check,
        reversal: "Nothing to take back: it only looks",
        permissions: &[],
        needs_target: true,
        settings: &[],
    };

    /// True for an action of this kind of system: it connects to its target by the system's names.
    pub fn is_of(&self, kind: &str) -> bool {
        self.name.split_once('.').is_some_and(|(owner, _)| owner == kind)
    }
}

/// One fact of a system's readings, for gates and docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactSpec {
    /// The name that gates use.
    pub name: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
}

/// A fact with what it means.
pub const fn fact(name: &'static str, doc: &'static str) -> FactSpec {
    FactSpec { name, doc }
}
