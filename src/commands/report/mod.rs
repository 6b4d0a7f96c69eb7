//! The report of a run in three formats, made from its folder alone, sealed, and checked again.

pub(super) mod command;
pub mod format;
mod html;
mod json;
mod markdown;
pub mod page;
pub mod seal;
mod svg;
pub mod verify;

use std::path::Path;

use self::format::Format;
use self::page::{Chain, Rendered};
use crate::app::record::{Record, RecordError};
use crate::domain::report::Report;
use crate::domain::run::commit::Hash;
use crate::domain::run::event::RunEvent;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::runtime::journal::Finding;

/// What a report is made from: a run's folder as read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The journal's events, numbered from 1.
    pub events: Vec<RunEvent>,
    /// The hash of each event's line.
    pub hashes: Vec<Hash>,
    /// What was found beside them.
    pub finding: Finding,
    /// The frozen plan.
    pub runbook: Runbook,
    /// The frozen site.
    pub site: Site,
}

impl Source {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// When the journal or a frozen file cannot be read; damage is a finding, not an error.
    pub fn read(folder: &Path) -> Result<Self, RecordError> {
        let Record { back, site, plan: runbook } = Record::read(folder)?;
        let (events, hashes, finding) = (back.events, back.hashes, back.finding);
        Ok(Self { events, hashes, finding, runbook, site })
    }

    /// Why not all of the journal can be believed; a write that is just being made is no damage.
    pub fn damage(&self) -> Option<Clean> {
        match &self.finding {
            Finding::Whole | Finding::TornTail { .. } => None,
            Finding::Damaged { .. } | Finding::NewerCritical { .. } => {
                Some(self.finding.sentence())
            }
        }
    }

    /// The report as of an entry, in a format, sealed.
    ///
    /// # Errors
    /// When there is no such entry, or the events do not fit the plan.
    pub fn render(&self, entries: usize, format: Format) -> Result<Rendered, RecordError> {
        let events = self.events.get(..entries).ok_or(RecordError::Empty)?;
        let run = Run::replay(&self.runbook, events)?.ok_or(RecordError::Empty)?;
        let head = self.hashes.get(entries - 1).copied().unwrap_or(Hash::NONE);
        let report = Report::of(&run, &self.runbook, &self.site);
        let chain = Chain { head, entries, damage: self.damage() };
        let mut out = match format {
            Format::Md => markdown::write(&report, &chain),
            Format::Html => html::write(&report, &chain),
            Format::Json => json::write(&report, &chain),
        };
        seal::close(&mut out.text);
        Ok(out)
    }

    /// The report of everything that was read.
    ///
    /// # Errors
    /// When there is no event, or the events do not fit the plan.
    pub fn render_all(&self, format: Format) -> Result<Rendered, RecordError> {
        self.render(self.events.len(), format)
    }
}
