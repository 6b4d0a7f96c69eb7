//! Sets of backup files under date-named prefixes: the newest complete one, of each tenant where
//! there are tenants.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::lag::seconds;
use super::settings::Backups;
use super::store::{Session, Wanted};
use crate::domain::reading::LagUnit;
use crate::domain::settings::written_duration;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The most pages of sets, or of tenants, that are read.
const PAGES_MAX: usize = 5;

/// The most sets that are looked into for a complete one, the newest first.
const SETS_MAX: usize = 20;

/// The most pages of files of a set: a bigger one is told as at least that big.
const FILES_PAGES_MAX: usize = 3;

/// How far the date of a set may be ahead of us.
const AHEAD_MS: i64 = 300_000;

/// A complete set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    /// Its date as it stands in the keys.
    pub(super) name: String,
    pub(super) at_ms: i64,
    pub(super) files: usize,
    pub(super) size: u64,
}

/// The newest complete sets of all tenants; of one without a name where there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Newest {
    /// Each tenant with its own, if it has any.
    pub(super) of: Vec<(String, Option<Set>)>,
}

impl Newest {
    /// The tenant that is worst off: without a set, else with the oldest.
    pub(super) fn worst(&self) -> Option<&(String, Option<Set>)> {
        self.of.iter().min_by_key(|(_, set)| set.as_ref().map(|set| set.at_ms))
    }

    /// What is wrong with them at a time, each in a few words.
    pub(super) fn faults(&self, wanted: &Backups, now_ms: i64) -> Vec<String> {
        let Some((worst, set)) = self.worst() else {
            return vec![format!("there is no backup below `{}`", wanted.prefix)];
        };
        let whose = if worst.is_empty() { String::new() } else { format!(" of tenant {worst}") };
        let mut faults = Vec::new();
        match set {
            None => faults.push(format!("there is no complete backup{whose}")),
            Some(set) => {
                let age_s = seconds(now_ms - set.at_ms);
                let most = wanted.newest_at_most;
                if age_s > most.as_secs_f64() {
                    let (name, most) = (
                        &set.name,
                        written_duration(u64::try_from(most.as_millis()).unwrap_or(u64::MAX)),
                    );
                    faults.push(format!(
                        "the newest complete backup{whose} is {name}, over {most} old"
                    ));
                }
            }
        }
        let small = |(_, set): &&(String, Option<Set>)| {
            set.as_ref().is_some_and(|set| set.size < wanted.size_least)
        };
        if let Some((tenant, Some(set))) = self.of.iter().find(small) {
            let size = LagUnit::Bytes.amount_text(set.size);
            let whose = if tenant.is_empty() { String::new() } else { format!("{tenant}/") };
            faults.push(format!("the backup {whose}{} has only {size}", set.name));
        }
        faults
    }
}

/// The tenants; one without a name where there are none.
pub(super) async fn tenants(session: &Session, wanted: &Backups) -> Result<Vec<String>, Trouble> {
    if !wanted.tenants {
        return Ok(vec![String::new()]);
    }
    let prefix = &wanted.prefix;
    let list = Wanted { prefix, after: None, folders: true, pages: PAGES_MAX };
    let listed = session.list(list).await?;
    if !listed.whole {
        let words = format!("`{prefix}` has more tenants than are counted");
        return Err(Trouble::new(TroubleKind::Ours, words));
    }
    let name =
        |folder: &String| folder.strip_prefix(prefix.as_str()).map(|name| name.replace('/', ""));
    Ok(listed.folders.iter().filter_map(name).collect())
}

