//! What is to be known before a form is written: the criterion, the step and how it is.

use super::Purpose;
use crate::domain::catalogue::Change;
use crate::domain::run::phase::Phase;
use crate::domain::runbook::Step;
use crate::ui::dialog::prelude::*;
use crate::ui::dialog::{close, lossy};
use crate::ui::panel::region::Regions;
use crate::ui::panel::{fitness, runbook};

/// What is to be known before it is written: the criterion, the step and how it is.
pub(super) fn told_rows(screen: &Screen<'_>, purpose: &Purpose, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    match purpose {
        Purpose::Criterion(key, _) => return criterion_rows(screen, key, width),
        Purpose::Arm => return arm(screen, width),
        Purpose::Close => return close::body(screen, width),
        Purpose::Leave => return leave(screen, width),
        _ => {}
    }
    if let Purpose::Escalate(step) = purpose {
        let what = match step {
            None => "the whole run; Tab = only one step",
            Some(_) => "this step only; Tab = the whole run",
        };
        rows.extend(primary_rows(screen, width));
        rows.extend(fact("WHAT", TEXT, what, width));
    }
    if let Some(id) = purpose.step() {
        rows.extend(fact("STEP", TEXT, &phrase::named_fully(screen, id), width));
    }
    if let Purpose::Escalate(step) = purpose {
        rows.extend(lossy::escalated(screen, step.as_ref(), width));
    }
    let found = purpose.step().and_then(|id| screen.step(id).zip(screen.run?.step(id)));
    let Some((step, state)) = found else { return rows };
    let told = runbook::told(screen, step, Some(state));
    if LEAD + told.width() <= width {
        rows.push(Row::of(FOCUS, format!("{:<LEAD$}", "STATE")).join(told));
    } else {
        // Read to its end: it may name the server that answered in the place of another.
        let (ink, _) = runbook::mark(step, Some(state));
        rows.extend(fact("STATE", ink, &told.text(), width));
    }
    if let Some(attempt) = state.last_attempt() {
        let text =
            format!("attempt {} by {} at {}", attempt.number, attempt.by, attempt.granted.utc());
        rows.extend(fact("", TEXT, &text, width));
    }
    if matches!(purpose, Purpose::Skip(_)) && state.phase == Phase::Failed {
        rows.extend(fact("", WARN, "▲2 it failed: what it changed stays", width));
    }
    if matches!(purpose, Purpose::Skip(_)) && step.change == Change::ProveWrite {
        let text = "▲2 without it no write is proven: whoever leaves it out answers for that";
        rows.extend(fact("", WARN, text, width));
    }
    rows.extend(target_rows(screen, step, width));
    rows
}

/// What is read of the step's target now.
fn target_rows(screen: &Screen<'_>, step: &Step, width: usize) -> Vec<Row> {
    let regions = Regions::of(screen);
    let seen = step.target.as_ref().and_then(|target| {
        let side = screen.direction().side(target.place);
        let shown = regions.shown(screen.site.system(&target.system)?, side)?;
        let told = [shown.word, shown.note, shown.age].join(" ");
        let words = format!("{} in {side}: {}", target.system, told.trim_end());
        let mut rows = fact("READ NOW", shown.ink, &words, width);
        // What is wrong with it hides what it is, which is what a person decides by.
        let cell = screen.snapshot.cell(&target.system, side)?;
        let note = cell.last_reading.as_ref().map(|reading| reading.note.as_str());
        let note = note.filter(|note| cell.last_error.is_none() && !told.contains(note));
        rows.extend(note.iter().flat_map(|note| fact("", TEXT, note, width)));
        Some(rows)
    });
    seen.unwrap_or_default()
}

/// What is shown of a criterion that is to be accepted.
fn criterion_rows(screen: &Screen<'_>, key: &str, width: usize) -> Vec<Row> {
    let found = screen.assessment.criteria.iter().find(|criterion| criterion.key == key);
    let Some(criterion) = found else {
        return fact("ASKED", MUTED, "this criterion is asked no more", width);
    };
    let (ink, glyph) = fitness::glyph(criterion);
    let mut rows = fact("ASKED", TEXT, criterion.asks.as_str(), width);
    let word = criterion.word();
    let evidence = criterion.evidence.as_str();
    // What cannot be told says so itself.
    let state = if evidence.starts_with(word) {
        format!("{glyph} {evidence}")
    } else {
        format!("{glyph} {word}: {evidence}")
    };
    rows.extend(fact("SEEN", ink, &state, width));
    rows.extend(fact("", MUTED, &fitness::since(screen, criterion), width));
    rows
}

/// What the target will make of the next attempt, and the choice.
pub(super) fn key_rows(new_key: bool, width: usize) -> Vec<Row> {
    let mark = |want: bool| if new_key == want { "(x)" } else { "( )" };
    let choice = format!("{} the same key   {} a new key", mark(false), mark(true));
    let mut rows = vec![Row::plain(choice).put(FOCUS, "   Tab chooses")];
    rows.extend(if new_key {
        paragraph(WARN, "▲2 the target will take it as a new act: it may happen twice", width)
    } else {
        paragraph(TEXT, "the target knows it as the same act: it happens once at most", width)
    });
    rows
}

/// How the region that would be taken for lost is now.
fn primary_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let side = screen.direction().from;
    let label = phrase::label(screen, side);
    let lead = Row::of(FOCUS, format!("{:<LEAD$}", "PRIMARY")).put(TEXT, format!("{label} "));
    vec![lead.join(Regions::of(screen).summary(side)).cut(width)]
}

fn arm(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let kind = screen.kind.badge();
    let mut body = paragraph(
        TEXT,
        &format!(
            "This is a {kind} console. Armed, your keys act on both regions of {}:",
            screen.site.title
        ),
        width,
    );
    for text in [
        "steps run; dangerous ones still ask for typed text; each is on record before it acts",
        "SAFE again when the run is closed, and after 15 idle minutes unless a step runs",
        "declaring, notes and acknowledging work without arming",
    ] {
        body.extend(fact("  -", TEXT, text, width));
    }
    body.push(Row::new());
    let user = format!("{} ({}@{})", screen.me, screen.me.user, screen.me.host);
    body.extend(fact("YOU", TEXT, &user, width));
    body
}

fn leave(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let open = screen.run.map_or_else(
        || "none".to_owned(),
        |run| close::names(screen, &close::in_phase(run, Phase::is_open)),
    );
    let mut body = fact("RUNNING", TEXT, &format!("{open}: goes on without this console"), width);
    body.extend(fact("CLOCK", TEXT, "goes on; T0 is on record", width));
    body.extend(fact("BACK", TEXT, "start warroom again: it takes the run up where it is", width));
    body
}
