//! Settings may stand at the system or in `a` and `b`: what a side says wins over the system.

use crate::domain::ids::Side;
use crate::domain::settings::{Fault, Table};
use crate::domain::site::SystemSpec;

/// The settings of one side: its own, then the system's for what it leaves out; none where the
/// system is not in that region.
pub fn side_table(spec: &SystemSpec, side: Side) -> Option<Table> {
    let mut merged = spec.sides[side.index()].clone()?;
    for (key, node) in &spec.settings.entries {
        if merged.get(&key.name).is_none() {
            merged.entries.push((key.clone(), node.clone()));
        }
    }
    merged.beside = spec.settings.beside;
    Some(merged)
}

/// Reads the settings of both sides; `read` gets the merged table and the words for refusals.
///
/// # Errors
/// The first refusal of `read`, or that the system is in neither region.
pub fn both_sides<T>(
    spec: &SystemSpec,
    read: impl Fn(&Table, &str) -> Result<T, Fault>,
) -> Result<[Option<T>; 2], Fault> {
    let what = format!("system `{}`", spec.id);
    let one = |side| side_table(spec, side).map(|table| read(&table, &what)).transpose();
    match [one(Side::A)?, one(Side::B)?] {
        [None, None] => {
            let message = format!("{what} needs `a` or `b`, a table for the region it is in");
            Err(Fault::new(spec.span, message))
        }
        sides => Ok(sides),
    }
}

/// Reads the settings of the side that a step acts on.
///
/// # Errors
/// The refusal of `read`, or that the system is not in that region.
pub fn one_side<T>(
    spec: &SystemSpec,
    side: Side,
    read: impl Fn(&Table, &str) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let what = format!("system `{}`", spec.id);
    match side_table(spec, side) {
        Some(table) => read(&table, &what),
        None => Err(Fault::new(spec.span, format!("{what} is not in region {side}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Fields;
    use crate::systems::kit::testing::spec;

    #[test]
    fn sides_win_over_the_system() {
        let check = |text: &str, want: Result<[Option<&str>; 2], &str>| {
            let read = |table: &Table, what: &str| {
                Fields::new(table, what).need_text("url").map(str::to_owned)
            };
            let want =
                want.map(|sides| sides.map(|side| side.map(str::to_owned))).map_err(str::to_owned);
            assert_eq!(both_sides(&spec(text), read).map_err(|fault| fault.message), want);
        };
        check("url = 'x'\na = {}\nb = { url = 'y' }", Ok([Some("x"), Some("y")]));
        check("b = { url = 'y' }", Ok([None, Some("y")]));
        check("a = {}", Err("system `it` needs `url`, a text in quotes"));
        check("url = 'x'", Err("system `it` needs `a` or `b`, a table for the region it is in"));
    }
}
