//! Giving a run up: what goes back in which order, what stays, who serves then; read, then typed.

use super::prelude::*;
use crate::domain::abort::{self, AbortPlan, Back, Serving};
use crate::domain::catalogue::Guard;
use crate::domain::run::intent::Intent;
use crate::domain::runbook::Runbook;
use crate::domain::time::short_time;

use super::asked::{Ask, Asked};

/// Giving the run up: the words, then the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct AbortRun(pub Asked);

impl Default for AbortRun {
    fn default() -> Self {
        Self(Asked::of(&[Ask::Word("abort run"), Ask::Reason]))
    }
}

impl Dialog for AbortRun {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        if let Some(after) = self.0.press(hand) {
            return after;
        }
        let (typed, reason) = (self.0.text(0).to_owned(), self.0.reason(1));
        checked(hand, Command::AbortRun, Wish::Intent(Intent::AbortRun { typed, reason }))
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let mut body = Vec::new();
        if let (Some(run), Some(book)) = (screen.run, screen.runbook) {
            let plan = abort::planned(run, book, screen.assessment);
            body.extend(plan_rows(screen, &plan, book, width));
        }
        body.extend(paragraph(
            MUTED,
            "No step goes forward any more. Each step goes back by its own key, one at a time; the \
             clock goes on.",
            width,
        ));
        let foot = self.0.foot(screen, "", width, true);
        let right = Row::of(WARN, "▲2 the service is not restored by this");
        Sheet::of("ABORT THE RUN", right, body, foot)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        let hints = self.0.hints("gives the run up", "goes on to the reason");
        Hints { moves: &["up/down read the plan"], ..hints }
    }

    fn manner(&self) -> Manner {
        Manner::FIELD
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        self.0.typing()
    }
}

/// Who serves after that, in words.
pub(super) fn serving_rows(serving: &Serving, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, (bad, text)) in serving.words.iter().enumerate() {
        let lead = if index == 0 { "RESULT" } else { "" };
        let (ink, mark) = if *bad { (CRIT, "■1 ") } else { (TEXT, "") };
        rows.extend(fact(lead, ink, &format!("{mark}{text}"), width));
    }
    rows
}

fn plan_rows(screen: &Screen<'_>, plan: &AbortPlan, book: &Runbook, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(step) = &plan.crossing {
        let step = phrase::named(screen, step);
        let text = format!("■1 the point of no return is behind us: {step} cannot be taken back");
        rows.extend(fact("CROSSED", CRIT, &text, width));
    }
    rows.extend(serving_rows(&plan.serving, width));
    if !plan.open.is_empty() {
        let names: Vec<String> = plan.open.iter().map(|id| phrase::named(screen, id)).collect();
        let text = format!(
            "▲2 runs or is unknown: {}; settled first, then it joins the plan",
            names.join(", ")
        );
        rows.extend(fact("OPEN", WARN, &text, width));
    }
    let count = plan.back.iter().filter(|back| !back.taken).count();
    let head = match count {
        0 => "nothing is taken back".to_owned(),
        1 => format!("1 step is taken back, usually {}", short_time(plan.expect())),
        more => {
            let all = short_time(plan.expect());
            format!("{more} steps are taken back in this order, usually {all} in all")
        }
    };
    rows.extend(fact("BACK", TEXT, &head, width));
    for (index, back) in plan.back.iter().enumerate() {
        rows.extend(back_rows(screen, book, index + 1, back, width));
    }
    let head = match plan.stays.len() {
        0 => "nothing stays".to_owned(),
        1 => "1 step stays as it is:".to_owned(),
        more => format!("{more} steps stay as they are:"),
    };
    rows.extend(fact("STAYS", TEXT, &head, width));
    for stays in &plan.stays {
        let text = format!("{}: {}", phrase::named(screen, &stays.step), stays.words());
        rows.extend(fact("  -", WARN, &text, width));
    }
    rows
}

fn back_rows(
    screen: &Screen<'_>,
    book: &Runbook,
    number: usize,
    back: &Back,
    width: usize,
) -> Vec<Row> {
    let typed = book
        .step(&back.step)
        .map(|step| step.typed_text_back(screen.direction()))
        .unwrap_or_default();
    let how = match back.guard {
        Guard::OneKey => "one key".to_owned(),
        Guard::StopWindow => "one key, 3 s to stop it".to_owned(),
        Guard::TypedTarget | Guard::TypedVerb => format!("type `{typed}`"),
    };
    let takes = short_time(back.expect);
    let step = phrase::named(screen, &back.step);
    let text = format!("step {step}: {}; {how}; usually {takes}", back.action.name);
    let ink = if back.taken { MUTED } else { TEXT };
    let mut rows = fact(&format!("{number:>3}"), ink, &text, width);
    if let Some(doubt) = &back.doubt {
        rows.extend(fact("", WARN, &format!("▲2 {doubt}"), width));
    }
    rows
}
