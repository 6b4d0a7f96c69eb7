//! A command by its name, from the palette: what its key does, refused as the key is.

use super::{commands, guards};
use crate::domain::catalogue::Guard;
use crate::domain::ids::StepId;
use crate::domain::moment::read_moment;
use crate::domain::run::words;
use crate::domain::text::Clean;
use crate::ui::available::why_not;
use crate::ui::command::{Command, Given};
use crate::ui::dialog::card;
use crate::ui::facts::Facts;
use crate::ui::field::Field;
use crate::ui::meant::meant;
use crate::ui::model::{Model, Panel};
use crate::ui::over::Care;
use crate::ui::palette;
use crate::ui::wish::Wish;

/// Does what the command's key does, with what was given for it.
///
/// # Errors
/// Why it is refused; then all is as it was.
pub(super) fn obey(
    model: &mut Model,
    facts: &Facts<'_>,
    command: Command,
    given: &Given,
) -> Result<Vec<Wish>, Clean> {
    if let Some(moment) = &given.moment {
        read_moment(moment, facts.now).map_err(Clean::from)?;
    }
    let before = (model.selected.clone(), model.filter.clone());
    if let Some(why) = refusal(model, facts, command, given) {
        (model.selected, model.filter) = before;
        return Err(why);
    }
    model.leave_dialog();
    guards::accepted(&mut model.guards, command, facts.now);
    model.notice = None;
    let wishes = match command {
        Command::Run | Command::Compensate => show_card(model, facts, command),
        Command::Select => {
            if let Some(step) = &given.step {
                model.focus = Panel::Runbook;
                let step = words::name(facts.runbook, step);
                model.say(facts.now, format!("step {step} is selected"));
            }
            Vec::new()
        }
        Command::Filter if given.words.is_some() => {
            model.filter = Field::holding(given.words.as_deref().unwrap_or_default());
            Vec::new()
        }
        other => commands::run(model, facts, other),
    };
    if let Some(dialog) = &mut model.dialog {
        dialog.fill(given, facts);
        // Whatever one key more would accept.
        model.guards.from_palette = dialog.manner().care == Care::Answered;
    }
    Ok(wishes)
}

/// Why it is not possible; a step that is named becomes the one that is meant.
fn refusal(model: &mut Model, facts: &Facts<'_>, command: Command, given: &Given) -> Option<Clean> {
    let is_meant =
        |model: &Model, id: &StepId| meant(facts, model).is_some_and(|step| step.id == *id);
    if let Some(named) = &given.step {
        model.selected = Some(named.clone());
        // A step that is named is looked for: the filter makes way.
        if !is_meant(model, named) {
            model.filter.clear();
        }
    }
    let why = match given.step.as_ref().filter(|named| !is_meant(model, named)) {
        // The key would be about another step, which nobody named.
        Some(step) => palette::about(command, step, facts, model).or_else(|| {
            let step = words::name(facts.runbook, step);
            Some(format!("`{}` is not about step {step} now", command.name()).into())
        }),
        None => why_not(command, facts, model),
    };
    let guarded = |model: &mut Model| guards::refusal(model, command, facts.now).map(Into::into);
    why.or_else(|| if command.is_verb() { guarded(model) } else { None })
}

/// The card of a step. What is typed in it is asked for as ever; what one key starts waits for
/// that key, because Enter never runs a step.
fn show_card(model: &mut Model, facts: &Facts<'_>, command: Command) -> Vec<Wish> {
    let Some(step) = meant(facts, model) else { return Vec::new() };
    let back = command == Command::Compensate;
    match step.guard_of(back) {
        Guard::TypedTarget | Guard::TypedVerb => card::start(model, facts, step, back),
        Guard::OneKey | Guard::StopWindow => {
            let wishes = card::show(model, facts, &step.id, back);
            let key = model.key(facts.keymap, command);
            let text = format!("the palette runs nothing: esc, then {key} starts it");
            model.say(facts.now, text);
            wishes
        }
    }
}
