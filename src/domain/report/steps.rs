//! The steps as they were expected and as they went, and the longest time without an act on record.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::claim::{Claim, Section, Tone, Value};
use super::tale::{Tale, between, grain, grained, millis};
use crate::domain::ids::StepId;
use crate::domain::run::event::{Body, Outcome, Purpose, RunEvent};
use crate::domain::run::phase::Phase;
use crate::domain::run::state::StepState;
use crate::domain::run::words;
use crate::domain::runbook::Step;
use crate::domain::text::Clean;

/// A moment of the clock in milliseconds since T0, and the entry that tells it.
pub type AtEntry = (i64, u64);

/// One step of the plan and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepLine {
    /// The step.
    pub id: StepId,
    /// What people call it.
    pub title: Clean,
    /// How long the plan expects it to take.
    pub expect: Duration,
    /// When it was first started.
    pub start: Option<AtEntry>,
    /// When it ended: done, failed or told to be.
    pub end: Option<AtEntry>,
    /// From its first start to its end, less the time in which nobody read that it was over.
    pub actual: Option<Duration>,
    /// How long it was over before that was read.
    pub unread: Duration,
    /// The entries of its first start and of its end, as far as there are.
    pub ends: Vec<u64>,
    /// How long it could have been started and was not, and the entry since which it could.
    pub waited: Option<(Duration, u64)>,
    /// Where it is at the end.
    pub phase: Phase,
    /// The entries that are about it.
    pub entries: Vec<u64>,
}

/// The longest time in which no step ran and nothing that a person did is on record. What hands did
/// meanwhile is not known: refused keys leave no entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// How long.
    pub time: Duration,
    /// The entry before it, in words.
    pub from: (u64, Clean),
    /// The entry after it, in words.
    pub to: (u64, Clean),
}

/// The steps in the plan's order.
pub(super) fn lines(tale: &Tale<'_>) -> Vec<StepLine> {
    let steps = tale.runbook.steps.iter();
    let mut lines: Vec<StepLine> =
        steps.filter_map(|step| Some(line(tale, step, tale.run.step(&step.id)?))).collect();
    let ready = |step: &Step| -> Option<AtEntry> {
        let ends = step.needs.iter().map(|need| lines.iter().find(|line| line.id == *need)?.end);
        let ends: Option<Vec<AtEntry>> = ends.collect();
        let declared = tale.declared().and_then(|event| Some((tale.since_t0(event)?, event.seq)));
        ends?.into_iter().chain(declared).max()
    };
    let waits: Vec<Option<(Duration, u64)>> = lines
        .iter()
        .map(|line| {
            let ready = ready(tale.runbook.step(&line.id)?)?;
            Some((between(ready.0, line.start?.0)?, ready.1))
        })
        .collect();
    for (line, waited) in lines.iter_mut().zip(waits) {
        line.waited = waited;
    }
    lines
}

fn line(tale: &Tale<'_>, step: &Step, state: &StepState) -> StepLine {
    let mine: Vec<&RunEvent> =
        tale.events().iter().filter(|e| e.body.step() == Some(&step.id)).collect();
    let (first, last) = extent(&mine);
    let told =
        |event: Option<&RunEvent>| event.and_then(|event| Some((tale.since_t0(event)?, event.seq)));
    let took = first.zip(last).map(|(first, last)| spent(tale, first, last));
    let unread = first.zip(last).map_or(Duration::ZERO, |ends| unread(&mine, ends));
    let unread = grained(unread).min(took.unwrap_or_default());
    let performed = first.zip(last.filter(|last| !matches!(last.body, Body::Skipped { .. })));
    StepLine {
        id: step.id.clone(),
        title: step.title.clone(),
        expect: step.expect,
        start: told(first),
        end: told(last),
        actual: performed.and(took).map(|took| took.saturating_sub(unread)),
        unread,
        ends: [first, last].into_iter().flatten().map(|event| event.seq).collect(),
        waited: None,
        phase: state.phase,
        entries: mine.iter().map(|event| event.seq).collect(),
    }
}

/// From one entry to another, by the clock of the run where there is one.
fn spent(tale: &Tale<'_>, first: &RunEvent, last: &RunEvent) -> Duration {
    let both = tale.since_t0(first).zip(tale.since_t0(last));
    let by_clock = both.and_then(|(first, last)| between(first, last));
    by_clock.unwrap_or_else(|| grained(last.at.since(first.at)))
}

