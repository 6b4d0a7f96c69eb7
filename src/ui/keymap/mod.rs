//! Which key means which command, per context; no file can put harm under a finger.

mod key;
mod read;

pub use key::{Key, text_of};

use super::command::{Acts, COMMANDS, Command, Context};
use crate::domain::run::autopilot::Keys;
use crate::domain::run::intent::Kind;
use crate::domain::settings::Fault;
use crate::domain::settings::tree::Library;

/// The keymaps that come with the program, by name.
pub const SHIPPED: Library<'static> = &[
    ("default", include_str!("../../../keymaps/default.toml")),
    ("vim", include_str!("../../../keymaps/vim.toml")),
];

/// The keymap used when none is chosen.
pub const DEFAULT: &str = "default";

/// The most keys in one sequence.
pub const SEQUENCE_KEYS_MAX: usize = 4;

/// One binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where it counts.
    pub context: Context,
    /// The keys, in order.
    pub keys: Vec<Key>,
    /// What they mean.
    pub command: Command,
}

impl Binding {
    /// The keys as people write them: `g g`.
    pub fn keys_text(&self) -> String {
        key::text_of(&self.keys)
    }
}

/// What pressed keys mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// A command.
    Command(Command),
    /// The beginning of sequences: the next key of each and its command.
    Prefix(Vec<(Key, Command)>),
    /// Nothing.
    None,
}

/// All bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    name: String,
    bindings: Vec<Binding>,
}

impl Keymap {
    /// Reads a keymap file. `library` holds the keymaps it may inherit; [`SHIPPED`] are ours.
    ///
    /// # Errors
    /// When it is not TOML, binds a reserved key, a key twice, a key that begins a sequence, a verb
    /// to a movement key, or names a command that does not exist; with its place.
    pub fn parse(text: &str, library: Library<'_>) -> Result<Self, Fault> {
        read::keymap(text, library)
    }

    /// One of [`SHIPPED`] by name.
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(text, SHIPPED).expect("every shipped keymap is read by a test"))
    }

    /// The keymap's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All bindings, in the order of contexts and files.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What the keys pressed so far mean in these contexts, the innermost first.
    pub fn look(&self, contexts: &[Context], pressed: &[Key]) -> Lookup {
        let mut prefix: Vec<(Key, Command)> = Vec::new();
        for context in contexts {
            for binding in self.bindings.iter().filter(|binding| binding.context == *context) {
                if binding.keys == pressed && prefix.is_empty() {
                    return Lookup::Command(binding.command);
                }
                if let Some([next, ..]) = binding.keys.strip_prefix(pressed) {
                    prefix.push((*next, binding.command));
                }
            }
        }
        if prefix.is_empty() || pressed.is_empty() { Lookup::None } else { Lookup::Prefix(prefix) }
    }

    /// The keys that mean a command in these contexts, the innermost first: one that an inner
    /// context takes for itself does not reach the outer one.
    pub fn reaching(&self, contexts: &[Context], command: Command) -> Vec<String> {
        let reaches = |binding: &&Binding| {
            binding.command == command
                && self.look(contexts, &binding.keys) == Lookup::Command(command)
        };
        let of = |context: &Context| {
            let context = *context;
            self.bindings.iter().filter(move |one| one.context == context)
        };
        contexts.iter().flat_map(of).filter(reaches).map(Binding::keys_text).collect()
    }

    /// The first of them; the command's name where it has none.
    pub fn key_of(&self, contexts: &[Context], command: Command) -> String {
        let keys = self.reaching(contexts, command);
        keys.into_iter().next().unwrap_or_else(|| format!("[{}]", command.name()))
    }

    /// The keys of a command in a context, as people write them: `r`, `g g`.
    pub fn keys_of(&self, context: Context, command: Command) -> Vec<String> {
        self.bindings
            .iter()
            .filter(|binding| binding.context == context && binding.command == command)
            .map(Binding::keys_text)
            .collect()
    }
}

/// The keys of a console as it is opened: on its list, without a dialog.
impl Keys for Keymap {
    fn key(&self, kind: Kind) -> String {
        let named = COMMANDS.iter().find(|spec| spec.acts == Acts::Run(kind));
        let command = named.map_or(Command::Palette, |spec| spec.command);
        self.key_of(&[Context::List, Context::Global], command)
    }
}

#[cfg(test)]
mod tests;
