//! What keys do to the screen's model, and what they ask of the rest; nothing is done here.

mod commands;
mod dialogs;
mod guards;
pub mod moves;
mod named;
pub mod trial;
mod typed;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

use crate::domain::time::Stamp;
use crate::ui::available::why_not;
use crate::ui::command::Command;
use crate::ui::facts::Facts;
use crate::ui::keymap::{Key, Lookup, text_of};
use crate::ui::model::{Model, Panel};
use crate::ui::wish::Wish;

pub use guards::{BURST, BURST_KEYS, HELD, SAME_VERB, SETTLE, TYPED_ON};
pub use typed::mask_typed;

/// What came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// Pasted text; it is never put anywhere.
    Paste(String),
    /// The terminal got the focus.
    FocusGained,
    /// The terminal lost the focus.
    FocusLost,
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// A click, already found to be in this panel.
    Click(Option<Panel>),
}

/// Takes an input.
pub fn update(model: &mut Model, facts: &Facts<'_>, input: &Input) -> Vec<Wish> {
    match input {
        Input::Key(event) if event.kind == KeyEventKind::Release => Vec::new(),
        Input::Key(event) => press(model, facts, *event),
        Input::Paste(_) => {
            model.guards.tells_paste = true;
            if !stop(model, facts.now) {
                model.refuse(
                    facts.now,
                    "the terminal said paste: paste is refused, type it by hand",
                );
            }
            Vec::new()
        }
        Input::FocusGained => {
            model.guards.focus_at = Some(facts.now);
            Vec::new()
        }
        Input::FocusLost => Vec::new(),
        Input::Resize(columns, rows) => {
            model.size = (*columns, *rows);
            Vec::new()
        }
        Input::Click(panel) => {
            let stopped = stop(model, facts.now);
            if let Some(panel) = panel.filter(|_| !stopped && model.dialog.is_none()) {
                model.focus = panel;
            }
            Vec::new()
        }
    }
}

/// Takes the passing of time: a stop window ends, a dry run grows old. Called at least once a
/// second, and at the end of every [`Wish::StopWindow`].
pub fn tick(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    let Some(mut dialog) = model.dialog.take() else { return Vec::new() };
    let after = dialog.tick(model, facts);
    dialogs::settle(after, model, facts, dialog)
}

/// Any key in a stop window, or while one is about to begin, stops it. True when there was one.
fn stop(model: &mut Model, now: Stamp) -> bool {
    let running = model.dialog.as_ref().is_some_and(|dialog| dialog.is_stopped_by_any_key());
    if running {
        model.leave_dialog();
        guards::changed(&mut model.guards, now);
        model.say(now, "stopped: nothing was run");
    }
    running
}

fn press(model: &mut Model, facts: &Facts<'_>, event: KeyEvent) -> Vec<Wish> {
    let key = Key::of_event(event);
    let now = facts.now;
    if stop(model, now) {
        return Vec::new();
    }
    if key.ctrl && key.code == KeyCode::Char('c') {
        model.sequence.clear();
        if model.leave_dialog() || model.filtering {
            model.filtering = false;
            return Vec::new();
        }
        return commands::quit(model, facts);
    }
    if key.code == KeyCode::Esc && !model.sequence.is_empty() {
        model.sequence.clear();
        return Vec::new();
    }
    let burst = key.typed().is_some() && guards::is_burst(&mut model.guards, now);
    // Where the terminal tells a paste as one, keys that come at once were bunched by the link.
    let bunched =
        model.guards.tells_paste && model.dialog.as_ref().is_some_and(|open| open.has_field());
    if burst && !bunched && dialogs::refuse_burst(model, facts) {
        return Vec::new();
    }
    // The one rule for keys meant for another dialog; a key that leaves always counts.
    if typed_on(key) && guards::is_typed_on(&mut model.guards, now) {
        model.sequence.clear();
        model.refuse(now, TYPED_ON_WORDS);
        return Vec::new();
    }
    if model.filtering {
        moves::filter_key(model, facts, key);
        return Vec::new();
    }
    if model.dialog.is_some() {
        return dialogs::press(model, facts, key);
    }
    let repeated = event.kind == KeyEventKind::Repeat;
    match look(model, facts, key) {
        Some(command) => obey(model, facts, command, repeated),
        None => Vec::new(),
    }
}

/// What is said of keys that were typed on.
const TYPED_ON_WORDS: &str = "typed while a dialog came or went; pause, look, then press it again";

/// True for a key that a hand types on: letters, and what accepts or goes on.
fn typed_on(key: Key) -> bool {
    key.typed().is_some() || matches!(key.code, KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace)
}

/// The command of a key, or of the sequence that it ends; a key that means nothing ends it too.
fn look(model: &mut Model, facts: &Facts<'_>, key: Key) -> Option<Command> {
    let now = facts.now;
    let pressed = [model.sequence.as_slice(), &[key]].concat();
    match facts.keymap.look(model.contexts(), &pressed) {
        Lookup::Command(command) => {
            model.sequence.clear();
            Some(command)
        }
        Lookup::Prefix(_) => {
            model.sequence.push(key);
            None
        }
        Lookup::None => {
            if model.sequence.is_empty() {
                return None;
            }
            let keys = text_of(&model.sequence);
            model.sequence.clear();
            model.refuse(now, format!("`{keys} {key}` means nothing"));
            None
        }
    }
}

/// Does what a command asks, when it is possible and meant.
fn obey(model: &mut Model, facts: &Facts<'_>, command: Command, repeated: bool) -> Vec<Wish> {
    // A key held down would fill the terminal with copies.
    if command.is_verb() || command == Command::Copy {
        if let Some(why) = guards::refusal(model, command, facts.now) {
            model.refuse(facts.now, why);
            return Vec::new();
        }
        if repeated {
            model.refuse(facts.now, "a held key counts once");
            return Vec::new();
        }
    }
    if let Some(why) = why_not(command, facts, model) {
        model.refuse(facts.now, why);
        // Whoever types blindly types on for a dialog that never came.
        if command.is_verb() {
            guards::changed(&mut model.guards, facts.now);
        }
        return Vec::new();
    }
    guards::accepted(&mut model.guards, command, facts.now);
    model.notice = None;
    commands::run(model, facts, command)
}

#[cfg(test)]
mod tests;
