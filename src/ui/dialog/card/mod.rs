//! The card of a step: what it would change and cost, and how it is started or taken back.

mod foot;
mod keys;
mod sheet;
mod state;

pub use keys::{STOP_WINDOW, show, start};
pub use state::Card;

use crate::domain::catalogue::Guard;
use crate::ui::dialog::prelude::*;
use crate::ui::layout::dialog_content;
use crate::ui::widget::sheet::{Fold, inner_width, room};

impl Dialog for Card {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        self.take(hand)
    }

    fn minds_size(&self) -> bool {
        true
    }

    fn sheet(&self, screen: &Screen<'_>, room: Room) -> Sheet {
        sheet::sheet(screen, self, room.width, room.size, self.fold(screen)).0
    }

    fn hints(&self, screen: &Screen<'_>) -> Hints {
        let tab = Some(if self.breaking.is_some() { "next field" } else { "break glass" });
        let hints = Hints { tab, moves: &["pgup/pgdn scroll"], ..Hints::READ };
        if !self.confirming {
            return hints;
        }
        let counts = match (self.window, self.waits_until) {
            (Some(_), _) => Some("it starts in a moment"),
            (None, Some(_)) => Some("waiting for the dry run"),
            (None, None) => None,
        };
        // Letters go into a field, and can come to something.
        let typed = self.refusal(screen.model, screen).is_none().then_some("type the text");
        let ask = Hints::ask("");
        Hints { typed, counts, enter: self.does(screen), esc: ask.esc, ..hints }
    }

    fn manner(&self) -> Manner {
        let manner = if self.confirming { Manner::FIELD } else { Manner::ASKS };
        manner.scrolling(Scrolls::Itself)
    }

    fn typing(&mut self, facts: &Facts<'_>) -> Vec<Typing<'_>> {
        let found = facts.step(&self.step);
        let wanted = found.and_then(|step| self.wanted(step, facts)).unwrap_or_default();
        let active = self.confirming && !self.at_reason;
        let mut typing = vec![Typing::exactly(&mut self.field, &wanted, active)];
        if let Some((_, reason)) = &mut self.breaking {
            typing.push(Typing::of(reason, Wants::Words, self.at_reason));
        }
        typing
    }

    fn tick(&mut self, model: &mut Model, facts: &Facts<'_>) -> After {
        self.pass(model, facts)
    }

    fn is_counting(&self) -> bool {
        self.window.is_some()
    }

    fn is_stopped_by_any_key(&self) -> bool {
        self.window.is_some() || self.waits_until.is_some()
    }

    /// A sentence for the person may take a row of it at any time. Nothing is hidden in another
    /// dialog that must be read.
    fn fold(&self, screen: &Screen<'_>) -> Fold {
        let size = screen.model.size;
        let content = dialog_content(screen, size);
        let (sheet, must) = sheet::sheet(screen, self, inner_width(content), size, Fold::default());
        Fold::of(sheet.body.len(), must, room(content, sheet.foot.len()))
    }
}

impl Card {
    /// What Enter does once all that is asked for is there.
    fn does(&self, screen: &Screen<'_>) -> Option<&'static str> {
        let step = screen.step(&self.step)?;
        let typed = self.wanted(step, screen).is_some();
        Some(match self.guard(step) {
            _ if typed && self.breaking.is_some() && self.at_reason => "goes on to the text",
            Guard::TypedVerb | Guard::StopWindow => {
                "starts it, after 3 s in which any key stops it"
            }
            Guard::OneKey | Guard::TypedTarget if self.back => "takes it back",
            Guard::OneKey | Guard::TypedTarget => "runs it",
        })
    }
}
