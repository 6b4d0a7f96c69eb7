//! What lies over the content: each dialog a sheet with a body that scrolls and a foot that stays.

mod abandon;
mod card;
mod confirm;
mod declare;
mod evidence;
mod fields;
mod form;
mod help;
mod leave;
mod ledger;
mod lossy;
mod palette;
mod read;
mod readiness;
pub(crate) mod report;
mod runbooks;
mod t0;
mod update;

use ratatui::layout::Rect;

use crate::ui::model::Dialog;
use crate::ui::screen::Screen;
use crate::ui::view::dialog_content;
use crate::ui::widget::canvas::Canvas;
use crate::ui::widget::sheet::{self, Fold, Sheet};

pub(super) use card::seen_gates;

/// How far the open card must be scrolled before Enter counts in it: a sentence for the person may
/// take a row of it at any time. Nothing is hidden in another dialog that must be read.
pub fn fold(screen: &Screen<'_>) -> Fold {
    let Some(Dialog::Card(card)) = &screen.model.dialog else { return Fold::default() };
    let size = screen.model.size;
    let content = dialog_content(screen, size);
    let (sheet, must) =
        card::sheet(screen, card, sheet::inner_width(content), size, Fold::default());
    Fold::of(sheet.body.len(), must, sheet::room(content, sheet.foot.len()))
}

/// Draws a dialog over the content.
pub fn draw(canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>, dialog: &Dialog) {
    let rows = usize::from(content.height);
    let width = sheet::inner_width(content);
    let whole = canvas.area();
    let sheet: Sheet = match dialog {
        Dialog::Help { scroll } => help::sheet(screen, *scroll, width),
        Dialog::Card(card) => {
            card::sheet(screen, card, width, (whole.width, whole.height), fold(screen)).0
        }
        Dialog::Form { purpose, field, .. } => form::sheet(screen, purpose, field, width),
        Dialog::Declare { word, reason, at_reason, .. } => {
            declare::sheet(screen, (word, reason), *at_reason, width)
        }
        Dialog::Ledger { .. } => ledger::sheet(screen, width),
        Dialog::Choose(choose) => runbooks::sheet(screen, choose, width),
        Dialog::Arm { field, .. } => leave::arm(screen, field, width),
        Dialog::Evidence { side, scroll } => evidence::sheet(screen, *side, *scroll, width),
        Dialog::Readiness { selected } => readiness::sheet(screen, selected.as_ref(), width),
        Dialog::Report { part, scroll } => {
            return read::draw(canvas, content, screen, *part, *scroll);
        }
        Dialog::AbortRun { word, reason, at_reason, scroll, .. } => {
            let sheet = abandon::sheet(screen, (word, reason), *at_reason, width);
            Sheet { scroll: *scroll, ..sheet }
        }
        Dialog::Palette { field, chosen, .. } => {
            palette::sheet(screen, field, *chosen, width, rows)
        }
        Dialog::Update { field, scroll, .. } => update::sheet(screen, field, *scroll, width),
        Dialog::SetT0 { typed, .. } => t0::sheet(screen, typed, width, rows),
        Dialog::Close { .. } => leave::close(screen, width),
        Dialog::Leave { .. } => leave::leave(screen, width),
    };
    sheet::draw(canvas, content, &sheet);
}
