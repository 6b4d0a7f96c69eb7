//! Secrets that everything tells: peers, programs, errors. None is found in anything we put out.

mod hunt;
mod peers;
#[expect(dead_code, reason = "tests/pty uses more of it")]
#[path = "../seat/mod.rs"]
mod seat;
mod site;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use hunt::Hunt;
use seat::{READING, Seat, Start, WARROOM, pass};

/// What the programs of this machine were started with, as anybody may read it.
fn look_at_processes(hunt: &mut Hunt) {
    for entry in std::fs::read_dir("/proc").expect("a process table").flatten() {
        let folder = entry.path();
        // Processes end while they are looked at.
        let program = std::fs::read_link(folder.join("exe")).unwrap_or_default();
        if program == Path::new(WARROOM)
            && let Ok(arguments) = std::fs::read(folder.join("cmdline"))
        {
            hunt.look("the arguments of a process", &arguments);
        }
    }
}

/// What was handed to the clipboard (OSC 52), decoded.
fn look_at_clipboard(hunt: &mut Hunt, bytes: &[u8]) -> usize {
    let mark = b"\x1b]52;c;";
    let mut found = 0;
    let mut rest = bytes;
    while let Some(at) = rest.windows(mark.len()).position(|part| part == mark) {
        rest = &rest[at + mark.len()..];
        let end = rest.iter().position(|byte| matches!(byte, 0x07 | 0x1b)).unwrap_or(rest.len());
        let text = base64::engine::general_purpose::STANDARD.decode(&rest[..end]);
        hunt.look("the clipboard", &text.expect("base64"));
        found += 1;
    }
    found
}

/// Takes the run as far as its steps go, which all tell and mostly fail, and reads every panel.
fn command(seat: &mut Seat, hunt: &mut Hunt) {
    seat.shows("DOWN");
    seat.opens("o", "CHOOSE A RUNBOOK");
    seat.press("\r");
    seat.hides("CHOOSE A RUNBOOK");
    seat.opens("D", "DECLARE A DISASTER");
    seat.types("declare\tall of it tells");
    seat.press("\r");
    seat.hides("DECLARE A DISASTER");
    seat.opens("A", "ARM THIS CONSOLE");
    seat.types("arm");
    seat.press("\r");
    seat.hides("ARM THIS CONSOLE");
    seat.opens("r", "RUN tell");
    look_at_processes(hunt);
    seat.shows("VERIFIED");
    for panel in ["1", "2", "3", "4", "5", "6"] {
        seat.press(panel);
        pass(READING);
        seat.press("z");
        pass(READING);
        look_at_processes(hunt);
        seat.press("z");
        pass(READING);
    }
    seat.opens("i", "EVIDENCE");
    seat.press("\x1b");
    seat.hides("EVIDENCE");
}

fn output(arguments: &[&str], place: &Path, site: &site::Site, hunt: &mut Hunt) -> String {
    let output = Command::new(WARROOM)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", place)
        .env("XDG_STATE_HOME", place)
        .envs(site.environment.iter().copied())
        .output()
        .expect("it starts");
    let name = arguments.join(" ");
    hunt.look(&format!("the output of {name}"), &output.stdout);
    hunt.look(&format!("the errors of {name}"), &output.stderr);
    assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{name} says nothing");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn no_secret_comes_out_anywhere() {
    let place = tempfile::tempdir().expect("a folder for the test");
    let place = place.path();
    let site = site::write(place, peers::echo_http(), peers::echo_postgres());
    let folder = site.folder.display().to_string();
    let mut hunt = Hunt::default();
    let start = Start {
        arguments: &["--site", &folder, "--as", "anna"],
        environment: &site.environment,
        ..Start::default()
    };
    let mut seat = Seat::take(place, &start);
    command(&mut seat, &mut hunt);
    seat.opens("q", "LEAVE");
    seat.press("\r");
    seat.ends();
    let bytes = seat.bytes();
    hunt.look("the terminal", &bytes);
    look_at_clipboard(&mut hunt, &bytes);
    pass(Duration::from_millis(100));
    let run = output(&["runs", "list"], place, &site, &mut hunt).trim().to_owned();
    output(&["report", &run], place, &site, &mut hunt);
    output(&["--site", &folder, "check"], place, &site, &mut hunt);
    let secret_file = site.folder.join("pg");
    hunt.look_under(place, &|path| path == secret_file);
    assert!(hunt.places > 30 && hunt.bytes > 50_000, "{hunt:?}");
    assert!(hunt.hits.is_empty(), "{} hits:\n{}", hunt.hits.len(), hunt.hits.join("\n"));
}
