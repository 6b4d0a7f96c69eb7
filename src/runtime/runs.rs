//! All runs of a site on this machine: which are open, and which attempts of theirs still act.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::journal::lock::Lock;
use super::journal::tail::closed_at;
use super::journal::{self, ATTEMPTS_FOLDER, JournalError};
use super::runner::folder::{AttemptFolder, LOCK_FILE};
use super::runner::group::Group;
use crate::domain::ids::RunId;
use crate::domain::run::event::{Body, RunEvent};
use crate::domain::time::{BootId, Stamp};

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

/// The names of all runs, newest first; none where their folder cannot be read.
pub fn names(runs: &Path) -> Vec<String> {
    let folders = folders_in(runs).unwrap_or_default();
    folders.iter().rev().map(|folder| folder_name(folder)).collect()
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
        let entry = entry.map_err(failed)?;
        let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
        if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
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

/// What the folder of a run is to its site.
enum Standing {
    /// Its run was not closed; the first event.
    Open(Box<RunEvent>),
    /// Its run was closed then.
    Closed(Stamp),
    /// Nothing began there, or it belongs to another site, or when it was closed is not known.
    Other,
}

fn standing(folder: &Path, site: &str) -> Result<Standing, RunsError> {
    if let Some(at) = closed_at(folder) {
        return Ok(Standing::Closed(at));
    }
    let back = match journal::read(folder) {
        Ok(back) => back,
        // A console that ended before its run was opened left a folder where nothing began.
        Err(JournalError::Empty(_)) => return Ok(Standing::Other),
        // A site whose name begins with ours has runs of its own.
        Err(_) if !RunId::is_of_site(&folder_name(folder), site) => return Ok(Standing::Other),
        Err(why) => {
            let (name, folder) = (folder_name(folder), folder.to_owned());
            return Err(RunsError::Untold { name, folder, why });
        }
    };
    let closed = back.events.iter().any(|event| matches!(event.body, Body::Closed { .. }));
    let ours =
        |event: &RunEvent| matches!(&event.body, Body::Opened { site: of, .. } if of == site);
    Ok(match back.events.into_iter().next().filter(|first| ours(first) && !closed) {
        Some(first) => Standing::Open(Box::new(first)),
        None => Standing::Other,
    })
}

/// The runs of a site as they stand.
pub struct Survey {
    site: String,
    place: PathBuf,
    runs: Vec<(PathBuf, Standing)>,
}

impl Survey {
    /// Looks at every run of the site, whatever its name.
    ///
    /// # Errors
    /// When one cannot be read: whether it is open is then not known.
    pub fn of(place: &Path, site: &str) -> Result<Self, RunsError> {
        let folders = of_site(place, site)?.into_iter();
        let look = |folder: PathBuf| standing(&folder, site).map(|standing| (folder, standing));
        let runs = folders.map(look).collect::<Result<_, _>>()?;
        Ok(Self { site: site.to_owned(), place: place.to_owned(), runs })
    }

    fn open(&self) -> impl DoubleEndedIterator<Item = (&PathBuf, &RunEvent)> {
        self.runs.iter().filter_map(|(folder, standing)| match standing {
            Standing::Open(first) => Some((folder, first.as_ref())),
            Standing::Closed(_) | Standing::Other => None,
        })
    }

    /// The folder of the one run that is open.
    ///
    /// # Errors
    /// When more than one is.
    pub fn the_open_one(&self) -> Result<Option<&Path>, RunsError> {
        if self.open().count() < 2 {
            return Ok(self.open().next().map(|(folder, _)| folder.as_path()));
        }
        let told = |(folder, first): (&PathBuf, &RunEvent)| {
            format!("{} (opened {} by {})", folder_name(folder), first.at.utc().iso(), first.by)
        };
        let (site, place) = (self.site.clone(), self.place.clone());
        Err(RunsError::Several { site, runs: self.open().map(told).collect(), place })
    }

    /// The run that a watcher follows: of several open ones that of a living console, else the
    /// last.
    pub fn to_follow(&self) -> Option<&Path> {
        let lives = |folder: &&PathBuf| {
            Lock::is_taken(&folder.join(journal::LOCK_FILE)).is_ok_and(|taken| taken)
        };
        let open = || self.open().map(|(folder, _)| folder).rev();
        open().find(lives).or(open().next()).map(PathBuf::as_path)
    }

    /// The run that was closed last.
    pub fn last_closed(&self) -> Option<&Path> {
        let closed = self.runs.iter().filter_map(|(folder, standing)| match standing {
            Standing::Closed(at) => Some((at, folder)),
            Standing::Open(_) | Standing::Other => None,
        });
        closed.max_by_key(|(at, _)| at.wall_ms).map(|(_, folder)| folder.as_path())
    }

    /// Makes sure that nothing of any run acts any more, but of the one that is open. A run that
    /// was closed in another boot than this one is not looked at: its processes are gone.
    ///
    /// # Errors
    /// [`RunsError::Held`] for the first that does; else when a folder cannot be read.
    pub fn nothing_else_acts(&self, boot: BootId) -> Result<(), RunsError> {
        for (folder, standing) in &self.runs {
            let gone = match standing {
                Standing::Open(_) => true,
                Standing::Closed(at) => at.boot != boot,
                Standing::Other => false,
            };
            if gone || !RunId::is_of_site(&folder_name(folder), &self.site) {
                continue;
            }
            for step in folders_in(&folder.join(ATTEMPTS_FOLDER))? {
                for attempt in folders_in(&step)? {
                    if !is_over(&attempt, boot)? {
                        return Err(held(folder, &step, &attempt));
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes sure that a run may be opened.
    ///
    /// # Errors
    /// When one is open, or something still acts.
    pub fn may_open(&self, boot: BootId) -> Result<(), RunsError> {
        if let Some(open) = self.the_open_one()? {
            return Err(RunsError::Open(folder_name(open)));
        }
        self.nothing_else_acts(boot)
    }
}

/// True when an attempt cannot act any more: its runner is gone, and so is all that it started. The
/// one place that says so for runs that are over.
fn is_over(attempt: &Path, boot: BootId) -> Result<bool, RunsError> {
    let io = |source| RunsError::Io { path: attempt.to_owned(), source };
    if Lock::is_taken(&attempt.join(LOCK_FILE)).map_err(io)? {
        return Ok(false);
    }
    let spawned = AttemptFolder::at(attempt).spawned().map_err(io)?;
    let group = spawned.and_then(|spawned| Group::recorded(&spawned, boot));
    Ok(group.is_none_or(|group| group.members().is_empty()))
}

fn held(run: &Path, step: &Path, attempt: &Path) -> RunsError {
    let spawned = AttemptFolder::at(attempt).spawned().ok().flatten();
    let (run, step, attempt) = (folder_name(run), folder_name(step), folder_name(attempt));
    RunsError::Held { run, step, attempt, process: spawned.map(|spawned| spawned.pid) }
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
            let found = Survey::of(place.path(), "lms").unwrap();
            let names: Vec<String> = found.open().map(|(folder, _)| folder_name(folder)).collect();
            assert_eq!(names, want, "{runs:?}");
            assert_eq!(found.the_open_one().is_ok(), want.len() < 2, "{runs:?}");
            let last = found.to_follow().map(folder_name);
            assert_eq!(last.as_deref(), want.last().copied(), "{runs:?}");
            // Of several, a watcher follows the one that a console has.
            for name in want {
                let lock = place.path().join(name).join(journal::LOCK_FILE);
                let _lives = Lock::try_take(&lock).unwrap().unwrap();
                assert_eq!(found.to_follow().map(folder_name).as_deref(), Some(*name), "{runs:?}");
            }
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
            let found = Survey::of(place.path(), "lms");
            found.map(|found| found.open().count()).map_err(|error| error.to_string())
        };
        assert_eq!(found(NAME, &no_record), Ok(0), "nothing began");
        let spoils: [&dyn Fn(&Path); 2] = [&first_byte, &no_plan];
        for spoil in spoils {
            let why = found(NAME, spoil).expect_err("nobody can tell");
            assert!(why.contains(NAME) && why.contains("cannot be told"), "{why}");
            // Another site's run is that site's matter.
            assert_eq!(found("lms-eu-20261120-140210", spoil), Ok(0));
        }
    }

    #[test]
    fn a_segment_after_the_end_is_looked_at_and_an_empty_one_is_not() {
        let place = tempfile::tempdir().unwrap();
        let folder = put(place.path(), NAME, CLOSED);
        let check = |more: &str, want: bool| {
            fs::write(folder.join("journal-000002.log"), more).unwrap();
            assert_eq!(closed_at(&folder).is_some(), want, "{more:?}");
        };
        check("", true);
        check("x", false);
    }
    #[test]
    fn an_attempt_of_a_closed_run_that_is_held_is_in_the_way_in_its_own_boot() {
        let place = tempfile::tempdir().unwrap();
        let folder = put(place.path(), NAME, CLOSED);
        let attempt = folder.join("attempts/shift/2");
        fs::create_dir_all(&attempt).unwrap();
        let closed = closed_at(&folder).unwrap();
        let acts = |boot| {
            let survey = Survey::of(place.path(), "lms").unwrap();
            survey.may_open(boot).map_err(|error| error.to_string())
        };
        assert_eq!(acts(closed.boot), Ok(()), "no lock");
        let lock = Lock::try_take(&attempt.join(LOCK_FILE)).unwrap().unwrap();
        let why = acts(closed.boot).expect_err("it is held");
        assert!(why.contains("step `shift`") && why.contains("attempt 2"), "{why}");
        assert_eq!(acts(BootId(7)), Ok(()), "no process outlives a boot");
        drop(lock);
        assert_eq!(acts(closed.boot), Ok(()));
    }
}
