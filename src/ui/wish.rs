//! What keys ask of the rest of the console: closed, so that nothing else can come from a key.

use crate::domain::ids::StepId;
use crate::domain::run::event::Mode;
use crate::domain::run::intent::Intent;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::ui::replay::ReplayWish;

/// One wish of the person at the keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Something is to happen to the run.
    Intent(Intent),
    /// Begin a run.
    Open {
        /// Index into the site's runbooks.
        index: usize,
        /// Planned or ungraceful.
        mode: Mode,
    },
    /// Leave SAFE.
    Arm,
    /// Go back to SAFE.
    Safe,
    /// Look again at everything now.
    VerifyNow,
    /// Copy what the focused panel or the open dialog shows.
    Copy,
    /// Hand over a status update, and put it on record while a run is open.
    Update {
        /// The person's own sentence; may be empty.
        sentence: Clean,
    },
    /// Make a dry run.
    Rehearse {
        /// The step.
        step: StepId,
        /// True for its compensation.
        back: bool,
    },
    /// A stop window runs until then: call `tick` at that moment at the latest.
    StopWindow {
        /// Its end.
        until: Stamp,
    },
    /// Leave the console; running steps go on.
    Leave,
    /// Move in a replay.
    Replay(ReplayWish),
}

impl Wish {
    /// True for what goes on record as this person's word.
    pub fn is_word(&self) -> bool {
        matches!(self, Self::Intent(_) | Self::Open { .. } | Self::Update { .. })
    }

    /// True for what SAFE blocks: what moves a step forward or back, or gives the run up.
    pub fn is_act(&self) -> bool {
        matches!(self, Self::Intent(intent) if intent.kind().needs_arms())
    }
}
