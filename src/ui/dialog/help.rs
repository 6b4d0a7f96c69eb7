//! Help for the context beneath: every command with its keys, and why it cannot be used now.

use super::prelude::*;

/// The widest the keys get.
const KEYS_CELLS_MAX: usize = 16;

/// Help for the context beneath.
#[derive(Debug, Clone, PartialEq)]
pub struct Help;

impl Dialog for Help {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        read(hand)
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let keys = screen
            .guide
            .iter()
            .map(|row| width_of(row.keys.as_str()))
            .max()
            .unwrap_or(0)
            .min(KEYS_CELLS_MAX);
        let mut body: Vec<Row> = screen
            .guide
            .iter()
            .map(|row| {
                let (key, text) =
                    if row.why_not.is_some() { (MUTED, MUTED) } else { (FOCUS, TEXT) };
                let left = Row::new().cell(key, row.keys.as_str(), keys).put(text, " ");
                match &row.why_not {
                    None => left.put(text, row.doc.as_str()),
                    Some(why) => {
                        left.put(text, row.doc.as_str()).put(MUTED, format!("  (not now: {why})"))
                    }
                }
                .cut(width)
            })
            .collect();
        if body.is_empty() {
            body.push(Row::of(MUTED, "no key is bound here"));
        }
        Sheet {
            title: Row::plain("HELP"),
            right: Row::of(MUTED, "keys that do nothing now are grey, with the reason"),
            body,
            foot: vec![
                Row::new(),
                Row::of(
                    MUTED,
                    "state: ok  ◆3 know  ▲2 act soon  ■1 act now  ? not known or too old",
                ),
                Row::of(
                    MUTED,
                    "steps: [ ] open [~] runs [x] done [!] failed [-] left out [2] two persons",
                ),
                Row::of(
                    MUTED,
                    "       [h] a person does it [?] unknown   > current   esc closes this",
                ),
            ],
            scroll: 0,
        }
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints { moves: &["up/down pgup/pgdn scroll"], ..Hints::READ }
    }

    fn manner(&self) -> Manner {
        Manner::READ
    }
}
