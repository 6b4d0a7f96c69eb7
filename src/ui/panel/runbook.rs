//! The runbook: every step with its state, what it usually takes and what was measured.

use super::prelude::*;
use ratatui::layout::Rect;

use crate::domain::catalogue::Class;
use crate::domain::ids::StepId;
use crate::domain::run::phase::Phase;
use crate::domain::run::state::{Abort, StepState};
use crate::domain::runbook::{Compensation, Runbook, Step};
use crate::domain::time::short_time;
use crate::ui::meant::{meant, steps_shown};
use crate::ui::model::Panel;
use crate::ui::widget::canvas::{Canvas, FrameLook, rows_of, ruled};

use super::{clocks, phrase, region, runbook_abort};

/// The lit step, on which the keys act.
pub fn lit<'a>(screen: &Screen<'a>) -> Option<&'a Step> {
    meant(screen, screen.model)
}

/// The mark before a row, and whether it is the lit one: no other row has a mark.
pub fn lead(screen: &Screen<'_>, step: &Step) -> (&'static str, bool) {
    let lit = lit(screen).is_some_and(|lit| lit.id == step.id);
    (if lit { ">" } else { " " }, lit)
}

/// The box of a step: its state in one character, and its ink.
pub fn mark(step: &Step, state: Option<&StepState>) -> (Ink, &'static str) {
    let Some(state) = state else { return (PENDING, "[ ]") };
    if state.untrue.is_some() {
        return (WARN, "[!]");
    }
    match state.phase {
        Phase::Pending => (PENDING, "[ ]"),
        Phase::Ready if step.class == Class::H => (INFO, "[h]"),
        Phase::Ready if step.second_person => (INFO, "[2]"),
        Phase::Ready => (TEXT, "[ ]"),
        Phase::Granted | Phase::Running | Phase::Verifying => (INFO, "[~]"),
        Phase::Done => (OK, "[x]"),
        Phase::Failed => (CRIT, "[!]"),
        Phase::Unknown => (UNKNOWN, "[?]"),
        Phase::Skipped | Phase::Compensated => (MUTED, "[-]"),
    }
}

/// What makes a step dangerous or different, in a word or two.
pub fn danger(step: &Step) -> (Ink, &'static str) {
    match &step.compensation {
        _ if step.class == Class::X => (TEXT, "IRREVERSIBLE"),
        Compensation::None(_) => (TEXT, "HARD UNDO"),
        Compensation::Action { .. } | Compensation::NotNeeded => {
            let words = [
                (step.second_person, (TEXT, "TWO PERSONS")),
                (step.automatic, (MUTED, "auto")),
                (step.optional, (MUTED, "optional")),
            ];
            words.into_iter().find_map(|(is_so, word)| is_so.then_some(word)).unwrap_or((MUTED, ""))
        }
    }
}

/// What is known of a step: its state, or what was measured.
pub fn told(screen: &Screen<'_>, step: &Step, state: Option<&StepState>) -> Row {
    let Some(state) = state else { return Row::new() };
    if let Some(now) = &state.untrue {
        return Row::of(WARN, format!("▲2 was done, not true now: {now}"));
    }
    if let Some(left) = &state.left {
        return Row::of(WARN, format!("▲2 its runner is gone, still running: {left}"));
    }
    let spent = state.took(screen.now).map(phrase::minutes).unwrap_or_default();
    let evidence = state.evidence.as_str();
    let elapsed = || match clocks::stuck(screen, &step.id) {
        Some(stuck) => Row::of(WARN, format!("▲2 {}  ", clocks::stuck_words(stuck))),
        None => Row::of(INFO, format!("{spent} elapsed  ")),
    };
    match state.phase {
        Phase::Pending => Row::of(MUTED, waits_for(screen, step)),
        Phase::Ready if step.class == Class::H => Row::of(INFO, "attest what you see"),
        Phase::Ready => Row::of(INFO, "ready"),
        Phase::Granted => Row::of(INFO, format!("granted, runner starting  {spent} elapsed")),
        Phase::Running => {
            let line = screen.output.iter().rev().find(|line| line.step == step.id);
            elapsed().put(TEXT, line.map_or("running", |line| line.text.as_str()))
        }
        Phase::Verifying => elapsed().put(INFO, "verifying ").put(TEXT, evidence),
        Phase::Done => {
            let lead = if state.attested { "attested: " } else { "" };
            Row::of(TEXT, format!("{lead}{evidence}")).put(MUTED, format!("  {spent}"))
        }
        Phase::Failed => {
            let cause = state.cause.map_or("", crate::domain::run::event::Cause::words);
            let failed = format!("■1 FAILED {cause}");
            Row::of(CRIT, failed.trim_end()).put(TEXT, format!(": {evidence}"))
        }
        Phase::Unknown => Row::of(UNKNOWN, "? UNKNOWN").put(TEXT, format!(": {evidence}")),
        Phase::Skipped => Row::of(MUTED, format!("skipped: {evidence}")),
        Phase::Compensated => Row::of(MUTED, format!("taken back: {evidence}")),
    }
}

