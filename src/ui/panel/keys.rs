//! The last row: the keys that can be used now; those that cannot are left out or grey.

use super::prelude::*;
use crate::domain::console::Access;
use crate::domain::run::state::Run;
use crate::ui::command::{COMMANDS, Command, CommandSpec};
use crate::ui::keymap::{Lookup, text_of};
use crate::ui::model::Panel;

use super::{hints, phrase};

/// The rows of the keys row, the most important first.
fn shown(place: fn(&CommandSpec) -> u8) -> Vec<&'static CommandSpec> {
    let mut shown: Vec<_> = COMMANDS.iter().filter(|spec| place(spec) > 0).collect();
    shown.sort_by_key(|spec| place(spec));
    shown
}

/// The word of a command, where it does something else now.
fn word(screen: &Screen<'_>, command: Command, word: &'static str) -> &'static str {
    match command {
        Command::Run if screen.is_aborting() => "take back",
        Command::Skip if screen.is_aborting() => "leave it",
        Command::Hold if screen.run.is_some_and(Run::is_held) => "go on",
        Command::Arm if screen.access == Access::Armed => "safe",
        Command::Enter if matches!(screen.model.focus, Panel::RegionA | Panel::RegionB) => {
            "evidence"
        }
        _ => word,
    }
}

/// The keys row.
pub fn row(screen: &Screen<'_>, width: usize) -> Row {
    if screen.model.filtering {
        return Row::plain("type to filter   enter keep   esc show all").cut(width);
    }
    if !screen.model.sequence.is_empty() {
        return begun(screen, width);
    }
    if let Some(dialog) = &screen.model.dialog {
        return Row::plain(hints::row(screen, &**dialog, width)).cut(width);
    }
    let is_replay = screen.model.replay.is_some();
    let parts = shown(if is_replay { |spec| spec.replayed } else { |spec| spec.shown })
        .into_iter()
        .filter_map(|spec| {
            let command = spec.command;
            let bound = screen.guide.iter().find(|row| same(row.command, command));
            if !screen.guide.is_empty() && bound.is_none() {
                return None;
            }
            let key = match command {
                Command::Panel(_) => "1-6".to_owned(),
                _ => phrase::key(screen, command),
            };
            let usable = bound.is_none_or(|row| row.why_not.is_none());
            let word = word(screen, command, spec.word);
            usable.then(|| Row::of(TEXT, key).put(MUTED, format!(" {word}")))
        })
        .collect();
    as_many(parts, "  ", width)
}

/// The keys that may follow a sequence that is begun, and what each would do.
fn begun(screen: &Screen<'_>, width: usize) -> Row {
    let model = screen.model;
    let mut parts = vec![Row::plain(format!("{} …", text_of(&model.sequence)))];
    if let Lookup::Prefix(next) = screen.keymap.look(model.contexts(), &model.sequence) {
        let does = |command: Command| command.spec().map_or(command.name(), |spec| spec.doc);
        parts.extend(next.into_iter().map(|(key, command)| {
            Row::of(TEXT, key.to_string()).put(MUTED, format!(" {}", does(command)))
        }));
    }
    parts.push(Row::plain("esc forgets it"));
    as_many(parts, "   ", width)
}

fn same(one: Command, other: Command) -> bool {
    one == other || matches!((one, other), (Command::Panel(_), Command::Panel(_)))
}
