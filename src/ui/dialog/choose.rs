//! Choosing the runbook, and whether the primary is still there.

use super::prelude::*;
use crate::domain::catalogue::Class;
use crate::domain::run::event::Mode;
use crate::domain::runbook::Runbook;
use crate::domain::time::short_time;
use crate::domain::verdict::Primary;

use super::lossy;

/// Choosing a runbook, its direction and its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choose {
    /// Index into the site's runbooks.
    pub index: usize,
    /// Planned or ungraceful.
    pub mode: Mode,
}

impl Choose {
    /// Of the plan that is wanted: one that leads away from the region that serves.
    pub fn of(facts: &Facts<'_>) -> Self {
        let lost = matches!(facts.assessment.primary, Primary::Red { .. });
        let mode = if lost { Mode::Ungraceful } else { Mode::Planned };
        let active = facts.assessment.active;
        let index = facts.runbooks.iter().position(|plan| plan.from == active).unwrap_or(0);
        Self { index, mode }
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
            Some(Command::Enter) if self.index < count => {
                let (index, mode) = (self.index, self.mode);
                return checked(hand, Command::Choose, Wish::Open { index, mode });
            }
            Some(_) | None => scroll_by(&mut self.index, count, PAGE, hand.command),
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let (mut body, mut at) = (Vec::new(), 0);
        for (index, book) in screen.runbooks.iter().enumerate() {
            let chosen = index == self.index;
            if chosen {
                at = body.len();
            }
            let rows = plan_rows(screen, book, chosen, width).into_iter();
            body.extend(rows.map(|row| if chosen { row.over(SELECTION) } else { row }));
        }
        if body.is_empty() {
            body.push(Row::of(MUTED, "this site has no runbook"));
        }
        body.push(Row::new());
        for (mode, text) in [
            (Mode::Planned, "both regions answer, nothing may be lost"),
            (Mode::Ungraceful, "the primary is lost; lag gates use the accepted ledger"),
        ] {
            let mark = if self.mode == mode { "(x)" } else { "( )" };
            body.push(Row::plain(format!("{mark} {}: {text}", mode.word())).cut(width));
        }
        body.push(Row::new());
        if let Some(book) = screen.runbooks.get(self.index) {
            body.extend(lossy::list(book, width));
        }
        let right = Row::of(MUTED, "Tab = planned or ungraceful");
        let leave = leave_row("Enter = open a run of it. Nothing is run by that.", width);
        let foot = vec![rule(width), leave];
        Sheet::of("CHOOSE A RUNBOOK", right, body, foot).at(at.saturating_sub(2))
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints {
            enter_word: "take",
            tab: Some("planned or ungraceful"),
            moves: &["up/down choose", "pgdn read"],
            ..Hints::ask("opens this run, and runs nothing")
        }
    }

    fn manner(&self) -> Manner {
        Manner::ASKS.scrolling(Scrolls::Pages)
    }
}

/// A plan by its name and title, and what it is made of: beneath each other where one row is too
/// narrow for both.
fn plan_rows(screen: &Screen<'_>, book: &Runbook, chosen: bool, width: usize) -> Vec<Row> {
    let hard = book.steps.iter().filter(|step| step.class == Class::X).count();
    let sum = book.steps.iter().map(|step| step.expect).sum();
    let left = Row::of(FOCUS, if chosen { "▸ " } else { "  " })
        .put(TEXT, format!("{}  {}", book.name, book.title));
    let way = [book.from, book.to].map(|side| phrase::label(screen, side)).join(" > ");
    let (steps, time) = (book.steps.len(), short_time(sum));
    let right =
        Row::of(MUTED, format!("{way}  {steps} steps, {hard} irreversible, {time} one by one"));
    if left.width() + 1 + right.width() <= width {
        return vec![Row::spread(left, right, width)];
    }
    vec![left.cut(width), Row::plain("    ").join(right).cut(width)]
}
