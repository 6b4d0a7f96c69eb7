//! The status of a replay, where a live console says what to do next.

use super::prelude::*;
use crate::domain::time::{clock_text, short_time};
use crate::ui::replay::Replay;

/// Paused or playing, how fast, which entry, which moment, and what is missing: in one row, or in
/// two where the screen is narrow and high.
pub fn rows(screen: &Screen<'_>, replay: &Replay, width: usize, two: bool) -> Vec<Row> {
    let lead = Row::of(FOCUS, "REPLAY ");
    let state = if replay.playing { "playing" } else { "paused" };
    let entry = format!("entry {} of {}", replay.entry, replay.entries);
    let moment = screen
        .forecast
        .elapsed
        .map_or_else(String::new, |elapsed| format!("  T+{}", clock_text(elapsed)));
    let length = format!("  {} of {} shown", short_time(replay.gone), short_time(replay.length));
    let full = lead.clone().put(NEXT, format!("{state} {}  {entry}{moment}", replay.speed.word()));
    let less = lead.clone().put(NEXT, format!("{state} {}  {entry}", replay.speed.word()));
    let least = lead.put(NEXT, format!("{state} {}/{}", replay.entry, replay.entries));
    let notes = notes(replay);
    if two {
        let first = first_fit(vec![full.put(MUTED, &length), less, least], width);
        return vec![first, notes.cut(width)];
    }
    let mut rows = vec![
        full.clone().put(MUTED, &length).join(notes.clone()),
        full.join(notes.clone()),
        less.join(notes.clone()),
        least.clone().join(notes.clone()),
    ];
    if width < CUT_WIDTH_MIN {
        rows.extend([least.clone().join(short_notes(replay)), least]);
        return vec![first_fit(rows, width)];
    }
    let cut = least.join(notes).cut(width);
    rows.push(cut);
    vec![first_fit(rows, width)]
}

/// From this width on, the beginning of what is missing says more than a word for it.
const CUT_WIDTH_MIN: usize = 60;

/// Damage first: it is why there is no more to see.
fn notes(replay: &Replay) -> Row {
    let mut row = Row::new();
    if let Some(damage) = &replay.damage {
        let at_end = replay.entry == replay.entries;
        let text = if at_end { damage.to_string() } else { "the journal is damaged".to_owned() };
        row = row.put(CRIT, format!("  ■1 {text}"));
    }
    match (&replay.gap, replay.gaps) {
        (Some(gap), _) => row.put(WARN, format!("  ▲2 {gap}")),
        (None, 0) => row,
        (None, 1) => row.put(MUTED, "  1 gap in the readings"),
        (None, gaps) => row.put(MUTED, format!("  {gaps} gaps in the readings")),
    }
}

fn short_notes(replay: &Replay) -> Row {
    match (&replay.damage, &replay.gap) {
        (Some(_), _) => Row::of(CRIT, "  ■1 damaged"),
        (None, Some(_)) => Row::of(WARN, "  ▲2 no readings"),
        (None, None) => Row::new(),
    }
}
