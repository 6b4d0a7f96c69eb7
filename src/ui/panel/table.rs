//! Both regions and the lags as one table, where there is no room for three panels.

use super::prelude::*;
use ratatui::layout::Rect;

use crate::domain::ids::Side;
use crate::domain::site::SystemSpec;
use crate::ui::model::Panel;
use crate::ui::widget::canvas::{Canvas, rows_of, ruled};
use crate::ui::widget::sheet::window;

use super::region::{self, Regions};
use super::{phrase, replication};

fn state(regions: &Regions<'_>, system: &SystemSpec, side: Side, width: usize) -> Row {
    match regions.shown(system, side) {
        None => Row::of(MUTED, "-").fit(width),
        Some(shown) => {
            let word = Row::of(shown.ink, &shown.word).put(TEXT, " ");
            let note = shown.note_in(width.saturating_sub(word.width()));
            word.put(TEXT, note).put(TEXT, " ").put(MUTED, shown.age).fit(width)
        }
    }
}

/// The rows of the table: a heading, then the systems, the worst first when not all fit.
pub fn rows(screen: &Screen<'_>, width: usize, room: usize) -> Vec<Row> {
    let regions = Regions::of(screen);
    let name = 8;
    let lag = 16;
    let each = width.saturating_sub(name + lag + 3) / 2;
    let head = |side: Side| {
        let label = phrase::label(screen, side);
        let state = regions.summary(side);
        let named = |words: String| Row::plain(words).put(TEXT, " ").join(state.clone());
        first_fit(
            vec![
                named(format!("{side} {label} {}", screen.part(side).words())),
                named(format!("{side} {label}")),
                named(side.to_string()),
            ],
            each,
        )
        .fit(each)
    };
    let at = phrase::frozen_at(screen).to_uppercase();
    let when = if phrase::is_frozen(screen) { format!("LOSS AT {at}") } else { "LAG".to_owned() };
    let heading = Row::plain(" ".repeat(name + 1))
        .join(head(Side::A))
        .put(TEXT, " ")
        .join(head(Side::B))
        .put(TEXT, " ")
        .put(MUTED, when);
    let systems = regions.ordered(&Side::BOTH, room.saturating_sub(1));
    let mut rows = vec![heading];
    for system in systems {
        let lag_row = if replication::is_replicated(screen, system) {
            let shown = replication::lag_shown(screen, system);
            Row::plain(format!("{:>7} ", shown.lag)).put(shown.verdict.0, shown.verdict.1)
        } else {
            Row::of(MUTED, "      -")
        };
        let row = Row::new()
            .cell(TEXT, system.id.as_str(), name)
            .join(state(&regions, system, Side::A, each))
            .put(TEXT, " ")
            .join(state(&regions, system, Side::B, each))
            .put(TEXT, " ")
            .join(lag_row)
            .cut(width);
        rows.push(row);
    }
    rows
}

/// Draws the table with a ruled heading; `area` is at least two rows high.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    let focused =
        matches!(screen.model.focus, Panel::RegionA | Panel::RegionB | Panel::Replication);
    let title = Row::plain("1 A / 2 B / 3 REPLICATION");
    let (top, inside) = rows_of(area, 1);
    canvas.rows(top, &[ruled(&title, &region::filter_note(screen), focused, width)]);
    let room = usize::from(inside.height);
    let rows = rows(screen, width, room);
    let scroll = screen.model.scroll[Panel::RegionA.index()];
    canvas.rows(inside, &window(&rows, scroll, room));
}
