//! What is not asked in each look: the newest good snapshot, and the rules that start copying.

use std::time::Duration;

use serde_json::Value as Json;

use super::session::Session;
use super::settings::Own;
use crate::domain::text::{Clean, head};
use crate::domain::time::Stamp;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// How often it is asked: to list snapshots is dear.
const EVERY: Duration = Duration::from_secs(60);

/// The least time that is worth asking in.
const LEFT_LEAST: Duration = Duration::from_millis(50);

/// How many characters of a name are kept, and of how many rules.
const NAME_CHARS_MAX: usize = 80;
const RULES_MAX: usize = 16;

/// A snapshot that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// Its name.
    pub(super) name: String,
    /// When it ended, in milliseconds since 1970 by its cluster's clock.
    pub(super) ended_ms: i64,
}

/// What was found when that was last asked.
#[derive(Debug, Default)]
pub struct Aside {
    asked: Option<Stamp>,
    /// The newest good snapshot, if there is one, or why nobody knows; none before it was asked.
    pub(super) snapshot: Option<Result<Option<Snapshot>, Clean>>,
    /// The names of the rules, or why nobody knows.
    pub(super) rules: Option<Result<Vec<String>, Clean>>,
}

impl Aside {
    /// Asks again, if it is time and there is time.
    pub(super) async fn refresh(
        &mut self,
        session: &Session,
        own: &Own,
        at: Stamp,
        left: Duration,
    ) {
        if !at.is_due(self.asked, EVERY) || left < LEFT_LEAST {
            return;
        }
        self.asked = Some(at);
        let within = Duration::from_millis(u64::try_from(left.as_millis()).unwrap_or(0) * 9 / 10);
        let late = || Trouble::timeout(&session.place, within).message;
        let told = |trouble: Trouble| trouble.message;
        let snapshot = async {
            let repository = &own.snapshots.as_ref()?.repository;
            let newest = tokio::time::timeout(within, newest(session, repository)).await;
            Some(newest.map_or_else(|_| Err(late()), |newest| newest.map_err(told)))
        };
        let rules = async {
            let rules = tokio::time::timeout(within, rules(session)).await;
            Some(rules.map_or_else(|_| Err(late()), |rules| rules.map_err(told)))
        };
        (self.snapshot, self.rules) = tokio::join!(snapshot, rules);
    }
}

/// The newest snapshot of a repository that succeeded, if there is one.
pub(super) async fn newest(
    session: &Session,
    repository: &str,
) -> Result<Option<Snapshot>, Trouble> {
    let path = format!(
        "/_snapshot/{repository}/_all?ignore_unavailable=true&filter_path=snapshots.snapshot,\
         snapshots.state,snapshots.end_time_in_millis"
    );
    newest_of(&session.get(&path).await?).map_err(|()| {
        let message = format!("{} told of a snapshot without its end", session.place);
        Trouble::new(TroubleKind::Garbage, message)
    })
}

fn newest_of(told: &Json) -> Result<Option<Snapshot>, ()> {
    let all = told["snapshots"].as_array().into_iter().flatten();
    let good = all.filter(|snapshot| snapshot["state"] == "SUCCESS").map(|snapshot| {
        let name = head(snapshot["snapshot"].as_str().ok_or(())?, NAME_CHARS_MAX);
        let ended_ms = snapshot["end_time_in_millis"].as_i64().filter(|ended| *ended > 0);
        Ok(Snapshot { name, ended_ms: ended_ms.ok_or(())? })
    });
    let good: Result<Vec<Snapshot>, ()> = good.collect();
    good.map(|good| good.into_iter().max_by_key(|snapshot| snapshot.ended_ms))
}

/// The names of the rules by which a cluster follows new indices.
pub(super) async fn rules(session: &Session) -> Result<Vec<String>, Trouble> {
    let told = session.get("/_plugins/_replication/autofollow_stats").await?;
    let rules = told["autofollow_stats"].as_array().into_iter().flatten();
    let names = rules.filter_map(|rule| rule["name"].as_str()).take(RULES_MAX);
    Ok(names.map(|name| head(name, NAME_CHARS_MAX)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_snapshot_that_succeeded_counts() {
        let check = |snapshots: Json, want: Result<Option<&str>, ()>| {
            let found = newest_of(&json!({ "snapshots": snapshots }));
            let name = found.map(|found| found.map(|it| it.name));
            assert_eq!(name, want.map(|want| want.map(str::to_owned)));
        };
        let one = |name: &str, state: &str, ended: i64| {
            let (key, named) = ("end_time_in_millis", "snapshot");
            json!({ named: name, "state": state, key: ended })
        };
        check(json!(null), Ok(None));
        check(json!([]), Ok(None));
        let several = [one("s1", "SUCCESS", 5), one("s2", "SUCCESS", 9), one("s3", "PARTIAL", 12)];
        check(json!(several), Ok(Some("s2")));
        check(json!([one("s1", "FAILED", 5), one("s2", "IN_PROGRESS", 0)]), Ok(None));
        check(json!([{ "snapshot": "s1", "state": "SUCCESS" }]), Err(()));
    }
}
