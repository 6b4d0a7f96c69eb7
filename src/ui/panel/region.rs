//! A region: one row per system with its state in a glyph and a word, its note and its age.

use super::prelude::*;
use ratatui::layout::Rect;

use std::collections::HashMap;

use crate::domain::ids::{Side, SystemId};
use crate::domain::rules::period;
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::{Cell, CellState};
use crate::domain::time::short_time;
use crate::domain::verdict::{Primary, Priority};
use crate::ui::model::Panel;
use crate::ui::widget::canvas::{Canvas, FrameLook};
use crate::ui::widget::sheet::window;

use super::phrase;

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

impl Shown {
    /// As much of the note as fits into so many cells beside the age: what stands behind a comma is
    /// left out first.
    pub fn note_in(&self, room: usize) -> String {
        let age = width_of(&self.age);
        let room = room.saturating_sub(age + usize::from(age > 0));
        let cuts = self.note.rmatch_indices(", ").map(|(at, _)| &self.note[..at]);
        let mut parts = cuts.map(|part| (part, width_of(part))).filter(|(_, cells)| *cells <= room);
        match parts.next().filter(|_| width_of(&self.note) > room) {
            Some((part, cells)) if cells < room => format!("{part}…"),
            Some((part, _)) => part.to_owned(),
            None => cut(&self.note, room),
        }
    }
}

/// The regions as they are seen: what the alarms say of each system is asked once for all of them.
pub struct Regions<'a> {
    /// The screen.
    pub screen: &'a Screen<'a>,
    urgent: HashMap<(&'a SystemId, Side), Priority>,
}

fn note_of(cell: &Cell) -> String {
    cell.last_reading.as_ref().map_or_else(String::new, |reading| {
        let mut words = Vec::new();
        let told = reading.note.as_str().to_lowercase();
        let role = reading.role.map(|role| role.word().to_owned());
        words.extend(role.filter(|role| !told.starts_with(&role.to_lowercase())));
        if let Some(capacity) = reading.capacity {
            let count = format!("{}/{}", capacity.ready, capacity.wanted);
            let spoken = format!("{} of {}", capacity.ready, capacity.wanted);
            let note = reading.note.as_str();
            if !note.contains(&count) && !note.contains(&spoken) {
                words.push(count);
            }
        }
        words.push(reading.note.to_string());
        words.join(" ").trim().to_owned()
    })
}

/// True for a system that has nothing to do on a side.
fn is_idle(screen: &Screen<'_>, system: &SystemSpec, side: Side) -> bool {
    system.idle_standby && side == screen.assessment.standby()
}

/// A system on a side, before words are made of it: there may be a thousand, and few are seen.
struct Seen<'a> {
    ink: Ink,
    told: Option<Priority>,
    state: CellState,
    cell: Option<&'a Cell>,
}

impl<'a> Regions<'a> {
    /// Of a screen.
    pub fn of(screen: &'a Screen<'a>) -> Self {
        Self { screen, urgent: screen.assessment.urgent() }
    }

