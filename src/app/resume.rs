//! Finds the run that is still open and takes it up: one commander a site, any number of watchers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use tokio::sync::mpsc;

use super::compose::Ground;
use super::prints::Prints;
use super::site_file::{self, LoadedSite};
use super::workshop;
use crate::domain::run::event::Body;
use crate::domain::run::state::Run;
use crate::domain::run::subject::Served;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::runtime::event::Event;
use crate::runtime::journal::{self, Journal, JournalError, Reply, head_words};
use crate::runtime::paths::StatePaths;
use crate::runtime::performer::replies;
use crate::runtime::runs::Survey;
use crate::runtime::seat::{Seat, SeatError, strangers};

/// The time between two looks at what other state folders do.
const ELSEWHERE_EVERY: Duration = Duration::from_secs(2);

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
    if let Ok(frozen) = frozen_site(&folder) {
        seat.also(&frozen)?;
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
    let frozen = site_file::parse(&back.site)
        .map_err(|fault| anyhow!("the run's frozen site file: {fault}"))?;
    let plan = frozen_plan(&back.runbook, &frozen)?;
    let run = Run::replay(&plan, &back.events)?;
    let changed = (site.site_text != back.site).then(|| {
        "the site file changed since this run was opened: the run goes on with the old one".into()
    });
    site.site = frozen;
    site.site_text.clone_from(&back.site);
    let words = head_words(back.head);
    Ok(Some(Found { folder, journal, run: run.map(|run| (run, plan)), words, changed }))
}

/// The site that was frozen with a run.
///
/// # Errors
/// When it cannot be read, or no longer says what it said.
pub(super) fn frozen_site(folder: &Path) -> anyhow::Result<Site> {
    let back = journal::read(folder)?;
    site_file::parse(&back.site).map_err(|fault| anyhow!("the run's frozen site file: {fault}"))
}

/// The plan that was frozen with a run.
///
/// # Errors
/// When the frozen file no longer says what it said.
pub fn frozen_plan(text: &str, site: &Site) -> anyhow::Result<Runbook> {
    let name = workshop::runbook_name(text).unwrap_or_default();
    super::runbook_file::parse(text, &name, site)
        .map_err(|fault| anyhow!("the run's frozen runbook: {fault}"))
}

/// Which region serves by the record of the run that was closed last; none where there is no such
/// run, or its record cannot be read.
pub(super) fn served_on_record(paths: &StatePaths, site: &str) -> Option<Served> {
    let survey = Survey::of(&paths.runs(), site).ok()?;
    let back = journal::read(survey.last_closed()?).ok()?;
    let frozen = site_file::parse(&back.site).ok().filter(|frozen| frozen.name == site)?;
    let plan = frozen_plan(&back.runbook, &frozen).ok()?;
    let run = Run::replay(&plan, &back.events).ok()??;
    Served::on_record(&run, &plan)
}

/// Tells a watcher what of other state folders works on the site, as far as this machine tells.
pub(super) fn look_elsewhere(paths: &StatePaths, site: &Site, events: &mpsc::Sender<Event>) {
    let (paths, site, events) = (paths.clone(), Arc::new(site.clone()), events.clone());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(ELSEWHERE_EVERY);
        let mut told = None;
        loop {
            ticks.tick().await;
            let (paths, site) = (paths.clone(), Arc::clone(&site));
            let found = tokio::task::spawn_blocking(move || strangers(&paths, &site)).await;
            let Ok(found) = found else { continue };
            if found != told {
                told.clone_from(&found);
                let event = Event::Elsewhere(found.as_deref().map(Clean::new));
                if events.send(event).await.is_err() {
                    return;
                }
            }
        }
    });
}

/// Reads the journal of the run that another console commands, once a second, for a watcher.
pub(super) fn follow_run(paths: &StatePaths, site: &str, events: &mpsc::Sender<Event>) {
    let (paths, site, events) = (paths.clone(), site.to_owned(), events.clone());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        let mut shown = 0;
        let mut followed: Option<PathBuf> = None;
        let mut prints = Prints::default();
        loop {
            ticks.tick().await;
            let (paths, site, known) = (paths.clone(), site.clone(), followed.clone());
            let mut told = std::mem::take(&mut prints);
            let read = tokio::task::spawn_blocking(move || {
                // A run that was followed is read to its end, also once it is no longer open.
                let found = || Some(Survey::of(&paths.runs(), &site).ok()?.to_follow()?.to_owned());
                let folder = known.or_else(found);
                let back = folder.and_then(|folder| Some((journal::read(&folder).ok()?, folder)));
                let news = back.as_ref().map(|(back, folder)| told.news(folder, &back.events));
                (back, told, news.unwrap_or_default())
            });
            let Ok((back, told, printed)) = read.await else { continue };
            prints = told;
            let Some((back, folder)) = back else { continue };
            let closed = back.events.iter().any(|event| matches!(event.body, Body::Closed { .. }));
            let news = followed.is_none() || back.events.len() != shown;
            shown = back.events.len();
            followed = (!closed).then_some(folder);
            if closed {
                prints = Prints::default();
            }
            let read = news.then_some(Event::RunRead(back.events));
            for event in read.into_iter().chain(printed) {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        }
    });
}
