//! The README's tables equal what the program has; `WARROOM_BLESS=1` writes them anew.

#[path = "files/toy.rs"]
mod toy;

use std::path::Path;

use toy::TOYS;
use warroom::app::docs::{self, KeyRow};
use warroom::app::{runbook_file, site_file};
use warroom::systems::SYSTEMS;

#[test]
fn the_readme_tells_what_the_program_has() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).expect("there is a README");
    let blocks = docs::blocks(SYSTEMS);
    let filled = docs::fill(&text, &blocks).expect("every block ends");
    if std::env::var_os("WARROOM_BLESS").is_some() {
        std::fs::write(&path, &filled).expect("writable");
    } else {
        let hint = "run `WARROOM_BLESS=1 cargo test --test docs` and look at the change";
        assert!(text == filled, "README.md is behind the program; {hint}");
    }
    for name in ["systems", "actions", "facts", "phases", "exits", "keys"] {
        assert!(text.contains(&format!("<!-- {name} -->\n")), "README.md has no block `{name}`");
    }
}

/// The examples of the README, by the comment they begin with.
fn example<'t>(readme: &'t str, path: &str) -> &'t str {
    let (_, after) = readme.split_once(&format!("```toml\n# {path}\n")).expect("an example");
    after.split_once("```").expect("it ends").0
}

#[test]
fn the_examples_of_the_readme_are_valid() {
    let readme = include_str!("../README.md");
    let text = example(readme, "sites/shop/site.toml");
    let site = site_file::parse(text).expect("the site of the README");
    let text = example(readme, "sites/shop/runbooks/failover.toml");
    let runbook = runbook_file::parse(text, "failover", &site).expect("the plan of the README");
    assert_eq!((site.systems.len(), runbook.steps.len()), (3, 2));
}

#[test]
fn every_shipped_site_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sites");
    for entry in std::fs::read_dir(root).into_iter().flatten() {
        let dir = entry.expect("readable").path();
        if dir.join("site.toml").is_file() {
            let loaded = site_file::load(&dir);
            assert!(loaded.is_ok(), "{}: {:?}", dir.display(), loaded.err());
        }
    }
}

#[test]
fn a_block_is_filled_and_all_else_stays() {
    let blocks = [("one", "new\n".to_owned()), ("two", "other\n".to_owned())];
    let check = |text: &str, want: Result<&str, &str>| {
        let filled = docs::fill(text, &blocks);
        assert_eq!(filled.as_deref().map_err(String::as_str), want);
    };
    check("a\n<!-- one -->\nold\n<!-- /one -->\nz", Ok("a\n<!-- one -->\nnew\n<!-- /one -->\nz"));
    check("no block", Ok("no block"));
    check("<!-- one -->\nold", Err("`<!-- one -->` has no `<!-- /one -->`"));
}

#[test]
fn kinds_and_actions_are_told() {
    let has = |text: &str, lines: &[&str]| {
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "no line `{line}` in\n{text}");
        }
    };
    has(&docs::systems_list(TOYS), &["toy-web    A toy.", "toy-store  A toy."]);
    has(
        &docs::systems_show(TOYS[1]),
        &[
            "toy-store: A toy.",
            "  slots        replication slots",
            "  healthy      yes when the last look found it up",
            "action toy.promote: A toy.",
            "  class          X",
            "  guard          3",
        ],
    );
    let promote = "| `toy.promote` | A toy. | X | 3 | not fenced | none |";
    has(&docs::actions_table(TOYS), &[promote]);
    has(&docs::systems_table(TOYS), &["| `toy-store` | A toy. | `toy.promote`, `toy.write` |"]);
    has(&docs::phases_table(), &["| pending | needs met | ready |"]);
    has(&docs::stages_table(), &["| standby | declared | declared |"]);
    has(&docs::exits_table(), &["| 78 | a file that a person wrote is wrong |"]);
    let row = KeyRow { keys: vec!["|".into(), "f1".into()], command: "run", doc: "run it" };
    has(&docs::keys_table(&[row]), &["| `\\|` or `f1` | `run` | run it |"]);
}
