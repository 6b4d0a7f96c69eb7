//! What a person wrote, as a tree that remembers its places, and a reader whose refusals name them.
//!
//! Every file (site, runbook, theme, keymap) and every system's own settings are read through
//! [`Fields`], so that an unknown key, a wrong unit or a missing value is always refused in the
//! same words, with the nearest valid name and the place in the file.

pub mod tree;
mod units;

use std::cell::RefCell;
use std::time::Duration;

pub use units::{parse_duration, parse_size, written_duration};

/// Where something stands in its file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A refusal of something written: one sentence and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Where it stands.
    pub span: Span,
    /// What is wrong and what to do, one sentence without a full stop.
    pub message: String,
}

impl Fault {
    /// A refusal at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    /// The line and column of the fault in `source`, both counted from 1, columns in characters.
    pub fn line_column(&self, source: &str) -> (usize, usize) {
        let at = (0..=self.span.start.min(source.len()))
            .rev()
            .find(|at| source.is_char_boundary(*at))
            .unwrap_or(0);
        let before = &source[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// One value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// The kinds of value that the files know.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `"text"`.
    Text(String),
    /// `12`.
    Integer(i64),
    /// `0.5`.
    Float(f64),
    /// `true`.
    Boolean(bool),
    /// `[1, 2]`.
    List(Vec<Node>),
    /// `{ a = 1 }` or `[a]`.
    Table(Table),
}

impl Value {
    /// What a person calls this kind of value.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// One key as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key's text.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// Keys and values in the order written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Where the table stands.
    pub span: Span,
    /// Its entries.
    pub entries: Vec<(Key, Node)>,
    /// Keys that are known beside it and read by somebody else.
    pub beside: &'static [&'static str],
}

impl Table {
    /// The value of `name`, if written.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }
}

/// Reads one table key by key; what was never asked for is refused at the end.
#[derive(Debug)]
pub struct Fields<'a> {
    table: &'a Table,
    what: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// Starts reading `table`; `what` completes "in …" in refusals, such as "step `promote-pg`".
    pub fn new(table: &'a Table, what: impl Into<String>) -> Self {
        Self { table, what: what.into(), asked: RefCell::new(Vec::new()) }
    }

    /// Where the whole table stands.
    pub fn span(&self) -> Span {
        self.table.span
    }

    /// The node of `key`, noting that the key is known.
    pub fn node(&self, key: &'static str) -> Option<&'a Node> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.get(key)
    }

