//! Forms with one field: a note, a reason, an observed value, what became of an unknown attempt.

mod rows;

use self::rows::{key_rows, told_rows};
use super::prelude::*;
use crossterm::event::KeyCode;

use crate::domain::ids::StepId;
use crate::domain::run::decide::SHORT_REASON_CHARS_MIN;
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::text::Clean;
use crate::domain::verdict::Met;
use crate::ui::available::{why_not_accept, why_not_step};
use crate::ui::meant::meant;
use crate::ui::replay::{ReplayKey, ReplayWish, Target};

/// What a form asks for; all forms have one field and do nothing until it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A note for the timeline.
    Note,
    /// The reason for skipping a step.
    Skip(StepId),
    /// The value a person observed.
    Attest(StepId),
    /// The reason for trying again; for a step whose target removes repetitions by their key, also
    /// whether it is to take the next attempt as a new act.
    Retry(StepId, Option<bool>),
    /// What became of an unknown attempt; the flag is the answer chosen so far.
    Resolve(StepId, Option<bool>),
    /// The reason for going on as if the primary were lost; a step, or the whole run.
    Escalate(Option<StepId>),
    /// `abort <step>`, typed.
    AbortStep(StepId),
    /// The reason for going on although a go/no-go criterion, by its key, is as it is.
    Criterion(String, Met),
    /// Where a replay is to go.
    Seek,
}

impl Purpose {
    /// The command that it belongs to.
    fn command(&self) -> Command {
        match self {
            Self::Note => Command::Note,
            Self::Skip(_) => Command::Skip,
            Self::Attest(_) => Command::Attest,
            Self::Retry(..) => Command::Retry,
            Self::Resolve(..) => Command::Resolve,
            Self::Escalate(_) => Command::Escalate,
            Self::AbortStep(_) => Command::AbortStep,
            Self::Criterion(..) => Command::Readiness,
            Self::Seek => Command::Replay(ReplayKey::Seek),
        }
    }

    /// The table: title, text, what is asked, what Enter does.
    fn says(&self, aborting: bool) -> [&'static str; 4] {
        match self {
            Self::Note => [
                "NOTE",
                "Stands in the timeline and the report, with your name.",
                "the note:",
                "writes it down",
            ],
            Self::Skip(_) if aborting => [
                "LEAVE A STEP AS IT IS",
                "It is not taken back, nor is what it rests on. The reason is on record.",
                "the reason:",
                "leaves the step as it is",
            ],
            Self::Skip(_) => [
                "SKIP A STEP",
                "It is left out; what needs it waits for what it needed. The reason is on record.",
                "the reason:",
                "skips the step",
            ],
            Self::Attest(_) => [
                "ATTEST",
                "No probe can see this step. Write the value that you saw, not that it is fine.",
                "what you saw:",
                "attests it",
            ],
            Self::Retry(..) => [
                "TRY AGAIN",
                "The step becomes ready; it is run by its own key. Nothing is run by this.",
                "what is different now:",
                "makes the step ready again",
            ],
            Self::Resolve(..) => [
                "RESOLVE AN UNKNOWN OUTCOME",
                "Look at the target first. Your word is on record as an assertion, not a \
                 measurement.",
                "how you know:",
                "puts your word on record",
            ],
            Self::Escalate(_) => [
                "GO ON AS IF THE PRIMARY WERE LOST",
                "Gates that ask the lost region use the accepted ledger instead. There is no way \
                 back.",
                "the reason:",
                "goes on as if the primary were lost",
            ],
            Self::Seek => [
                "SEEK",
                "T+12:30 counts from T0, 14:02:10Z is the time of day, #31 is a journal entry.",
                "go to:",
                "goes there",
            ],
            Self::AbortStep(_) => [
                "ABORT THE RUNNING STEP",
                "What it started is asked to end (TERM), after 5 s made to (KILL). \
                 What it changed stays; the step fails or is unknown.",
                "",
                "asks the step to end",
            ],
            Self::Criterion(..) => [
                "GO ON ALTHOUGH IT IS NOT MET",
                "Your name and reason go on record. The criterion stays as it is, and is shown so.",
                "why it may be accepted:",
                "accepts it as it is",
            ],
        }
    }

