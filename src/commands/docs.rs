//! Tables of the README and of `warroom systems`, printed from what the program really has.

use std::fmt::Write as _;

use strum::VariantArray as _;

use super::exit::Exit;
use crate::app::kinds::KINDS;
use crate::domain::catalogue::{ActionSpec, Change, Class, FactSpec};
use crate::domain::run::phase::{STAGES, TABLE};
use crate::domain::setting::{Kind, SettingSpec};
use crate::domain::snapshot::COMMON_FACTS;
use crate::files::kinds::Kinds;
use crate::port::{Action, System};
use crate::ui::command::{COMMANDS, CommandSpec};
use crate::ui::keymap::{self, Keymap};

/// One row of the table of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The keys that mean it, each as a person presses it, such as `j` or `ctrl-d`.
    pub keys: Vec<String>,
    /// The command's name, as keymaps write it.
    pub command: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// The blocks that the README holds between `<!-- name -->` and `<!-- /name -->`.
pub fn blocks(kinds: Kinds) -> Vec<(&'static str, String)> {
    vec![
        ("systems", systems_table(kinds)),
        ("actions", actions_table(kinds)),
        ("steps", steps_block(kinds)),
        ("facts", facts_table()),
        ("phases", phases_table()),
        ("stages", stages_table()),
        ("exits", exits_table()),
        ("keys", keys_table(&key_rows())),
    ]
}

/// The text with every block between its markers replaced; other text stays as it is.
///
/// # Errors
/// The name of the first block that begins and does not end.
pub fn fill(text: &str, blocks: &[(&'static str, String)]) -> Result<String, String> {
    let mut filled = text.to_owned();
    for (name, block) in blocks {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let Some((before, rest)) = filled.split_once(&begin) else { continue };
        let Some((_, after)) = rest.split_once(&end) else {
            return Err(format!("`{begin}` has no `{end}`", begin = begin.trim_end()));
        };
        filled = format!("{before}{begin}{block}{end}{after}");
    }
    Ok(filled)
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// The kinds of system.
pub fn systems_table(kinds: Kinds) -> String {
    table(
        &["kind", "what it watches", "what can be done with it"],
        kinds.systems.iter().map(|system| {
            let actions: Vec<String> =
                system.actions().iter().map(|action| code(action.spec().name)).collect();
            let actions = if actions.is_empty() { "-".to_owned() } else { actions.join(", ") };
            vec![code(system.kind()), system.doc().to_owned(), actions]
        }),
    )
}

/// The kinds of step.
pub fn actions_table(kinds: Kinds) -> String {
    let actions = kinds.actions().map(|(_, action)| action.spec());
    table(
        &["action", "what it does", "class", "guard", "against a second effect", "taken back"],
        actions.map(|spec| {
            vec![
                code(spec.name),
                spec.doc.to_owned(),
                spec.class.to_string(),
                spec.guard.number().to_string(),
                spec.fencing.words().to_owned(),
                spec.reversal.to_owned(),
            ]
        }),
    )
}

/// The facts that every system has.
pub fn facts_table() -> String {
    table(
        &["fact", "meaning"],
        COMMON_FACTS.iter().map(|(name, doc)| vec![code(name), (*doc).to_owned()]),
    )
}

/// Every move a step can make.
pub fn phases_table() -> String {
    table(
        &["a step that is", "when", "becomes"],
        TABLE.iter().map(|(from, cue, to)| {
            vec![from.word().to_owned(), words(&format!("{cue:?}")), to.word().to_owned()]
        }),
    )
}

/// Every move a run can make.
pub fn stages_table() -> String {
    table(
        &["a run that is", "when", "becomes"],
        STAGES.iter().filter(|(from, _, to)| from != to).map(|(from, cue, to)| {
            vec![from.word().to_owned(), words(&format!("{cue:?}")), to.word().to_owned()]
        }),
    )
}

/// The exit codes.
pub fn exits_table() -> String {
    table(
        &["code", "meaning"],
        Exit::VARIANTS
            .iter()
            .map(|exit| vec![exit.number().to_string(), exit.meaning().to_owned()]),
    )
}

/// Every command that has keys of its own, with those of the keymap that is used by default.
pub fn key_rows() -> Vec<KeyRow> {
    let keymap = Keymap::shipped(keymap::DEFAULT).expect("the default keymap is shipped");
    let row = |spec: &CommandSpec| {
        let keys = keymap.keys_of(spec.context, spec.command);
        (!keys.is_empty()).then_some(KeyRow { keys, command: spec.name, doc: spec.doc })
    };
    COMMANDS.iter().filter_map(row).collect()
}

/// The keys; the rows come from the commands and the keymap in use.
pub fn keys_table(rows: &[KeyRow]) -> String {
    table(
        &["keys", "command", "what it does"],
        rows.iter().map(|row| {
            let keys: Vec<String> = row.keys.iter().map(|keys| code(keys)).collect();
            vec![keys.join(" or "), code(row.command), row.doc.to_owned()]
        }),
    )
}

/// `NeedsMet` as `needs met`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(character.to_lowercase());
    }
    out
}

/// `warroom systems list`: one kind a line.
pub fn systems_list(kinds: Kinds) -> String {
    let width = kinds.systems.iter().map(|system| system.kind().len()).max().unwrap_or(0);
    kinds.systems.iter().fold(String::new(), |mut out, system| {
        let _ = writeln!(out, "{:<width$}  {}", system.kind(), system.doc());
        out
    })
}

/// `warroom systems show KIND`: settings, facts, actions and an example.
pub fn systems_show(system: &dyn System) -> String {
    let mut out = format!("{}: {}\n", system.kind(), system.doc());
    add_settings(&mut out, "settings, at the system or in `a` and `b`", system.settings());
    add_list(&mut out, "rights that watching needs", system.about().permissions);
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
        Change::Follow => ("from", "  # the side that is OVERWRITTEN, never the one that serves"),
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

/// A whole step of every kind, for the README.
pub fn steps_block(kinds: Kinds) -> String {
    let steps = kinds.actions().map(|(owner, action)| step_example(owner, action));
    let steps: Vec<String> = steps.collect();
    format!("```toml\n{}```\n", steps.join("\n"))
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
