//! What the keys of several dialogs share: scrolling, reasons, and a wish that is looked at last.

use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::ui::available::why_not;
use crate::ui::command::Command;
use crate::ui::field::Field;
use crate::ui::meant::scroll_by;
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
pub(super) fn read(scroll: &mut usize, rows: usize, hand: &Hand<'_>) -> After {
    if hand.enters() {
        return After::Close(Vec::new());
    }
    scroll_by(scroll, rows, PAGE, hand.command);
    After::STAY
}

/// True when a reason is long enough; else it is said.
pub(super) fn is_reason(hand: &mut Hand<'_>, reason: &Field) -> bool {
    let enough = reason.length() >= REASON_CHARS_MIN;
    if !enough {
        hand.refuse(format!("the reason needs at least {REASON_CHARS_MIN} characters"));
    }
    enough
}
