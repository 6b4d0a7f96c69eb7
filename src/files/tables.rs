//! Tables of named tables, such as `[people]`, and what their entries must have.

use super::faults::Faults;
use crate::domain::ids::BadName;
use crate::domain::settings::{Fault, Fields, Key, Span, Table, Value};

/// The entries of a table of named tables, such as `[people]`, each with its key.
pub(super) fn named_tables<'a>(
    fields: &Fields<'a>,
    key: &'static str,
    what: &str,
    faults: &mut Faults,
) -> Vec<(&'a Key, &'a Table)> {
    let Some(table) = faults.take(fields.table(key)).flatten() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, node) in &table.entries {
        match &node.value {
            Value::Table(inner) => found.push((name, inner)),
            other => {
                let kind = other.kind();
                faults
                    .add(node.span, format!("{what} `{}` must be a table, not {kind}", name.name));
            }
        }
    }
    found
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
