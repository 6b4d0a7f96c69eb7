//! Why a command is not possible now: greys its key, answers its press, and stands in the help.

use super::command::{Acts, COMMANDS, Command, CommandSpec, Context};
use super::facts::Facts;
use super::meant::meant;
use super::model::{Model, Panel};
use super::screen::GuideRow;
use crate::domain::catalogue::Guard;
use crate::domain::console::{Access, JournalState};
use crate::domain::run::decide::{Kind, permitted};
use crate::domain::run::event::Mode;
use crate::domain::run::intent::Intent;
use crate::domain::run::phase::Stage;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::Run;
use crate::domain::runbook::Step;
use crate::domain::site::SiteRole;
use crate::domain::text::Clean;
use crate::domain::verdict::{Alarm, Met, Primary};

/// The smallest terminal, columns and rows, on which guards 2 and 3 may be confirmed.
pub const GUARDED_SIZE_MIN: (u16, u16) = (80, 24);

/// The smallest terminal on which enough of a dialog is seen to accept what stands in it.
const READ_SIZE_MIN: (u16, u16) = (40, 16);

/// What is said to every verb where nothing can act.
const READ_ONLY: &str = "read only: this console looks and cannot act";

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
        return Some(READ_ONLY.into());
    }
    possible(command, facts, model, step).err()
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
        let kind = kind(command, facts)?;
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
            let (step, typed) = (id()?, step?.typed_text(facts.direction()));
            Intent::Run { step, typed, broken: None, call: reason() }
        }
        Kind::Compensate => {
            let (step, typed) = (id()?, step?.typed_text_back(facts.direction()));
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
pub(crate) fn why_not_accept(met: Met, facts: &Facts<'_>) -> Option<Clean> {
    if facts.access == Access::ReadOnly {
        return Some(READ_ONLY.into());
    }
    if met == Met::Yes {
        return Some("it is met: there is nothing to accept".into());
    }
    recorded(facts).and_then(|()| allowed(Kind::AcceptCriterion, facts, None)).err()
}

/// Help for the context on the screen: every command that has a key, in the order of the list.
pub fn guide(facts: &Facts<'_>, model: &Model) -> Vec<GuideRow> {
    let row = |spec: &&CommandSpec| {
        let keys = facts.keymap.reaching(model.contexts_beneath(), spec.command);
        (!keys.is_empty()).then(|| GuideRow {
            command: spec.command,
            keys: keys.join(" or ").into(),
            doc: spec.doc.into(),
            why_not: why_not_now(spec.command, facts, model),
        })
    };
    let mut specs: Vec<&CommandSpec> = COMMANDS.iter().collect();
    if model.replay.is_some() {
        // Its own keys first and verbs last: they are refused with a sentence.
        specs.sort_by_key(|spec| (spec.context != Context::Replay, spec.command.is_verb()));
    }
    specs.iter().filter_map(row).collect()
}

/// The kind of wish that a verb ends in now; none for one that ends in no wish of a run.
fn kind(command: Command, facts: &Facts<'_>) -> Option<Kind> {
    match command.acts() {
        Acts::Run(Kind::Run) if facts.is_aborting() => Some(Kind::Compensate),
        Acts::Run(Kind::Hold) if facts.run.is_some_and(Run::is_held) => Some(Kind::Release),
        Acts::Run(kind) => Some(kind),
        Acts::No | Acts::Moves | Acts::Console => None,
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

/// What a verb needs before anything is typed.
fn possible(command: Command, facts: &Facts<'_>, model: &Model, step: Option<&Step>) -> Possible {
    if command == Command::Arm {
        let may = permitted(facts.site, facts.me, SiteRole::Commander, "arm");
        return may.map_err(|why| why.to_string().into());
    }
    recorded(facts)?;
    let Some(kind) = kind(command, facts) else { return choosable(facts) };
    let back = kind == Kind::Compensate;
    let small = step
        .filter(|_| back || kind == Kind::Run)
        .and_then(|step| too_small_for(step.guard_of(back), model.size));
    match (allowed(kind, facts, step), small) {
        // Whoever armed for it would be refused for the size: that is told at once.
        (_, Some(small)) if allowed(kind, &facts.armed(), step).is_ok() => Err(small),
        (allowed, _) => allowed,
    }
}

/// What `decide` would say before anything is typed.
fn allowed(kind: Kind, facts: &Facts<'_>, step: Option<&Step>) -> Possible {
    if kind == Kind::Acknowledge && unacknowledged(facts).is_none() {
        return Err("no alarm waits to be acknowledged".into());
    }
    let id = step.map(|step| &step.id);
    facts.allows(kind, id).map_err(|why| first_of(why, facts).tell(facts.runbook))?;
    if is_about_step(kind) && id.is_none() { Err("no step is selected".into()) } else { Ok(()) }
}

/// What stands before what is refused: a planned run without its primary is not declared as it is.
fn first_of(why: Refusal, facts: &Facts<'_>) -> Refusal {
    let planned = facts.run.is_some_and(|run| run.mode == Mode::Planned);
    let red = matches!(facts.assessment.primary, Primary::Red { .. });
    match why {
        Refusal::Stage { stage: Stage::Standby, .. } if planned && red => {
            Refusal::PlannedWhileRed(facts.assessment.active)
        }
        why => why,
    }
}

/// What ends as a word in the journal needs one that can record.
fn recorded(facts: &Facts<'_>) -> Possible {
    match facts.journal {
        JournalState::Failed(why) => Err(format!("the journal cannot record: {why}").into()),
        JournalState::ReadOnly(why) => Err(format!("the journal is read only: {why}").into()),
        JournalState::None | JournalState::Ok { .. } => Ok(()),
    }
}

/// What choosing a runbook needs.
fn choosable(facts: &Facts<'_>) -> Possible {
    if let Some(run) = facts.open_run() {
        return Err(format!("run {} is open: close it first", run.id).into());
    }
    if facts.runbooks.is_empty() {
        return Err("this site has no runbook".into());
    }
    let from = facts.assessment.active;
    if facts.runbooks.iter().all(|plan| plan.to == from) {
        let to = from.other();
        return Err(format!("no plan from {from} to {to}: write one, or `warroom init`").into());
    }
    Ok(())
}

/// Why guards 2 and 3 cannot be confirmed on so small a terminal.
pub(crate) fn too_small_for(guard: Guard, size: (u16, u16)) -> Option<Clean> {
    let why = || format!("guard {} must show what will change", guard.number());
    let typed = matches!(guard, Guard::TypedTarget | Guard::TypedVerb);
    typed.then(|| smaller(GUARDED_SIZE_MIN, &why(), size)).flatten()
}

/// Why nothing that must be read is accepted on so small a terminal: too little of it is seen.
pub(crate) fn too_small_to_read(size: (u16, u16)) -> Option<Clean> {
    smaller(READ_SIZE_MIN, "what is accepted here must be seen", size)
}

fn smaller((columns, rows): (u16, u16), why: &str, (wide, high): (u16, u16)) -> Option<Clean> {
    let fits = wide >= columns && high >= rows;
    let text = || format!("enlarge to {columns}x{rows}: {why}, and this terminal is {wide}x{high}");
    (!fits).then(|| text().into())
}
