//! A frame as lines of text.

use ratatui::buffer::{Buffer, Cell};
use unicode_width::UnicodeWidthStr;

/// The cells of one line that carry a symbol: the second half of a wide character carries none.
pub fn line(buffer: &Buffer, y: u16) -> impl Iterator<Item = (u16, &Cell)> {
    let area = buffer.area;
    let mut skip = 0;
    (area.left()..area.right()).filter_map(move |x| {
        if skip > 0 {
            skip -= 1;
            return None;
        }
        let cell = buffer.cell((x, y))?;
        skip = cell.symbol().width().saturating_sub(1);
        Some((x, cell))
    })
}

/// The frame as lines of text, without spaces at their ends.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let text: String = line(buffer, y).map(|(_, cell)| cell.symbol()).collect();
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}
