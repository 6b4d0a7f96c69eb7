//! Text from outside, made harmless once at the door: nothing unsanitised can reach a terminal.
//!
//! A text is cut in few places, and never through a secret: what is to be cut is masked before.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthChar;

/// The longest cleaned text, in characters; the rest is cut and marked with an ellipsis.
pub const CLEAN_CHARS_MAX: usize = 4096;

/// The longest line that a program's output is looked at in, in bytes; the rest is withheld.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Bytes that are not told of a text whose end is missing: a secret that the missing end cut in two
/// is at most this long in its longest form.
pub const CUT_BYTES: usize = 8 * 1024;

/// What is said in the place of the rest of a line that is too long.
pub const WITHHELD: &str = " [the rest of this long line is withheld]";

/// What masks secrets in this process.
static MASK: OnceLock<fn(&str) -> String> = OnceLock::new();

/// From here on every text is masked before it is cut. Said once by a process that has secrets.
pub fn mask_before_cuts(mask: fn(&str) -> String) {
    // A second mask would be the same.
    let _ = MASK.set(mask);
}

fn masked(text: &str) -> Cow<'_, str> {
    MASK.get().map_or(Cow::Borrowed(text), |mask| Cow::Owned(mask(text)))
}

/// `1 look`, `3 looks`.
pub fn several<N: Copy + fmt::Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    format!("{count} {one}{}", if count == N::from(1) { "" } else { "s" })
}

/// At most so many characters of a text, never with a part of a secret at the end; whoever cuts a
/// text from outside uses this.
pub fn head(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    masked(text).chars().take(chars_max).collect()
}

/// A line of which only the beginning is at hand, as far as it can be told.
pub fn line_without_end(beginning: &str) -> String {
    let masked = masked(beginning);
    let told = masked.floor_char_boundary(masked.len().saturating_sub(CUT_BYTES));
    [&masked[..told], WITHHELD].concat()
}

/// Combining marks kept on one cell; the rest is dropped so that no cell can bury its neighbours.
pub const MARKS_PER_CELL_MAX: usize = 4;

/// Text that is safe to print: controls in visible form, direction overrides named, at most four
/// combining marks a cell, bounded length, one line. Copies share it: many rows tell one reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Clean(Arc<str>);

impl Clean {
    /// Cleans text from anywhere. Line breaks become ` / `, tabs a space, other controls their
    /// Unicode picture (`ESC` becomes `␛`).
    pub fn new(text: &str) -> Self {
        Self(clean(text).into())
    }

    /// The clean text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when nothing is left to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl From<String> for Clean {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&str> for Clean {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<Clean> for String {
    fn from(text: Clean) -> Self {
        text.0.as_ref().to_owned()
    }
}

impl PartialEq<str> for Clean {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

fn clean(text: &str) -> Cow<'_, str> {
    let text = text.trim_end_matches(['\n', '\r']);
    // Nearly every text is plain, and every look of every system brings some.
    let plain = |byte: &u8| matches!(byte, b' '..=b'~');
    if text.len() <= CLEAN_CHARS_MAX && text.as_bytes().iter().all(plain) {
        return Cow::Borrowed(text);
    }
    // A bound in characters may be reached by any text of that many bytes.
    let text = if text.len() > CLEAN_CHARS_MAX { masked(text) } else { Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len().min(CLEAN_CHARS_MAX));
    let mut marks = 0;
    let mut kept = 0;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if kept >= CLEAN_CHARS_MAX {
            out.push('…');
            break;
        }
        if character == '\r' && rest.peek() == Some(&'\n') {
            continue;
        }
        if let Some(visible) = visible(character) {
            let more = visible.chars().count();
            // Never a part of a name, so that what is clean stays the same when cleaned again.
            if kept + more > CLEAN_CHARS_MAX {
                out.push('…');
                break;
            }
            out.push_str(&visible);
            kept += more;
            marks = 0;
        } else if character.width() == Some(0) {
            // A mark needs a cell to stand on; a pile of them is an attack or a mistake.
            if marks < MARKS_PER_CELL_MAX && !out.is_empty() {
                out.push(character);
                kept += 1;
            }
            marks += 1;
        } else {
            out.push(character);
            kept += 1;
            marks = 0;
        }
    }
    Cow::Owned(out)
}

