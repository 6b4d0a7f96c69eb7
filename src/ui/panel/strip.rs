//! The clock strip: time gone, time left, how it will end, what is lost; on every frame.

use super::prelude::*;
use std::time::Duration;

use ratatui::layout::Rect;

use crate::domain::time::{clock_text, short_time};
use crate::ui::widget::bar::bar;
use crate::ui::widget::canvas::{Canvas, FrameLook};
use crate::ui::widget::digits::{self, Size};

use super::{clocks, phrase, quiet, spoken};

/// How much room the strip has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A frame with five-row digits: 8 rows.
    Five,
    /// A frame with three-row digits: 6 rows.
    Three,
    /// Four rows of text for narrow terminals.
    Stack,
    /// Two rows of text.
    Two,
    /// One row of text, over a dialog on a small screen.
    One,
}

impl Look {
    /// Rows that it takes.
    pub fn height(self) -> u16 {
        match self {
            Self::Five => 8,
            Self::Three => 6,
            Self::Stack => 4,
            Self::Two => 2,
            Self::One => 1,
        }
    }

    /// Rows that it takes on this screen: a quiet one tells what a failover would cost.
    pub fn height_on(self, screen: &Screen<'_>) -> u16 {
        match self {
            Self::Five | Self::Three if screen.forecast.elapsed.is_none() => {
                self.height() + QUIET_ROWS
            }
            Self::Five | Self::Three | Self::Stack | Self::Two | Self::One => self.height(),
        }
    }
}

/// Rows that a framed strip takes more while there is no incident.
const QUIET_ROWS: u16 = 2;

fn is_held(screen: &Screen<'_>) -> bool {
    screen.run.is_some_and(|run| run.held_since.is_some())
}

/// `ON TRACK HOLD`.
fn state(screen: &Screen<'_>) -> Row {
    let forecast = screen.forecast;
    let row = Row::of(clocks::state_ink(forecast.state), forecast.state.words());
    // The big clock is what is certain; what only the wall clock says stands beside it.
    let row = match phrase::clock_doubt(screen) {
        Some(doubt) => row.put(WARN, format!(" or +{} by wall clock", short_time(doubt))),
        None => row,
    };
    if is_held(screen) { row.put(TEXT, " ").put(HELD, "HOLD") } else { row }
}

fn elapsed(screen: &Screen<'_>) -> String {
    screen.forecast.elapsed.map_or_else(|| "--:--:--".to_owned(), clock_text)
}

/// `LEFT 00:36:19 of 01:00:00`, or by how much it is over.
fn left(screen: &Screen<'_>, whole: bool) -> Row {
    let forecast = screen.forecast;
    let (Some(gone), Some(rto)) = (forecast.elapsed, forecast.rto) else {
        return Row::of(MUTED, "no RTO is written for this site");
    };
    let of = if whole { format!(" of {}", clock_text(rto)) } else { String::new() };
    let of = of + &clocks::of_tier(screen);
    if gone > rto {
        Row::of(CRIT, format!("OVER {}", clock_text(gone.saturating_sub(rto)))).put(TEXT, of)
    } else {
        let shown = clocks::left_of(rto, gone);
        Row::plain(format!("LEFT {}", clock_text(shown))).put(TEXT, of)
    }
}

fn share(screen: &Screen<'_>) -> f64 {
    let rto = screen.forecast.rto.unwrap_or_default().as_secs_f64();
    let spent = screen.forecast.elapsed.unwrap_or_default().as_secs_f64();
    if rto > 0.0 { spent / rto } else { 0.0 }
}

fn gauge(screen: &Screen<'_>, cells: usize) -> Row {
    if screen.forecast.rto.is_none() || cells == 0 {
        return Row::new();
    }
    Row::of(clocks::state_ink(screen.forecast.state), bar(share(screen), cells))
}

fn margin(screen: &Screen<'_>) -> Row {
    let decide = clocks::decide_by(screen);
    if !decide.is_empty() {
        return decide;
    }
    let Some(margin) = screen.forecast.margin_s() else { return Row::new() };
    let words = phrase::seconds(margin.abs());
    if margin < 0.0 {
        Row::of(CRIT, format!("late by {words}"))
    } else {
        Row::of(TEXT, format!("margin {words}"))
    }
}

fn declared(screen: &Screen<'_>) -> Row {
    let Some(run) = screen.run else { return Row::of(WARN, "NOT DECLARED") };
    let (Some(declared), Some(clock)) = (&run.declaration, &run.clock) else {
        return Row::of(WARN, "NOT DECLARED");
    };
    let after = clock_text(declared.at.since(clock.t0));
    Row::plain(format!("declared T+{after} by {}", declared.by))
}

