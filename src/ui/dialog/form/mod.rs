//! Forms with one field or none: a note, a reason, a value, a question that Enter answers.

mod purpose;
mod rows;

pub use self::purpose::Purpose;

use self::rows::{key_rows, told_rows};
use super::prelude::*;
use crossterm::event::KeyCode;

use crate::domain::text::{Clean, several};
use crate::ui::available::{why_not_accept, why_not_step};
use crate::ui::meant::meant;
use crate::ui::replay::Target;

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// What it asks for.
    pub purpose: Purpose,
    /// What was typed.
    pub field: Field,
}

impl Form {
    /// An empty form.
    pub fn of(purpose: Purpose) -> Self {
        Self { purpose, field: Field::default() }
    }

    /// What Enter asks for.
    ///
    /// # Errors
    /// What is missing, or why it cannot be.
    fn accepted(&self, facts: &Facts<'_>, model: &Model) -> Result<Wish, Clean> {
        let purpose = &self.purpose;
        let step = purpose.step().and_then(|id| facts.step(id));
        let why = match purpose {
            Purpose::Criterion(_, met) => why_not_accept(*met, facts),
            _ => why_not_step(purpose.command(), facts, model, step),
        };
        if let Some(why) = why {
            return Err(why);
        }
        let mut text = self.field.text.trim();
        if let Some(wanted) = purpose.exactly() {
            text = &self.field.text;
            if text != wanted {
                return Err(format!("type exactly `{wanted}`").into());
            }
        }
        if let Purpose::Resolve(_, None) = purpose {
            return Err("choose first whether it is done or not done".into());
        }
        let least = purpose.least_chars(facts);
        if self.field.length() < least {
            return Err(format!("this needs at least {}", several(least, "character")).into());
        }
        let wish = purpose.wish(Clean::new(text));
        wish.ok_or_else(|| format!("write {}", Target::FORMS).into())
    }
}

impl Dialog for Form {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        match (hand.command, &mut self.purpose) {
            (Some(Command::Enter), _) => {
                return match self.accepted(hand.facts, hand.model) {
                    Ok(wish) => After::Close(vec![wish]),
                    Err(why) => hand.refuse(why),
                };
            }
            (Some(Command::NextPanel), Purpose::Resolve(_, done)) => {
                *done = Some(!done.unwrap_or(false));
            }
            (Some(Command::NextPanel), Purpose::Retry(_, Some(new_key))) => *new_key = !*new_key,
            (Some(Command::NextPanel), Purpose::Escalate(step)) => {
                *step = match step {
                    Some(_) => None,
                    None => meant(hand.facts, hand.model).map(|step| step.id.clone()),
                };
            }
            (None, Purpose::Resolve(_, done))
                if self.field.text.is_empty()
                    && matches!(hand.key.code, KeyCode::Left | KeyCode::Right) =>
            {
                *done = Some(hand.key.code == KeyCode::Left);
            }
            (Some(_) | None, purpose) if purpose.is_question() => {}
            (Some(_) | None, _) => {
                self.field.press(hand.key);
            }
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let Self { purpose, field } = self;
        let [title, text, ask, _] = purpose.says(screen.is_aborting());
        let mut body = if text.is_empty() { Vec::new() } else { paragraph(TEXT, text, width) };
        body.extend(told_rows(screen, purpose, width));
        let mut foot = vec![rule(width)];
        if let Purpose::Resolve(_, answer) = purpose {
            let mark = |want: bool| if *answer == Some(want) { "(x)" } else { "( )" };
            foot.push(
                Row::plain(format!("{} it took effect   {} it did not", mark(true), mark(false)))
                    .put(FOCUS, "   Tab chooses"),
            );
        }
        if let Purpose::Retry(_, Some(new_key)) = purpose {
            foot.extend(key_rows(*new_key, width));
        }
        foot.extend(match purpose.exactly() {
            Some(text) if ask.is_empty() => {
                exact(&format!("{} types", screen.me), &text, field, true, width)
            }
            Some(text) => exact(ask, &text, field, true, width),
            None if purpose.is_question() => Vec::new(),
            None => words_field(ask, purpose.least_chars(screen), field, true, width),
        });
        let refused = match self.accepted(screen, screen.model) {
            Ok(Wish::Intent(intent)) => screen.decides(&intent).is_err(),
            Ok(_) | Err(_) => false,
        };
        foot.push(leave_row(if refused { "" } else { purpose.enter() }, width));
        let right = match purpose {
            Purpose::Leave => Row::of(INFO, "◆3 the run stays open"),
            _ => Row::new(),
        };
        Sheet::of(title, right, body, foot)
    }

    fn hints(&self, screen: &Screen<'_>) -> Hints {
        let [.., does] = self.purpose.says(screen.is_aborting());
        let typed = match &self.purpose {
            Purpose::Arm => Some("type `arm`"),
            question if question.is_question() => None,
            _ => Some("type"),
        };
        Hints { typed, tab: self.purpose.choice(), ..Hints::ask(does) }
    }

    fn manner(&self) -> Manner {
        if self.purpose.is_question() {
            return Manner::ASKS;
        }
        let writes = matches!(self.purpose, Purpose::Note | Purpose::Seek);
        let care = if writes { Care::Read } else { Care::Answered };
        Manner { care, ..Manner::FIELD }
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        if self.purpose.is_question() {
            return Vec::new();
        }
        let wants = self.purpose.exactly().map_or(Wants::Words, Wants::Exactly);
        vec![Typing::of(&mut self.field, wants, true)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::StepId;
    use crate::domain::run::phase::Phase;
    use crate::ui::fixture;

    #[test]
    fn what_is_known_of_an_unknown_attempt_is_read_to_its_end() {
        let told = "pg in B is another server than the screen showed, or was started anew: \
                    expected 7710684531466381091 started 2026-11-20T14:02:10.123456Z, \
                    met 7710684531466381091 started 2026-11-20T15:31:44.654321Z";
        for width in [46, 76, 116] {
            let mut fixture = fixture::of("resolve").expect("the moment exists");
            let run = fixture.run.as_mut().expect("a run");
            for state in run.steps.iter_mut().filter(|state| state.phase == Phase::Unknown) {
                state.evidence = told.into();
            }
            let purpose = Purpose::Resolve(StepId::new("promote-pg").expect("a name"), None);
            let body = Form::of(purpose)
                .sheet(&fixture.screen(), Room { width, rows: 24, size: (120, 24) })
                .body;
            let text: Vec<String> = body.iter().map(Row::text).collect();
            assert!(body.iter().all(|row| row.width() <= width), "{text:#?}");
            let words: Vec<&str> = text.iter().flat_map(|row| row.split_whitespace()).collect();
            let words = words.join(" ");
            assert!(words.contains(&format!("UNKNOWN: {told}")), "{text:#?}");
        }
    }
}
