//! Why a command cannot go on: what is said on standard error, and the exit code.

use super::exit::Exit;
use super::say::Unsaid;
use crate::app::start::Usage;
use crate::app::workshop::Unwatched;
use crate::files::toml_tree::FileFault;
use crate::runtime::paths::{disk_words, is_full};
use crate::runtime::runs::RunsError;
use crate::runtime::seat::SeatError;

/// A refusal to go on: what to say on standard error, and the exit code.
pub(super) struct Refused(pub(super) Exit, pub(super) String);

impl From<Unsaid> for Refused {
    fn from(error: Unsaid) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        let exit = if may_work_later(&error) || error.is::<Unsaid>() {
            Exit::TryLater
        } else if error.is::<Usage>() {
            Exit::Usage
        } else if error.is::<Unwatched>() {
            Exit::NotPermitted
        } else if error.is::<FileFault>() {
            Exit::Configuration
        } else {
            Exit::Internal
        };
        Self(exit, told(&error))
    }
}

/// True for what another console, another run or a full disk is in the way of.
fn may_work_later(error: &anyhow::Error) -> bool {
    let seat =
        matches!(error.downcast_ref(), Some(SeatError::Taken { .. } | SeatError::Working { .. }));
    let runs = matches!(
        error.downcast_ref(),
        Some(RunsError::Several { .. } | RunsError::Held { .. } | RunsError::Open(_))
    );
    seat || runs || full_disk(error).is_some()
}

/// The word of a full disk among the causes.
fn full_disk(error: &anyhow::Error) -> Option<&std::io::Error> {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.find(|cause| is_full(cause))
}

/// An error with its causes, each told once, and what to do about a full disk.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    let full = full_disk(error).map(disk_words);
    for cause in error.chain().skip(1).map(ToString::to_string).chain(full) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
