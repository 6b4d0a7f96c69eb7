//! Reads a keymap file and refuses what would surprise a hand.

use strum::VariantArray as _;

use super::{Binding, Key, Keymap, SEQUENCE_KEYS_MAX};
use crate::domain::settings::tree::{Library, head, parse};
use crate::domain::settings::{Fault, Fields, Node, Span, Table, Value, unknown};
use crate::ui::command::{COMMANDS, Command, Context};

/// The word that takes a binding away.
const UNBOUND: &str = "none";

/// A binding and where it is written; none where the key was unbound.
struct Entry {
    context: Context,
    keys: Vec<Key>,
    command: Option<Command>,
    span: Span,
}

pub(super) fn keymap(text: &str, library: Library<'_>) -> Result<Keymap, Fault> {
    let (name, entries) = layer(text, library, 0)?;
    check_sequences(&entries)?;
    let bindings = entries
        .into_iter()
        .filter_map(|entry| {
            let Entry { context, keys, command, .. } = entry;
            Some(Binding { context, keys, command: command? })
        })
        .collect();
    Ok(Keymap { name, bindings })
}

fn layer(text: &str, library: Library<'_>, depth: usize) -> Result<(String, Vec<Entry>), Fault> {
    let tree = parse(text)?;
    let fields = Fields::new(&tree, "the keymap");
    let deeper = |text: &str| layer(text, library, depth + 1);
    let (name, beneath) = head(&tree, &fields, ("keymap", library, depth), deeper)?;
    let mut entries = Vec::new();
    if let Some(((_, inherited), place)) = beneath {
        // A fault found later in what was inherited has its place in this file.
        entries.extend(inherited.into_iter().map(|entry| Entry { span: place, ..entry }));
    }
    for &context in Context::VARIANTS {
        if let Some(table) = fields.table(context.name())? {
            let own = read_context(context, table)?;
            entries.retain(|old| !own.iter().any(|new| same_place(old, new)));
            entries.extend(own);
        }
    }
    fields.finish()?;
    Ok((name, entries))
}

fn same_place(one: &Entry, other: &Entry) -> bool {
    one.context == other.context && one.keys == other.keys
}

fn read_context(context: Context, table: &Table) -> Result<Vec<Entry>, Fault> {
    let mut own: Vec<Entry> = Vec::new();
    for (written, node) in &table.entries {
        let keys = read_keys(&written.name, written.span)?;
        let command = read_command(node)?;
        let entry = Entry { context, keys, command, span: written.span };
        if own.iter().any(|known| same_place(known, &entry)) {
            let message = format!("`{}` is bound twice in `{}`", written.name, context.name());
            return Err(Fault::new(written.span, message));
        }
        if let Some(command) = command {
            check_place(&entry, command, &written.name)?;
        }
        own.push(entry);
    }
    Ok(own)
}

fn read_keys(text: &str, place: Span) -> Result<Vec<Key>, Fault> {
    let keys: Vec<Key> = text
        .split(' ')
        .map(|part| {
            Key::parse(part).ok_or_else(|| {
                let message = format!(
                    "`{part}` is not a key; write it as `r`, `R`, `ctrl-d`, `alt-v`, `space`, `f1`"
                );
                Fault::new(place, message)
            })
        })
        .collect::<Result<_, _>>()?;
    if keys.len() > SEQUENCE_KEYS_MAX {
        let message = format!("`{text}` has more than {SEQUENCE_KEYS_MAX} keys");
        return Err(Fault::new(place, message));
    }
    if let Some(key) = keys.iter().find(|key| key.is_reserved()) {
        let message = format!("`{key}` is reserved and cannot be bound; choose another key");
        return Err(Fault::new(place, message));
    }
    Ok(keys)
}

fn read_command(node: &Node) -> Result<Option<Command>, Fault> {
    let Value::Text(name) = &node.value else {
        let message = "a key is bound to a command's name in quotes, such as \"run\"";
        return Err(Fault::new(node.span, message));
    };
    if name == UNBOUND {
        return Ok(None);
    }
    Command::from_name(name).map(Some).ok_or_else(|| {
        let names = COMMANDS.iter().map(|spec| spec.name).chain([UNBOUND]);
        Fault::new(node.span, unknown("a command", name, names))
    })
}

/// No verb where a finger moves, none in dialogs and fields, no letter taken from a field.
fn check_place(entry: &Entry, command: Command, written: &str) -> Result<(), Fault> {
    let name = command.name();
    if command.is_verb() && entry.keys.iter().any(|key| key.is_for_movement()) {
        let message = format!(
            "`{name}` cannot be on `{written}`: h j k l g G d, arrows and delete are for moving"
        );
        return Err(Fault::new(entry.span, message));
    }
    if command.is_verb() && entry.keys.iter().any(|key| enters_or_leaves(*key)) {
        let message =
            format!("`{name}` cannot be on `{written}`: enter, tab and esc never start anything");
        return Err(Fault::new(entry.span, message));
    }
    let in_dialog = matches!(entry.context, Context::Dialog | Context::Field);
    if command.is_verb() && in_dialog {
        let place = entry.context.name();
        let message = format!("`{name}` cannot be bound in `{place}`: dialogs ask for typed text");
        return Err(Fault::new(entry.span, message));
    }
    if entry.context == Context::Field && entry.keys.iter().any(|key| key.typed().is_some()) {
        let message = format!("`{written}` types a character and cannot be bound in `field`");
        return Err(Fault::new(entry.span, message));
    }
    Ok(())
}

fn enters_or_leaves(key: Key) -> bool {
    use crossterm::event::KeyCode;
    matches!(key.code, KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab | KeyCode::Esc)
}

/// A key that begins a sequence is not bound by itself, also not across contexts that are looked
/// through together.
fn check_sequences(entries: &[Entry]) -> Result<(), Fault> {
    let alone = |context: Context| matches!(context, Context::Dialog | Context::Field);
    let bound = || entries.iter().filter(|entry| entry.command.is_some());
    for short in bound() {
        for long in bound() {
            let together =
                short.context == long.context || (!alone(short.context) && !alone(long.context));
            let begins = long.keys.len() > short.keys.len() && long.keys.starts_with(&short.keys);
            if together && begins {
                let text =
                    |keys: &[Key]| keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ");
                let message = format!(
                    "`{}` is bound in `{}`, so the sequence `{}` could never be finished",
                    text(&short.keys),
                    short.context.name(),
                    text(&long.keys)
                );
                // Blame what is written in this file rather than what was inherited.
                let place = if long.span.start >= short.span.start { long } else { short };
                return Err(Fault::new(place.span, message));
            }
        }
    }
    Ok(())
}
