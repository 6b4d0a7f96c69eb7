//! Finds the run that is still open and takes it up: one commander a site, any number of watchers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::mpsc;

use super::compose::Ground;
use super::site_file::{self, LoadedSite};
use super::workshop;
use crate::domain::ids::RunId;
use crate::domain::run::event::Body;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::runtime::event::Event;
use crate::runtime::journal::lock::Lock;
use crate::runtime::journal::{self, Journal, JournalError, Reply, head_words};
use crate::runtime::paths::{StatePaths, create_folders};
use crate::runtime::performer::replies;

/// Another console commands this site on this machine.
#[derive(Debug, thiserror::Error)]
#[error("another console commands site `{0}` on this machine: look on with `warroom watch`")]
pub struct Taken(String);

/// The one commander's seat of a site on this machine; given up when dropped or killed.
///
/// # Errors
/// [`Taken`] when another console has it; else when the lock cannot be made.
pub(super) fn take_seat(paths: &StatePaths, site: &str) -> anyhow::Result<Lock> {
    let folder = paths.site(site)?;
    create_folders(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
    Lock::try_take(&folder.join("commander"))
        .with_context(|| format!("failed to lock {}", folder.display()))?
        .ok_or_else(|| Taken(site.to_owned()).into())
}

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
    tell: &mpsc::Sender<Reply>,
) -> anyhow::Result<Option<Found>> {
    let Some(folder) = find_open_run(&ground.paths, &site.site.name)? else { return Ok(None) };
    let clock = Arc::clone(&ground.clock);
    let taken = Journal::resume(&folder, &ground.me, clock, replies(tell.clone()));
    let (journal, back) = taken.map_err(|error| match error {
        JournalError::Locked(_) => Taken(site.site.name.clone()).into(),
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

/// The plan that was frozen with a run.
///
/// # Errors
/// When the frozen file no longer says what it said.
pub fn frozen_plan(text: &str, site: &Site) -> anyhow::Result<Runbook> {
    let name = workshop::runbook_name(text).unwrap_or_default();
    super::runbook_file::parse(text, &name, site)
        .map_err(|fault| anyhow!("the run's frozen runbook: {fault}"))
}

/// The folder of the site's newest run that was not closed.
///
/// # Errors
/// When the folder of the runs cannot be read, or the newest run there: whether it is open is then
/// not known, and a second one beside it would act on the same systems.
pub fn find_open_run(paths: &StatePaths, site: &str) -> anyhow::Result<Option<PathBuf>> {
    let mut folders = runs_of(paths, site)?;
    folders.reverse();
    for folder in folders {
        let back = match journal::read(&folder) {
            Ok(back) => back,
            // A console that ended before its run was opened left a folder where nothing began.
            Err(JournalError::Empty(_)) => continue,
            // A site whose name begins with ours has runs of its own.
            Err(_) if !is_named_for(&folder, site) => continue,
            Err(error) => {
                let name = folder_name(&folder);
                let place = folder.display();
                return Err(anyhow!(
                    "whether run {name} is open cannot be told: {error}; \
                     look into {place}, and move it away if that run is over"
                ));
            }
        };
        let Some(first) = back.events.first() else { continue };
        let ours = matches!(&first.body, Body::Opened { site: name, .. } if name == site);
        let closed = back.events.iter().any(|event| matches!(event.body, Body::Closed { .. }));
        if ours && !closed {
            return Ok(Some(folder));
        }
        if ours {
            // Older runs were closed before this one was opened.
            return Ok(None);
        }
    }
    Ok(None)
}

/// The folders of a site's runs, oldest first.
///
/// # Errors
/// When the folder of the runs cannot be read.
pub fn runs_of(paths: &StatePaths, site: &str) -> anyhow::Result<Vec<PathBuf>> {
    let runs = paths.runs();
    let entries = match std::fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", runs.display()));
        }
    };
    let prefix = RunId::prefix(site);
    let mut folders: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && folder_name(path).starts_with(&prefix))
        .collect();
    folders.sort();
    Ok(folders)
}

/// True for the folder of a run of this site, or of one that shares its prefix.
fn is_named_for(folder: &Path, site: &str) -> bool {
    let name = folder_name(folder);
    let rest = name.strip_prefix(&RunId::prefix(site)).unwrap_or_default();
    rest.len() == "20261120-140210".len() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

fn folder_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Reads the journal of the run that another console commands, once a second, for a watcher.
pub(super) fn follow_run(paths: &StatePaths, site: &str, events: &mpsc::Sender<Event>) {
    let (paths, site, events) = (paths.clone(), site.to_owned(), events.clone());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        let mut shown = 0;
        let mut followed: Option<PathBuf> = None;
        loop {
            ticks.tick().await;
            let (paths, site, known) = (paths.clone(), site.clone(), followed.clone());
            let read = tokio::task::spawn_blocking(move || {
                // A run that was followed is read to its end, also once it is no longer open.
                let folder = known.or_else(|| find_open_run(&paths, &site).ok()?)?;
                journal::read(&folder).ok().map(|back| (folder, back))
            });
            let Ok(Some((folder, back))) = read.await else { continue };
            let closed = back.events.iter().any(|event| matches!(event.body, Body::Closed { .. }));
            let news = followed.is_none() || back.events.len() != shown;
            shown = back.events.len();
            followed = (!closed).then_some(folder);
            if news && events.send(Event::RunRead(back.events)).await.is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NAME: &str = "lms-20261120-140210";

    /// Whether an open run is found, or why that cannot be told, where the newest folder holds the
    /// golden journal of an open run after `spoil`.
    fn found(name: &str, spoil: impl Fn(&Path)) -> Result<bool, String> {
        let place = tempfile::tempdir().expect("a folder");
        let paths = StatePaths::at(place.path());
        let folder = paths.runs().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/j1-complete");
        for file in ["site.frozen", "runbook.frozen"] {
            fs::copy(golden.join(file), folder.join(file)).expect("a copy");
        }
        let journal = fs::read_to_string(golden.join("journal-000001.log")).expect("a journal");
        let begun: String = journal.split_inclusive('\n').take(3).collect();
        fs::write(folder.join("journal-000001.log"), begun).expect("a journal");
        spoil(&folder);
        let found = find_open_run(&paths, "lms");
        found.map(|folder| folder.is_some()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_run_that_cannot_be_read_is_never_taken_for_none() {
        let log = |folder: &Path| folder.join("journal-000001.log");
        let first_byte = |folder: &Path| {
            let mut bytes = fs::read(log(folder)).expect("the journal");
            bytes[0] ^= 1;
            fs::write(log(folder), bytes).expect("the journal");
        };
        let no_plan = |folder: &Path| {
            fs::remove_file(folder.join("runbook.frozen")).expect("it is there");
        };
        let no_record = |folder: &Path| fs::write(log(folder), "").expect("the journal");
        assert_eq!(found(NAME, |_| ()), Ok(true));
        assert_eq!(found(NAME, no_record), Ok(false), "nothing began");
        let spoils: [&dyn Fn(&Path); 2] = [&first_byte, &no_plan];
        for spoil in spoils {
            let why = found(NAME, spoil).expect_err("nobody can tell");
            assert!(why.contains(NAME) && why.contains("cannot be told"), "{why}");
            // Another site's run is that site's matter.
            assert_eq!(found("lms-eu-20261120-140210", spoil), Ok(false));
        }
    }
}
