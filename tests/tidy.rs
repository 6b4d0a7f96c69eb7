//! The house rules of ARCHITECTURE.md, kept by a machine: who may import whom, sizes, words.

#[path = "tidy/source.rs"]
mod source;

use std::path::Path;

use source::Source;

/// Lines of a file before its tests.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// Characters of a line.
const LINE_CHARS_MAX: usize = 100;

/// One layer: its own rooms it may import, the crates it may name, what of `std` it may not.
struct Layer {
    name: &'static str,
    may_import: &'static [&'static str],
    crates: &'static [&'static str],
    not_of_std: &'static [&'static str],
}

/// What a room without the outside world may not touch.
const OUTSIDE: &[&str] = &["env", "fs", "net", "process", "thread"];

/// The table of ARCHITECTURE.md, with the crates that exist today.
const LAYERS: [Layer; 6] = [
    Layer {
        name: "domain",
        may_import: &["domain"],
        // strsim and unicode_width are pure functions of texts.
        crates: &["serde", "strsim", "thiserror", "unicode_segmentation", "unicode_width"],
        not_of_std: OUTSIDE,
    },
    Layer {
        name: "port",
        may_import: &["domain", "port"],
        // The door hands credentials over, and no other type keeps them out of logs.
        crates: &["secrecy", "thiserror"],
        not_of_std: OUTSIDE,
    },
    Layer {
        name: "systems",
        may_import: &["domain", "port", "systems"],
        crates: &[
            "base64",
            "hickory_resolver",
            "http_body_util",
            "httparse",
            "hyper",
            "hyper_util",
            "postgres_types",
            "redis",
            "regex",
            "rustix",
            "rustls",
            "rustls_native_certs",
            "secrecy",
            "serde",
            "serde_json",
            "sha2",
            "strsim",
            "thiserror",
            "tokio",
            "tokio_postgres",
            "tokio_postgres_rustls",
            "tokio_rustls",
            "url",
        ],
        not_of_std: &[],
    },
    Layer {
        name: "ui",
        may_import: &["domain", "ui"],
        crates: &[
            "crossterm",
            "nucleo_matcher",
            "ratatui",
            "thiserror",
            "toml",
            "unicode_segmentation",
            "unicode_width",
        ],
        not_of_std: OUTSIDE,
    },
    Layer {
        name: "runtime",
        may_import: &["domain", "port", "ui", "runtime"],
        crates: &[
            "base64",
            "crc32c",
            "crossterm",
            "ratatui",
            "regex",
            "rustix",
            "secrecy",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
        ],
        not_of_std: &[],
    },
    Layer {
        name: "app",
        may_import: &["domain", "port", "systems", "ui", "runtime", "app", "cli"],
        crates: &[
            "anyhow",
            "clap",
            "ratatui",
            "rustix",
            "rustls",
            "schemars",
            "secrecy",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tikv_jemallocator",
            "tokio",
            "toml",
        ],
        not_of_std: &[],
    },
];

fn layer_of(path: &str) -> Option<&'static Layer> {
    let inner = path.strip_prefix("src/")?;
    let room = inner.split(['/', '.']).next()?;
    let room = if ["cli", "lib", "main"].contains(&room) { "app" } else { room };
    LAYERS.iter().find(|layer| layer.name == room)
}

/// Names of the crates in Cargo.toml that the program is built with.
fn dependencies(manifest: &str) -> Vec<String> {
    let (_, after) =
        manifest.split_once("\n[dependencies]\n").expect("Cargo.toml has dependencies");
    after
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect()
}

type Findings = Vec<String>;
type Rule = fn(&Source) -> Findings;

fn finding(source: &Source, at: usize, what: &str) -> String {
    format!("{}:{}: {what}", source.path, source.line_of(at))
}

fn front_sentence(source: &Source) -> Findings {
    let first = source.text.lines().next().unwrap_or("");
    let paragraph: Vec<&str> = source
        .text
        .lines()
        .map_while(|line| line.strip_prefix("//! "))
        .take_while(|line| !line.trim().is_empty())
        .collect();
    let ends = paragraph.last().is_some_and(|last| last.ends_with(['.', ':']));
    if first.starts_with("//! ") && first.len() > 20 && ends {
        return Vec::new();
    }
    vec![finding(source, 0, "a file opens with one `//!` sentence that a stranger understands")]
}

