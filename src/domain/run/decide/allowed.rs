//! What each kind of wish needs before anything is typed: a run, a right, a stage, arms, a phase.
//!
//! One table for all of them. `decide` asks it first of every wish, and the screen asks the same
//! question to grey a key, so that what a key offers and what is granted cannot drift apart.

use super::context::Context;
use crate::domain::abort::{self, Blocked};
use crate::domain::catalogue::Class;
use crate::domain::console::Access;
use crate::domain::ids::StepId;
use crate::domain::run::event::{Actor, Mode};
use crate::domain::run::intent::Kind;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Compensation, Runbook, Step};
use crate::domain::site::{Site, SiteRole};
use crate::domain::text::Clean;

/// In which stages of a run.
enum Stages {
    /// Without a run too.
    Any,
    /// Until it is closed.
    Open,
    /// Before it is declared.
    Undeclared,
    /// Until it is closed or given up.
    NotGivenUp,
    /// Once it is declared, until it is closed.
    Declared,
    /// Once it is declared, until it is closed or given up.
    Forward,
    /// The same, and not while the plan is held.
    GoingOn,
}

/// Who.
enum Right {
    /// Whoever sits here: it acts on nothing.
    Anyone,
    /// A commander of the site.
    Commander,
    /// A commander who may declare.
    Declarer,
}

/// One row of the table.
struct Needs {
    stages: Stages,
    right: Right,
    /// False for what only writes, and for what makes things stop.
    armed: bool,
}

impl Kind {
    /// The table.
    const fn needs(self) -> Needs {
        use Right::{Anyone, Commander, Declarer};
        use Stages::{Any, Declared, Forward, GoingOn, NotGivenUp, Open, Undeclared};
        let (stages, right, armed) = match self {
            Self::Declare => (Undeclared, Declarer, false),
            // Some make things stop, or let nothing start that does not ask for arms itself.
            Self::AcceptLedger | Self::SetT0 | Self::AbortStep | Self::Hold | Self::Release => {
                (Declared, Commander, false)
            }
            Self::AcceptCriterion | Self::Close => (Open, Commander, false),
            Self::Run | Self::Attest => (GoingOn, Commander, true),
            Self::Compensate | Self::Skip | Self::Resolve => (Declared, Commander, true),
            Self::Retry => (Forward, Commander, true),
            // Also before the declaration: a plan that was opened to be gentle may have to be not.
            Self::Escalate | Self::AbortRun => (NotGivenUp, Commander, true),
            Self::Note | Self::SendUpdate => (Open, Anyone, false),
            Self::Acknowledge => (Any, Anyone, false),
        };
        Needs { stages, right, armed }
    }

    /// True for what SAFE blocks.
    pub fn needs_arms(self) -> bool {
        self.needs().armed
    }
}

impl Context<'_> {
    /// Whether such a wish may be made at all now, whatever will be typed.
    ///
    /// # Errors
    /// The refusal that `decide` would give.
    pub fn allows(&self, kind: Kind, step: Option<&StepId>) -> Result<(), Refusal> {
        let needs = kind.needs();
        let run = match (self.run, &needs.stages) {
            (None, Stages::Any) => return Ok(()),
            (None, _) => return Err(Refusal::NoRun),
            (Some(run), _) => run,
        };
        self.right(&needs.right)?;
        stage(run, &needs.stages)?;
        refused_by_run(kind, run)?;
        if needs.armed && self.access != Access::Armed {
            return Err(Refusal::Safe);
        }
        let Some(id) = step else { return Ok(()) };
        let book = self.runbook.ok_or(Refusal::NoRun)?;
        let found = book.step(id).zip(run.step(id));
        let (step, state) = found.ok_or_else(|| Refusal::NoStep(id.clone()))?;
        refused_by_step(kind, run, book, step, state)
    }

    fn right(&self, right: &Right) -> Result<(), Refusal> {
        match right {
            Right::Anyone => Ok(()),
            Right::Commander => permitted(self.site, self.me, SiteRole::Commander, "command"),
            Right::Declarer => {
                permitted(self.site, self.me, SiteRole::Commander, "declare")?;
                let person = self.me.person.as_ref().and_then(|id| self.site.person(id));
                if self.site.people.is_empty() || person.is_some_and(|person| person.may_declare) {
                    return Ok(());
                }
                let who = self.me.to_string().into();
                let needs = "the site file gives `may_declare` to others";
                Err(Refusal::NotPermitted { who, what: "declare", needs })
            }
        }
    }
}

