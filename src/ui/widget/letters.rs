//! A text as a reader takes it: one letter after the other, each with the cells that it fills.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The letters of a text in their order, each with its cells.
///
/// What screens are made of (printable ASCII, rules and blocks) is one cell each and joins with
/// nothing of its kind; to look each up in the tables of Unicode costs more than to draw it.
pub fn letters(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices();
        let (_, first) = chars.next()?;
        let next = chars.next();
        let end = next.map_or(rest.len(), |(at, _)| at);
        // A mark that follows belongs to the letter before it.
        let alone = is_plain(first) && next.is_none_or(|(_, next)| is_plain(next));
        let (letter, after) = if alone {
            rest.split_at(end)
        } else {
            let whole = rest.graphemes(true).next().map_or(rest.len(), str::len);
            rest.split_at(whole)
        };
        rest = after;
        Some((letter, if alone { 1 } else { letter.width() }))
    })
}

/// Cells that a text takes.
pub fn width_of(text: &str) -> usize {
    letters(text).map(|(_, cells)| cells).sum()
}

/// Printable ASCII, box drawing and block elements, and the marks of this program.
fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{2500}'..='\u{259f}' | '■' | '▲' | '◆' | '▸' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand::chance::Chance;

    #[test]
    fn letters_are_those_of_unicode() {
        let check = |text: &str| {
            let ours: Vec<(&str, usize)> = letters(text).collect();
            let theirs: Vec<(&str, usize)> =
                text.graphemes(true).map(|letter| (letter, letter.width())).collect();
            assert_eq!(ours, theirs, "{text:?}");
        };
        let parts = [
            "a", " ", "~", "─", "█", "■", "▲", "◆", "▸", "…", "e\u{301}", "\u{301}", "\u{fe0f}",
            "\u{200d}", "👩", "🏽", "日", "ß", "한", "\u{1100}", "\u{1161}", "क", "्", "ष", "🇩",
            "🇪", "\u{600}", "▶", "☎", "ก", "ำ",
        ];
        for seed in 0..2000 {
            let mut chance = Chance(seed);
            let count = chance.below(9);
            let text: String = (0..count)
                .map(|_| {
                    let at = chance.below(u64::try_from(parts.len()).unwrap());
                    parts[usize::try_from(at).unwrap()]
                })
                .collect();
            check(&text);
        }
    }
}
