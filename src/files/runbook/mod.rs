//! Reads a runbook: ordered steps, resolved against the site and the actions that exist.

mod context;
mod gate;
mod step;
mod variant;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use self::context::Context;
use self::gate::{read_go, read_restored};
use self::step::read_step;
use super::faults::{Faults, check_schema, first};
use super::kinds::Kinds;
use super::toml_tree;
use crate::domain::catalogue::Guard;
use crate::domain::ids::{Side, StepId};
use crate::domain::run::commit::Hash;
use crate::domain::runbook::{Direction, Runbook, Step, Ungraceful};
use crate::domain::settings::{Fault, Fields, Span, Table, unknown};
use crate::domain::site::Site;
use crate::domain::text::Clean;

/// The most steps of one runbook.
pub const STEPS_MAX: usize = 200;

/// Hex digits of the file's SHA-256 that name its version.
pub const HASH_DIGITS: usize = 12;

/// Reads the text of `runbooks/<name>.toml`.
///
/// # Errors
/// The first fault.
pub fn parse(text: &str, name: &str, site: &Site, kinds: Kinds) -> Result<Runbook, Fault> {
    parse_all(text, name, site, kinds).map_err(first)
}

/// The same, with everything that is wrong.
///
/// # Errors
/// All faults that can be found, in the order of the file.
pub fn parse_all(text: &str, name: &str, site: &Site, kinds: Kinds) -> Result<Runbook, Vec<Fault>> {
    let tree = toml_tree::parse(text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::default();
    let runbook = read_runbook(&tree, name, site, kinds, &mut faults);
    faults.0.sort_by_key(|fault| fault.span.start);
    match runbook {
        Some(mut runbook) if faults.0.is_empty() => {
            runbook.hash = hash(text);
            Ok(runbook)
        }
        Some(_) | None => Err(faults.0),
    }
}

/// The first hex digits of the SHA-256 of a file's text.
pub fn hash(text: &str) -> String {
    let mut hex = Hash(Sha256::digest(text.as_bytes()).into()).hex();
    hex.truncate(HASH_DIGITS);
    hex
}

fn read_runbook(
    tree: &Table,
    stem: &str,
    site: &Site,
    kinds: Kinds,
    faults: &mut Faults,
) -> Option<Runbook> {
    let fields = Fields::new(tree, "the runbook");
    faults.take(check_schema(&fields));
    let name = faults.take(read_name(&fields, stem));
    let title = faults.take(fields.text("title")).flatten();
    let direction = faults.take(read_direction(&fields));
    let back = faults.take(fields.text("back")).flatten().map(str::to_owned);
    let context = Context { site, kinds, direction };
    let restored = faults.take(read_restored(&fields, &context)).unwrap_or_default();
    let go = faults.take(read_go(&fields, &context)).unwrap_or_default();
    let tables = faults.take(fields.tables("steps")).unwrap_or_default();
    if tables.is_empty() && faults.0.is_empty() {
        faults.add(Span::default(), "a runbook needs at least one step: write `[[steps]]`");
    }
    if tables.len() > STEPS_MAX {
        let message =
            format!("a runbook has at most {STEPS_MAX} steps; this one has {}", tables.len());
        faults.add(tables[STEPS_MAX].span, message);
    }
    let steps = read_steps(&tables, &context, faults);
    faults.take(fields.finish());
    let (from, to) = direction?;
    let name = name?;
    let title = Clean::new(title.unwrap_or(&name));
    Some(Runbook { name, title, from, to, back, restored, go, steps, hash: String::new() })
}

fn read_name(fields: &Fields<'_>, stem: &str) -> Result<String, Fault> {
    let Some(name) = fields.text("name")? else {
        let message = format!("the runbook needs `name = \"{stem}\"`, the same as its file");
        return Err(Fault::new(Span::default(), message));
    };
    if name != stem {
        let shown: String = name.chars().take(80).collect();
        let message = format!("`name` is \"{shown}\", but the file is called \"{stem}.toml\"");
        return Err(fields.fault("name", message));
    }
    StepId::new(name).map_err(|bad| fields.fault("name", bad.to_string()))?;
    Ok(name.to_owned())
}

fn read_direction(fields: &Fields<'_>) -> Result<(Side, Side), Fault> {
    let side = |key: &'static str| -> Result<Side, Fault> {
        match fields.choice(key, &["a", "b"])? {
            Some("a") => Ok(Side::A),
            Some(_) => Ok(Side::B),
            None => {
                let message = format!("the runbook needs `{key}`, \"a\" or \"b\"");
                Err(Fault::new(Span::default(), message))
            }
        }
    };
    let (from, to) = (side("from")?, side("to")?);
    if from == to {
        return Err(fields.fault("to", "`from` and `to` are the same region"));
    }
    Ok((from, to))
}

