//! Forms with one field: a note, a reason, an observed value, what became of an unknown attempt.

use crossterm::event::KeyCode;

use crate::domain::ids::StepId;
use crate::domain::run::decide::SHORT_REASON_CHARS_MIN;
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::run::phase::Phase;
use crate::domain::text::Clean;
use crate::domain::verdict::Met;
use crate::ui::available::{why_not_accept, why_not_step};
use crate::ui::command::{Command, Context};
use crate::ui::facts::Facts;
use crate::ui::field::Field;
use crate::ui::keymap::Key;
use crate::ui::meant::meant;
use crate::ui::model::Model;
use crate::ui::over::{After, Care, Dialog, Hints, Typing, Wants};
use crate::ui::panel::{readiness, region, runbook, words};
use crate::ui::replay::{ReplayKey, ReplayWish, Target};
use crate::ui::screen::Screen;
use crate::ui::widget::ink::{FOCUS, MUTED, TEXT, WARN};
use crate::ui::widget::row::Row;
use crate::ui::widget::sheet::{Room, Sheet};
use crate::ui::wish::Wish;

use super::fields::{LEAD, exact, fact, leave_row, paragraph, rule, words as words_field};
use super::lossy;

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

/// What a form says.
struct Says {
    /// The command that it belongs to.
    command: Command,
    title: &'static str,
    text: &'static str,
    /// What is asked.
    ask: &'static str,
    /// What Enter does.
    does: &'static str,
    /// What tab chooses.
    tab: Option<&'static str>,
}

const fn says(
    command: Command,
    title: &'static str,
    text: &'static str,
    (ask, does): (&'static str, &'static str),
) -> Says {
    Says { command, title, text, ask, does, tab: None }
}

