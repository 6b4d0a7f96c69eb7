//! Keys while a dialog lies over the content: each dialog takes its own, esc leaves all of them.

use super::guards::{accepted, changed, dialog_is_new, refusal};
use super::{look, named};
use crate::ui::available::too_small_to_read;
use crate::ui::command::Command;
use crate::ui::facts::Facts;
use crate::ui::keymap::Key;
use crate::ui::meant::scroll_by;
use crate::ui::model::Model;
use crate::ui::over::{After, Care, Dialog, Hand, Wants};
use crate::ui::wish::Wish;

/// Puts the dialog back, or not, and hands on the wishes.
pub(super) fn settle(
    after: After,
    model: &mut Model,
    facts: &Facts<'_>,
    dialog: Box<dyn Dialog>,
) -> Vec<Wish> {
    if let After::Stay(wishes) | After::Close(wishes) = &after
        && !dialog.minds_size()
        && wishes.iter().any(Wish::is_word)
        && let Some(why) = too_small_to_read(model.size)
    {
        model.refuse(facts.now, why);
        model.dialog = Some(dialog);
        return Vec::new();
    }
    match after {
        After::Stay(wishes) => {
            model.dialog = Some(dialog);
            wishes
        }
        After::Close(wishes) => {
            model.leave_dialog();
            changed(&mut model.guards, facts.now);
            wishes
        }
        After::Instead(other) => {
            model.open(facts.now, other);
            Vec::new()
        }
        After::Obey(command, given) => match named::obey(model, facts, command, &given) {
            Ok(wishes) => wishes,
            Err(why) => {
                model.refuse(facts.now, why);
                model.dialog = Some(dialog);
                Vec::new()
            }
        },
    }
}

/// Drops a key that came faster than a hand types; false where that does not matter.
pub(super) fn refuse_burst(model: &mut Model, facts: &Facts<'_>) -> bool {
    if model.filtering {
        return false;
    }
    let typing = model.dialog.as_mut().map(|dialog| dialog.typing(facts)).unwrap_or_default();
    let text = match typing.into_iter().find(|typing| typing.active) {
        Some(typing) if typing.wants == Wants::Words => return false,
        Some(typing) => {
            typing.field.clear();
            "by its pace a paste, faster than a hand types: type it again"
        }
        None => "keys came faster than a hand types: pause, then press again",
    };
    model.sequence.clear();
    model.refuse(facts.now, text);
    true
}

/// Why Enter does not count in a dialog that Enter in the palette has just opened.
pub(super) fn palette_opened(model: &Model, command: Command) -> Option<&'static str> {
    let just_opened = model.guards.from_palette && command == Command::Enter;
    just_opened.then_some("the palette opened this: read it, press another key first")
}

/// A key in the dialog that is open.
pub(super) fn press(model: &mut Model, facts: &Facts<'_>, key: Key) -> Vec<Wish> {
    let now = facts.now;
    let command = look(model, facts, key);
    if command == Some(Command::Back) {
        model.leave_dialog();
        model.notice = None;
        return Vec::new();
    }
    if command.is_none() && !model.sequence.is_empty() {
        return Vec::new();
    }
    let Some(mut dialog) = model.dialog.take() else { return Vec::new() };
    let settles = match dialog.manner().care {
        Care::Read => false,
        Care::Typed => key.typed().is_none(),
        Care::Answered => true,
    };
    let why = if settles && dialog_is_new(&model.guards, now) {
        changed(&mut model.guards, now);
        Some("this dialog just opened; press it again")
    } else {
        command.and_then(|command| palette_opened(model, command))
    };
    if let Some(why) = why {
        model.dialog = Some(dialog);
        model.refuse(now, why);
        return Vec::new();
    }
    model.guards.from_palette = false;
    model.notice = None;
    if command == Some(Command::Copy) {
        model.dialog = Some(dialog);
        let Some(why) = refusal(model, Command::Copy, now) else {
            accepted(&mut model.guards, Command::Copy, now);
            return vec![Wish::Copy];
        };
        model.refuse(now, why);
        return Vec::new();
    }
    if let Some(moves) = command.filter(|command| dialog.is_scrolled_by(*command)) {
        let fold = facts.fold;
        scroll_by(&mut model.dialog_scroll, fold.end + 1, fold.page.max(1), Some(moves));
        model.dialog = Some(dialog);
        return Vec::new();
    }
    let after = dialog.press(&mut Hand { model, facts, key, command });
    settle(after, model, facts, dialog)
}
