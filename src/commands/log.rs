//! `warroom log`: what the program did and met lately, in all its processes.

use super::args::LogArgs;
use super::exit::Exit;
use super::refused::Refused;
use super::say::say;
use crate::runtime::log;
use crate::runtime::paths::StatePaths;

/// Prints the last lines that are asked for.
pub(super) fn run(args: &LogArgs) -> Result<Exit, Refused> {
    let paths = StatePaths::of_process().map_err(|error| anyhow::anyhow!(error))?;
    let root = paths.root();
    let shown = root.display();
    let text = log::read(root)
        .map_err(|error| anyhow::anyhow!("failed to read the log in {shown}: {error}"))?;
    let Some(text) = text else {
        say(&format!("Nothing was logged yet in {shown}.\n"))?;
        return Ok(Exit::Ok);
    };
    let told: Vec<&str> = text.lines().filter(|line| args.level.takes(line)).collect();
    let skipped = told.len().saturating_sub(args.last);
    say(&told[skipped..].iter().flat_map(|line| [line, "\n"]).collect::<String>())?;
    Ok(Exit::Ok)
}
