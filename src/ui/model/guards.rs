//! What the guards against accidental keys remember.

use crate::domain::time::Stamp;
use crate::ui::command::Command;

/// What the guards against accidental keys remember (`screens.md`, Keys).
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
    /// True while a dialog that the palette opened has had no key of its own: the Enter that opened
    /// it must not go on and accept it.
    pub from_palette: bool,
}
