//! What forms and questions ask for, a row of a table each.

use crate::domain::ids::StepId;
use crate::domain::run::decide::SHORT_REASON_CHARS_MIN;
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::text::Clean;
use crate::domain::verdict::Met;
use crate::ui::command::Command;
use crate::ui::facts::Facts;
use crate::ui::replay::{ReplayKey, ReplayWish, Target};
use crate::ui::wish::Wish;

/// What a form asks for; all have one field at most and do nothing until it is right.
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
    /// Leaving SAFE: what that means, then the word `arm`.
    Arm,
    /// Closing the run: how it would end and what is left.
    Close,
    /// Leaving during an open run: steps go on.
    Leave,
}

impl Purpose {
    /// The command that it belongs to.
    pub(super) fn command(&self) -> Command {
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
            Self::Arm => Command::Arm,
            Self::Close => Command::Close,
            Self::Leave => Command::Quit,
        }
    }

    /// The table: title, text, what is asked, what Enter does.
    pub(super) fn says(&self, aborting: bool) -> [&'static str; 4] {
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
            Self::Arm => ["ARM THIS CONSOLE", "", "to arm, type", "arms this console"],
            Self::Close => ["CLOSE THE RUN", "", "", "closes the run"],
            Self::Leave => ["LEAVE THE CONSOLE", "", "", "leaves the console; the run goes on"],
        }
    }

    /// What Enter does, where the foot says how to leave.
    pub(super) fn enter(&self) -> &'static str {
        match self {
            Self::Arm => "",
            Self::Close => "Enter = close it.",
            Self::Leave => "Enter = leave the console.",
            _ => "Enter = accept.",
        }
    }

    /// True for a question, which has no field.
    pub(super) fn is_question(&self) -> bool {
        matches!(self, Self::Close | Self::Leave)
    }

    /// What tab chooses.
    pub(super) fn choice(&self) -> Option<&'static str> {
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
            Self::Note
            | Self::Seek
            | Self::Criterion(..)
            | Self::Arm
            | Self::Close
            | Self::Leave => None,
            Self::Skip(step)
            | Self::Attest(step)
            | Self::Retry(step, _)
            | Self::Resolve(step, _)
            | Self::AbortStep(step) => Some(step),
            Self::Escalate(step) => step.as_ref(),
        }
    }

    /// The text that must be typed, where it is one that confirms.
    pub(super) fn exactly(&self) -> Option<String> {
        match self {
            Self::AbortStep(step) => Some(format!("abort {step}")),
            Self::Arm => Some("arm".to_owned()),
            _ => None,
        }
    }

    /// The fewest characters that it accepts.
    pub(super) fn least_chars(&self, facts: &Facts<'_>) -> usize {
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
            Self::AbortStep(_) | Self::Arm | Self::Close | Self::Leave => 0,
        }
    }

    /// What it asks for once it is accepted; none when its text is no place to seek to.
    pub(super) fn wish(&self, text: Clean) -> Option<Wish> {
        let chosen = |answer: &Option<bool>| answer.unwrap_or(false);
        let intent = match self.clone() {
            Self::Seek => {
                return Target::parse(text.as_str()).map(ReplayWish::Seek).map(Wish::Replay);
            }
            Self::Arm => return Some(Wish::Arm),
            Self::Leave => return Some(Wish::Leave),
            Self::Close => Intent::Close,
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
