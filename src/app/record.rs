//! A run's folder as read: its journal, and the site and the plan that were frozen with it.

use std::path::Path;

use super::kinds::KINDS;
use crate::domain::run::misfit::Misfit;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::files::frozen::{Frozen, FrozenFault};
use crate::runtime::journal::{self, JournalError, ReadBack};

/// Why a run's folder cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A frozen file does not say what it said.
    #[error(transparent)]
    Frozen(#[from] FrozenFault),
    /// The events do not fit the plan.
    #[error("the journal is damaged: {0}")]
    Misfit(#[from] Misfit),
    /// No event was recorded.
    #[error("the journal holds no event")]
    Empty,
}

/// A run's folder as read.
#[derive(Debug, Clone)]
pub struct Record {
    /// The journal: damage is a finding in it, not an error.
    pub back: ReadBack,
    /// The frozen site.
    pub site: Site,
    /// The frozen plan.
    pub plan: Runbook,
}

impl Record {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// When the journal or a frozen file cannot be read.
    pub fn read(folder: &Path) -> Result<Self, RecordError> {
        Ok(Self::of(journal::read(folder)?)?)
    }

    /// What a journal that was read holds.
    ///
    /// # Errors
    /// When a frozen file no longer says what it said.
    pub fn of(back: ReadBack) -> Result<Self, FrozenFault> {
        let Frozen { site, plan } = Frozen::read(&back.site, &back.runbook, KINDS)?;
        Ok(Self { back, site, plan })
    }

    /// The run as its journal tells it, folded.
    ///
    /// # Errors
    /// When there is no event, or the events do not fit the plan.
    pub fn run(&self) -> Result<Run, RecordError> {
        Run::replay(&self.plan, &self.back.events)?.ok_or(RecordError::Empty)
    }
}
