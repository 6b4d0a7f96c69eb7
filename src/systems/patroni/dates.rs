//! How old a member's answers are, by when they say they were made: what stands before a member may
//! repeat one.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Of how many answers the freshest is remembered: a clock that is set back is believed after them.
const ANSWERS: usize = 16;

/// A moment is told in whole seconds, and an answer takes its time.
const SLACK_MS: i64 = 2000;

/// How long ago the last answers of each member were made, as told: by its place.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Dates(BTreeMap<String, VecDeque<i64>>);

impl Dates {
    /// Takes in how long ago an answer was made by two clocks that need not agree: how much older
    /// than the freshest of the last ones it is, in seconds, where it is older.
    pub(super) fn hear(&mut self, place: &str, told_ago_ms: i64) -> Option<f64> {
        let known = self.0.entry(place.to_owned()).or_default();
        if known.len() == ANSWERS {
            known.pop_front();
        }
        known.push_back(told_ago_ms);
        let freshest = known.iter().min().copied().unwrap_or(told_ago_ms);
        let age_ms = told_ago_ms.saturating_sub(freshest);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
        (age_ms > SLACK_MS).then_some(age_ms as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_answer_grows_old_whatever_the_clocks_say() {
        let check = |told_ago_ms: &[i64], want: Option<f64>| {
            let mut dates = Dates::default();
            let last = told_ago_ms.iter().map(|ago_ms| dates.hear("a", *ago_ms)).last();
            assert_eq!(last, Some(want), "{told_ago_ms:?}");
            assert_eq!(dates.hear("b", 90_000), None);
        };
        check(&[400], None);
        check(&[1900, 0, 2000], None);
        check(&[400, 2400], None);
        check(&[400, 2400, 4400], Some(4.0));
        // The clock there is an hour ahead, or behind.
        check(&[-3_600_000, -3_598_000, -3_595_000], Some(5.0));
        check(&[3_600_000, 3_600_500], None);
        // A fresh answer ends it; a clock that was set back is believed after a while.
        check(&[400, 60_400, 900], None);
        let set_back = [vec![400], vec![10_400; ANSWERS]].concat();
        check(&set_back[..ANSWERS], Some(10.0));
        check(&set_back, None);
    }
}
