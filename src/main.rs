//! The one binary: reads the command line, does what it asks, answers with an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    warroom::commands::entry::main()
}
