//! Themes: what each meaning looks like, read from a file, at the depth the terminal has.

#[cfg(test)]
#[path = "../../../tests/theme/check.rs"]
mod check;
mod color;
mod difference;
mod token;

use std::iter::successors;

use ratatui::style::{Color, Modifier, Style};

use crate::domain::settings::tree::{Library, head, parse};
use crate::domain::settings::{Fault, Fields, Node, Span, Table, Value, unknown};

pub use color::{Depth, Rgb};
pub use token::Token;

/// The themes that come with the program, by name.
pub const SHIPPED: Library<'static> = &[
    ("graphite", include_str!("../../../themes/graphite.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// The theme used when none is chosen.
pub const DEFAULT: &str = "graphite";

/// The theme used where there are no colours (`NO_COLOR`).
pub const COLOURLESS: &str = "mono";

/// A colour as a theme gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    /// What the terminal has by itself.
    Default,
    /// A colour.
    Is(Rgb),
}

/// What a meaning looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    fg: Option<Paint>,
    bg: Option<Paint>,
    mods: Modifier,
    /// Foreground and background at 16 colours, where the theme says so itself.
    ansi16: Option<(Option<Color>, Option<Color>)>,
}

/// A theme, ready to be drawn with at one depth.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: String,
    looks: Vec<Look>,
    styles: Vec<Style>,
}

impl Theme {
    /// Reads a theme file. `library` holds the themes it may inherit; [`SHIPPED`] are ours.
    /// It is drawn in true colour until [`Self::at`] says otherwise.
    ///
    /// # Errors
    /// When it is not TOML, names a token, colour or theme that does not exist, or says something
    /// nonsensical; with its place.
    pub fn parse(text: &str, library: Library<'_>) -> Result<Self, Fault> {
        let layer = Layer::read(text, library, 0)?;
        let resolved = layer.resolve()?;
        let looks = Token::ALL.iter().map(|token| look_of(&resolved, *token)).collect();
        let theme = Self { name: layer.name, looks, styles: Vec::new() };
        Ok(theme.at(Depth::TrueColor))
    }

    /// One of [`SHIPPED`] by name.
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(text, SHIPPED).expect("every shipped theme is read by a test"))
    }

    /// The same theme for a terminal of this depth.
    pub fn at(mut self, depth: Depth) -> Self {
        self.styles = self.looks.iter().map(|look| look.style(depth)).collect();
        self
    }

    /// The theme's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a meaning looks like. What a style leaves open stays as it is beneath, so a row is
    /// drawn by patching [`Token::Background`], then [`Token::Selection`], then its cells.
    pub fn style(&self, token: Token) -> Style {
        self.styles.get(token.index()).copied().unwrap_or_default()
    }
}

impl Look {
    fn style(&self, depth: Depth) -> Style {
        let color = |paint: Option<Paint>| match paint? {
            Paint::Default => (depth != Depth::None).then_some(Color::Reset),
            Paint::Is(rgb) => rgb.at(depth),
        };
        let (fg, bg) = match self.ansi16 {
            Some(pair) if depth == Depth::Colors16 => pair,
            Some(_) | None => (color(self.fg), color(self.bg)),
        };
        Style { fg, bg, ..Style::default() }.add_modifier(self.mods)
    }
}

/// The look of a token: its own, that of a dotted group it is in, that of its base.
fn look_of(resolved: &[(String, Look)], token: Token) -> Look {
    let mut names = successors(Some(token), |token| token.base()).map(Token::name).flat_map(groups);
    let found =
        |name: &str| resolved.iter().find(|(known, _)| known == name).map(|(_, look)| *look);
    names.find_map(found).unwrap_or_default()
}

/// A dotted name, and the groups that it is in, the innermost first.
fn groups(name: &str) -> impl Iterator<Item = &str> {
    successors(Some(name), |name| name.rsplit_once('.').map(|(group, _)| group))
}

/// A look as written, its colours still names.
#[derive(Debug, Clone)]
struct Written {
    name: String,
    fg: Option<(String, Span)>,
    bg: Option<(String, Span)>,
    mods: Modifier,
    ansi16: Option<(Option<Color>, Option<Color>)>,
}

/// A file laid over those it inherits.
#[derive(Debug, Clone, Default)]
struct Layer {
    name: String,
    palette: Vec<(String, Rgb)>,
    written: Vec<Written>,
}

