//! The card of a step: what would change, what must hold, what it costs, and how to start it.

use crate::domain::abort;
use crate::domain::catalogue::Class;
use crate::domain::console::{Access, Rehearsal};
use crate::domain::loss;
use crate::domain::preview::Standing;
use crate::domain::run::phase::Phase;
use crate::domain::run::state::StepState;
use crate::domain::runbook::{Compensation, Step};
use crate::ui::dialog::prelude::*;
use crate::ui::panel::clocks;
use crate::ui::widget::row::beside;
use crate::ui::widget::sheet::Fold;

use super::foot;
use super::state::{Card, dry_run};
use crate::ui::dialog::lossy;

/// Cells from which change and checks stand beside each other.
const COLUMNS_FROM: usize = 100;

/// The sheet, and how many of its first rows must be read before anything is confirmed: what
/// changes, what it costs, how it is taken back, until when it may begin. `size` is that of the
/// whole terminal.
pub(super) fn sheet(
    screen: &Screen<'_>,
    card: &Card,
    width: usize,
    size: (u16, u16),
    fold: Fold,
) -> (Sheet, usize) {
    let Some(step) = screen.runbook.and_then(|book| book.step(&card.step)) else {
        let body = vec![Row::of(WARN, format!("the runbook has no step `{}`", card.step))];
        return (Sheet::of("STEP", Row::new(), body, Vec::new()), 0);
    };
    let (costs, more) =
        (cost_rows(screen, card, step, width), more_rows(screen, card, step, width));
    let mut must;
    let body = if width >= COLUMNS_FROM {
        let half = width / 2 - 1;
        let (mut change, called) = change_rows(screen, card, half);
        change.extend(called);
        let checks: Vec<Row> =
            check_rows(screen, card, step, half).into_iter().map(|row| row.cut(half)).collect();
        let mut rows = beside(&change, &checks, half, "│ ");
        rows.push(Row::new());
        rows.extend(costs);
        must = rows.len();
        rows.extend(more);
        rows
    } else {
        // What it costs stays above the fold: the foot sums the checks up.
        let (mut rows, called) = change_rows(screen, card, width);
        rows.extend(costs);
        must = rows.len();
        rows.extend(called);
        rows.extend(more);
        rows.extend(check_rows(screen, card, step, width));
        rows
    };
    let ended = ended_rows(screen, step, width);
    must += ended.len();
    let body = [ended, body].concat();
    let foot = foot::rows(screen, card, step, (width, size), fold);
    let sheet = Sheet::of(title(screen, card, step), danger(card, step, width), body, foot);
    (sheet.at(card.scroll), must)
}

fn title(screen: &Screen<'_>, card: &Card, step: &Step) -> String {
    let verb = match (card.confirming, card.back) {
        (false, _) => "STEP",
        (true, false) => "RUN",
        (true, true) => "TAKE BACK",
    };
    let place = step.target.as_ref().map_or_else(String::new, |target| {
        let side = screen.direction().side(target.place);
        format!(" in {}", phrase::label(screen, side))
    });
    format!("{verb} {}{place}", phrase::named_fully(screen, &step.id))
}

fn danger(card: &Card, step: &Step, width: usize) -> Row {
    let (class, guard) = match &step.compensation {
        Compensation::Action { action, .. } if card.back => (action.class, card.guard(step)),
        _ => (step.class, step.guard),
    };
    match class {
        Class::X if width < COLUMNS_FROM => Row::of(CRIT, "■1 IRREVERSIBLE"),
        Class::X => Row::of(CRIT, "■1 IRREVERSIBLE, POINT OF NO RETURN"),
        Class::N => Row::of(WARN, "▲2 REPEATING DOES HARM"),
        Class::R | Class::I | Class::K | Class::H => {
            let auto = if step.automatic { ", auto" } else { "" };
            Row::of(MUTED, format!("class {class}, guard {}{auto}", guard.number()))
        }
    }
}

/// How it ended last, where that was no good end.
fn ended_rows(screen: &Screen<'_>, step: &Step, width: usize) -> Vec<Row> {
    let ended = screen.run.and_then(|run| run.step(&step.id));
    let bad = |state: &&StepState| matches!(state.phase, Phase::Failed | Phase::Unknown);
    let Some(state) = ended.filter(bad) else { return Vec::new() };
    let cause = state.cause.map_or_else(String::new, |cause| format!(", {}", cause.words()));
    let text = format!("■1 {}{cause}: {}", state.phase.word(), state.evidence);
    paragraph(CRIT, &text, width)
}

