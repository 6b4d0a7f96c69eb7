//! The house rules of ARCHITECTURE.md, kept by a machine: who may import whom, sizes, words.
mod circles;
mod promises;
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
const LAYERS: [Layer; 9] = [
    Layer {
        name: "domain",
        may_import: &["domain"],
        // strsim, toml and unicode_width are pure functions of texts; serde and schemars derive.
        crates: &[
            "jiff",
            "schemars",
            "serde",
            "strsim",
            "strum",
            "thiserror",
            "toml",
            "unicode_segmentation",
            "unicode_width",
        ],
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
            "aws_config",
            "aws_credential_types",
            "aws_sdk_cloudwatch",
            "aws_sdk_dynamodb",
            "aws_sdk_elasticache",
            "aws_sdk_rds",
            "aws_sdk_s3",
            "aws_sdk_sts",
            "aws_sigv4",
            "aws_smithy_async",
            "aws_smithy_http_client",
            "aws_smithy_runtime_api",
            "aws_smithy_types",
            "base64",
            "hickory_resolver",
            "http_body_util",
            "httparse",
            "hyper",
            "hyper_util",
            "postgres_types",
            "rdkafka",
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
            "tracing",
            "url",
            "x509_cert",
        ],
        not_of_std: &[],
    },
    Layer {
        name: "sim",
        may_import: &["domain", "port", "sim"],
        crates: &["serde", "serde_json", "strum", "thiserror", "tokio"],
        not_of_std: &["env", "net", "process", "thread"],
    },
    Layer {
        name: "ui",
        may_import: &["domain", "ui"],
        crates: &[
            "crossterm",
            "nucleo_matcher",
            "ratatui",
            "strum",
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
            "tracing",
            "tracing_subscriber",
        ],
        not_of_std: &[],
    },
    Layer {
        name: "files",
        may_import: &["domain", "port", "files"],
        crates: &["sha2", "strum", "thiserror"],
        not_of_std: &["env", "net", "process", "thread"],
    },
    Layer {
        name: "app",
        may_import: &["domain", "port", "systems", "sim", "files", "ui", "runtime", "app"],
        crates: &["anyhow", "rustix", "secrecy", "thiserror", "tokio", "toml", "tracing"],
        not_of_std: &[],
    },
    Layer {
        name: "commands",
        may_import: &[
            "domain", "port", "systems", "sim", "files", "ui", "runtime", "app", "commands",
        ],
        crates: &[
            "anyhow",
            "clap",
            "ratatui",
            "rustls",
            "schemars",
            "serde",
            "serde_json",
            "strum",
            "thiserror",
            "tikv_jemallocator",
            "tokio",
        ],
        not_of_std: &[],
    },
];

fn layer_of(path: &str) -> Option<&'static Layer> {
    let inner = path.strip_prefix("src/")?;
    let room = inner.split(['/', '.']).next()?;
    let room = if ["lib", "main"].contains(&room) { "commands" } else { room };
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
    let manifest = include_str!("../../Cargo.toml");
    let dependencies = dependencies(manifest);
    let Some(layer) = layer_of(&source.path) else { return Vec::new() };
    let rooms = LAYERS.map(|layer| layer.name);
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
            && (other != "kit" && other != "*")
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
    mark_owners(&mut found);
    found
}

