//! The status update as it will be handed over, and a field for a sentence of the person's own.

use crate::ui::model::Field;
use crate::ui::screen::{Access, JournalState, Screen};
use crate::ui::update_text;
use crate::ui::widget::ink::{BORDER, INFO, MUTED, TEXT, WARN};
use crate::ui::widget::row::{Row, wrap};
use crate::ui::widget::sheet::Sheet;

use super::fields::{leave_row, typed};

/// Cells that the later rows of a line stand to the right.
const INDENT: &str = "    ";

/// The sheet.
pub(super) fn sheet(screen: &Screen<'_>, field: &Field, scroll: usize, width: usize) -> Sheet {
    let mut body = Vec::new();
    for line in update_text::lines(screen, &field.text) {
        let parts = wrap(line.as_str(), width.saturating_sub(INDENT.len()));
        for (index, part) in parts.into_iter().enumerate() {
            let lead = if index == 0 { "" } else { INDENT };
            body.push(Row::of(TEXT, format!("{lead}{part}")));
        }
    }
    body.push(Row::of(MUTED, "made of what is on the screen, without names of hosts").cut(width));
    let (ink, right, enter) = match is_recorded(screen) {
        Ok(()) => (INFO, "◆3 Enter puts it on record", "Enter = record it and copy it."),
        Err(why) => (WARN, why, "Enter = copy it, NOT recorded."),
    };
    Sheet {
        title: Row::plain("STATUS UPDATE"),
        right: Row::of(ink, right),
        body,
        foot: vec![
            Row::of(BORDER, "─".repeat(width)),
            Row::of(TEXT, "a sentence of your own, or none:").cut(width),
            typed(field, true, TEXT, width),
            leave_row(enter).cut(width),
        ],
        scroll,
    }
}

/// Whether it can be put on record.
///
/// # Errors
/// Why not, in a few words.
fn is_recorded(screen: &Screen<'_>) -> Result<(), &'static str> {
    if screen.access == Access::ReadOnly {
        return Err("▲2 read only: not recorded");
    }
    match (screen.run, screen.journal) {
        (_, JournalState::Failed(_) | JournalState::ReadOnly(_)) => {
            Err("▲2 the journal cannot record: not recorded")
        }
        (Some(run), _) if !run.stage.is_closed() => Ok(()),
        (Some(_) | None, _) => Err("▲2 no run is open: not recorded"),
    }
}
