//! When the next status update is due: at the right of NEXT, or in the header where NEXT is full.

use super::prelude::*;
use crate::domain::console::Access;
use crate::domain::rhythm::{Rhythm, rhythm};
use crate::ui::command::Command;

use super::{next, phrase};

/// Cells of the word before the sentence of NEXT.
pub fn next_lead(width: usize) -> &'static str {
    if width >= 60 { "NEXT  " } else { "NEXT " }
}

/// `UPDATE IN 02:11`, `UPDATE LATE 01:03`, and whether it is late; none while none is owed.
pub fn told(screen: &Screen<'_>) -> Option<(Row, bool)> {
    Some(match rhythm(screen.run, screen.now)? {
        Rhythm::Due(left) => {
            // Whole seconds that are left, the last one shown as such.
            let left = left + std::time::Duration::from_millis(999);
            (Row::of(MUTED, format!("UPDATE IN {}", phrase::minutes(left))), false)
        }
        Rhythm::Late(by) => (Row::of(WARN, format!("UPDATE LATE {}", phrase::minutes(by))), true),
    })
}

/// The same as it stands in NEXT, with the key: only where the sentence keeps all its room.
pub fn in_next(screen: &Screen<'_>, width: usize) -> Option<Row> {
    let (told, _) = told(screen)?;
    let model = screen.model;
    let typing = model.dialog.is_some() || model.filtering || !model.sequence.is_empty();
    let row = if typing || screen.access == Access::ReadOnly {
        told
    } else {
        Row::of(MUTED, format!("{} ", phrase::key(screen, Command::Update))).join(told)
    };
    let taken = width_of(next_lead(width)) + width_of(&next::sentence(screen));
    (taken + 2 + row.width() <= width).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::event::{Body, RunEvent};
    use crate::ui::fixture;

    #[test]
    fn five_minutes_after_the_last_one_it_is_late() {
        // Seconds after the declaration, and what stands on the screen.
        let check = |moment: &str, after: u64, want: Option<&str>| {
            let mut fixture = fixture::of(moment).expect("the moment exists");
            let declared = fixture.run.as_ref().and_then(|run| Some(run.declaration.as_ref()?.at));
            fixture.now =
                declared.unwrap_or(fixture.now).plus(std::time::Duration::from_secs(after));
            let found = told(&fixture.screen()).map(|(row, late)| {
                assert_eq!(late, row.text().contains("LATE"));
                row.text()
            });
            assert_eq!(found.as_deref(), want, "{moment} {after}");
        };
        check("healthy", 0, None);
        check("red", 900, None);
        check("declared", 0, Some("UPDATE IN 05:00"));
        check("declared", 169, Some("UPDATE IN 02:11"));
        check("declared", 299, Some("UPDATE IN 00:01"));
        check("declared", 300, Some("UPDATE LATE 00:00"));
        check("declared", 363, Some("UPDATE LATE 01:03"));
        check("declared", 300 + 3723, Some("UPDATE LATE 1:02:03"));
        // Declared at second 392; handed over at 906 and at 1252.
        check("held", 1252 - 392, Some("UPDATE LATE 00:46"));
        check("running", 1252 - 392, Some("UPDATE IN 05:00"));
        check("running", 1252 - 392 + 301, Some("UPDATE LATE 00:01"));
        check("restored", 4000, None);
    }

    #[test]
    fn the_rhythm_begins_again_with_each_update_and_ends_with_the_run() {
        let mut fixture = fixture::of("declared").expect("the moment exists");
        let mut run = fixture.run.take().expect("a run");
        let mut told_at = |fixture: &mut fixture::Fixture, after: u64, body: Option<Body>| {
            let at = run.declaration.as_ref().expect("declared").at;
            fixture.now = at.plus(std::time::Duration::from_secs(after));
            if let Some(body) = body {
                let (seq, by) = (run.last_seq() + 1, run.opened.1.clone());
                let event = RunEvent { seq, at: fixture.now, by, body };
                run.apply(event).expect("it fits");
            }
            fixture.run = Some(run.clone());
            told(&fixture.screen()).map(|(row, _)| row.text())
        };
        let update = |number| Some(Body::Updated { number, lines: Vec::new() });
        let late = Some("UPDATE LATE 00:10".to_owned());
        let due = Some("UPDATE IN 05:00".to_owned());
        assert_eq!(told_at(&mut fixture, 310, None), late);
        assert_eq!(told_at(&mut fixture, 311, update(1)), due);
        assert_eq!(told_at(&mut fixture, 621, None), late);
        assert_eq!(told_at(&mut fixture, 650, update(2)), due);
        // Whatever else is told does not count as one.
        let note = Some(Body::Noted { text: "support calls".into() });
        assert_eq!(told_at(&mut fixture, 960, note), late);
        let reason = "it was our own network".into();
        assert_eq!(told_at(&mut fixture, 960, Some(Body::AbortStarted { reason })), late);
        let closing = crate::domain::run::event::Closing::Aborted;
        assert_eq!(told_at(&mut fixture, 970, Some(Body::Closed { closing })), None);
    }

    #[test]
    fn it_covers_nothing_and_what_is_late_is_on_every_frame() {
        let theme = crate::ui::theme::Theme::shipped("mono").expect("mono is shipped");
        for name in ["declared", "failed", "unknown", "held", "breached", "split", "confirm"] {
            let mut fixture = fixture::of(name).expect("the moment exists");
            for minutes in [0, 30] {
                fixture.now = fixture.now.plus(std::time::Duration::from_secs(minutes * 60));
                let fixture = fixture.clone().guided();
                let screen = fixture.screen();
                let (row, late) = told(&screen).expect("it is owed");
                let sentence = next::sentence(&screen);
                for (width, height) in [(40, 8), (80, 24), (120, 36), (160, 48), (48, 80)] {
                    let frame = crate::ui::picture::frame(&screen, &theme, width, height);
                    let text = crate::ui::frame_text::text(&frame);
                    let place = format!("{name} {width}x{height}\n{text}");
                    let seen = text.matches(&row.text()).count();
                    assert!(seen == 1 || (!late && seen == 0), "{seen} times {place}");
                    let lead = next_lead(usize::from(width));
                    let whole = format!("{lead}{sentence}");
                    let room = width_of(&whole) <= usize::from(width);
                    assert!(!room || height == 80 || text.contains(&whole), "{place}");
                }
            }
        }
    }
}
