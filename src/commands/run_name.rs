//! The run of this machine that a name means.

use std::path::PathBuf;

use super::exit::Exit;
use super::refused::Refused;
use crate::domain::settings::unknown;
use crate::runtime::paths::StatePaths;
use crate::runtime::runs;

/// The folder of a run by its name.
///
/// # Errors
/// When there is none; the nearest is named.
pub(super) fn run_folder(name: &str) -> Result<PathBuf, Refused> {
    let paths =
        StatePaths::of_process().map_err(|error| Refused(Exit::Internal, error.to_string()))?;
    let names = runs::names(&paths.runs());
    if names.iter().any(|known| known == name) {
        return Ok(paths.runs().join(name));
    }
    let text = unknown("a run of this machine", name, names.iter().map(String::as_str));
    Err(Refused(Exit::Usage, text))
}
