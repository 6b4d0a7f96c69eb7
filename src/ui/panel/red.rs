//! The moment the primary goes red: what we know, what to do, what else is wrong. Nothing is run.

use super::prelude::*;
use ratatui::layout::Rect;

use crate::domain::console::Access;
use crate::domain::readiness::worst_first;
use crate::domain::reading::{Reading, Writes};
use crate::domain::rules;
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::CellState;
use crate::domain::time::{short_time, whole_time};
use crate::domain::verdict::{Criterion, Met, Primary, Signal, T0Basis};
use crate::ui::available::why_not_now;
use crate::ui::command::Command;
use crate::ui::widget::canvas::{Canvas, FrameLook, columns_of, rows_of, ruled};
use crate::ui::widget::sheet::window;

use super::{clocks, fitness, phrase, spoken};

/// Cells of the words at the left.
const LEAD: usize = 8;

/// Consequences named before the rest is only counted.
const NAMED_MAX: usize = 8;

/// Signals named by their system; the evidence has all of them.
const SIGNALS_NAMED: usize = 6;

/// The same where there is little room.
const SIGNALS_NAMED_COMPACT: usize = 1;

/// `3 of the systems that fail have a rule, 2 make it red`: the banner counts all that fail, and
/// one without a rule does not speak for the loss of its region.
fn failing(ruled: usize, needed: usize) -> String {
    let have = if ruled == 1 { "has" } else { "have" };
    let make = if needed == 1 { "makes" } else { "make" };
    format!("{ruled} of the systems that fail {have} a rule, {needed} {make} it red")
}

/// Rows of one fact: a lead word, then inked text wrapped beneath each other.
fn fact(lead: &str, ink: Ink, text: &str, width: usize) -> Vec<Row> {
    hanging((FOCUS, &fit(lead, LEAD)), ink, text, width)
}

fn signals<'a>(screen: &Screen<'a>) -> (&'a [Signal], Option<T0Basis>) {
    match &screen.assessment.primary {
        Primary::Red { signals, basis, .. } => (signals, Some(*basis)),
        Primary::Suspect { signals } | Primary::ItIsUs { signals } => (signals, None),
        Primary::Healthy | Primary::Blind(_) => (&[], None),
    }
}

/// What failed and since when; so many signals are named, the rest is counted.
fn what(screen: &Screen<'_>, named: usize, width: usize) -> Vec<Row> {
    let (signals, basis) = signals(screen);
    let label = phrase::label(screen, screen.assessment.active);
    let mut rows = fact(
        "WHAT",
        CRIT,
        &format!(
            "{label} stopped answering: {}",
            failing(signals.len(), screen.site.red_needs_signals)
        ),
        width,
    );
    for signal in signals.iter().take(named) {
        let text = format!("{} since {}: {}", signal.system, signal.since.utc(), signal.why);
        rows.push(Row::plain(" ".repeat(LEAD)).put(TEXT, text).cut(width));
    }
    if signals.len() > named {
        let text = format!("and {} more", signals.len() - named);
        rows.extend(fact("", MUTED, &text, width));
    }
    let since = phrase::t0(screen).map_or_else(String::new, |(at, _)| {
        let spent = whole_time(screen.now.since(at));
        match basis {
            Some(T0Basis::AtOrBefore) => {
                format!("at or before {} ({spent}): the first look already failed", at.utc())
            }
            Some(T0Basis::Exact | T0Basis::Set | T0Basis::Declared) | None => {
                format!("{} ({spent}), the first failed look after a good one", at.utc())
            }
        }
    });
    rows.extend(fact("SINCE", TEXT, &since, width));
    rows.extend(fact("SEEN", TEXT, &format!("from {}, this console", screen.me.host), width));
    rows
}

fn not_us(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let every = std::time::Duration::from_secs(10);
    let (ink, text) = match screen.snapshot.reference.state(screen.now, every) {
        CellState::Up | CellState::Degraded(_) => {
            (OK, format!("the reference {} answers", screen.site.reference.join(", ")))
        }
        CellState::Down(why) => (CRIT, format!("the reference is silent too: {why}")),
        CellState::Unknown(why) => (UNKNOWN, format!("? the reference tells nothing: {why}")),
        CellState::Stale(age) => {
            (UNKNOWN, format!("? the reference was last looked at {} ago", short_time(age)))
        }
        CellState::NoData => (UNKNOWN, "? the reference was never looked at".to_owned()),
    };
    fact("NOT US", ink, &text, width)
}

fn data(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    if screen.ledger.rows.is_empty() {
        let text = format!("? what we would lose is {}", phrase::no_store(screen));
        return fact("DATA", UNKNOWN, &text, width);
    }
    let mut rows = fact("DATA", TEXT, "if we promote now we expect to lose:", width);
    for row in &screen.ledger.rows {
        let loss = row.expected();
        let limit = phrase::limit(row, "no RPO");
        rows.push(
            Row::plain(" ".repeat(LEAD))
                .cell(TEXT, row.system.as_str(), 12)
                .put(TEXT, format!("{loss:>8} of {limit:>6}  "))
                .put(phrase::loss_ink(row.verdict), row.verdict.word()),
        );
    }
    rows
}