fn waits_for(screen: &Screen<'_>, step: &Step) -> String {
    let open = screen.run.map(|run| run.waits_for(&step.id)).unwrap_or_default();
    let number = |id: &StepId| screen.runbook.and_then(|book| book.number(id));
    let open: Vec<String> =
        open.into_iter().map(|id| number(id).map_or(id.to_string(), |at| at.to_string())).collect();
    if open.is_empty() { String::new() } else { format!("after {}", open.join(", ")) }
}

/// Cells of the title, and whether there is room for the word of danger and for the time.
fn columns(width: usize) -> (usize, bool, bool) {
    match width {
        0..50 => ((width / 2).max(11), false, false),
        50..72 => (27, false, true),
        72..84 => (27, true, true),
        84..120 => (31, true, true),
        _ => (43, true, true),
    }
}

/// Cells of the word of danger.
const DANGER_CELLS: usize = 12;

/// A step of a list as it stands in its row.
pub(super) struct Line {
    /// The box, and what else stands before the title.
    pub(super) mark: Row,
    /// The ink of the title.
    pub(super) title: Ink,
    /// A word on it.
    pub(super) word: (Ink, &'static str),
    /// What it takes.
    pub(super) takes: String,
    /// What is known of it.
    pub(super) told: Row,
}

impl Line {
    /// With the number by which output, timeline, refusals and the palette name it.
    pub(super) fn row(self, screen: &Screen<'_>, step: &Step, width: usize) -> Row {
        let (lead, chosen) = lead(screen, step);
        let (title, danger, expect) = columns(width);
        let number = screen.runbook.and_then(|book| book.number(&step.id));
        let numbered = format!("{:>2} {}", number.unwrap_or_default(), step.title);
        let mut row = Row::of(FOCUS, lead).join(self.mark).cell(self.title, numbered, title);
        if danger {
            row = row.cell(self.word.0, self.word.1, DANGER_CELLS);
        }
        if expect {
            row = row.put(MUTED, self.takes).put(TEXT, "  ");
        }
        let row = row.join(self.told).fit(width);
        if chosen { row.over(SELECTION) } else { row }
    }
}

fn step_row(screen: &Screen<'_>, step: &Step, width: usize) -> Row {
    let state = screen.run.and_then(|run| run.step(&step.id));
    let (ink, mark) = mark(step, state);
    let attested = step.class == Class::H || state.is_some_and(|state| state.attested);
    let word = danger(step);
    let mut told = told(screen, step, state);
    if !columns(width).1 && !word.1.is_empty() && told.width() < 8 {
        told = Row::of(word.0, word.1).put(TEXT, " ").join(told);
    }
    let mark = Row::of(ink, mark)
        .put(TEXT, " ")
        .put(MUTED, if attested { "M" } else { "S" })
        .put(MUTED, if screen.forecast.is_critical(&step.id) { "*" } else { " " });
    let title = if matches!(ink, PENDING) { MUTED } else { TEXT };
    Line { mark, title, word, takes: expected(screen, step, width), told }.row(screen, step, width)
}

/// What a step takes: `02:10 03:10` in half and in eight of ten runs where there is history and
/// room, else the one figure that the forecast rests on.
fn expected(screen: &Screen<'_>, step: &Step, width: usize) -> String {
    let p80 = phrase::minutes(clocks::act_p80(screen, step));
    match screen.forecast.step(&step.id).map(|told| &told.pace) {
        Some(pace) if width >= QUANTILES_FROM && pace.runs > 0 => {
            format!("{} {p80}", phrase::minutes(pace.act.p50))
        }
        _ if width >= QUANTILES_FROM && screen.forecast.runs > 0 => format!("{p80:>11}"),
        _ => p80,
    }
}

/// Cells from which both quantiles of a step are shown.
const QUANTILES_FROM: usize = 84;

/// All rows of the runbook, with headings where there is room, and the places of the lit step and
/// of one that runs beside it.
fn list(
    screen: &Screen<'_>,
    book: &Runbook,
    width: usize,
    room: usize,
) -> (Vec<Row>, usize, usize) {
    let abort = screen.run.and_then(|run| run.abort.as_ref());
    if abort.is_some_and(Abort::is_planned) {
        let (rows, chosen) = runbook_abort::list(screen, book, width);
        return (rows, chosen, chosen);
    }
    let shown = steps_shown(book, screen.run, screen.model);
    let begins = |at: usize| {
        let group = &shown[at].group;
        group.is_some() && (at == 0 || shown[at - 1].group != *group)
    };
    let heads = (0..shown.len()).filter(|at| begins(*at)).count();
    let with_groups = shown.len() + heads <= room;
    let mut rows = Vec::new();
    let (mut chosen_at, mut current_at) = (0, None);
    for (at, step) in shown.iter().enumerate() {
        if let Some(name) = step.group.as_ref().filter(|_| with_groups && begins(at)) {
            rows.push(Row::of(FOCUS, name.as_str().to_uppercase()));
        }
        if lead(screen, step).1 {
            chosen_at = rows.len();
        } else if phrase::current(screen).is_some_and(|(current, _)| current.id == step.id) {
            current_at = Some(rows.len());
        }
        rows.push(step_row(screen, step, width));
    }
    (rows, chosen_at, current_at.unwrap_or(chosen_at))
}

/// `room` rows around the chosen one, from the current one on where both fit, with what is above
/// and below told in words.
fn around(rows: Vec<Row>, chosen: usize, current: usize, room: usize) -> Vec<Row> {
    if rows.len() <= room || room < 3 {
        let from = if room < 3 { chosen.min(rows.len().saturating_sub(room)) } else { 0 };
        return rows.into_iter().skip(from).take(room).collect();
    }
    let both = current < chosen && chosen - current + 2 < room;
    let lead = if both { chosen - current + 1 } else { 0 };
    let from = chosen.saturating_sub(lead.max(room / 3)).min(rows.len() - room);
    let (above, below) = (from, rows.len() - from - room);
    let mut shown: Vec<Row> = rows[from..from + room].to_vec();
    let note = |text: String| Row::of(MUTED, format!("     {text}"));
    if above > 0 && chosen > from {
        shown[0] = note(format!("… {} above", above + 1));
    }
    if below > 0 && chosen + 1 < from + room {
        shown[room - 1] = note(format!("… {} more below", below + 1));
    }
    shown
}

fn title(screen: &Screen<'_>) -> (Row, Row) {
    let Some(book) = screen.runbook else {
        return (Row::plain("4 RUNBOOK none"), Row::new());
    };
    let hash: String = book.hash.chars().take(4).collect();
    let title = Row::plain(format!("4 RUNBOOK {}", book.title)).put(MUTED, format!("  sha {hash}"));
    let Some(run) = screen.run else {
        let mode = Row::of(MUTED, format!("{} steps, plan only", book.steps.len()));
        return (title, mode);
    };
    if let Some(abort) = &run.abort {
        return runbook_abort::title(screen, book, run, abort);
    }
    let done = run.steps.iter().filter(|state| state.phase.satisfies()).count();
    let rest = short_time(screen.forecast.plan_p80);
    let right = Row::of(
        MUTED,
        format!("{}, {done} of {} done, {rest} left", run.mode.word(), run.steps.len()),
    );
    (title, right)
}

fn body(screen: &Screen<'_>, width: usize, room: usize) -> Vec<Row> {
    match screen.runbook {
        None => vec![Row::of(UNKNOWN, format!("? {}", phrase::no_runbook(screen)))],
        Some(book) if book.steps.is_empty() => vec![Row::of(MUTED, "the runbook has no steps")],
        Some(book) => {
            let (mut rows, chosen, current) = list(screen, book, width, room);
            let tiers = clocks::tier_rows(screen);
            if !tiers.is_empty() && rows.len() + tiers.len() < room {
                rows.push(Row::of(FOCUS, "TIERS"));
                rows.extend(tiers.into_iter().map(|row| Row::plain("     ").join(row)));
            } else if !tiers.is_empty() && rows.len() < room {
                let cells = clocks::tier_cells(screen, width.saturating_sub("TIERS  ".len()));
                rows.push(Row::of(FOCUS, "TIERS  ").join(cells));
            }
            around(rows, chosen, current, room)
        }
    }
}

/// Draws the panel in a frame.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let (title, right) = title(screen);
    let legend = if area.width >= 100 {
        Row::of(
            MUTED,
            "S sensed by a probe  M attested by a person  [h] a person attests  [2] two persons  \
             * critical path",
        )
    } else if area.width >= 60 {
        Row::of(MUTED, "S sensed  M attested  * critical path")
    } else {
        Row::new()
    };
    let filter = region::filter_note(screen);
    let below = if filter.is_empty() { legend } else { filter };
    let focused = screen.model.focus == Panel::Runbook;
    let inner = canvas.frame(area, &FrameLook { title, right, below, focused });
    canvas.rows(inner, &body(screen, usize::from(inner.width), usize::from(inner.height)));
}

