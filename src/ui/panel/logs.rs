//! What steps printed, and what happened when and by whom; the newest at the end.

use super::prelude::*;
use ratatui::layout::Rect;

use crate::domain::run::words;
use crate::domain::text::several;
use crate::ui::model::Panel;
use crate::ui::widget::canvas::Canvas;

use super::region;

/// Cells of a person's name in the timeline.
const WHO_CELLS: usize = 8;

fn output_row(screen: &Screen<'_>, index: usize) -> Row {
    screen.output.get(index).map_or_else(Row::new, |line| {
        let number = screen.runbook.and_then(|book| book.number(&line.step));
        let number = number.map_or_else(String::new, |number| format!("{number:>2} "));
        Row::of(MUTED, format!("{} {number}", line.at.utc())).put(TEXT, line.text.as_str())
    })
}

fn timeline_row(screen: &Screen<'_>, index: usize) -> Row {
    screen.timeline.get(index).map_or_else(Row::new, |row| {
        Row::of(MUTED, format!("{} ", row.at.utc()))
            .put(TEXT, fit(row.who.as_str(), WHO_CELLS))
            .put(TEXT, " ")
            .put(TEXT, row.text.as_str())
    })
}

/// The last rows that pass the filter, `back` rows before the newest.
fn tail(
    screen: &Screen<'_>,
    count: usize,
    back: usize,
    room: usize,
    of: fn(&Screen<'_>, usize) -> Row,
) -> Vec<Row> {
    let mut rows: Vec<Row> = (0..count)
        .rev()
        .map(|index| of(screen, index))
        .filter(|row| screen.model.passes(&row.text()))
        .take(back + room)
        .collect();
    let skip = back.min(rows.len().saturating_sub(room));
    rows.drain(..skip);
    rows.truncate(room);
    rows.reverse();
    rows
}

fn draw_list(
    canvas: &mut Canvas<'_>,
    area: Rect,
    screen: &Screen<'_>,
    panel: Panel,
    title: Row,
    of: fn(&Screen<'_>, usize) -> Row,
) {
    let (count, empty) = match panel {
        Panel::Timeline => (screen.timeline.len(), "nothing happened yet"),
        Panel::RegionA | Panel::RegionB | Panel::Replication | Panel::Runbook | Panel::Output => {
            (screen.output.len(), "no step has printed anything")
        }
    };
    let back = screen.model.scroll[panel.index()];
    let right = if back > 0 {
        Row::of(INFO, format!("{back} rows back"))
    } else {
        Row::of(MUTED, format!("follows, {}", several(count, "row")))
    };
    let inside = canvas.panel(area, &region::look(screen, panel, title, right));
    let mut rows = tail(screen, count, back, usize::from(inside.height), of);
    if rows.is_empty() {
        rows.push(Row::of(MUTED, empty));
    }
    canvas.rows(inside, &rows);
}

fn output_title(screen: &Screen<'_>) -> Row {
    let title = Row::plain("5 OUTPUT");
    match screen.output.last() {
        Some(line) => title
            .put(TEXT, format!(" {}", words::name(screen.runbook, &line.step)))
            .put(MUTED, "  secrets masked"),
        None => title,
    }
}

/// Draws the output.
pub fn draw_output(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    draw_list(canvas, area, screen, Panel::Output, output_title(screen), output_row);
}

/// Draws the timeline.
pub fn draw_timeline(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let title = Row::plain("6 TIMELINE").put(MUTED, " UTC, append only");
    draw_list(canvas, area, screen, Panel::Timeline, title, timeline_row);
}

/// The last line of output or timeline in one row, where there is no room for a panel.
pub fn last_line(screen: &Screen<'_>, panel: Panel, width: usize) -> Row {
    let timeline = panel == Panel::Timeline;
    let (name, row, hint) = if timeline {
        let last = screen.timeline.len().wrapping_sub(1);
        ("6 LOG ", timeline_row(screen, last), "(6 z = all)")
    } else {
        let last = screen.output.len().wrapping_sub(1);
        ("5 OUT ", output_row(screen, last), "(5 z = all)")
    };
    let row = if row.is_empty() { Row::of(MUTED, "nothing yet") } else { row };
    let right = if width >= 60 { Row::of(MUTED, hint) } else { Row::new() };
    Row::spread(Row::of(MUTED, name).join(row), right, width)
}
