//! All that can happen to the console, as one closed list.

use crate::domain::console::Rehearsal;
use crate::domain::ids::{StepId, SystemId};
use crate::domain::pace::Paces;
use crate::domain::preview::Standing;
use crate::domain::reading::Look;
use crate::domain::run::event::RunEvent;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Looks;
use crate::runtime::journal;
use crate::runtime::runner;
use crate::runtime::runner::folder::Sent;
use crate::ui::update::Input;

/// Why the standing of a step was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its call ended: is the post-condition there?
    Verify,
    /// Its attempt is unknown: what became of it?
    Reconcile,
    /// It is done: is it still so?
    Sense,
}

/// A signal of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The terminal is gone, or somebody asks us to end: leave, steps go on.
    End,
    /// Somebody asks us to stop (SIGTSTP).
    Suspend,
}

/// One thing that happened.
#[derive(Debug)]
pub enum Event {
    /// A signal.
    Signal(Signal),
    /// A key, a paste, a resize, the focus.
    Input(Input),
    /// The terminal took the last frame.
    Drawn,
    /// The journal answered.
    Journal(Box<journal::Reply>),
    /// Opening a run's journal ended.
    RunOpened(Result<(), Clean>),
    /// A watcher read the journal of a run that another console commands.
    RunRead(Vec<RunEvent>),
    /// What was observed is kept; why it is not, where the last writing failed.
    Kept(Option<Clean>),
    /// An attempt's runner made its start durable and acts.
    Started {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// The runner of an attempt is gone, and what it started still runs.
    Left {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// What still runs.
        left: Clean,
    },
    /// What an attempt started was made to end.
    Signalled {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// Counts from 1 in each attempt.
        number: usize,
        /// How, and to what it was sent.
        sent: Sent,
    },
    /// The request that an attempt should end could not be written down.
    CancelFailed {
        /// The step.
        step: StepId,
        /// Why.
        why: Clean,
    },
    /// The runner of an attempt wrote down when it ended.
    RunnerEnded {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// When.
        at: Stamp,
    },
    /// An attempt is over.
    Found {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
        /// What was found.
        found: runner::Aftermath,
    },
    /// The standing of a step was looked at.
    Checked {
        /// The step.
        step: StepId,
        /// The attempt it was asked for.
        attempt: u32,
        /// Why.
        why: Why,
        /// What was seen.
        standing: Standing,
    },
    /// A step was rehearsed.
    Rehearsed(Box<Rehearsal>),
    /// A step printed.
    Output {
        /// The step.
        step: StepId,
        /// When, as its runner saw it; none where that is not known.
        at: Option<Stamp>,
        /// The lines.
        lines: Vec<Clean>,
    },
    /// A system was looked at.
    Heard {
        /// The system.
        system: SystemId,
        /// When the look began.
        at: Stamp,
        /// What both sides told.
        looks: Box<Looks>,
    },
    /// What the probe of a system has learned by now, for those that come after it.
    Learned {
        /// The system.
        system: SystemId,
        /// In the probe's own form.
        learned: String,
    },
    /// A reference target was looked at.
    Reference {
        /// When the look began.
        at: Stamp,
        /// What it told.
        look: Box<Look>,
    },
    /// The earlier runs of the site were read.
    Paced(Box<Paces>),
    /// What of other state folders works on the site now, as far as this machine tells.
    Elsewhere(Option<Clean>),
    /// Time passed.
    Tick,
}
