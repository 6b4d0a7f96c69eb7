//! Keys in the palette. Enter opens what the command's key opens; no step is ever run by it.

use super::dialogs::{After, accepts_enter};
use super::{Facts, card, commands, guards, leave_dialog, moves, open, refuse, say};
use crate::domain::catalogue::Guard;
use crate::domain::ids::StepId;
use crate::domain::moment::read_moment;
use crate::domain::run::words;
use crate::ui::available::why_not;
use crate::ui::command::Command;
use crate::ui::keymap::Key;
use crate::ui::meant::meant;
use crate::ui::model::{Dialog, Field, Model, T0Field};
use crate::ui::palette::{self, Given, Taken};

/// Rows that a page moves by.
const PAGE_ROWS: usize = 10;

/// Opens the palette with a text in its field.
pub(super) fn start(model: &mut Model, facts: &Facts<'_>, text: &str) {
    let (field, opened) = (Field::holding(text), facts.now);
    open(model, opened, Dialog::Palette { field, chosen: 0, opened });
}

/// A key in the palette.
pub(super) fn press(
    model: &mut Model,
    facts: &Facts<'_>,
    field: &mut Field,
    chosen: &mut usize,
    key: Key,
    command: Option<Command>,
) -> After {
    let rows = || palette::rows(&field.text, facts, model);
    match command {
        Some(Command::Enter) => return enter(model, facts, field, *chosen),
        Some(Command::NextPanel) => {
            if let Some(row) = rows().get(*chosen) {
                let text = match &row.taken {
                    Taken::Complete(text) => text.clone(),
                    // What follows the name stays as it was typed.
                    Taken::Do(..) if palette::spelled(&field.text).is_some() => return stay(),
                    Taken::Do(..) => format!("{} ", row.name),
                };
                (*field, *chosen) = (Field::holding(&text), 0);
            }
        }
        Some(
            Command::Up
            | Command::Down
            | Command::PageUp
            | Command::PageDown
            | Command::First
            | Command::Last,
        ) => {
            let count = rows().len();
            moves::scroll_by(chosen, count, PAGE_ROWS, command);
        }
        Some(_) => {}
        None => {
            let before = field.text.clone();
            field.press(key);
            if field.text != before {
                *chosen = 0;
            }
        }
    }
    stay()
}

fn stay() -> After {
    After::Stay(Vec::new())
}

fn enter(model: &mut Model, facts: &Facts<'_>, field: &mut Field, chosen: usize) -> After {
    let rows = palette::rows(&field.text, facts, model);
    let Some(row) = rows.into_iter().nth(chosen) else {
        refuse(model, facts.now, palette::nothing(&field.text, facts));
        return stay();
    };
    match row.taken {
        Taken::Complete(text) => {
            *field = Field::holding(&text);
            stay()
        }
        Taken::Do(command, given) => take(model, facts, command, given),
    }
}

/// Does what the command's key does; refused as the key is, with the text kept.
fn take(model: &mut Model, facts: &Facts<'_>, command: Command, given: Given) -> After {
    let now = facts.now;
    if let Some(moment) = &given.moment
        && let Err(why) = read_moment(moment, now)
    {
        refuse(model, now, why);
        return stay();
    }
    let before = (model.selected.clone(), model.filter.clone());
    let is_meant =
        |model: &Model, id: &StepId| meant(facts, model).is_some_and(|step| step.id == *id);
    if let Some(named) = &given.step {
        model.selected = Some(named.clone());
        // A step that is named is looked for: the filter makes way.
        if !is_meant(model, named) {
            model.filter.clear();
        }
    }
    let other = given.step.as_ref().filter(|named| !is_meant(model, named));
    let why = match (&given.step, other) {
        // The key would be about another step, which nobody named.
        (Some(step), Some(_)) => palette::about(command, step, facts, model).or_else(|| {
            Some(
                format!(
                    "`{}` is not about step {} now",
                    command.name(),
                    words::name(facts.runbook, step)
                )
                .into(),
            )
        }),
        (Some(_) | None, _) => why_not(command, facts, model),
    };
    let why = why.or_else(|| {
        let guarded = command.is_verb().then(|| guards::refusal(model, command, now)).flatten();
        guarded.map(Into::into)
    });
    if let Some(why) = why {
        (model.selected, model.filter) = before;
        refuse(model, now, why);
        return stay();
    }
    leave_dialog(model);
    guards::accepted(&mut model.guards, command, now);
    model.notice = None;
    let wishes = match command {
        Command::Run | Command::Compensate => show_card(model, facts, command),
        Command::Select => {
            if let Some(step) = &given.step {
                model.focus = crate::ui::model::Panel::Runbook;
                let step = words::name(facts.runbook, step);
                say(model, now, format!("step {step} is selected"));
            }
            Vec::new()
        }
        Command::Filter if given.words.is_some() => Vec::new(),
        other => commands::run(model, facts, other),
    };
    fill(model, command, given);
    model.guards.from_palette = model.dialog.as_ref().is_some_and(accepts_enter);
    After::Gone(wishes)
}

/// The card of a step. What is typed in it is asked for as ever; what one key starts waits for
/// that key, because Enter never runs a step.
fn show_card(model: &mut Model, facts: &Facts<'_>, command: Command) -> Vec<super::Wish> {
    let Some(step) = meant(facts, model) else { return Vec::new() };
    let back = command == Command::Compensate;
    match card::guard_of(step, back) {
        Guard::TypedTarget | Guard::TypedVerb => card::start(model, facts, step, back),
        Guard::OneKey | Guard::StopWindow => {
            let wishes = card::show(model, facts, &step.id, back, false);
            let key = if back { "K" } else { "r" };
            say(model, facts.now, format!("the palette runs nothing: esc, then {key} starts it"));
            wishes
        }
    }
}

/// Puts what was given into the dialog that was opened: never into a field that confirms.
fn fill(model: &mut Model, command: Command, given: Given) {
    let Some(words) = given.words.as_deref() else {
        if let (Some(Dialog::SetT0 { typed, .. }), Some(moment)) = (&mut model.dialog, given.moment)
        {
            (typed.time, typed.at) = (Field::holding(&moment), T0Field::Reason);
        }
        return;
    };
    if command == Command::Filter {
        model.filter = Field::holding(words);
        return;
    }
    match &mut model.dialog {
        Some(Dialog::Form { purpose, field, .. }) if !purpose.is_typed() => {
            *field = Field::holding(words);
        }
        Some(Dialog::Declare { reason, .. } | Dialog::AbortRun { reason, .. }) => {
            *reason = Field::holding(words);
        }
        Some(Dialog::SetT0 { typed, .. }) => {
            typed.time = Field::holding(given.moment.as_deref().unwrap_or_default());
            typed.reason = Field::holding(words);
            typed.at = T0Field::Word;
        }
        Some(_) | None => {}
    }
}
