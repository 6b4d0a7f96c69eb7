//! All runs of a site on this machine: which are open, and which attempts of theirs still act.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::clock::SystemClock;
use super::journal::lock::Lock;
use super::journal::tail::ends_closed;
use super::journal::{self, ATTEMPTS_FOLDER, JournalError};
use super::runner::folder::{AttemptFolder, LOCK_FILE};
use super::runner::group::Group;
use crate::domain::ids::RunId;
use crate::domain::run::event::{Body, RunEvent};
use crate::port::Clock as _;

/// Why a site's runs do not allow that one is taken up or opened.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// A folder cannot be read.
    #[error("failed to read {}: {source}", .path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// A journal cannot be read: a second run beside an open one would act on the same systems.
    #[error("whether run {name} is open cannot be told: {why}; look into {}, and move it away \
        if that run is over", .folder.display())]
    Untold {
        /// The run.
        name: String,
        /// Its folder.
        folder: PathBuf,
        /// Why.
        why: JournalError,
    },
    /// More than one run is open.
    #[error("{} runs of site `{site}` are open, and only one may be: {}; look at each with \
        `warroom report RUN`, move the folder of the one that is over out of {}, then start again",
        .runs.len(), .runs.join(" and "), .place.display())]
    Several {
        /// The site.
        site: String,
        /// The runs, each with who opened it and when.
        runs: Vec<String>,
        /// The folder of all runs.
        place: PathBuf,
    },
    /// Something of another run still acts.
    #[error("step `{step}` of run {run} still runs (attempt {attempt}{}), so nothing else may \
        begin: wait for its end, or end it, then start again; look on with `warroom watch`",
        .process.map(|pid| format!(", process {pid}")).unwrap_or_default())]
    Held {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// The attempt.
        attempt: String,
        /// Its runner as it called itself, for a person to look at.
        process: Option<i32>,
    },
    /// A run is open already.
    #[error("run {0} is open: close or end it first")]
    Open(String),
}

/// The folders of a site's runs, by name. Sites whose names begin alike are among them.
///
/// # Errors
/// When the folder of the runs cannot be read.
pub fn of_site(runs: &Path, site: &str) -> Result<Vec<PathBuf>, RunsError> {
    let prefix = RunId::prefix(site);
    let mut folders = folders_in(runs)?;
    folders.retain(|folder| folder_name(folder).starts_with(&prefix));
    Ok(folders)
}

