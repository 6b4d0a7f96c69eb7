//! What goes to the terminal beside the frames: copies, notifications, titles, as bytes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::seat::{READING, Seat, Start, pass};

/// The commands to the terminal's own system (`OSC`) that were told so far: their number and text.
fn commands(seat: &Seat) -> Vec<(String, String)> {
    let bytes = seat.bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut found = Vec::new();
    for part in text.split("\x1b]").skip(1) {
        let Some(end) = part.find(['\x07', '\x1b']) else { continue };
        let body = &part[..end];
        assert!(!body.chars().any(char::is_control), "{body:?}");
        if let Some((number, rest)) = body.split_once(';') {
            found.push((number.to_owned(), rest.to_owned()));
        }
    }
    found
}

fn of(seat: &Seat, number: &str) -> Vec<String> {
    let of_number = commands(seat).into_iter().filter(|(known, _)| known == number);
    of_number.map(|(_, text)| text).collect()
}

fn copies(seat: &Seat) -> Vec<String> {
    let decoded = of(seat, "52").into_iter().map(|copy| {
        let text = copy.strip_prefix("c;").expect("the clipboard");
        String::from_utf8(STANDARD.decode(text).expect("base64")).expect("UTF-8")
    });
    decoded.collect()
}

fn demo(place: &std::path::Path, more: &[&str]) -> Seat {
    let arguments: Vec<&str> = ["demo", "--seed", "5", "--fail-after", "2s"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    Seat::take(place, &Start { arguments: &arguments, ..Start::default() })
}

#[test]
fn copies_updates_and_notifications_are_told_to_the_terminal() {
    let place = tempfile::tempdir().expect("a folder for the test");
    let mut seat = demo(place.path(), &[]);
    seat.shows("PRIMARY Region A DOWN");
    seat.press("c");
    seat.shows("sent to terminal (");
    let copied = copies(&seat).pop().expect("something was copied");
    assert!(copied.starts_with("[SIM] no run here ") && copied.contains("RUNBOOK"), "{copied}");
    pass(Duration::from_millis(600));
    seat.opens("u", "STATUS UPDATE");
    seat.types_seen("all hands");
    seat.press("\r");
    seat.shows("NOT recorded: no run is open");
    let update = copies(&seat).pop().expect("the update was copied");
    assert!(update.starts_with("[SIM] A SIMULATION, NOT A REAL INCIDENT, STATUS"), "{update}");
    assert!(update.contains("NOTE all hands") && update.contains("PROVISIONAL"), "{update}");
    let told = of(&seat, "9");
    let red = told.iter().filter(|text| text.starts_with("warroom: primary region A red since "));
    assert_eq!(red.count(), 1, "{told:?}");
    let titles = of(&seat, "0");
    assert!(titles.iter().any(|title| title.starts_with("SIM demo RED T+0m ")), "{titles:?}");
    leave(&mut seat);
    // Nothing of it disturbed the frames, and the title was put back.
    super::frames::restored(&seat);
}

#[test]
fn notifications_can_be_left_out() {
    let place = tempfile::tempdir().expect("a folder for the test");
    let mut seat = demo(place.path(), &["--no-notify"]);
    seat.shows("PRIMARY Region A DOWN");
    leave(&mut seat);
    assert_eq!(of(&seat, "9"), Vec::<String>::new());
    // A title ends with the same byte that rings.
    let rings = String::from_utf8_lossy(&seat.bytes()).matches('\x07').count();
    assert!(rings > of(&seat, "0").len(), "it rings all the same");
}

fn leave(seat: &mut Seat) {
    pass(READING);
    seat.press("q");
    if seat.seen_within(Duration::from_millis(700), "LEAVE") {
        pass(READING);
        seat.press("\r");
    }
    assert_eq!(seat.ends(), 0);
}
