//! What the servers' answers mean for one region: health, facts, and how far a switch has come.

use super::query::{Answer, Asked};
use super::zone::{Answers, Expected};
use crate::domain::ids::Side;
use crate::domain::reading::{Fact, FactValue, Health, Look, LookError, Reading};
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, spoken_time};
use crate::systems::kit::trouble::Trouble;

/// How many resolvers lead to a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switched {
    /// Those that do.
    pub count: usize,
    /// All that were asked.
    pub of: usize,
    /// Those that told nothing.
    pub silent: usize,
    /// The longest time left until those that answer something else ask again, in seconds.
    pub ttl_left_s: u32,
}

impl Switched {
    /// Counts the resolvers that lead to the region of `expected`.
    pub fn count(answers: &Answers, expected: &Expected) -> Self {
        let of = answers.resolvers.len();
        let mut switched = Self { count: 0, of, silent: 0, ttl_left_s: 0 };
        for asked in &answers.resolvers {
            match asked {
                Asked::Answer(answer) if expected.is_answered_by(answer) => switched.count += 1,
                Asked::Answer(answer) => {
                    switched.ttl_left_s = switched.ttl_left_s.max(answer.ttl_s);
                }
                Asked::NoRecord => {}
                Asked::Failed(_) => switched.silent += 1,
            }
        }
        switched
    }

    /// `2 of 3 resolvers answer B`.
    pub fn answers_text(self, side: Side) -> String {
        format!("{} of {} resolvers answer {side}", self.count, self.of)
    }

    /// `2 of 3 switched, max TTL left 41 s`.
    pub fn text(self) -> String {
        let left = std::time::Duration::from_secs(u64::from(self.ttl_left_s));
        let silent = match self.silent {
            0 => String::new(),
            silent => format!(", {silent} silent"),
        };
        format!(
            "{} of {} switched, max TTL left {}{silent}",
            self.count,
            self.of,
            spoken_time(left)
        )
    }
}

/// The answers of the zone's own servers that did answer, or why none did.
fn answered(asked: &[Asked]) -> Result<Vec<&Answer>, Trouble> {
    let answers: Vec<&Answer> = asked
        .iter()
        .filter_map(|asked| match asked {
            Asked::Answer(answer) => Some(answer),
            Asked::NoRecord | Asked::Failed(_) => None,
        })
        .collect();
    let failed = asked.iter().find_map(|asked| match asked {
        Asked::Failed(failure) => Some(failure.clone()),
        Asked::Answer(_) | Asked::NoRecord => None,
    });
    match failed {
        // Nothing but silence: whether there is a record is not known.
        Some(failure) if answers.is_empty() && !asked.contains(&Asked::NoRecord) => Err(failure),
        _ => Ok(answers),
    }
}

/// Whether the zone's own servers lead to the region; why not, where that cannot be told.
///
/// # Errors
/// When none of them answered.
pub fn authoritative(answers: &Answers, expected: &Expected) -> Result<bool, Trouble> {
    let found = answered(&answers.servers)?;
    Ok(!found.is_empty() && found.iter().all(|answer| expected.is_answered_by(answer)))
}

fn values_text(answer: &Answer) -> String {
    answer.values.iter().map(String::as_str).collect::<Vec<&str>>().join(", ")
}

/// Healthy is a name that is answered the same everywhere, also when it leads to the other region.
fn health(answers: &Answers, found: &[&Answer], known: &[&Expected]) -> Health {
    let shown = known.first().map(|expected| expected.question.shown()).unwrap_or_default();
    let Some(first) = found.first() else {
        return Health::Down(format!("the zone has no record {shown}").into());
    };
    let degraded = |why: String| Health::Degraded(why.into());
    if let Some(other) = found.iter().find(|answer| answer.values != first.values) {
        let (one, other) = (values_text(first), values_text(other));
        return degraded(format!("the zone's own servers disagree: {one} and {other}"));
    }
    if found.len() < answers.servers.len() {
        let (missing, of) = (answers.servers.len() - found.len(), answers.servers.len());
        return degraded(format!("{missing} of {of} of the zone's own servers did not answer it"));
    }
    if !known.iter().any(|expected| expected.is_answered_by(first)) {
        return degraded(format!("{shown} is {}, which is neither region", values_text(first)));
    }
    let agree = |asked: &&Asked| match asked {
        Asked::Answer(answer) => {
            answer.values == first.values
                || known.iter().any(|one| one.is_answered_by(answer) && one.is_answered_by(first))
        }
        Asked::NoRecord | Asked::Failed(_) => false,
    };
    let agreeing = answers.resolvers.iter().filter(agree).count();
    let of = answers.resolvers.len();
    if agreeing < of {
        return degraded(format!("{agreeing} of {of} resolvers agree with the zone"));
    }
    Health::Up
}

/// The reading of one side. `known` are the answers of both regions.
///
/// # Errors
/// When none of the zone's own servers answered.
pub fn look(
    at: Stamp,
    took_ms: Option<u64>,
    answers: &Answers,
    (side, expected): (Side, &Expected),
    known: &[&Expected],
) -> Look {
    let found = answered(&answers.servers).map_err(LookError::from)?;
    let switched = Switched::count(answers, expected);
    let here = !found.is_empty() && found.iter().all(|answer| expected.is_answered_by(answer));
    let where_to = match found.first() {
        Some(_) if here => format!("leads to {side}"),
        Some(answer) => format!("leads to {}", values_text(answer)),
        None => "has no record".to_owned(),
    };
    let note = match switched.of {
        0 => where_to,
        _ => format!("{where_to}; {}", switched.answers_text(side)),
    };
    let mut reading = Reading::new(at, health(answers, &found, known), note);
    reading.took_ms = took_ms;
    let mut fact = |name: &str, value| reading.facts.push(Fact { name: name.to_owned(), value });
    fact("authoritative", FactValue::Boolean(here));
    if let Some(ttl_s) = found.iter().map(|answer| answer.ttl_s).max() {
        fact("ttl", FactValue::Seconds(f64::from(ttl_s)));
    }
    fact("resolvers_switched", share(switched));
    fact("ttl_left", ttl_left(switched));
    if switched.of > 0 {
        fact("answers", FactValue::Text(switched.answers_text(side).into()));
    }
    Ok(reading)
}

fn no_resolvers() -> FactValue {
    FactValue::Unknown(Clean::from("the system has no `resolvers`"))
}

fn share(switched: Switched) -> FactValue {
    // At most `SERVERS_MAX` resolvers, so both fit.
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    match switched.of {
        0 => no_resolvers(),
        of => FactValue::Share(number(switched.count) / number(of)),
    }
}

fn ttl_left(switched: Switched) -> FactValue {
    match (switched.of, switched.silent) {
        (0, _) => no_resolvers(),
        (_, 0) => FactValue::Seconds(f64::from(switched.ttl_left_s)),
        (of, silent) => {
            let why = format!("{silent} of {of} resolvers did not answer");
            FactValue::Unknown(why.into())
        }
    }
}
