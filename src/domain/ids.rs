//! Names of things, each its own type so that a step can never be passed where a system is meant.

use std::fmt;

use jiff::Span;
use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::time::Utc;

/// The longest name accepted anywhere, in bytes: names appear in file paths and in table cells.
pub const NAME_BYTES_MAX: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not a name: use 1 to 64 of a-z, 0-9, `-`, `_` and `.`, \
     starting with a letter or digit"
)]
pub struct BadName {
    /// The text as given, cut to a readable length.
    pub given: String,
}

/// True when `text` may name something: 1 to 64 of a-z, 0-9, `-`, `_`, `.`, first a letter or
/// digit.
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    first
        && text.len() <= NAME_BYTES_MAX
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Takes a text that is a name.
            ///
            /// # Errors
            /// When it is empty, too long or has characters that a file path could misread.
            pub fn new(text: &str) -> Result<Self, BadName> {
                if is_name(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { given: text.chars().take(NAME_BYTES_MAX).collect() })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::new(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    };
}

name!(
    /// One monitored thing, present in both regions under the same name (`pg`).
    SystemId
);
name!(
    /// One step of a runbook (`promote-pg`).
    StepId
);
name!(
    /// One use of a runbook (`lms-20261120-140210`).
    RunId
);
name!(
    /// A service tier that shares objectives (`core`).
    TierId
);
name!(
    /// A person of the site (`anna`).
    PersonId
);
name!(
    /// One rule of the site (`pg_down`).
    RuleId
);

/// One of the two regions, as the site file calls them.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "SideName")]
pub enum Side {
    /// `regions.a`.
    A,
    /// `regions.b`.
    B,
}

impl Side {
    /// Both, in the order of the screen.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other region.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// 0 for A, 1 for B: the place in a pair.
    pub fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// `A` or `B`, as the screen says it.
    pub fn letter(self) -> &'static str {
        self.into()
    }

    /// `a` or `b`, as files and keys of alarms have it.
    pub fn key(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.letter())
    }
}

/// Characters of a site's name that the names of its runs begin with.
const SITE_IN_RUN_CHARS: usize = 40;

impl RunId {
    /// The name of a site's run that is opened at `utc`, after the one named `last`:
    /// `lms-20261120-140210`, or a second after `last` where the wall clock is behind that. So
    /// names sort in the order in which runs were opened, whatever the wall clock did.
    ///
    /// # Errors
    /// When the site's name is none, or there is no name after `last`.
    pub fn of_site(site: &str, utc: Utc, last: Option<&Self>) -> Result<Self, BadName> {
        let now = Self::at(site, utc)?;
        let Some(last) = last.filter(|last| **last >= now) else { return Ok(now) };
        let bad = || BadName { given: last.to_string() };
        let digits = moment_digits(last.as_str(), site).ok_or_else(bad)?;
        let next = if let Ok(at) = DateTime::strptime("%Y%m%d%H%M%S", &digits) {
            Self::at(site, Utc(at.checked_add(Span::new().seconds(1)).map_err(|_| bad())?))?
        } else {
            // Digits that are no moment can still be counted on.
            let next = format!("{:014}", digits.parse::<u64>().map_err(|_| bad())? + 1);
            let (date, time) = next.split_at(8);
            Self::new(&format!("{}{date}-{time}", Self::prefix(site)))?
        };
        if next > *last { Ok(next) } else { Err(bad()) }
    }

    fn at(site: &str, utc: Utc) -> Result<Self, BadName> {
        Self::new(&format!("{}{}", Self::prefix(site), utc.0.strftime("%Y%m%d-%H%M%S")))
    }

    /// True for a name that [`RunId::of_site`] may have made.
    pub fn is_of_site(name: &str, site: &str) -> bool {
        moment_digits(name, site).is_some()
    }

    /// What the names of all runs of a site begin with. Sites with long names may share it.
    pub fn prefix(site: &str) -> String {
        format!("{}-", site.chars().take(SITE_IN_RUN_CHARS).collect::<String>())
    }
}

/// The fourteen digits of date and time in the name of a site's run.
fn moment_digits(name: &str, site: &str) -> Option<String> {
    let (date, time) = name.strip_prefix(&RunId::prefix(site))?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let right = (date.len(), time.len()) == (8, 6) && digits(date) && digits(time);
    right.then(|| format!("{date}{time}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_the_name_of_its_site_however_long() {
        let utc = Utc::from_wall_ms(1_795_183_330_000);
        for site in ["lms", &"s".repeat(NAME_BYTES_MAX)] {
            let run = RunId::of_site(site, utc, None).expect(site);
            assert!(run.as_str().starts_with(&RunId::prefix(site)), "{run}");
            assert!(run.as_str().ends_with("-20261120-140210"), "{run}");
        }
    }
    #[test]
    fn a_new_run_sorts_after_all_others_whatever_the_clock_says() {
        let utc = Utc::from_wall_ms(1_795_183_330_000);
        let check = |last: &str, want: Option<&str>| {
            let last = RunId::new(&format!("lms-{last}")).expect(last);
            let found = RunId::of_site("lms", utc, Some(&last));
            assert!(found.as_ref().is_ok_and(|run| *run > last) || want.is_none(), "{last}");
            let want = want.map(|want| format!("lms-{want}"));
            assert_eq!(found.ok().map(|run| run.to_string()), want, "{last}");
        };
        check("20261120-140209", Some("20261120-140210"));
        check("20261120-140210", Some("20261120-140211"));
        check("20271231-235959", Some("20280101-000000"));
        check("20269999-999999", Some("20270000-000000"));
        check("20270000-000000", Some("20270000-000001"));
        check("99991231-235959", None);
        check("99999999-999999", None);
    }
}