    /// What tab chooses.
    fn choice(&self) -> Option<&'static str> {
        match self {
            Self::Retry(_, Some(_)) => Some("the same or a new key"),
            Self::Resolve(..) => Some("done or not done"),
            Self::Escalate(_) => Some("the run or the step"),
            _ => None,
        }
    }

    /// The step that it is about.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::Note | Self::Seek | Self::Criterion(..) => None,
            Self::Skip(step)
            | Self::Attest(step)
            | Self::Retry(step, _)
            | Self::Resolve(step, _)
            | Self::AbortStep(step) => Some(step),
            Self::Escalate(step) => step.as_ref(),
        }
    }

    /// The text that must be typed, where it is one that confirms.
    fn exactly(&self) -> Option<String> {
        match self {
            Self::AbortStep(step) => Some(format!("abort {step}")),
            _ => None,
        }
    }

    /// The fewest characters that it accepts.
    fn least_chars(&self, facts: &Facts<'_>) -> usize {
        match self {
            Self::Note | Self::Seek => 1,
            Self::Attest(_) | Self::Retry(..) => SHORT_REASON_CHARS_MIN,
            Self::Skip(step) => {
                let ungraceful = facts.run.is_some_and(|run| run.is_ungraceful(step));
                let found = facts.step(step).filter(|_| !facts.is_aborting());
                let light = found.is_some_and(|step| step.optional || step.waived(ungraceful));
                if light { SHORT_REASON_CHARS_MIN } else { REASON_CHARS_MIN }
            }
            Self::Resolve(..) | Self::Escalate(_) | Self::Criterion(..) => REASON_CHARS_MIN,
            Self::AbortStep(_) => 0,
        }
    }

    /// What it asks for once it is accepted; none when its text is no place to seek to.
    fn wish(&self, text: Clean) -> Option<Wish> {
        let chosen = |answer: &Option<bool>| answer.unwrap_or(false);
        let intent = match self.clone() {
            Self::Seek => {
                return Target::parse(text.as_str()).map(ReplayWish::Seek).map(Wish::Replay);
            }
            Self::Note => Intent::Note { text },
            Self::Skip(step) => Intent::Skip { step, reason: text },
            Self::Attest(step) => Intent::Attest { step, value: text },
            Self::Retry(step, new_key) => {
                let new_key = chosen(&new_key);
                Intent::Retry { step, reason: text, new_key, by_itself: false }
            }
            Self::Resolve(step, done) => {
                Intent::Resolve { step, done: chosen(&done), reason: text }
            }
            Self::Escalate(step) => Intent::Escalate { step, reason: text },
            Self::AbortStep(step) => Intent::AbortStep { step, typed: text.to_string() },
            Self::Criterion(key, met) => Intent::AcceptCriterion { key, met, reason: text },
        };
        Some(Wish::Intent(intent))
    }
}

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// What it asks for.
    pub purpose: Purpose,
    /// What was typed.
    pub field: Field,
}

impl Form {
    /// An empty form.
    pub fn of(purpose: Purpose) -> Self {
        Self { purpose, field: Field::default() }
    }

    /// What Enter asks for.
    ///
    /// # Errors
    /// What is missing, or why it cannot be.
    fn accepted(&self, facts: &Facts<'_>, model: &Model) -> Result<Wish, Clean> {
        let purpose = &self.purpose;
        let step = purpose.step().and_then(|id| facts.step(id));
        let why = match purpose {
            Purpose::Criterion(_, met) => why_not_accept(*met, facts),
            _ => why_not_step(purpose.command(), facts, model, step),
        };
        if let Some(why) = why {
            return Err(why);
        }
        let mut text = self.field.text.trim();
        if let Some(wanted) = purpose.exactly() {
            text = &self.field.text;
            if text != wanted {
                return Err(format!("type exactly `{wanted}`").into());
            }
        }
        if let Purpose::Resolve(_, None) = purpose {
            return Err("choose first whether it is done or not done".into());
        }
        let least = purpose.least_chars(facts);
        if self.field.length() < least {
            let word = if least == 1 { "character" } else { "characters" };
            return Err(format!("this needs at least {least} {word}").into());
        }
        let wish = purpose.wish(Clean::new(text));
        wish.ok_or_else(|| format!("write {}", Target::FORMS).into())
    }
}

