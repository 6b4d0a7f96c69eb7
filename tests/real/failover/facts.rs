//! What is on record of a run: its journal, and the report that the program prints of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use warroom::domain::run::event::{Body, RunEvent};
use warroom::runtime::journal;

/// The folder of the newest run below a console's state.
pub fn run_folder(state: &Path) -> PathBuf {
    let runs = fs::read_dir(state.join("warroom/runs")).unwrap();
    runs.map(|entry| entry.unwrap().path()).max().expect("a run")
}

/// All events of that run.
pub fn events(state: &Path) -> Vec<RunEvent> {
    journal::read(&run_folder(state)).unwrap().events
}

/// The first event that `is` tells.
pub fn find(events: &[RunEvent], what: &str, is: impl Fn(&Body) -> bool) -> RunEvent {
    let found = events.iter().find(|event| is(&event.body));
    found.unwrap_or_else(|| panic!("no {what} in {events:#?}")).clone()
}

/// How often a step was started.
pub fn attempts(events: &[RunEvent], wanted: &str) -> usize {
    let is = |event: &&RunEvent| match &event.body {
        Body::Intended { step, .. } => step.as_str() == wanted,
        _ => false,
    };
    events.iter().filter(is).count()
}

/// What `warroom report` prints of that run.
pub fn report(state: &Path) -> String {
    let folder = run_folder(state);
    let output = Command::new(env!("CARGO_BIN_EXE_warroom"))
        .arg("report")
        .arg(folder.file_name().unwrap())
        .env("XDG_STATE_HOME", state)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The cells of the first table row of a report that begins with `first`.
pub fn row<'r>(report: &'r str, first: &str) -> Vec<&'r str> {
    let begin = format!("| {first} |");
    let row = report.lines().find(|line| line.starts_with(&begin));
    let row = row.unwrap_or_else(|| panic!("no row `{first}` in\n{report}"));
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// The seconds of `00:01:05`.
pub fn clock_seconds(text: &str) -> f64 {
    text.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}

/// The loss of a store in seconds as it was measured after its promotion. The report no longer
/// claims it: the old primary came back and took writes.
pub fn measured_seconds(events: &[RunEvent], report: &str, store: &str) -> f64 {
    let of_store = |body: &Body| match body {
        Body::LossMeasured { system, .. } => system.as_str() == store,
        _ => false,
    };
    let event = find(events, "a measured loss", of_store);
    let Body::LossMeasured { seconds, how, .. } = &event.body else { unreachable!("asked for") };
    assert!(how.as_str().contains("it was not read closed"), "{how}");
    let line = report.lines().find(|line| {
        line.starts_with(&format!("| {store} |")) && line.contains("was read taking writes at")
    });
    assert!(line.is_some_and(|line| line.contains("not measured")), "{store}\n{report}");
    *seconds
}
