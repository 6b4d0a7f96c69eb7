//! What is known at this moment, of the world, the run and the console, for keys and frames alike.

use std::ops::Deref;
use std::time::Duration;

use super::keymap::Keymap;
use super::laid::Laid;
use super::widget::sheet::Fold;
use crate::domain::console::{Access, JournalState, Rehearsal};
use crate::domain::run::decide::{Context, decide};
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::runbook::Runbook;
use crate::domain::text::Clean;

/// All that a key and a frame may look at, beside the model.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What a decision looks at.
    pub context: Context<'a>,
    /// Which key means which command.
    pub keymap: &'a Keymap,
    /// The site's runbooks.
    pub runbooks: &'a [Runbook],
    /// Alarms that were acknowledged, by key.
    pub acknowledged: &'a [String],
    /// The last dry run.
    pub rehearsal: Option<&'a Rehearsal>,
    /// How the journal is.
    pub journal: &'a JournalState,
    /// True while a decision is being written: another one is refused until it is on record.
    pub recording: bool,
    /// How long the disk has not taken a word, where it stalled.
    pub stalled: Option<Duration>,
    /// Why nothing that is observed can be written down.
    pub unkept: Option<&'a Clean>,
    /// Lines of output there are to scroll through.
    pub output_rows: usize,
    /// Rows of the timeline there are to scroll through.
    pub timeline_rows: usize,
    /// The report as it was laid out last; it is made anew where there is none that fits.
    pub report: Option<&'a Laid>,
    /// How far the open dialog can be scrolled, and must be before Enter counts in it.
    pub fold: Fold,
}

impl<'a> Deref for Facts<'a> {
    type Target = Context<'a>;

    fn deref(&self) -> &Context<'a> {
        &self.context
    }
}

impl Facts<'_> {
    /// That no decision is being written: the next one is taken on what is on record.
    ///
    /// # Errors
    /// The refusal, as a sentence.
    pub fn settled(&self) -> Result<(), Clean> {
        if self.recording { Err(Refusal::Recording.to_string().into()) } else { Ok(()) }
    }

    /// What a decision on a wish would be now.
    ///
    /// # Errors
    /// The refusal, as a sentence.
    pub fn decides(&self, intent: &Intent) -> Result<(), Clean> {
        self.settled()?;
        decide(&self.context, intent).map(drop).map_err(|why| why.tell(self.runbook).into())
    }

    /// The same at a console of which the keys may do this.
    pub fn with(self, access: Access) -> Self {
        Self { context: Context { access, ..self.context }, ..self }
    }

    /// The same at a console that is armed, unless it only looks.
    pub fn armed(&self) -> Self {
        self.with(if self.access == Access::ReadOnly { self.access } else { Access::Armed })
    }
}
