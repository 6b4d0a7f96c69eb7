//! Puts rows and frames on the terminal's buffer; the one place where characters meet cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{BORDER, FOCUS, Ink, TEXT};
use super::letters::letters;
use super::row::Row;
use crate::ui::theme::{Theme, Token};

/// The characters that we draw ourselves, with what stands for them where only ASCII is possible.
const ASCII: &[(&str, &str)] = &[
    ("■", "#"),
    ("▲", "^"),
    ("◆", "*"),
    ("▸", "-"),
    ("…", "~"),
    ("█", "#"),
    ("▀", "\""),
    ("▄", "."),
    ("░", "."),
    ("▁", "_"),
    ("▂", "_"),
    ("▃", "-"),
    ("▅", "="),
    ("▆", "="),
    ("▇", "#"),
    ("─", "-"),
    ("━", "="),
    ("│", "|"),
    ("┃", "|"),
    ("┌", "+"),
    ("┐", "+"),
    ("└", "+"),
    ("┘", "+"),
    ("┏", "+"),
    ("┓", "+"),
    ("┗", "+"),
    ("┛", "+"),
];

/// The frame around a panel.
#[derive(Debug, Clone, Default)]
pub struct FrameLook {
    /// What stands in the upper line, left.
    pub title: Row,
    /// What stands in the upper line, right.
    pub right: Row,
    /// What stands in the lower line.
    pub below: Row,
    /// True for the panel that has the keys: thick lines, so that it needs no colour.
    pub focused: bool,
}

/// The buffer with the styles to draw with.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    ascii: bool,
}

impl<'a> Canvas<'a> {
    /// A canvas on a buffer, its ground painted.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, ascii: bool) -> Self {
        let area = buffer.area;
        buffer.set_style(area, ground(theme));
        Self { buffer, theme, ascii }
    }

    /// True where only ASCII is possible.
    pub fn ascii(&self) -> bool {
        self.ascii
    }

    /// The whole area.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    fn style(&self, ink: Ink, under: Option<Ink>) -> Style {
        let under = under.map_or_else(Style::new, |under| self.theme.style(under));
        ground(self.theme).patch(under).patch(self.theme.style(ink))
    }

    /// One row in exactly `width` cells; nothing outside the buffer is touched.
    pub fn row(&mut self, x: u16, y: u16, width: u16, row: &Row) {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x >= area.right() {
            return;
        }
        let width = width.min(area.right() - x);
        let row = row.clone().fit(usize::from(width));
        let mut at = x;
        for (ink, text) in row.pieces() {
            let style = self.style(ink, row.under);
            for (letter, cells) in letters(text) {
                let cells = u16::try_from(cells).unwrap_or(u16::MAX);
                if cells > 0 && cells <= (x + width).saturating_sub(at) {
                    self.letter((at, y), cells, letter, style);
                    at += cells;
                }
            }
        }
    }

    fn letter(&mut self, (x, y): (u16, u16), cells: u16, letter: &str, style: Style) {
        let shown: &str = if !self.ascii || letter.is_ascii() {
            letter
        } else {
            ASCII.iter().find(|(from, _)| *from == letter).map_or("?", |(_, to)| *to)
        };
        for place in x..x + cells {
            let Some(cell) = self.buffer.cell_mut((place, y)) else { continue };
            cell.reset();
            cell.set_style(style);
            if place == x || shown == "?" {
                cell.set_symbol(shown);
            }
        }
    }

    /// Rows from the top of an area; what does not fit is left out.
    pub fn rows(&mut self, area: Rect, rows: &[Row]) {
        for (y, row) in (area.top()..area.bottom()).zip(rows) {
            self.row(area.x, y, area.width, row);
        }
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        for y in area.top()..area.bottom() {
            self.row(area.x, y, area.width, &Row::new());
        }
    }

    /// A frame; the area inside it. Areas too small for one are left as they are.
    pub fn frame(&mut self, area: Rect, look: &FrameLook) -> Rect {
        if area.width < 4 || area.height < 2 {
            return area;
        }
        let lines = if look.focused {
            ["┏", "┓", "┃", "┗", "┛"]
        } else {
            ["┌", "┐", "│", "└", "┘"]
        };
        let [top_left, top_right, side, bottom_left, bottom_right] = lines;
        let (ink, _) = line_of(look.focused);
        let inner = usize::from(area.width) - 2;
        let upper = ruled(&look.title, &look.right, look.focused, inner);
        let lower = ruled(&look.below, &Row::new(), look.focused, inner);
        let edge = |left: &str, row: Row, right: &str| Row::of(ink, left).join(row).put(ink, right);
        self.row(area.x, area.y, area.width, &edge(top_left, upper, top_right));
        let last = area.bottom() - 1;
        self.row(area.x, last, area.width, &edge(bottom_left, lower, bottom_right));
        let wall = Row::of(ink, side);
        for y in area.y + 1..last {
            self.row(area.x, y, 1, &wall);
            self.row(area.right() - 1, y, 1, &wall);
        }
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }

    /// The same; a cell at each side of what is inside stays free.
    pub fn panel(&mut self, area: Rect, look: &FrameLook) -> Rect {
        let inner = self.frame(area, look);
        Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
    }
}

fn ground(theme: &Theme) -> Style {
    theme.style(Token::Background).patch(theme.style(TEXT))
}

/// The upper rows of an area, as many as there are of so many, and the rest.
pub fn rows_of(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    (Rect { height, ..area }, rest)
}

/// The left columns of an area, and the rest.
pub fn columns_of(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    let rest = Rect { x: area.x + width, width: area.width - width, ..area };
    (Rect { width, ..area }, rest)
}

/// The ink and the dash of a line around what has the keys, or has not.
fn line_of(focused: bool) -> (Ink, &'static str) {
    if focused { (FOCUS, "━") } else { (BORDER, "─") }
}

/// A line with words in it: `─ left ───── right ─`.
pub fn ruled(left: &Row, right: &Row, focused: bool, width: usize) -> Row {
    let (ink, flat) = line_of(focused);
    let pad = |row: &Row| {
        if row.is_empty() {
            Row::new()
        } else {
            Row::of(TEXT, " ").join(row.clone()).put(TEXT, " ")
        }
    };
    let right = pad(right).cut(width.saturating_sub(2));
    let room = width.saturating_sub(right.width() + 2);
    let left = pad(left).cut(room);
    let dashes = width.saturating_sub(left.width() + right.width() + 2);
    if width < 2 {
        return Row::of(ink, flat.repeat(width));
    }
    Row::of(ink, flat).join(left).put(ink, flat.repeat(dashes)).join(right).put(ink, flat)
}
