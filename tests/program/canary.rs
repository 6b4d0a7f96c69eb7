//! Secrets that everything tells: peers, programs, errors, and the person at the keys. None is
//! found in anything we put out.

mod commander;
mod hunt;
mod peers;
mod site;
mod terminal;
mod watcher;

use std::path::Path;
use std::process::Command;

use hunt::Hunt;
use site::{Site, TYPED};
use watcher::Watcher;

use crate::seat::{Seat, Start, WARROOM};

/// Kinds of place that must have had something in them, or the hunt was no hunt.
const KINDS: [&str; 36] = [
    "arguments of a console",
    "arguments of a runner",
    "arguments of what they start",
    "clipboard",
    "environment of a probe's program",
    "environment of a step's program",
    "file exit",
    "file intent",
    "file journal-.log",
    "file observations.json",
    "file out.head",
    "file recording-.log",
    "file report.html",
    "file report.json",
    "file report.md",
    "file runbook.frozen",
    "file site.frozen",
    "file spawned",
    "name of a file",
    "notification",
    "output of beat",
    "output of check",
    "output of history",
    "output of history --json",
    "output of report",
    "output of report --format html",
    "output of report --format json",
    "output of report verify",
    "output of run --dry-run",
    "output of run --unattended",
    "output of status",
    "output of status --json",
    "output of systems show",
    "screen",
    "terminal",
    "title",
];

/// Runs the program and looks at all that it says.
fn says(kind: &str, arguments: &[&str], place: &Path, site: &Site, hunt: &mut Hunt) -> String {
    let output = Command::new(WARROOM)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", place)
        .env("XDG_STATE_HOME", place)
        .envs(site.environment.iter().copied())
        .current_dir(place)
        .output()
        .expect("it starts");
    let name = arguments.join(" ");
    hunt.look(&format!("output of {kind}"), &name, &output.stdout);
    hunt.look(&format!("errors of {kind}"), &name, &output.stderr);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Everything that can be asked of a run and its site without a terminal.
fn ask_all(run: &str, place: &Path, site: &Site, hunt: &mut Hunt) {
    let folder = site.folder.display().to_string();
    let mut ask = |kind: &str, arguments: &[&str]| says(kind, arguments, place, site, hunt);
    ask("history", &["history"]);
    ask("history --json", &["history", "--json"]);
    ask("history failover", &["history", "failover", "--site", &folder]);
    ask("report", &["report", run]);
    for format in ["md", "html", "json"] {
        let file = format!("report.{format}");
        ask(&format!("report --format {format}"), &["report", run, "--format", format]);
        ask("report --out", &["report", run, "--format", format, "--out", &file]);
        let told = ask("report verify", &["report", "verify", &file]);
        assert!(told.contains("all as the journal tells them"), "{told}");
    }
    for region in ["a", "b"] {
        let told = ask("beat", &["beat", "--in", region, "--once", "--site", &folder]);
        assert_eq!(told.lines().count(), 2, "{told}");
    }
    ask("check", &["--site", &folder, "check"]);
    ask("status", &["--site", &folder, "status"]);
    ask("status --json", &["--site", &folder, "status", "--json"]);
    ask("run --dry-run", &["--site", &folder, "run", "failover", "--dry-run"]);
    let unattended = ["run", "failover", "--unattended", "--ungraceful", "--accept-losses"];
    let reason = format!("all of it tells {TYPED}");
    let who = ["--site", &folder, "--as", "anna", "--reason", &reason];
    ask("run --unattended", &[&unattended[..], &who].concat());
    ask("systems show", &["systems", "show", "redis"]);
}

#[test]
fn no_secret_comes_out_anywhere() {
    let place = tempfile::tempdir().expect("a folder for the test");
    let place = place.path();
    let site = site::write(place);
    let folder = site.folder.display().to_string();
    let mut hunt = Hunt::new();
    let watcher = Watcher::begin(place);
    let take = |arguments: &[&str]| {
        let environment = &site.environment;
        Seat::take(place, &Start { arguments, environment, ..Start::default() })
    };
    let mut seat = take(&["--site", &folder, "--as", "anna"]);
    commander::take_charge(&mut seat, &mut hunt);
    let mut looker = take(&["watch", "--site", &folder]);
    commander::run_all(&mut seat, &mut hunt);
    commander::tell(&mut seat, &mut hunt);
    commander::read_all(&mut seat, &mut hunt);
    commander::look_on(&mut looker, &mut hunt);
    commander::close(&mut seat, &mut hunt);
    let history = says("history", &["history"], place, &site, &mut hunt);
    let run = history.split_whitespace().find(|word| word.starts_with("canary-"));
    let run = run.unwrap_or_else(|| panic!("no run in\n{history}"));
    let mut player = take(&["replay", run]);
    commander::look_back(&mut player, &mut hunt);
    watcher.end(&mut hunt);
    ask_all(run, place, &site, &mut hunt);
    let secret_file = site.folder.join("pg");
    hunt.look_under(place, &|path| path == secret_file);
    let told = hunt.hits.join("\n");
    assert!(hunt.hits.is_empty(), "{} hits:\n{told}", hunt.hits.len());
    let missing: Vec<&str> =
        KINDS.into_iter().filter(|kind| !hunt.kinds.contains_key(*kind)).collect();
    assert!(missing.is_empty(), "nothing was seen in {missing:?}, of {:#?}", hunt.kinds);
}
