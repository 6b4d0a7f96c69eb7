//! The tables of the README, made from what the program really has.

use std::fmt::Write as _;

use strum::VariantArray as _;
use warroom::commands::exit::Exit;
use warroom::commands::systems::step_example;
use warroom::domain::run::phase::{STAGES, TABLE};
use warroom::domain::snapshot::COMMON_FACTS;
use warroom::files::kinds::Kinds;
use warroom::ui::command::{COMMANDS, CommandSpec};
use warroom::ui::keymap::{self, Keymap};

/// One row of the table of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyRow {
    /// The keys that mean it, each as a person presses it, such as `j` or `ctrl-d`.
    pub(super) keys: Vec<String>,
    /// The command's name, as keymaps write it.
    pub(super) command: &'static str,
    /// What it does.
    pub(super) doc: &'static str,
}

/// The blocks that the README holds between `<!-- name -->` and `<!-- /name -->`.
pub(super) fn blocks(kinds: Kinds) -> Vec<(&'static str, String)> {
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
pub(super) fn fill(text: &str, blocks: &[(&'static str, String)]) -> Result<String, String> {
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
pub(super) fn systems_table(kinds: Kinds) -> String {
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
pub(super) fn actions_table(kinds: Kinds) -> String {
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
pub(super) fn facts_table() -> String {
    table(
        &["fact", "meaning"],
        COMMON_FACTS.iter().map(|(name, doc)| vec![code(name), (*doc).to_owned()]),
    )
}

/// Every move a step can make.
pub(super) fn phases_table() -> String {
    table(
        &["a step that is", "when", "becomes"],
        TABLE.iter().map(|(from, cue, to)| {
            vec![from.word().to_owned(), words(&format!("{cue:?}")), to.word().to_owned()]
        }),
    )
}

/// Every move a run can make.
pub(super) fn stages_table() -> String {
    table(
        &["a run that is", "when", "becomes"],
        STAGES.iter().filter(|(from, _, to)| from != to).map(|(from, cue, to)| {
            vec![from.word().to_owned(), words(&format!("{cue:?}")), to.word().to_owned()]
        }),
    )
}

/// The exit codes.
pub(super) fn exits_table() -> String {
    table(
        &["code", "meaning"],
        Exit::VARIANTS
            .iter()
            .map(|exit| vec![exit.number().to_string(), exit.meaning().to_owned()]),
    )
}

/// Every command that has keys of its own, with those of the keymap that is used by default.
pub(super) fn key_rows() -> Vec<KeyRow> {
    let keymap = Keymap::shipped(keymap::DEFAULT).expect("the default keymap is shipped");
    let row = |spec: &CommandSpec| {
        let keys = keymap.keys_of(spec.context, spec.command);
        (!keys.is_empty()).then_some(KeyRow { keys, command: spec.name, doc: spec.doc })
    };
    COMMANDS.iter().filter_map(row).collect()
}

/// The keys; the rows come from the commands and the keymap in use.
pub(super) fn keys_table(rows: &[KeyRow]) -> String {
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

/// A whole step of every kind, for the README.
pub(super) fn steps_block(kinds: Kinds) -> String {
    let steps = kinds.actions().map(|(owner, action)| step_example(owner, action));
    let steps: Vec<String> = steps.collect();
    format!("```toml\n{}```\n", steps.join("\n"))
}