/// How long the attempts between two entries were over before that was read.
fn unread(mine: &[&RunEvent], (first, last): (&RunEvent, &RunEvent)) -> Duration {
    let between = mine.iter().filter(|event| (first.seq..=last.seq).contains(&event.seq));
    let times = between.filter_map(|event| match &event.body {
        Body::EndedEarlier { at, .. } => Some(event.at.since(*at)),
        _ => None,
    });
    times.sum()
}

/// The first start forward and the last end of going forward; taking back is told apart.
fn extent<'e>(mine: &[&'e RunEvent]) -> (Option<&'e RunEvent>, Option<&'e RunEvent>) {
    let (mut first, mut last) = (None, None);
    let mut back = false;
    for event in mine {
        match &event.body {
            Body::Intended { purpose: Purpose::Compensate, .. } => back = true,
            Body::Intended { .. } => {
                back = false;
                first = first.or(Some(*event));
                last = None;
            }
            Body::Retried { .. } => last = None,
            Body::Ended { outcome: Outcome::Failed { .. }, .. }
            | Body::Verified { .. }
            | Body::NotVerified { .. }
            | Body::Reconciled { .. }
            | Body::Resolved { .. }
                if !back =>
            {
                last = Some(*event);
            }
            Body::Attested { .. } | Body::Skipped { .. } => last = Some(*event),
            _ => {}
        }
    }
    (first, last)
}

/// The longest stretch between the declaration and the end in which no attempt was open and no
/// entry tells of a person.
pub(super) fn longest_wait(tale: &Tale<'_>) -> Option<Wait> {
    let begin = tale.declared()?.seq;
    let end = tale.restored().map_or(u64::MAX, |event| event.seq);
    let mut open: BTreeSet<&StepId> = BTreeSet::new();
    let mut since: Option<&RunEvent> = None;
    let mut longest: Option<(Duration, &RunEvent, &RunEvent)> = None;
    for event in tale.events().iter().filter(|event| (begin..=end).contains(&event.seq)) {
        let acted = event.body.is_by_a_person() || event.seq == end;
        if let Some(from) = since.filter(|_| acted && open.is_empty())
            && let Some(time) = tale.since_t0(from).zip(tale.since_t0(event))
            && let Some(time) = between(time.0, time.1)
            && longest.as_ref().is_none_or(|(known, ..)| time > *known)
        {
            longest = Some((time, from, event));
        }
        let was_open = !open.is_empty();
        note_open(&mut open, &event.body);
        if acted || (was_open && open.is_empty()) {
            since = Some(event);
        }
    }
    let told = |event: &RunEvent| (event.seq, words::event(&event.body, Some(tale.runbook)));
    longest.map(|(time, from, to)| Wait { time, from: told(from), to: told(to) })
}

/// Keeps the steps that have an attempt which runs or is looked at.
pub(super) fn note_open<'e>(open: &mut BTreeSet<&'e StepId>, body: &'e Body) {
    match body {
        Body::Intended { step, .. } => {
            open.insert(step);
        }
        Body::Ended { step, outcome: Outcome::Failed { .. } | Outcome::Unknown { .. }, .. }
        | Body::Verified { step, .. }
        | Body::NotVerified { step, .. } => {
            open.remove(step);
        }
        _ => {}
    }
}

const COLUMNS: &[&str] = &[
    "step", "action", "expected", "actual", "diff", "start", "end", "waited", "outcome", "by",
    "evidence",
];

pub(super) fn section(tale: &Tale<'_>, lines: &[StepLine]) -> Section {
    let rows = lines.iter().filter_map(|line| {
        Some(row(tale, line, tale.runbook.step(&line.id)?, tale.run.step(&line.id)?))
    });
    Section::table("steps", "Steps, expected and actual", COLUMNS, rows.collect())
}

