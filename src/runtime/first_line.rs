//! What a console does before its first frame, said in the shell's line: a disk may hang there.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

static SHOWN: AtomicBool = AtomicBool::new(false);

/// Begins the line anew and empties it.
const ANEW: &str = "\r\x1b[2K";

/// Says what is being done in the place of what was said before. Only at a terminal.
pub fn say(what: &str) {
    SHOWN.store(true, Ordering::Relaxed);
    tell(&format!("{ANEW}warroom: {what} ..."));
}

/// Takes it away, before anything else is written.
pub fn clear() {
    if SHOWN.swap(false, Ordering::Relaxed) {
        tell(ANEW);
    }
}

/// A terminal that takes nothing now takes no frame either; that is told where frames are.
fn tell(text: &str) {
    let mut terminal = io::stdout();
    let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
}