/// What will change, and how it is called.
fn change_rows(screen: &Screen<'_>, card: &Card, width: usize) -> (Vec<Row>, Vec<Row>) {
    let head = Row::of(FOCUS, "WHAT WILL CHANGE  ");
    let Some(seen) = dry_run(screen, &card.step, card.back) else {
        let why = match screen.run {
            None => "there is no dry run without an open run",
            Some(_) if screen.model.replay.is_some() => "no dry run of it is recorded here",
            Some(_) if screen.access == Access::ReadOnly => "a console that looks makes no dry run",
            Some(_) => "the dry run is being made",
        };
        return (vec![head, Row::of(UNKNOWN, format!("? {why}"))], Vec::new());
    };
    let age = screen.now.since(seen.at);
    let shown = seen.at.ago(screen.now);
    let mut rows = vec![if age > Rehearsal::AGE_MAX {
        head.put(STALE, format!("? dry run {shown} old, made again"))
    } else {
        head.put(MUTED, format!("dry run {shown} old"))
    }];
    let (ink, text) = match &seen.standing {
        Standing::Done(what) => (INFO, format!("◆3 it is already so: {what}")),
        Standing::NotDone(what) => (TEXT, format!("now: {what}")),
        Standing::Unknown(why) => (UNKNOWN, format!("? it cannot be told whether it is so: {why}")),
    };
    rows.extend(paragraph(ink, &text, width));
    for change in &seen.preview.changes {
        let ink: Ink = if change.mark == '!' { WARN } else { TEXT };
        let lead = format!("{} ", change.mark);
        rows.extend(hanging((ink, &lead), ink, change.text.as_str(), width));
    }
    let count =
        |mark: char| seen.preview.changes.iter().filter(|change| change.mark == mark).count();
    let (changes, adds, removes) = (count('~'), count('+'), count('-'));
    let counts = Row::of(MUTED, format!("{changes} to change, {removes} to remove, {adds} to add"));
    match rows.first_mut() {
        Some(head) if head.width() + 3 + counts.width() <= width => {
            *head = head.clone().put(TEXT, "   ").join(counts);
        }
        Some(_) | None => rows.push(counts),
    }
    let mut called = paragraph(TEXT, &format!("$ {}", seen.preview.call), width);
    called.extend(paragraph(MUTED, &format!("as {}", seen.preview.acts_as), width));
    (rows, called)
}

fn check_rows(screen: &Screen<'_>, card: &Card, step: &Step, width: usize) -> Vec<Row> {
    let note = "looked at again every second while this is open";
    let mut rows = vec![Row::of(FOCUS, "CHECKS  ").put(MUTED, note)];
    if card.back || step.gates.is_empty() {
        rows.push(Row::of(MUTED, "no gate is written for this step"));
    }
    let gates = if card.back { Vec::new() } else { screen.gates(step) };
    let (mut held, mut open) = (0, 0);
    let broken = card.breaking.as_ref().map(|(index, _)| *index);
    for (index, seen) in gates.iter().enumerate() {
        let (ink, word) = match seen.held {
            Some(true) if seen.by_silence => (WARN, "▲2 "),
            Some(true) => (OK, "ok "),
            Some(false) => (CRIT, "■1 "),
            None => (UNKNOWN, "?  "),
        };
        let counted = if seen.held == Some(true) { &mut held } else { &mut open };
        *counted += 1;
        let note = if broken == Some(index) { ", BROKEN with a reason" } else { "" };
        let text = format!("{}{note}", seen.says());
        rows.extend(hanging((ink, word), TEXT, &text, width));
    }
    if !gates.is_empty() {
        let ink = if open > 0 { WARN } else { MUTED };
        let silent = gates.iter().filter(|seen| seen.by_silence).count();
        let how = if silent > 0 { format!(" ({silent} by silence alone)") } else { String::new() };
        rows.push(Row::of(ink, format!("{held} hold{how}, {open} do not")));
    }
    let rights = step.action.permissions.join(", ");
    if !rights.is_empty() {
        rows.push(Row::of(MUTED, format!("needs the rights {rights}")));
    }
    rows
}

