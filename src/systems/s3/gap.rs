//! Whether what was written during an outage has arrived too. After one, canaries overtake bigger
//! objects: that they are all there proves nothing of these.
//!
//! So the source is read through once the canaries are there: every object of that time must be
//! told as copied by the source itself. Until then no lag is known.

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::canary::{Arrived, Canaries};
use super::store::{Object, Session, Wanted};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// So long before its time an object of an outage may have been taken by its own bucket.
const BEFORE_MS: i64 = 5_000;

/// The most objects that are asked for at once.
const AT_ONCE: usize = 16;

/// The most objects that are remembered as not copied yet: with more of them the reading waits.
const LATE_MAX: usize = 1_000;

/// An outage whose objects are not all known to have arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    /// When the last canary before it was written; all times are the source's.
    from_ms: i64,
    /// When the newest was written while none arrived.
    goal_ms: i64,
    /// When the newest was written as the last of those arrived.
    to_ms: i64,
    /// True once they all did.
    is_over: bool,
    /// How far the source was read through.
    #[serde(skip)]
    after: Option<String>,
    #[serde(skip)]
    is_read: bool,
    /// Objects that were not copied when they were asked for.
    #[serde(skip)]
    late: Vec<String>,
}

impl Gap {
    /// An outage since a time: all that was written since then may be missing, whatever its
    /// canaries say. One that was not made up for goes on.
    pub(super) fn begin(last: Option<Self>, since_ms: i64, source: &Canaries) -> Self {
        let from_ms = last.map_or(since_ms, |gap| gap.from_ms.min(since_ms));
        let newest_ms = source.list.last().map_or(from_ms, |newest| newest.at_ms);
        Self { from_ms, goal_ms: newest_ms, to_ms: newest_ms, ..Self::default() }
    }

    /// The same after a look in which it went on, or was over.
    pub(super) fn follow(self, source: &Canaries, found: &Arrived) -> Self {
        if self.is_over {
            return self;
        }
        let until_ms = found.until.map(|until| until.at_ms);
        let has_arrived = found.missing.is_none() || until_ms >= Some(self.goal_ms);
        let to_ms = source.list.last().map_or(self.to_ms, |newest| newest.at_ms);
        Self { is_over: has_arrived && found.whole, to_ms, ..self }
    }

    /// True where that has arrived which was written before it: of what came later a canary alone
    /// proves nothing.
    pub(super) fn is_after(&self, until_ms: i64) -> bool {
        until_ms <= self.from_ms
    }

    /// Reads on through the source, by one page, or asks again for what was not copied; nothing
    /// left once all is.
    pub(super) async fn prove(self, session: &Session) -> Result<Option<Self>, Trouble> {
        if self.is_read || self.late.len() >= LATE_MAX {
            let late = uncopied(session, self.late).await?;
            return Ok((!self.is_read || !late.is_empty()).then_some(Self { late, ..self }));
        }
        let page = Wanted { prefix: "", after: self.after.as_deref(), folders: false, pages: 1 };
        let listed = session.list(page).await?;
        let of_then = |one: &&Object| (self.from_ms - BEFORE_MS..=self.to_ms).contains(&one.at_ms);
        let keys = listed.objects.iter().filter(of_then).map(|one| one.key.clone()).collect();
        let mut late = self.late.clone();
        late.extend(uncopied(session, keys).await?);
        let after = listed.objects.last().map(|last| last.key.clone()).or(self.after);
        let is_proven = listed.whole && late.is_empty();
        Ok((!is_proven).then_some(Self { after, is_read: listed.whole, late, ..self }))
    }

    /// True while there is something to read at once, and no use in waiting.
    pub(super) fn goes_on(&self) -> bool {
        self.is_over && !self.is_read && self.late.len() < LATE_MAX
    }

    /// True once it can be proven that everything arrived.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// When the newest object of it was written.
    pub(super) fn to_ms(&self) -> i64 {
        self.to_ms
    }
}

/// Those of some objects that are not told as copied. What no rule covers is not to be copied.
async fn uncopied(session: &Session, keys: Vec<String>) -> Result<Vec<String>, Trouble> {
    let mut late = Vec::new();
    for some in keys.chunks(AT_ONCE) {
        let mut asked = JoinSet::new();
        for key in some {
            let (session, key) = (session.clone(), key.clone());
            asked.spawn(async move { (session.status(&key).await, key) });
        }
        while let Some(told) = asked.join_next().await {
            let Ok((status, key)) = told else { continue };
            match status {
                Ok(Some(status)) if !status.starts_with("COMPLETE") => late.push(key),
                Ok(Some(_) | None) => {}
                // Deleted meanwhile.
                Err(trouble) if trouble.kind == TroubleKind::Missing => {}
                Err(trouble) => return Err(trouble),
            }
        }
    }
    Ok(late)
}

#[cfg(test)]
mod tests {
    use super::super::canary::{Canary, arrived};
    use super::*;

    fn canaries(names: impl IntoIterator<Item = i64>) -> Canaries {
        let list = names.into_iter().map(|at| Canary { name_ms: at, at_ms: at }).collect();
        Canaries { from_ms: 0, list, whole: true }
    }

    #[test]
    fn an_outage_is_over_once_its_canaries_arrived_and_not_proven_by_that() {
        let mut gap = None;
        let mut check =
            |written: i64, there: &[i64], is_stalled, want: Option<(i64, bool, i64)>| {
                let (source, copy) = (canaries(1..=written), canaries(there.iter().copied()));
                let found = arrived(&source, &copy).unwrap();
                if is_stalled {
                    gap = Some(Gap::begin(gap.take(), found.until.unwrap().at_ms, &source));
                }
                gap = gap.take().map(|gap: Gap| gap.follow(&source, &found));
                let told = gap.as_ref().map(|gap: &Gap| (gap.from_ms, gap.is_over, gap.to_ms));
                assert_eq!(told, want, "{written} {there:?}");
            };
        check(3, &[1, 2], false, None);
        check(5, &[1, 2], true, Some((2, false, 5)));
        check(7, &[1, 2], true, Some((2, false, 7)));
        // The newer ones come first; all that were missing must come.
        check(8, &[1, 2, 8], true, Some((2, false, 8)));
        check(9, &[1, 2, 3, 4, 5, 6, 9], false, Some((2, false, 9)));
        check(11, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false, Some((2, true, 11)));
        check(12, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false, Some((2, true, 11)));
        // Another one before that was proven.
        check(15, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], true, Some((2, false, 15)));
    }
}
