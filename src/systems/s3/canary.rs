//! Canaries: small objects whose keys tell when they were written, and which of them arrived.

use crate::domain::ids::Side;

/// The digits of milliseconds since 1970 in a key, so that keys sort by time.
const DIGITS: usize = 13;

/// The key of the canary that a region writes at a time.
pub(super) fn key(prefix: &str, side: Side, at_ms: i64) -> String {
    format!("{}{:0DIGITS$}", folder(prefix, side), at_ms.max(0))
}

/// What the keys of one region's canaries begin with.
pub(super) fn folder(prefix: &str, side: Side) -> String {
    let letter = match side {
        Side::A => 'a',
        Side::B => 'b',
    };
    format!("{prefix}{letter}/")
}

/// The time in a key, where it is one of a canary.
pub(super) fn time_of(folder: &str, key: &str) -> Option<i64> {
    let digits = key.strip_prefix(folder)?;
    (digits.len() == DIGITS).then(|| digits.parse().ok()).flatten()
}

/// One canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Canary {
    /// The time in its key: what it is called.
    pub(super) name_ms: i64,
    /// When the store took it, by the store's own clock. Of a copy that proves nothing.
    pub(super) at_ms: i64,
}

/// One region's canaries as one bucket lists them, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Canaries {
    /// The time from which on they were listed.
    pub(super) from_ms: i64,
    /// They.
    pub(super) list: Vec<Canary>,
    /// False where there are more than were read.
    pub(super) whole: bool,
}

impl Canaries {
    /// The newest one, where all were read.
    pub(super) fn newest(&self) -> Option<Canary> {
        self.list.last().copied().filter(|_| self.whole)
    }
}

/// Which canaries of a bucket its copy has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrived {
    /// The last one before the first that is missing: all until there have arrived.
    pub(super) until: Option<Canary>,
    /// The first that is missing.
    pub(super) missing: Option<Canary>,
    /// How many are missing, of those that were read.
    pub(super) count: usize,
    /// How many are there, of those that were read.
    pub(super) there: usize,
    /// False where there are more, in either bucket, than were read.
    pub(super) whole: bool,
}

impl Arrived {
    /// True where no other can be missing: all were read from one that is there with all before it.
    pub(super) fn is_counted(&self) -> bool {
        self.whole && (self.until.is_some() || self.missing.is_none())
    }
}

/// Compares a bucket with its copy, both listed from the same time. Copies come out of order: the
/// newest that is there proves nothing of those before it.
pub(super) fn arrived(source: &Canaries, copy: &Canaries) -> Option<Arrived> {
    if source.from_ms != copy.from_ms {
        return None;
    }
    let end = copy.list.last().map_or(i64::MIN, |last| last.name_ms);
    let read = source.list.iter().filter(|one| copy.whole || one.name_ms <= end);
    let there = |one: &Canary| copy.list.binary_search_by_key(&one.name_ms, |c| c.name_ms).is_ok();
    let mut found = Arrived {
        until: None,
        missing: None,
        count: 0,
        there: 0,
        whole: source.whole && copy.whole,
    };
    for one in read {
        let is_there = there(one);
        found.there += usize::from(is_there);
        match (is_there, found.missing) {
            (true, None) => found.until = Some(*one),
            (true, Some(_)) => {}
            (false, first) => {
                found.missing = first.or(Some(*one));
                found.count += 1;
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_time() {
        let found = key("dr/", Side::B, 1_764_000_000_123);
        assert_eq!(found, "dr/b/1764000000123");
        assert_eq!(time_of(&folder("dr/", Side::B), &found), Some(1_764_000_000_123));
        for odd in ["dr/b/1", "dr/b/17640000001234", "dr/b/x764000000123", "dr/a/1764000000123"] {
            assert_eq!(time_of("dr/b/", odd), None, "{odd}");
        }
        assert!(key("dr/", Side::A, 999) < key("dr/", Side::A, 1_764_000_000_123));
    }

    #[test]
    fn what_arrived_is_what_came_before_the_first_that_did_not() {
        let list = |names: &[i64], whole| Canaries {
            from_ms: 0,
            list: names.iter().map(|at| Canary { name_ms: *at, at_ms: at + 5 }).collect(),
            whole,
        };
        let check = |source: Canaries, copy: Canaries, want: (Option<i64>, Option<i64>, usize)| {
            let found = arrived(&source, &copy).unwrap();
            let name = |one: Option<Canary>| one.map(|one| one.name_ms);
            assert_eq!((name(found.until), name(found.missing), found.count), want);
        };
        let whole = |names: &[i64]| list(names, true);
        check(whole(&[1, 2, 3]), whole(&[1, 2, 3]), (Some(3), None, 0));
        check(whole(&[1, 2, 3]), whole(&[1, 2]), (Some(2), Some(3), 1));
        // Out of order: the newest that is there says nothing.
        check(whole(&[1, 2, 3, 4]), whole(&[1, 4]), (Some(1), Some(2), 2));
        check(whole(&[1, 2]), whole(&[2]), (None, Some(1), 1));
        check(whole(&[]), whole(&[1]), (None, None, 0));
        check(whole(&[1]), whole(&[]), (None, Some(1), 1));
        // What was not read of the copy is not missing.
        check(whole(&[1, 2, 3]), list(&[1, 2], false), (Some(2), None, 0));
        let later = Canaries { from_ms: 7, ..whole(&[8]) };
        assert_eq!(arrived(&whole(&[1]), &later), None);
    }
}
