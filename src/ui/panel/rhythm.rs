//! When the next status update is due: at the right of NEXT, or in the header where NEXT is full.

use crate::domain::rhythm::{Rhythm, rhythm};
use crate::ui::command::Command;
use crate::ui::screen::{Access, Screen};
use crate::ui::widget::ink::{MUTED, WARN};
use crate::ui::widget::row::{Row, width_of};

use super::{next, words};

/// Cells of the word before the sentence of NEXT.
#[must_use]
pub fn next_lead(width: usize) -> &'static str {
    if width >= 60 { "NEXT  " } else { "NEXT " }
}

/// `UPDATE DUE 02:11`, `UPDATE LATE 01:03`, and whether it is late; none while none is owed.
#[must_use]
pub fn told(screen: &Screen<'_>) -> Option<(Row, bool)> {
    Some(match rhythm(screen.run, screen.now)? {
        Rhythm::Due(left) => {
            // Whole seconds that are left, the last one shown as such.
            let left = left + std::time::Duration::from_millis(999);
            (Row::of(MUTED, format!("UPDATE DUE {}", words::minutes(left))), false)
        }
        Rhythm::Late(by) => (Row::of(WARN, format!("UPDATE LATE {}", words::minutes(by))), true),
    })
}

/// The same as it stands in NEXT, with the key: only where the sentence keeps all its room.
#[must_use]
pub fn in_next(screen: &Screen<'_>, width: usize) -> Option<Row> {
    let (told, _) = told(screen)?;
    let row = if screen.access == Access::ReadOnly {
        told
    } else {
        Row::of(MUTED, format!("{} ", words::key(screen, Command::Update))).join(told)
    };
    let taken = width_of(next_lead(width)) + width_of(&next::sentence(screen));
    (taken + 2 + row.width() <= width).then_some(row)
}