/// The same in a sentence.
fn data_compact(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    if screen.ledger.rows.is_empty() {
        return data(screen, width);
    }
    fact("DATA", TEXT, &format!("we expect to lose: {}", phrase::losses(screen)), width)
}

fn standby(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let assessment = screen.assessment;
    let label = phrase::label(screen, assessment.standby());
    let head = format!("{label} is {}", fitness::verdict(screen).text());
    let mut rows = fact("STANDBY", spoken::verdict_ink(&assessment.verdict), &head, width);
    for criterion in &assessment.criteria {
        let (ink, word) = match criterion.met {
            Met::Yes => continue,
            Met::No => (CRIT, "■1"),
            Met::Unknown => (UNKNOWN, "? "),
        };
        let text = format!("{word} {}", criterion.says());
        rows.extend(fact("", ink, &text, width));
    }
    let met = assessment.criteria.iter().filter(|criterion| criterion.met == Met::Yes).count();
    rows.extend(fact("", OK, &format!("ok {met} criteria are met"), width));
    rows
}

/// The same in one row: what speaks against it first, and the key of the list.
fn standby_row(screen: &Screen<'_>, width: usize) -> Row {
    let assessment = screen.assessment;
    let label = phrase::label(screen, assessment.standby());
    let open: Vec<String> = worst_first(&assessment.criteria)
        .into_iter()
        .filter(|criterion| criterion.met != Met::Yes)
        .map(Criterion::found)
        .collect();
    let why = match open.as_slice() {
        [] => String::new(),
        [one] => format!(", open: {one}"),
        [first, more @ ..] => format!(", open: {first}, {} more", more.len()),
    };
    let verdict = fitness::verdict(screen).text();
    let key = phrase::key(screen, Command::Readiness);
    Row::of(FOCUS, fit("STANDBY", LEAD))
        .put(spoken::verdict_ink(&assessment.verdict), format!("{label} is {verdict}"))
        .put(TEXT, format!("{why}   {key} = list"))
        .cut(width)
}

/// Whether the lost region can still take writes, as far as anything tells.
pub fn fence(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let side = screen.assessment.active;
    let store = |system: &SystemSpec| {
        let cell = screen.snapshot.cell(&system.id, side)?;
        cell.last_reading.as_ref()?.role?;
        let told = cell.current(screen.now, rules::period(system));
        Some((system.id.to_string(), told.and_then(Reading::takes_writes)))
    };
    let stores: Vec<(String, Option<Writes>)> =
        screen.site.systems.iter().filter_map(store).collect();
    let open = stores.iter().find(|(_, writes)| *writes == Some(Writes::Open));
    let closed = stores.iter().all(|(_, writes)| *writes == Some(Writes::Refused));
    let (ink, text) = match open {
        Some((system, _)) => {
            (CRIT, format!("■1 {system} in {side} is NOT fenced: it takes writes"))
        }
        None if closed && !stores.is_empty() => (OK, format!("no store in {side} takes writes")),
        None => (WARN, format!("▲2 UNKNOWN: {side} may still accept writes")),
    };
    fact("FENCE", ink, &text, width)
}

fn know_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let mut rows = what(screen, SIGNALS_NAMED, width);
    rows.extend(not_us(screen, width));
    rows.extend(data(screen, width));
    rows.extend(standby(screen, width));
    rows.extend(fence(screen, width));
    rows
}

fn do_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let key = |command| phrase::key(screen, command);
    let label = phrase::label(screen, screen.assessment.active);
    let since = phrase::t0(screen).map_or_else(String::new, |(at, _)| at.utc().to_string());
    let who = phrase::declarers(screen);
    let step = |number: &str, lead: &str, text: String| {
        hanging((FOCUS, &format!("{number:<3}{lead:<10}")), TEXT, &text, width)
    };
    let mut rows = step(
        "1",
        "CONFIRM",
        format!("is it really down?  {} = evidence of every look", key(Command::Evidence)),
    );
    let title =
        screen.runbook.map_or_else(|| phrase::no_runbook(screen), |book| book.title.to_string());
    let opened = screen.open_run();
    let how = match (opened, screen.access) {
        (Some(run), _) => format!(".  It is open as {}", run.id),
        (None, Access::ReadOnly) => String::new(),
        (None, Access::Safe | Access::Armed) => {
            format!(".  {} = open it, or another one", key(Command::Choose))
        }
    };
    rows.extend(step("2", "PLAN", format!("{title}{how}")));
    let by = clocks::decide_by(screen).text();
    let by = by.strip_prefix("decide ").map_or_else(String::new, |by| format!("{by}.  "));
    rows.extend(step(
        "3",
        "DECIDE",
        if screen.access == Access::ReadOnly {
            format!("{by}may declare, at their own console: {who}")
        } else {
            let possible = why_not_now(Command::Declare, screen, screen.model);
            let how = match possible {
                None => format!("{} = the declare dialog, typed", key(Command::Declare)),
                Some(_) if opened.is_none() => "the plan is opened first".to_owned(),
                Some(why) => why.to_string(),
            };
            format!("{by}may declare: {who}.  {how}")
        },
    ));
    rows.extend(step(
        "4",
        "SAY",
        format!(
            "\"{label} is down since {since}. {} is looking. Next word in 5 minutes.\"",
            screen.me
        ),
    ));
    let mine = "This console has changed nothing, no step runs by itself";
    rows.extend(paragraph(TEXT, &format!("{mine}; {}.", phrase::elsewhere(screen)), width));
    rows
}

