//! How a console is asked for, and the refusal of what is not there.

use std::path::PathBuf;

use crate::domain::run::event::RunKind;

/// How a console is to be started.
#[derive(Debug, Clone)]
pub struct Start {
    /// The person, by `--as`.
    pub person: Option<String>,
    /// `--ascii`.
    pub ascii: bool,
    /// False with `--no-notify`.
    pub notify: bool,
    /// `--theme`: a shipped name or a file.
    pub theme: Option<String>,
    /// `--keymap`: a shipped name or a file.
    pub keymap: Option<String>,
    /// Live or simulation.
    pub kind: RunKind,
    /// Where observations are kept, if not at the usual place.
    pub memory: Option<PathBuf>,
}

/// The command line asks for something that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
