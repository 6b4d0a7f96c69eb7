//! Tables of named tables, such as `[people]`, and what their entries must have.

use super::faults::Faults;
use crate::domain::ids::BadName;
use crate::domain::settings::{Fault, Fields, Key, Span, Value};

/// The entries of a table of named tables, such as `[people]`, each with its key. `what` is what
/// refusals call one, before its name.
pub(super) fn named_tables<'a>(
    fields: &Fields<'a>,
    key: &'static str,
    what: &str,
    faults: &mut Faults,
) -> Vec<(&'a Key, Fields<'a>)> {
    let Some(table) = faults.take(fields.table(key)).flatten() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, node) in &table.entries {
        match &node.value {
            Value::Table(inner) => {
                found.push((name, Fields::new(inner, format!("{what} `{}`", name.name))));
            }
            other => {
                let kind = other.kind();
                faults
                    .add(node.span, format!("{what} `{}` must be a table, not {kind}", name.name));
            }
        }
    }
    found
}

/// Reads the entries of a table of named tables; a faulty one is noted and left out.
pub(super) fn read_named<T>(
    fields: &Fields<'_>,
    key: &'static str,
    what: &str,
    faults: &mut Faults,
    read: impl Fn(&Key, &Fields<'_>) -> Result<T, Fault>,
) -> Vec<T> {
    let tables = named_tables(fields, key, what, faults);
    tables.iter().filter_map(|(key, fields)| faults.take(read(key, fields))).collect()
}

/// The names written in a table of named tables, faulty entries too: one mistake is told once.
pub(super) fn written_names<'a>(fields: &Fields<'a>, key: &'static str) -> Vec<&'a str> {
    match fields.node(key).map(|node| &node.value) {
        Some(Value::Table(table)) => {
            table.entries.iter().map(|(key, _)| key.name.as_str()).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

/// The name that a key is, in its own type.
pub(super) fn name_of<T>(key: &Key, new: fn(&str) -> Result<T, BadName>) -> Result<T, Fault> {
    new(&key.name).map_err(|bad| Fault::new(key.span, bad.to_string()))
}

/// Refuses a key that must be there and is not.
pub(super) fn missing(span: Span, what: &str, key: &str, wanted: &str) -> Fault {
    Fault::new(span, format!("{what} needs `{key}`, {wanted}"))
}