#[expect(clippy::match_same_arms, reason = "the order of the rows is the order of the rules")]
fn stage(run: &Run, stages: &Stages) -> Result<(), Refusal> {
    let stage = run.stage;
    let refuse = |hint| Err(Refusal::Stage { stage, hint });
    match (stages, stage) {
        (Stages::Any, _) => Ok(()),
        (_, Stage::Complete | Stage::Aborted) => refuse("it has ended, a new one can be opened"),
        (Stages::Open | Stages::NotGivenUp | Stages::Undeclared, Stage::Standby) => Ok(()),
        (Stages::Undeclared, _) => Err(Refusal::Already("it was declared already")),
        (Stages::Declared | Stages::Forward | Stages::GoingOn, Stage::Standby) => {
            refuse("declare first")
        }
        (Stages::NotGivenUp | Stages::Forward | Stages::GoingOn, Stage::Aborting) => {
            refuse("no step goes forward any more, they are only taken back")
        }
        (Stages::GoingOn, Stage::Held) => refuse(GO_ON),
        (
            Stages::Open | Stages::Declared,
            Stage::Declared | Stage::Executing | Stage::Held | Stage::Verifying | Stage::Aborting,
        )
        | (
            Stages::NotGivenUp | Stages::Forward,
            Stage::Declared | Stage::Executing | Stage::Held | Stage::Verifying,
        )
        | (Stages::GoingOn, Stage::Declared | Stage::Executing | Stage::Verifying) => Ok(()),
    }
}

const GO_ON: &str = "let it go on first";

/// What the run itself has against it, beside its stage.
fn refused_by_run(kind: Kind, run: &Run) -> Result<(), Refusal> {
    let refuse_if = |so: bool, refusal: Refusal| if so { Err(refusal) } else { Ok(()) };
    let stage = |hint| Refusal::Stage { stage: run.stage, hint };
    match kind {
        Kind::AcceptLedger => refuse_if(run.accepted.is_some(), Refusal::Accepted),
        Kind::SetT0 => {
            let why = "the clock has stopped: T0 cannot be moved any more";
            refuse_if(run.restored.is_some(), Refusal::T0(why))
        }
        Kind::Compensate => {
            refuse_if(run.is_held(), Refusal::Stage { stage: Stage::Held, hint: GO_ON })
        }
        Kind::Close => refuse_if(run.stage == Stage::Held, stage(GO_ON)),
        Kind::Hold => refuse_if(run.is_held(), stage("there is nothing to hold")),
        Kind::Release => refuse_if(!run.is_held(), stage("the plan is not held")),
        Kind::Escalate => {
            let why = "the run is ungraceful already";
            refuse_if(run.mode == Mode::Ungraceful, Refusal::Already(why))
        }
        // The table says all there is against it.
        Kind::Declare
        | Kind::AcceptCriterion
        | Kind::Run
        | Kind::Skip
        | Kind::Attest
        | Kind::Retry
        | Kind::Resolve
        | Kind::AbortStep
        | Kind::AbortRun
        | Kind::Note
        | Kind::SendUpdate
        | Kind::Acknowledge => Ok(()),
    }
}

/// What the step's kind and phase have against it.
fn refused_by_step(
    kind: Kind,
    run: &Run,
    book: &Runbook,
    step: &Step,
    state: &StepState,
) -> Result<(), Refusal> {
    let id = &step.id;
    let phase = state.phase;
    let unless = |so: bool, hint: &'static str| if so { Ok(()) } else { not_now(state, hint) };
    // What an attempt left running keeps every decision on its step away but its end.
    if let Some(left) = state.left.clone().filter(|_| kind != Kind::AbortStep) {
        return Err(Refusal::Left { step: id.clone(), left });
    }
    match kind {
        Kind::Run => {
            ready(run, book, state)?;
            if step.class == Class::H {
                return Err(Refusal::Attest(id.clone()));
            }
            if step.second_person {
                return Err(Refusal::SecondPerson(id.clone()));
            }
            Ok(())
        }
        Kind::Attest if step.class != Class::H => Err(Refusal::Sensed(id.clone())),
        Kind::Attest => ready(run, book, state),
        Kind::Skip if run.stage == Stage::Aborting => leavable(run, book, state),
        Kind::Skip => {
            let open = matches!(phase, Phase::Pending | Phase::Ready | Phase::Failed);
            unless(open, "only a step that has not been done can be skipped")
        }
        Kind::Retry => retriable(state),
        Kind::Resolve => unless(phase == Phase::Unknown, "no attempt of it has an unknown outcome"),
        Kind::AbortStep => {
            let runs = matches!(phase, Phase::Granted | Phase::Running);
            unless(runs, "no attempt of it is running")
        }
        Kind::Compensate => {
            let done = matches!(phase, Phase::Done | Phase::Failed);
            unless(done, "only a done or failed step can be taken back")?;
            reversible(run, book, step)
        }
        Kind::Escalate if state.escalated => {
            Err(Refusal::Already("the step is ungraceful already"))
        }
        // It is about no step, or the run alone speaks for it.
        Kind::Escalate
        | Kind::Declare
        | Kind::AcceptLedger
        | Kind::AcceptCriterion
        | Kind::SetT0
        | Kind::Hold
        | Kind::Release
        | Kind::AbortRun
        | Kind::Close
        | Kind::Note
        | Kind::SendUpdate
        | Kind::Acknowledge => Ok(()),
    }
}

