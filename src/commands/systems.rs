//! `warroom systems`, printed from what the program really has.

use std::fmt::Write as _;

use crate::app::kinds::KINDS;
use crate::domain::catalogue::{ActionSpec, Change, Class, FactSpec};
use crate::domain::setting::{Kind, SettingSpec};
use crate::domain::snapshot::COMMON_FACTS;
use crate::files::kinds::Kinds;
use crate::port::{Action, System};

/// `warroom systems list`: one kind a line.
pub fn list(kinds: Kinds) -> String {
    let width = kinds.systems.iter().map(|system| system.kind().len()).max().unwrap_or(0);
    kinds.systems.iter().fold(String::new(), |mut out, system| {
        let _ = writeln!(out, "{:<width$}  {}", system.kind(), system.doc());
        out
    })
}

/// `warroom systems show KIND`: settings, facts, actions and an example.
pub fn show(system: &dyn System) -> String {
    let mut out = format!("{}: {}\n", system.kind(), system.doc());
    add_settings(&mut out, "settings, at the system or in `a` and `b`", system.settings());
    add_list(&mut out, "rights that watching needs", system.about().permissions);
    for (whom, grant) in system.about().grants {
        let lines: Vec<&str> = grant.lines().collect();
        add_list(&mut out, &format!("grants: {whom}"), &lines);
    }
    let own = system.facts().iter();
    let facts: Vec<FactSpec> =
        own.copied().chain(COMMON_FACTS.map(|(name, doc)| FactSpec { name, doc })).collect();
    let rows: Vec<(&str, &str)> = facts.iter().map(|fact| (fact.name, fact.doc)).collect();
    add_rows(&mut out, "facts for gates and go/no-go criteria", &rows);
    for action in system.actions() {
        add_action(&mut out, action.spec());
        let _ = write!(out, "\na whole step\n\n{}", step_example(Some(system), *action));
    }
    for action in KINDS.of_any.iter().copied() {
        add_action(&mut out, action.spec());
        let _ = write!(out, "\na whole step\n\n{}", step_example(Some(system), action));
    }
    let _ = write!(out, "\nexample\n\n{}\n", system.example().trim());
    out
}

/// A step of the kind as it stands in a plan, to be pasted and adapted: made from what the action
/// says of itself, so that it has whatever a plan must say of it. An action of no kind is shown
/// with the system that it is asked for, or any.
pub fn step_example(system: Option<&dyn System>, action: &dyn Action) -> String {
    let spec = action.spec();
    let mut out = format!(
        "[[steps]]\nid = \"{}\"\ntitle = \"What people call it\"\naction = \"{}\"\n",
        spec.name.replace(['.', '_'], "-"),
        spec.name
    );
    if spec.change == Change::None {
        out.push_str("change = \"notify\"  # what it does to the world only the plan can say\n");
    }
    if spec.needs_target {
        let name = system.map_or("web", |system| system.about().example_name);
        let (place, why) = place_of(spec.change);
        let _ = writeln!(out, "target = {{ system = \"{name}\", in = \"{place}\" }}{why}");
    }
    out.push_str("needs = []  # the steps before it; without this the one before\n");
    out.push_str("expect = \"30s\"\ntimeout = \"2m\"\n");
    if !matches!(spec.class, Class::R | Class::H) {
        out.push_str("compensation = { none = \"what it costs to leave it as it is\" }\n");
    }
    let with = action.example();
    if !with.is_empty() {
        let _ = write!(out, "[steps.with]\n{with}");
    }
    out
}

/// The side that an action is meant for in a failover, and what to know of it.
fn place_of(change: Change) -> (&'static str, &'static str) {
    match change {
        Change::Fence => ("from", "  # the side that is left: it takes no more writes"),
        Change::Follow => ("from", "  # the side that becomes a COPY, never the one that serves"),
        Change::Unfence => ("to", "  # the side that is to serve, never the one that is left"),
        Change::Promote
        | Change::HandOver
        | Change::StopReplication
        | Change::Scale
        | Change::ShiftTraffic
        | Change::Purge
        | Change::Notify
        | Change::ProveWrite
        | Change::Check
        | Change::None => ("to", ""),
    }
}

fn add_action(out: &mut String, spec: &ActionSpec) {
    let _ = writeln!(out, "\naction {}: {}", spec.name, spec.doc);
    let target = if spec.needs_target { "a system and a region" } else { "none needed" };
    let rows = [
        ("class", spec.class.to_string()),
        ("guard", spec.guard.number().to_string()),
        ("target", target.to_owned()),
        ("second effect", spec.fencing.words().to_owned()),
        ("taken back", spec.reversal.to_owned()),
    ];
    for (name, value) in rows {
        let _ = writeln!(out, "  {name:<13}  {value}");
    }
    add_settings(out, "settings in `with`", spec.settings);
    add_list(out, "rights", spec.permissions);
}

fn add_settings(out: &mut String, title: &str, settings: &[SettingSpec]) {
    let mut rows = Vec::new();
    for setting in settings {
        add_setting(&mut rows, "", setting);
    }
    let rows: Vec<(&str, &str)> =
        rows.iter().map(|(name, doc)| (name.as_str(), doc.as_str())).collect();
    add_rows(out, title, &rows);
}

/// A setting, and under it those of its table.
fn add_setting(rows: &mut Vec<(String, String)>, within: &str, setting: &SettingSpec) {
    let star = if setting.required { " (required)" } else { "" };
    let doc = format!("{} ({})", setting.doc, setting.words());
    rows.push((format!("{within}{}{star}", setting.name), doc));
    if let Kind::Table(own) = setting.kind {
        let within = format!("{within}{}.", setting.name);
        for setting in own {
            add_setting(rows, &within, setting);
        }
    }
}

fn add_rows(out: &mut String, title: &str, rows: &[(&str, &str)]) {
    if rows.is_empty() {
        return;
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let _ = writeln!(out, "\n{title}");
    for (name, doc) in rows {
        let _ = writeln!(out, "  {name:<width$}  {doc}");
    }
}

fn add_list(out: &mut String, title: &str, items: &[&str]) {
    if !items.is_empty() {
        let _ = writeln!(out, "\n{title}");
    }
    for item in items {
        let _ = writeln!(out, "  {item}");
    }
}
