//! What lies over the content: each dialog a sheet with a body that scrolls and a foot that stays.

mod card;
mod confirm;
mod declare;
mod evidence;
mod fields;
mod form;
mod help;
mod leave;
mod ledger;
mod readiness;
mod runbooks;

use ratatui::layout::Rect;

use crate::ui::model::Dialog;
use crate::ui::screen::Screen;
use crate::ui::widget::canvas::Canvas;
use crate::ui::widget::sheet::{self, Sheet};

/// Draws a dialog over the content.
pub fn draw(canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>, dialog: &Dialog) {
    let width = sheet::inner_width(content);
    let whole = canvas.area();
    let sheet: Sheet = match dialog {
        Dialog::Help { scroll } => help::sheet(screen, *scroll, width),
        Dialog::Card(card) => card::sheet(screen, card, width, (whole.width, whole.height)),
        Dialog::Form { purpose, field, .. } => form::sheet(screen, purpose, field, width),
        Dialog::Declare { word, reason, at_reason, .. } => {
            declare::sheet(screen, (word, reason), *at_reason, width)
        }
        Dialog::Ledger { .. } => ledger::sheet(screen, width),
        Dialog::Choose(choose) => runbooks::sheet(screen, choose, width),
        Dialog::Arm { field, .. } => leave::arm(screen, field, width),
        Dialog::Evidence { side, scroll } => evidence::sheet(screen, *side, *scroll, width),
        Dialog::Readiness { selected } => readiness::sheet(screen, selected.as_ref(), width),
        Dialog::AbortRun { word, reason, at_reason, .. } => {
            leave::abort_run(screen, (word, reason), *at_reason, width)
        }
        Dialog::Close { .. } => leave::close(screen, width),
        Dialog::Leave { .. } => leave::leave(screen, width),
    };
    sheet::draw(canvas, content, &sheet);
}
