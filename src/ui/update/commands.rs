//! What each command does to the model, once it is known to be possible and meant.

use super::{Facts, Wish, card, moves, open, palette, say};
use crate::domain::catalogue::Class;
use crate::domain::ids::{Side, StepId};
use crate::domain::run::event::Mode;
use crate::domain::run::intent::Intent;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::Primary;
use crate::ui::available::unacknowledged;
use crate::ui::command::Command;
use crate::ui::meant::meant;
use crate::ui::model::{Choose, Dialog, Field, FormPurpose, Model, Panel, ReportPart, SetT0};
use crate::ui::replay::{ReplayKey, ReplayWish};
use crate::ui::screen::Access;

/// Does it.
pub(super) fn run(model: &mut Model, facts: &Facts<'_>, command: Command) -> Vec<Wish> {
    let opened = facts.now;
    let step = meant(facts, model);
    let id = step.map(|step| step.id.clone());
    if let Some(dialog) = dialog_of(command, opened) {
        open(model, opened, dialog);
        return Vec::new();
    }
    match command {
        Command::Panel(number) => moves::focus(model, number),
        Command::NextPanel => moves::next(model),
        Command::Zoom => model.zoomed = !model.zoomed,
        Command::Filter => model.filtering = true,
        Command::Up
        | Command::Down
        | Command::PageUp
        | Command::PageDown
        | Command::First
        | Command::Last => moves::move_in_panel(model, facts, command),
        Command::Enter => return enter(model, facts, id),
        Command::Back => moves::back(model, facts),
        Command::Quit => return quit(model, facts),
        Command::Run | Command::Compensate => {
            let Some(step) = step else { return Vec::new() };
            let back = command == Command::Compensate || moves::goes_back(facts);
            return card::start(model, facts, step, back);
        }
        Command::Retry
        | Command::Skip
        | Command::Attest
        | Command::AbortStep
        | Command::Resolve
        | Command::Escalate
        | Command::Note => form(model, facts, command, id),
        Command::Hold => return hold(facts),
        Command::Arm => {
            if facts.access == Access::Armed {
                return vec![Wish::Safe];
            }
            open(model, opened, Dialog::Arm { field: Field::default(), opened });
        }
        Command::Choose => choose(model, facts),
        Command::Acknowledge => return acknowledge(model, facts),
        Command::Evidence => evidence(model, facts),
        Command::Palette => palette::start(model, facts, ""),
        Command::Select => palette::start(model, facts, "step "),
        Command::Copy => return vec![Wish::Copy],
        Command::VerifyNow => {
            say(model, opened, "looking again at everything");
            return vec![Wish::VerifyNow];
        }
        Command::Replay(key) => return vec![Wish::Replay(ReplayWish::Key(key))],
        // These open a dialog and nothing else.
        Command::Help
        | Command::Declare
        | Command::AbortRun
        | Command::AcceptLedger
        | Command::Close
        | Command::Report
        | Command::SetT0
        | Command::Update
        | Command::Readiness => {}
    }
    Vec::new()
}

/// The dialog of a command that only opens one; none of any other.
fn dialog_of(command: Command, opened: Stamp) -> Option<Dialog> {
    let pair = || (Field::default(), Field::default());
    Some(match command {
        Command::Help => Dialog::Help { scroll: 0 },
        Command::Declare => {
            let (word, reason) = pair();
            Dialog::Declare { word, reason, at_reason: false, opened }
        }
        Command::AbortRun => {
            let (word, reason) = pair();
            Dialog::AbortRun { word, reason, at_reason: false, opened, scroll: 0 }
        }
        Command::AcceptLedger => Dialog::Ledger { opened },
        Command::Close => Dialog::Close { opened },
        Command::Report => Dialog::Report { part: ReportPart::All, scroll: 0 },
        Command::SetT0 => Dialog::SetT0 { typed: SetT0::default(), opened },
        Command::Update => Dialog::Update { field: Field::default(), scroll: 0, opened },
        Command::Readiness => Dialog::Readiness { selected: None },
        Command::Replay(ReplayKey::Seek) => {
            let (field, purpose) = (Field::default(), FormPurpose::Seek);
            Dialog::Form { purpose, field, opened }
        }
        _ => return None,
    })
}

/// Leaves; an open run is named first, because its steps go on.
pub(super) fn quit(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    if facts.open_run().is_none() || model.replay.is_some() {
        return vec![Wish::Leave];
    }
    open(model, facts.now, Dialog::Leave { opened: facts.now });
    Vec::new()
}

fn enter(model: &mut Model, facts: &Facts<'_>, step: Option<StepId>) -> Vec<Wish> {
    match model.focus {
        Panel::RegionA | Panel::RegionB => {
            evidence(model, facts);
            Vec::new()
        }
        Panel::Replication | Panel::Runbook | Panel::Output | Panel::Timeline => match step {
            Some(step) => card::show(model, facts, &step, moves::goes_back(facts), false),
            None => Vec::new(),
        },
    }
}

fn evidence(model: &mut Model, facts: &Facts<'_>) {
    let side = match model.focus {
        Panel::RegionA => Side::A,
        Panel::RegionB => Side::B,
        Panel::Replication | Panel::Runbook | Panel::Output | Panel::Timeline => {
            facts.assessment.active
        }
    };
    open(model, facts.now, Dialog::Evidence { side, scroll: 0 });
}

fn form(model: &mut Model, facts: &Facts<'_>, command: Command, step: Option<StepId>) {
    let purpose = match (command, step) {
        (Command::Note, _) => FormPurpose::Note,
        (Command::Escalate, _) => FormPurpose::Escalate(None),
        (Command::Retry, Some(step)) => {
            let keyed = facts.runbook.and_then(|runbook| runbook.step(&step));
            let keyed = keyed.is_some_and(|step| step.class == Class::K);
            FormPurpose::Retry(step, keyed.then_some(false))
        }
        (Command::Skip, Some(step)) => FormPurpose::Skip(step),
        (Command::Attest, Some(step)) => FormPurpose::Attest(step),
        (Command::AbortStep, Some(step)) => FormPurpose::AbortStep(step),
        (Command::Resolve, Some(step)) => FormPurpose::Resolve(step, None),
        (_, _) => return,
    };
    let (field, opened) = (Field::default(), facts.now);
    open(model, opened, Dialog::Form { purpose, field, opened });
}

fn hold(facts: &Facts<'_>) -> Vec<Wish> {
    let Some(run) = facts.open_run() else { return Vec::new() };
    vec![Wish::Intent(if run.is_held() {
        Intent::Release
    } else {
        Intent::Hold { reason: Clean::default() }
    })]
}

fn choose(model: &mut Model, facts: &Facts<'_>) {
    let lost = matches!(facts.assessment.primary, Primary::Red { .. });
    let mode = if lost { Mode::Ungraceful } else { Mode::Planned };
    // A plan that leads away from the region that serves is the one that is wanted.
    let fits = |at: &usize| facts.runbooks[*at].from == facts.assessment.active;
    let index = (0..facts.runbooks.len()).find(fits).unwrap_or(0);
    open(model, facts.now, Dialog::Choose(Choose { index, mode, scroll: 0 }));
}

fn acknowledge(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    let Some(alarm) = unacknowledged(facts) else { return Vec::new() };
    say(model, facts.now, format!("acknowledged: {}", alarm.sentence));
    vec![Wish::Intent(Intent::Acknowledge { alarm: alarm.key.clone() })]
}
