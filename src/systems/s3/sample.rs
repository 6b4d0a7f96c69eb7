//! Whether a copy holds what its source had before the copy was made: canaries are all newer.
//!
//! A bucket that was deleted and made anew takes new objects as the old one did. So both sides list
//! the same keys once a minute, the next ones each time, and what is older than the copy must be
//! in both. Keys that are found missing are looked at again until they are there.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::settings::Own;
use super::store::{Session, Wanted};
use crate::domain::text::{Clean, head, several};
use crate::domain::time::Stamp;
use crate::systems::kit::trouble::Trouble;

/// How often keys are compared.
const EVERY_MS: u64 = 60_000;

/// How many characters of a key are told.
const KEY_CHARS_MAX: usize = 80;

/// Keys of one side in their order, without canaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// When the look began in which it was read.
    pub(super) at: Stamp,
    /// The key after which it begins.
    pub(super) after: Option<String>,
    /// Keys, and when each was written by its store's clock.
    pub(super) keys: Vec<(String, i64)>,
    /// The last key of which it tells; none where it tells of all.
    pub(super) end: Option<String>,
}

/// Objects that a copy lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Short {
    /// When the copy's bucket was made, in milliseconds since 1970.
    pub(super) made_ms: i64,
    missing: usize,
    of: usize,
    example: Clean,
}

impl Short {
    /// What that is, of a bucket.
    pub(super) fn words(&self, bucket: &str) -> String {
        let (missing, example) = (self.missing, &self.example);
        let objects = several(self.of as u64, "object");
        format!(
            "bucket {bucket} lacks {missing} of {objects} from before it was made, as `{example}`: \
             have those copied anew"
        )
    }
}

/// Which keys came of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared {
    /// What is missing.
    pub(super) short: Option<Short>,
    /// The last key that was compared; none at the end of both.
    pub(super) end: Option<String>,
}

/// Whether it is time, the same for both sides: each minute of the machine's clock that is never
/// set.
pub(super) fn is_due(last: Option<Stamp>, at: Stamp) -> bool {
    let minute = |at: Stamp| (at.boot, at.boot_ms / EVERY_MS);
    last.is_none_or(|last| minute(last) != minute(at))
}

/// Reads the next keys of a side, at most two pages: canaries are passed over.
pub(super) async fn read(session: &Session, own: &Own, at: Stamp) -> Result<Page, Trouble> {
    let after = own.shared.after.lock().ok().and_then(|after| after.clone());
    let wanted = |after| Wanted { prefix: "", after, folders: false, pages: 1 };
    let mut listed = session.list(wanted(after.as_deref())).await?;
    let is_canary = |key: &str| key.starts_with(&own.canary);
    let end = listed.objects.last().map(|last| last.key.clone());
    if !listed.whole && end.as_deref().is_some_and(is_canary) {
        // `0` follows `/`: the first key after the folder.
        let behind = format!("{}0", own.canary.trim_end_matches('/'));
        let more = session.list(wanted(Some(&behind))).await?;
        listed.objects.extend(more.objects);
        listed.whole = more.whole;
    }
    let end = listed.objects.last().map(|last| last.key.clone()).filter(|_| !listed.whole);
    let keys = listed.objects.into_iter().map(|one| (one.key, one.at_ms));
    Ok(Page { at, after, keys: keys.filter(|(key, _)| !is_canary(key)).collect(), end })
}

/// Looks for what a source had before its copy was made; nothing where the two pages are not of
/// one look.
pub(super) fn compare(
    source: &Page,
    copy: &Page,
    made_ms: i64,
    is_covered: impl Fn(&str) -> bool,
) -> Option<Compared> {
    if (source.at, &source.after) != (copy.at, &copy.after) {
        return None;
    }
    let ends = [&source.end, &copy.end].into_iter().flatten();
    let end = ends.min().cloned();
    let here: BTreeSet<&str> = copy.keys.iter().map(|(key, _)| key.as_str()).collect();
    let wanted: Vec<&str> = source
        .keys
        .iter()
        .filter(|(key, at_ms)| *at_ms < made_ms && end.as_ref().is_none_or(|end| key <= end))
        .map(|(key, _)| key.as_str())
        .filter(|key| is_covered(key))
        .collect();
    let mut missing = wanted.iter().filter(|key| !here.contains(*key));
    let short = missing.next().map(|first| Short {
        made_ms,
        missing: missing.count() + 1,
        of: wanted.len(),
        example: head(first, KEY_CHARS_MAX).into(),
    });
    Some(Compared { short, end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    fn at(boot_ms: u64) -> Stamp {
        Stamp { wall_ms: 0, boot_ms, boot: BootId(1) }
    }

    #[test]
    fn what_is_older_than_the_copy_must_be_in_both() {
        let page = |keys: &[(&str, i64)], end: Option<&str>| Page {
            at: at(5),
            after: None,
            keys: keys.iter().map(|(key, at_ms)| ((*key).to_owned(), *at_ms)).collect(),
            end: end.map(str::to_owned),
        };
        let check =
            |source: &Page, copy: &Page, want: Option<(usize, usize)>, end: Option<&str>| {
                let found = compare(source, copy, 100, |key| !key.starts_with("private/")).unwrap();
                let counts = found.short.map(|short| (short.missing, short.of));
                assert_eq!((counts, found.end.as_deref()), (want, end), "{source:?} {copy:?}");
            };
        let source = page(&[("data/1", 5), ("data/2", 6), ("private/x", 7), ("z", 150)], None);
        check(&source, &page(&[], None), Some((2, 2)), None);
        check(&source, &page(&[("data/2", 120)], None), Some((1, 2)), None);
        check(&source, &page(&[("data/1", 120), ("data/2", 120)], None), None, None);
        // Only what both have told of is compared; then what follows.
        check(&source, &page(&[("data/1", 120)], Some("data/1")), None, Some("data/1"));
        let first = page(&[("data/1", 5)], Some("data/1"));
        check(&first, &page(&[("data/0", 120)], Some("data/3")), Some((1, 1)), Some("data/1"));
        // Keys of two looks are not compared.
        let later = Page { at: at(6), ..page(&[], None) };
        assert_eq!(compare(&source, &later, 100, |_| true), None);
        let further = Page { after: Some("k".to_owned()), ..page(&[], None) };
        assert_eq!(compare(&source, &further, 100, |_| true), None);
    }

    #[test]
    fn both_sides_ask_in_the_same_looks() {
        assert!(is_due(None, at(1)));
        assert!(!is_due(Some(at(1)), at(59_999)));
        assert!(is_due(Some(at(59_000)), at(60_000)));
        assert!(is_due(Some(at(1)), Stamp { boot: BootId(2), ..at(1) }));
    }
}
