//! The report of the run on the screen, read-only and scrollable.

use super::prelude::*;
use std::borrow::Cow;

use ratatui::layout::Rect;

use crate::ui::command::Context;
use crate::ui::laid::{Laid, Part};
use crate::ui::widget::canvas::Canvas;
use crate::ui::widget::sheet::{draw_with, inner_width};

/// Below this width every row counts.
const NARROW: usize = 56;

/// The report of the run, part by part.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The part that is read.
    pub part: Part,
    /// First row shown.
    pub scroll: usize,
}

impl Report {
    /// The part as it was laid out last, or laid out anew where that does not fit.
    fn laid<'a>(&self, facts: &Facts<'a>, width: usize) -> Option<Cow<'a, Laid>> {
        let (run, runbook) = facts.run.zip(facts.runbook)?;
        let kept = facts.report.filter(|laid| laid.fits(run, self.part, width));
        Some(kept.map_or_else(
            || Cow::Owned(Laid::new((run, runbook, facts.site), self.part, width)),
            Cow::Borrowed,
        ))
    }

    /// Everything but its rows.
    fn sheet_of(&self, screen: &Screen<'_>, laid: Option<&Laid>, width: usize) -> Sheet {
        let title = laid.map_or_else(
            || "REPORT".to_owned(),
            |laid| format!("REPORT {}  {}", laid.report.run, self.part.title()),
        );
        let count = laid.map_or(0, |laid| laid.report.timeline.len());
        let run = screen.run.map_or("", |run| run.stage.word());
        let leave = Row::of(MUTED, "Tab = next part   Esc = close");
        let told = Row::of(MUTED, "Made from the journal alone.");
        let foot = if width < NARROW {
            vec![leave.cut(width)]
        } else {
            vec![rule(width), Row::spread(told, leave, width)]
        };
        let right = Row::of(MUTED, format!("{run}, {count} entries"));
        Sheet::of(title, right, Vec::new(), foot).at(self.scroll)
    }
}

impl Dialog for Report {
    /// `e` closes it as it opened it.
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        if hand.command == Some(Command::NextPanel) {
            (self.part, self.scroll) = (self.part.next(), 0);
        }
        if matches!(hand.command, Some(Command::Enter | Command::Report)) {
            return After::Close(Vec::new());
        }
        let (columns, lines) = hand.model.size;
        let width = inner_width(Rect::new(0, 0, columns, lines));
        let Some(laid) = self.laid(hand.facts, width) else { return After::Close(Vec::new()) };
        let page = usize::from(lines / 2).max(1);
        scroll_by(&mut self.scroll, laid.rows.len().saturating_sub(page), page, hand.command);
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        self.sheet_of(screen, self.laid(screen, width).as_deref(), width)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        let moves = &["up/down pgup/pgdn home/end scroll"];
        Hints { tab: Some("next part"), moves, ..Hints::READ }
    }

    fn manner(&self) -> Manner {
        Manner {
            contexts: &[Context::Report, Context::Dialog],
            ..Manner::READ.scrolling(Scrolls::Itself)
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>) {
        let whole = canvas.area();
        let room = Room::of(content, (whole.width, whole.height));
        let laid = self.laid(screen, room.width);
        let nothing = [Row::of(MUTED, "no run is on record here")];
        let rows = laid.as_deref().map_or(&nothing[..], |laid| &laid.rows);
        let sheet = self.sheet_of(screen, laid.as_deref(), room.width);
        draw_with(canvas, content, &sheet, rows);
    }
}
