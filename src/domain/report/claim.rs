//! One claim of a report: what it says, and the journal's entries that it rests on.

use std::fmt;
use std::time::Duration;

use crate::domain::run::event::Missing;
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, clock_text, no_less};

/// What the report says where nothing was measured.
pub const NOT_MEASURED: &str = "not measured";
/// What the report says where people have to write.
pub const NOT_RECORDED: &str = "not recorded: for people to write";
/// What the report says where a whole journal tells of no such thing.
pub const NONE: &str = "none on record";

/// What a claim says.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Words.
    Text(Clean),
    /// A clock's time: `00:03:30`.
    Clock(Duration),
    /// A length of time: `3m30s`.
    Time(Duration),
    /// How much longer than expected, negative when shorter, in milliseconds: `+12s`.
    Difference(i64),
    /// Milliseconds since T0, negative before it: `T+00:03:30`.
    Since(i64),
    /// A moment of the wall clock.
    At(Stamp),
    /// A loss in seconds of writes.
    Loss(f64),
    /// An upper bound of a loss in seconds of writes.
    AtMost(f64),
    /// What a promoted store does not have.
    Missing(Missing),
    /// How many.
    Count(u64),
    /// Nothing was measured.
    NotMeasured,
    /// Nobody can know it from the journal.
    NotRecorded,
    /// The journal tells of no such thing.
    None,
}

impl Value {
    /// Words.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Clean::new(text.as_ref()))
    }

    /// The figure with its unit, for machines: seconds, a count, or milliseconds since 1970.
    pub fn figure(&self) -> Option<(f64, &'static str)> {
        match self {
            Self::Clock(time) | Self::Time(time) => Some((time.as_secs_f64(), "s")),
            Self::Difference(ms) | Self::Since(ms) => Some((float(*ms) / 1000.0, "s")),
            Self::Loss(seconds) | Self::AtMost(seconds) => Some((*seconds, "s")),
            Self::Missing(Missing { amount, unit }) => Some((count(*amount), unit.word())),
            Self::At(at) => Some((float(at.wall_ms), "ms since 1970")),
            Self::Count(number) => Some((count(*number), "count")),
            Self::Text(_) | Self::NotMeasured | Self::NotRecorded | Self::None => None,
        }
    }

    /// True for a value that says that nothing is known.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::NotMeasured | Self::NotRecorded | Self::None)
    }
}

/// Milliseconds and counts of a run are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age of the world fit")]
fn float(number: i64) -> f64 {
    number as f64
}

fn count(number: u64) -> f64 {
    float(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The tenths of a second that a text in whole seconds leaves out: `.4`, or nothing.
fn tenths(time: Duration) -> String {
    match time.subsec_millis() / 100 {
        0 => String::new(),
        tenths => format!(".{tenths}"),
    }
}

/// `00:03:30.4`: what is printed adds up, so nothing of it is cut away.
fn clock_words(time: Duration) -> String {
    format!("{}{}", clock_text(time), tenths(time))
}

/// `35s`, `2m05.4s`, `3h00m12s`, for the same reason never without its seconds.
fn time_words(time: Duration) -> String {
    let (seconds, tenths) = (time.as_secs(), tenths(time));
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match seconds {
        0..120 => format!("{seconds}{tenths}s"),
        120..7200 => format!("{minutes}m{rest:02}{tenths}s"),
        _ => format!("{}h{:02}m{rest:02}{tenths}s", minutes / 60, minutes % 60),
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |ms: i64| Duration::from_millis(ms.unsigned_abs());
        let text = match self {
            Self::Text(text) => text.to_string(),
            Self::Clock(time) => clock_words(*time),
            Self::Time(time) => time_words(*time),
            Self::Difference(ms) if *ms < 0 => format!("-{}", time_words(length(*ms))),
            Self::Difference(ms) => format!("+{}", time_words(length(*ms))),
            Self::Since(ms) if *ms < 0 => format!("T-{}", clock_words(length(*ms))),
            Self::Since(ms) => format!("T+{}", clock_words(length(*ms))),
            Self::At(at) => moment(*at),
            Self::Loss(seconds) => no_less(*seconds),
            Self::AtMost(seconds) => format!("at most {}", no_less(*seconds)),
            Self::Missing(missing) => missing.words(),
            Self::Count(count) => count.to_string(),
            Self::NotMeasured => NOT_MEASURED.to_owned(),
            Self::NotRecorded => NOT_RECORDED.to_owned(),
            Self::None => NONE.to_owned(),
        };
        out.pad(&text)
    }
}

/// `2026-11-20 14:02:10Z`.
pub fn moment(at: Stamp) -> String {
    at.utc().dated()
}

/// Whether a claim is good news; said in words too, never by a colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Neither.
    Plain,
    /// An objective kept, a step done.
    Good,
    /// An objective missed, a step failed.
    Bad,
    /// Not known.
    Unknown,
}

impl Tone {
    /// Of an objective that was kept, missed, or is not known to be either.
    pub fn of(met: Option<bool>) -> Self {
        match met {
            Some(true) => Self::Good,
            Some(false) => Self::Bad,
            None => Self::Unknown,
        }
    }
}

/// One claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its name, unlike any other's in the report: `clock.detect`, `loss.pg.measured`.
    pub id: String,
    /// What it is about.
    pub label: Clean,
    /// What it says.
    pub value: Value,
    /// The numbers of the journal's entries that it rests on; none only where nothing is known.
    pub entries: Vec<u64>,
    /// Whether it is good news.
    pub tone: Tone,
}