    /// How a system is on a side; none where it is not in that region.
    fn seen(&self, system: &SystemSpec, side: Side) -> Option<Seen<'a>> {
        let screen = self.screen;
        system.sides[side.index()].as_ref()?;
        let Some(cell) = screen.snapshot.cell(&system.id, side) else {
            return Some(Seen { ink: UNKNOWN, told: None, state: CellState::NoData, cell: None });
        };
        let told = self.urgent.get(&(&system.id, side)).copied();
        let state = cell.state(screen.now, period(system));
        let is_idle = is_idle(screen, system, side);
        let flagged = |default: Priority| phrase::glyph(told.unwrap_or(default)).0;
        let ink = match &state {
            CellState::Up if told.is_none() => OK,
            CellState::Up => flagged(Priority::Know),
            // Nobody is sent there and no alarm is raised: it need not answer before it serves.
            CellState::Unknown(_) | CellState::Down(_) if is_idle && told.is_none() => MUTED,
            // Red is what a rule says, never one look.
            CellState::Degraded(_) | CellState::Down(_) => flagged(Priority::ActSoon),
            CellState::Unknown(_) | CellState::NoData => UNKNOWN,
            CellState::Stale(_) => STALE,
        };
        Some(Seen { ink, told, state, cell: Some(cell) })
    }

    /// How a system looks on a side; none where it is not in that region.
    pub fn shown(&self, system: &SystemSpec, side: Side) -> Option<Shown> {
        let now = self.screen.now;
        let Seen { ink, told, state, cell } = self.seen(system, side)?;
        let no_data = |ink| {
            Some(Shown {
                ink,
                word: "?  no data".to_owned(),
                note: String::new(),
                age: String::new(),
            })
        };
        let Some(cell) = cell else { return no_data(ink) };
        let flagged = |default: Priority, word: &str| {
            let (_, glyph) = phrase::glyph(told.unwrap_or(default));
            format!("{glyph}{word}")
        };
        let last_ok = || cell.last_good.as_ref().map(|reading| reading.at.utc());
        let (word, note) = match state {
            CellState::Up if told.is_none() => ("ok".to_owned(), note_of(cell)),
            CellState::Up => (flagged(Priority::Know, ""), note_of(cell)),
            CellState::Degraded(why) => (flagged(Priority::ActSoon, ""), why.to_string()),
            CellState::Unknown(why) | CellState::Down(why) if ink == MUTED => {
                ("idle".to_owned(), why.to_string())
            }
            CellState::Down(why) => {
                let note = match last_ok() {
                    Some(at) => format!("last ok {at}, {why}"),
                    None => why.to_string(),
                };
                (flagged(Priority::ActSoon, " DOWN"), note)
            }
            CellState::Unknown(why) => ("?".to_owned(), why.to_string()),
            CellState::Stale(age) => {
                let old = short_time(phrase::stepped(age));
                (format!("? stale {old}"), note_of(cell))
            }
            CellState::NoData => return no_data(ink),
        };
        // A stale one says its age in its word.
        let heard = cell.heard.filter(|_| ink != STALE);
        let age = heard.map(|at| phrase::age_text(at, now, period(system)));
        Some(Shown { ink, word, note, age: age.unwrap_or_default() })
    }

    /// The state of a whole region, for the panel's title.
    pub fn summary(&self, side: Side) -> Row {
        let screen = self.screen;
        if side == screen.assessment.active {
            match &screen.assessment.primary {
                Primary::Red { .. } => return Row::of(CRIT, "■1 DOWN"),
                Primary::Suspect { .. } => return Row::of(WARN, "▲2 SUSPECT"),
                Primary::ItIsUs { .. } => return Row::of(UNKNOWN, "? our own network"),
                Primary::Blind(_) => return Row::of(UNKNOWN, "? blind"),
                Primary::Healthy => {}
            }
        }
        // Of what is meant to work there: the same that the alarm of a lost region counts.
        let systems = screen.site.systems.iter().filter(|system| !is_idle(screen, system, side));
        let states: Vec<Ink> =
            systems.filter_map(|system| Some(self.seen(system, side)?.ink)).collect();
        for (ink, word) in [(CRIT, "■1"), (WARN, "▲2"), (STALE, "? stale"), (UNKNOWN, "?")] {
            let count = states.iter().filter(|state| **state == ink).count();
            if count > 0 {
                return Row::of(ink, format!("{word} {count} of {}", states.len()));
            }
        }
        Row::of(OK, "ok")
    }

    /// The systems that pass the filter, in the site's order; where they are more than `room`, the
    /// worst first, since what is cut off must not be what matters.
    pub fn ordered(&self, sides: &[Side], room: usize) -> Vec<&'a SystemSpec> {
        let passes = |system: &&SystemSpec| self.screen.model.passes(system.id.as_str());
        let mut systems: Vec<_> = self.screen.site.systems.iter().filter(passes).collect();
        if systems.len() > room {
            systems.sort_by_cached_key(|system| {
                let seen = sides.iter().filter_map(|side| self.seen(system, *side));
                seen.map(|seen| weight(seen.ink)).min().unwrap_or(usize::MAX)
            });
        }
        systems
    }

    /// The rows of a region, of which `room` are seen at once from row `scroll` on; the others are
    /// there, and empty.
    fn rows(&self, side: Side, (width, room): (usize, usize), scroll: usize) -> Vec<Row> {
        let mut systems = self.ordered(&[side], room);
        systems.retain(|system| system.sides[side.index()].is_some());
        let widest = systems.iter().map(|system| width_of(system.id.as_str())).max().unwrap_or(0);
        let name_width = widest.min(NAME_CELLS_MAX).min(width / 3);
        let first = scroll.min((systems.len() + 1).saturating_sub(room));
        let row = |system: &SystemSpec| {
            let shown = self.shown(system, side)?;
            let name = Row::new().cell(TEXT, system.id.as_str(), name_width);
            let gap = WORD_CELLS_MIN.saturating_sub(width_of(&shown.word)) + 1;
            let left = name.join(Row::of(shown.ink, &shown.word).put(TEXT, " ".repeat(gap)));
            let note = shown.note_in(width.saturating_sub(left.width()));
            let left = left.put(TEXT, note);
            Some(Row::spread(left, Row::of(MUTED, shown.age), width))
        };
        let seen = first..first + room;
        systems
            .into_iter()
            .enumerate()
            .map(|(index, system)| if seen.contains(&index) { row(system) } else { None })
            .map(Option::unwrap_or_default)
            .collect()
    }
}

