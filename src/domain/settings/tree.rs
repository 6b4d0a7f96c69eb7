//! Turns TOML text into a tree that remembers where each key and value stands.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::settings::{Fault, Fields, Key, Node, Span, Table, Value, unknown};

/// Texts that a file may inherit, by name.
pub type Library<'a> = &'a [(&'a str, &'a str)];

/// Files that inherit from one another may do so this deep.
pub const INHERIT_DEPTH_MAX: usize = 8;

/// Parses TOML.
///
/// # Errors
/// The first syntax error, with its place.
pub fn parse(text: &str) -> Result<Table, Fault> {
    let tree = DeTable::parse(text).map_err(|error| {
        let span = error
            .span()
            .map_or(Span::default(), |range| Span { start: range.start, end: range.end });
        let message = error.message().trim_end_matches('.').replace('\n', ", ");
        Fault::new(span, format!("this is not TOML: {message}"))
    })?;
    let span = Span { start: 0, end: text.len() };
    table(tree.get_ref(), span)
}

fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span { start: range.start, end: range.end }
}

fn table(tree: &DeTable<'_>, span: Span) -> Result<Table, Fault> {
    let mut entries = Vec::with_capacity(tree.len());
    for (key, value) in tree {
        let key = Key { name: key.get_ref().to_string(), span: span_of(key) };
        entries.push((key, node(value)?));
    }
    // The parser sorts keys by name; people think in the order they wrote.
    entries.sort_by_key(|(key, _)| key.span.start);
    Ok(Table { span, entries, ..Table::default() })
}

fn node(spanned: &Spanned<DeValue<'_>>) -> Result<Node, Fault> {
    let span = span_of(spanned);
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            Value::Integer(number.map_err(|_| Fault::new(span, "this number is too large"))?)
        }
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Float(number),
            Ok(_) | Err(_) => return Err(Fault::new(span, "this is not a finite number")),
        },
        DeValue::Boolean(yes) => Value::Boolean(*yes),
        DeValue::Datetime(_) => {
            return Err(Fault::new(span, "dates are not used here; write a text in quotes"));
        }
        DeValue::Array(items) => {
            Value::List(items.iter().map(node).collect::<Result<Vec<_>, Fault>>()?)
        }
        DeValue::Table(tree) => Value::Table(table(tree, span)?),
    };
    Ok(Node { span, value })
}

/// The head of a file of a kind that may inherit another of `library`: its name, and what it lies
/// over, as `read` makes it of a text, with the place where that is named.
///
/// # Errors
/// When it has no schema or no name, inherits what is not there (the nearest is named) or itself,
/// or what it inherits cannot be read.
pub fn head<T>(
    tree: &Table,
    fields: &Fields<'_>,
    (kind, library, depth): (&str, Library<'_>, usize),
    read: impl FnOnce(&str) -> Result<T, Fault>,
) -> Result<(String, Option<(T, Span)>), Fault> {
    if fields.integer("schema", 1, 1)?.is_none() {
        return Err(Fault::new(Span::default(), format!("the {kind} needs `schema = 1`")));
    }
    let name = fields.need_text("name")?.to_owned();
    let Some(parent) = fields.text("inherits")? else { return Ok((name, None)) };
    let place = tree.get("inherits").map_or(tree.span, |node| node.span);
    if depth >= INHERIT_DEPTH_MAX {
        return Err(Fault::new(place, format!("{kind}s inherit one another in a circle")));
    }
    let Some((_, text)) = library.iter().find(|(known, _)| *known == parent) else {
        let names = library.iter().map(|(known, _)| *known);
        return Err(Fault::new(place, unknown(&format!("a {kind}"), parent, names)));
    };
    let beneath = read(text).map_err(|fault| {
        Fault::new(place, format!("{kind} `{parent}`, which it inherits: {}", fault.message))
    })?;
    Ok((name, Some((beneath, place))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_remembered_in_the_order_written() {
        let text = "zeta = 1\nalpha = { b = true, a = [0x10, 0.5] }\n[later]\nx = \"ü\"\n";
        let tree = parse(text).expect("valid");
        let names: Vec<&str> = tree.entries.iter().map(|(key, _)| key.name.as_str()).collect();
        assert_eq!(names, ["zeta", "alpha", "later"]);
        let Some(Node { value: Value::Table(alpha), .. }) = tree.get("alpha") else {
            panic!("a table")
        };
        assert_eq!(alpha.entries[0].0.name, "b");
        let Some(Node { value: Value::List(items), .. }) = alpha.get("a") else { panic!("a list") };
        assert_eq!(items[0].value, Value::Integer(16));
        assert_eq!(Fault::new(items[1].span, "").line_column(text), (2, 32));
    }

    #[test]
    fn what_is_not_toml_has_its_place() {
        let check = |text: &str, place: (usize, usize), message: &str| {
            let fault = parse(text).expect_err(text);
            assert_eq!(fault.line_column(text), place, "{text}: {fault}");
            assert!(fault.message.contains(message), "{text}: {fault}");
        };
        check("a = 1\nb = ", (2, 5), "not TOML");
        check("a = 1\na = 2", (2, 1), "duplicate key");
        check("a = 99999999999999999999", (1, 5), "too large");
        check("a = nan", (1, 5), "finite");
        check("a = 2026-11-20", (1, 5), "dates");
    }
}