fn sizes(source: &Source) -> Findings {
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let length = line.chars().count();
        if length > LINE_CHARS_MAX {
            found.push(format!("{}:{}: {length} characters in a line", source.path, index + 1));
        }
    }
    let lines = source.text[..source.tests_begin()].lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!("{}: {lines} lines before its tests", source.path));
    }
    for (name, extent) in source.functions() {
        let lines = source.code[extent.clone()].lines().count();
        if lines > FUNCTION_LINES_MAX {
            found.push(finding(source, extent.start, &format!("fn {name} has {lines} lines")));
        }
    }
    found
}

fn imports(source: &Source) -> Findings {
    let manifest = include_str!("../Cargo.toml");
    let dependencies = dependencies(manifest);
    let Some(layer) = layer_of(&source.path) else { return Vec::new() };
    let rooms = ["app", "cli", "domain", "port", "runtime", "systems", "ui"];
    let mut found = Vec::new();
    for named in source.paths() {
        let [first, second, ..] = named.segments.as_slice() else { continue };
        let told = if first == "crate" || first == "warroom" {
            let own = rooms.contains(&second.as_str());
            (own && !layer.may_import.contains(&second.as_str())).then_some(second)
        } else if first == "std" {
            layer.not_of_std.contains(&second.as_str()).then_some(second)
        } else {
            // Tests may use any crate the program is built with.
            let foreign = dependencies.contains(first) && named.at < source.tests_begin();
            (foreign && !layer.crates.contains(&first.as_str())).then_some(first)
        };
        if let Some(told) = told {
            let what = format!("{} may not name `{told}`", layer.name);
            found.push(finding(source, named.at, &what));
        }
    }
    found
}

fn siblings(source: &Source) -> Findings {
    let module = source.module();
    let [room, own, ..] = module.as_slice() else { return Vec::new() };
    if room != "systems" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for named in source.paths() {
        if let [first, room, other, ..] = named.segments.as_slice()
            && first == "crate"
            && room == "systems"
            && other != own
            && (other != "shared" && other != "*")
        {
            let what = format!("system `{own}` may not know `{other}`");
            found.push(finding(source, named.at, &what));
        }
    }
    found
}

/// Words that only some files may use: the word, whether tests may, the files.
const KEPT: [(&str, bool, &[&str]); 5] = [
    ("SystemTime::now", false, &["src/runtime/clock.rs", "tests/", "benches/"]),
    ("Instant::now", false, &["src/runtime/clock.rs", "tests/", "benches/"]),
    ("::of_durable", true, &["src/runtime/journal", "tests/", "benches/"]),
    ("::of_locked_intent", true, &["src/runtime/runner", "tests/", "benches/"]),
    (".unwrap()", true, &["tests/", "benches/"]),
];

/// Words that nobody may use, and where not: everywhere, or only in tests.
const FORBIDDEN: [(&str, bool); 8] = [
    ("#[allow", false),
    ("#![allow", false),
    ("#[ignore", false),
    ("todo!(", false),
    ("unimplemented!(", false),
    ("dbg!(", false),
    ("thread::sleep", true),
    ("unsafe ", false),
];

fn words(source: &Source) -> Findings {
    let tests = source.tests_begin();
    let mut found = Vec::new();
    for (word, tests_may, files) in KEPT {
        let excused = files.iter().any(|file| source.path.starts_with(file));
        for at in source.places(word).filter(|at| !(excused || tests_may && *at >= tests)) {
            found.push(finding(source, at, &format!("`{word}` is kept for {}", files.join(", "))));
        }
    }
    for (word, only_in_tests) in FORBIDDEN {
        for at in source.places(word).filter(|at| !only_in_tests || *at >= tests) {
            found.push(finding(source, at, &format!("`{}` is not used here", word.trim())));
        }
    }
    found
}

const RULES: [(&str, Rule); 5] = [
    ("front sentence", front_sentence),
    ("sizes", sizes),
    ("imports", imports),
    ("siblings", siblings),
    ("words", words),
];

/// All sources of some folders, those for tests only marked.
fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        collect(root, folder, &mut found);
    }
    mark_tests(&mut found);
    found
}

fn mark_tests(sources: &mut [Source]) {
    let tests: Vec<String> = sources.iter().flat_map(Source::test_files).collect();
    for source in sources {
        source.only_tests = tests.iter().any(|test| {
            source.path == *test || test.ends_with('/') && source.path.starts_with(test.as_str())
        });
    }
}

