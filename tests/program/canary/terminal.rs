//! What a terminal was told: frames, copies, notifications, titles.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::hunt::Hunt;
use crate::seat::{READING, Seat, pass};

/// What begins a copy (OSC 52).
const COPY: &str = "\x1b]52;c;";

/// How many copies a terminal was asked to take.
fn copies(seat: &Seat) -> usize {
    String::from_utf8_lossy(&seat.bytes()).matches(COPY).count()
}

/// Copies what is shown, by a key, and sees it arrive.
pub fn copy(seat: &mut Seat, key: &str) {
    let before = copies(seat);
    for _ in 0..20 {
        seat.press(key);
        // The same key within half a second counts once; a person presses again.
        for _ in 0..6 {
            pass(READING / 3);
            if copies(seat) > before {
                return;
            }
        }
    }
    panic!("{key:?} copies nothing\n{}", seat.screen());
}

/// Looks at the screen as it is.
pub fn look_at_screen(seat: &Seat, hunt: &mut Hunt) {
    hunt.look("screen", "a screen", seat.screen().as_bytes());
}

/// Looks at everything that the terminal was told so far; answers how many copies were among it.
pub fn look_at_all(seat: &Seat, hunt: &mut Hunt) -> usize {
    look_at_screen(seat, hunt);
    let bytes = seat.bytes();
    hunt.look("terminal", "its bytes", &bytes);
    hunt.look("standard error of a console", "its file", seat.errors().as_bytes());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut copied = 0;
    for command in text.split("\x1b]").skip(1) {
        let end = command.find(['\x07', '\x1b']).unwrap_or(command.len());
        match command[..end].split_once(';') {
            Some(("52", copy)) => {
                let copy = copy.strip_prefix("c;").expect("the clipboard");
                let copy = STANDARD.decode(copy).expect("base64");
                hunt.look("clipboard", "a copy", &copy);
                copied += usize::from(!copy.is_empty());
            }
            Some(("9", told)) => hunt.look("notification", "OSC 9", told.as_bytes()),
            Some(("0" | "2", told)) => hunt.look("title", "OSC 0", told.as_bytes()),
            Some(_) | None => {}
        }
    }
    copied
}
