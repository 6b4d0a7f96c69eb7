//! Help for the context beneath: every command with its keys, and why it cannot be used now.

use super::prelude::*;
use crate::ui::screen::GuideRow;

/// The widest the keys get.
const KEYS_CELLS_MAX: usize = 16;

/// What the signs mean.
const LEGEND: [&str; 3] = [
    "state: ok  ◆3 know  ▲2 act soon  ■1 act now  ? not known or too old",
    "steps: [ ] open [~] runs [x] done [!] failed [-] left out [2] two persons",
    "       [h] a person does it [?] unknown   > current   esc closes this",
];

/// Help for the context beneath.
#[derive(Debug, Clone, PartialEq)]
pub struct Help;

impl Dialog for Help {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        read(hand)
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let cells = screen.guide.iter().map(|row| width_of(row.keys.as_str())).max();
        let keys = cells.unwrap_or(0).min(KEYS_CELLS_MAX);
        let line = |row: &GuideRow| {
            let (key, text) = if row.why_not.is_some() { (MUTED, MUTED) } else { (FOCUS, TEXT) };
            let left = Row::new().cell(key, row.keys.as_str(), keys).put(text, " ");
            let why = row.why_not.as_ref().map(|why| format!("  (not now: {why})"));
            left.put(text, row.doc.as_str()).put(MUTED, why.unwrap_or_default()).cut(width)
        };
        let mut body: Vec<Row> = screen.guide.iter().map(line).collect();
        if body.is_empty() {
            body.push(Row::of(MUTED, "no key is bound here"));
        }
        let right = Row::of(MUTED, "keys that do nothing now are grey, with the reason");
        let mut foot = vec![Row::new()];
        foot.extend(LEGEND.map(|line| Row::of(MUTED, line)));
        Sheet::of("HELP", right, body, foot)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints { moves: &["up/down pgup/pgdn scroll"], ..Hints::READ }
    }

    fn manner(&self) -> Manner {
        Manner::READ
    }
}
