//! `warroom report`: makes a run's report, and checks one against the run's journal.

use std::path::Path;

use super::format::Format;
use super::verify::{Fault, sealed, verify};
use super::{render_all, seal};
use crate::app::record::{Record, RecordError};
use crate::commands::args::{ReportArgs, ReportCommand};
use crate::commands::exit::Exit;
use crate::commands::refused::Refused;
use crate::commands::run_name::run_folder;
use crate::commands::say::say;
use crate::domain::text::Clean;
use crate::runtime::journal::{Finding, JournalError};
use crate::runtime::paths::replace;

/// The largest report that is looked at, in bytes.
const REPORT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Does what was asked; what it finds is printed.
///
/// # Errors
/// The exit code and a sentence for standard error.
pub(in crate::commands) fn run(args: &ReportArgs) -> Result<Exit, Refused> {
    match &args.command {
        Some(ReportCommand::Verify { file, journal }) => check(file, journal.as_deref()),
        None => make(args.run.as_deref().unwrap_or_default(), args.format, args.out.as_deref()),
    }
}

fn make(name: &str, format: Format, out: Option<&Path>) -> Result<Exit, Refused> {
    let record = Record::read(&run_folder(name)?).map_err(|error| found(&error))?;
    let report = render_all(&record, format).map_err(|error| found(&error))?;
    match out {
        Some(path) => {
            let failed = |error| Refused(Exit::Unreachable, format!("{}: {error}", path.display()));
            replace(path, report.text.as_bytes()).map_err(failed)?;
        }
        None => say(&report.text)?,
    }
    if record.back.finding == Finding::Whole {
        return Ok(Exit::Ok);
    }
    eprintln!("warroom: {}", record.back.finding.sentence());
    Ok(Exit::Finding)
}

fn found(error: &RecordError) -> Refused {
    Refused(Exit::Finding, error.to_string())
}

fn check(path: &Path, journal: Option<&Path>) -> Result<Exit, Refused> {
    let file = read(path)?;
    let shown = Clean::new(&path.display().to_string());
    let seal = match sealed(&file) {
        Ok(seal) => {
            say("seal     ok: the file is as it was written\n")?;
            seal
        }
        Err(fault @ Fault::Changed) => {
            say(&format!("seal     {fault}\n"))?;
            let Some(seal) = seal::find(&file) else {
                return Err(Refused(Exit::Finding, fault.to_string()));
            };
            seal
        }
        Err(fault) => return Err(Refused(Exit::Finding, format!("{shown}: {fault}"))),
    };
    let changed = !seal.holds(&file);
    let named = if changed { Exit::Finding } else { Exit::Unreachable };
    let folder = match journal {
        Some(folder) => folder.to_owned(),
        None => run_folder(&seal.run).map_err(|Refused(_, why)| {
            let text = format!("{why}\nnothing was compared: name the run's folder with --journal");
            Refused(named, text)
        })?,
    };
    let record = Record::read(&folder).map_err(|error| match error {
        RecordError::Journal(JournalError::Io { .. } | JournalError::Empty(_)) => {
            Refused(named, format!("nothing was compared: {error}"))
        }
        error => found(&error),
    })?;
    match verify(&file, &record) {
        Ok(done) => {
            let (all, words) = (done.all, &done.words);
            let head = done.entries;
            say(&format!("journal  whole: {all} entries; head at entry #{head}: {words}\n"))?;
            if head < all {
                say(&format!("note     the run went on after the report: {} more\n", all - head))?;
            }
            say(&format!("report   {} claims, all as the journal tells them\n", done.claims))?;
            Ok(Exit::Ok)
        }
        Err(fault) => Err(Refused(Exit::Finding, format!("{shown}: {fault}"))),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Refused> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| {
        let shown = path.display();
        let hint = "a report that was made with `warroom report RUN --out FILE` is verified";
        Refused(Exit::Usage, format!("failed to read {shown}: {error}; {hint}"))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(REPORT_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
