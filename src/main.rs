//! The one binary: reads the command line, does what it asks, answers with an exit code.

use std::process::ExitCode;

/// A judgement of a thousand systems makes and drops some ten thousand texts. The C library's
/// allocator hands their pages back and asks for them again each time: two thirds of the time that
/// judging took.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    warroom::commands::entry::main()
}