/// What it costs, until when it may begin, how it is taken back, what speaks against it.
fn cost_rows(screen: &Screen<'_>, card: &Card, step: &Step, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(target) = &step.target
        && step.change.promotes()
        && !card.back
    {
        let way = screen.direction();
        let level = loss::between(&target.system, screen.snapshot, way);
        let (ink, text) = match screen.ledger.row(&target.system) {
            // What was expected at T0 is no more than a bound, and this is known.
            _ if level.as_ref().is_some_and(|(missing, _)| missing.amount == 0) => {
                let how = level.map(|(_, how)| how).unwrap_or_default();
                (OK, format!("{} nothing: {how}", target.system))
            }
            Some(row) => {
                let loss = row.expected();
                let rpo = phrase::limit(row, "none");
                let word = row.verdict.word();
                (
                    phrase::loss_ink(row.verdict),
                    format!("{} {loss} (RPO {rpo}, {word})", row.system),
                )
            }
            None => (UNKNOWN, "UNKNOWN: the ledger has no row for this store".to_owned()),
        };
        rows.extend(fact("LOSE", ink, &text, width));
    }
    let start = clocks::start_rows(screen, &step.id);
    if let Some((ink, text)) = start.last().filter(|_| !card.back && start.len() > 1) {
        let start = Row::of(*ink, text);
        // Beside what is lost, where both are short.
        match rows.as_mut_slice() {
            [lose] if lose.width() + 3 + start.width() <= width => {
                *lose = Row::spread(lose.clone(), start, width);
            }
            _ => rows.extend(fact("RTO", *ink, text, width)),
        }
    }
    let undo = match &step.compensation {
        Compensation::Action { action, .. } if card.back => {
            format!("this takes it back: {}, {}", action.name, action.doc.trim_end_matches('.'))
        }
        Compensation::Action { action, .. } => {
            let doc = action.doc.trim_end_matches('.');
            format!(
                "{} once it is done: {}, {doc}",
                phrase::key(screen, Command::Compensate),
                action.name
            )
        }
        Compensation::None(cost) => cost.to_string(),
        Compensation::NotNeeded => "nothing to take back".to_owned(),
    };
    rows.extend(fact("UNDO", TEXT, &undo, width));
    rows.extend(lossy::rows(screen, step, width));
    rows.extend(doubt_rows(screen, card, width));
    rows
}

/// When it ends, what it takes, what is said before it.
fn more_rows(screen: &Screen<'_>, card: &Card, step: &Step, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let start = clocks::start_rows(screen, &step.id);
    if let Some((ink, text)) = start.first().filter(|_| !card.back) {
        rows.extend(fact("RTO", *ink, text, width));
    }
    let (usual, most) = (clocks::usual(screen, step), phrase::minutes(step.timeout));
    let fence = step.action.fencing.words();
    let takes = format!("{usual}; given up after {most}; a second call is {fence}");
    rows.extend(fact("TAKES", TEXT, &takes, width));
    if let Some(say) = &step.say {
        rows.extend(fact("SAY", TEXT, &format!("\"{say}\""), width));
        rows.extend(fact("", MUTED, "objection? Esc, then write it down", width));
    }
    rows
}

/// What speaks against taking the step back.
fn doubt_rows(screen: &Screen<'_>, card: &Card, width: usize) -> Vec<Row> {
    let (Some(run), Some(book), true) = (screen.run, screen.runbook, card.back) else {
        return Vec::new();
    };
    let plan = abort::planned(run, book, screen.assessment);
    let back = plan.back.into_iter().find(|back| back.step == card.step);
    match back.and_then(|back| back.doubt) {
        Some(why) => fact("DOUBT", WARN, &format!("▲2 {why}"), width),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{Side, SystemId};
    use crate::domain::reading::{Health, LagUnit, Position, Reading, Role, Writes};
    use crate::ui::fixture;

    #[test]
    fn what_a_promotion_loses_is_what_the_closed_side_has_more() {
        let check = |writes: Writes, held: u64, want: &str| {
            let mut fixture = fixture::of("card").expect("the moment exists");
            let pg = SystemId::new("pg").expect("a name");
            let ends = [
                (Side::A, Role::Primary, writes, 500),
                (Side::B, Role::Standby, Writes::Refused, held),
            ];
            for (side, role, writes, end) in ends {
                let mut told = Reading::new(fixture.now, Health::Up, "fine");
                (told.role, told.writes) = (Some(role), Some(writes));
                let of = "7710684531466381091".into();
                told.end = Some(Position { of, at: end, unit: LagUnit::Bytes });
                // Where an earlier promotion of it began says nothing of this one.
                let earlier = Position { at: 100, ..told.end.clone().expect("set") };
                told.parted = (role == Role::Primary).then_some(earlier);
                fixture.snapshot.record(&pg, side, fixture.now, Ok(told));
            }
            let card = fixture.model.over::<Card>().cloned().expect("a card");
            let (sheet, _) = sheet(&fixture.screen(), &card, 116, (120, 36), Fold::default());
            let text: Vec<String> = sheet.body.iter().map(Row::text).collect();
            let lose = text.iter().find(|row| row.starts_with("LOSE")).expect("a row");
            assert!(lose.contains(want), "{writes:?} {held}: {lose}");
        };
        let nothing = "pg nothing: all that A held as it was closed is in B";
        check(Writes::Refused, 500, nothing);
        check(Writes::Refused, 900, nothing);
        check(Writes::Refused, 400, "pg 1.8s (RPO 5m00s, PASS)");
        check(Writes::Open, 500, "pg 1.8s (RPO 5m00s, PASS)");
        check(Writes::Unknown, 500, "pg 1.8s (RPO 5m00s, PASS)");
    }
}
