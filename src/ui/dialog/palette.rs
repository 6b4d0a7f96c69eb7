//! The palette: what was typed, what it could mean, with keys and why it cannot be used now.

use super::prelude::*;
use crate::ui::palette::{PaletteRow, Taken, nothing, rows, spelled};
use crate::ui::widget::ink::KEY;

use super::fields::typed;

/// The widest that names and their arguments get.
const NAME_CELLS_MAX: usize = 28;

/// The widest that the keys get.
const KEY_CELLS: usize = 9;

/// Rows of the frame and the foot, which the list leaves free.
const FIXED_ROWS: usize = 6;

/// Under this many rows a list has no room.
const SMALL_ROWS: usize = 8;

/// Every command by its name. Enter opens what the command's key opens; no step is ever run by it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    /// What was typed: the beginning of a name, or a name and its arguments.
    pub field: Field,
    /// The row that Enter takes.
    pub chosen: usize,
}

impl Palette {
    /// With a text in its field.
    pub fn holding(text: &str) -> Self {
        Self { field: Field::holding(text), chosen: 0 }
    }

    fn enter(&mut self, hand: &mut Hand<'_>) -> After {
        let row = rows(&self.field.text, hand.facts, hand.model).into_iter().nth(self.chosen);
        match row.map(|row| row.taken) {
            Some(Taken::Do(command, given)) => After::Obey(command, given),
            None => hand.refuse(nothing(&self.field.text, hand.facts)),
            Some(Taken::Complete(text)) => {
                self.field = Field::holding(&text);
                After::STAY
            }
        }
    }

    fn complete(&mut self, model: &Model, facts: &Facts<'_>) {
        let found = rows(&self.field.text, facts, model).into_iter().nth(self.chosen);
        let Some(row) = found else { return };
        let text = match row.taken {
            Taken::Complete(text) => text,
            // What follows the name stays as it was typed.
            Taken::Do(..) if spelled(&self.field.text).is_some() => return,
            Taken::Do(..) => format!("{} ", row.name),
        };
        *self = Self::holding(&text);
    }
}

impl Dialog for Palette {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        match hand.command {
            Some(Command::Enter) => return self.enter(hand),
            Some(Command::NextPanel) => self.complete(hand.model, hand.facts),
            Some(moves) if moves.is_scroll() => {
                let count = rows(&self.field.text, hand.facts, hand.model).len();
                scroll_by(&mut self.chosen, count, PAGE, hand.command);
            }
            Some(_) => {}
            None => {
                let before = self.field.text.clone();
                self.field.press(hand.key);
                if self.field.text != before {
                    self.chosen = 0;
                }
            }
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, room: Room) -> Sheet {
        sheet(screen, &self.field, self.chosen, room.width, room.rows)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints {
            enter_word: "open",
            tab: Some("complete"),
            moves: &["up/down choose"],
            ..Hints::typed("opens it")
        }
    }

    fn manner(&self) -> Manner {
        Manner { care: Care::Typed, ..Manner::FIELD.scrolling(Scrolls::Itself) }
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        vec![Typing::of(&mut self.field, Wants::Name, true)]
    }
}

/// The sheet; `room` is the height of the content.
fn sheet(screen: &Screen<'_>, field: &Field, chosen: usize, width: usize, room: usize) -> Sheet {
    let found = rows(&field.text, screen, screen.model);
    let cells = |row: &PaletteRow| width_of(&row.name) + 1 + row.usage.len();
    let name = found.iter().map(cells).max().unwrap_or(0).min(NAME_CELLS_MAX);
    let mut body: Vec<Row> = found
        .iter()
        .enumerate()
        .map(|(index, row)| line(screen, row, index == chosen, name).cut(width))
        .collect();
    if body.is_empty() {
        let why = nothing(&field.text, screen);
        body.extend(wrap(&why, width).into_iter().map(|line| Row::of(WARN, line)));
    }
    if room < SMALL_ROWS {
        // One row is all there is room for: the one that Enter would take.
        let taken = found.get(chosen).map(|row| line(screen, row, true, name).cut(width));
        body = taken.into_iter().chain(body.into_iter().filter(|_| found.is_empty())).collect();
        let foot = vec![typed(field, true, TEXT, width)];
        return Sheet::of(format!("PALETTE {} found", found.len()), Row::new(), body, foot);
    }
    let seen = room.saturating_sub(FIXED_ROWS).max(1);
    let ask = Row::of(TEXT, "a command, or a part of its name:").cut(width);
    let foot = vec![
        rule(width),
        ask,
        typed(field, true, TEXT, width),
        leave_row("Enter = open it, nothing is run.", width),
    ];
    let right = Row::of(MUTED, "what its key asks for is asked for here, too");
    // The chosen row stays in sight, above the row that counts what follows.
    Sheet::of("PALETTE", right, body, foot).at((chosen + 2).saturating_sub(seen))
}

fn line(screen: &Screen<'_>, row: &PaletteRow, chosen: bool, name: usize) -> Row {
    let usable = row.why_not.is_none();
    let (ink, key) = if usable { (TEXT, KEY) } else { (MUTED, MUTED) };
    let typed = Row::of(ink, &row.name).put(MUTED, format!(" {}", row.usage)).fit(name);
    let line = Row::of(FOCUS, if chosen { "▸ " } else { "  " }).join(typed).put(TEXT, "  ").cell(
        key,
        keys(screen, row.command),
        KEY_CELLS,
    );
    let line = match &row.why_not {
        None => line.put(ink, row.doc.as_str()),
        // The reason comes first: it must not be what is cut.
        Some(why) => line.put(MUTED, format!("not now: {why}  ({})", row.doc)),
    };
    if chosen { line.over(SELECTION) } else { line }
}

fn keys(screen: &Screen<'_>, command: Command) -> String {
    let bound = screen.guide.iter().find(|row| row.command == command);
    bound.map_or_else(|| "-".to_owned(), |row| row.keys.to_string())
}
