//! What ARCHITECTURE.md promises of adding things, counted: a kind, a rule, a command, the example.

use super::named_paths;
use super::source::Source;

const ARCHITECTURE: &str = include_str!("../../../ARCHITECTURE.md");

/// The worked example of a kind.
const WORKED: &str = "tests/kind/worked.rs";

/// What the worked example may grow to.
const WORKED_LINES_MAX: usize = 600;

/// Documents whose paths must be there.
const DOCUMENTS: [(&str, &str); 3] = [
    ("ARCHITECTURE.md", ARCHITECTURE),
    ("docs/faults.md", include_str!("../../../docs/faults.md")),
    ("docs/campaigns.md", include_str!("../../../docs/campaigns.md")),
];

fn read(path: &str) -> Source {
    let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{path}: {error}"));
    Source::new(path, &text)
}

/// What is in a folder of sources: names of files without `.rs`, and of folders.
fn names_in(folder: &str) -> Vec<String> {
    let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(whole).expect("a folder").flatten();
    let names = entries.map(|entry| entry.file_name().into_string().expect("a plain name"));
    names.map(|name| name.trim_end_matches(".rs").to_owned()).collect()
}

/// How often a text is in another, as a whole word.
fn count(code: &str, word: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let whole = |at: &(usize, &str)| {
        !code[..at.0].ends_with(is_word) && !code[at.0 + word.len()..].starts_with(is_word)
    };
    code.match_indices(word).filter(whole).count()
}

/// A constant or item of a source, from its first words to the line that ends it.
fn item<'s>(code: &'s str, begins: &str, ends: &str) -> &'s str {
    let (_, rest) = code.split_once(begins).unwrap_or_else(|| panic!("no `{begins}`"));
    rest.split_once(ends).unwrap_or_else(|| panic!("no end of `{begins}`")).0
}

#[test]
fn every_path_in_a_document_exists() {
    for (document, text) in DOCUMENTS {
        let gone = named_paths(text).into_iter().filter(|(_, is)| !is).map(|(path, _)| path);
        assert_eq!(gone.collect::<Vec<_>>(), [""; 0], "named in {document}, not there");
    }
}

#[test]
fn the_worked_example_is_as_short_as_is_said() {
    let source = read(WORKED);
    let all = source.text.lines().count();
    assert!(all < WORKED_LINES_MAX, "{WORKED} has {all} lines");
    let (_, said) = ARCHITECTURE.split_once(&format!("`{WORKED}`")).expect("it is named");
    let said = said.split_once(" in under ").expect("its length is said").1;
    let said: usize = said.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    let code = source.code.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(code < said, "{WORKED} has {code} lines of code, not under {said}");
}

#[test]
fn a_kind_is_a_folder_a_line_and_an_entry() {
    let list = read("src/systems/mod.rs");
    let entries = item(&list.code, "SYSTEMS: &[&dyn System] = &[", "];");
    let entries: Vec<&str> =
        entries.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    assert!(entries.len() > 5, "{entries:?}");
    let folders = names_in("src/systems");
    let everywhere = super::sources(&["src"]);
    for entry in entries {
        // A family that may be left out says so before.
        let entry = entry.lines().last().unwrap_or_default().trim();
        let named = entry.trim_start_matches('&');
        let (folder, kind) = named.split_once("::").expect("folder and kind");
        assert!(folders.iter().any(|name| name == folder), "{entry} has no folder");
        assert_eq!(count(&list.code, &format!("mod {folder};")), 1, "{folder}");
        // Named in its own folder as it likes, and nowhere else but here.
        let own = format!("src/systems/{folder}/");
        let strangers = everywhere.iter().filter(|source| !source.path.starts_with(&own));
        let times: Vec<(&str, usize)> = strangers
            .map(|source| (source.path.as_str(), &source.code[..source.tests_begin()]))
            .map(|(path, code)| {
                (path, count(code, entry) + count(code, &format!("systems::{named}")))
            })
            .filter(|(_, times)| *times > 0)
            .collect();
        assert_eq!(times, [("src/systems/mod.rs", 1)], "{kind} is registered elsewhere too");
    }
}

#[test]
fn a_rule_is_a_file_and_a_line() {
    let list = read("src/domain/rules/mod.rs");
    let asked = item(&list.code, "pub fn ask(", "\n}\n");
    let tests = item(&read("src/domain/site.rs").code, "pub enum RuleTest {", "\n}\n").to_owned();
    let files = names_in("src/domain/rules");
    let mut rows = 0;
    for name in files.iter().filter(|name| !["mod", "view", "bench"].contains(&name.as_str())) {
        assert_eq!(count(&list.code, &format!("pub mod {name};")), 1, "{name}");
        let times = count(asked, &format!("{name}::ask"));
        assert!(times <= 1, "{name} is asked {times} times");
        rows += times;
    }
    // A rule that a site can write has its row; the others are asked of every system.
    let written = tests.lines().filter(|line| {
        let name = line.strip_prefix("    ").unwrap_or("");
        name.starts_with(|first: char| first.is_ascii_uppercase())
    });
    assert_eq!(written.count(), rows, "a rule of a site each");
}

#[test]
fn a_command_is_a_row() {
    let code = read("src/ui/command.rs").code;
    let rows = item(&code, "COMMANDS: &[CommandSpec] = &[", "\n];");
    let variants = item(&code, "pub enum Command {", "\n}");
    let mut seen = 0;
    for variant in variants.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let (name, many) =
            variant.split_once('(').map_or((variant, false), |(name, _)| (name, true));
        let own = format!("Command::{name}");
        // A key of the replay each has a row of its own making.
        let rows = count(rows, if name == "Replay" { "replay" } else { &own });
        assert!(if many { rows > 1 } else { rows == 1 }, "{own} has {rows} rows");
        seen += 1;
    }
    assert!(seen > 30, "only {seen} commands found");
}
