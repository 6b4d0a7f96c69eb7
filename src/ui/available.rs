//! Why a command is not possible now: greys its key, answers its press, and stands in the help.

mod giving_up;

use super::command::{COMMANDS, Command, CommandSpec, Context};
use super::keymap::{Binding, Keymap, Lookup};
use super::model::Model;
use super::screen::{Access, GuideRow, JournalState};
use super::update::guard_refusal;
use super::update::{Facts, contexts_beneath};
use crate::domain::catalogue::Class;
use crate::domain::ids::StepId;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Compensation, Step};
use crate::domain::text::Clean;
use crate::domain::verdict::{Alarm, Met};

/// Nothing against it, or a sentence that says what is and what to do.
type Possible = Result<(), Clean>;

/// Why `command` is not possible now; none when it is. `decide` has the last word on every wish,
/// this says the plain cases before anything is typed.
#[must_use]
pub fn why_not(command: Command, facts: &Facts<'_>, model: &Model) -> Option<Clean> {
    why_not_step(command, facts, model, subject(command, facts, model))
}

/// The same for a step that is not the selected one, such as that of an open card.
#[must_use]
pub fn why_not_step(
    command: Command,
    facts: &Facts<'_>,
    model: &Model,
    step: Option<&Step>,
) -> Option<Clean> {
    match (command, &model.replay) {
        (Command::Replay(_), None) => return Some("only in a replay".into()),
        (Command::VerifyNow, Some(_)) => {
            return Some("a replay shows what was seen and looks at nothing".into());
        }
        (Command::Copy | Command::Update, Some(_)) => {
            return Some("a replay is no news of now: `warroom report RUN` tells it".into());
        }
        _ => {}
    }
    if command == Command::Report && facts.run.is_none() {
        return Some("no run is here to report: `warroom report RUN` tells of earlier ones".into());
    }
    if !command.is_verb() {
        return None;
    }
    if model.replay.is_some() {
        return Some("this is a replay: it cannot act".into());
    }
    if facts.access == Access::ReadOnly {
        return Some("read only: this console looks and cannot act".into());
    }
    let asked = Asked { facts, model, step };
    asked.possible(command).err()
}

/// The step that a command is about: mostly the selected one, else the one that is in that state.
#[must_use]
pub(crate) fn subject<'a>(command: Command, facts: &Facts<'a>, model: &Model) -> Option<&'a Step> {
    let selected = facts.selected(model)?;
    let fits = |state: &StepState| match command {
        Command::AbortStep => matches!(state.phase, Phase::Granted | Phase::Running),
        Command::Resolve => state.phase == Phase::Unknown || state.left.is_some(),
        other => other.is_verb() && state.id == selected.id,
    };
    let Some(run) = facts.run else { return Some(selected) };
    if run.step(&selected.id).is_some_and(fits) {
        return Some(selected);
    }
    let other = run.steps.iter().find(|state| fits(state));
    other.and_then(|state| facts.runbook?.step(&state.id)).or(Some(selected))
}

/// The most urgent alarm that nobody acknowledged.
#[must_use]
pub(crate) fn unacknowledged<'a>(facts: &Facts<'a>) -> Option<&'a Alarm> {
    facts.assessment.alarms.iter().find(|alarm| !facts.acknowledged.contains(&alarm.key))
}

/// Why a go/no-go criterion cannot be accepted as it is now; none when it can.
#[must_use]
pub(crate) fn why_not_accept(met: Met, facts: &Facts<'_>, model: &Model) -> Option<Clean> {
    if facts.access == Access::ReadOnly {
        return Some("read only: this console looks and cannot act".into());
    }
    if met == Met::Yes {
        return Some("it is met: there is nothing to accept".into());
    }
    let asked = Asked { facts, model, step: None };
    asked.recorded().and_then(|()| asked.open().map(|_| ())).err()
}

/// Help for the context on the screen: every command that has a key, in the order of the list.
#[must_use]
pub fn guide(keymap: &Keymap, facts: &Facts<'_>, model: &Model) -> Vec<GuideRow> {
    let beneath = contexts_beneath(model);
    // A key that an inner context takes for itself does not reach the outer one.
    let reaches = |binding: &&Binding, command: Command| {
        binding.command == command
            && keymap.look(beneath, &binding.keys) == Lookup::Command(command)
    };
    let row = |spec: &CommandSpec| {
        let keys: Vec<String> = beneath
            .iter()
            .flat_map(|context| keymap.bindings().iter().filter(|one| one.context == *context))
            .filter(|binding| reaches(binding, spec.command))
            .map(Binding::keys_text)
            .collect();
        (!keys.is_empty()).then(|| GuideRow {
            command: spec.command,
            keys: keys.join(" or ").into(),
            doc: spec.doc.into(),
            why_not: why_not(spec.command, facts, model),
        })
    };
    if model.replay.is_none() {
        return COMMANDS.iter().filter_map(row).collect();
    }
    // Its own keys first and verbs last: they are refused with a sentence.
    let (own, rest): (Vec<&CommandSpec>, Vec<&CommandSpec>) =
        COMMANDS.iter().partition(|spec| spec.context == Context::Replay);
    let (verbs, looking): (Vec<&CommandSpec>, Vec<&CommandSpec>) =
        rest.into_iter().partition(|spec| spec.command.is_verb());
    own.into_iter().chain(looking).chain(verbs).filter_map(row).collect()
}

