//! A word that must be typed exactly, then a reason: what declaring and giving up share.

use super::prelude::*;
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::text::Clean;

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pair {
    /// The word typed.
    pub word: Field,
    /// The reason typed.
    pub reason: Field,
    /// True when the reason has the cursor.
    pub at_reason: bool,
}

impl Pair {
    pub(super) fn typing(&mut self, wanted: &str) -> Vec<Typing<'_>> {
        vec![
            Typing::exactly(&mut self.word, wanted, !self.at_reason),
            Typing::of(&mut self.reason, Wants::Words, self.at_reason),
        ]
    }

    pub(super) fn hints(&self, does: &'static str) -> Hints {
        let hints = Hints { tab: Some("next field"), ..Hints::typed(does) };
        if self.at_reason {
            return hints;
        }
        Hints { enter: Some("goes on to the reason"), enter_word: "next field", ..hints }
    }

    /// A key; `wish` makes what is asked for of the word and the reason.
    pub(super) fn press(
        &mut self,
        hand: &mut Hand<'_>,
        (command, wanted): (Command, &str),
        wish: fn(String, Clean) -> Intent,
    ) -> After {
        match hand.command {
            Some(Command::NextPanel) => self.at_reason = !self.at_reason,
            Some(Command::Enter) if self.word.text != wanted => {
                self.at_reason = false;
                return hand.refuse(format!("type exactly `{wanted}`"));
            }
            Some(Command::Enter) if !self.at_reason => self.at_reason = true,
            Some(Command::Enter) => {
                if !is_reason(hand, &self.reason) {
                    return After::STAY;
                }
                let reason = Clean::new(self.reason.text.trim());
                let intent = wish(self.word.text.clone(), reason);
                return checked(hand, command, Wish::Intent(intent));
            }
            Some(_) | None => {
                let field = if self.at_reason { &mut self.reason } else { &mut self.word };
                field.press(hand.key);
            }
        }
        After::STAY
    }

    /// The fields, and how to leave.
    pub(super) fn foot(
        &self,
        screen: &Screen<'_>,
        wanted: &str,
        note: &str,
        width: usize,
    ) -> Vec<Row> {
        let mut foot = vec![rule(width)];
        let ask = format!("{} types", screen.me);
        foot.extend(exact(&ask, wanted, &self.word, !self.at_reason, width));
        let (ask, least) = ("the reason:", REASON_CHARS_MIN);
        foot.extend(words_field(ask, least, &self.reason, self.at_reason, width));
        foot.push(leave_row(note).cut(width));
        foot
    }
}
