//! Fields that are filled one after the other; Enter goes on to the first that is not right, and
//! accepts in the last one.

use super::fields::typed as typed_row;
use super::prelude::*;
use crate::domain::moment::{check_t0, read_moment};
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::run::state::Run;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// What a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// A T0.
    T0,
    /// A reason.
    Reason,
    /// This word and no other.
    Word(&'static str),
}

impl Ask {
    /// Why a text is not what is asked for; none when it is.
    fn wrong(self, field: &Field, facts: &Facts<'_>) -> Option<String> {
        match self {
            Self::T0 => wanted_t0(&field.text, facts).err(),
            Self::Reason => too_short(field),
            Self::Word(word) => (field.text != word).then(|| format!("type exactly `{word}`")),
        }
    }
}

/// The T0 that was typed, when it may be set.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn wanted_t0(text: &str, facts: &Facts<'_>) -> Result<Stamp, String> {
    let t0 = read_moment(text, facts.now)?;
    let of_run = |run: &Run| [Some(run.opened.0), run.clock.map(|clock| clock.t0)];
    check_t0(t0, facts.run.into_iter().flat_map(of_run).flatten(), facts.now)?;
    Ok(t0)
}

/// The fields, in the order in which they are filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    asks: &'static [Ask],
    /// What was typed, field by field.
    pub fields: Vec<Field>,
    /// The field that has the cursor.
    pub at: usize,
}

impl Asked {
    /// With nothing typed.
    pub fn of(asks: &'static [Ask]) -> Self {
        Self { asks, fields: vec![Field::default(); asks.len()], at: 0 }
    }

    /// What the field with the cursor asks for.
    pub fn asks(&self) -> Ask {
        self.asks[self.at]
    }

    /// True in the last field, where Enter accepts.
    fn at_last(&self) -> bool {
        self.at + 1 == self.asks.len()
    }

    /// What was typed into a field.
    pub(super) fn text(&self, index: usize) -> &str {
        self.fields.get(index).map_or("", |field| &field.text)
    }

    /// The same without the blanks around it, as reasons are recorded.
    pub(super) fn reason(&self, index: usize) -> Clean {
        Clean::new(self.text(index).trim())
    }

    /// A key; none when it accepts all that was typed.
    pub(super) fn press(&mut self, hand: &mut Hand<'_>) -> Option<After> {
        match hand.command {
            Some(Command::NextPanel) => self.at = (self.at + 1) % self.asks.len(),
            Some(Command::Enter) => return self.enter(hand),
            Some(_) | None => {
                self.fields[self.at].press(hand.key);
            }
        }
        Some(After::STAY)
    }

    fn enter(&mut self, hand: &mut Hand<'_>) -> Option<After> {
        let mut asked = self.asks.iter().zip(&self.fields).enumerate();
        let wrong = asked.find_map(|(at, (ask, field))| Some((at, ask.wrong(field, hand.facts)?)));
        let before = self.at;
        let Some((first, why)) = wrong else {
            let accepts = self.at_last();
            self.at = self.asks.len() - 1;
            return (!accepts).then_some(After::STAY);
        };
        self.at = first;
        Some(if first <= before { hand.refuse(why) } else { After::STAY })
    }

    pub(super) fn typing(&mut self) -> Vec<Typing<'_>> {
        let of = |(index, (field, ask))| match ask {
            &Ask::Word(word) => Typing::exactly(field, word, index == self.at),
            Ask::T0 | Ask::Reason => Typing::of(field, Wants::Words, index == self.at),
        };
        self.fields.iter_mut().zip(self.asks).enumerate().map(of).collect()
    }

    /// What Enter does: in the last field, and in one before it.
    pub(super) fn hints(&self, does: &'static str, goes_on: &'static str) -> Hints {
        let hints = Hints { tab: Some("next field"), ..Hints::typed(does) };
        if self.at_last() {
            return hints;
        }
        Hints { enter: Some(goes_on), enter_word: "next field", ..hints }
    }

    /// The fields, or only that with the cursor where there is little room, and how to leave.
    pub(super) fn foot(
        &self,
        screen: &Screen<'_>,
        note: &str,
        width: usize,
        all: bool,
    ) -> Vec<Row> {
        let mut foot = vec![rule(width)];
        for (index, (ask, field)) in self.asks.iter().zip(&self.fields).enumerate() {
            let active = index == self.at;
            foot.extend(match ask {
                _ if !all && !active => Vec::new(),
                Ask::T0 => vec![
                    Row::of(TEXT, "the new T0, in UTC:").cut(width),
                    typed_row(field, active, TEXT, width),
                ],
                Ask::Reason => words_field("the reason:", REASON_CHARS_MIN, field, active, width),
                Ask::Word(word) => {
                    exact(&format!("{} types", screen.me), word, field, active, width)
                }
            });
        }
        foot.push(leave_row(note, width));
        foot
    }
}
