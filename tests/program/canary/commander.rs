//! A person who takes the run through all its steps, reads and copies all, and types secrets.

use super::hunt::Hunt;
use super::site::TYPED;
use super::terminal::{copy, look_at_all, look_at_screen};
use crate::seat::{READING, Seat, pass};

/// What stands in the place of a secret.
const MASK: &str = "[redacted]";

/// Every key that moves to a panel.
const PANELS: [&str; 6] = ["1", "2", "3", "4", "5", "6"];

/// Copies that the commander makes at least: each panel, and the dialogs that are read.
const COPIES_MIN: usize = 12;

/// Types a secret into the field that has the cursor, and is told that it was masked.
fn types_a_secret(seat: &mut Seat, hunt: &mut Hunt) {
    seat.types(TYPED);
    seat.shows("held a secret of this site: it was masked");
    assert!(seat.screen().contains(MASK), "{}", seat.screen());
    look_at_screen(seat, hunt);
}

/// Presses Enter in a dialog and sees it close.
fn enters(seat: &mut Seat, title: &str) {
    seat.types("\r");
    seat.hides(title);
}

fn leaves(seat: &mut Seat, title: &str) {
    seat.press("\x1b");
    seat.hides(title);
}

/// Opens the run, declares with a secret in the reason, accepts the losses and arms.
pub fn take_charge(seat: &mut Seat, hunt: &mut Hunt) {
    // Not before it is red: a run that was opened as planned is not declared then.
    seat.shows("PRIMARY Region A DOWN");
    seat.opens("o", "CHOOSE A RUNBOOK");
    enters(seat, "CHOOSE A RUNBOOK");
    seat.opens("D", "DECLARE A DISASTER");
    seat.types_seen("declare\tall of it tells ");
    types_a_secret(seat, hunt);
    enters(seat, "DECLARE A DISASTER");
    seat.shows("by anna");
    seat.opens("L", "EXPECTED LOSSES");
    copy(seat, "c");
    // Losses that nobody can have read are not accepted.
    pass(READING * 3);
    enters(seat, "EXPECTED LOSSES");
    seat.opens("A", "ARM THIS CONSOLE");
    seat.types_seen("arm");
    enters(seat, "ARM THIS CONSOLE");
}

/// Runs a step whose guard wants these words.
fn runs(seat: &mut Seat, step: &str, words: &str, hunt: &mut Hunt) {
    let title = "━ RUN ";
    seat.opens("r", title);
    seat.shows(&format!("({step})"));
    seat.shows(" old");
    copy(seat, if words.is_empty() { "c" } else { "\x1bc" });
    look_at_screen(seat, hunt);
    seat.types_seen(words);
    seat.types("\r");
    seat.hides(title);
}

/// Gives a reason in a form.
fn tells_why(seat: &mut Seat, key: &str, title: &str, hunt: &mut Hunt) {
    // The timeline has the word too.
    let framed = format!("━ {title}");
    seat.opens(key, &framed);
    seat.types_seen("told all ");
    types_a_secret(seat, hunt);
    enters(seat, &framed);
}

/// Waits until an attempt has ended badly; true when nobody knows how.
fn ends_unknown(seat: &Seat, title: &str) -> bool {
    let unknown = format!("resolve \"{title}\"");
    let failed = format!("FAILED: \"{title}\"");
    seat.until(&failed, |screen| screen.contains(&unknown) || screen.contains(&failed))
        .contains(&unknown)
}

/// Says what became of an attempt: its effect is there, or it is not.
fn resolves(seat: &mut Seat, done: bool, hunt: &mut Hunt) {
    seat.opens("U", "RESOLVE AN UNKNOWN OUTCOME");
    seat.press(if done { "\x1b[D" } else { "\x1b[C" });
    seat.types_seen("it told all ");
    types_a_secret(seat, hunt);
    enters(seat, "RESOLVE AN UNKNOWN OUTCOME");
}

/// Goes on after an attempt that ended badly.
fn goes_on(seat: &mut Seat, title: &str, hunt: &mut Hunt) {
    if ends_unknown(seat, title) {
        return resolves(seat, true, hunt);
    }
    seat.opens("s", "SKIP A STEP");
    seat.types_seen("it told everything");
    seat.types("\r");
    seat.hides("SKIP A STEP");
}