struct Asked<'q, 'a> {
    facts: &'q Facts<'a>,
    model: &'q Model,
    step: Option<&'q Step>,
}

impl<'a> Asked<'_, 'a> {
    fn possible(&self, command: Command) -> Possible {
        if command != Command::Arm {
            self.recorded()?;
        }
        match command {
            Command::Run
            | Command::Attest
            | Command::Retry
            | Command::Skip
            | Command::Resolve
            | Command::Compensate => {
                let run = self.declared()?;
                self.armed()?;
                self.step(command, run)
            }
            // Making a thing stop is never kept away by a safe console or a held plan.
            Command::AbortStep => self.declared().and_then(|run| self.step(command, run)),
            Command::Escalate => self.escalatable(),
            Command::AbortRun => self.abortable(),
            Command::Hold => self.declared().map(|_| ()),
            Command::Declare => {
                let run = self.open()?;
                refuse_if(run.stage != Stage::Standby, "it was declared already")
            }
            Command::AcceptLedger => {
                let run = self.declared()?;
                let accepted = run.accepted.is_some();
                refuse_if(accepted, "the expected losses were accepted already")
            }
            Command::Note | Command::Close => self.open().map(|_| ()),
            Command::SetT0 => self.t0_movable(),
            Command::Choose => self.choosable(),
            Command::Acknowledge => {
                let none = unacknowledged(self.facts).is_none();
                refuse_if(none, "no alarm waits to be acknowledged")
            }
            Command::Arm
            | Command::Help
            | Command::Panel(_)
            | Command::NextPanel
            | Command::Zoom
            | Command::Filter
            | Command::Up
            | Command::Down
            | Command::PageUp
            | Command::PageDown
            | Command::First
            | Command::Last
            | Command::Enter
            | Command::Back
            | Command::Quit
            | Command::Evidence
            | Command::Readiness
            | Command::Report
            | Command::VerifyNow
            | Command::Replay(_)
            | Command::Palette
            | Command::Update
            | Command::Copy
            | Command::Select => Ok(()),
        }
    }

    /// What ends as a word in the journal needs one that can record.
    fn recorded(&self) -> Possible {
        match self.facts.journal {
            JournalState::Failed(why) => Err(format!("the journal cannot record: {why}").into()),
            JournalState::ReadOnly(why) => Err(format!("the journal is read only: {why}").into()),
            JournalState::None | JournalState::Ok { .. } => Ok(()),
        }
    }

    fn open(&self) -> Result<&'a Run, Clean> {
        let Some(run) = self.facts.run else { return Err("no run is open: press o".into()) };
        if run.stage.is_closed() {
            let word = run.stage.word();
            return Err(format!("run {} is {word}: press o for a new one", run.id).into());
        }
        Ok(run)
    }

    fn declared(&self) -> Result<&'a Run, Clean> {
        let run = self.open()?;
        refuse_if(run.stage == Stage::Standby, "not declared yet: press D")?;
        Ok(run)
    }

    fn t0_movable(&self) -> Possible {
        let stopped = self.declared()?.restored.is_some();
        refuse_if(stopped, "the clock has stopped: T0 cannot be moved any more")
    }

    fn armed(&self) -> Possible {
        refuse_if(self.facts.access == Access::Safe, "SAFE: press A to arm")
    }

    fn choosable(&self) -> Possible {
        if let Some(run) = self.facts.open_run() {
            return Err(format!("run {} is open: close it first", run.id).into());
        }
        refuse_if(self.facts.runbooks.is_empty(), "this site has no runbook")
    }

    fn step(&self, command: Command, run: &Run) -> Possible {
        let Some((step, state)) = self.step.and_then(|step| Some((step, run.step(&step.id)?)))
        else {
            return Err("no step is selected".into());
        };
        let (id, phase) = (&step.id, state.phase);
        if state.left.is_some() && command != Command::AbortStep {
            let text = format!("step {id} is not over, its processes still run: X ends them");
            return Err(text.into());
        }
        match command {
            Command::Run if run.stage == Stage::Aborting => self.step(Command::Compensate, run),
            Command::Run => {
                going_on(run)?;
                ready(step, state, run)?;
                startable(step)?;
                guard_refusal(step, false, self.model).map_or(Ok(()), Err)
            }
            Command::Attest => {
                if step.class != Class::H {
                    return Err(format!("step {id} is seen by a sensor: run it with r").into());
                }
                going_on(run)?;
                ready(step, state, run)
            }
            Command::Retry => forward(run).and_then(|()| retriable(state)),
            Command::Skip if run.stage == Stage::Aborting => leavable(run, state),
            Command::Skip => {
                let possible = matches!(phase, Phase::Pending | Phase::Ready | Phase::Failed);
                let hint = "only a step that has not been done can be skipped";
                if possible { Ok(()) } else { is(state, hint) }
            }
            Command::AbortStep => {
                let running = matches!(phase, Phase::Granted | Phase::Running);
                refuse_if(!running, "no step is running")
            }
            Command::Resolve => {
                refuse_if(phase != Phase::Unknown, "no step has an unknown outcome")
            }
            Command::Compensate => {
                refuse_if(run.is_held(), HELD)?;
                if !matches!(phase, Phase::Done | Phase::Failed) {
                    return is(state, "only a done or failed step can be taken back");
                }
                reversible(step)?;
                self.unblocked(step, run)?;
                guard_refusal(step, true, self.model).map_or(Ok(()), Err)
            }
            // The caller asks only of commands that are about a step.
            other => Err(format!("`{}` is not about a step", other.name()).into()),
        }
    }
}