fn hold(screen: &Screen<'_>) -> Row {
    let total = screen.run.map_or(Duration::ZERO, |run| run.held_total(screen.now));
    let ink = if is_held(screen) { HELD } else { MUTED };
    Row::of(ink, format!("hold total {}", phrase::minutes(total)))
}

fn loss(screen: &Screen<'_>) -> Row {
    let when = match (phrase::is_frozen(screen), phrase::is_any_lag_live(screen)) {
        (true, _) => format!("RPO at {}", phrase::frozen_at(screen)),
        (false, true) => "RPO now".to_owned(),
        (false, false) => "RPO ? last known".to_owned(),
    };
    let (ink, text) = phrase::exposure(screen);
    Row::plain(format!("{when}  ")).put(ink, text)
}

/// One line: `T+00:23:41 L36:19 ON TRACK`.
pub fn tiny(screen: &Screen<'_>, width: usize) -> Row {
    let forecast = screen.forecast;
    let (Some(gone), state) = (forecast.elapsed, state(screen)) else {
        let site = format!("{} {}", screen.forecast.state.words(), screen.site.name);
        return Row::of(OK, site).cut(width);
    };
    let left = match forecast.rto {
        Some(rto) if gone > rto => format!(" +{}", phrase::minutes(gone.saturating_sub(rto))),
        Some(rto) => {
            let whole = clocks::left_of(rto, gone);
            format!(" L{}", phrase::minutes(whole))
        }
        None => String::new(),
    };
    let clock = Row::plain(format!("T+{}", clock_text(gone)));
    let short = clock.clone().put(TEXT, &left);
    first_fit(
        vec![
            short.clone().put(TEXT, " ").join(state),
            short,
            clock,
            Row::plain(clock_text(gone)),
            Row::plain(phrase::minutes(gone)),
            Row::plain(format!("{}h{:02}", gone.as_secs() / 3600, gone.as_secs() % 3600 / 60)),
        ],
        width,
    )
}

/// `RTO T+00:23:41  LEFT 00:36:19  [██░░] 39 %  ON TRACK  margin 19m00s`.
fn text_row(screen: &Screen<'_>, width: usize) -> Row {
    if screen.forecast.elapsed.is_none() {
        return quiet::first_row(screen, width);
    }
    let clock = Row::plain(format!("RTO T+{}", elapsed(screen)));
    let whole = |bar: usize, margin_too: bool, gap: &str| {
        let margin = if margin_too { margin(screen) } else { Row::new() };
        let parts = [clock.clone(), left(screen, false), gauge(screen, bar), state(screen), margin];
        as_many(parts.to_vec(), gap, usize::MAX)
    };
    let mut rows: Vec<Row> = [(14, true), (10, true), (6, true), (6, false), (0, true), (0, false)]
        .map(|(bar, margin_too)| whole(bar, margin_too, "  "))
        .to_vec();
    rows.push(whole(0, false, " "));
    rows.push(tiny(screen, width));
    first_fit(rows, width)
}

/// The second row: exposure, the step, the journal.
fn second_row(screen: &Screen<'_>, width: usize) -> Row {
    if screen.forecast.elapsed.is_none() {
        return quiet::second_row(screen, width);
    }
    let step = Row::plain(clocks::step_clock(screen));
    let third = if step.is_empty() { declared(screen) } else { step };
    let (tier_first, tier) = clocks::worst_tier(screen);
    let journal = spoken::journal(screen);
    let (one, other) = if tier_first { (tier, journal) } else { (journal, tier) };
    as_many(vec![loss(screen), third, one, other], "  ", width)
}

/// Draws the strip.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, look: Look, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    match look {
        Look::One => canvas.row(area.x, area.y, area.width, &text_row(screen, width)),
        Look::Two => {
            canvas.rows(area, &[text_row(screen, width), second_row(screen, width)]);
        }
        Look::Stack if screen.forecast.elapsed.is_none() => {
            canvas.rows(area, &quiet::stack_rows(screen, width));
        }
        Look::Stack => {
            let rows = [
                text_row(screen, width),
                as_many(
                    vec![
                        Row::plain(phrase::t0_text(screen)),
                        clocks::finish(screen, false),
                        clocks::tier_cells(screen, width / 2),
                    ],
                    "  ",
                    width,
                ),
                loss(screen).cut(width),
                as_many(
                    vec![Row::plain(clocks::step_clock(screen)), spoken::journal(screen)],
                    "  ",
                    width,
                ),
            ];
            canvas.rows(area, &rows);
        }
        Look::Three | Look::Five => draw_framed(canvas, area, look, screen),
    }
}

