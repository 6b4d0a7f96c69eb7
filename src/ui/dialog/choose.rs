//! Choosing the runbook, and whether the primary is still there.

use super::prelude::*;
use crate::domain::catalogue::Class;
use crate::domain::run::event::Mode;
use crate::domain::time::short_time;
use crate::domain::verdict::Primary;

use super::lossy;

/// The rows that it can be scrolled by; the view shows fewer where there are fewer.
const ROWS_MAX: usize = 300;

/// Choosing a runbook, its direction and its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choose {
    /// Index into the site's runbooks.
    pub index: usize,
    /// Planned or ungraceful.
    pub mode: Mode,
    /// First row shown of what changes with the mode.
    pub scroll: usize,
}

impl Choose {
    /// Of the plan that is wanted: one that leads away from the region that serves.
    pub fn of(facts: &Facts<'_>) -> Self {
        let lost = matches!(facts.assessment.primary, Primary::Red { .. });
        let mode = if lost { Mode::Ungraceful } else { Mode::Planned };
        let active = facts.assessment.active;
        let index = facts.runbooks.iter().position(|plan| plan.from == active).unwrap_or(0);
        Self { index, mode, scroll: 0 }
    }
}

impl Dialog for Choose {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        let count = hand.facts.runbooks.len();
        match hand.command {
            Some(Command::NextPanel) => {
                self.mode = match self.mode {
                    Mode::Planned => Mode::Ungraceful,
                    Mode::Ungraceful => Mode::Planned,
                };
            }
            Some(Command::PageUp | Command::PageDown) => {
                scroll_by(&mut self.scroll, ROWS_MAX, PAGE / 2, hand.command);
            }
            Some(Command::Enter) if self.index < count => {
                let (index, mode) = (self.index, self.mode);
                return checked(hand, Command::Choose, Wish::Open { index, mode });
            }
            Some(_) | None => scroll_by(&mut self.index, count, PAGE, hand.command),
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let mut body: Vec<Row> = screen
            .runbooks
            .iter()
            .enumerate()
            .map(|(index, book)| {
                let chosen = index == self.index;
                let hard = book.steps.iter().filter(|step| step.class == Class::X).count();
                let sum = book.steps.iter().map(|step| step.expect).sum();
                let left = Row::of(FOCUS, if chosen { "▸ " } else { "  " })
                    .put(TEXT, format!("{}  {}", book.name, book.title));
                let right = Row::of(
                    MUTED,
                    format!(
                        "{} > {}  {} steps, {hard} irreversible, {} one by one",
                        phrase::label(screen, book.from),
                        phrase::label(screen, book.to),
                        book.steps.len(),
                        short_time(sum)
                    ),
                );
                let row = Row::spread(left, right, width);
                if chosen { row.over(SELECTION) } else { row }
            })
            .collect();
        if body.is_empty() {
            body.push(Row::of(MUTED, "this site has no runbook"));
        }
        body.push(Row::new());
        let mode = |mode: Mode, text: &str| {
            let mark = if self.mode == mode { "(x)" } else { "( )" };
            vec![Row::plain(format!("{mark} {}: {text}", mode.word())).cut(width)]
        };
        body.extend(mode(Mode::Planned, "both regions answer, nothing may be lost"));
        body.extend(mode(
            Mode::Ungraceful,
            "the primary is lost; lag gates use the accepted ledger",
        ));
        body.push(Row::new());
        if let Some(book) = screen.runbooks.get(self.index) {
            body.extend(lossy::list(book, width));
        }
        Sheet {
            title: Row::plain("CHOOSE A RUNBOOK"),
            right: Row::of(MUTED, "Tab = planned or ungraceful"),
            body,
            foot: vec![
                rule(width),
                leave_row("Enter = open a run of it. Nothing is run by that.").cut(width),
            ],
            scroll: self.scroll.max(self.index.saturating_sub(2)),
        }
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints {
            enter_word: "take",
            tab: Some("planned or ungraceful"),
            moves: &["up/down choose", "pgdn read"],
            ..Hints::ask("opens this run, and runs nothing")
        }
    }
}
