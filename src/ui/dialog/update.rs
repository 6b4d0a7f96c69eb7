//! The status update as it will be handed over, and a field for a sentence of the person's own.

use super::prelude::*;
use crate::domain::console::{Access, JournalState};
use crate::domain::text::Clean;
use crate::ui::update_text;

use super::fields::typed;

/// A status update, composed from what is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Update {
    /// The person's own sentence.
    pub field: Field,
}

impl Dialog for Update {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        match hand.command {
            Some(Command::Enter) => {
                let sentence = Clean::new(self.field.text.trim());
                return After::Close(vec![Wish::Update { sentence }]);
            }
            Some(_) => {}
            None => {
                self.field.press(hand.key);
            }
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let mut body = Vec::new();
        for line in update_text::lines(screen, &self.field.text) {
            let parts = wrap(line.as_str(), width.saturating_sub(INDENT.len()));
            for (index, part) in parts.into_iter().enumerate() {
                let lead = if index == 0 { "" } else { INDENT };
                body.push(Row::of(TEXT, format!("{lead}{part}")));
            }
        }
        body.push(
            Row::of(MUTED, "made of what is on the screen, without names of hosts").cut(width),
        );
        let (ink, right, enter) = match is_recorded(screen) {
            Ok(()) => (INFO, "◆3 Enter puts it on record", "Enter = record it and copy it."),
            Err(why) => (WARN, why, "Enter = copy it, NOT recorded."),
        };
        let foot = vec![
            rule(width),
            Row::of(TEXT, "a sentence of your own, or none:").cut(width),
            typed(&self.field, true, TEXT, width),
            leave_row(enter, width),
        ];
        Sheet::of("STATUS UPDATE", Row::of(ink, right), body, foot)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints {
            typed: Some("type a sentence, or none"),
            enter_word: "copy",
            moves: &["pgup/pgdn scroll"],
            ..Hints::ask("copies it")
        }
    }

    fn manner(&self) -> Manner {
        Manner { care: Care::Typed, ..Manner::FIELD }
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        vec![Typing::of(&mut self.field, Wants::Words, true)]
    }
}

/// Cells that the later rows of a line stand to the right.
const INDENT: &str = "    ";

/// Whether it can be put on record.
///
/// # Errors
/// Why not, in a few words.
fn is_recorded(screen: &Screen<'_>) -> Result<(), &'static str> {
    if screen.access == Access::ReadOnly {
        return Err("▲2 read only: not recorded");
    }
    match (screen.run, screen.journal) {
        (_, JournalState::Failed(_) | JournalState::ReadOnly(_)) => {
            Err("▲2 the journal cannot record: not recorded")
        }
        (Some(run), _) if !run.stage.is_closed() => Ok(()),
        (Some(_) | None, _) => Err("▲2 no run is open: not recorded"),
    }
}
