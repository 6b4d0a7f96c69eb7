//! The hidden subcommand of an attempt's own process.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::app::workshop;
use crate::runtime::clock::SystemClock;
use crate::runtime::runner;

/// Performs one attempt.
pub(super) fn perform(attempt: &Path) -> ExitCode {
    let dir = workshop::site_dir_of_runner();
    runner::main(attempt, |context| workshop::prepare(context, &dir, Arc::new(SystemClock::new())))
}
