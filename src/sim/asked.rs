//! What the settings of a simulated step ask for.

use super::wish::Wish;
use crate::domain::catalogue::{ActionSpec, Change};
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields, Table};

/// The ways to write a region in a step's settings.
const SIDES: Kind = Kind::Choice(&["from", "to", "a", "b"]);

pub(super) const SIDE: Setting<&str> =
    Setting::new("side", SIDES, "the region; from when not written");

pub(super) const SIDE_TO: Setting<&str> = SIDE.example("\"to\"");

pub(super) const USERS_SIDE: Setting<&str> =
    Setting::new("side", SIDES, "the region; the target's when not written");

pub(super) const UNITS: Setting<u32> =
    Setting::new("to", Kind::Integer(0, 1000), "units; those of full service when not written")
        .example("10");

pub(super) const PERCENT: Setting<u32> =
    Setting::new("percent", Kind::Integer(0, 100), "percent of users; 100 when not written");

pub(super) const TEXT: Setting<String> = Setting::new("text", Kind::Text, "what people are told")
    .required()
    .example("\"the platform is back\"");

pub(super) const FACT: Setting<String> =
    Setting::new("fact", Kind::Text, "the fact; up when not written");

pub(super) const IS: Setting<String> =
    Setting::new("is", Kind::Shape("a value"), "what it must be");

pub(super) const AT_LEAST: Setting<String> =
    Setting::new("at_least", Kind::Shape("a number or a time"), "what it must be at least");

pub(super) const AT_MOST: Setting<String> =
    Setting::new("at_most", Kind::Shape("a number or a time"), "what it may be at most");

/// What a step's `with` asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// Units or percent.
    pub amount: Option<u32>,
    /// The region to fence, as written: `from`, `to`, `a` or `b`.
    pub side: Option<&'static str>,
    /// The fact to wait for.
    pub wish: Option<Wish>,
    /// What people are told.
    pub text: Option<String>,
}

impl Asked {
    /// Reads the settings of a step of this kind.
    ///
    /// # Errors
    /// When one is missing, unknown or out of range.
    pub(super) fn read(spec: &ActionSpec, with: &Table) -> Result<Self, Fault> {
        let fields = Fields::new(with, format!("`with` of `{}`", spec.name));
        let mut asked = Self::default();
        match spec.change {
            Change::Scale => asked.amount = UNITS.of(&fields)?,
            Change::ShiftTraffic => {
                asked.amount = PERCENT.of(&fields)?;
                asked.side = SIDE.of(&fields)?;
            }
            Change::Fence | Change::Unfence => asked.side = SIDE.of(&fields)?,
            Change::ProveWrite => asked.wish = Some(Wish::writable()),
            Change::Check => asked.wish = Wish::read(&fields)?,
            Change::Notify => asked.text = Some(TEXT.get(&fields)?),
            Change::Promote
            | Change::HandOver
            | Change::StopReplication
            | Change::Follow
            | Change::Purge
            | Change::None => {}
        }
        fields.finish()?;
        Ok(asked)
    }
}
