//! The palette: what was typed, what it could mean, with keys and why it cannot be used now.

use crate::ui::command::Command;
use crate::ui::model::Field;
use crate::ui::palette::{PaletteRow, nothing, rows};
use crate::ui::screen::Screen;
use crate::ui::update::Facts;
use crate::ui::widget::ink::{BORDER, FOCUS, KEY, MUTED, SELECTION, TEXT, WARN};
use crate::ui::widget::row::{Row, width_of, wrap};
use crate::ui::widget::sheet::Sheet;

use super::fields::{leave_row, typed};

/// The widest that names and their arguments get.
const NAME_CELLS_MAX: usize = 28;

/// The widest that the keys get.
const KEY_CELLS: usize = 9;

/// Rows of the frame and the foot, which the list leaves free.
const FIXED_ROWS: usize = 6;

/// Under this many rows a list has no room.
const SMALL_ROWS: usize = 8;

/// The sheet; `room` is the height of the content.
pub(super) fn sheet(
    screen: &Screen<'_>,
    field: &Field,
    chosen: usize,
    width: usize,
    room: usize,
) -> Sheet {
    let facts = Facts::of(screen);
    let found = rows(&field.text, &facts, screen.model);
    let cells = |row: &PaletteRow| width_of(&row.name) + 1 + row.usage.len();
    let name = found.iter().map(cells).max().unwrap_or(0).min(NAME_CELLS_MAX);
    let mut body: Vec<Row> = found
        .iter()
        .enumerate()
        .map(|(index, row)| line(screen, row, index == chosen, name).cut(width))
        .collect();
    if body.is_empty() {
        let why = nothing(&field.text, &facts);
        body.extend(wrap(&why, width).into_iter().map(|line| Row::of(WARN, line)));
    }
    if room < SMALL_ROWS {
        // One row is all there is room for: the one that Enter would take.
        let taken = found.get(chosen).map(|row| line(screen, row, true, name).cut(width));
        body = taken.into_iter().chain(body.into_iter().filter(|_| found.is_empty())).collect();
        let title = Row::plain(format!("PALETTE {} found", found.len()));
        let foot = vec![typed(field, true, TEXT, width)];
        return Sheet { title, body, foot, ..Sheet::default() };
    }
    let seen = room.saturating_sub(FIXED_ROWS).max(1);
    let ask = Row::of(TEXT, "a command, or a part of its name:").cut(width);
    let foot = vec![
        Row::of(BORDER, "─".repeat(width)),
        ask,
        typed(field, true, TEXT, width),
        leave_row("Enter = open it, nothing is run.").cut(width),
    ];
    Sheet {
        title: Row::plain("PALETTE"),
        right: Row::of(MUTED, "what its key asks for is asked for here, too"),
        body,
        foot,
        // The chosen row stays in sight, above the row that counts what follows.
        scroll: (chosen + 2).saturating_sub(seen),
    }
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