fn collect(root: &Path, dir: &str, found: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(root.join(dir)) else { return };
    for entry in entries {
        let entry = entry.expect("readable");
        let name = entry.file_name().into_string().expect("a plain name");
        let path = format!("{dir}/{name}");
        if entry.file_type().expect("readable").is_dir() {
            collect(root, &path, found);
        } else if entry.path().extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(entry.path()).expect("readable");
            found.push(Source::new(&path, &text));
        }
    }
}

#[test]
fn the_tree_keeps_the_rules() {
    let sources = sources(&["src", "tests", "benches"]);
    assert!(sources.len() > 30, "only {} files found", sources.len());
    let mut findings: Vec<String> =
        sources.iter().flat_map(|source| RULES.iter().flat_map(|(_, rule)| rule(source))).collect();
    findings.sort();
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn every_source_file_has_a_layer() {
    let check = |path: &str, want: Option<&str>| {
        assert_eq!(layer_of(path).map(|layer| layer.name), want, "{path}");
    };
    check("src/domain/run/state.rs", Some("domain"));
    check("src/port.rs", Some("port"));
    check("src/cli.rs", Some("app"));
    check("src/main.rs", Some("app"));
    check("src/systems/http/mod.rs", Some("systems"));
    check("src/other/x.rs", None);
    for source in sources(&["src"]) {
        assert!(layer_of(&source.path).is_some(), "{} is in no layer", source.path);
    }
}

/// One rule on a small sample: a rule that cannot fail is worth nothing.
fn check(rule: &str, path: &str, text: &str, want: &[&str]) {
    let (_, rule) = RULES.iter().find(|(name, _)| *name == rule).expect("a rule");
    let found = rule(&Source::new(path, text));
    assert_eq!(found.len(), want.len(), "{text}\n{found:?}");
    for (found, want) in found.iter().zip(want) {
        assert!(found.contains(want), "{found}, not {want}");
    }
}

#[test]
fn the_rules_of_form_can_fail() {
    const FRONT: &str = "//! A file that a stranger understands.\n";
    check("front sentence", "src/a.rs", FRONT, &[]);
    check("front sentence", "src/a.rs", "use std::fmt;\n", &["src/a.rs:1"]);
    check("front sentence", "src/a.rs", "//! Things\n", &["src/a.rs:1"]);

    let long = format!("{FRONT}// {}\n", "x".repeat(98));
    check("sizes", "src/a.rs", &long, &["src/a.rs:2: 101 characters"]);
    check("sizes", "src/a.rs", &FRONT.repeat(400), &[]);
    check("sizes", "src/a.rs", &FRONT.repeat(401), &["401 lines before its tests"]);
    let tested =
        format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", FRONT.repeat(400), FRONT.repeat(9));
    check("sizes", "src/a.rs", &tested, &[]);
    let body =
        |lines: usize| format!("fn f(x: [u8; 2]) {{\n{}}}\n", "    g('{', \"}\");\n".repeat(lines));
    check("sizes", "src/a.rs", &body(68), &[]);
    check("sizes", "src/a.rs", &body(69), &["src/a.rs:1: fn f has 71 lines"]);
    check("sizes", "src/a.rs", "trait T {\n    fn f(&self) -> [u8; 2];\n}\n", &[]);
}

#[test]
fn the_rules_of_words_can_fail() {
    let imports = |path: &str, text: &str, want: &[&str]| check("imports", path, text, want);
    imports("src/domain/a.rs", "use crate::domain::ids::Side;", &[]);
    imports("src/domain/a.rs", "use crate::{domain::ids, ui::model};", &["not name `ui`"]);
    imports("src/domain/a.rs", "use super::super::port::Probe;", &["not name `port`"]);
    imports("src/domain/a.rs", "fn f() { crate::runtime::g() }", &["not name `runtime`"]);
    imports("src/domain/a.rs", "mod tests { use super::super::ids; }", &[]);
    imports("src/domain/a.rs", "// crate::runtime\nfn f() { g(\"crate::ui::x\") }", &[]);
    imports("src/domain/a.rs", "use std::{fmt, fs::File};", &["not name `fs`"]);
    imports("src/domain/a.rs", "use tokio::time;", &["not name `tokio`"]);
    imports("src/ui/a.rs", "use std::fs;\nuse ratatui::style::Style;", &["src/ui/a.rs:1"]);
    imports("src/port.rs", "use crate::systems::SYSTEMS;", &["not name `systems`"]);
    imports("src/runtime/a.rs", "use crate::ui::x; use crate::systems::y;", &["`systems`"]);
    imports("src/systems/http/a.rs", "use ratatui::Frame; use tokio::net;", &["`ratatui`"]);
    imports("src/app/a.rs", "use crate::{runtime::x, systems::y, ui::z};", &[]);

    let siblings = |path: &str, text: &str, want: &[&str]| check("siblings", path, text, want);
    siblings("src/systems/http/a.rs", "use crate::systems::shared::x; use super::b;", &[]);
    siblings("src/systems/http/a.rs", "use crate::systems::dns::x;", &["not know `dns`"]);
    siblings("src/systems/http/a.rs", "use super::super::dns::x;", &["not know `dns`"]);
    siblings("src/systems/http/mod.rs", "use super::dns;", &["not know `dns`"]);
    siblings("src/systems/shared/a.rs", "use crate::systems::SYSTEMS;", &["not know `SYSTEMS`"]);
    siblings("src/systems/mod.rs", "use crate::systems::dns::x;", &[]);

    let words = |path: &str, text: &str, want: &[&str]| check("words", path, text, want);
    words("src/runtime/clock.rs", "SystemTime::now(); Instant::now()", &[]);
    words(
        "src/runtime/a.rs",
        "SystemTime::now(); tokio::time::Instant::now()",
        &["System", "Inst"],
    );
    words("src/runtime/journal/a.rs", "Receipt::of_durable()", &[]);
    words("src/app/a.rs", "Receipt::of_durable(); Execution::of_locked_intent()", &["du", "lo"]);
    words("src/systems/sim/a.rs", "\n#[cfg(test)]\nmod t { Execution::of_locked_intent() }", &[]);
    words(
        "src/app/a.rs",
        "x.unwrap()\n#[cfg(test)]\nmod t { x.unwrap() }",
        &["a.rs:1: `.unwrap()`"],
    );
    words("src/app/a.rs", "#[allow(x)]\n#![allow(y)]", &["a.rs:1", "a.rs:2"]);
    words("tests/a.rs", "#[ignore]\nstd::thread::sleep(x)", &["`#[ignore`", "`thread::sleep`"]);
    words(
        "src/app/a.rs",
        "thread::sleep(x)\n#[cfg(test)]\nmod t { thread::sleep(x) }",
        &["a.rs:3"],
    );
    words("src/app/a.rs", "todo!(); unimplemented!(); dbg!(x); \"todo!()\"", &["to", "un", "db"]);
}

#[test]
fn files_for_tests_are_told_from_others() {
    let with_tests = "fn f() {}\n#[cfg(test)]\nmod tests {}\n#[cfg(test)]\nmod more;";
    let mut sources = [
        Source::new("src/a/mod.rs", "#[cfg(test)]\npub(crate) mod testing;\nfn f() {}\n"),
        Source::new("src/a/testing.rs", "fn f() {}\n"),
        Source::new("src/a/testing/deep.rs", "fn f() {}\n"),
        Source::new("src/a/code.rs", with_tests),
        Source::new("src/a/code/more.rs", "fn f() {}\n"),
        Source::new("src/a/more.rs", "fn f() {}\n"),
    ];
    mark_tests(&mut sources);
    let only: Vec<bool> = sources.iter().map(|source| source.only_tests).collect();
    assert_eq!(only, [false, true, true, false, true, false]);
    let begins: Vec<usize> = sources.iter().map(Source::tests_begin).collect();
    assert_eq!(begins[0], sources[0].code.len(), "a declaration does not end the code");
    assert_eq!((begins[1], begins[3]), (0, 10));
}

#[test]
fn code_is_told_from_texts() {
    let check = |text: &str, want: &str| {
        let code = Source::new("src/a.rs", text).code;
        assert_eq!(code.len(), text.len());
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), want, "{text}");
    };
    check("a // b\nc", "a c");
    check("a /* b /* c */ d */ e", "a e");
    check(r#"a("b \" c", 'd', '\'', 'e')"#, "a( , , , )");
    check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
    check("r#\"a \" b\"# c br\"d\" for", "c for");
    check("ü \"ü\" x", "x");
}
