//! What a person sees and presses: the first frame, red, a step, pastes, repeated keys, sizes.

use std::collections::BTreeSet;
use std::process::Command;

use rustix::process::Signal;

use warroom::domain::run::event::{Body, Outcome};

use super::toy::{STEPS, Toy, is_done};
use crate::seat::{PLAIN, Seat, Start, WARROOM, WIDE, pass, until};

/// The words with which a console of the demo is started.
const DEMO: &[&str] = &["demo", "--seed", "5", "--fail-after", "2s"];

fn demo(place: &std::path::Path, environment: &[(&str, &str)], more: &[&str]) -> Seat {
    let arguments: Vec<&str> = DEMO.iter().chain(more).copied().collect();
    let start = Start { arguments: &arguments, environment, ..Start::default() };
    Seat::take(place, &start)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

#[test]
fn a_demo_turns_red_and_is_left() {
    let place = folder();
    let mut seat = demo(place.path(), &[], &[]);
    seat.shows("IF Region A FAILED NOW");
    let modes = seat.terminal();
    assert!(modes.alternate && modes.cursor_hidden && modes.paste_bracketed, "{modes:?}");
    assert!(!seat.line_is_as_before(), "keys are read raw");
    let screen = seat.shows("PRIMARY Region A DOWN");
    assert!(screen.contains("WHAT TO DO NOW") && screen.contains("RTO T+"), "{screen}");
    seat.press("q");
    // Leaving asks once while an outage is on.
    if seat.seen_within(std::time::Duration::from_millis(700), "LEAVE") {
        pass(std::time::Duration::from_millis(350));
        seat.press("\r");
    }
    assert_eq!(seat.ends(), 0);
    restored(&seat);
}

/// Nothing of the console is left in the terminal, and nothing was said beside the screen.
pub fn restored(seat: &Seat) {
    assert_eq!(seat.terminal(), PLAIN);
    assert!(seat.line_is_as_before(), "the line discipline is put back");
    let bytes = String::from_utf8_lossy(&seat.bytes()).into_owned();
    for off in ["\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l", "\x1b[?1004l"] {
        assert!(bytes.contains(off), "{off:?} was never told");
    }
    // The terminal's own title was kept before the first of ours, and is put back after the last.
    let (kept, put_back) = (bytes.find("\x1b[22;0t"), bytes.rfind("\x1b[23;0t"));
    let (first, last) = (bytes.find("\x1b]0;"), bytes.rfind("\x1b]0;"));
    assert!(kept.is_some() && kept < first && last < put_back, "the title is put back");
    assert_eq!(seat.errors(), "", "standard error stays empty");
}

#[test]
fn what_comes_before_the_first_frame_is_said_and_taken_away() {
    let toy = Toy::new(50);
    let mut seat = toy.seat(&[]);
    seat.shows("READINESS");
    let bytes = String::from_utf8_lossy(&seat.bytes()).into_owned();
    let (before, _) = bytes.split_once("\x1b[?1049h").expect("a screen of its own");
    let said = before.rfind("warroom: opening the state folder ...");
    assert!(before.contains("warroom: starting ...") && said.is_some(), "{before:?}");
    assert!(said < before.rfind("\r\x1b[2K"), "it is taken away: {before:?}");
    seat.press("q");
    assert_eq!(seat.ends(), 0);
    restored(&seat);
    // A site that cannot be used is told in a clean line.
    std::fs::write(toy.site().join("site.toml"), "schema = 2").expect("a site file");
    let mut seat = toy.seat(&[]);
    assert_eq!(seat.ends(), 78);
    assert!(seat.errors().starts_with("warroom: this site cannot be used"), "{}", seat.errors());
    let bytes = String::from_utf8_lossy(&seat.bytes()).into_owned();
    assert!(bytes.ends_with("\r\x1b[2K"), "{bytes:?}");
}

#[test]
fn leaving_tells_the_run_and_the_way_back() {
    let toy = Toy::new(50);
    let mut seat = toy.seat(&[]);
    seat.shows("READINESS");
    seat.declares();
    pass(std::time::Duration::from_millis(600));
    seat.press("q");
    if seat.seen_within(std::time::Duration::from_millis(700), "LEAVE") {
        pass(std::time::Duration::from_millis(350));
        seat.press("\r");
    }
    assert_eq!(seat.ends(), 0);
    restored(&seat);
    let bytes = String::from_utf8_lossy(&seat.bytes()).into_owned();
    let (_, after) = bytes.rsplit_once("\x1b[?1049l").expect("the screen was left");
    for word in ["stays open", "come back:  ", " --site ", "report:     ", " report "] {
        assert!(after.contains(word), "no `{word}` in {after:?}");
    }
}

#[test]
fn a_run_by_keys() {
    let toy = Toy::new(50);
    let mut seat = toy.seat(&[]);
    seat.shows("READINESS");
    // SAFE: declaring works, acting does not.
    seat.declares();
    seat.press("r");
    seat.shows("SAFE");
    pass(std::time::Duration::from_millis(600));
    if seat.screen().contains("━ RUN ") {
        seat.press("\x1b");
        seat.hides("━ RUN ");
    }
    assert!(!toy.has(|body| matches!(body, Body::Intended { .. })), "SAFE acts never");
    seat.arms();
    for step in STEPS {
        seat.runs(step, &format!("run {step}"));
        until(step, || toy.has(is_done(step)));
    }
    assert!(toy.effects().values().all(|count| *count == 1), "{:?}", toy.effects());
    assert_eq!(toy.effects().len(), STEPS.len());
    let applied =
        |body: &Body| matches!(body, Body::Ended { outcome: Outcome::Applied { .. }, .. });
    assert_eq!(toy.record().iter().filter(|event| applied(&event.body)).count(), STEPS.len());
    assert_eq!(seat.errors(), "");
}

#[test]
fn pastes_and_repeated_keys_do_nothing_harmful() {
    let toy = Toy::new(10);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.arms();
    let nothing_ran = |what: &str| {
        assert!(!toy.has(|body| matches!(body, Body::Intended { .. })), "{what}");
    };
    // A paste with its own ends, and one that comes as plain keys at once.
    seat.press("\x1b[200~r\nrun one\n\r\x1b[201~");
    seat.shows("paste");
    nothing_ran("a paste");
    pass(std::time::Duration::from_millis(600));
    seat.press("rrun one\rrun one\r");
    pass(std::time::Duration::from_millis(600));
    nothing_ran("typed ahead");
    while seat.screen().contains("━ RUN ") {
        seat.press("\x1b");
        pass(std::time::Duration::from_millis(200));
    }
    // In the dialog, too.
    seat.opens("r", "━ RUN ");
    seat.press("\x1b[200~run one\n\x1b[201~");
    seat.press("\r\r\r");
    pass(std::time::Duration::from_millis(300));
    nothing_ran("a paste into the field");
    seat.press("\x1b");
    seat.hides("━ RUN ");
    // A key that is held down.
    for key in ["r", "\r", "R", "A", "K", "X", "U", "s", " ", "D", "W", "E", "G", "m", "L"] {
        for _ in 0..100 {
            seat.press(key);
        }
        pass(std::time::Duration::from_millis(200));
        seat.press("\x1b");
        pass(std::time::Duration::from_millis(100));
        seat.press("\x1b");
        pass(std::time::Duration::from_millis(100));
    }
    nothing_ran("held keys");
    assert!(toy.effects().is_empty());
    // And the console still works.
    while !seat.screen().contains("[ARMED]") {
        seat.arms();
    }
    if seat.screen().contains("HOLD") && toy.has(|body| matches!(body, Body::Held { .. })) {
        let released = |toy: &Toy| toy.has(|body| matches!(body, Body::Released));
        if !released(&toy) {
            // What is typed on when a dialog has just closed is no key of the next screen.
            pass(std::time::Duration::from_millis(600));
            seat.press(" ");
            until("released", || released(&toy));
        }
    }
    seat.runs("one", "run one");
    until("one", || toy.has(is_done("one")));
    assert_eq!(toy.effects().into_iter().collect::<Vec<_>>(), [("one/1".to_owned(), 1)]);
}

#[test]
fn a_resize_storm_ends_in_a_right_frame() {
    let toy = Toy::new(10);
    let mut seat = toy.seat(&[]);
    seat.declares();
    let sizes = [(1, 1), (80, 24), (2, 200), (200, 2), (40, 8), (39, 7), (1, 50), (300, 90)];
    for round in 0..4 {
        for (cols, rows) in sizes {
            seat.resize(cols + round, rows);
        }
    }
    for (cols, rows, clock) in [(80, 24, "T+"), (40, 8, "T+"), (30, 3, "T+"), (1, 1, "")] {
        seat.resize(cols, rows);
        seat.until(clock, |screen| clock.is_empty() || screen.contains(clock));
    }
    seat.resize(WIDE.0, WIDE.1);
    seat.until("a whole frame", is_whole);
    // A size that went and came back before anybody looked has cost the terminal its cells.
    seat.signal(Signal::STOP);
    seat.resize(20, 5);
    seat.resize(WIDE.0, WIDE.1);
    seat.signal(Signal::CONT);
    seat.until("a whole frame after a size that came back", is_whole);
    seat.signal(Signal::TERM);
    assert_eq!(seat.ends(), 0);
    restored(&seat);
}

/// True for a frame of the widest layout with every part, and no row of an older one.
fn is_whole(screen: &str) -> bool {
    let parts = ["RTO T+", "NEXT", "? help", "┏━ 4 RUNBOOK", "┌─ 6 TIMELINE", "REPLICATION A > B"];
    screen.starts_with("[LIVE] [SAFE]")
        && screen.matches("[LIVE]").count() == 1
        && parts.iter().all(|part| screen.contains(part))
        && screen.lines().filter(|line| line.ends_with('┐')).count() >= 2
}

/// The colours that select-graphic-rendition sequences ask for.
fn colours(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = BTreeSet::new();
    for part in text.split("\x1b[").skip(1) {
        let Some((numbers, _)) = part.split_once('m') else { continue };
        if !numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') {
            continue;
        }
        let colour = |number: &u32| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107);
        found.extend(
            numbers
                .split(';')
                .filter_map(|one| one.parse().ok())
                .filter(colour)
                .map(|number| format!("{number} of {numbers}")),
        );
    }
    found
}

#[test]
fn no_color_and_ascii_are_kept() {
    let check = |environment: &[(&str, &str)], more: &[&str], colour: bool, ascii: bool| {
        let place = folder();
        let seat = demo(place.path(), environment, more);
        seat.shows("PRIMARY Region A DOWN");
        let bytes = seat.bytes();
        assert_eq!(!colours(&bytes).is_empty(), colour, "{:?}", colours(&bytes));
        assert_eq!(bytes.is_ascii(), ascii, "{environment:?} {more:?}");
    };
    check(&[], &[], true, false);
    check(&[("NO_COLOR", "1")], &[], false, false);
    check(&[("NO_COLOR", "1")], &["--ascii"], false, true);
    check(&[], &["--ascii"], true, true);
    check(&[("NO_COLOR", "")], &[], true, false);
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    for arguments in [&[][..], &["watch"], DEMO] {
        let place = folder();
        let output = Command::new(WARROOM)
            .args(arguments)
            .env("XDG_STATE_HOME", place.path())
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let words = String::from_utf8_lossy(&output.stderr);
        for word in ["needs a terminal", "warroom check", "warroom history"] {
            assert!(words.contains(word), "{words}");
        }
        assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 0);
    }
}
