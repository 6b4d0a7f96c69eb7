//! `warroom report`: makes a run's report, and checks one against the run's journal.

use std::path::{Path, PathBuf};

use super::report::verify::{Fault, sealed, verify};
use super::report::{Format, ReportError, Source};
use super::say::say;
use crate::cli::{Exit, ReportArgs, ReportCommand};
use crate::domain::settings::unknown;
use crate::domain::text::Clean;
use crate::runtime::journal::{Finding, JournalError};
use crate::runtime::paths::{StatePaths, replace};

/// The largest report that is looked at, in bytes.
const REPORT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What was asked could not be done: the exit code and a sentence.
pub(super) type Failed = (Exit, String);

/// Does what was asked; what it finds is printed.
///
/// # Errors
/// The exit code and a sentence for standard error.
pub(super) fn run(args: &ReportArgs) -> Result<Exit, Failed> {
    match &args.command {
        Some(ReportCommand::Verify { file, journal }) => check(file, journal.as_deref()),
        None => make(args.run.as_deref().unwrap_or_default(), args.format, args.out.as_deref()),
    }
}

fn make(name: &str, format: Format, out: Option<&Path>) -> Result<Exit, Failed> {
    let source = Source::read(&run_folder(name)?).map_err(|error| found(&error))?;
    let report = source.render_all(format).map_err(|error| found(&error))?;
    match out {
        Some(path) => {
            let failed = |error| (Exit::Unreachable, format!("{}: {error}", path.display()));
            replace(path, report.text.as_bytes()).map_err(failed)?;
        }
        None => tell(&report.text)?,
    }
    if source.finding == Finding::Whole {
        return Ok(Exit::Ok);
    }
    eprintln!("warroom: {}", source.finding.sentence());
    Ok(Exit::Finding)
}

fn tell(text: &str) -> Result<(), Failed> {
    say(text).map_err(|error| (Exit::TryLater, error.to_string()))
}

fn found(error: &ReportError) -> Failed {
    (Exit::Finding, error.to_string())
}

fn check(path: &Path, journal: Option<&Path>) -> Result<Exit, Failed> {
    let file = read(path)?;
    let shown = Clean::new(&path.display().to_string());
    let seal = match sealed(&file) {
        Ok(seal) => {
            tell("seal     ok: the file is as it was written\n")?;
            seal
        }
        Err(fault @ Fault::Changed) => {
            tell(&format!("seal     {fault}\n"))?;
            let Some(seal) = super::report::seal::find(&file) else {
                return Err((Exit::Finding, fault.to_string()));
            };
            seal
        }
        Err(fault) => return Err((Exit::Finding, format!("{shown}: {fault}"))),
    };
    let changed = !seal.holds(&file);
    let named = if changed { Exit::Finding } else { Exit::Unreachable };
    let folder = match journal {
        Some(folder) => folder.to_owned(),
        None => run_folder(&seal.run).map_err(|(_, why)| {
            (named, format!("{why}\nnothing was compared: name the run's folder with --journal"))
        })?,
    };
    let source = Source::read(&folder).map_err(|error| match error {
        ReportError::Journal(JournalError::Io { .. } | JournalError::Empty(_)) => {
            (named, format!("nothing was compared: {error}"))
        }
        error => found(&error),
    })?;
    match verify(&file, &source) {
        Ok(done) => {
            let (all, words) = (done.all, &done.words);
            let head = done.entries;
            tell(&format!("journal  whole: {all} entries; head at entry #{head}: {words}\n"))?;
            if head < all {
                tell(&format!("note     the run went on after the report: {} more\n", all - head))?;
            }
            tell(&format!("report   {} claims, all as the journal tells them\n", done.claims))?;
            Ok(Exit::Ok)
        }
        Err(fault) => Err((Exit::Finding, format!("{shown}: {fault}"))),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| {
        let shown = path.display();
        let hint = "a report that was made with `warroom report RUN --out FILE` is verified";
        (Exit::Usage, format!("failed to read {shown}: {error}; {hint}"))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(REPORT_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The folder of a run by its name.
pub(super) fn run_folder(name: &str) -> Result<PathBuf, Failed> {
    let paths = StatePaths::of_process().map_err(|error| (Exit::Internal, error.to_string()))?;
    let names = run_names(&paths);
    if names.iter().any(|known| known == name) {
        return Ok(paths.runs().join(name));
    }
    let text = unknown("a run of this machine", name, names.iter().map(String::as_str));
    Err((Exit::Usage, text))
}

/// The runs of this machine, newest first.
pub(super) fn run_names(paths: &StatePaths) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(paths.runs())
        .map(|entries| {
            entries
                .filter_map(Result::ok)
                .filter(|entry| entry.path().is_dir())
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names.reverse();
    names
}
