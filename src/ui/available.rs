//! Why a command is not possible now: greys its key, answers its press, and stands in the help.

use super::command::{COMMANDS, Command, CommandSpec, Context};
use super::keymap::{Binding, Keymap, Lookup};
use super::meant::meant;
use super::model::{Model, Panel};
use super::screen::{Access, GuideRow, JournalState};
use super::update::guard_refusal;
use super::update::{Facts, contexts_beneath};
use crate::domain::run::decide::{Asking, Kind, permitted};
use crate::domain::run::intent::Intent;
use crate::domain::run::phase::Stage;
use crate::domain::run::state::Run;
use crate::domain::runbook::Step;
use crate::domain::site::SiteRole;
use crate::domain::text::Clean;
use crate::domain::verdict::{Alarm, Met};

/// Nothing against it, or a sentence that says what is and what to do.
type Possible = Result<(), Clean>;

/// Why `command` is not possible now; none when it is. `decide` has the last word on every wish,
/// this says the plain cases before anything is typed.
pub fn why_not(command: Command, facts: &Facts<'_>, model: &Model) -> Option<Clean> {
    // What is escalated is the run, until a step is chosen in its form.
    let step = meant(facts, model).filter(|_| command != Command::Escalate);
    why_not_step(command, facts, model, step)
}

/// The same for a step that is not the selected one, such as that of an open card.
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
    let in_region = matches!(model.focus, Panel::RegionA | Panel::RegionB);
    if command == Command::Enter && step.is_none() && !in_region {
        return Some("no step is listed".into());
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

/// Why the key of `command` would come to nothing for this step, were all typed that it asks for;
/// none when it does what it says. It is what `decide` itself answers: NEXT, the keys row and the
/// help offer a key by it. A key that is refused late still opens what tells why.
pub fn why_not_offered(
    command: Command,
    facts: &Facts<'_>,
    model: &Model,
    step: Option<&Step>,
) -> Option<Clean> {
    why_not_step(command, facts, model, step).or_else(|| {
        let kind = kind(command, facts.run)?;
        if let Err(why) = facts.settled() {
            return Some(why);
        }
        facts.decides(&whole(kind, facts, step)?).err()
    })
}

/// The same for the step that is meant.
pub fn why_not_now(command: Command, facts: &Facts<'_>, model: &Model) -> Option<Clean> {
    let step = meant(facts, model).filter(|_| command != Command::Escalate);
    why_not_offered(command, facts, model, step)
}

/// The wish that a key ends in, with everything typed that is asked for.
fn whole(kind: Kind, facts: &Facts<'_>, step: Option<&Step>) -> Option<Intent> {
    let reason = || Clean::from("a reason that is long enough");
    let id = || step.map(|step| step.id.clone());
    Some(match kind {
        Kind::Declare => Intent::Declare { typed: "declare".to_owned(), reason: reason() },
        Kind::AcceptLedger => Intent::AcceptLedger,
        Kind::Run => {
            let (step, typed) = (id()?, step?.typed_text(facts.run?.direction));
            Intent::Run { step, typed, broken: None, call: reason() }
        }
        Kind::Compensate => {
            let (step, typed) = (id()?, step?.typed_text_back(facts.run?.direction));
            Intent::Compensate { step, typed, call: reason() }
        }
        Kind::Skip => Intent::Skip { step: id()?, reason: reason() },
        Kind::Attest => Intent::Attest { step: id()?, value: reason() },
        Kind::Retry => {
            Intent::Retry { step: id()?, reason: reason(), new_key: false, by_itself: false }
        }
        Kind::Resolve => Intent::Resolve { step: id()?, done: true, reason: reason() },
        Kind::AbortStep => {
            let step = id()?;
            Intent::AbortStep { typed: format!("abort {step}"), step }
        }
        Kind::Hold => Intent::Hold { reason: reason() },
        Kind::Release => Intent::Release,
        Kind::Escalate => Intent::Escalate { step: id(), reason: reason() },
        Kind::AbortRun => Intent::AbortRun { typed: "abort run".to_owned(), reason: reason() },
        Kind::Close => Intent::Close,
        Kind::Note => Intent::Note { text: reason() },
        Kind::Acknowledge => Intent::Acknowledge { alarm: unacknowledged(facts)?.key.clone() },
        Kind::SetT0 | Kind::AcceptCriterion | Kind::SendUpdate => return None,
    })
}

/// The most urgent alarm that nobody acknowledged.
pub(crate) fn unacknowledged<'a>(facts: &Facts<'a>) -> Option<&'a Alarm> {
    facts.assessment.alarms.iter().find(|alarm| !facts.acknowledged.contains(&alarm.key))
}