/// Takes every step as far as it goes.
pub fn run_all(seat: &mut Seat, hunt: &mut Hunt) {
    seat.opens("r", "━ RUN ");
    seat.shows("VERIFIED");
    let title = "Ask a peer that echoes";
    runs(seat, "ask", "ask", hunt);
    if ends_unknown(seat, title) {
        resolves(seat, false, hunt);
    }
    seat.shows(&format!("FAILED: \"{title}\""));
    tells_why(seat, "R", "TRY AGAIN", hunt);
    runs(seat, "ask", "ask", hunt);
    goes_on(seat, title, hunt);
    runs(seat, "blurt", "run blurt", hunt);
    goes_on(seat, "Run a program that tells and fails", hunt);
    runs(seat, "promote", "promote pg-b", hunt);
    goes_on(seat, "Promote at a server that echoes", hunt);
    runs(seat, "cache", "promote cache-b", hunt);
    goes_on(seat, "Promote a cache that echoes", hunt);
    tells_why(seat, "m", "ATTEST", hunt);
}

/// Types secrets wherever else there is a field.
pub fn tell(seat: &mut Seat, hunt: &mut Hunt) {
    tells_why(seat, "t", "NOTE", hunt);
    seat.opens("u", "STATUS UPDATE");
    types_a_secret(seat, hunt);
    copy(seat, "\x1bc");
    enters(seat, "STATUS UPDATE");
    seat.opens(":", "PALETTE");
    seat.types("note it told ");
    types_a_secret(seat, hunt);
    enters(seat, "PALETTE");
    seat.shows("NOTE");
    pass(READING);
    // What the palette opened is read to its end before Enter counts.
    seat.press("\x1b[F");
    enters(seat, "Stands in the timeline");
    seat.opens("E", "ABORT THE RUN");
    types_a_secret(seat, hunt);
    copy(seat, "\x1bc");
    leaves(seat, "ABORT THE RUN");
    seat.press("4");
    pass(READING);
    seat.press("/");
    // The filter stands where notices do.
    seat.types(TYPED);
    seat.shows(&format!("/ {MASK}"));
    look_at_screen(seat, hunt);
    seat.press("\x1b");
    pass(READING);
}

/// Reads and copies every panel and dialog.
pub fn read_all(seat: &mut Seat, hunt: &mut Hunt) {
    for panel in PANELS {
        seat.press(panel);
        pass(READING);
        look_at_screen(seat, hunt);
        seat.press("z");
        copy(seat, "c");
        look_at_screen(seat, hunt);
        seat.press("z");
        pass(READING);
    }
    for (key, title) in [("i", "EVIDENCE"), ("p", "GO / NO-GO"), ("e", "REPORT"), ("?", "HELP")] {
        seat.opens(key, title);
        copy(seat, "c");
        look_at_screen(seat, hunt);
        leaves(seat, title);
    }
}

/// Leaves a console, whatever it asks.
fn goes(seat: &mut Seat, hunt: &mut Hunt) -> usize {
    pass(READING);
    seat.press("q");
    if seat.seen_within(READING * 2, "LEAVE") {
        pass(READING);
        seat.press("\r");
    }
    assert_eq!(seat.ends(), 0, "{}", seat.errors());
    look_at_all(seat, hunt)
}

/// Closes the run and leaves.
pub fn close(seat: &mut Seat, hunt: &mut Hunt) {
    seat.opens("W", "CLOSE THE RUN");
    enters(seat, "CLOSE THE RUN");
    seat.shows("complete except");
    let copied = goes(seat, hunt);
    assert!(copied >= COPIES_MIN, "{copied} copies");
}

/// Reads what a watching console shows.
pub fn look_on(seat: &mut Seat, hunt: &mut Hunt) {
    seat.shows("DOWN");
    for panel in PANELS {
        seat.press(panel);
        pass(READING);
        look_at_screen(seat, hunt);
    }
    copy(seat, "c");
    assert!(goes(seat, hunt) > 0);
}

/// Reads a replay from its end.
pub fn look_back(seat: &mut Seat, hunt: &mut Hunt) {
    seat.shows("REPLAY");
    seat.press("\x1b[F");
    pass(READING);
    for panel in PANELS {
        seat.press(panel);
        pass(READING);
        look_at_screen(seat, hunt);
    }
    seat.press("c");
    seat.shows("a replay is no news of now");
    assert_eq!(goes(seat, hunt), 0, "nothing is copied out of a replay");
}
