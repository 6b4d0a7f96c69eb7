//! One key as people write it: `r`, `R`, `ctrl-d`, `space`, `f1`.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers. Shift is part of the character: `R`, not `shift-r`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// With control held.
    pub ctrl: bool,
    /// With alt held.
    pub alt: bool,
}

/// Keys that have a name instead of a character.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("page-up", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
];

/// Function keys that may be bound.
const FUNCTION_KEYS: std::ops::RangeInclusive<u8> = 1..=12;

impl Key {
    /// A key without modifiers.
    pub fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// The key of a terminal's event, whatever else the event says of it.
    pub fn of_event(event: KeyEvent) -> Self {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(letter) if ctrl => KeyCode::Char(letter.to_ascii_lowercase()),
            // Some terminals tell shift and the small letter.
            KeyCode::Char(letter) if shift => KeyCode::Char(letter.to_ascii_uppercase()),
            KeyCode::Tab if shift => KeyCode::BackTab,
            code => code,
        };
        Self { code, ctrl, alt }
    }

    /// Reads one key as people write it.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut ctrl, mut alt, mut rest) = (false, false, text);
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|after| !after.is_empty()) {
                (ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|after| !after.is_empty())
            {
                (alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) if !letter.is_control() && letter != ' ' => {
                KeyCode::Char(if ctrl { letter.to_ascii_lowercase() } else { letter })
            }
            _ => named(rest)?,
        };
        Some(Self { code, ctrl, alt })
    }

    /// The character that the key types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if !self.ctrl && !self.alt => Some(letter),
            _ => None,
        }
    }

    /// True for keys that terminals, shells or this console need for themselves: ctrl with c, z, s,
    /// q; and ctrl with h, i, j, m, [, which terminals send for backspace, tab, enter and esc.
    pub fn is_reserved(self) -> bool {
        self.ctrl
            && matches!(self.code, KeyCode::Char('c' | 'z' | 's' | 'q' | 'h'..='j' | 'm' | '['))
    }

    /// True for keys that move in some preset, or that hands press by habit: no verb may sit there.
    pub fn is_for_movement(self) -> bool {
        let moves = matches!(
            self.code,
            KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right | KeyCode::Delete
        );
        let letters = matches!(self.typed(), Some('h' | 'j' | 'k' | 'l' | 'g' | 'G' | 'd'));
        moves || letters
    }
}

fn named(name: &str) -> Option<KeyCode> {
    let function = name.strip_prefix('f').and_then(|number| number.parse().ok());
    match function {
        Some(number) if FUNCTION_KEYS.contains(&number) => Some(KeyCode::F(number)),
        Some(_) | None => NAMED.iter().find(|(known, _)| *known == name).map(|(_, code)| *code),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        if self.ctrl {
            text.push_str("ctrl-");
        }
        if self.alt {
            text.push_str("alt-");
        }
        let name = NAMED.iter().find(|(_, code)| *code == self.code).map(|(name, _)| *name);
        match (name, self.code) {
            (Some(name), _) => text.push_str(name),
            (None, KeyCode::Char(letter)) => text.push(letter),
            (None, KeyCode::F(number)) => {
                text.push('f');
                text.push_str(&number.to_string());
            }
            (None, _) => text.push_str("unnamed"),
        }
        out.pad(&text)
    }
}

/// Keys as people write them: `g g`.
pub fn text_of(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_they_are_read() {
        let all =
            "r R ? ctrl-d alt-v ctrl-alt-x space enter esc tab shift-tab f1 f12 up page-down - é";
        for text in all.split(' ') {
            let key = Key::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(key.to_string(), text);
        }
        for bad in ["", "ctrl-", "f0", "f13", "hyper-x", "ab", "Enter", "\u{1b}"] {
            assert_eq!(Key::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn terminals_tell_the_same_key_in_different_ways() {
        let check = |code: KeyCode, modifiers: KeyModifiers, want: &str| {
            assert_eq!(Key::of_event(KeyEvent::new(code, modifiers)).to_string(), want);
        };
        check(KeyCode::Char('R'), KeyModifiers::SHIFT, "R");
        check(KeyCode::Char('r'), KeyModifiers::SHIFT, "R");
        check(KeyCode::Char('R'), KeyModifiers::NONE, "R");
        check(KeyCode::Char('D'), KeyModifiers::CONTROL, "ctrl-d");
        check(KeyCode::Tab, KeyModifiers::SHIFT, "shift-tab");
        check(KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab");
    }
}