impl Claim {
    /// A claim that rests on entries. Without an entry a figure is no claim: it is not measured.
    pub fn new(
        id: impl Into<String>,
        label: impl AsRef<str>,
        value: Value,
        entries: impl IntoIterator<Item = u64>,
    ) -> Self {
        let mut entries: Vec<u64> = entries.into_iter().collect();
        entries.sort_unstable();
        entries.dedup();
        let value =
            if entries.is_empty() && !value.is_nothing() { Value::NotMeasured } else { value };
        let tone = Tone::Plain;
        Self { id: id.into(), label: Clean::new(label.as_ref()), value, entries, tone }
    }

    /// A claim that says that nothing is known.
    pub fn nothing(id: impl Into<String>, label: impl AsRef<str>, value: Value) -> Self {
        Self::new(id, label, value, [])
    }

    /// A claim of what was measured, as far as it was.
    pub fn measured(
        id: impl Into<String>,
        label: impl AsRef<str>,
        found: Option<Value>,
        entries: impl IntoIterator<Item = u64>,
    ) -> Self {
        match found {
            Some(value) => Self::new(id, label, value, entries),
            None => Self::nothing(id, label, Value::NotMeasured),
        }
    }

    /// The claim, marked where it says that nothing is known.
    pub fn marked(self) -> Self {
        let unknown = self.value.is_nothing();
        if unknown { self.toned(Tone::Unknown) } else { self }
    }

    /// The claim with a tone.
    pub fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// A part of the report under its heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name in files that machines read.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// The headings of the columns; none where each row is one claim with its label.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Vec<Claim>>,
}

impl Section {
    /// Claims one below the other, each with its label; none says so.
    pub fn list(id: &'static str, title: &'static str, claims: Vec<Claim>) -> Self {
        let mut rows: Vec<Vec<Claim>> = claims.into_iter().map(|claim| vec![claim]).collect();
        if rows.is_empty() {
            rows.push(vec![Claim::nothing(format!("{id}.none"), title, Value::None)]);
        }
        Self { id, title, columns: &[], rows }
    }

    /// Claims side by side under headings, the first of a row its name.
    pub fn table(
        id: &'static str,
        title: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Vec<Claim>>,
    ) -> Self {
        if rows.is_empty() {
            return Self::list(id, title, Vec::new());
        }
        Self { id, title, columns, rows }
    }

    /// All its claims.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.rows.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_without_an_entry_is_no_claim() {
        let check = |value: Value, entries: &[u64], want: &str| {
            let claim = Claim::new("x", "X", value, entries.iter().copied());
            assert_eq!(claim.value.to_string(), want);
        };
        check(Value::Count(3), &[2], "3");
        check(Value::Count(3), &[], NOT_MEASURED);
        check(Value::text("yes"), &[], NOT_MEASURED);
        check(Value::None, &[], NONE);
        check(Value::Difference(-61_000), &[1], "-61s");
        check(Value::Since(-61_000), &[1], "T-00:01:01");
        check(Value::Since(3_661_000), &[1], "T+01:01:01");
    }
}