/// The printable stand-in of a character that must not be printed itself.
fn visible(character: char) -> Option<String> {
    let code = character as u32;
    match character {
        '\n' | '\u{2028}' | '\u{2029}' => Some(" / ".to_owned()),
        '\t' => Some(" ".to_owned()),
        '\u{7f}' => Some("␡".to_owned()),
        '\0'..='\u{1f}' => char::from_u32(0x2400 + code).map(String::from),
        // C1 controls and format characters; direction marks, embeddings, overrides and isolates,
        // which can make `b` read as `a`; tags and private use, which print as anything.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some(format!("<U+{code:04X}>")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn outside_text_is_made_visible() {
        let check = |given: &str, want: &str| assert_eq!(Clean::new(given).as_str(), want);
        check("plain text", "plain text");
        check("\u{1b}[31mred\u{7}", "␛[31mred␇");
        check("one\r\ntwo\n", "one / two");
        check("a\tb\u{9b}2J", "a b<U+009B>2J");
        check("safe\u{202e}gnp.exe", "safe<U+202E>gnp.exe");
        check("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}", "e\u{301}\u{301}\u{301}\u{301}");
        check("\u{301}alone", "alone");
    }

    #[test]
    fn length_is_bounded() {
        let long = "x".repeat(CLEAN_CHARS_MAX * 3);
        assert_eq!(Clean::new(&long).as_str().chars().count(), CLEAN_CHARS_MAX + 1);
    }

    /// Characters that do harm more often than chance would bring them.
    fn hostile() -> impl Strategy<Value = char> {
        let some = |codes: std::ops::RangeInclusive<u32>| {
            codes.prop_filter_map("a character", char::from_u32)
        };
        prop_oneof![
            any::<char>(),
            some(0..=0x9f),
            some(0x300..=0x36f),
            some(0x600..=0x61c),
            some(0x2000..=0x206f),
            some(0xfe00..=0xfeff),
            some(0x1f1e6..=0x1f64f),
            some(0xe0000..=0xe01ef),
            Just('\u{1b}'),
            Just('['),
            Just('\r'),
            Just('\n'),
        ]
    }

    fn any_text() -> impl Strategy<Value = String> {
        let pieces = proptest::collection::vec(hostile(), 0..60);
        (pieces, prop_oneof![3 => Just(1_usize), 1 => 2..400_usize])
            .prop_map(|(pieces, times)| pieces.into_iter().collect::<String>().repeat(times))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn clean_text_is_harmless_bounded_and_stays_the_same(text in any_text()) {
            let clean = Clean::new(&text);
            let shown = clean.as_str();
            prop_assert!(shown.chars().count() <= CLEAN_CHARS_MAX + 1);
            let harm = shown.chars().find(|shown| {
                shown.is_control() || matches!(u32::from(*shown),
                    0x61c | 0x200e..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069)
            });
            prop_assert_eq!(harm, None);
            prop_assert_eq!(&Clean::new(shown), &clean);
        }

        /// A terminal that is fed clean text prints it: the cursor moves right and nothing else.
        #[test]
        fn clean_text_only_moves_a_cursor_right(text in any_text()) {
            let clean = Clean::new(&text);
            let columns = u16::try_from(2 * CLEAN_CHARS_MAX + 10).expect("it fits");
            let mut terminal = vt100::Parser::new(2, columns, 0);
            let before = terminal.screen().clone();
            let mut last = 0;
            for character in clean.as_str().chars() {
                terminal.process(character.to_string().as_bytes());
                let (row, column) = terminal.screen().cursor_position();
                prop_assert_eq!(row, 0);
                prop_assert!(column >= last, "back from {} to {}", last, column);
                last = column;
            }
            let width: usize = clean.as_str().chars().filter_map(UnicodeWidthChar::width).sum();
            prop_assert!(usize::from(last) <= width, "{} of {}", last, width);
            let screen = terminal.screen();
            prop_assert_eq!(screen.attributes_formatted(), before.attributes_formatted());
            prop_assert_eq!(screen.input_mode_formatted(), before.input_mode_formatted());
            prop_assert_eq!(screen.hide_cursor(), before.hide_cursor());
        }
    }
}
