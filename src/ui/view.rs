//! One frame: which rows stand where at which size, and that the fixed ones are never covered.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::available::too_small_for;
use super::layout::{Class, content, next_height};
use super::model::Panel;
use super::panel::strip;
use super::panel::{
    header, keys, logs, next, offer, phrase, red, region, replayed, replication, rhythm, runbook,
    runbook_abort, table,
};
use super::screen::Screen;
use super::theme::Theme;
use super::widget::canvas::{Canvas, columns_of, rows_of};
use super::widget::ink::{FOCUS, INFO, MUTED, NEXT, TEXT, WARN};
use super::widget::row::{Row, cut, hanging, width_of};
use crate::domain::console::Access;
use crate::domain::ids::Side;
use crate::domain::time::Stamp;

/// How long a sentence for the person at the keys stands.
pub const NOTICE_SHOWN: std::time::Duration = std::time::Duration::from_secs(10);

/// Rows that it takes at most.
const MESSAGE_ROWS: u16 = 3;

/// Rows of the content from which it may take more than one.
const WRAPS_FROM: u16 = 12;

/// Draws one frame of the screen.
pub fn draw(frame: &mut Frame<'_>, screen: &Screen<'_>, theme: &Theme) {
    let area = frame.area();
    let mut canvas = Canvas::new(frame.buffer_mut(), theme, screen.model.ascii);
    if area.width == 0 || area.height == 0 {
        return;
    }
    let class = Class::of(area.width, area.height);
    match class {
        Class::Tiny => draw_tiny(&mut canvas, area, screen),
        Class::Small | Class::Portrait | Class::Compact | Class::Medium | Class::Large => {
            draw_screen(&mut canvas, area, class, screen);
        }
    }
}

/// The clock, then as much of the worst thing and the current step as there are rows for.
fn draw_tiny(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    let rows = [
        strip::tiny(screen, width),
        header::banner(screen, width),
        step_row(screen, width),
        header::badges(screen, "").cut(width),
    ];
    canvas.rows(area, &rows);
}

/// The lit step in one row, while there is something to do.
fn step_row(screen: &Screen<'_>, width: usize) -> Row {
    match runbook::lit(screen).filter(|_| phrase::current(screen).is_some()) {
        None => Row::of(MUTED, cut(&next::sentence(screen), width)),
        _ if screen.is_aborting() => runbook_abort::current(screen, width),
        Some(step) => {
            let state = screen.run.and_then(|run| run.step(&step.id));
            let (ink, mark) = runbook::mark(step, state);
            Row::of(FOCUS, runbook::lead(screen, step).0)
                .put(ink, mark)
                .put(TEXT, format!(" {}  ", step.title))
                .join(runbook::told(screen, step, state))
                .cut(width)
        }
    }
}

/// Rows that stand at the top and at the bottom of every frame, and the rest between them.
fn draw_screen(canvas: &mut Canvas<'_>, area: Rect, class: Class, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    let look = class.strip(screen.model.dialog.is_some());
    let strip_height = look.height_on(screen);
    let content = content(area, class, strip_height);
    let next_height = next_height(class);
    let update = rhythm::told(screen)
        .filter(|_| next_height > 1 || rhythm::in_next(screen, width).is_none());
    canvas.row(area.x, area.y, area.width, &header::header(screen, update, width));
    canvas.row(area.x, area.y + 1, area.width, &header::banner(screen, width));
    let strip_area = Rect::new(area.x, area.y + 2, area.width, strip_height);
    strip::draw(canvas, strip_area, look, screen);
    draw_next(canvas, Rect::new(area.x, content.bottom(), area.width, next_height), screen);
    canvas.row(area.x, area.bottom() - 1, area.width, &keys::row(screen, width));
    let content = with_message(canvas, content, screen);
    match &screen.model.dialog {
        Some(dialog) => dialog.draw(canvas, content, screen),
        None => draw_content(canvas, content, class, screen),
    }
}

fn draw_next(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    if let Some(replay) = &screen.model.replay {
        canvas.rows(area, &replayed::rows(screen, replay, width, area.height > 1));
        return;
    }
    let lead = rhythm::next_lead(width);
    let pieces = next::pieces(screen);
    let rows: Vec<Row> = if area.height > 1 {
        offer::lines(&pieces, width.saturating_sub(width_of(lead)))
            .into_iter()
            .enumerate()
            .map(|(index, line)| {
                let lead = if index == 0 { lead.to_owned() } else { " ".repeat(width_of(lead)) };
                Row::of(FOCUS, lead).put(NEXT, line)
            })
            .collect()
    } else {
        let (lead, room) = (Row::of(FOCUS, lead), width.saturating_sub(width_of(lead)));
        match rhythm::in_next(screen, width) {
            Some(update) => {
                vec![Row::spread(lead.join(offer::row(&pieces, room)), update, width)]
            }
            None => vec![lead.join(offer::row(&pieces, room))],
        }
    };
    canvas.rows(area, &rows);
}

/// Takes the last rows of the content for a sentence to the person, or for the filter being typed.
fn with_message(canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>) -> Rect {
    // Over a dialog it has one row: what must be read there stays in sight.
    let wraps = screen.model.dialog.is_none() && content.height >= WRAPS_FROM;
    let rows = message(screen, if wraps { usize::from(content.width) } else { usize::MAX });
    let most = MESSAGE_ROWS.min(content.height.saturating_sub(1));
    let taken = u16::try_from(rows.len()).unwrap_or(most).min(most);
    let (content, below) = rows_of(content, content.height - taken);
    canvas.rows(below, &rows);
    content
}

