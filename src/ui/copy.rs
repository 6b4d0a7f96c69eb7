//! What the focused panel or the open dialog shows, as lines of text to be copied.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::frame_text;
use super::panel::phrase;
use super::screen::Screen;
use super::theme::Theme;
use super::view::draw_panel;
use super::widget::canvas::Canvas;
use crate::domain::text::Clean;

/// Columns of a panel: wide enough that little is cut.
const PANEL_COLUMNS: u16 = 156;

/// Columns of a dialog: what it says stands in one column.
const DIALOG_COLUMNS: u16 = 100;

/// Rows that are drawn: more than a panel can show at once, fewer than would take long.
const ROWS: u16 = 500;

/// What stands at the ends of a row that is only a frame.
const WALLS: [char; 3] = ['│', '┃', '|'];

/// What a line of a frame is made of.
const FLATS: [char; 10] = ['─', '━', '┌', '┐', '└', '┘', '┏', '┓', '┗', '┛'];

/// The lines: the kind of the incident first, so that a drill is never taken for the real thing.
pub fn lines(screen: &Screen<'_>) -> Vec<Clean> {
    let columns = if screen.model.dialog.is_some() { DIALOG_COLUMNS } else { PANEL_COLUMNS };
    let area = Rect::new(0, 0, columns, ROWS);
    let mut buffer = Buffer::empty(area);
    let theme = Theme::shipped("mono").expect("mono is shipped");
    let mut canvas = Canvas::new(&mut buffer, &theme, screen.model.ascii);
    match &screen.model.dialog {
        Some(open) => open.draw(&mut canvas, area, screen),
        None => draw_panel(&mut canvas, area, screen.model.focus, screen),
    }
    let text = frame_text::text(&buffer);
    let run = phrase::run_name(screen);
    let over = screen.site.override_words();
    let over = over.map_or_else(String::new, |words| format!("[{words}] "));
    let head = format!("[{}] {over}{run} {}", screen.kind.badge(), screen.now.utc().dated());
    let mut lines = vec![head];
    for line in text.lines().map(unframed) {
        // Empty rows are kept between others, not in rows of their own.
        if !(line.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(line);
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().map(|line| Clean::new(line)).collect()
}

/// The row without the frame around it.
fn unframed(line: &str) -> String {
    let inside = line.strip_prefix(WALLS).and_then(|line| line.strip_suffix(WALLS));
    match inside {
        Some(inside) => inside.trim_end().to_owned(),
        None if line.starts_with(FLATS) => {
            let words = line.split(FLATS).map(str::trim).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join("  ")
        }
        None => line.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixture;
    use crate::ui::model::Panel;

    #[test]
    fn what_is_shown_is_copied_without_its_frame() {
        let check = |moment: &str, focus: Panel, wants: &[&str], not: &[&str]| {
            let mut fixture = fixture::of(moment).expect("the moment exists");
            fixture.model.focus = focus;
            let lines = lines(&fixture.screen());
            let text: Vec<&str> = lines.iter().map(Clean::as_str).collect();
            let text = text.join("\n");
            assert!(text.starts_with("[LIVE] "), "{text}");
            for want in wants {
                assert!(text.contains(want), "{moment} wants `{want}`\n{text}");
            }
            for other in not {
                assert!(!text.contains(other), "{moment} has `{other}`\n{text}");
            }
            assert!(!text.contains(['│', '┃', '┏', '┐']), "{text}");
        };
        let book = ["RUNBOOK", "scale B from 2 to 10", "error logs reviewed"];
        check("running", Panel::Runbook, &book, &["MUTED", "TIMELINE"]);
        let log =
            ["TIMELINE", "DECLARED, T0 14:02:10Z", "region A dark, provider", "START 6 scale B"];
        check("running", Panel::Timeline, &log, &["RUNBOOK"]);
        check("running", Panel::RegionA, &["us-east-1", "last ok 14:02:08Z"], &["TIMELINE"]);
        // A dialog instead of what lies beneath, as a whole.
        let card = ["promote PostgreSQL", "SELECT pg_promote", "Esc = close"];
        check("card", Panel::Runbook, &card, &["more below", "scale B from 2 to 10"]);
        check("ledger", Panel::Runbook, &["kafka", "UNKNOWN"], &["TIMELINE"]);
    }
}
