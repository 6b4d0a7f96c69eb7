//! What the guards against accidental keys remember.

use crate::domain::time::Stamp;
use crate::ui::command::Command;

/// What the guards against accidental keys remember (`screens.md`, Keys).
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing seen of the keys, and no state of another"
)]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guards {
    /// The last verb that was accepted, and when.
    pub last_verb: Option<(Command, Stamp)>,
    /// The verb whose key was pressed last, and when.
    pub last_pressed: Option<(Command, Stamp)>,
    /// Since when keys may have been typed on for a dialog that opened, closed or never came, and
    /// when the last one was dropped for it.
    pub typed_on: Option<(Stamp, Option<Stamp>)>,
    /// When the last printable keys were pressed, oldest first, bounded.
    pub typed_at: Vec<Stamp>,
    /// True while keys come faster than a hand types, until there is a pause.
    pub burst: bool,
    /// True once the terminal has told a paste as one: from then on it tells every paste so.
    pub tells_paste: bool,
    /// When the terminal got the focus back.
    pub focus_at: Option<Stamp>,
    /// When the dialog was opened.
    pub dialog_at: Option<Stamp>,
    /// When the unfinished sequence began; its continuations show 300 ms later.
    pub sequence_at: Option<Stamp>,
    /// True while the reason of a card's broken gate has the cursor, false for its typed text.
    pub at_reason: bool,
    /// Until when a guard 1 that was asked for waits for its dry run; then its stop window begins.
    pub waits_until: Option<Stamp>,
    /// When time last passed for a stop window that counts.
    pub counted_at: Option<Stamp>,
    /// True while a dialog that the palette opened has had no key of its own: the Enter that opened
    /// it must not go on and accept it.
    pub from_palette: bool,
    /// When the last dry run was asked for.
    pub rehearsed_at: Option<Stamp>,
}
