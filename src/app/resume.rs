//! Finds the run that is still open and takes it up: one commander a site, any number of watchers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::mpsc;

use super::compose::Ground;
use super::record::Record;
use crate::domain::run::state::Run;
use crate::domain::run::subject::Served;
use crate::domain::runbook::Runbook;
use crate::domain::text::Clean;
use crate::files::site::LoadedSite;
use crate::runtime::journal::{Journal, JournalError, Reply, head_words};
use crate::runtime::paths::StatePaths;
use crate::runtime::performer::replies;
use crate::runtime::runs::Survey;
use crate::runtime::seat::{Seat, SeatError};

/// A run that was found open, and is ours now.
pub(super) struct Found {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// Its journal, locked.
    pub(super) journal: Journal,
    /// Its state and its plan.
    pub(super) run: Option<(Run, Runbook)>,
    /// The head of its chain, in words.
    pub(super) words: String,
    /// What a person should know when the site file is not the one it was opened with.
    pub(super) changed: Option<Clean>,
}

/// Takes up the site's open run, if there is one; `site` becomes the one frozen with it.
///
/// # Errors
/// When another console has it, or it cannot be read.
pub(super) fn take_up(
    ground: &Ground,
    site: &mut LoadedSite,
    seat: &mut Seat,
    tell: &mpsc::Sender<Reply>,
) -> anyhow::Result<Option<Found>> {
    let (runs, name) = (ground.paths.runs(), &site.site.name);
    let survey = Survey::of(&runs, name)?;
    let found = survey.the_open_one()?;
    survey.nothing_else_acts(ground.clock.now().boot)?;
    let Some(folder) = found.map(Path::to_owned) else { return Ok(None) };
    if let Ok(record) = Record::read(&folder) {
        seat.also(&record.site)?;
    }
    let clock = Arc::clone(&ground.clock);
    let taken = Journal::resume(&folder, &ground.me, clock, replies(tell.clone()));
    let (journal, back) = taken.map_err(|error| match error {
        JournalError::Locked(_) => {
            anyhow::Error::new(SeatError::Taken { site: site.site.name.clone(), who: None })
        }
        error if error.is_full() => {
            anyhow::Error::new(error).context("the open run cannot be taken up")
        }
        error => anyhow!("the open run cannot be taken up: {error}; look with `warroom watch`"),
    })?;
    let record = Record::of(back)?;
    let run = Run::replay(&record.plan, &record.back.events)?;
    let Record { back, site: frozen, plan } = record;
    let changed = (site.site_text != back.site).then(|| {
        "the site file changed since this run was opened: the run goes on with the old one".into()
    });
    site.site = frozen;
    site.site_text.clone_from(&back.site);
    let words = head_words(back.head);
    Ok(Some(Found { folder, journal, run: run.map(|run| (run, plan)), words, changed }))
}

/// Which region serves by the record of the run that was closed last; none where there is no such
/// run, or its record cannot be read.
pub fn served_on_record(paths: &StatePaths, site: &str) -> Option<Served> {
    let survey = Survey::of(&paths.runs(), site).ok()?;
    let record = Record::read(survey.last_closed()?).ok()?;
    let run = record.run().ok().filter(|_| record.site.name == site)?;
    Served::on_record(&run, &record.plan)
}