fn not_now(state: &StepState, hint: impl Into<Clean>) -> Result<(), Refusal> {
    Err(Refusal::Phase { step: state.id.clone(), phase: state.phase, hint: hint.into() })
}

fn ready(run: &Run, book: &Runbook, state: &StepState) -> Result<(), Refusal> {
    let hint = match state.phase {
        Phase::Ready => return Ok(()),
        Phase::Pending => {
            let waits: Vec<String> =
                run.waits_for(&state.id).into_iter().map(|id| book.named(id)).collect();
            return not_now(state, format!("it waits for {}", waits.join(", ")));
        }
        Phase::Granted | Phase::Running => "wait, or abort it",
        Phase::Verifying => "its effect is being looked for",
        Phase::Done if state.untrue.is_some() => "it is no longer true: try it again",
        Phase::Done => "nothing is left to do",
        Phase::Failed => "try it again, or skip it",
        Phase::Unknown => "say what became of it",
        Phase::Skipped | Phase::Compensated => "take it up again",
    };
    not_now(state, hint)
}

fn retriable(state: &StepState) -> Result<(), Refusal> {
    match state.phase {
        Phase::Failed | Phase::Skipped | Phase::Compensated => Ok(()),
        Phase::Done if state.untrue.is_some() => Ok(()),
        Phase::Unknown => not_now(state, "say what became of it first"),
        Phase::Pending
        | Phase::Ready
        | Phase::Granted
        | Phase::Running
        | Phase::Verifying
        | Phase::Done => not_now(state, "there is nothing to try again"),
    }
}

/// While the run is given up: a step that waits to be taken back can stay as it is.
fn leavable(run: &Run, book: &Runbook, state: &StepState) -> Result<(), Refusal> {
    if state.open_attempt().is_some() {
        return not_now(state, "settle its attempt first");
    }
    let (back, _) = abort::lists(run, book);
    if !back.contains(&state.id) || state.phase == Phase::Compensated {
        return not_now(state, "it is not waiting to be taken back");
    }
    Ok(())
}

/// What can be taken back, once what rests on it is.
fn reversible(run: &Run, book: &Runbook, step: &Step) -> Result<(), Refusal> {
    let no_way_back = |why: Clean| Err(Refusal::NoWayBack { step: step.id.clone(), why });
    match &step.compensation {
        Compensation::Action { .. } => {}
        Compensation::None(why) => return no_way_back(why.clone()),
        Compensation::NotNeeded => return no_way_back("it changed nothing".into()),
    }
    let step = step.id.clone();
    match abort::blocked(run, book, &step) {
        Some(Blocked::First(later)) => Err(Refusal::Later { step, later }),
        Some(Blocked::Rests(later)) => Err(Refusal::Rests { step, later }),
        None => Ok(()),
    }
}

/// True when the actor may do what `role` is for; a site without people lets everyone.
///
/// # Errors
/// [`Refusal::NotPermitted`] with what would permit it.
pub fn permitted(
    site: &Site,
    by: &Actor,
    role: SiteRole,
    what: &'static str,
) -> Result<(), Refusal> {
    if site.people.is_empty() {
        return Ok(());
    }
    let person = by.person.as_ref().and_then(|id| site.person(id));
    let needs = match person {
        Some(person) if person.roles.contains(&role) => return Ok(()),
        Some(_) => "the site file gives the role to others",
        None => "start the console with `--as NAME`, a person of the site file",
    };
    Err(Refusal::NotPermitted { who: by.to_string().into(), what, needs })
}