fn mark_owners(sources: &mut [Source]) {
    let paths: Vec<String> = sources.iter().map(|source| source.path.clone()).collect();
    for source in sources {
        let folder = source.path.replace(".rs", "/");
        source.owns_folder = paths.iter().any(|path| path.starts_with(&folder));
    }
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
fn no_files_run_in_circles() {
    let found = circles::refused(&sources(&["src"]));
    assert!(found.is_empty(), "{} circles\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_rule_of_circles_can_fail() {
    let check = |files: &[(&str, &str)], want: &[&str]| {
        let mut sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::new(path, text)).collect();
        mark_tests(&mut sources);
        mark_owners(&mut sources);
        let found = circles::refused(&sources);
        assert_eq!(found.is_empty(), want.is_empty(), "{files:?}\n{found:?}");
        for want in want {
            assert!(found.iter().any(|circle| circle.contains(want)), "no `{want}` in {found:?}");
        }
    };
    let (to_b, to_a) = ("use crate::y::b::B;", "use crate::x::a::{self, A};");
    // Across folders no circle is small enough; names say what ties it.
    check(&[("src/x/a.rs", to_b), ("src/y/b.rs", "fn b() {}")], &[]);
    check(
        &[("src/x/a.rs", to_b), ("src/y/b.rs", to_a)],
        &["2 files in a circle", "src/x/a.rs -> src/y/b.rs: B", "src/y/b.rs -> src/x/a.rs: A"],
    );
    check(&[("src/x/a.rs", to_b), ("src/y/b.rs", "fn f() { crate::x::a::g() }")], &["b.rs", "g"]);
    let tests = "#[cfg(test)]\nmod tests { use crate::x::a::A; }";
    check(&[("src/x/a.rs", to_b), ("src/y/b.rs", tests)], &[]);
    check(&[("src/x/a.rs", to_b), ("src/y/b.rs", "pub(in crate::x::a) fn f() {}")], &[]);
    // Inside a folder three files may; the file beside a folder is one of it.
    let inner = |from: &str, to: &str| (format!("src/x/{from}.rs"), format!("use super::{to}::T;"));
    let ring = |names: &[&str]| {
        let next = names.iter().cycle().skip(1);
        names.iter().zip(next).map(|(from, to)| inner(from, to)).collect::<Vec<_>>()
    };
    let (small, large) = (ring(&["a", "b", "c"]), ring(&["a", "b", "c", "d"]));
    for (ring, want) in [(small, &[][..]), (large, &["4 files"])] {
        let files: Vec<(&str, &str)> =
            ring.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        check(&files, want);
    }
    check(&[("src/x.rs", "mod a;\nuse a::A;"), ("src/x/a.rs", "use super::X;")], &[]);
    let beside = ("src/a.rs", "use crate::x::X;");
    check(&[beside, ("src/x.rs", "use crate::a::A;"), ("src/x/b.rs", "fn b() {}")], &[]);
    check(
        &[
            ("src/x.rs", "mod a;\nfn f() { a::g() }"),
            ("src/x/a.rs", "use crate::y::Y;"),
            ("src/y.rs", "use crate::x::f;"),
        ],
        &["3 files in a circle", "src/x.rs -> src/x/a.rs: g"],
    );
}

/// The paths that a document names between backticks, `{a,b}` written out, and whether each exists.
fn named_paths(text: &str) -> Vec<(String, bool)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plain = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_./{},-".contains(letter)
    };
    let is_path = |word: &&str| word.contains('/') && word.chars().all(plain);
    let quoted = text.split('`').skip(1).step_by(2);
    let each = quoted.filter(is_path).filter(|path| !path.starts_with('/')).flat_map(|path| {
        let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
        let (choices, after) = rest.split_once('}').unwrap_or((rest, ""));
        choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
    });
    let exists = |path: &String| root.join(path).exists() || root.join("src").join(path).exists();
    each.map(|path| (path.clone(), exists(&path))).collect()
}

#[test]
fn every_path_in_the_architecture_exists() {
    let paths = named_paths(include_str!("../../ARCHITECTURE.md"));
    assert!(paths.len() > 60, "only {} paths found", paths.len());
    let gone: Vec<&String> = paths.iter().filter(|(_, is)| !is).map(|(path, _)| path).collect();
    assert!(gone.is_empty(), "not there: {gone:#?}");

    let found = named_paths("`src/lib.rs` `ui/{view,no}.rs` `a b/c` `plain` `/tmp` `sites/<x>/y`");
    let want = [("src/lib.rs", true), ("ui/view.rs", true), ("ui/no.rs", false)];
    assert_eq!(found, want.map(|(path, is)| (path.to_owned(), is)));
}

#[test]
fn every_source_file_has_a_layer() {
    let check = |path: &str, want: Option<&str>| {
        assert_eq!(layer_of(path).map(|layer| layer.name), want, "{path}");
    };
    check("src/domain/run/state.rs", Some("domain"));
    check("src/port.rs", Some("port"));
    check("src/files/site/mod.rs", Some("files"));
    check("src/commands/args.rs", Some("commands"));
    check("src/sim/mod.rs", Some("sim"));
    check("src/main.rs", Some("commands"));
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
    imports("src/app/a.rs", "use crate::commands::check;", &["not name `commands`"]);
    imports("src/files/a.rs", "use crate::{domain::x, ui::tree};", &["not name `ui`"]);
    imports("src/commands/a.rs", "use crate::{app::x, files::y, runtime::z};", &[]);

    let siblings = |path: &str, text: &str, want: &[&str]| check("siblings", path, text, want);
    siblings("src/systems/http/a.rs", "use crate::systems::kit::x; use super::b;", &[]);
    siblings("src/systems/http/a.rs", "use crate::systems::dns::x;", &["not know `dns`"]);
    siblings("src/systems/http/a.rs", "use super::super::dns::x;", &["not know `dns`"]);
    siblings("src/systems/http/mod.rs", "use super::dns;", &["not know `dns`"]);
    siblings("src/systems/kit/a.rs", "use crate::systems::SYSTEMS;", &["not know `SYSTEMS`"]);
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
    words("src/sim/a.rs", "\n#[cfg(test)]\nmod t { Execution::of_locked_intent() }", &[]);
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
