//! All that a frame may look at, and nothing else: equal screens draw equal frames.

use crate::domain::day::Day;
use crate::domain::forecast::Forecast;
use crate::domain::ids::StepId;
use crate::domain::ledger::Ledger;
use crate::domain::preview::{Preview, Standing};
use crate::domain::run::event::{Actor, RunKind};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::Assessment;

use super::command::Command;
use super::laid::Laid;
use super::model::Model;

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
#[derive(Debug, Clone, PartialEq)]
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

/// One line that a step printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// The step.
    pub step: StepId,
    /// When it was read.
    pub at: Stamp,
    /// The line, redacted and clean.
    pub text: Clean,
}

/// One row of the timeline: journal events and what the console saw, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// One line of help for the context on the screen: a command, its keys, and why it cannot be
/// used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuideRow {
    /// The command.
    pub command: Command,
    /// The keys bound to it, as people write them: `r`, `g g`, `ctrl-u`.
    pub keys: Clean,
    /// What it does, in a few words.
    pub doc: Clean,
    /// Why it cannot be used now; none when it can.
    pub why_not: Option<Clean>,
}

/// Everything a frame may look at.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a> {
    /// The moment of the frame.
    pub now: Stamp,
    /// Live, drill or simulation.
    pub kind: RunKind,
    /// What the keys may do.
    pub access: Access,
    /// Who sits here.
    pub me: &'a Actor,
    /// The site.
    pub site: &'a Site,
    /// The latest readings.
    pub snapshot: &'a Snapshot,
    /// What they mean.
    pub assessment: &'a Assessment,
    /// The site's runbooks.
    pub runbooks: &'a [Runbook],
    /// The runbook of the run, or the one that is chosen.
    pub runbook: Option<&'a Runbook>,
    /// The run.
    pub run: Option<&'a Run>,
    /// What of other state folders works on the site now, as far as this machine tells.
    pub elsewhere: Option<&'a Clean>,
    /// The figures of the clock strip.
    pub forecast: &'a Forecast,
    /// The frozen ledger of an incident; without one, what would be lost now.
    pub ledger: &'a Ledger,
    /// The figures of the last 24 hours.
    pub day: &'a Day,
    /// Alarms that were acknowledged, by key.
    pub acknowledged: &'a [String],
    /// The last dry run.
    pub rehearsal: Option<&'a Rehearsal>,
    /// What steps printed, oldest first, bounded.
    pub output: &'a [OutputLine],
    /// What happened, oldest first, bounded.
    pub timeline: &'a [TimelineRow],
    /// How the journal is.
    pub journal: &'a JournalState,
    /// True while a decision is being written: another one is refused until it is on record.
    pub recording: bool,
    /// What the screen itself remembers.
    pub model: &'a Model,
    /// Help for this context; also what the keys row shows.
    pub guide: &'a [GuideRow],
    /// The report as it was laid out last; it is made anew where there is none that fits.
    pub report: Option<&'a Laid>,
}