    /// The table that is read.
    pub fn whole(&self) -> &'a Table {
        self.table
    }

    /// What is read, as refusals call it.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Notes keys as known that nobody may come to ask for.
    pub fn know(&self, names: impl Iterator<Item = &'static str>) {
        for name in names {
            self.node(name);
        }
    }

    /// The refusal of a value: `` `host` in system `pg` is empty ``.
    pub fn refuse(&self, key: &str, why: &str) -> Fault {
        self.fault(key, format!("`{key}` in {} {why}", self.what))
    }

    /// A fault that stands where `key` is written, else at the table.
    pub fn fault(&self, key: &str, message: impl Into<String>) -> Fault {
        Fault::new(self.table.get(key).map_or(self.table.span, |node| node.span), message)
    }

    /// The refusal of a table without `key`.
    pub fn missing(&self, key: &str, what: &str) -> Fault {
        Fault::new(self.table.span, format!("{} needs `{key}`, {what}", self.what))
    }

    fn wrong(&self, key: &str, node: &Node, wanted: &str) -> Fault {
        let found = node.value.kind();
        Fault::new(node.span, format!("`{key}` in {} must be {wanted}, not {found}", self.what))
    }

    /// An optional text.
    ///
    /// # Errors
    /// When the value is not a text.
    pub fn text(&self, key: &'static str) -> Result<Option<&'a str>, Fault> {
        match self.node(key) {
            None => Ok(None),
            Some(Node { value: Value::Text(text), .. }) => Ok(Some(text)),
            Some(node) => Err(self.wrong(key, node, "a text in quotes")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// When it is missing or not a text.
    pub fn need_text(&self, key: &'static str) -> Result<&'a str, Fault> {
        self.text(key)?.ok_or_else(|| self.missing(key, "a text in quotes"))
    }

    /// An optional true or false.
    ///
    /// # Errors
    /// When the value is something else.
    pub fn boolean(&self, key: &'static str) -> Result<Option<bool>, Fault> {
        match self.node(key) {
            None => Ok(None),
            Some(Node { value: Value::Boolean(yes), .. }) => Ok(Some(*yes)),
            Some(node) => Err(self.wrong(key, node, "true or false")),
        }
    }

    /// An optional whole number within `least..=most`.
    ///
    /// # Errors
    /// When the value is not a whole number or out of range.
    pub fn integer(&self, key: &'static str, least: i64, most: i64) -> Result<Option<i64>, Fault> {
        match self.node(key) {
            None => Ok(None),
            Some(Node { value: Value::Integer(number), .. }) if (least..=most).contains(number) => {
                Ok(Some(*number))
            }
            Some(Node { value: Value::Integer(number), .. }) => {
                Err(self.refuse(key, &format!("must be from {least} to {most}, not {number}")))
            }
            Some(node) => Err(self.wrong(key, node, "a whole number")),
        }
    }

    /// An optional number (whole or not) within `least..=most`.
    ///
    /// # Errors
    /// When the value is not a number or out of range.
    pub fn number(&self, key: &'static str, least: f64, most: f64) -> Result<Option<f64>, Fault> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let number = match node.value {
            #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
            Value::Integer(number) => number as f64,
            Value::Float(number) => number,
            Value::Text(_) | Value::Boolean(_) | Value::List(_) | Value::Table(_) => {
                return Err(self.wrong(key, node, "a number"));
            }
        };
        if (least..=most).contains(&number) {
            Ok(Some(number))
        } else {
            Err(self.refuse(key, &format!("must be from {least} to {most}, not {number}")))
        }
    }

    /// An optional length of time with its unit, such as `"500ms"`, `"5s"`, `"1h30m"`.
    ///
    /// # Errors
    /// When the value is not a text or has no valid unit.
    pub fn duration(&self, key: &'static str) -> Result<Option<Duration>, Fault> {
        self.with_unit(key, "a time with its unit (\"500ms\", \"5s\", \"1h30m\")", parse_duration)
    }

    /// An optional size in bytes with its unit, such as `"64 KiB"`, `"1 MiB"`.
    ///
    /// # Errors
    /// When the value is not a text or has no valid unit.
    pub fn size(&self, key: &'static str) -> Result<Option<u64>, Fault> {
        self.with_unit(key, "a size with its unit (\"64 KiB\", \"1 MiB\")", parse_size)
    }

    fn with_unit<T>(
        &self,
        key: &'static str,
        wanted: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let wrong = || self.refuse(key, &format!("must be {wanted}, not \"{text}\""));
        parse(text).map(Some).ok_or_else(wrong)
    }

    /// An optional list of texts; empty when not written.
    ///
    /// # Errors
    /// When the value is not a list of texts.
    pub fn texts(&self, key: &'static str) -> Result<Vec<&'a str>, Fault> {
        self.list(key, "a list of texts", |value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    fn list<T>(
        &self,
        key: &'static str,
        wanted: &str,
        pick: fn(&'a Value) -> Option<T>,
    ) -> Result<Vec<T>, Fault> {
        let Some(node) = self.node(key) else { return Ok(Vec::new()) };
        let Value::List(items) = &node.value else {
            return Err(self.wrong(key, node, wanted));
        };
        let one = |item: &'a Node| pick(&item.value).ok_or_else(|| self.wrong(key, item, wanted));
        items.iter().map(one).collect()
    }

    /// An optional table.
    ///
    /// # Errors
    /// When the value is not a table.
    pub fn table(&self, key: &'static str) -> Result<Option<&'a Table>, Fault> {
        match self.node(key) {
            None => Ok(None),
            Some(Node { value: Value::Table(table), .. }) => Ok(Some(table)),
            Some(node) => Err(self.wrong(key, node, "a table")),
        }
    }

    /// An optional list of tables; empty when not written.
    ///
    /// # Errors
    /// When the value is not a list of tables.
    pub fn tables(&self, key: &'static str) -> Result<Vec<&'a Table>, Fault> {
        self.list(key, "a list of tables", |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        })
    }

    /// One of `names`, if written.
    ///
    /// # Errors
    /// When the value is none of them; the nearest is named.
    pub fn choice(
        &self,
        key: &'static str,
        names: &[&'static str],
    ) -> Result<Option<&'static str>, Fault> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        if let Some(name) = names.iter().find(|name| **name == text) {
            return Ok(Some(name));
        }
        let span = self.table.get(key).map_or(self.table.span, |node| node.span);
        let message = unknown(&format!("`{key}` in {}", self.what), text, names.iter().copied());
        Err(Fault::new(span, message))
    }

    /// Refuses the first key that nobody asked for.
    ///
    /// # Errors
    /// When there is such a key; the nearest known one is named.
    pub fn finish(&self) -> Result<(), Fault> {
        let asked = self.asked.borrow();
        for (key, _) in &self.table.entries {
            let (name, beside) = (key.name.as_str(), self.table.beside);
            if asked.contains(&name) {
                continue;
            }
            let message = if beside.contains(&name) {
                format!("`{name}` is a key of {} as a whole: write it beside these", self.what)
            } else {
                let known = asked.iter().chain(beside).copied();
                unknown(&format!("a key of {}", self.what), name, known)
            };
            return Err(Fault::new(key.span, message));
        }
        Ok(())
    }
}

/// The sentence for a name that is none of the valid ones:
/// `` `pgg` is not a system of this site; did you mean `pg`? ``
pub fn unknown<'n>(what: &str, given: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let nearest = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), *name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= (name.len().max(given.len()) / 2).max(1));
    let given: String = given.chars().take(80).collect();
    match nearest {
        Some((_, name)) => format!("`{given}` is not {what}; did you mean `{name}`?"),
        None if names.is_empty() => format!("`{given}` is not {what}; there are none"),
        None => format!("`{given}` is not {what}; known are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_suggest_the_nearest() {
        let check = |given: &str, names: &[&str], want: &str| {
            assert_eq!(unknown("a system", given, names.iter().copied()), want);
        };
        check("pgg", &["pg", "redis"], "`pgg` is not a system; did you mean `pg`?");
        check("zzzz", &["pg", "redis"], "`zzzz` is not a system; known are pg, redis");
        check("pg", &[], "`pg` is not a system; there are none");
    }

    #[test]
    fn an_unknown_key_is_held_against_all_that_are_known() {
        let check = |written: &str, want: &str| {
            let key = Key { name: written.to_owned(), span: Span::default() };
            let node = Node { value: Value::Boolean(true), span: Span::default() };
            let entries = vec![(key, node)];
            let table = Table { entries, beside: &["every", "kind"], ..Table::default() };
            let fields = Fields::new(&table, "system `web`");
            fields.node("url");
            let fault = fields.finish().expect_err("nobody asked for it");
            assert_eq!(fault.message, want);
        };
        check("evry", "`evry` is not a key of system `web`; did you mean `every`?");
        check("zzzzzz", "`zzzzzz` is not a key of system `web`; known are url, every, kind");
        let whole = "`every` is a key of system `web` as a whole: write it beside these";
        check("every", whole);
    }
}
