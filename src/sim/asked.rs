//! What the settings of a simulated step ask for.

use super::wish::Wish;
use crate::domain::catalogue::{ActionSpec, Change};
use crate::domain::settings::{Fault, Fields, Table};

/// The ways to write a region in a step's settings.
const SIDES: [&str; 4] = ["from", "to", "a", "b"];

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
        let count = |number: i64| u32::try_from(number).unwrap_or(0);
        match spec.change {
            Change::Scale => asked.amount = fields.integer("to", 0, 1000)?.map(count),
            Change::ShiftTraffic => {
                asked.amount = fields.integer("percent", 0, 100)?.map(count);
                asked.side = fields.choice("side", &SIDES)?;
            }
            Change::Fence | Change::Unfence => asked.side = fields.choice("side", &SIDES)?,
            Change::ProveWrite => asked.wish = Some(Wish::writable()),
            Change::Check => asked.wish = Wish::read(&fields)?,
            Change::Notify => asked.text = Some(fields.need_text("text")?.to_owned()),
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
