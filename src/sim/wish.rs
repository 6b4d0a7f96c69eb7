//! What a check step wants of one fact, read from its settings and held against a look.

use crate::domain::reading::{FactValue, Health, Lag, Reading, WRITABLE};
use crate::domain::runbook::{Amount, Bound, Exact};
use crate::domain::settings::{Fault, Fields, Value, parse_duration};

/// A fact and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// The fact's name.
    pub fact: String,
    /// What it must be.
    pub must: Bound,
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
        Self { fact: WRITABLE.to_owned(), must: Bound::Is(Exact::Boolean(true)) }
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
            ("is", Value::Boolean(yes)) => Bound::Is(Exact::Boolean(*yes)),
            ("is", Value::Integer(number)) => Bound::Is(Exact::Integer(*number)),
            ("is", Value::Text(word)) => Bound::Is(Exact::Word(word.clone())),
            ("is", _) => return Err(wrong("true, false, a whole number or a text")),
            (key, value) => {
                let amount =
                    amount(value).ok_or_else(|| wrong("a number or a time with its unit"))?;
                if key == "at_least" { Bound::AtLeast(amount) } else { Bound::AtMost(amount) }
            }
        };
        Ok(Some(Self { fact: fact.to_owned(), must }))
    }

    /// How it stands in a reading.
    pub fn holds_in(&self, reading: &Reading) -> Answer {
        let value = value_of(reading, &self.fact);
        let shown = format!("{} {}", self.fact, value.shown());
        match (&value, self.must.holds(&value)) {
            (FactValue::Unknown(why), _) => Answer::Untold(why.to_string()),
            (_, Ok(true)) => Answer::Holds(shown),
            (_, Ok(false)) => Answer::Fails(shown),
            (_, Err(_)) => {
                Answer::Untold(format!("{shown} cannot be compared with what is wanted"))
            }
        }
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
