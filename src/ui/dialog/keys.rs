//! What the keys of several dialogs share: scrolling, reasons, and a wish that is looked at last.

use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::ui::available::why_not;
use crate::ui::command::Command;
use crate::ui::field::Field;
use crate::ui::over::{After, Hand};
use crate::ui::wish::Wish;

/// Rows that a page moves by where the height is not known.
pub(super) const PAGE: usize = 10;

/// Closes with a wish, unless what made it possible is gone since the dialog was opened.
pub(super) fn checked(hand: &mut Hand<'_>, command: Command, wish: Wish) -> After {
    match why_not(command, hand.facts, hand.model) {
        None => After::Close(vec![wish]),
        Some(why) => hand.refuse(why),
    }
}

/// A key where something is only read: Enter closes.
pub(super) fn read(hand: &Hand<'_>) -> After {
    if hand.enters() { After::Close(Vec::new()) } else { After::STAY }
}

/// Why a reason cannot stand on record; none when it is long enough.
pub(super) fn too_short(reason: &Field) -> Option<String> {
    let short = reason.length() < REASON_CHARS_MIN;
    short.then(|| format!("the reason needs at least {REASON_CHARS_MIN} characters"))
}