impl Purpose {
    /// The table.
    fn says(&self, aborting: bool) -> Says {
        match self {
            Self::Note => says(
                Command::Note,
                "NOTE",
                "Stands in the timeline and the report, with your name.",
                ("the note:", "writes it down"),
            ),
            Self::Skip(_) if aborting => says(
                Command::Skip,
                "LEAVE A STEP AS IT IS",
                "It is not taken back, nor is what it rests on. The reason is on record.",
                ("the reason:", "leaves the step as it is"),
            ),
            Self::Skip(_) => says(
                Command::Skip,
                "SKIP A STEP",
                "It is left out; what needs it waits for what it needed. The reason is on record.",
                ("the reason:", "skips the step"),
            ),
            Self::Attest(_) => says(
                Command::Attest,
                "ATTEST",
                "No probe can see this step. Write the value that you saw, not that it is fine.",
                ("what you saw:", "attests it"),
            ),
            Self::Retry(_, key) => Says {
                tab: key.map(|_| "the same or a new key"),
                ..says(
                    Command::Retry,
                    "TRY AGAIN",
                    "The step becomes ready; it is run by its own key. Nothing is run by this.",
                    ("what is different now:", "makes the step ready again"),
                )
            },
            Self::Resolve(..) => Says {
                tab: Some("done or not done"),
                ..says(
                    Command::Resolve,
                    "RESOLVE AN UNKNOWN OUTCOME",
                    "Look at the target first. Your word is on record as an assertion, not a \
                     measurement.",
                    ("how you know:", "puts your word on record"),
                )
            },
            Self::Escalate(_) => Says {
                tab: Some("the run or the step"),
                ..says(
                    Command::Escalate,
                    "GO ON AS IF THE PRIMARY WERE LOST",
                    "Gates that ask the lost region use the accepted ledger instead. There is no \
                     way back.",
                    ("the reason:", "goes on as if the primary were lost"),
                )
            },
            Self::Seek => says(
                Command::Replay(ReplayKey::Seek),
                "SEEK",
                "T+12:30 counts from T0, 14:02:10Z is the time of day, #31 is a journal entry.",
                ("go to:", "goes there"),
            ),
            Self::AbortStep(_) => says(
                Command::AbortStep,
                "ABORT THE RUNNING STEP",
                "What it started is asked to end (TERM), after 5 s made to (KILL). \
                 What it changed stays; the step fails or is unknown.",
                ("", "asks the step to end"),
            ),
            Self::Criterion(..) => says(
                Command::Readiness,
                "GO ON ALTHOUGH IT IS NOT MET",
                "Your name and reason go on record. The criterion stays as it is, and is shown so.",
                ("why it may be accepted:", "accepts it as it is"),
            ),
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
        let why = match purpose {
            Purpose::Criterion(_, met) => why_not_accept(*met, facts),
            _ => {
                let step = purpose.step().and_then(|id| facts.step(id));
                why_not_step(purpose.says(false).command, facts, model, step)
            }
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
    fn press(
        &mut self,
        model: &mut Model,
        facts: &Facts<'_>,
        key: Key,
        command: Option<Command>,
    ) -> After {
        match (command, &mut self.purpose) {
            (Some(Command::Enter), _) => match self.accepted(facts, model) {
                Ok(wish) => return After::Close(vec![wish]),
                Err(why) => model.refuse(facts.now, why),
            },
            (Some(Command::NextPanel), Purpose::Resolve(_, done)) => {
                *done = Some(!done.unwrap_or(false));
            }
            (Some(Command::NextPanel), Purpose::Retry(_, Some(new_key))) => *new_key = !*new_key,
            (Some(Command::NextPanel), Purpose::Escalate(step)) => {
                *step = match step {
                    Some(_) => None,
                    None => meant(facts, model).map(|step| step.id.clone()),
                };
            }
            (None, Purpose::Resolve(_, done))
                if self.field.text.is_empty()
                    && matches!(key.code, KeyCode::Left | KeyCode::Right) =>
            {
                *done = Some(key.code == KeyCode::Left);
            }
            (Some(_) | None, _) => {
                self.field.press(key);
            }
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let Self { purpose, field } = self;
        let says = purpose.says(screen.is_aborting());
        let mut body = paragraph(TEXT, says.text, width);
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
            None => words_field(says.ask, purpose.least_chars(screen), field, true, width),
        });
        foot.push(leave_row("Enter = accept.").cut(width));
        Sheet { title: Row::plain(says.title), right: Row::new(), body, foot, scroll: 0 }
    }

    fn hints(&self, screen: &Screen<'_>) -> Hints {
        let says = self.purpose.says(screen.is_aborting());
        Hints { tab: says.tab, ..Hints::typed(says.does) }
    }

    fn care(&self) -> Care {
        match self.purpose {
            Purpose::Note | Purpose::Seek => Care::Read,
            _ => Care::Answered,
        }
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Field]
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        let wants = self.purpose.exactly().map_or(Wants::Words, Wants::Exactly);
        vec![Typing::of(&mut self.field, wants, true)]
    }
}

/// What is to be known before it is written: the criterion, the step and how it is.
fn told_rows(screen: &Screen<'_>, purpose: &Purpose, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Purpose::Criterion(key, _) = purpose {
        return criterion_rows(screen, key, width);
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
        rows.extend(fact("STEP", TEXT, &words::named_fully(screen, id), width));
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
    rows
}

/// What is shown of a criterion that is to be accepted.
fn criterion_rows(screen: &Screen<'_>, key: &str, width: usize) -> Vec<Row> {
    let found = screen.assessment.criteria.iter().find(|criterion| criterion.key == key);
    let Some(criterion) = found else {
        return fact("ASKED", MUTED, "this criterion is asked no more", width);
    };
    let (ink, glyph) = readiness::glyph(criterion);
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
    rows.extend(fact("", MUTED, &readiness::since(screen, criterion), width));
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
    let side = screen.direction().from;
    let label = words::label(screen, side);
    let lead = Row::of(FOCUS, format!("{:<LEAD$}", "PRIMARY")).put(TEXT, format!("{label} "));
    vec![lead.join(region::summary(screen, side)).cut(width)]
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
