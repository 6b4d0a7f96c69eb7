//! Typing into a field: bounded, one line, by keys only.

use crossterm::event::KeyCode;

use super::keymap::Key;

/// The most characters a field takes.
pub const FIELD_CHARS_MAX: usize = 200;

/// Text being typed. Paste is never put in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// The text.
    pub text: String,
    /// The cursor, in characters from the start.
    pub cursor: usize,
}

impl Field {
    /// A field that holds a text already, bounded as if it had been typed.
    pub fn holding(text: &str) -> Self {
        let text: String = text.chars().take(FIELD_CHARS_MAX).collect();
        Self { cursor: text.chars().count(), text }
    }

    /// Takes a key that edits; false when the key is none of those.
    pub fn press(&mut self, key: Key) -> bool {
        let length = self.text.chars().count();
        self.cursor = self.cursor.min(length);
        if let Some(letter) = key.typed() {
            if !letter.is_control() && length < FIELD_CHARS_MAX {
                let at = self.byte_at(self.cursor);
                self.text.insert(at, letter);
                self.cursor += 1;
            }
            return true;
        }
        match (key.code, key.ctrl) {
            (KeyCode::Backspace, _) => self.cut(self.cursor.saturating_sub(1)),
            (KeyCode::Delete, _) if self.cursor < length => {
                self.cursor += 1;
                self.cut(self.cursor - 1);
            }
            (KeyCode::Delete, _) => {}
            (KeyCode::Left, _) => self.cursor = self.cursor.saturating_sub(1),
            (KeyCode::Right, _) => self.cursor = (self.cursor + 1).min(length),
            (KeyCode::Home, _) => self.cursor = 0,
            (KeyCode::End, _) => self.cursor = length,
            (KeyCode::Char('u'), true) => self.cut(0),
            (KeyCode::Char('w'), true) => self.cut(self.word_start()),
            _ => return false,
        }
        true
    }

    /// Empties the field.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Characters without the blanks around them, as reasons are counted.
    pub fn length(&self) -> usize {
        self.text.trim().chars().count()
    }

    fn byte_at(&self, character: usize) -> usize {
        self.text.char_indices().nth(character).map_or(self.text.len(), |(at, _)| at)
    }

    /// Takes out what stands between `from` and the cursor.
    fn cut(&mut self, from: usize) {
        let range = self.byte_at(from)..self.byte_at(self.cursor);
        self.text.replace_range(range, "");
        self.cursor = from;
    }

    /// The start of the word before the cursor.
    fn word_start(&self) -> usize {
        let before: Vec<char> = self.text.chars().take(self.cursor).collect();
        let end = before.iter().rposition(|letter| *letter != ' ').map_or(0, |at| at + 1);
        before[..end].iter().rposition(|letter| *letter == ' ').map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_edited_by_keys() {
        let check = |keys: &str, text: &str, cursor: usize| {
            let mut field = Field::default();
            for key in keys.split(' ') {
                assert!(field.press(Key::parse(key).expect(key)), "{key}");
            }
            assert_eq!((field.text.as_str(), field.cursor), (text, cursor), "{keys}");
        };
        check("a b c", "abc", 3);
        check("a b c backspace", "ab", 2);
        check("a b left left c", "cab", 1);
        check("a b home backspace c end d", "cabd", 4);
        check("a b home delete delete delete", "", 0);
        check("a b space c d space ctrl-w", "ab ", 3);
        check("a b space c d left ctrl-w", "ab d", 3);
        check("a b c left ctrl-u", "c", 0);
        check("é ü left backspace right right", "ü", 1);
    }

    #[test]
    fn a_field_is_bounded_and_takes_no_controls() {
        let mut field = Field::default();
        for _ in 0..FIELD_CHARS_MAX * 2 {
            field.press(Key::plain(KeyCode::Char('x')));
        }
        assert_eq!(field.text.len(), FIELD_CHARS_MAX);
        field.clear();
        field.press(Key::plain(KeyCode::Char('\u{1b}')));
        assert_eq!(field.text, "");
        for other in ["enter", "esc", "tab", "f1", "ctrl-d", "alt-x"] {
            assert!(!field.press(Key::parse(other).expect(other)), "{other}");
        }
    }
}