/// Why a go/no-go criterion cannot be accepted as it is now; none when it can.
pub(crate) fn why_not_accept(met: Met, facts: &Facts<'_>, model: &Model) -> Option<Clean> {
    if facts.access == Access::ReadOnly {
        return Some("read only: this console looks and cannot act".into());
    }
    if met == Met::Yes {
        return Some("it is met: there is nothing to accept".into());
    }
    let asked = Asked { facts, model, step: None };
    let armed = facts.access == Access::Armed;
    asked.recorded().and_then(|()| asked.allowed(Kind::AcceptCriterion, armed)).err()
}

/// Help for the context on the screen: every command that has a key, in the order of the list.
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
            why_not: why_not_now(spec.command, facts, model),
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

/// The kind of wish that a verb ends in; none for one that ends in no wish of a run.
fn kind(command: Command, run: Option<&Run>) -> Option<Kind> {
    let is_aborting = run.is_some_and(|run| run.stage == Stage::Aborting);
    match command {
        Command::Run if is_aborting => Some(Kind::Compensate),
        Command::Run => Some(Kind::Run),
        Command::Attest => Some(Kind::Attest),
        Command::Retry => Some(Kind::Retry),
        Command::Skip => Some(Kind::Skip),
        Command::AbortStep => Some(Kind::AbortStep),
        Command::Resolve => Some(Kind::Resolve),
        Command::Compensate => Some(Kind::Compensate),
        Command::Escalate => Some(Kind::Escalate),
        Command::AbortRun => Some(Kind::AbortRun),
        Command::Hold if run.is_some_and(Run::is_held) => Some(Kind::Release),
        Command::Hold => Some(Kind::Hold),
        Command::Declare => Some(Kind::Declare),
        Command::AcceptLedger => Some(Kind::AcceptLedger),
        Command::Note => Some(Kind::Note),
        Command::Close => Some(Kind::Close),
        Command::SetT0 => Some(Kind::SetT0),
        Command::Acknowledge => Some(Kind::Acknowledge),
        Command::Choose
        | Command::Arm
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
        | Command::Select => None,
    }
}

/// True for a kind of wish that is about one step and cannot be without.
fn is_about_step(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Run
            | Kind::Compensate
            | Kind::Skip
            | Kind::Attest
            | Kind::Retry
            | Kind::Resolve
            | Kind::AbortStep
    )
}

struct Asked<'q, 'a> {
    facts: &'q Facts<'a>,
    model: &'q Model,
    step: Option<&'q Step>,
}

impl Asked<'_, '_> {
    fn possible(&self, command: Command) -> Possible {
        if command == Command::Arm {
            let facts = self.facts;
            let may = permitted(facts.site, facts.me, SiteRole::Commander, "arm");
            return may.map_err(|why| why.to_string().into());
        }
        self.recorded()?;
        if let Some(kind) = kind(command, self.facts.run) {
            let armed = self.facts.access == Access::Armed;
            let back = kind == Kind::Compensate;
            let small = self
                .step
                .filter(|_| back || kind == Kind::Run)
                .and_then(|step| guard_refusal(step, back, self.model));
            return match (self.allowed(kind, armed), small) {
                // Whoever armed for it would be refused for the size: that is told at once.
                (_, Some(small)) if self.allowed(kind, true).is_ok() => Err(small),
                (allowed, _) => allowed,
            };
        }
        if command == Command::Choose { self.choosable() } else { Ok(()) }
    }

    /// What `decide` would say before anything is typed, were this console `armed`.
    fn allowed(&self, kind: Kind, armed: bool) -> Possible {
        if kind == Kind::Acknowledge && unacknowledged(self.facts).is_none() {
            return Err("no alarm waits to be acknowledged".into());
        }
        let id = self.step.map(|step| &step.id);
        let asking = Asking { armed, ..self.facts.asking() };
        asking.allows(kind, id).map_err(|why| Clean::from(why.tell(self.facts.runbook)))?;
        if is_about_step(kind) && id.is_none() { Err("no step is selected".into()) } else { Ok(()) }
    }

    /// What ends as a word in the journal needs one that can record.
    fn recorded(&self) -> Possible {
        match self.facts.journal {
            JournalState::Failed(why) => Err(format!("the journal cannot record: {why}").into()),
            JournalState::ReadOnly(why) => Err(format!("the journal is read only: {why}").into()),
            JournalState::None | JournalState::Ok { .. } => Ok(()),
        }
    }

    fn choosable(&self) -> Possible {
        if let Some(run) = self.facts.open_run() {
            return Err(format!("run {} is open: close it first", run.id).into());
        }
        if self.facts.runbooks.is_empty() {
            return Err("this site has no runbook".into());
        }
        let from = self.facts.assessment.active;
        if self.facts.runbooks.iter().all(|plan| plan.to == from) {
            let to = from.other();
            let text = format!("no plan from {from} to {to}: write one, or `warroom init`");
            return Err(text.into());
        }
        Ok(())
    }
}
