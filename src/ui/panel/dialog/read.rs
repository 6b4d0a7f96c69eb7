//! The report of the run on the screen, read-only and scrollable.

use ratatui::layout::Rect;

use crate::domain::report::Report;
use crate::ui::laid::Laid;
use crate::ui::model::ReportPart;
use crate::ui::screen::Screen;
use crate::ui::widget::canvas::Canvas;
use crate::ui::widget::ink::{BORDER, MUTED};
use crate::ui::widget::row::Row;
use crate::ui::widget::sheet::{Sheet, draw_with, inner_width};

/// Below this width every row counts.
const NARROW: usize = 56;

/// Draws the part of the report that is read.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    content: Rect,
    screen: &Screen<'_>,
    part: ReportPart,
    scroll: usize,
) {
    let width = inner_width(content);
    let run = screen.run.zip(screen.runbook);
    let made = match (screen.report, run) {
        (Some(laid), Some((run, _))) if laid.fits(run, part, width) => None,
        (_, told) => {
            told.map(|(run, runbook)| Laid::renew(None, (run, runbook, screen.site), part, width))
        }
    };
    let laid = made.as_deref().or_else(|| screen.report.filter(|_| run.is_some()));
    let sheet = sheet(screen, laid.map(|laid| &*laid.report), part, scroll, width);
    let nothing = [Row::of(MUTED, "no run is on record here")];
    draw_with(canvas, content, &sheet, laid.map_or(&nothing, |laid| &laid.rows));
}

/// Everything but its rows.
fn sheet(
    screen: &Screen<'_>,
    report: Option<&Report>,
    part: ReportPart,
    scroll: usize,
    width: usize,
) -> Sheet {
    let title = report.map_or_else(
        || "REPORT".to_owned(),
        |report| format!("REPORT {}  {}", report.run, part.title()),
    );
    let count = report.map_or(0, |report| report.timeline.len());
    let run = screen.run.map_or("", |run| run.stage.word());
    let leave = Row::of(MUTED, "Tab = next part   Esc = close");
    let told = Row::of(MUTED, "Made from the journal alone.");
    let mut foot = vec![Row::spread(told, leave.clone(), width)];
    if width < NARROW {
        foot = vec![leave.cut(width)];
    } else {
        foot.insert(0, Row::of(BORDER, "─".repeat(width)));
    }
    Sheet {
        title: Row::plain(title),
        right: Row::of(MUTED, format!("{run}, {count} entries")),
        body: Vec::new(),
        foot,
        scroll,
    }
}