impl Layer {
    fn read(text: &str, library: Library<'_>, depth: usize) -> Result<Self, Fault> {
        let tree = parse(text)?;
        let fields = Fields::new(&tree, "the theme");
        let deeper = |text: &str| {
            let layer = Self::read(text, library, depth + 1)?;
            layer.resolve().map(|_| layer)
        };
        let (name, beneath) = head(&tree, &fields, ("theme", library, depth), deeper)?;
        let mut layer = beneath.map_or_else(Self::default, |(layer, _)| layer);
        layer.name = name;
        if let Some(palette) = fields.table("palette")? {
            layer.read_palette(palette)?;
        }
        if let Some(tokens) = fields.table("tokens")? {
            for (key, node) in &tokens.entries {
                check_name(&key.name, key.span)?;
                let written = read_look(&key.name, node)?;
                layer.written.retain(|known| known.name != written.name);
                layer.written.push(written);
            }
        }
        fields.finish()?;
        Ok(layer)
    }

    fn read_palette(&mut self, table: &Table) -> Result<(), Fault> {
        for (key, node) in &table.entries {
            let Value::Text(text) = &node.value else {
                return Err(Fault::new(node.span, "a colour is a text such as \"#16181c\""));
            };
            let Some(rgb) = Rgb::parse(text) else {
                let message = format!("`{text}` is not a colour; write it as \"#16181c\"");
                return Err(Fault::new(node.span, message));
            };
            self.palette.retain(|(known, _)| *known != key.name);
            self.palette.push((key.name.clone(), rgb));
        }
        Ok(())
    }

    fn resolve(&self) -> Result<Vec<(String, Look)>, Fault> {
        self.written
            .iter()
            .map(|written| {
                let look = Look {
                    fg: self.paint(written.fg.as_ref())?,
                    bg: self.paint(written.bg.as_ref())?,
                    mods: written.mods,
                    ansi16: written.ansi16,
                };
                Ok((written.name.clone(), look))
            })
            .collect()
    }

    fn paint(&self, written: Option<&(String, Span)>) -> Result<Option<Paint>, Fault> {
        let Some((text, place)) = written else { return Ok(None) };
        if text == "default" {
            return Ok(Some(Paint::Default));
        }
        if let Some(rgb) = Rgb::parse(text) {
            return Ok(Some(Paint::Is(rgb)));
        }
        if let Some((_, rgb)) = self.palette.iter().find(|(known, _)| known == text) {
            return Ok(Some(Paint::Is(*rgb)));
        }
        let names = self.palette.iter().map(|(name, _)| name.as_str()).chain(["default"]);
        Err(Fault::new(*place, unknown("a colour of the palette", text, names)))
    }
}

/// A token, or a group that some token is in.
fn check_name(name: &str, place: Span) -> Result<(), Fault> {
    let known = Token::ALL.iter().any(|token| {
        token.name().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    if known {
        return Ok(());
    }
    let names = Token::ALL.iter().map(|token| token.name());
    Err(Fault::new(place, unknown("a token", name, names)))
}

fn read_look(name: &str, node: &Node) -> Result<Written, Fault> {
    let mut written = Written {
        name: name.to_owned(),
        fg: None,
        bg: None,
        mods: Modifier::empty(),
        ansi16: None,
    };
    let table = match &node.value {
        Value::Table(table) => table,
        Value::Text(text) => {
            written.fg = Some((text.clone(), node.span));
            return Ok(written);
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::List(_) => {
            let message = format!("token `{name}` must be a colour or {{ fg, bg, mods, ansi16 }}");
            return Err(Fault::new(node.span, message));
        }
    };
    let fields = Fields::new(table, format!("token `{name}`"));
    let place = |key: &str| table.get(key).map_or(node.span, |node| node.span);
    written.fg = fields.text("fg")?.map(|text| (text.to_owned(), place("fg")));
    written.bg = fields.text("bg")?.map(|text| (text.to_owned(), place("bg")));
    for word in fields.texts("mods")? {
        written.mods |= modifier(word).ok_or_else(|| {
            let names = MODIFIERS.iter().map(|(name, _)| *name);
            Fault::new(place("mods"), unknown("one of `mods`", word, names))
        })?;
    }
    if let Some(text) = fields.text("ansi16")? {
        written.ansi16 = Some(read_ansi16(text, place("ansi16"))?);
    }
    fields.finish()?;
    Ok(written)
}

/// What `mods` may say. Blinking is not among it: nothing blinks.
const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

fn modifier(name: &str) -> Option<Modifier> {
    MODIFIERS.iter().find(|(known, _)| *known == name).map(|(_, modifier)| *modifier)
}

/// `yellow` or `white on red`.
fn read_ansi16(text: &str, place: Span) -> Result<(Option<Color>, Option<Color>), Fault> {
    let one = |name: &str| {
        let name = name.trim();
        if name == "default" {
            return Ok(Some(Color::Reset));
        }
        color::ansi16(name).map(Some).ok_or_else(|| {
            let names = color::ansi16_names().chain(["default"]);
            Fault::new(place, unknown("one of the 16 colours", name, names))
        })
    };
    match text.split_once(" on ") {
        Some((fg, bg)) => Ok((one(fg)?, one(bg)?)),
        None => Ok((one(text)?, None)),
    }
}

#[cfg(test)]
mod tests;