/// Draws the panel under a ruled heading, where frames would take too much room.
pub fn draw_bare(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let width = usize::from(area.width);
    let (title, right) = title(screen);
    let focused = screen.model.focus == Panel::Runbook;
    let (top, inside) = rows_of(area, 1);
    canvas.rows(top, &[ruled(&title, &right, focused, width)]);
    canvas.rows(inside, &body(screen, width, usize::from(inside.height)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::Fencing;
    use crate::domain::run::event::{Body, Cause, Purpose, RunEvent};
    use crate::ui::fixture::{self, Fixture};

    /// The moment with what came later.
    fn later(name: &str, bodies: &[(u64, Body)]) -> Fixture {
        let mut fixture = fixture::of(name).expect("the moment exists");
        let began = fixture.now;
        let run = fixture.run.as_mut().expect("a run");
        for (seconds, body) in bodies {
            fixture.now = began.plus(std::time::Duration::from_secs(*seconds));
            let (seq, by) = (run.last_seq() + 1, run.opened.1.clone());
            run.apply(RunEvent { seq, at: fixture.now, by, body: body.clone() }).expect("it fits");
        }
        fixture
    }

    fn again(id: &StepId) -> [(u64, Body); 2] {
        let (step, reason) = (id.clone(), "there is room now".into());
        let (new_key, by_itself) = (false, false);
        let intended = Body::Intended {
            step: id.clone(),
            attempt: 2,
            purpose: Purpose::Forward,
            action: String::new(),
            class: Class::I,
            fencing: Fencing::FencedByTarget,
            gates: Vec::new(),
            call: "".into(),
            warrant: None,
        };
        [(60, Body::Retried { step, reason, new_key, by_itself }), (70, intended)]
    }

    #[test]
    fn a_new_attempt_counts_its_own_time() {
        let id = StepId::new("scale-b").expect("a name");
        let mut fixture = later("failed", &again(&id));
        fixture.now = fixture.now.plus(std::time::Duration::from_secs(3));
        let screen = fixture.screen();
        let step = screen.runbook.and_then(|book| book.step(&id)).expect("a step");
        let state = screen.run.and_then(|run| run.step(&id));
        let text = told(&screen, step, state).text();
        assert!(text.contains("00:03 elapsed"), "{text}");
    }

    #[test]
    fn one_row_has_the_mark_and_it_is_the_lit_one() {
        let check = |name: &str, selected: Option<&str>, want: &str| {
            let mut fixture = fixture::of(name).expect("the moment exists");
            fixture.model.selected = selected.and_then(|id| StepId::new(id).ok());
            let screen = fixture.screen();
            let book = screen.runbook.expect("a runbook");
            let marked: Vec<(&str, bool)> = book
                .steps
                .iter()
                .map(|step| (step.id.as_str(), lead(&screen, step)))
                .filter(|(_, (mark, lit))| *mark != " " || *lit)
                .map(|(id, (_, lit))| (id, lit))
                .collect();
            assert_eq!(marked, [(want, true)], "{name} {selected:?}");
        };
        check("running", None, "scale-b");
        check("beside", None, "purge-cdn");
        check("beside", Some("fence-a"), "fence-a");
        check("failed", None, "scale-b");
        check("unknown", Some("login"), "login");
    }

    #[test]
    fn a_failure_is_told_with_its_cause_where_one_is_known() {
        let check = |cause: Option<Cause>, want: &str| {
            let mut fixture = fixture::of("failed").expect("the moment exists");
            let run = fixture.run.as_mut().expect("a run");
            for state in run.steps.iter_mut().filter(|state| state.phase == Phase::Failed) {
                (state.cause, state.evidence) = (cause, "exit 1".into());
            }
            let screen = fixture.screen();
            let state = screen.run.and_then(|run| run.step(&lit(&screen)?.id));
            let text = told(&screen, lit(&screen).expect("a step"), state).text();
            assert_eq!(text, want);
        };
        check(None, "■1 FAILED: exit 1");
        check(Some(Cause::Error), "■1 FAILED refused: exit 1");
    }
}