fn message(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    if screen.model.filtering {
        let typed = &screen.model.filter.text;
        return vec![Row::of(FOCUS, "/ ").put(TEXT, typed).put(FOCUS, "_")];
    }
    let fresh = screen.model.notice.as_ref().filter(|notice| is_fresh(notice.at, screen.now));
    let Some(notice) = fresh else { return Vec::new() };
    let (ink, lead) = if notice.refusal { (WARN, "▲2 refused: ") } else { (INFO, "◆3 ") };
    hanging((ink, lead), TEXT, notice.text.as_str(), width)
}

fn is_fresh(at: Stamp, now: Stamp) -> bool {
    now.since(at) < NOTICE_SHOWN
}

fn draw_content(canvas: &mut Canvas<'_>, content: Rect, class: Class, screen: &Screen<'_>) {
    if class == Class::Small {
        draw_small(canvas, content, screen);
    } else if screen.model.zoomed {
        draw_panel(canvas, content, screen.model.focus, screen);
    } else if phrase::is_red_moment(screen) {
        red::draw(canvas, content, screen);
    } else {
        match class {
            Class::Large => draw_wide(canvas, content, screen, 88),
            Class::Medium => draw_wide(canvas, content, screen, 68),
            Class::Portrait => draw_portrait(canvas, content, screen),
            Class::Compact | Class::Small | Class::Tiny => draw_compact(canvas, content, screen),
        }
    }
}

pub(super) fn draw_panel(canvas: &mut Canvas<'_>, area: Rect, panel: Panel, screen: &Screen<'_>) {
    match panel {
        Panel::RegionA => region::draw(canvas, area, Side::A, screen),
        Panel::RegionB => region::draw(canvas, area, Side::B, screen),
        Panel::Replication => replication::draw(canvas, area, screen),
        Panel::Runbook => runbook::draw(canvas, area, screen),
        Panel::Output => logs::draw_output(canvas, area, screen),
        Panel::Timeline => logs::draw_timeline(canvas, area, screen),
    }
}

/// Rows for all systems, and so many more.
fn systems_and(more: u16, screen: &Screen<'_>) -> u16 {
    u16::try_from(screen.site.systems.len()).unwrap_or(u16::MAX).saturating_add(more)
}

/// Three panels above, runbook with output and timeline below; `book` cells of 160 or 120 for the
/// runbook.
fn draw_wide(canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>, book: u16) {
    let upper =
        systems_and(3, screen).clamp(6, (content.height * 2 / 5).max(6)).min(content.height);
    let (upper, lower) = rows_of(content, upper);
    let third = content.width * 3 / 10;
    let (one, rest) = columns_of(upper, third);
    let (other, last) = columns_of(rest, third);
    let base = if book > 80 { 160 } else { 120 };
    let book = (u32::from(content.width) * u32::from(book) / base).min(u32::from(content.width));
    let (book, right) = columns_of(lower, u16::try_from(book).unwrap_or(content.width));
    let (output, timeline) = rows_of(right, right.height * 2 / 5);
    let areas = [one, other, last, book, output, timeline];
    for (panel, area) in Panel::ALL.iter().zip(areas) {
        draw_panel(canvas, area, *panel, screen);
    }
}

/// One table, the runbook, and the last line of output and timeline.
fn draw_compact(canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>) {
    let lists = content.height.saturating_sub(2);
    let upper = systems_and(2, screen).min(lists / 2);
    let (lists, last) = rows_of(content, lists);
    let (upper, lower) = rows_of(lists, upper);
    table::draw(canvas, upper, screen);
    runbook::draw_bare(canvas, lower, screen);
    draw_last_lines(canvas, last, screen);
}

fn draw_last_lines(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    let rows = [
        logs::last_line(screen, Panel::Output, width),
        logs::last_line(screen, Panel::Timeline, width),
    ];
    canvas.rows(area, &rows);
}

/// Everything above each other, for narrow terminals.
fn draw_portrait(canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>) {
    let each = systems_and(2, screen).clamp(4, (content.height / 6).max(4));
    let mut rest = content;
    for panel in [Panel::RegionA, Panel::RegionB, Panel::Replication] {
        let (area, below) = rows_of(rest, each);
        draw_panel(canvas, area, panel, screen);
        rest = below;
    }
    if rest.height < 16 {
        let (lists, last) = rows_of(rest, rest.height.saturating_sub(2));
        runbook::draw_bare(canvas, lists, screen);
        draw_last_lines(canvas, last, screen);
        return;
    }
    let (book, below) = rows_of(rest, rest.height / 2);
    let (output, timeline) = rows_of(below, below.height / 2);
    draw_panel(canvas, book, Panel::Runbook, screen);
    draw_panel(canvas, output, Panel::Output, screen);
    draw_panel(canvas, timeline, Panel::Timeline, screen);
}

/// The lit step, and where this is too small to confirm it, that; then the last of the timeline.
fn draw_small(canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>) {
    let width = usize::from(content.width);
    let small = runbook::lit(screen)
        .and_then(|step| too_small_for(step.guard_of(screen.is_aborting()), screen.model.size))
        .filter(|_| screen.access != Access::ReadOnly && screen.open_run().is_some());
    let mut rows = vec![step_row(screen, width)];
    rows.extend(small.map(|why| Row::of(MUTED, why.as_str()).cut(width)));
    rows.push(logs::last_line(screen, Panel::Timeline, width));
    canvas.rows(content, &rows);
}
