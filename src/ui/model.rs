//! What the screen itself remembers: focus, selection, dialogs, typed text. Nothing of the run.

mod guards;

pub use self::guards::Guards;
use crate::domain::ids::{Side, StepId};
use crate::domain::run::event::Mode;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::Met;

use super::replay::Replay;

/// The six panels, by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    pub const ALL: [Self; 6] = [
        Self::RegionA,
        Self::RegionB,
        Self::Replication,
        Self::Runbook,
        Self::Output,
        Self::Timeline,
    ];

    /// The place in [`Self::ALL`].
    pub fn index(self) -> usize {
        match self {
            Self::RegionA => 0,
            Self::RegionB => 1,
            Self::Replication => 2,
            Self::Runbook => 3,
            Self::Output => 4,
            Self::Timeline => 5,
        }
    }
}

/// Text being typed. Paste is never put in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// The text.
    pub text: String,
    /// The cursor, in characters from the start.
    pub cursor: usize,
}

/// What a form asks for; all forms have one field and do nothing until it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormPurpose {
    /// A note for the timeline.
    Note,
    /// The reason for skipping a step.
    Skip(StepId),
    /// The value a person observed.
    Attest(StepId),
    /// The reason for trying again; for a step whose target removes repetitions by their key, also
    /// whether it is to take the next attempt as a new act.
    Retry(StepId, Option<bool>),
    /// What became of an unknown attempt; the flag is the answer chosen so far.
    Resolve(StepId, Option<bool>),
    /// The reason for going on as if the primary were lost; a step, or the whole run.
    Escalate(Option<StepId>),
    /// `abort <step>`, typed.
    AbortStep(StepId),
    /// The reason for going on although a go/no-go criterion, by its key, is as it is.
    Criterion(String, Met),
    /// Where a replay is to go.
    Seek,
}

impl FormPurpose {
    /// True when the field confirms, word by word, instead of telling something.
    pub fn is_typed(&self) -> bool {
        matches!(self, Self::AbortStep(_))
    }
}

/// The card of a step: what would change, gates, loss, undo, timing, and how to start it.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The step.
    pub step: StepId,
    /// True when the card takes the step back instead of doing it.
    pub back: bool,
    /// True when it was opened with `r` (or `K`) and asks for what the guard wants; false when it
    /// is only being read.
    pub confirming: bool,
    /// Typed text of guards 2 and 3.
    pub field: Field,
    /// The gate being broken: its index and the reason typed so far.
    pub breaking: Option<(usize, Field)>,
    /// When the stop window of guards 1 and 3 began.
    pub window: Option<Stamp>,
    /// When the card was opened.
    pub opened: Stamp,
    /// First row shown, where the card is longer than the screen.
    pub scroll: usize,
    /// The furthest it was scrolled without a row left out.
    pub read: usize,
}

/// Choosing a runbook, its direction and its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choose {
    /// Index into the site's runbooks.
    pub index: usize,
    /// Planned or ungraceful.
    pub mode: Mode,
    /// First row shown of what changes with the mode.
    pub scroll: usize,
}

/// The parts of a report, as they are read one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportPart {
    /// Everything.
    All,
    /// Objectives, clocks, losses and counts.
    Result,
    /// The steps, expected and actual.
    Steps,
    /// What people decided and what did not go as planned.
    Decisions,
    /// What went well and what did not.
    Well,
    /// Every entry.
    Timeline,
}

impl ReportPart {
    /// The one after it.
    pub fn next(self) -> Self {
        match self {
            Self::All => Self::Result,
            Self::Result => Self::Steps,
            Self::Steps => Self::Decisions,
            Self::Decisions => Self::Well,
            Self::Well => Self::Timeline,
            Self::Timeline => Self::All,
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::All => "everything",
            Self::Result => "result",
            Self::Steps => "steps",
            Self::Decisions => "decisions",
            Self::Well => "well, not well",
            Self::Timeline => "timeline",
        }
    }
}

/// The fields of the dialog that moves T0, in the order in which they are filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum T0Field {
    /// The new T0.
    #[default]
    Time,
    /// The reason.
    Reason,
    /// The word `t0`.
    Word,
}

/// Moving T0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetT0 {
    /// The new T0 as typed.
    pub time: Field,
    /// The reason typed.
    pub reason: Field,
    /// The word typed.
    pub word: Field,
    /// The field that has the cursor.
    pub at: T0Field,
}

/// What lies over the content. Header, banner, strip, NEXT and keys are never covered.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// Help for the context beneath; first row shown.
    Help {
        /// First row shown.
        scroll: usize,
    },
    /// A step's card.
    Card(Card),
    /// A form with one field.
    Form {
        /// What it asks for.
        purpose: FormPurpose,
        /// What was typed.
        field: Field,
        /// When it was opened.
        opened: Stamp,
    },
    /// Declaring: the word `declare`, then the reason.
    Declare {
        /// The word typed.
        word: Field,
        /// The reason typed.
        reason: Field,
        /// True when the reason has the cursor.
        at_reason: bool,
        /// When it was opened.
        opened: Stamp,
    },
    /// The expected losses, to be accepted.
    Ledger {
        /// When it was opened.
        opened: Stamp,
    },
    /// Runbook and mode.
    Choose(Choose),
    /// Leaving SAFE: what that means, then the word `arm`.
    Arm {
        /// The word typed.
        field: Field,
        /// When it was opened.
        opened: Stamp,
    },
    /// What every probe of a side said; first row shown.
    Evidence {
        /// The side.
        side: Side,
        /// First row shown.
        scroll: usize,
    },
    /// The report of the run.
    Report {
        /// The part that is read.
        part: ReportPart,
        /// First row shown.
        scroll: usize,
    },
    /// The go/no-go list; the key of the selected criterion, none for the first.
    Readiness {
        /// The selected criterion.
        selected: Option<String>,
    },
    /// Giving the run up: `abort run`, then the reason.
    AbortRun {
        /// The words typed.
        word: Field,
        /// The reason typed.
        reason: Field,
        /// True when the reason has the cursor.
        at_reason: bool,
        /// When it was opened.
        opened: Stamp,
        /// First row of the plan shown.
        scroll: usize,
    },
    /// Closing the run: how it would end and what is left.
    Close {
        /// When it was opened.
        opened: Stamp,
    },
    /// Every command by its name.
    Palette {
        /// What was typed: the beginning of a name, or a name and its arguments.
        field: Field,
        /// The row that Enter takes.
        chosen: usize,
        /// When it was opened.
        opened: Stamp,
    },
    /// A status update, composed from what is shown.
    Update {
        /// The person's own sentence.
        field: Field,
        /// First row shown.
        scroll: usize,
        /// When it was opened.
        opened: Stamp,
    },
    /// Moving T0.
    SetT0 {
        /// What was typed.
        typed: SetT0,
        /// When it was opened.
        opened: Stamp,
    },
    /// Leaving during an open run: steps go on.
    Leave {
        /// When it was opened.
        opened: Stamp,
    },
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
    pub dialog: Option<Dialog>,
    /// The last sentence for the person at the keys.
    pub notice: Option<Notice>,
    /// Keys of an unfinished sequence, as text.
    pub sequence: Vec<String>,
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
        match &self.dialog {
            Some(Dialog::Card(card)) => card.window.is_some(),
            dialog => matches!(dialog, Some(Dialog::Ledger { .. })),
        }
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
            notice: None,
            sequence: Vec::new(),
            ascii: false,
            size: (80, 24),
            guards: Guards::default(),
            replay: None,
        }
    }
}
