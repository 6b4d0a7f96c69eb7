//! What a console is beside its run: what its keys may do, its journal, its dry run, what it heard.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::StepId;
use super::preview::{Preview, Standing};
use super::text::Clean;
use super::time::Stamp;

/// What the person at the keys may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A commander's console that blocks acts.
    Safe,
    /// A commander's console that acts.
    Armed,
    /// `watch`: no operator exists.
    ReadOnly,
}

/// What the last dry run of a step showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The step.
    pub step: StepId,
    /// True when it is the step's compensation.
    pub back: bool,
    /// When it was made.
    pub at: Stamp,
    /// Whether it is already so.
    pub standing: Standing,
    /// What would change.
    pub preview: Preview,
}

impl Rehearsal {
    /// An older dry run is made again, and nothing is started on it.
    pub const AGE_MAX: Duration = Duration::from_secs(30);
}

/// One line that a step printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLine {
    /// The step.
    pub step: StepId,
    /// When it was read.
    pub at: Stamp,
    /// The line, redacted and clean.
    pub text: Clean,
}

/// One row of the timeline: journal events and what the console saw, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineRow {
    /// When.
    pub at: Stamp,
    /// Who: a person, `poller` or `console`.
    pub who: Clean,
    /// What.
    pub text: Clean,
}

/// How the journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalState {
    /// No run is open.
    None,
    /// Recording; the chain's head as three short words.
    Ok {
        /// Such as `amber-fox-tide`.
        words: String,
    },
    /// It cannot record: nothing new starts. The reason.
    Failed(Clean),
    /// It is read only, for example because a newer version wrote it. The reason.
    ReadOnly(Clean),
}