fn row(tale: &Tale<'_>, line: &StepLine, step: &Step, state: &StepState) -> Vec<Claim> {
    let id = |part: &str| format!("step.{}.{part}", line.id);
    let ends = line.ends.iter().copied();
    let timed = |part: &str, value| Claim::measured(id(part), part, value, ends.clone());
    let moment = |part: &str, at: Option<AtEntry>| {
        let (at, seq) = at.map(|(ms, seq)| (Value::Since(ms), seq)).unzip();
        Claim::measured(id(part), part, at, seq)
    };
    // From the figures that are printed beside it, so that they add up.
    let expect = grained(step.expect);
    let diff = line.actual.map(|took| Value::Difference(grain(millis(took)) - millis(expect)));
    let waited = line.waited.zip(line.start);
    let (waited, between) =
        waited.map(|((time, since), (_, start))| (Value::Time(time), [since, start])).unzip();
    let between = between.into_iter().flatten();
    let all = line.entries.iter().copied();
    let name = tale.runbook.named_fully(&step.id);
    let last = |is: fn(&Body) -> bool| tale.last(|body| body.step() == Some(&line.id) && is(body));
    let by = last(|body| {
        matches!(body, Body::Intended { .. } | Body::Attested { .. } | Body::Skipped { .. })
    });
    let by = match by {
        Some(event) => Claim::new(id("by"), "by", Value::text(event.by.to_string()), [event.seq]),
        None => Claim::nothing(id("by"), "by", Value::None),
    };
    let evidence = match last(tells_evidence).filter(|_| !state.evidence.is_empty()) {
        Some(event) => {
            let seen = Value::Text(state.evidence.clone());
            Claim::new(id("evidence"), "evidence", seen, [event.seq])
        }
        None => Claim::nothing(id("evidence"), "evidence", Value::None),
    };
    vec![
        Claim::new(id("name"), "step", Value::text(name), [1]),
        Claim::new(id("action"), "action", Value::text(step.action.name), [1]),
        Claim::new(id("expected"), "expected", Value::Time(expect), [1]),
        timed("actual", line.actual.map(Value::Time)),
        timed("diff", diff),
        moment("start", line.start),
        moment("end", line.end),
        Claim::measured(id("waited"), "waited", waited, between),
        outcome(line, state, id("outcome"), all),
        by,
        evidence,
    ]
}

/// True for words that say what was seen or asserted of a step.
fn tells_evidence(body: &Body) -> bool {
    matches!(
        body,
        Body::Ended { .. }
            | Body::Verified { .. }
            | Body::NotVerified { .. }
            | Body::Reconciled { .. }
            | Body::Resolved { .. }
            | Body::Attested { .. }
            | Body::Skipped { .. }
    )
}

fn outcome(
    line: &StepLine,
    state: &StepState,
    id: String,
    entries: impl Iterator<Item = u64>,
) -> Claim {
    // Formatting into a text cannot fail.
    let mut text = state.phase.word().to_owned();
    if state.attested {
        text.push_str(" (told by a person)");
    }
    if let Some(cause) = state.cause {
        let _ = write!(text, " ({})", cause.words());
    }
    if let Some(now) = &state.untrue {
        let _ = write!(text, "; was done, not true now: {now}");
    }
    if state.attempts.len() > 1 {
        let _ = write!(text, ", {} attempts", state.attempts.len());
    }
    if !line.unread.is_zero() {
        let _ = write!(text, ", its end was read {} later", Value::Time(line.unread));
    }
    let tone = match state.phase {
        Phase::Done if state.untrue.is_none() => Tone::Good,
        Phase::Done | Phase::Failed => Tone::Bad,
        Phase::Unknown => Tone::Unknown,
        _ => Tone::Plain,
    };
    let entries: Vec<u64> = entries.collect();
    if entries.is_empty() {
        // What never began rests on the plan alone.
        return Claim::new(id, "outcome", Value::text(format!("{text}, never begun")), [1]);
    }
    Claim::new(id, "outcome", Value::text(text), entries).toned(tone)
}

/// What is known of such a time, and what is not.
pub(super) const NO_HAND: &str =
    "no step ran and no person's act is on record (refused keys are not recorded)";

pub(super) fn wait_section(wait: Option<&Wait>) -> Section {
    let claims = wait.map_or_else(Vec::new, |wait| {
        let claim = |part: &str, label: &str, text: &Clean, seq| {
            Claim::new(format!("wait.{part}"), label, Value::Text(text.clone()), [seq])
        };
        let both = [wait.from.0, wait.to.0];
        vec![
            Claim::new("wait.longest", NO_HAND, Value::Time(wait.time), both),
            claim("from", "from", &wait.from.1, wait.from.0),
            claim("to", "to", &wait.to.1, wait.to.0),
        ]
    });
    Section::list("wait", "Longest wait", claims)
}
