//! All that the console can wish for; an observer's list has no value that acts or records.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::{RunId, StepId};
use crate::domain::run::event::{Actor, Body, RunKind};
use crate::domain::run::role::{Commander, Observer, Role};
use crate::domain::runbook::{Direction, Runbook};
use crate::domain::text::Clean;
use crate::port::Expected;
use crate::runtime::event::Why;
use crate::runtime::observations::Observations;

/// What a role may have written down.
pub trait Writes: Role {
    /// The kind of writing; without a value for an observer.
    type Record: Send;
}

impl Writes for Observer {
    type Record = Infallible;
}

impl Writes for Commander {
    type Record = Record;
}

/// A commander's writing.
#[derive(Debug)]
pub enum Record {
    /// Create the journal of a new run.
    Open {
        /// The run.
        run: RunId,
        /// Index of its runbook.
        runbook: usize,
        /// What it is for.
        kind: RunKind,
    },
    /// Append to the journal.
    Append {
        /// Comes back with the journal's answer.
        ticket: u64,
        /// Who.
        by: Actor,
        /// What.
        body: Box<Body>,
    },
    /// Ask an attempt to end.
    Cancel {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// Take back the grant of every attempt that this console released and that has not begun to
    /// act. Waits for no disk.
    Void {
        /// Why.
        why: Clean,
    },
}

/// One step of a plan, as an operator is built for it.
#[derive(Debug, Clone)]
pub struct Job {
    /// The plan.
    pub runbook: Arc<Runbook>,
    /// Which way.
    pub direction: Direction,
    /// The step.
    pub step: StepId,
    /// The attempt it is asked for; 0 before the first.
    pub attempt: u32,
    /// True for the compensation.
    pub back: bool,
    /// Which servers are meant.
    pub expected: Expected,
}

/// One wish.
#[derive(Debug)]
pub enum Effect<R: Writes> {
    /// Release a granted attempt.
    Act(R::Act),
    /// Write.
    Record(R::Record),
    /// Wait for the runner of an attempt that an earlier console started.
    Watch {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: u32,
    },
    /// Look at the standing of a step until it is done or the time is over.
    Check {
        /// The step.
        job: Job,
        /// Why.
        why: Why,
        /// How long to go on asking; zero asks once.
        patience: Duration,
    },
    /// Rehearse a step for its card.
    Rehearse(Job),
    /// Look at every system now.
    LookNow,
    /// Keep what was observed.
    Keep(Box<Observations>),
    /// Set the terminal's title.
    Title(String),
    /// Ring once.
    Bell,
    /// Tell the person who looks elsewhere: no names of hosts, no ids, no addresses.
    Notify(Clean),
    /// Hand lines to the terminal's clipboard; secrets are masked already.
    Copy(Vec<Clean>),
    /// Leave; running steps go on.
    Quit,
}
