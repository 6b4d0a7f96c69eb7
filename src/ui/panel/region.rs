//! A region: one row per system with its state in a glyph and a word, its note and its age.

use ratatui::layout::Rect;

use crate::domain::ids::Side;
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::{Cell, CellState};
use crate::domain::time::short_time;
use crate::domain::verdict::{Primary, Priority};
use crate::ui::model::Panel;
use crate::ui::screen::Screen;
use crate::ui::widget::canvas::{Canvas, FrameLook};
use crate::ui::widget::ink::{CRIT, INFO, Ink, MUTED, OK, STALE, TEXT, UNKNOWN, WARN};
use crate::ui::widget::row::{Row, first_fit, width_of};
use crate::ui::widget::sheet::window;

use super::words;

/// The widest a system's name gets in a panel.
const NAME_CELLS_MAX: usize = 14;

/// Corners, dashes and spaces around the words in a frame's upper line.
const FRAME_CELLS: usize = 9;

/// The narrowest state, so that notes stand under each other.
const WORD_CELLS_MIN: usize = 2;

/// How one system on one side looks: ink, glyph and word, note, age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The ink of the word.
    pub ink: Ink,
    /// Glyph and word.
    pub word: String,
    /// A few words more.
    pub note: String,
    /// The age, once it matters.
    pub age: String,
}

fn priority(screen: &Screen<'_>, system: &SystemSpec, side: Side) -> Option<Priority> {
    screen
        .assessment
        .alarms
        .iter()
        .filter(|alarm| alarm.system.as_ref() == Some(&system.id) && alarm.side == Some(side))
        .map(|alarm| alarm.priority)
        .min()
}

fn note_of(cell: &Cell) -> String {
    cell.last_reading.as_ref().map_or_else(String::new, |reading| {
        let mut words = Vec::new();
        let told = reading.note.as_str().to_lowercase();
        let role = reading.role.map(|role| role.word().to_owned());
        words.extend(role.filter(|role| !told.starts_with(&role.to_lowercase())));
        if let Some(capacity) = reading.capacity {
            let count = format!("{}/{}", capacity.ready, capacity.wanted);
            if !reading.note.as_str().contains(&count) {
                words.push(count);
            }
        }
        words.push(reading.note.to_string());
        words.join(" ").trim().to_owned()
    })
}

/// How a system looks on a side; none where it is not in that region.
#[must_use]
pub fn shown(screen: &Screen<'_>, system: &SystemSpec, side: Side) -> Option<Shown> {
    system.sides[side.index()].as_ref()?;
    let Some(cell) = screen.snapshot.cell(&system.id, side) else {
        let word = "?  no data".to_owned();
        return Some(Shown { ink: UNKNOWN, word, note: String::new(), age: String::new() });
    };
    let told = priority(screen, system, side);
    let is_idle = system.idle_standby && side == screen.assessment.standby();
    let heard =
        cell.heard.map_or_else(String::new, |at| words::age_text(at, screen.now, system.every));
    let last_ok = cell
        .last_good
        .as_ref()
        .map_or_else(String::new, |reading| format!("last ok {}", reading.at.utc()));
    let flagged = |default: Priority, word: &str| {
        let (ink, glyph) = words::glyph(told.unwrap_or(default));
        (ink, format!("{glyph}{word}"))
    };
    let ((ink, word), note) = match cell.state(screen.now, system.every) {
        CellState::Up => match told {
            None => ((OK, "ok".to_owned()), note_of(cell)),
            Some(_) => (flagged(Priority::Know, ""), note_of(cell)),
        },
        CellState::Degraded(why) => (flagged(Priority::ActSoon, ""), why.to_string()),
        // Nobody is sent there and no alarm is raised: it need not answer before it serves.
        CellState::Unknown(why) | CellState::Down(why) if is_idle && told.is_none() => {
            ((MUTED, "idle".to_owned()), why.to_string())
        }
        CellState::Down(why) => {
            let short =
                if last_ok.is_empty() { why.to_string() } else { format!("{last_ok}, {why}") };
            (flagged(Priority::ActNow, " DOWN"), short)
        }
        CellState::Unknown(why) => ((UNKNOWN, "?".to_owned()), why.to_string()),
        CellState::Stale(age) => {
            let old = short_time(words::stepped(age));
            ((STALE, format!("? stale {old}")), note_of(cell))
        }
        CellState::NoData => ((UNKNOWN, "?  no data".to_owned()), String::new()),
    };
    let age = if ink == STALE { String::new() } else { heard };
    Some(Shown { ink, word, note, age })
}

