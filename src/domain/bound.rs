//! What a fact is wanted to be, and whether a value is that: the one comparison of plans.

use std::time::Duration;

use super::reading::FactValue;
use super::time::short_time;

/// What a fact must be. Seconds, shares and counts are compared as numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// At least this.
    AtLeast(Amount),
    /// At most this.
    AtMost(Amount),
    /// Exactly this.
    Is(Exact),
    /// No primary whose writes are not proven closed: asked of the whole reading, and silence is
    /// none. Every promotion asks it of the other side, whatever its plan says.
    NotOpen,
}

/// A number as written, with the meaning its unit gave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A plain number.
    Number(f64),
    /// A length of time.
    Time(Duration),
}

/// A value compared for equality.
#[derive(Debug, Clone, PartialEq)]
pub enum Exact {
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A word, compared without regard to case.
    Word(String),
}

impl Bound {
    /// Compares.
    ///
    /// # Errors
    /// Why the value cannot be compared with this bound, as the end of a sentence.
    pub fn holds(&self, value: &FactValue) -> Result<bool, &'static str> {
        let amount = |amount: &Amount| match amount {
            Amount::Number(number) => *number,
            Amount::Time(time) => time.as_secs_f64(),
        };
        match self {
            Bound::NotOpen => Err("is asked of a role too"),
            Bound::AtLeast(least) => number(value).map(|number| number >= amount(least)),
            Bound::AtMost(most) => number(value).map(|number| number <= amount(most)),
            Bound::Is(Exact::Integer(want)) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "counts in plans are far below 2^52"
                )]
                let want = *want as f64;
                number(value).map(|number| (number - want).abs() < f64::EPSILON)
            }
            Bound::Is(Exact::Boolean(want)) => match value {
                FactValue::Boolean(is) => Ok(is == want),
                _ => Err("is not yes or no"),
            },
            Bound::Is(Exact::Word(want)) => match value {
                FactValue::Text(word) => Ok(word.as_str().eq_ignore_ascii_case(want)),
                _ => Err("is not a word"),
            },
        }
    }

    /// `at least 60s`, `at most 0s`, `is yes`.
    pub fn words(&self) -> String {
        let amount = |amount: &Amount| match amount {
            Amount::Number(number) => format!("{number}"),
            Amount::Time(time) => short_time(*time),
        };
        match self {
            Bound::AtLeast(least) => format!("at least {}", amount(least)),
            Bound::AtMost(most) => format!("at most {}", amount(most)),
            Bound::Is(Exact::Boolean(yes)) => format!("is {}", if *yes { "yes" } else { "no" }),
            Bound::Is(Exact::Integer(number)) => format!("is {number}"),
            Bound::Is(Exact::Word(word)) => format!("is {word}"),
            Bound::NotOpen => "not open".to_owned(),
        }
    }
}

fn number(value: &FactValue) -> Result<f64, &'static str> {
    match value {
        FactValue::Number(number) | FactValue::Seconds(number) | FactValue::Share(number) => {
            if number.is_finite() {
                Ok(*number)
            } else {
                Err("is not a number that can be compared")
            }
        }
        FactValue::Boolean(_) | FactValue::Text(_) | FactValue::Unknown(_) => Err("is no number"),
    }
}
