//! Evidence: what every probe of a region said last, how old that is, and since when it fails.

use super::prelude::*;
use crate::domain::ids::Side;
use crate::domain::rules::it_is_us::REFERENCE_EVERY;
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::{Cell, CellState};
use crate::domain::time::Stamp;
use crate::domain::verdict::{Primary, Signal};
use crate::ui::panel::region::Regions;
use crate::ui::panel::replication;

/// What every probe of a side said.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The side.
    pub side: Side,
}

impl Dialog for Evidence {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        if hand.command == Some(Command::NextPanel) {
            (self.side, hand.model.dialog_scroll) = (self.side.other(), 0);
        }
        read(hand)
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let label = phrase::label(screen, self.side);
        let regions = Regions::of(screen);
        let mut body = why_rows(screen, self.side, width);
        body.extend(reference_rows(screen, width));
        for system in &screen.site.systems {
            if screen.model.passes(system.id.as_str()) {
                body.extend(system_rows(&regions, system, self.side, width));
            }
        }
        let mut foot = vec![rule(width)];
        let text = format!(
            "seen from {} only; red needs {} failing systems. Tab = the other region, Esc = close",
            screen.me.host, screen.site.red_needs_signals
        );
        foot.extend(paragraph(MUTED, &text, width));
        let title = format!("EVIDENCE {} {label}", self.side);
        Sheet::of(title, regions.summary(self.side), body, foot)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        let moves = &["up/down pgup/pgdn scroll"];
        Hints { tab: Some("other region"), moves, ..Hints::READ }
    }

    fn manner(&self) -> Manner {
        Manner::READ
    }
}

fn ago(screen: &Screen<'_>, at: Stamp) -> String {
    format!("{} ({} ago)", at.utc(), at.ago(screen.now))
}

fn head(ink: Ink, name: &str, word: &str, kind: &str, width: usize) -> Row {
    Row::spread(Row::of(FOCUS, format!("{name}  ")).put(ink, word), Row::of(MUTED, kind), width)
}

fn looks(screen: &Screen<'_>, cell: &Cell, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let heard = cell.heard.map_or_else(|| "never".to_owned(), |at| ago(screen, at));
    rows.extend(fact("  look", TEXT, &heard, width));
    if let Some((at, error)) = &cell.last_error {
        let counts = if error.counts_as_failure() { "failed" } else { "tells nothing" };
        rows.extend(fact("  error", TEXT, &format!("{counts} {}: {error}", at.utc()), width));
    }
    if let Some(at) = cell.exchanged {
        let text = format!("another than before, or started anew, since {}", ago(screen, at));
        rows.extend(fact("  server", WARN, &text, width));
    }
    if cell.failures > 0 {
        let first = cell.first_failure.map_or_else(String::new, |at| ago(screen, at));
        let text = format!("{} in a row, the first {first}", cell.failures);
        rows.extend(fact("  failed", TEXT, &text, width));
    }
    if let Some(reading) = &cell.last_good {
        let took = reading.took_ms.map_or_else(String::new, |ms| format!(", took {ms} ms"));
        let text = format!("{}: {}{took}", ago(screen, reading.at), reading.note);
        rows.extend(fact("  last ok", TEXT, &text, width));
        let facts: Vec<String> = reading
            .facts
            .iter()
            .map(|fact| format!("{} = {}", fact.name, fact.value.shown()))
            .collect();
        if !facts.is_empty() {
            // Facts are of the last good look: beside a failure they are no news of now.
            let lead = if cell.failures > 0 { "  before" } else { "  facts" };
            rows.extend(fact(lead, MUTED, &facts.join(", "), width));
        }
    }
    rows
}

fn system_rows(regions: &Regions<'_>, system: &SystemSpec, side: Side, width: usize) -> Vec<Row> {
    let screen = regions.screen;
    let Some(shown) = regions.shown(system, side) else {
        return vec![head(MUTED, system.id.as_str(), "not in this region", &system.kind, width)];
    };
    let mut rows = vec![head(shown.ink, system.id.as_str(), &shown.word, &system.kind, width)];
    if let Some(url) = &system.stand_ins[side.index()] {
        let text = format!("{url} in the provider's place: an override, this is no production");
        rows.extend(fact("  asked", WARN, &text, width));
    }
    if let Some(cell) = screen.snapshot.cell(&system.id, side) {
        rows.extend(looks(screen, cell, width));
    }
    if replication::is_replicated(screen, system) {
        let lag = replication::lag_shown(screen, system);
        let amount =
            if lag.amount.is_empty() { String::new() } else { format!(", {}", lag.amount) };
        let text = format!("{} of {} {}, {}{amount}", lag.lag, lag.limit, lag.verdict.1, lag.basis);
        rows.extend(fact("  link", TEXT, &text, width));
    }
    rows
}

fn reference_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let cell = &screen.snapshot.reference;
    let (ink, word) = match cell.state(screen.now, REFERENCE_EVERY) {
        CellState::Up | CellState::Degraded(_) => (OK, "ok answers: it is not our own network"),
        CellState::Down(_) => (CRIT, "■1 silent: it may be our own network"),
        CellState::Unknown(_) | CellState::NoData => (UNKNOWN, "? tells nothing"),
        CellState::Stale(_) => (STALE, "? stale"),
    };
    let name = format!("reference {}", screen.site.reference.join(", "));
    let mut rows = vec![head(ink, &name, word, "outside both regions", width)];
    rows.extend(looks(screen, cell, width));
    rows
}

/// Why the region that serves is not well: what its title says in one word.
fn why_rows(screen: &Screen<'_>, side: Side, width: usize) -> Vec<Row> {
    if side != screen.assessment.active {
        return Vec::new();
    }
    let (ink, lead) = match &screen.assessment.primary {
        Primary::Healthy => return Vec::new(),
        Primary::Blind(why) => return fact("blind", UNKNOWN, why.as_str(), width),
        Primary::Red { .. } => (CRIT, "DOWN"),
        Primary::Suspect { .. } => (WARN, "SUSPECT"),
        Primary::ItIsUs { .. } => (UNKNOWN, "fails"),
    };
    let told = |signal: &Signal| {
        let Signal { system, since, why, .. } = signal;
        fact(lead, ink, &format!("{system} since {}: {why}", since.utc()), width)
    };
    screen.assessment.primary.signals().iter().flat_map(told).collect()
}