/// The state of a whole region, for the panel's title.
#[must_use]
pub fn summary(screen: &Screen<'_>, side: Side) -> Row {
    if side == screen.assessment.active {
        match &screen.assessment.primary {
            Primary::Red { .. } => return Row::of(CRIT, "■1 DOWN"),
            Primary::Suspect { .. } => return Row::of(WARN, "▲2 SUSPECT"),
            Primary::ItIsUs { .. } => return Row::of(UNKNOWN, "? our own network"),
            Primary::Blind(_) => return Row::of(UNKNOWN, "? blind"),
            Primary::Healthy => {}
        }
    }
    let states: Vec<Shown> =
        screen.site.systems.iter().filter_map(|system| shown(screen, system, side)).collect();
    for (ink, word) in [(CRIT, "■1"), (WARN, "▲2"), (STALE, "? stale"), (UNKNOWN, "?")] {
        let count = states.iter().filter(|state| state.ink == ink).count();
        if count > 0 {
            return Row::of(ink, format!("{word} {count} of {}", states.len()));
        }
    }
    Row::of(OK, "ok")
}

/// How bad a state is, the worst first.
fn weight(shown: &Shown) -> usize {
    [&[CRIT][..], &[WARN], &[STALE, UNKNOWN], &[INFO], &[OK]]
        .iter()
        .position(|inks| inks.contains(&shown.ink))
        .unwrap_or(usize::MAX)
}

/// The systems that pass the filter, in the site's order; where they are more than `room`, the
/// worst first, since what is cut off must not be what matters.
#[must_use]
pub fn ordered<'a>(screen: &Screen<'a>, sides: &[Side], room: usize) -> Vec<&'a SystemSpec> {
    let mut systems: Vec<&SystemSpec> = screen
        .site
        .systems
        .iter()
        .filter(|system| words::passes(screen, system.id.as_str()))
        .collect();
    if systems.len() > room {
        systems.sort_by_key(|system| {
            let shown = sides.iter().filter_map(|side| shown(screen, system, *side));
            shown.map(|shown| weight(&shown)).min().unwrap_or(usize::MAX)
        });
    }
    systems
}

/// The rows of a region, of which `room` are seen at once.
#[must_use]
pub fn rows(screen: &Screen<'_>, side: Side, width: usize, room: usize) -> Vec<Row> {
    let systems = ordered(screen, &[side], room);
    let widest = systems.iter().map(|system| width_of(system.id.as_str())).max().unwrap_or(0);
    let name_width = widest.min(NAME_CELLS_MAX).min(width / 3);
    systems
        .into_iter()
        .filter_map(|system| {
            let shown = shown(screen, system, side)?;
            let name = Row::new().cell(TEXT, system.id.as_str(), name_width);
            let gap = WORD_CELLS_MIN.saturating_sub(width_of(&shown.word)) + 1;
            let state = Row::of(shown.ink, shown.word).put(TEXT, " ".repeat(gap));
            let left = name.join(state).put(TEXT, shown.note);
            Some(Row::spread(left, Row::of(MUTED, shown.age), width))
        })
        .collect()
}

/// Draws a region's panel.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, side: Side, screen: &Screen<'_>) {
    let panel = if side == Side::A { Panel::RegionA } else { Panel::RegionB };
    let right = summary(screen, side);
    let short = format!("{} {side} {}", panel.index() + 1, words::label(screen, side));
    let title = first_fit(
        vec![Row::plain(format!("{short} {}", words::part(screen, side))), Row::plain(short)],
        usize::from(area.width).saturating_sub(right.width() + FRAME_CELLS),
    );
    let look = FrameLook {
        title,
        right,
        below: filter_note(screen),
        focused: screen.model.focus == panel,
    };
    let inner = canvas.frame(area, &look);
    let inside = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let rows = rows(screen, side, usize::from(inside.width), usize::from(inside.height));
    let scroll = screen.model.scroll[panel.index()];
    canvas.rows(inside, &window(&rows, scroll, usize::from(inside.height)));
}

/// What the lists are filtered by, for the lower line of a panel.
#[must_use]
pub fn filter_note(screen: &Screen<'_>) -> Row {
    if screen.model.filter.text.is_empty() {
        Row::new()
    } else {
        Row::of(WARN, format!("only `{}`", screen.model.filter.text))
    }
}