const HELD: &str = "the plan is held: press space to go on";

/// A run that is not being given up.
fn forward(run: &Run) -> Possible {
    let aborting = run.stage == Stage::Aborting;
    refuse_if(aborting, "the run is being given up: no step goes forward any more")
}

/// A step that waits to be taken back can be left as it is.
fn leavable(run: &Run, state: &StepState) -> Possible {
    let planned = run.abort.as_ref().is_some_and(|abort| abort.back.contains(&state.id));
    let waits = planned && matches!(state.phase, Phase::Done | Phase::Failed);
    if waits { Ok(()) } else { is(state, "it is not waiting to be taken back") }
}

fn refuse_if(so: bool, why: &str) -> Possible {
    if so { Err(why.into()) } else { Ok(()) }
}

fn is(state: &StepState, hint: &str) -> Possible {
    Err(format!("step {} is {}: {hint}", state.id, state.phase.word()).into())
}

/// A plan that is neither held nor given up.
fn going_on(run: &Run) -> Possible {
    refuse_if(run.stage == Stage::Held, HELD)?;
    forward(run)
}

/// What no key here can start.
fn startable(step: &Step) -> Possible {
    let id = &step.id;
    if step.class == Class::H {
        return Err(format!("step {id} is done by a person: attest it with m").into());
    }
    if step.second_person {
        return Err(format!("step {id} wants a second person, who cannot approve here").into());
    }
    Ok(())
}

fn reversible(step: &Step) -> Possible {
    let id = &step.id;
    match &step.compensation {
        Compensation::Action { .. } => Ok(()),
        Compensation::None(why) => Err(format!("step {id} cannot be taken back: {why}").into()),
        Compensation::NotNeeded => {
            Err(format!("step {id} changed nothing: there is nothing to take back").into())
        }
    }
}

fn retriable(state: &StepState) -> Possible {
    match state.phase {
        Phase::Failed | Phase::Skipped | Phase::Compensated => Ok(()),
        Phase::Done if state.untrue.is_some() => Ok(()),
        Phase::Unknown => is(state, "say what became of it with U first"),
        Phase::Pending
        | Phase::Ready
        | Phase::Granted
        | Phase::Running
        | Phase::Verifying
        | Phase::Done => is(state, "there is nothing to try again"),
    }
}

fn ready(step: &Step, state: &StepState, run: &Run) -> Possible {
    match state.phase {
        Phase::Ready => Ok(()),
        Phase::Pending => {
            let unmet = |need: &&StepId| {
                run.step(need)
                    .is_none_or(|state| !state.phase.satisfies() || state.untrue.is_some())
            };
            let waits: Vec<&str> = step.needs.iter().filter(unmet).map(StepId::as_str).collect();
            Err(format!("step {} waits for {}", step.id, waits.join(", ")).into())
        }
        Phase::Granted | Phase::Running => is(state, "wait, or abort it with X"),
        Phase::Verifying => is(state, "its effect is being looked for"),
        Phase::Done if state.untrue.is_some() => {
            Err(format!("step {} is no longer true: try again with R", step.id).into())
        }
        Phase::Done => is(state, "nothing is left to do"),
        Phase::Failed => is(state, "try again with R, or skip it with s"),
        Phase::Unknown => is(state, "say what became of it with U"),
        Phase::Skipped | Phase::Compensated => is(state, "take it up again with R"),
    }
}
