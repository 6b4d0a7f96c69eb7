//! Fields of dialogs: what is to be typed, what was typed, how much of it is right.

use crate::domain::text::several;
use crate::ui::field::Field;
use crate::ui::widget::ink::{BORDER, FIELD, FOCUS, Ink, KEY, MATCH, MUTED, TEXT, WRONG};
use crate::ui::widget::row::{Row, first_fit, hanging, width_of};

/// Cells of the words at the left of a sheet's rows.
pub(super) const LEAD: usize = 10;

/// A lead word and text wrapped beneath itself.
pub(super) fn fact(lead: &str, ink: Ink, text: &str, width: usize) -> Vec<Row> {
    hanging((FOCUS, &format!("{lead:<LEAD$}")), ink, text, width)
}

/// The line between what scrolls and what stays.
pub(super) fn rule(width: usize) -> Row {
    Row::of(BORDER, "─".repeat(width))
}

/// The typed text with its cursor, its end always in sight.
pub(super) fn typed(field: &Field, active: bool, ink: Ink, width: usize) -> Row {
    let before: String = field.text.chars().take(field.cursor).collect();
    let after: String = field.text.chars().skip(field.cursor).collect();
    let cursor = if active { "_" } else { "" };
    let room = width.saturating_sub(4);
    let mut shown: Vec<char> = before.chars().collect();
    let mut cut = false;
    while width_of(&shown.iter().collect::<String>()) > room && !shown.is_empty() {
        shown.remove(0);
        cut = true;
    }
    let lead = if cut { "…" } else { "" };
    let shown: String = shown.into_iter().collect();
    Row::of(FOCUS, if active { "> " } else { "  " })
        .put(MUTED, lead)
        .put(ink, shown)
        .put(FIELD, cursor)
        .put(ink, after)
}

/// Characters at the start of `text` that are those of `wanted`.
fn matching(text: &str, wanted: &str) -> usize {
    text.chars().zip(wanted.chars()).take_while(|(one, other)| one == other).count()
}

/// A field that wants exactly one text.
pub(super) fn exact(
    ask: &str,
    wanted: &str,
    field: &Field,
    active: bool,
    width: usize,
) -> Vec<Row> {
    let right = matching(&field.text, wanted);
    let wrong = field.text.chars().count() > right;
    let ink = if wrong { WRONG } else { MATCH };
    let all = wanted.chars().count();
    let state = if wrong {
        Row::of(WRONG, format!("wrong from character {}", right + 1))
    } else if right == all {
        Row::of(MATCH, "matches")
    } else {
        Row::of(MUTED, format!("{right} of {all} characters match"))
    };
    let state = state.put(MUTED, ", paste is refused");
    vec![
        Row::of(TEXT, format!("{ask} exactly:  ")).put(KEY, wanted),
        Row::spread(typed(field, active, ink, width / 2), state, width),
    ]
}

/// A field that wants some words.
pub(super) fn words(
    ask: &str,
    least: usize,
    field: &Field,
    active: bool,
    width: usize,
) -> Vec<Row> {
    let count = field.text.trim().chars().count();
    let state = if count >= least {
        Row::of(MATCH, "long enough")
    } else {
        Row::of(MUTED, format!("{count} of at least {}", several(least, "character")))
    };
    let room = width.saturating_sub(state.width() + 2);
    vec![
        Row::of(TEXT, ask).cut(width),
        Row::spread(typed(field, active, FIELD, room), state, width),
    ]
}

/// The row that says what Enter does and how to leave, in as many words as fit.
pub(super) fn leave_row(enter: &str, width: usize) -> Row {
    let lead = if enter.is_empty() { String::new() } else { format!("{enter}   ") };
    let leave =
        ["Esc = back, nothing happens (the default)", "Esc = back, nothing happens", "Esc = back"];
    first_fit(leave.map(|leave| Row::of(MUTED, format!("{lead}{leave}"))).to_vec(), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_counted_from_the_start() {
        let check = |text: &str, want: &str| {
            let cursor = text.chars().count();
            let field = Field { text: text.to_owned(), cursor };
            let rows = exact("you", "promote pg-b", &field, true, 70);
            assert!(rows[1].text().contains(want), "{}", rows[1].text());
        };
        check("", "0 of 12 characters match");
        check("promote", "7 of 12 characters match");
        check("promote x", "wrong from character 9");
        check("promote pg-b", "matches");
        check("promote pg-bb", "wrong from character 13");
    }
}
