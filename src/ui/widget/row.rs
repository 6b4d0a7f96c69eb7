//! One row of inked text that knows its width, cuts between characters and never in one.

use super::ink::{BORDER, Ink, TEXT};
use super::letters::letters;
pub use super::letters::width_of;

/// `text` in at most `width` cells; what does not fit is replaced by `…`.
pub fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for (letter, cells) in letters(text) {
        if used + cells + 1 > width {
            break;
        }
        used += cells;
        out.push_str(letter);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// `text` in exactly `width` cells.
pub fn fit(text: &str, width: usize) -> String {
    let mut out = cut(text, width);
    let used = width_of(&out);
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

/// `text` broken at spaces into lines of at most `width` cells; longer words are broken anywhere.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let cells = width_of(word);
        if used > 0 && used + 1 + cells > width {
            lines.push(String::new());
            used = 0;
        }
        if used > 0 {
            used += 1;
            push(&mut lines, " ");
        }
        if cells <= width {
            push(&mut lines, word);
            used += cells;
            continue;
        }
        for (letter, cells) in letters(word) {
            if used > 0 && used + cells > width {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, letter);
            used += cells;
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// A row: pieces of text, each with its ink, and what lies under all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pieces: Vec<(Ink, String)>,
    /// The ink under the whole row, for the selected one.
    pub under: Option<Ink>,
}

impl Row {
    /// An empty row.
    pub fn new() -> Self {
        Self::default()
    }

    /// A row of one piece.
    pub fn of(ink: Ink, text: impl AsRef<str>) -> Self {
        Self::new().put(ink, text)
    }

    /// A row of ordinary text.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::of(TEXT, text)
    }

    /// The row with one more piece.
    pub fn put(mut self, ink: Ink, text: impl AsRef<str>) -> Self {
        if !text.as_ref().is_empty() {
            self.pieces.push((ink, text.as_ref().to_owned()));
        }
        self
    }

    /// The row with a piece in exactly `width` cells, and one space after it.
    pub fn cell(self, ink: Ink, text: impl AsRef<str>, width: usize) -> Self {
        self.put(ink, fit(text.as_ref(), width)).put(TEXT, " ")
    }

    /// The row followed by another.
    pub fn join(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// The row with an ink under it.
    pub fn over(mut self, under: Ink) -> Self {
        self.under = Some(under);
        self
    }

    /// Cells that it takes.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| width_of(text)).sum()
    }

    /// True without a piece.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = (Ink, &str)> {
        self.pieces.iter().map(|(ink, text)| (*ink, text.as_str()))
    }

    /// All text without ink.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// The row in at most `width` cells.
    pub fn cut(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut kept = Self { pieces: Vec::new(), under: self.under };
        let mut used = 0;
        for (ink, text) in self.pieces {
            let cells = width_of(&text);
            // One cell is kept back for the ellipsis, since something is surely cut.
            if used + cells < width {
                used += cells;
                kept.pieces.push((ink, text));
            } else {
                let mut text = cut(&format!("{text}  "), width - used);
                if !text.ends_with('…') {
                    text = cut(&format!("{text}…"), width - used);
                }
                kept.pieces.push((ink, text));
                break;
            }
        }
        kept
    }

    /// The row in exactly `width` cells.
    pub fn fit(self, width: usize) -> Self {
        let row = self.cut(width);
        let room = width.saturating_sub(row.width());
        row.put(TEXT, " ".repeat(room))
    }

    /// `left` and `right` at the ends of `width` cells; `left` is cut first.
    pub fn spread(left: Self, right: Self, width: usize) -> Self {
        let right = right.cut(width);
        let room = width.saturating_sub(right.width());
        if room == 0 {
            return right;
        }
        let kept = if right.is_empty() { room } else { room - 1 };
        let under = left.under;
        let mut row = left.cut(kept).fit(room).join(right);
        row.under = under;
        row
    }
}

/// The first row that fits into `width`, else the last one, cut.
pub fn first_fit(rows: Vec<Row>, width: usize) -> Row {
    let mut last = Row::new();
    for row in rows {
        if row.width() <= width {
            return row;
        }
        last = row;
    }
    last.cut(width)
}

/// Pieces of text joined by `gap`, as many from the start as fit into `width`.
pub fn as_many(parts: Vec<Row>, gap: &str, width: usize) -> Row {
    let mut row = Row::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let lead = if row.is_empty() { "" } else { gap };
        if row.width() + lead.len() + part.width() > width && !row.is_empty() {
            continue;
        }
        row = row.put(TEXT, lead).join(part);
    }
    row.cut(width)
}

/// Text wrapped into rows.
pub fn paragraph(ink: Ink, text: &str, width: usize) -> Vec<Row> {
    wrap(text, width).into_iter().map(|line| Row::of(ink, line)).collect()
}

/// A lead and a text wrapped beside it: only the first line has the lead.
pub fn hanging((lead_ink, lead): (Ink, &str), ink: Ink, text: &str, width: usize) -> Vec<Row> {
    let (cells, mut lead) = (width_of(lead), lead.to_owned());
    let line = |line| {
        let lead = std::mem::replace(&mut lead, " ".repeat(cells));
        Row::of(lead_ink, lead).put(ink, line)
    };
    wrap(text, width.saturating_sub(cells)).into_iter().map(line).collect()
}

/// Two lists side by side, the left one so wide, with a line between them.
pub fn beside(left: &[Row], right: &[Row], width: usize, line: &str) -> Vec<Row> {
    (0..left.len().max(right.len()))
        .map(|index| {
            let one = left.get(index).cloned().unwrap_or_default().fit(width);
            let other = right.get(index).cloned().unwrap_or_default();
            one.put(BORDER, line).join(other)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::widget::ink::{MUTED, OK};

    #[test]
    fn cuts_fall_between_characters() {
        let check = |text: &str, width: usize, want: &str| {
            assert_eq!(cut(text, width), want);
            assert_eq!(width_of(&fit(text, width)), width, "{text} in {width}");
        };
        check("promote", 7, "promote");
        check("promote", 6, "promo…");
        check("promote", 1, "…");
        check("promote", 0, "");
        check("東京リージョン", 5, "東京…");
        check("東京リージョン", 6, "東京…");
        check("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…");
    }

    #[test]
    fn rows_are_cut_across_pieces() {
        let row = Row::of(OK, "abc").put(MUTED, "def");
        for (width, want) in [(6, "abcdef"), (5, "abcd…"), (4, "abc…"), (3, "ab…"), (0, "")] {
            assert_eq!(row.clone().cut(width).text(), want);
            assert_eq!(row.clone().fit(width).width(), width);
        }
        assert_eq!(Row::spread(Row::plain("left"), Row::plain("r"), 8).text(), "left   r");
        assert_eq!(Row::spread(Row::plain("left side"), Row::plain("r"), 8).text(), "left … r");
        assert_eq!(Row::spread(Row::plain("left"), Row::plain("right"), 3).text(), "ri…");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("東京都", 3), ["東", "京", "都"]);
    }
}