fn alarm_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for alarm in &screen.assessment.alarms {
        let (ink, glyph) = phrase::glyph(alarm.priority);
        let at = alarm.since.map_or_else(|| "         ".to_owned(), |at| at.utc().to_string());
        let known = screen.acknowledged.contains(&alarm.key);
        let right = if known { "acknowledged" } else { "not acknowledged" };
        rows.push(Row::spread(
            Row::of(ink, glyph).put(MUTED, format!(" {at} ")).put(TEXT, alarm.sentence.as_str()),
            Row::of(MUTED, right),
            width,
        ));
        let count = alarm.consequences.len();
        if count > 0 {
            let named: Vec<&str> = alarm
                .consequences
                .iter()
                .take(NAMED_MAX)
                .map(|one| one.sentence.as_str())
                .collect();
            let text = format!("   +{count} consequences: {}", named.join("; "));
            rows.push(Row::of(MUTED, text).cut(width));
        }
    }
    rows
}

/// Draws the red moment over the content.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    if area.width < 100 || area.height < 20 {
        draw_compact(canvas, area, screen);
        return;
    }
    let alarms = alarm_rows(screen, usize::from(area.width) - 4);
    let alarm_height =
        u16::try_from(alarms.len() + 2).unwrap_or(u16::MAX).clamp(4, area.height / 3);
    let (upper, below) = rows_of(area, area.height - alarm_height);
    let (know, act) = columns_of(upper, area.width / 2);
    let mut panel = |at: Rect, title: &str, right: Row, rows: &dyn Fn(usize) -> Vec<Row>| {
        let (title, focused) = (Row::plain(title), at == know);
        let inside = canvas.panel(at, &FrameLook { title, right, below: Row::new(), focused });
        let rows = rows(usize::from(inside.width));
        canvas.rows(inside, &window(&rows, 0, usize::from(inside.height)));
    };
    panel(know, "WHAT WE KNOW", Row::new(), &|width| know_rows(screen, width));
    panel(act, "WHAT TO DO NOW", Row::new(), &|width| do_rows(screen, width));
    let title = format!("ALARMS  {} shown", screen.assessment.alarms.len());
    let folded: usize = screen.assessment.alarms.iter().map(|alarm| alarm.consequences.len()).sum();
    panel(below, &title, Row::of(MUTED, format!("{folded} grouped")), &|_| alarms.clone());
}

/// One column, the most needed first, where there is little room.
fn draw_compact(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    let title = |words| ruled(&Row::plain(words), &Row::new(), true, width);
    let (top, inside) = rows_of(area, 1);
    canvas.rows(top, &[title("WHAT WE KNOW")]);
    let mut know = what(screen, SIGNALS_NAMED_COMPACT, width);
    know.extend(not_us(screen, width));
    know.extend(data_compact(screen, width));
    know.extend(fence(screen, width));
    know.push(standby_row(screen, width));
    let act = do_rows(screen, width);
    let room = usize::from(area.height).saturating_sub(2);
    let act_room = act.len().min(room * 2 / 5);
    let know_room = room - act_room;
    let know_rows = window(&know, 0, know_room);
    let used = u16::try_from(know_rows.len()).unwrap_or(area.height);
    canvas.rows(inside, &know_rows);
    let (_, below) = rows_of(inside, used);
    let mut rows = vec![title("WHAT TO DO NOW")];
    rows.extend(window(&act, 0, usize::from(below.height).saturating_sub(1)));
    canvas.rows(below, &rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_counted_in_whole_sentences() {
        let check = |systems, needed, want: &str| assert_eq!(failing(systems, needed), want);
        check(1, 1, "1 of the systems that fail has a rule, 1 makes it red");
        check(1, 2, "1 of the systems that fail has a rule, 2 make it red");
        check(3, 1, "3 of the systems that fail have a rule, 1 makes it red");
        check(3, 2, "3 of the systems that fail have a rule, 2 make it red");
    }
}
