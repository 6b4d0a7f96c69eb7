//! One setting of a system or an action, declared once: reader, docs, example and JSON schema all
//! come from the declaration.

use std::fmt::Write as _;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use super::settings::{Fault, Fields, Key, Node, Span, Table, Value, written_duration};

/// What may be written as the value of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that is not empty.
    Word,
    /// The name of a secret of the site.
    Secret,
    /// The full path of a file or folder on this machine.
    Path,
    /// A whole number within bounds, both included.
    Integer(i64, i64),
    /// True or false.
    Boolean,
    /// A time with its unit within bounds in milliseconds, both included.
    Time(u64, u64),
    /// A size with its unit within bounds in bytes, both included.
    Size(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of at most so many texts.
    Texts(usize),
    /// A table with settings of its own.
    Table(&'static [SettingSpec]),
    /// A table with some of the settings of another place, which has the rest.
    PartOf(&'static [SettingSpec]),
    /// A shape that its owner reads, in words such as `a number or a list of them`.
    Shape(&'static str),
}

/// The value of a setting in an example, as TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// Beside `a` and `b`, or in `with` of a step.
    Once(&'static str),
    /// In `a` and in `b`; `{side}` is filled with `a` or `b`, `{n}` with 1 or 2.
    Each(&'static str),
}

/// A setting as the docs tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingSpec {
    /// The key.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What may be written.
    pub kind: Kind,
    /// True when it must be written.
    pub required: bool,
    /// What holds where it is not written, as it would be written; a text without its quotes.
    pub default: Option<&'static str>,
    /// What stands in the example.
    pub example: Option<Example>,
    /// True for one of the system as a whole, which no side may say otherwise.
    pub of_pair: bool,
    /// True where its texts lead to hosts, whose names are in no text that is shared.
    pub is_host: bool,
}

impl SettingSpec {
    /// `a time from 1s to 1d; 60s if absent`: what may be written, for the docs.
    pub fn words(&self) -> String {
        let kind = match self.kind {
            Kind::Text | Kind::Word => "a text".to_owned(),
            Kind::Secret => "the name of a secret".to_owned(),
            Kind::Path => "a full path".to_owned(),
            Kind::Integer(least, i64::MAX) => format!("a whole number from {least}"),
            Kind::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Kind::Boolean => "true or false".to_owned(),
            Kind::Time(0, u64::MAX) => "a time".to_owned(),
            Kind::Time(least, most) => format!("a time {}", bounds(least, most)),
            Kind::Size(..) => "a size".to_owned(),
            Kind::Choice(names) => names.join(", "),
            Kind::Texts(_) => "a list of texts".to_owned(),
            Kind::Table(_) | Kind::PartOf(_) => "a table".to_owned(),
            Kind::Shape(words) => words.to_owned(),
        };
        match self.default {
            Some(default) => format!("{kind}; {default} if absent"),
            None => kind,
        }
    }

    /// The same in refusals.
    fn wanted(&self) -> String {
        match self.kind {
            Kind::Text | Kind::Word | Kind::Secret => "a text in quotes".to_owned(),
            _ => self.words(),
        }
    }

    /// The value that holds where none is written.
    fn default_node(&self) -> Option<Node> {
        let text = self.default?;
        let value = match self.kind {
            Kind::Integer(..) => Value::Integer(text.parse().ok()?),
            Kind::Boolean => Value::Boolean(text == "true"),
            _ => Value::Text(text.to_owned()),
        };
        Some(Node { span: Span::default(), value })
    }
}

fn bounds(least_ms: u64, most_ms: u64) -> String {
    let [least, most] = [least_ms, most_ms].map(written_duration);
    if most_ms == u64::MAX {
        format!("of at least {least}")
    } else {
        format!("from {least} to {most}")
    }
}

/// The lines of an example that stand once, and those of the sides.
pub fn example_lines(settings: &[SettingSpec]) -> (String, [String; 2]) {
    let (mut once, mut each) = (String::new(), [Vec::new(), Vec::new()]);
    for SettingSpec { name, example, .. } in settings {
        match example {
            Some(Example::Once(toml)) => {
                let _ = writeln!(once, "{name} = {toml}");
            }
            Some(Example::Each(toml)) => {
                for (side, (letter, number)) in each.iter_mut().zip([("a", "1"), ("b", "2")]) {
                    let toml = toml.replace("{side}", letter).replace("{n}", number);
                    side.push(format!("{name} = {toml}"));
                }
            }
            None => {}
        }
    }
    let braced = |lines: Vec<String>| match lines.join(", ") {
        none if none.is_empty() => "{}".to_owned(),
        lines => format!("{{ {lines} }}"),
    };
    (once, each.map(braced))
}

/// A setting whose values are read as `T`.
#[derive(Debug)]
pub struct Setting<T> {
    /// As the docs tell it.
    pub spec: SettingSpec,
    reads: PhantomData<fn() -> T>,
}

impl<T> Setting<T> {
    /// An optional setting.
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        let spec = SettingSpec {
            name,
            doc,
            kind,
            required: false,
            default: None,
            example: None,
            of_pair: false,
            is_host: false,
        };
        Self { spec, reads: PhantomData }
    }

    /// It must be written.
    pub const fn required(mut self) -> Self {
        self.spec.required = true;
        self
    }

    /// What holds where it is not written.
    pub const fn or(mut self, default: &'static str) -> Self {
        self.spec.default = Some(default);
        self
    }

    /// The same setting in other words.
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.spec.doc = doc;
        self
    }

    /// What stands in the example, once.
    pub const fn example(mut self, toml: &'static str) -> Self {
        self.spec.example = Some(Example::Once(toml));
        self
    }

    /// What stands in the example of each side.
    pub const fn example_each(mut self, toml: &'static str) -> Self {
        self.spec.example = Some(Example::Each(toml));
        self
    }

    /// Its texts lead to hosts: addresses with or without a port, or URLs.
    pub const fn leads_to_hosts(mut self) -> Self {
        self.spec.is_host = true;
        self
    }

    /// It holds for the system as a whole.
    pub const fn of_pair(mut self) -> Self {
        self.spec.of_pair = true;
        self
    }
}

impl<T: Meant> Setting<T> {
    /// What is written, else its default.
    ///
    /// # Errors
    /// When it is missing though it must be written, or is nothing that may be written.
    pub fn of(&self, fields: &Fields<'_>) -> Result<Option<T>, Fault> {
        if let Some(found) = T::read(&self.spec, fields)? {
            return Ok(Some(found));
        }
        if self.spec.required {
            return Err(fields.missing(self.spec.name, &self.spec.wanted()));
        }
        let Some(node) = self.spec.default_node() else { return Ok(None) };
        let key = Key { name: self.spec.name.to_owned(), span: Span::default() };
        let table = Table { entries: vec![(key, node)], ..Table::default() };
        T::read(&self.spec, &Fields::new(&table, "the defaults"))
    }

    /// The same, of a setting that is required or has a default.
    ///
    /// # Errors
    /// As [`Setting::of`]; and when there is nothing at all.
    pub fn get(&self, fields: &Fields<'_>) -> Result<T, Fault> {
        self.of(fields)?.ok_or_else(|| fields.missing(self.spec.name, &self.spec.wanted()))
    }
}

/// A type that a setting's value is read as.
pub trait Meant: Sized {
    /// What is written for `spec`, if anything.
    ///
    /// # Errors
    /// When it is nothing that may be written.
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault>;
}

impl Meant for String {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        match fields.text(spec.name)? {
            Some("") if spec.kind != Kind::Text => Err(fields.refuse(spec.name, "is empty")),
            text => Ok(text.map(str::to_owned)),
        }
    }
}

