//! What each command does to the model, once it is known to be possible and meant.

use super::moves;
use crate::domain::catalogue::Class;
use crate::domain::console::Access;
use crate::domain::ids::Side;
use crate::domain::run::intent::Intent;
use crate::domain::text::Clean;
use crate::ui::available::unacknowledged;
use crate::ui::command::Command;
use crate::ui::dialog::abort_run::AbortRun;
use crate::ui::dialog::card;
use crate::ui::dialog::choose::Choose;
use crate::ui::dialog::declare::Declare;
use crate::ui::dialog::evidence::Evidence;
use crate::ui::dialog::form::{Form, Purpose};
use crate::ui::dialog::go_no_go::GoNoGo;
use crate::ui::dialog::help::Help;
use crate::ui::dialog::ledger::Losses;
use crate::ui::dialog::palette::Palette;
use crate::ui::dialog::report::Report;
use crate::ui::dialog::set_t0::SetT0;
use crate::ui::dialog::update::Update;
use crate::ui::facts::Facts;
use crate::ui::laid::Part;
use crate::ui::meant::meant;
use crate::ui::model::{Model, Panel};
use crate::ui::over::Dialog;
use crate::ui::replay::{ReplayKey, ReplayWish};
use crate::ui::wish::Wish;

/// Does it.
pub(super) fn run(model: &mut Model, facts: &Facts<'_>, command: Command) -> Vec<Wish> {
    if let Some(dialog) = opens(model, facts, command) {
        model.open(facts.now, dialog);
        return Vec::new();
    }
    match command {
        Command::Panel(number) => moves::focus(model, number),
        Command::NextPanel => moves::next(model),
        Command::Zoom => model.zoomed = !model.zoomed,
        Command::Filter => model.filtering = true,
        Command::Enter => {
            let Some(step) = meant(facts, model) else { return Vec::new() };
            return card::show(model, facts, &step.id, facts.is_aborting());
        }
        Command::Back => moves::back(model, facts),
        Command::Quit => return vec![Wish::Leave],
        Command::Run | Command::Compensate => {
            let Some(step) = meant(facts, model) else { return Vec::new() };
            let back = command == Command::Compensate || facts.is_aborting();
            return card::start(model, facts, step, back);
        }
        Command::Hold => return hold(facts),
        Command::Arm => return vec![Wish::Safe],
        Command::Acknowledge => return acknowledge(model, facts),
        Command::Copy => return vec![Wish::Copy],
        Command::VerifyNow => {
            model.say(facts.now, "looking again at everything");
            return vec![Wish::VerifyNow];
        }
        Command::Replay(key) => return vec![Wish::Replay(ReplayWish::Key(key))],
        other if other.is_scroll() => moves::move_in_panel(model, facts, other),
        _ => {}
    }
    Vec::new()
}

/// Leaves; an open run is named first, because its steps go on.
pub(super) fn quit(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    run(model, facts, Command::Quit)
}

/// The dialog that a command opens now; none where it does something else.
fn opens(model: &Model, facts: &Facts<'_>, command: Command) -> Option<Box<dyn Dialog>> {
    let in_region = matches!(model.focus, Panel::RegionA | Panel::RegionB);
    Some(match command {
        Command::Help => Box::new(Help),
        Command::Declare => Box::new(Declare::default()),
        Command::AbortRun => Box::new(AbortRun::default()),
        Command::AcceptLedger => Box::new(Losses { opened: facts.now }),
        Command::Close => Box::new(Form::of(Purpose::Close)),
        Command::Arm if facts.access != Access::Armed => Box::new(Form::of(Purpose::Arm)),
        Command::Quit if facts.open_run().is_some() && model.replay.is_none() => {
            Box::new(Form::of(Purpose::Leave))
        }
        Command::Report => Box::new(Report { part: Part::All, scroll: 0 }),
        Command::SetT0 => Box::new(SetT0::default()),
        Command::Update => Box::new(Update::default()),
        Command::Readiness => Box::new(GoNoGo::default()),
        Command::Choose => Box::new(Choose::of(facts)),
        Command::Palette => Box::new(Palette::default()),
        Command::Select => Box::new(Palette::holding("step ")),
        Command::Evidence => Box::new(evidence(model, facts)),
        Command::Enter if in_region => Box::new(evidence(model, facts)),
        _ => Box::new(Form::of(purpose(model, facts, command)?)),
    })
}

fn evidence(model: &Model, facts: &Facts<'_>) -> Evidence {
    let side = match model.focus {
        Panel::RegionA => Side::A,
        Panel::RegionB => Side::B,
        _ => facts.assessment.active,
    };
    Evidence { side }
}

/// What the form of a command asks for; none for a command without one.
fn purpose(model: &Model, facts: &Facts<'_>, command: Command) -> Option<Purpose> {
    let step = meant(facts, model);
    let id = || step.map(|step| step.id.clone());
    Some(match command {
        Command::Note => Purpose::Note,
        Command::Escalate => Purpose::Escalate(None),
        Command::Replay(ReplayKey::Seek) => Purpose::Seek,
        Command::Retry => {
            let keyed = step.is_some_and(|step| step.class == Class::K);
            Purpose::Retry(id()?, keyed.then_some(false))
        }
        Command::Skip => Purpose::Skip(id()?),
        Command::Attest => Purpose::Attest(id()?),
        Command::AbortStep => Purpose::AbortStep(id()?),
        Command::Resolve => Purpose::Resolve(id()?, None),
        _ => return None,
    })
}

fn hold(facts: &Facts<'_>) -> Vec<Wish> {
    let Some(run) = facts.open_run() else { return Vec::new() };
    let hold = Intent::Hold { reason: Clean::default() };
    vec![Wish::Intent(if run.is_held() { Intent::Release } else { hold })]
}

fn acknowledge(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    let Some(alarm) = unacknowledged(facts) else { return Vec::new() };
    model.say(facts.now, format!("acknowledged: {}", alarm.sentence));
    vec![Wish::Intent(Intent::Acknowledge { alarm: alarm.key.clone() })]
}
