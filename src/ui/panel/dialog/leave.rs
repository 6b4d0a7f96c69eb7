//! Arming, giving a run up, closing it and leaving the console: what that means, then the answer.

use crate::domain::ids::StepId;
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::run::phase::Phase;
use crate::domain::run::state::Run;
use crate::domain::runbook::Compensation;
use crate::ui::model::Field;
use crate::ui::panel::words;
use crate::ui::screen::Screen;
use crate::ui::widget::ink::{BORDER, INFO, MUTED, OK, TEXT, WARN};
use crate::ui::widget::row::Row;
use crate::ui::widget::sheet::Sheet;

use super::fields::{exact, fact, leave_row, paragraph, words as words_field};

fn rule(width: usize) -> Row {
    Row::of(BORDER, "─".repeat(width))
}

/// Leaving SAFE.
pub(super) fn arm(screen: &Screen<'_>, field: &Field, width: usize) -> Sheet {
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
    let mut foot = vec![rule(width)];
    foot.extend(exact("to arm, type", "arm", field, true, width));
    foot.push(leave_row("").cut(width));
    Sheet { title: Row::plain("ARM THIS CONSOLE"), right: Row::new(), body, foot, scroll: 0 }
}

fn names(steps: &[&StepId]) -> String {
    if steps.is_empty() {
        return "none".to_owned();
    }
    steps.iter().map(|step| step.as_str()).collect::<Vec<_>>().join(", ")
}

fn in_phase(run: &Run, want: fn(Phase) -> bool) -> Vec<&StepId> {
    run.steps.iter().filter(|state| want(state.phase)).map(|state| &state.id).collect()
}

/// Giving the run up.
pub(super) fn abort_run(
    screen: &Screen<'_>,
    (word, reason): (&Field, &Field),
    at_reason: bool,
    width: usize,
) -> Sheet {
    let mut body = paragraph(
        TEXT,
        "No step runs any more. What was done stays as it is until you take it back, the newest \
         first; the clock goes on.",
        width,
    );
    if let (Some(run), Some(book)) = (screen.run, screen.runbook) {
        let done = in_phase(run, |phase| phase == Phase::Done);
        let (mut back, mut stay) = (Vec::new(), Vec::new());
        for id in done.into_iter().rev() {
            match book.step(id).map(|step| &step.compensation) {
                Some(Compensation::Action { .. }) => back.push(id),
                Some(Compensation::None(_)) => stay.push(id),
                Some(Compensation::NotNeeded) | None => {}
            }
        }
        body.extend(fact("BACK", TEXT, &format!("can be taken back: {}", names(&back)), width));
        body.extend(fact("STAYS", WARN, &format!("cannot: {}", names(&stay)), width));
        let open = in_phase(run, |phase| phase.is_open() || phase == Phase::Unknown);
        body.extend(fact("OPEN", WARN, &format!("runs or is unknown: {}", names(&open)), width));
    }
    let mut foot = vec![rule(width)];
    let ask = format!("{} types", screen.me);
    foot.extend(exact(&ask, "abort run", word, !at_reason, width));
    foot.extend(words_field("the reason:", REASON_CHARS_MIN, reason, at_reason, width));
    foot.push(leave_row("").cut(width));
    Sheet {
        title: Row::plain("GIVE THE RUN UP"),
        right: Row::of(WARN, "▲2 the service is not restored by this"),
        body,
        foot,
        scroll: 0,
    }
}

/// Closing the run.
pub(super) fn close(screen: &Screen<'_>, width: usize) -> Sheet {
    let mut body = Vec::new();
    if let Some(run) = screen.run {
        let left_out = in_phase(run, |phase| matches!(phase, Phase::Skipped | Phase::Failed));
        let open = in_phase(run, |phase| {
            !matches!(phase, Phase::Done | Phase::Skipped | Phase::Compensated | Phase::Failed)
        });
        let how = match (left_out.is_empty(), open.is_empty(), run.restored.is_some()) {
            (true, true, true) => {
                (OK, "complete: every step is done, restored was seen".to_owned())
            }
            (_, _, false) => (WARN, "▲2 restored was not seen".to_owned()),
            (false, _, true) => (INFO, format!("◆3 complete except {}", names(&left_out))),
            (true, false, true) => (WARN, format!("▲2 not run: {}", names(&open))),
        };
        body.extend(fact("ENDS", how.0, &how.1, width));
        let clock = screen.forecast.elapsed.map(crate::domain::time::clock_text);
        if let Some(clock) = clock {
            let text = format!("T+{clock} {}", screen.forecast.state.words());
            body.extend(fact("RTO", TEXT, &text, width));
        }
        for (system, seconds, how) in &run.losses {
            let text = format!("{system} {} measured: {how}", words::seconds(*seconds));
            body.extend(fact("LOST", TEXT, &text, width));
        }
        if run.losses.is_empty() {
            body.extend(fact("LOST", MUTED, "no loss was measured yet", width));
        }
        body.extend(fact("LEFT", TEXT, &format!("not finished: {}", names(&open)), width));
    }
    body.extend(fact(
        "THEN",
        TEXT,
        "the console is SAFE, the journal is sealed, the report can be written",
        width,
    ));
    Sheet {
        title: Row::plain("CLOSE THE RUN"),
        right: Row::new(),
        body,
        foot: vec![rule(width), leave_row("Enter = close it.").cut(width)],
        scroll: 0,
    }
}

/// Leaving the console.
pub(super) fn leave(screen: &Screen<'_>, width: usize) -> Sheet {
    let open =
        screen.run.map_or_else(|| "none".to_owned(), |run| names(&in_phase(run, Phase::is_open)));
    let mut body = fact("RUNNING", TEXT, &format!("{open}: goes on without this console"), width);
    body.extend(fact("CLOCK", TEXT, "goes on; T0 is on record", width));
    body.extend(fact("BACK", TEXT, "start warroom again: it takes the run up where it is", width));
    Sheet {
        title: Row::plain("LEAVE THE CONSOLE"),
        right: Row::of(INFO, "◆3 the run stays open"),
        body,
        foot: vec![rule(width), leave_row("Enter = leave the console.").cut(width)],
        scroll: 0,
    }
}