impl Dialog for Form {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        match (hand.command, &mut self.purpose) {
            (Some(Command::Enter), _) => {
                return match self.accepted(hand.facts, hand.model) {
                    Ok(wish) => After::Close(vec![wish]),
                    Err(why) => hand.refuse(why),
                };
            }
            (Some(Command::NextPanel), Purpose::Resolve(_, done)) => {
                *done = Some(!done.unwrap_or(false));
            }
            (Some(Command::NextPanel), Purpose::Retry(_, Some(new_key))) => *new_key = !*new_key,
            (Some(Command::NextPanel), Purpose::Escalate(step)) => {
                *step = match step {
                    Some(_) => None,
                    None => meant(hand.facts, hand.model).map(|step| step.id.clone()),
                };
            }
            (None, Purpose::Resolve(_, done))
                if self.field.text.is_empty()
                    && matches!(hand.key.code, KeyCode::Left | KeyCode::Right) =>
            {
                *done = Some(hand.key.code == KeyCode::Left);
            }
            (Some(_) | None, _) => {
                self.field.press(hand.key);
            }
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let Self { purpose, field } = self;
        let [title, text, ask, _] = purpose.says(screen.is_aborting());
        let mut body = paragraph(TEXT, text, width);
        body.extend(told_rows(screen, purpose, width));
        let mut foot = vec![rule(width)];
        if let Purpose::Resolve(_, answer) = purpose {
            let mark = |want: bool| if *answer == Some(want) { "(x)" } else { "( )" };
            foot.push(
                Row::plain(format!("{} it took effect   {} it did not", mark(true), mark(false)))
                    .put(FOCUS, "   Tab chooses"),
            );
        }
        if let Purpose::Retry(_, Some(new_key)) = purpose {
            foot.extend(key_rows(*new_key, width));
        }
        foot.extend(match purpose.exactly() {
            Some(text) => exact(&format!("{} types", screen.me), &text, field, true, width),
            None => words_field(ask, purpose.least_chars(screen), field, true, width),
        });
        foot.push(leave_row("Enter = accept.").cut(width));
        Sheet { title: Row::plain(title), right: Row::new(), body, foot, scroll: 0 }
    }

    fn hints(&self, screen: &Screen<'_>) -> Hints {
        let [.., does] = self.purpose.says(screen.is_aborting());
        Hints { tab: self.purpose.choice(), ..Hints::typed(does) }
    }

    fn manner(&self) -> Manner {
        let writes = matches!(self.purpose, Purpose::Note | Purpose::Seek);
        let care = if writes { Care::Read } else { Care::Answered };
        Manner { care, ..Manner::FIELD }
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        let wants = self.purpose.exactly().map_or(Wants::Words, Wants::Exactly);
        vec![Typing::of(&mut self.field, wants, true)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::phase::Phase;
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
            let purpose = Purpose::Resolve(StepId::new("promote-pg").expect("a name"), None);
            let body = Form::of(purpose)
                .sheet(&fixture.screen(), Room { width, rows: 24, size: (120, 24) })
                .body;
            let text: Vec<String> = body.iter().map(Row::text).collect();
            assert!(body.iter().all(|row| row.width() <= width), "{text:#?}");
            let words: Vec<&str> = text.iter().flat_map(|row| row.split_whitespace()).collect();
            let words = words.join(" ");
            assert!(words.contains(&format!("UNKNOWN: {told}")), "{text:#?}");
        }
    }
}