fn read_steps(tables: &[&Table], context: &Context<'_>, faults: &mut Faults) -> Vec<Step> {
    let names: Vec<&str> = tables.iter().filter_map(|table| text_of(table, "id")).collect();
    let mut steps = Vec::new();
    let mut before: Option<StepId> = None;
    let mut seen: BTreeMap<StepId, Span> = BTreeMap::new();
    for table in tables {
        let step = read_step(table, before.as_ref(), &names, context, faults);
        before = text_of(table, "id").and_then(|id| StepId::new(id).ok()).or(before);
        let Some(step) = step else { continue };
        if seen.insert(step.id.clone(), step.span).is_some() {
            let span = table.get("id").map_or(step.span, |node| node.span);
            faults.add(span, format!("there are two steps `{}`; rename one", step.id));
        }
        steps.push(step);
    }
    if let Some((from, to)) = context.direction {
        refuse_same_words(&steps, Direction { from, to }, faults);
    }
    if faults.0.is_empty()
        && let Some(step) = first_in_a_circle(&steps)
    {
        let message = format!("step `{}` waits for itself, through its `needs`", step.id);
        faults.add(step.span, message);
    }
    steps
}

/// What is typed for one step must never run another.
fn refuse_same_words(steps: &[Step], direction: Direction, faults: &mut Faults) {
    let mut seen: BTreeMap<String, &StepId> = BTreeMap::new();
    let both = steps.iter().flat_map(|step| match &step.ungraceful {
        Ungraceful::Instead(variant) => vec![step, &**variant],
        _ => vec![step],
    });
    for step in both.filter(|step| step.guard >= Guard::TypedTarget) {
        let typed = step.typed_text(direction);
        if let Some(other) = seen.get(&typed).filter(|other| ***other != step.id) {
            let advice = if step.guard == Guard::TypedTarget {
                "write `guard = 3` at one of them, or make them one step"
            } else {
                "make them one step"
            };
            let message = format!(
                "steps `{other}` and `{}` would both be confirmed by typing `{typed}`; {advice}",
                step.id
            );
            faults.add(step.span, message);
        } else {
            seen.insert(typed, &step.id);
        }
    }
}

fn text_of<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    match table.get(key).map(|node| &node.value) {
        Some(crate::domain::settings::Value::Text(text)) => Some(text),
        Some(_) | None => None,
    }
}

/// The first step that is among its own ancestors.
fn first_in_a_circle(steps: &[Step]) -> Option<&Step> {
    // Takes away steps whose needs are all gone until nothing changes; circles stay.
    let mut left: Vec<&Step> = steps.iter().collect();
    loop {
        let before = left.len();
        let ids: Vec<&StepId> = left.iter().map(|step| &step.id).collect();
        left = left
            .iter()
            .copied()
            .filter(|step| step.needs.iter().any(|need| ids.contains(&need)))
            .collect();
        if left.len() == before {
            // What is left is a circle or waits for one; the circle's own steps come first.
            let circle = left.iter().find(|step| reaches(steps, step));
            return circle.or(left.first()).copied();
        }
    }
}

fn reaches(steps: &[Step], step: &Step) -> bool {
    let mut open: Vec<&StepId> = step.needs.iter().collect();
    let mut seen: Vec<&StepId> = Vec::new();
    while let Some(next) = open.pop() {
        if *next == step.id {
            return true;
        }
        if !seen.contains(&next) {
            seen.push(next);
            let found = steps.iter().filter(|other| other.id == *next);
            open.extend(found.flat_map(|other| &other.needs));
        }
    }
    false
}

/// The fault of a runbook whose way back does not exist or leads elsewhere.
pub fn check_back(runbook: &Runbook, text: &str, all: &[Runbook]) -> Option<Fault> {
    let back = runbook.back.as_ref()?;
    let span = toml_tree::parse(text)
        .ok()
        .and_then(|tree| tree.get("back").map(|node| node.span))
        .unwrap_or_default();
    let Some(other) = all.iter().find(|other| other.name == *back) else {
        let names =
            all.iter().map(|other| other.name.as_str()).filter(|name| *name != runbook.name);
        return Some(Fault::new(span, unknown("a runbook of this site", back, names)));
    };
    if other.from != runbook.to || other.to != runbook.from {
        let message = format!(
            "`{back}` leads from {} to {}; the way back must lead from {} to {}",
            other.from, other.to, runbook.to, runbook.from
        );
        return Some(Fault::new(span, message));
    }
    None
}
