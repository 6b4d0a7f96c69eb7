//! What a check step wants of one fact, read from its settings and held against a look.

use crate::domain::reading::{FactValue, Health, Lag, Reading, WRITABLE};
use crate::domain::runbook::{Amount, Exact};
use crate::domain::settings::{Fault, Fields, Value, parse_duration};

/// A fact and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// The fact's name.
    pub fact: String,
    /// What it must be.
    pub must: Must,
}

/// What a fact must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Must {
    /// At least this.
    AtLeast(Amount),
    /// At most this.
    AtMost(Amount),
    /// Exactly this.
    Be(Exact),
}

/// How a wish stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It holds; the value seen.
    Holds(String),
    /// It does not; the value seen.
    Fails(String),
    /// The look does not tell; why.
    Untold(String),
}

impl Wish {
    /// That a store takes writes.
    pub fn writable() -> Self {
        Self { fact: WRITABLE.to_owned(), must: Must::Be(Exact::Boolean(true)) }
    }

    /// Reads `fact` with one of `is`, `at_least` and `at_most`; none when no fact is named.
    ///
    /// # Errors
    /// When the bound is missing, doubled or of the wrong kind.
    pub fn read(fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let fact = fields.text("fact")?;
        let bounds: Vec<(&str, _)> = ["is", "at_least", "at_most"]
            .into_iter()
            .filter_map(|key| fields.node(key).map(|node| (key, node)))
            .collect();
        let Some(fact) = fact else {
            return match bounds.first() {
                None => Ok(None),
                Some((key, node)) => {
                    Err(Fault::new(node.span, format!("`{key}` needs `fact`, the fact's name")))
                }
            };
        };
        let [(key, node)] = bounds.as_slice() else {
            let message = format!("`fact = \"{fact}\"` needs one of `is`, `at_least`, `at_most`");
            return Err(Fault::new(fields.span(), message));
        };
        let wrong = |wanted: &str| {
            let found = node.value.kind();
            Fault::new(node.span, format!("`{key}` must be {wanted}, not {found}"))
        };
        let must = match (*key, &node.value) {
            ("is", Value::Boolean(yes)) => Must::Be(Exact::Boolean(*yes)),
            ("is", Value::Integer(number)) => Must::Be(Exact::Integer(*number)),
            ("is", Value::Text(word)) => Must::Be(Exact::Word(word.clone())),
            ("is", _) => return Err(wrong("true, false, a whole number or a text")),
            (key, value) => {
                let amount =
                    amount(value).ok_or_else(|| wrong("a number or a time with its unit"))?;
                if key == "at_least" { Must::AtLeast(amount) } else { Must::AtMost(amount) }
            }
        };
        Ok(Some(Self { fact: fact.to_owned(), must }))
    }

    /// How it stands in a reading.
    pub fn holds_in(&self, reading: &Reading) -> Answer {
        let value = value_of(reading, &self.fact);
        let shown = format!("{} {}", self.fact, value.shown());
        let number = match &value {
            FactValue::Unknown(why) => return Answer::Untold(why.to_string()),
            FactValue::Number(number) | FactValue::Seconds(number) | FactValue::Share(number) => {
                Some(*number)
            }
            FactValue::Boolean(_) | FactValue::Text(_) => None,
        };
        let holds = match (&self.must, number, &value) {
            (Must::AtLeast(amount), Some(number), _) => number >= figure(*amount),
            (Must::AtMost(amount), Some(number), _) => number <= figure(*amount),
            (Must::Be(Exact::Boolean(wanted)), _, FactValue::Boolean(yes)) => yes == wanted,
            (Must::Be(Exact::Word(word)), _, FactValue::Text(text)) => {
                text.as_str().eq_ignore_ascii_case(word)
            }
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            (Must::Be(Exact::Integer(wanted)), Some(number), _) => {
                (number - *wanted as f64).abs() < 1e-9
            }
            (Must::AtLeast(_) | Must::AtMost(_) | Must::Be(_), _, _) => {
                return Answer::Untold(format!("{shown} cannot be compared with what is wanted"));
            }
        };
        if holds { Answer::Holds(shown) } else { Answer::Fails(shown) }
    }
}

fn amount(value: &Value) -> Option<Amount> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
        Value::Integer(number) => Some(Amount::Number(*number as f64)),
        Value::Float(number) => Some(Amount::Number(*number)),
        Value::Text(text) => parse_duration(text).map(Amount::Time),
        Value::Boolean(_) | Value::List(_) | Value::Table(_) => None,
    }
}

fn figure(amount: Amount) -> f64 {
    match amount {
        Amount::Number(number) => number,
        Amount::Time(time) => time.as_secs_f64(),
    }
}

/// A fact of one reading, with those that every system has and one look can tell.
fn value_of(reading: &Reading, name: &str) -> FactValue {
    let untold = || FactValue::Unknown(format!("the system did not tell `{name}`").into());
    match name {
        "healthy" => FactValue::Boolean(reading.health == Health::Up),
        "role" => reading
            .role
            .map_or_else(untold, |role| FactValue::Text(role.word().to_lowercase().into())),
        "lag" => reading.lag.as_ref().and_then(Lag::known_seconds).map_or_else(
            || FactValue::Unknown("the source side was not read".into()),
            FactValue::Seconds,
        ),
        "capacity" => {
            reading.capacity.map_or_else(untold, |capacity| FactValue::Share(capacity.share()))
        }
        _ => reading.fact(name).cloned().unwrap_or_else(untold),
    }
}
