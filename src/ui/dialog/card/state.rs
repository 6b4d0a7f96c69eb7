//! What the card of a step holds: what is confirmed, what was typed, what counts down.

use crate::domain::catalogue::Guard;
use crate::domain::console::Rehearsal;
use crate::domain::identity;
use crate::domain::ids::StepId;
use crate::domain::reading::Identity;
use crate::domain::runbook::Step;
use crate::domain::time::Stamp;
use crate::ui::dialog::prelude::*;

/// The last dry run of a step, or of taking it back.
pub(super) fn dry_run<'a>(facts: &Facts<'a>, step: &StepId, back: bool) -> Option<&'a Rehearsal> {
    facts.rehearsal.filter(|seen| seen.step == *step && seen.back == back)
}

/// The servers that are known of a step now.
pub(super) fn servers(facts: &Facts<'_>, step: &StepId) -> [Option<Identity>; 2] {
    facts.step(step).map_or([None, None], |step| {
        identity::shown(facts.snapshot, step, facts.direction()).into()
    })
}

/// The card of a step: what would change, gates, loss, undo, timing, and how to start it.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The step.
    pub step: StepId,
    /// True when the card takes the step back instead of doing it.
    pub back: bool,
    /// True when it was opened to start the step and asks for what the guard wants; false when it
    /// is only being read.
    pub confirming: bool,
    /// Typed text of guards 2 and 3.
    pub field: Field,
    /// The gate being broken: its index and the reason typed so far.
    pub breaking: Option<(usize, Field)>,
    /// True while the reason of the broken gate has the cursor, false for the typed text.
    pub at_reason: bool,
    /// When the stop window of guards 1 and 3 began.
    pub window: Option<Stamp>,
    /// When time last passed for the stop window.
    pub counted_at: Option<Stamp>,
    /// Until when a guard 1 that was asked for waits for its dry run; then its stop window begins.
    pub waits_until: Option<Stamp>,
    /// When the last dry run was asked for.
    pub rehearsed_at: Option<Stamp>,
    /// When the card was opened.
    pub opened: Stamp,
    /// The servers that were shown then: its target's, and the other side's.
    pub shown: [Option<Identity>; 2],
    /// First row shown, where the card is longer than the screen.
    pub scroll: usize,
    /// The furthest it was scrolled without a row left out.
    pub read: usize,
}

impl Card {
    /// The card of a step, to be read, or to be confirmed.
    pub fn of(step: StepId, back: bool, confirming: bool, opened: Stamp) -> Self {
        Self {
            shown: [None, None],
            step,
            back,
            confirming,
            field: Field::default(),
            breaking: None,
            at_reason: false,
            window: None,
            counted_at: None,
            waits_until: None,
            rehearsed_at: None,
            opened,
            scroll: 0,
            read: 0,
        }
    }

    /// The command that starts what it asks for.
    pub(super) fn command(&self) -> Command {
        if self.back { Command::Compensate } else { Command::Run }
    }

    /// How it is started.
    pub(super) fn guard(&self, step: &Step) -> Guard {
        step.guard_of(self.back)
    }

    /// The text that its guard wants; none where the guard wants none.
    pub(super) fn wanted(&self, step: &Step, facts: &Facts<'_>) -> Option<String> {
        let typed = matches!(self.guard(step), Guard::TypedTarget | Guard::TypedVerb);
        let way = facts.direction();
        let text = if self.back { step.typed_text_back(way) } else { step.typed_text(way) };
        typed.then_some(text)
    }

    /// True where another server than the card was opened on answers for its step by now.
    pub(super) fn is_exchanged(&self, facts: &Facts<'_>) -> bool {
        let pairs = self.shown.iter().zip(servers(facts, &self.step));
        // Who is silent by now is judged where the step is.
        pairs.into_iter().any(|(shown, now)| {
            shown.as_ref().zip(now).is_some_and(|(shown, now)| now.is_other(shown))
        })
    }

    /// Rows that must still be read before Enter counts.
    pub(super) fn unread(&self, last: usize) -> Option<String> {
        match last.saturating_sub(self.read) {
            0 => None,
            1 => Some("1 more row".to_owned()),
            more => Some(format!("{more} more rows")),
        }
    }
}
