//! Why a wish is not granted: every refusal is one sentence that says what to do instead.

use super::phase::{Phase, Stage};
use super::words;
use crate::domain::ids::{Side, StepId, SystemId};
use crate::domain::runbook::Runbook;
use crate::domain::text::Clean;

/// A wish that was not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
// Of those that name a step; without a plan it is called by its name.
#[error("{}", self.tell(None))]
pub enum Refusal {
    /// The console only watches.
    #[error("read-only: this console cannot act; start `warroom` without `watch` to command")]
    ReadOnly,
    /// No run is open.
    #[error("no run is open: open one first")]
    NoRun,
    /// A run is open already.
    #[error("a run is open already: close it or give it up first")]
    RunOpen,
    /// The journal cannot record.
    #[error("nothing can start: the journal cannot record ({0})")]
    Journal(Clean),
    /// An earlier wish is still being written.
    #[error("the last decision is still being recorded: wait a moment")]
    Recording,
    /// The console is safe.
    #[error("SAFE: arm this console first")]
    Safe,
    /// The primary is lost, and the run asks it.
    #[error("a planned run asks {0}, and it is red: take it for lost first, then declare")]
    PlannedWhileRed(Side),
    /// The person has no right to.
    #[error("{who} may not {what} at this site: {needs}")]
    NotPermitted {
        /// The person, or the user.
        who: Clean,
        /// The act.
        what: &'static str,
        /// What would permit it.
        needs: &'static str,
    },
    /// The run is in the wrong stage.
    #[error("not while the run is {}: {hint}", .stage.word())]
    Stage {
        /// Where the run is.
        stage: Stage,
        /// What to do instead.
        hint: &'static str,
    },
    /// The runbook has no such step.
    NoStep(StepId),
    /// The step is in the wrong phase.
    Phase {
        /// The step.
        step: StepId,
        /// Where it is.
        phase: Phase,
        /// What to do instead.
        hint: Clean,
    },
    /// What its attempt started still runs.
    Left {
        /// The step.
        step: StepId,
        /// What still runs.
        left: Clean,
    },
    /// A person attests such a step.
    Attest(StepId),
    /// A sensor sees such a step.
    Sensed(StepId),
    /// The typed text does not match.
    #[error("type exactly `{wanted}`")]
    Typed {
        /// The text wanted.
        wanted: String,
    },
    /// The loss was not accepted.
    Ledger(StepId),
    /// The loss was accepted already.
    #[error("the expected losses were accepted already")]
    Accepted,
    /// Two primaries.
    #[error(
        "two primaries ({systems}): nothing but a fence or a check may run until one is proven \
         closed; the go/no-go list overrides it with a reason"
    )]
    SplitBrain {
        /// The systems that have two.
        systems: Clean,
    },
    /// Both names of the target's system lead to one server.
    OneServer {
        /// The step.
        step: StepId,
        /// The system.
        system: SystemId,
    },
    /// A name leads to the server that this run met under the other name.
    Exchanged {
        /// The step.
        step: StepId,
        /// The system.
        system: SystemId,
        /// Where.
        side: Side,
    },
    /// The target's server was never seen.
    Unseen {
        /// The step.
        step: StepId,
        /// The system.
        system: SystemId,
        /// Where.
        side: Side,
    },
    /// A gate does not hold.
    #[error("gate does not hold: {gate}; seen: {seen}")]
    Gate {
        /// The gate in words.
        gate: Clean,
        /// What is seen.
        seen: Clean,
    },
    /// The gate to be broken holds, or does not exist.
    #[error("that rule is not in the way: run the step without breaking it")]
    NothingToBreak,
    /// The reason is too short.
    #[error("a reason of at least {least} characters is needed: it is kept for ever")]
    Reason {
        /// The least length.
        least: usize,
    },
    /// The site asks for a second person.
    SecondPerson(StepId),
    /// Nothing takes the step back.
    NoWayBack {
        /// The step.
        step: StepId,
        /// Why not, or what it costs instead.
        why: Clean,
    },
    /// Later steps rest on it.
    Later {
        /// The step.
        step: StepId,
        /// The step that rests on it.
        later: StepId,
    },
    /// What serves rests on it and stays.
    Rests {
        /// The step.
        step: StepId,
        /// The step that rests on it.
        later: StepId,
    },
    /// The run cannot be closed yet.
    #[error("the run cannot be closed: {0}")]
    Open(Clean),
    /// What was granted is no move that the run can make: nothing of it is recorded.
    #[error("not recorded, it does not fit the run: {0}")]
    Unfit(Clean),
    /// T0 cannot be moved there.
    #[error("{0}")]
    T0(&'static str),
    /// It is already so.
    #[error("{0}")]
    Already(&'static str),
}

impl Refusal {
    /// The sentence for a person, with its steps as the plan numbers and calls them.
    pub fn tell(&self, plan: Option<&Runbook>) -> String {
        let name = |step: &StepId| words::name(plan, step);
        match self {
            Self::NoStep(step) => format!("step {} is not in this runbook", name(step)),
            Self::Phase { step, phase, hint } => {
                format!("step {} is {}: {hint}", name(step), phase.word())
            }
            Self::Left { step, left } => {
                let step = name(step);
                format!("step {step} is not over, what it started still runs: abort it ({left})")
            }
            Self::Attest(step) => {
                let step = name(step);
                format!("step {step} is attested by a person, who types what was seen")
            }
            Self::Sensed(step) => {
                let step = name(step);
                format!("step {step} is seen by a sensor: run it, it cannot be attested")
            }
            Self::Ledger(step) => {
                let step = name(step);
                format!("step {step} cannot be undone: accept the expected losses first")
            }
            Self::OneServer { step, .. }
            | Self::Exchanged { step, .. }
            | Self::Unseen { step, .. } => {
                format!("step {}: {}", name(step), self.server())
            }
            Self::SecondPerson(step) => {
                let step = name(step);
                format!(
                    "step {step} asks for a second person, which this version cannot record: it \
                     cannot run"
                )
            }
            Self::NoWayBack { step, why } => {
                format!("step {} cannot be taken back: {why}", name(step))
            }
            Self::Later { step, later } => {
                let (step, later) = (name(step), name(later));
                format!("take back {later} first: it rests on {step}")
            }
            Self::Rests { step, later } => {
                let (step, later) = (name(step), name(later));
                format!("{step} stays: {later} rests on it, serves and cannot go back")
            }
            other => other.to_string(),
        }
    }

    /// Why a step may not act on the server that it would meet.
    fn server(&self) -> String {
        match self {
            Self::OneServer { system, .. } => format!(
                "both names of {system} lead to the same server, nothing acts on it; look at its \
                 names"
            ),
            Self::Exchanged { system, side, .. } => format!(
                "{system} in {side} is the server that this run acted on as the other side: its \
                 names were exchanged, nothing acts on it; look at its names"
            ),
            Self::Unseen { system, side, .. } => format!(
                "{system} in {side} was not read since, so which server it would act on is not \
                 known: it is looked at again, try in a moment"
            ),
            _ => String::new(),
        }
    }
}
