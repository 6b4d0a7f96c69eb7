//! A dialog over the content: a body that scrolls and a foot that is always seen.

use ratatui::layout::Rect;

use super::canvas::{Canvas, FrameLook, rows_of};
use super::ink::{MUTED, TEXT};
use super::row::Row;

/// What a dialog shows.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// What it is about.
    pub title: Row,
    /// The danger, at the right of the title.
    pub right: Row,
    /// What scrolls.
    pub body: Vec<Row>,
    /// What is always seen: the fields, and how to leave.
    pub foot: Vec<Row>,
    /// First row of the body.
    pub scroll: usize,
}

impl Sheet {
    /// From its beginning.
    pub fn of(title: impl AsRef<str>, right: Row, body: Vec<Row>, foot: Vec<Row>) -> Self {
        Self { title: Row::plain(title), right, body, foot, scroll: 0 }
    }

    /// The same from a row on.
    pub fn at(self, scroll: usize) -> Self {
        Self { scroll, ..self }
    }
}

/// The room that a dialog is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Cells inside.
    pub width: usize,
    /// Rows of the content that it lies over.
    pub rows: usize,
    /// Columns and rows of the whole terminal.
    pub size: (u16, u16),
}

impl Room {
    /// Over this content of a terminal.
    pub fn of(content: Rect, size: (u16, u16)) -> Self {
        Self { width: inner_width(content), rows: usize::from(content.height), size }
    }
}

/// The widest a dialog gets: longer lines are hard to read.
pub const WIDTH_MAX: u16 = 156;

/// The width inside a dialog drawn into `content`.
pub fn inner_width(content: Rect) -> usize {
    let width = content.width.min(WIDTH_MAX);
    usize::from(if framed(content) { width.saturating_sub(4) } else { width })
}

/// True where there is room for a frame.
fn framed(content: Rect) -> bool {
    content.width >= 60 && content.height >= 8
}

/// How far a body can be scrolled, and must be before all that must be read was on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fold {
    /// The first row shown from which the last of those rows is seen.
    pub last: usize,
    /// Rows that are surely seen at once.
    pub page: usize,
    /// The first row shown from which the last row of all is seen.
    pub end: usize,
}

impl Fold {
    /// Of a body of so many rows, of which the first `must` are to be read, in a room.
    pub fn of(rows: usize, must: usize, room: usize) -> Self {
        // The last row of the room may say how many more follow.
        let page = room.saturating_sub(1).max(1);
        let (last, end) =
            if rows <= room { (0, 0) } else { (must.saturating_sub(page), rows - room) };
        Self { last, page, end }
    }
}

/// The rows of the body that are seen over a foot of so many rows.
pub fn room(content: Rect, foot: usize) -> usize {
    let taken = if framed(content) { 2 } else { 1 };
    usize::from(content.height).saturating_sub(taken + foot)
}

/// Draws a dialog over the content.
pub fn draw(canvas: &mut Canvas<'_>, content: Rect, sheet: &Sheet) {
    draw_with(canvas, content, sheet, &sheet.body);
}

/// The same with a body that is kept elsewhere, as it is long.
pub fn draw_with(canvas: &mut Canvas<'_>, content: Rect, sheet: &Sheet, body: &[Row]) {
    canvas.clear(content);
    let width = content.width.min(WIDTH_MAX);
    let left = content.x + (content.width - width) / 2;
    let outer = Rect::new(left, content.y, width, content.height);
    let inner = if framed(content) {
        let wanted = u16::try_from(body.len() + sheet.foot.len() + 3).unwrap_or(u16::MAX);
        let outer = Rect::new(left, content.y, width, content.height.min(wanted));
        let (title, right) = (sheet.title.clone(), sheet.right.clone());
        canvas.panel(outer, &FrameLook { title, right, below: Row::new(), focused: true })
    } else {
        let title = Row::spread(sheet.title.clone(), sheet.right.clone(), usize::from(outer.width));
        canvas.row(outer.x, outer.y, outer.width, &title);
        rows_of(outer, 1).1
    };
    let height = usize::from(inner.height);
    // The end of the foot holds the field and how to leave: it stays when there is no room for all.
    let foot_rows = sheet.foot.len().min(height);
    let foot = &sheet.foot[sheet.foot.len() - foot_rows..];
    let room = height - foot_rows;
    let mut rows = window(body, sheet.scroll, room);
    if let Some(last) = rows.pop_if(|_| sheet.scroll.saturating_add(room) < body.len()) {
        rows.push(last.put(MUTED, MORE));
    }
    canvas.rows(inner, &rows);
    let (_, below) = rows_of(inner, u16::try_from(room).unwrap_or(u16::MAX));
    canvas.rows(below, foot);
}

/// What brings into sight what a dialog has more.
const MORE: &str = ": pgdn";

/// The rows of a list that are seen from `scroll`, with a last row that tells how many more follow.
pub fn window(rows: &[Row], scroll: usize, room: usize) -> Vec<Row> {
    if rows.len() <= room {
        return rows.to_vec();
    }
    if room == 0 {
        return Vec::new();
    }
    let from = scroll.min(rows.len() + 1 - room);
    let left = rows.len() - from;
    if left <= room {
        return rows[from..].to_vec();
    }
    let mut shown = rows[from..from + room - 1].to_vec();
    let more = left + 1 - room;
    shown.push(Row::of(TEXT, "  ").put(MUTED, format!("… {more} more below")));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_with_what_is_left() {
        let rows: Vec<Row> = (0..5).map(|number| Row::plain(number.to_string())).collect();
        let check = |scroll: usize, room: usize, want: &[&str]| {
            let got: Vec<String> = window(&rows, scroll, room).iter().map(Row::text).collect();
            assert_eq!(got, want, "{scroll} {room}");
        };
        check(0, 5, &["0", "1", "2", "3", "4"]);
        check(0, 3, &["0", "1", "  … 3 more below"]);
        check(1, 3, &["1", "2", "  … 2 more below"]);
        check(9, 3, &["3", "4"]);
        check(0, 0, &[]);
    }
}
