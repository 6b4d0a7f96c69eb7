//! Keys and colours: what was asked for by name or file, else what fits the terminal.

use std::path::Path;

use super::start::{Start, Usage};
use crate::domain::settings::{Fault, unknown};
use crate::files::toml_tree::{self, FileFault};
use crate::ui::keymap::{self, Keymap};
use crate::ui::theme::{self, Depth, Theme};

/// The theme that was asked for; `mono` where `NO_COLOR` is set, else `graphite`.
///
/// # Errors
/// When there is no such theme, or its file is faulty, with the place.
pub fn theme(start: &Start) -> anyhow::Result<Theme> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let usual = if no_color { theme::COLOURLESS } else { theme::DEFAULT };
    let name = start.theme.as_deref().unwrap_or(usual);
    let shipped = theme::SHIPPED.iter().map(|(name, _)| *name);
    let parse = |text: &str| Theme::parse(text, theme::SHIPPED);
    let theme = named_or_file("a theme", name, Theme::shipped, shipped, parse)?;
    Ok(theme.at(depth()))
}

/// The keymap that was asked for, else `default`.
///
/// # Errors
/// When there is no such keymap, or its file is faulty, with the place.
pub fn keymap(start: &Start) -> anyhow::Result<Keymap> {
    let name = start.keymap.as_deref().unwrap_or(keymap::DEFAULT);
    let shipped = keymap::SHIPPED.iter().map(|(name, _)| *name);
    let parse = |text: &str| Keymap::parse(text, keymap::SHIPPED);
    named_or_file("a keymap", name, Keymap::shipped, shipped, parse)
}

/// A shipped thing by its name, else the file of that path.
fn named_or_file<T>(
    what: &str,
    name: &str,
    shipped: impl Fn(&str) -> Option<T>,
    names: impl Iterator<Item = &'static str>,
    parse: impl Fn(&str) -> Result<T, Fault>,
) -> anyhow::Result<T> {
    if let Some(thing) = shipped(name) {
        return Ok(thing);
    }
    let path = Path::new(name);
    if !path.is_file() {
        return Err(Usage(unknown(&format!("{what}, nor a file"), name, names)).into());
    }
    let text = toml_tree::read(path)?;
    Ok(parse(&text).map_err(|fault| FileFault::new(path, &text, &fault))?)
}

/// How many colours the terminal says it has.
fn depth() -> Depth {
    let is = |name: &str, words: &[&str]| {
        std::env::var(name).is_ok_and(|value| words.iter().any(|word| value.contains(word)))
    };
    if is("COLORTERM", &["truecolor", "24bit"]) {
        Depth::TrueColor
    } else if is("TERM", &["256color", "direct", "kitty", "alacritty"]) {
        Depth::Colors256
    } else {
        Depth::Colors16
    }
}