fn draw_framed(canvas: &mut Canvas<'_>, area: Rect, look: Look, screen: &Screen<'_>) {
    let incident = screen.forecast.elapsed.is_some();
    let title = match (incident, phrase::is_red_moment(screen)) {
        (false, _) => {
            let away = phrase::label(screen, screen.direction().from);
            Row::plain(format!("IF {away} FAILED NOW"))
        }
        (true, true) => Row::plain("CLOCKS").put(INFO, "  provisional, counted from T0"),
        (true, false) => Row::plain("CLOCKS"),
    };
    let right = spoken::journal(screen);
    let inside = canvas.panel(area, &FrameLook { title, right, ..FrameLook::default() });
    let width = usize::from(inside.width);
    let rows = if incident {
        incident_rows(canvas.ascii(), look, screen, width)
    } else {
        quiet::rows(screen, usize::from(inside.height), width)
    };
    canvas.rows(inside, &rows);
}

/// Digits, then what is left and how it will end, then what is lost.
fn incident_rows(ascii: bool, look: Look, screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let five = look == Look::Five;
    let (size, digits_at) = if five { (Size::Five, 10) } else { (Size::Three, 10) };
    let digits = digits::rows(&elapsed(screen), size, ascii);
    let digits_width = digits.first().map_or(0, |row| row.chars().count());
    let middle_at = digits_at + digits_width + 4;
    let last_width = if five { 46 } else { 40 };
    let middle_width = width.saturating_sub(middle_at + last_width + 2);
    let ink = clocks::state_ink(screen.forecast.state);
    let names: [&str; 3] = ["RTO T+", "hh:mm:ss", "since T0"];
    let middle =
        if five { middle_five(screen, middle_width) } else { middle_three(screen, middle_width) };
    let last = last_column(screen, five);
    let height = if five { 6 } else { 4 };
    (0..height)
        .map(|index| {
            if !five && index == 3 {
                return foot_row(screen, width);
            }
            let name = names.get(index).copied().unwrap_or_default();
            let big = digits.get(index).cloned().unwrap_or_default();
            let mut row = Row::of(MUTED, fit(name, digits_at))
                .put(ink, fit(&big, digits_width))
                .put(TEXT, "    ");
            if five && index == 5 {
                let tiers = clocks::tier_cells(screen, width);
                return as_many(vec![tiers, Row::of(TEXT, spoken::say(screen))], "   ", width);
            }
            row = row.join(middle.get(index).cloned().unwrap_or_default().fit(middle_width));
            row.put(TEXT, "  ").join(last.get(index).cloned().unwrap_or_default().fit(last_width))
        })
        .collect()
}

fn two(one: Row, other: Row) -> Row {
    as_many(vec![one, other], "  ", usize::MAX)
}

fn middle_five(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    vec![
        left(screen, true),
        gauge(screen, 34),
        first_fit(
            [true, false]
                .map(|long| two(state(screen), two(clocks::finish(screen, long), margin(screen))))
                .to_vec(),
            width,
        ),
        Row::plain(phrase::t0_text(screen)),
        two(declared(screen), if screen.run.is_some() { hold(screen) } else { Row::new() }),
    ]
}

fn middle_three(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    vec![
        left(screen, true),
        first_fit([10, 6, 0].map(|bar| two(gauge(screen, bar), margin(screen))).to_vec(), width),
        two(state(screen), clocks::finish(screen, false)),
    ]
}

/// The last row at 120 columns: where the clock counts from, who declared, what to say.
fn foot_row(screen: &Screen<'_>, width: usize) -> Row {
    let held_ever = screen.run.is_some_and(|run| !run.held_total(screen.now).is_zero());
    let lead = as_many(
        vec![
            Row::plain(phrase::t0_text(screen)),
            declared(screen),
            if held_ever { hold(screen) } else { Row::new() },
        ],
        "  ",
        width,
    );
    let tiers = clocks::tier_cells(screen, width.saturating_sub(lead.width() + 2));
    as_many(vec![lead, tiers, Row::of(MUTED, spoken::say(screen))], "  ", width)
}

fn last_column(screen: &Screen<'_>, five: bool) -> Vec<Row> {
    let frozen = phrase::is_frozen(screen);
    let at = phrase::frozen_at(screen);
    let when = if frozen { format!("RPO at {at} (frozen)") } else { "RPO now".to_owned() };
    let (ink, text) = phrase::exposure(screen);
    let step = Row::plain(clocks::step_clock(screen));
    let mut rows = vec![Row::of(MUTED, when), Row::of(ink, text)];
    if five {
        rows.extend(spoken::other_losses(screen, 2));
        rows.resize(4, Row::new());
    }
    rows.push(step);
    rows
}
