//! One row of inked text that knows its width, cuts between characters and never in one.

use super::ink::{BORDER, Ink, TEXT};
use super::letters::letters;
pub use super::letters::width_of;

/// `text` in at most `width` cells; what does not fit is replaced by `…`.
pub fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut out = text[..kept(text, width)].to_owned();
    if width > 0 {
        out.push('…');
    }
    out
}

/// Bytes of a text that stand before the `…` where it has only so many cells. A number or a time is
/// seen whole, with its unit, or not at all: a part of it would be read as another one.
fn kept(text: &str, width: usize) -> usize {
    let (mut used, mut end) = (0, 0);
    for (letter, cells) in letters(text) {
        used += cells;
        if used + 1 > width {
            break;
        }
        end += letter.len();
    }
    let (head, rest) = text.split_at(end);
    let whole = head.trim_end();
    let before = whole.rfind(' ').map_or("", |at| whole[..at].trim_end());
    let is_torn = !before.is_empty() && is_number(&whole[before.len()..]) && {
        let apart = whole.len() < head.len() || rest.starts_with(' ');
        if apart { whole.ends_with(|last: char| last.is_ascii_digit()) } else { goes_on(rest) }
    };
    if is_torn { before.len() } else { end }
}

/// True for a word that begins as a number or a clock does.
fn is_number(word: &str) -> bool {
    let bare = word.trim_start_matches(|mark: char| !mark.is_alphanumeric());
    bare.strip_prefix("T+").unwrap_or(bare).starts_with(|first: char| first.is_ascii_digit())
}

/// True where a number is not over yet: a digit, a unit, or a mark with a digit behind it.
fn goes_on(rest: &str) -> bool {
    let mut next = rest.chars();
    match next.next() {
        Some('.' | ':' | ',') => next.next().is_some_and(|second| second.is_ascii_digit()),
        Some(first) => first.is_alphanumeric() || first == '%',
        None => false,
    }
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
        let mut left = kept(&self.text(), width);
        let mut shown = Self { pieces: Vec::new(), under: self.under };
        for (ink, mut text) in self.pieces {
            let over = text.len() > left || left == 0;
            if over {
                text.truncate(left);
                text.push_str(if width > 0 { "…" } else { "" });
            }
            left -= text.len().min(left);
            shown.pieces.push((ink, text));
            if over {
                break;
            }
        }
        shown
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
    fn a_number_is_seen_whole_or_not_at_all() {
        let check = |text: &str, width: usize, want: &str| {
            assert_eq!(cut(text, width), want);
            let (one, other) = text.split_at(text.len() / 2);
            let row = Row::of(OK, one).put(MUTED, other).cut(width);
            assert_eq!(row.text(), want, "across pieces");
            assert!(row.width() <= width);
        };
        check("STUCK: 42:43 of p80 02:36", 24, "STUCK: 42:43 of p80…");
        check("STUCK: 42:43 of p80 02:36", 10, "STUCK:…");
        check("by 14:49:30Z", 10, "by…");
        check("forecast T+00:12:55", 15, "forecast…");
        check("group blocks 5432 from", 16, "group blocks…");
        check("group blocks 5432 from", 19, "group blocks…");
        check("group blocks 5432 from", 20, "group blocks 5432 f…");
        check("answers in 12 ms", 14, "answers in…");
        check("answers in 12 ms", 13, "answers in…");
        check("since 12:00:05Z, no route", 17, "since 12:00:05Z,…");
        check("since 12:00:05Z, no route", 16, "since 12:00:05Z…");
        check("since (2h04m) or before", 10, "since…");
        check("late by 1.4s, of 2", 12, "late by…");
        // A name is no number, and what has nothing before it is all there is.
        check("in eu-central-1", 14, "in eu-central…");
        check("20261120-140650", 10, "20261120-…");
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