/// The folders in a folder, by name; none where it is missing.
fn folders_in(path: &Path) -> Result<Vec<PathBuf>, RunsError> {
    let failed = |source| RunsError::Io { path: path.to_owned(), source };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn folder_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The run whose name sorts last among those of the site, whatever became of it.
///
/// # Errors
/// When the folder of the runs cannot be read.
pub fn last_name(runs: &Path, site: &str) -> Result<Option<RunId>, RunsError> {
    let mut folders = of_site(runs, site)?;
    folders.retain(|folder| RunId::is_of_site(&folder_name(folder), site));
    Ok(folders.last().and_then(|folder| RunId::new(&folder_name(folder)).ok()))
}

/// The first event of a run of this site that was not closed; none for any other folder.
fn opening(folder: &Path, site: &str) -> Result<Option<RunEvent>, RunsError> {
    if ends_closed(folder) {
        return Ok(None);
    }
    let back = match journal::read(folder) {
        Ok(back) => back,
        // A console that ended before its run was opened left a folder where nothing began.
        Err(JournalError::Empty(_)) => return Ok(None),
        // A site whose name begins with ours has runs of its own.
        Err(_) if !RunId::is_of_site(&folder_name(folder), site) => return Ok(None),
        Err(why) => {
            let (name, folder) = (folder_name(folder), folder.to_owned());
            return Err(RunsError::Untold { name, folder, why });
        }
    };
    let closed = back.events.iter().any(|event| matches!(event.body, Body::Closed { .. }));
    let ours =
        |event: &RunEvent| matches!(&event.body, Body::Opened { site: of, .. } if of == site);
    Ok(back.events.into_iter().next().filter(|first| ours(first) && !closed))
}

/// The folders of all runs of the site that were not closed, whatever their names.
///
/// # Errors
/// When one cannot be read: whether it is open is then not known.
pub fn all_open(runs: &Path, site: &str) -> Result<Vec<PathBuf>, RunsError> {
    let mut open = Vec::new();
    for folder in of_site(runs, site)? {
        if opening(&folder, site)?.is_some() {
            open.push(folder);
        }
    }
    Ok(open)
}

/// The folder of the one run of the site that is open.
///
/// # Errors
/// When more than one is, or one cannot be read.
pub fn the_open_one(runs: &Path, site: &str) -> Result<Option<PathBuf>, RunsError> {
    let mut open = all_open(runs, site)?;
    if open.len() < 2 {
        return Ok(open.pop());
    }
    let told = |folder: PathBuf| {
        let first = opening(&folder, site).ok().flatten();
        let when = first.map_or_else(String::new, |first| {
            format!(" (opened {} by {})", first.at.utc().iso(), first.by)
        });
        format!("{}{when}", folder_name(&folder))
    };
    let (site, place) = (site.to_owned(), runs.to_owned());
    Err(RunsError::Several { site, runs: open.into_iter().map(told).collect(), place })
}

/// The run that a watcher follows: of several open ones that of a living console, else the last.
///
/// # Errors
/// When one cannot be read.
pub fn to_follow(runs: &Path, site: &str) -> Result<Option<PathBuf>, RunsError> {
    let open = all_open(runs, site)?;
    let lives = |folder: &&PathBuf| {
        Lock::is_taken(&folder.join(journal::LOCK_FILE)).is_ok_and(|taken| taken)
    };
    Ok(open.iter().rev().find(lives).or(open.last()).cloned())
}

/// Makes sure that nothing of any run of the site acts any more, open or over, but for those of
/// `but`, which is being taken up.
///
/// # Errors
/// [`RunsError::Held`] for the first that does; else when a folder cannot be read.
pub fn nothing_acts(runs: &Path, site: &str, but: Option<&Path>) -> Result<(), RunsError> {
    for folder in of_site(runs, site)? {
        if but == Some(folder.as_path()) || !RunId::is_of_site(&folder_name(&folder), site) {
            continue;
        }
        for step in folders_in(&folder.join(ATTEMPTS_FOLDER))? {
            for attempt in folders_in(&step)? {
                if !is_over(&attempt)? {
                    return Err(held(&folder, &step, &attempt));
                }
            }
        }
    }
    Ok(())
}

/// True when an attempt cannot act any more: its runner is gone, and so is all that it started. The
/// one place that says so for runs that are over.
fn is_over(attempt: &Path) -> Result<bool, RunsError> {
    let io = |source| RunsError::Io { path: attempt.to_owned(), source };
    if Lock::is_taken(&attempt.join(LOCK_FILE)).map_err(io)? {
        return Ok(false);
    }
    let spawned = AttemptFolder::at(attempt).spawned().map_err(io)?;
    let group =
        spawned.and_then(|spawned| Group::recorded(&spawned, SystemClock::new().now().boot));
    Ok(group.is_none_or(|group| group.members().is_empty()))
}

fn held(run: &Path, step: &Path, attempt: &Path) -> RunsError {
    let spawned = AttemptFolder::at(attempt).spawned().ok().flatten();
    let (run, step, attempt) = (folder_name(run), folder_name(step), folder_name(attempt));
    RunsError::Held { run, step, attempt, process: spawned.map(|spawned| spawned.pid) }
}

/// Makes sure that a run may be opened.
///
/// # Errors
/// When one is open, something still acts, or that cannot be told.
pub fn may_open(runs: &Path, site: &str) -> Result<(), RunsError> {
    if let Some(open) = the_open_one(runs, site)? {
        return Err(RunsError::Open(folder_name(&open)));
    }
    nothing_acts(runs, site, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "lms-20261120-140210";

    /// A run's folder with the first lines of a golden journal: three of an open run, all of the
    /// first segment of a closed one.
    fn put(runs: &Path, name: &str, lines: usize) -> PathBuf {
        let folder = runs.join(name);
        fs::create_dir_all(&folder).unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/j1-complete");
        for file in ["site.frozen", "runbook.frozen"] {
            fs::copy(golden.join(file), folder.join(file)).unwrap();
        }
        let journal = fs::read_to_string(golden.join("journal-000001.log")).unwrap();
        let begun: String = journal.split_inclusive('\n').take(lines).collect();
        fs::write(folder.join("journal-000001.log"), begun).unwrap();
        folder
    }

    const OPEN: usize = 3;
    const CLOSED: usize = usize::MAX;

    #[test]
    fn the_open_run_is_found_wherever_its_name_sorts() {
        let check = |runs: &[(&str, usize)], want: &[&str]| {
            let place = tempfile::tempdir().unwrap();
            for (name, lines) in runs {
                put(place.path(), name, *lines);
            }
            let open = all_open(place.path(), "lms").unwrap();
            let names: Vec<String> = open.iter().map(|folder| folder_name(folder)).collect();
            assert_eq!(names, want, "{runs:?}");
            let one = the_open_one(place.path(), "lms");
            assert_eq!(one.is_ok(), want.len() < 2, "{one:?}");
        };
        let late = "lms-20991231-235959";
        check(&[], &[]);
        check(&[(NAME, CLOSED)], &[]);
        check(&[(NAME, OPEN)], &[NAME]);
        check(&[(NAME, OPEN), (late, CLOSED)], &[NAME]);
        check(&[(NAME, CLOSED), (late, OPEN)], &[late]);
        check(&[(NAME, OPEN), (late, OPEN)], &[NAME, late]);
        // Whatever it is called: its journal says whose it is.
        check(&[("lms-copy", OPEN), (NAME, CLOSED)], &["lms-copy"]);
        check(&[("shop-20261120-140210", OPEN)], &[]);
    }

    #[test]
    fn a_run_that_cannot_be_read_is_never_taken_for_none() {
        let log = |folder: &Path| folder.join("journal-000001.log");
        let first_byte = |folder: &Path| {
            let mut bytes = fs::read(log(folder)).unwrap();
            bytes[0] ^= 1;
            fs::write(log(folder), bytes).unwrap();
        };
        let no_plan = |folder: &Path| fs::remove_file(folder.join("runbook.frozen")).unwrap();
        let no_record = |folder: &Path| fs::write(log(folder), "").unwrap();
        let found = |name: &str, spoil: &dyn Fn(&Path)| {
            let place = tempfile::tempdir().unwrap();
            spoil(&put(place.path(), name, OPEN));
            // A later one says nothing about it.
            put(place.path(), "lms-20991231-235959", CLOSED);
            all_open(place.path(), "lms").map_err(|error| error.to_string())
        };
        assert_eq!(found(NAME, &no_record), Ok(Vec::new()), "nothing began");
        let spoils: [&dyn Fn(&Path); 2] = [&first_byte, &no_plan];
        for spoil in spoils {
            let why = found(NAME, spoil).expect_err("nobody can tell");
            assert!(why.contains(NAME) && why.contains("cannot be told"), "{why}");
            // Another site's run is that site's matter.
            assert_eq!(found("lms-eu-20261120-140210", spoil), Ok(Vec::new()));
        }
    }

    #[test]
    fn a_segment_after_the_end_is_looked_at_and_an_empty_one_is_not() {
        let place = tempfile::tempdir().unwrap();
        let folder = put(place.path(), NAME, CLOSED);
        let check = |more: &str, want: bool| {
            fs::write(folder.join("journal-000002.log"), more).unwrap();
            assert_eq!(ends_closed(&folder), want, "{more:?}");
        };
        check("", true);
        check("x", false);
    }
}
