//! Forms with one field: a note, a reason, an observed value, what became of an unknown attempt.

use crate::domain::ids::StepId;
use crate::domain::run::phase::Phase;
use crate::ui::model::{Field, FormPurpose};
use crate::ui::panel::{region, runbook, words};
use crate::ui::screen::Screen;
use crate::ui::update::{Facts, least_chars};
use crate::ui::widget::ink::{BORDER, FOCUS, TEXT, WARN};
use crate::ui::widget::row::Row;
use crate::ui::widget::sheet::Sheet;

use super::fields::{LEAD, exact, fact, leave_row, paragraph, words as words_field};
use super::{lossy, readiness};

/// What stands above the field: title, explanation, and what is asked.
fn texts(purpose: &FormPurpose) -> (&'static str, &'static str, &'static str) {
    match purpose {
        FormPurpose::Note => {
            ("NOTE", "Stands in the timeline and the report, with your name.", "the note:")
        }
        FormPurpose::Skip(_) => (
            "SKIP A STEP",
            "It is left out; what needs it waits for what it needed. The reason is on record.",
            "the reason:",
        ),
        FormPurpose::Attest(_) => (
            "ATTEST",
            "No probe can see this step. Write the value that you saw, not that it is fine.",
            "what you saw:",
        ),
        FormPurpose::Retry(..) => (
            "TRY AGAIN",
            "The step becomes ready; it is run by its own key. Nothing is run by this.",
            "what is different now:",
        ),
        FormPurpose::Resolve(..) => (
            "RESOLVE AN UNKNOWN OUTCOME",
            "Look at the target first. Your word is on record as an assertion, not a measurement.",
            "how you know:",
        ),
        FormPurpose::Escalate(_) => (
            "GO ON AS IF THE PRIMARY WERE LOST",
            "Gates that ask the lost region use the accepted ledger instead. There is no way back.",
            "the reason:",
        ),
        FormPurpose::Seek => (
            "SEEK",
            "T+12:30 counts from T0, 14:02:10Z is the time of day, #31 is a journal entry.",
            "go to:",
        ),
        FormPurpose::AbortStep(_) => (
            "ABORT THE RUNNING STEP",
            "What it started is asked to end (TERM), after 5 s made to (KILL). \
             What it changed stays; the step fails or is unknown.",
            "",
        ),
        FormPurpose::Criterion(..) => (
            "GO ON ALTHOUGH IT IS NOT MET",
            "Your name and reason go on record. The criterion stays as it is, and is shown so.",
            "why it may be accepted:",
        ),
    }
}

fn subject(purpose: &FormPurpose) -> Option<&StepId> {
    match purpose {
        FormPurpose::Note | FormPurpose::Seek | FormPurpose::Criterion(..) => None,
        FormPurpose::Skip(step)
        | FormPurpose::Attest(step)
        | FormPurpose::Retry(step, _)
        | FormPurpose::Resolve(step, _)
        | FormPurpose::AbortStep(step) => Some(step),
        FormPurpose::Escalate(step) => step.as_ref(),
    }
}

fn step_rows(screen: &Screen<'_>, purpose: &FormPurpose, width: usize) -> Vec<Row> {
    let Some(id) = subject(purpose) else {
        return match purpose {
            FormPurpose::Criterion(key, _) => readiness::form_rows(screen, key, width),
            FormPurpose::Escalate(None) => {
                let mut rows = primary_rows(screen, width);
                rows.extend(fact("WHAT", TEXT, "the whole run; Tab = only one step", width));
                rows.extend(lossy::escalated(screen, None, width));
                rows
            }
            FormPurpose::Escalate(Some(_))
            | FormPurpose::Note
            | FormPurpose::Seek
            | FormPurpose::Skip(_)
            | FormPurpose::Attest(_)
            | FormPurpose::Retry(..)
            | FormPurpose::Resolve(..)
            | FormPurpose::AbortStep(_) => Vec::new(),
        };
    };
    let step = screen.runbook.and_then(|book| book.step(id));
    let title = words::named_fully(screen, id);
    let mut rows = fact("STEP", TEXT, &title, width);
    if matches!(purpose, FormPurpose::Escalate(_)) {
        let mut told = primary_rows(screen, width);
        told.extend(fact("WHAT", TEXT, "this step only; Tab = the whole run", width));
        told.append(&mut rows);
        rows = told;
        rows.extend(lossy::escalated(screen, Some(id), width));
    }
    let state = screen.run.and_then(|run| run.step(id));
    if let (Some(step), Some(state)) = (step, state) {
        let told = runbook::told(screen, step, Some(state));
        if LEAD + told.width() <= width {
            rows.push(Row::of(FOCUS, format!("{:<LEAD$}", "STATE")).join(told));
        } else {
            // Read to its end: it may name the server that answered in the place of another.
            let (ink, _) = runbook::mark(step, Some(state));
            rows.extend(fact("STATE", ink, &told.text(), width));
        }
        if let Some(attempt) = state.last_attempt() {
            let text = format!(
                "attempt {} by {} at {}",
                attempt.number,
                attempt.by,
                attempt.granted.utc()
            );
            rows.extend(fact("", TEXT, &text, width));
        }
        if matches!(purpose, FormPurpose::Skip(_)) && state.phase == Phase::Failed {
            rows.extend(fact("", WARN, "▲2 it failed: what it changed stays", width));
        }
    }
    rows
}

