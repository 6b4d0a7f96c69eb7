//! What a command answers on standard output.

use std::io::{self, ErrorKind, Write as _};

/// The answer could not be written: nobody may take the exit code for it.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the answer: {0}")]
pub(super) struct Unsaid(#[from] io::Error);

/// Prints it. Who reads no further has read enough.
///
/// # Errors
/// When it cannot be written, such as to a full disk.
pub(super) fn say(text: &str) -> Result<(), Unsaid> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