impl Meant for PathBuf {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        match fields.text(spec.name)?.map(Self::from) {
            Some(path) if !path.is_absolute() => {
                Err(fields.refuse(spec.name, "must be an absolute path, starting with `/`"))
            }
            path => Ok(path),
        }
    }
}

impl Meant for i64 {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        match spec.kind {
            Kind::Integer(least, most) => fields.integer(spec.name, least, most),
            _ => fields.integer(spec.name, Self::MIN, Self::MAX),
        }
    }
}

impl Meant for u64 {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let Kind::Size(least, most) = spec.kind else {
            return Ok(i64::read(spec, fields)?.and_then(|number| Self::try_from(number).ok()));
        };
        match fields.size(spec.name)? {
            Some(size) if !(least..=most).contains(&size) => {
                let why = format!("must be from {least} B to {most} B");
                Err(fields.refuse(spec.name, &why))
            }
            size => Ok(size),
        }
    }
}

/// Whole numbers whose setting's bounds fit into them.
macro_rules! narrower {
    ($($number:ty),*) => {$(
        impl Meant for $number {
            fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
                Ok(i64::read(spec, fields)?.and_then(|number| Self::try_from(number).ok()))
            }
        }
    )*};
}
narrower!(u16, u32, usize);

impl Meant for bool {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        fields.boolean(spec.name)
    }
}

impl Meant for Duration {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let Some(time) = fields.duration(spec.name)? else { return Ok(None) };
        match spec.kind {
            Kind::Time(least, most)
                if !(u128::from(least)..=u128::from(most)).contains(&time.as_millis()) =>
            {
                Err(fields.refuse(spec.name, &format!("must be {}", bounds(least, most))))
            }
            _ => Ok(Some(time)),
        }
    }
}

impl Meant for &'static str {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        match spec.kind {
            Kind::Choice(names) => fields.choice(spec.name, names),
            _ => Ok(None),
        }
    }
}

impl Meant for Vec<String> {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        if fields.node(spec.name).is_none() {
            return Ok(None);
        }
        let texts = fields.texts(spec.name)?;
        match spec.kind {
            Kind::Texts(most) if texts.len() > most => {
                let why = format!("lists {}; at most {most}", texts.len());
                Err(fields.refuse(spec.name, &why))
            }
            _ => Ok(Some(texts.into_iter().map(str::to_owned).collect())),
        }
    }
}

impl Meant for Table {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        fields.table(spec.name).map(Option::<&Self>::cloned)
    }
}
