//! What the screen itself remembers: focus, selection, dialogs, typed text. Nothing of the run.

mod guards;

use strum::VariantArray;

pub use self::guards::Guards;
use super::command::{Command, Context};
use super::field::Field;
use super::keymap::{Key, Keymap};
use super::over::Dialog;
use super::replay::Replay;
use crate::domain::ids::StepId;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// The six panels, by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub enum Panel {
    /// 1.
    RegionA,
    /// 2.
    RegionB,
    /// 3.
    Replication,
    /// 4.
    Runbook,
    /// 5.
    Output,
    /// 6.
    Timeline,
}

impl Panel {
    /// All, in the order of their keys.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The place in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A sentence for the person at the keys: a refusal, or what was just recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Stamp,
    /// The sentence.
    pub text: Clean,
    /// True for a refusal.
    pub refusal: bool,
}

/// What the screen remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The panel that has the keys.
    pub focus: Panel,
    /// True when it covers the whole content.
    pub zoomed: bool,
    /// The selected step; none follows the run's current step.
    pub selected: Option<StepId>,
    /// First rows shown of the panels, by [`Panel::index`].
    pub scroll: [usize; 6],
    /// The filter of the lists; empty shows all.
    pub filter: Field,
    /// True while the filter is being typed.
    pub filtering: bool,
    /// What lies over the content.
    pub dialog: Option<Box<dyn Dialog>>,
    /// First row shown of it, where it does not keep its own place.
    pub dialog_scroll: usize,
    /// The last sentence for the person at the keys.
    pub notice: Option<Notice>,
    /// Keys of an unfinished sequence.
    pub sequence: Vec<Key>,
    /// True with `--ascii`.
    pub ascii: bool,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What the guards against accidental keys remember.
    pub guards: Guards,
    /// Where the replay stands; none in a console that is no replay.
    pub replay: Option<Replay>,
}

impl Model {
    /// True when a text passes the filter of the lists.
    pub fn passes(&self, text: &str) -> bool {
        let wanted = self.filter.text.to_lowercase();
        wanted.is_empty() || text.to_lowercase().contains(&wanted)
    }

    /// True while something on the screen counts down: a stop window, or the time for reading.
    pub fn is_counting(&self) -> bool {
        self.dialog.as_ref().is_some_and(|dialog| dialog.is_counting())
    }

    /// The open dialog, when it is that one.
    pub fn over<T: Dialog>(&self) -> Option<&T> {
        self.dialog.as_deref()?.as_a()
    }

    /// The contexts whose keys count now, the innermost first.
    pub fn contexts(&self) -> &'static [Context] {
        match &self.dialog {
            _ if self.filtering => &[Context::Field],
            Some(dialog) => dialog.manner().contexts,
            None => self.contexts_beneath(),
        }
    }

    /// The contexts of what lies beneath dialogs, the innermost first.
    pub fn contexts_beneath(&self) -> &'static [Context] {
        match (self.replay.is_some(), self.focus == Panel::Output) {
            (true, true) => &[Context::Replay, Context::Output, Context::Global],
            (true, false) => &[Context::Replay, Context::List, Context::Global],
            (false, true) => &[Context::Output, Context::Global],
            (false, false) => &[Context::List, Context::Global],
        }
    }

    /// The first key of a command beneath dialogs, as it is bound.
    pub fn key(&self, keymap: &Keymap, command: Command) -> String {
        keymap.key_of(self.contexts_beneath(), command)
    }

    /// Opens a dialog.
    pub fn open(&mut self, now: Stamp, dialog: Box<dyn Dialog>) {
        self.guards.dialog_at = Some(now);
        self.guards.from_palette = false;
        self.sequence.clear();
        self.notice = None;
        self.dialog_scroll = 0;
        self.dialog = Some(dialog);
    }

    /// Closes the dialog; false when there was none.
    pub fn leave_dialog(&mut self) -> bool {
        self.guards.dialog_at = None;
        self.dialog.take().is_some()
    }

    /// Tells the person at the keys why not.
    pub fn refuse(&mut self, at: Stamp, text: impl Into<String>) {
        self.notice = Some(Notice { at, text: Clean::new(&text.into()), refusal: true });
    }

    /// Tells the person at the keys what was done.
    pub fn say(&mut self, at: Stamp, text: impl Into<String>) {
        self.notice = Some(Notice { at, text: Clean::new(&text.into()), refusal: false });
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            focus: Panel::Runbook,
            zoomed: false,
            selected: None,
            scroll: [0; 6],
            filter: Field::default(),
            filtering: false,
            dialog: None,
            dialog_scroll: 0,
            notice: None,
            sequence: Vec::new(),
            ascii: false,
            size: (80, 24),
            guards: Guards::default(),
            replay: None,
        }
    }
}