/// What the target will make of the next attempt, and the choice.
fn key_rows(new_key: bool, width: usize) -> Vec<Row> {
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
    let side = words::direction(screen).from;
    let label = words::label(screen, side);
    let lead = Row::of(FOCUS, format!("{:<LEAD$}", "PRIMARY")).put(TEXT, format!("{label} "));
    vec![lead.join(region::summary(screen, side)).cut(width)]
}

/// The sheet.
pub(super) fn sheet(
    screen: &Screen<'_>,
    purpose: &FormPurpose,
    field: &Field,
    width: usize,
) -> Sheet {
    let (title, text, ask) = match purpose {
        FormPurpose::Skip(_) if words::is_aborting(screen) => (
            "LEAVE A STEP AS IT IS",
            "It is not taken back, nor is what it rests on. The reason is on record.",
            "the reason:",
        ),
        purpose => texts(purpose),
    };
    let mut body = paragraph(TEXT, text, width);
    body.extend(step_rows(screen, purpose, width));
    let mut foot = vec![Row::of(BORDER, "─".repeat(width))];
    if let FormPurpose::Resolve(_, answer) = purpose {
        let mark = |want: bool| if *answer == Some(want) { "(x)" } else { "( )" };
        foot.push(
            Row::plain(format!("{} it took effect   {} it did not", mark(true), mark(false)))
                .put(FOCUS, "   Tab chooses"),
        );
    }
    if let FormPurpose::Retry(_, Some(new_key)) = purpose {
        foot.extend(key_rows(*new_key, width));
    }
    if let FormPurpose::AbortStep(step) = purpose {
        let ask = format!("{} types", screen.me);
        foot.extend(exact(&ask, &format!("abort {step}"), field, true, width));
    } else {
        let least = least_chars(purpose, &Facts::of(screen));
        foot.extend(words_field(ask, least, field, true, width));
    }
    foot.push(leave_row("Enter = accept.").cut(width));
    Sheet { title: Row::plain(title), right: Row::new(), body, foot, scroll: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixture;

    #[test]
    fn what_is_known_of_an_unknown_attempt_is_read_to_its_end() {
        let told = "pg in B is another server than the screen showed, or was started anew: \
                    expected 7710684531466381091 started 2026-11-20T14:02:10.123456Z, \
                    met 7710684531466381091 started 2026-11-20T15:31:44.654321Z";
        for width in [46, 76, 116] {
            let mut fixture = fixture::of("resolve").expect("the moment exists");
            let run = fixture.run.as_mut().expect("a run");
            for state in run.steps.iter_mut().filter(|state| state.phase == Phase::Unknown) {
                state.evidence = told.into();
            }
            let purpose = FormPurpose::Resolve(StepId::new("promote-pg").expect("a name"), None);
            let body = sheet(&fixture.screen(), &purpose, &Field::default(), width).body;
            let text: Vec<String> = body.iter().map(Row::text).collect();
            assert!(body.iter().all(|row| row.width() <= width), "{text:#?}");
            let words: Vec<&str> = text.iter().flat_map(|row| row.split_whitespace()).collect();
            let words = words.join(" ");
            assert!(words.contains(&format!("UNKNOWN: {told}")), "{text:#?}");
        }
    }
}