/// The newest complete set of a tenant.
pub(super) async fn newest(
    session: &Session,
    wanted: &Backups,
    tenant: &str,
    now_ms: i64,
) -> Result<Option<Set>, Trouble> {
    let slash = if tenant.is_empty() { "" } else { "/" };
    let prefix = format!("{}{tenant}{slash}", wanted.prefix);
    let list = Wanted { prefix: &prefix, after: None, folders: true, pages: PAGES_MAX };
    let listed = session.list(list).await?;
    if !listed.whole {
        let words = format!("`{prefix}` has more sets than are read; let old ones expire");
        return Err(Trouble::new(TroubleKind::Ours, words));
    }
    let dated = |folder: &String| {
        let name = folder.strip_prefix(&prefix)?.trim_end_matches('/').to_owned();
        // One of tomorrow is no backup of today.
        let at_ms = date_ms(&name).filter(|at_ms| *at_ms <= now_ms + AHEAD_MS)?;
        Some((at_ms, name, folder.clone()))
    };
    let mut sets: Vec<_> = listed.folders.iter().filter_map(dated).collect();
    sets.sort_unstable();
    for (at_ms, name, folder) in sets.into_iter().rev().take(SETS_MAX) {
        let list = Wanted { prefix: &folder, after: None, folders: false, pages: FILES_PAGES_MAX };
        let files = session.list(list).await?;
        let is_complete = match &wanted.complete {
            None => !files.objects.is_empty(),
            Some(last) => {
                let last = format!("{folder}{last}");
                let is_last = |key: &str| key == last;
                files.objects.iter().any(|file| is_last(&file.key))
                    || (!files.whole && is_there(session, &last).await?)
            }
        };
        if is_complete {
            let size = files.objects.iter().map(|file| file.size).sum();
            return Ok(Some(Set { name, at_ms, files: files.objects.len(), size }));
        }
    }
    Ok(None)
}

async fn is_there(session: &Session, key: &str) -> Result<bool, Trouble> {
    let list = Wanted { prefix: key, after: None, folders: false, pages: 1 };
    Ok(session.list(list).await?.objects.iter().any(|object| object.key == key))
}

/// The time in a name such as `2026-11-22T06-00Z`, `20261122` or `2026-11-22_06.00.00`, in UTC; a
/// day without a time is its beginning.
fn date_ms(name: &str) -> Option<i64> {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let is_date = name.chars().all(|c| c.is_ascii_digit() || "-_:.TZ".contains(c));
    if !is_date || !matches!(digits.len(), 8 | 10 | 12 | 14) {
        return None;
    }
    let all = format!("{digits:0<14}");
    let part = |from: usize, to: usize| &all[from..to];
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    DateTime::from_str(&iso, Format::DateTime).ok()?.to_millis().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_read() {
        const NOON: i64 = 1_795_348_800_000;
        let check = |name: &str, want: Option<i64>| assert_eq!(date_ms(name), want, "{name}");
        check("2026-11-22T12-00Z", Some(NOON));
        check("2026-11-22T12:00:00Z", Some(NOON));
        check("2026-11-22_12.00.00", Some(NOON));
        check("20261122T1200Z", Some(NOON));
        check("2026112212", Some(NOON));
        check("2026-11-22", Some(NOON - 43_200_000));
        for odd in ["latest", "2026-13-22", "2026-11-22T25", "v2026-11-22", "2026-11", ""] {
            check(odd, None);
        }
    }

    #[test]
    fn the_worst_tenant_is_told() {
        let wanted = Backups {
            prefix: "backups/".to_owned(),
            newest_at_most: Duration::from_secs(6 * 3600),
            complete: None,
            size_least: 1000,
            tenants: true,
        };
        let set = |hours: i64, size| {
            let (name, at_ms) = (format!("h{hours}"), hours * 3_600_000);
            Some(Set { name, at_ms, files: 3, size })
        };
        let check = |of: Vec<(&str, Option<Set>)>, want: &[&str]| {
            let of = of.into_iter().map(|(tenant, set)| (tenant.to_owned(), set)).collect();
            let found = Newest { of }.faults(&wanted, 10 * 3_600_000);
            assert_eq!(found, want);
        };
        check(vec![], &["there is no backup below `backups/`"]);
        check(vec![("", set(9, 5000))], &[]);
        check(vec![("x", set(9, 5000)), ("y", set(4, 5000))], &[]);
        let old = "the newest complete backup of tenant y is h3, over 6h old";
        check(vec![("x", set(9, 5000)), ("y", set(3, 5000))], &[old]);
        let none = "there is no complete backup of tenant x";
        check(vec![("x", None), ("y", set(1, 5000))], &[none]);
        check(vec![("", set(9, 999))], &["the backup h9 has only 999 B"]);
    }
}