/// How bad a state is, the worst first.
fn weight(ink: Ink) -> usize {
    [&[CRIT][..], &[WARN], &[STALE, UNKNOWN], &[INFO], &[OK]]
        .iter()
        .position(|inks| inks.contains(&ink))
        .unwrap_or(usize::MAX)
}

/// Draws a region's panel.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, side: Side, screen: &Screen<'_>) {
    let panel = if side == Side::A { Panel::RegionA } else { Panel::RegionB };
    let regions = Regions::of(screen);
    let right = regions.summary(side);
    let short = format!("{} {side} {}", panel.index() + 1, phrase::label(screen, side));
    let title = first_fit(
        vec![Row::plain(format!("{short} {}", screen.part(side).words())), Row::plain(short)],
        usize::from(area.width).saturating_sub(right.width() + FRAME_CELLS),
    );
    let inside = canvas.panel(area, &look(screen, panel, title, right));
    let (width, room) = (usize::from(inside.width), usize::from(inside.height));
    let scroll = screen.model.scroll[panel.index()];
    let rows = regions.rows(side, (width, room), scroll);
    canvas.rows(inside, &window(&rows, scroll, room));
}

/// The frame around a list.
pub fn look(screen: &Screen<'_>, panel: Panel, title: Row, right: Row) -> FrameLook {
    let focused = screen.model.focus == panel;
    FrameLook { title, right, below: filter_note(screen), focused }
}

/// What the lists are filtered by, for the lower line of a panel.
pub fn filter_note(screen: &Screen<'_>) -> Row {
    if screen.model.filter.text.is_empty() {
        Row::new()
    } else {
        Row::of(WARN, format!("only `{}`", screen.model.filter.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_comma_is_left_out_first() {
        let check = |note: &str, age: &str, room: usize, want: &str| {
            let (word, note, age) = (String::new(), note.to_owned(), age.to_owned());
            assert_eq!(Shown { ink: OK, word, note, age }.note_in(room), want);
        };
        let down = "last ok 14:02:08Z, no answer in 1s";
        check(down, "", 40, down);
        check(down, "", 20, "last ok 14:02:08Z…");
        check(down, "", 17, "last ok 14:02:08Z");
        check(down, "", 16, "last ok…");
        check("PRIMARY takes writes, in 9 ms", "", 28, "PRIMARY takes writes…");
        check("PRIMARY takes writes, in 9 ms", "40s", 28, "PRIMARY takes writes…");
        check("PRIMARY takes writes, in 9 ms", "40s", 23, "PRIMARY takes writ…");
    }
}
