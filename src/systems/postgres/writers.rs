//! Whether a primary is proven closed to writes, and by name what could still commit one.
//!
//! Closed means: the server's own default is read-only, no role or database lifts it, no session
//! and no transaction is older than the moment that default was loaded, nothing is prepared or
//! subscribed that could write all the same, and nothing does write. The last is watched, because
//! any session may open a transaction `READ WRITE` against the default, as some drivers do by
//! themselves: a transaction that writes takes a transaction id, and behind a fence nothing but
//! the server's own maintenance takes any.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::link::{Session, column};
use crate::domain::reading::Writes;
use crate::domain::time::{Stamp, short_time};
use crate::port::Clock;
use crate::systems::kit::trouble::Trouble;

/// The most that a sentence names of one kind; the rest is counted.
const NAMED_MAX: usize = 4;

/// How long nothing may be written before a server counts as closed for who is to act.
const WATCH: Duration = Duration::from_secs(2);

/// How long nothing more may be written once something was: maintenance of another database, which
/// no look of ours sees, comes once; who writes comes again.
const WATCH_ON: Duration = Duration::from_secs(6);

/// The longest that is watched.
pub(super) const WATCH_MOST: Duration = WATCH.saturating_add(WATCH_ON);

/// The time between two looks in that.
const WATCH_EVERY: Duration = Duration::from_millis(50);

/// How long nothing must have been written behind a fence before it is believed again.
const QUIET: Duration = Duration::from_secs(15);

/// A fresh session was forked from the server's main process and has its load time; one that was
/// there before a reload tells its own, which is later. A value that the settings do
/// not clearly call true lifts the default. `COMMIT PREPARED` and the workers of a subscription
/// write whatever the default is. Without `pg_read_all_stats` the type of foreign sessions is null.
///
/// Autovacuum takes transaction ids of its own, one for each table it analyzes or truncates: those
/// of our database are counted, and a worker in another one is seen while it works.
const WRITERS: &str = r"
with own as (
  select backend_start, pg_conf_load_time() as loaded,
    current_setting('default_transaction_read_only')::bool as default_on
  from pg_stat_activity where pid = pg_backend_pid()
), old as (
  select a.pid, a.backend_type = 'client backend' and a.backend_start >= own.loaded as young,
    format('pid %s %s%s%s', a.pid, coalesce(a.usename, a.backend_type),
    case when a.application_name <> '' then format(' (%s)', a.application_name) end,
    case when a.state <> '' then ' ' || a.state end) as words
  from pg_stat_activity as a, own
  where a.pid <> pg_backend_pid() and (
    (a.backend_type = 'client backend' and (a.backend_start < own.loaded
      or (own.default_on and a.backend_xid is not null)))
    or (a.xact_start < own.loaded and a.backend_type not in ('walsender', 'autovacuum worker')))
), lifts as (
  select format('%s sets default_transaction_read_only to %L', case
      when s.setrole = 0 and s.setdatabase = 0 then 'ALTER ROLE ALL'
      when s.setrole = 0 then format('database %s', d.datname)
      when s.setdatabase = 0 then format('role %s', r.rolname)
      else format('role %s in database %s', r.rolname, d.datname) end, e.value) as words
  from pg_db_role_setting as s
    left join pg_roles as r on r.oid = s.setrole
    left join pg_database as d on d.oid = s.setdatabase,
    lateral (select split_part(entry, '=', 1) as name,
      substr(entry, strpos(entry, '=') + 1) as value from unnest(s.setconfig) as entry) as e
  where lower(e.name) = 'default_transaction_read_only'
    and lower(btrim(e.value)) !~ '^(on|t|tr|tru|true|y|ye|yes|1)$'
)
select g.setting = 'on' as default_on,
  g.source in ('default', 'configuration file', 'command line', 'environment variable')
    as of_server,
  pg_has_role('pg_read_all_stats', 'usage') as sees,
  extract(epoch from own.backend_start)::float8 as begun,
  extract(epoch from own.loaded)::float8 as loaded,
  array(select pid from old order by pid) as pids,
  array(select words from old where young is not true order by pid) as sessions,
  array(select words from old where young order by pid) as writing,
  txid_snapshot_xmax(txid_current_snapshot()) as next_xid,
  case when own.default_on then (select sum(autovacuum_count + autoanalyze_count)::bigint
    from pg_stat_all_tables) end as maintained,
  exists (select from pg_stat_activity where backend_type = 'autovacuum worker') as maintains,
  array(select words from lifts order by words limit 100) as lifts,
  array(select format('%L of %s in %s', gid, owner, database)
    from pg_prepared_xacts order by gid) as prepared,
  array(select subname::text
    from pg_subscription where subenabled order by subname limit 100) as subscriptions
from pg_settings as g, own where g.name = 'default_transaction_read_only'";

/// What stands for and against writes on one server, as a session of ours sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Writers {
    /// True when transactions of our session are read-only by default.
    pub(super) default_on: bool,
    /// True when that default is the server's own, not one of our user or database.
    pub(super) of_server: bool,
    /// True when foreign sessions are shown to us.
    pub(super) sees: bool,
    /// When our session began, on the server's clock.
    pub(super) begun_s: f64,
    /// When the server loaded its configuration, in seconds since 1970 on its clock.
    pub(super) loaded_s: f64,
    /// Sessions and transactions that can still write or do, by process.
    pub(super) pids: Vec<i32>,
    /// Those older than that load, in words: `pid 712 app (psql) idle in transaction`.
    pub(super) sessions: Vec<String>,
    /// Those that are younger and hold a transaction id all the same.
    pub(super) writing: Vec<String>,
    /// That something was written lately, in words.
    pub(super) written: Option<String>,
    /// The transaction ids taken so far, and what of them may be the server's own.
    pub(super) taken: Taken,
    /// Role and database settings that lift the default.
    pub(super) lifts: Vec<String>,
    /// Prepared transactions, which may be committed at any time.
    pub(super) prepared: Vec<String>,
    /// Subscriptions that are enabled.
    pub(super) subscriptions: Vec<String>,
}

/// How far a server's transaction ids are.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Taken {
    /// The next one.
    next_xid: i64,
    /// How often autovacuum was done with a table of our database.
    maintained: i64,
    /// True while it works anywhere.
    maintains: bool,
}

impl Taken {
    /// How many were taken since an earlier look that the server's own maintenance does not
    /// explain.
    fn by_sessions(self, earlier: Self) -> i64 {
        if self.maintains || earlier.maintains {
            return 0;
        }
        let maintained = (self.maintained - earlier.maintained).max(0);
        (self.next_xid - earlier.next_xid - maintained).max(0)
    }
}

/// One look at a server whose default is read-only.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    taken: Taken,
    /// When it loaded that default, on its clock.
    loaded_s: f64,
    at: Stamp,
}

/// What is remembered of a server while its default is read-only.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Watched {
    last: Option<Seen>,
    /// When something was last seen to be written, and how much of it over what time.
    written: Option<(Stamp, i64, Duration)>,
}

impl Watched {
    /// Tells the writers of one look what the looks before it saw. Where anything else stands
    /// open, nothing is to be watched: what it may write it may write.
    pub(super) fn look(&mut self, writers: &mut Writers, at: Stamp) {
        if writers.writes() == Writes::Open && writers.writing.is_empty() {
            *self = Self::default();
            return;
        }
        let now = Seen { taken: writers.taken, loaded_s: writers.loaded_s, at };
        // Across a load the default may have been lifted and set again.
        let before = self.last.replace(now).filter(|last| last.loaded_s >= now.loaded_s);
        if let Some(before) = before {
            let count = now.taken.by_sessions(before.taken);
            if count > 0 {
                self.written = Some((at, count, at.since(before.at)));
            }
        }
        self.written = self.written.filter(|(when, ..)| at.since(*when) < QUIET);
        writers.written = self.written.map(|(when, count, over)| {
            let plural = if count == 1 { "" } else { "s" };
            let ago = short_time(at.since(when));
            format!("{count} transaction{plural} wrote within {} ({ago} ago)", short_time(over))
        });
    }
}

impl Writers {
    /// Whether a primary takes writes.
    pub(super) fn writes(&self) -> Writes {
        let none =
            [&self.sessions, &self.writing, &self.lifts, &self.prepared, &self.subscriptions];
        let all_none = none.iter().all(|open| open.is_empty()) && self.written.is_none();
        if !self.default_on || !all_none {
            Writes::Open
        } else if self.of_server && self.sees {
            Writes::Refused
        } else {
            Writes::Unknown
        }
    }

    /// True when a read-only default was loaded again since our session began: the load time that
    /// it tells is then not the server's, and a new session must be asked.
    pub(super) fn is_outdated(&self) -> bool {
        self.default_on && self.begun_s < self.loaded_s
    }

    /// What keeps a primary from being proven closed; none when it is.
    pub(super) fn why_open(&self) -> Option<String> {
        let mut why = Vec::new();
        if !self.default_on {
            why.push("new transactions may write by default".to_owned());
        }
        why.extend(named(&self.sessions, "session", "older than the read-only default"));
        why.extend(named(&self.writing, "session", "that writes against the default"));
        why.extend(self.written.as_ref().map(|written| {
            format!(
                "{written}: a session opens its transactions READ WRITE against the default; \
                 stop it, or take its right to connect"
            )
        }));
        why.extend(self.beyond_a_fence());
        (!why.is_empty()).then(|| why.join("; "))
    }

    /// The settings that a fence cannot be set against.
    pub(super) fn why_lifted(&self) -> Option<String> {
        named(&self.lifts, "setting", "against it, to be reset")
    }

    /// What no fence of ours ends: it is for a person.
    pub(super) fn beyond_a_fence(&self) -> Vec<String> {
        let mut why = Vec::new();
        why.extend(self.why_lifted());
        why.extend(named(&self.prepared, "prepared transaction", "that can still be committed"));
        why.extend(named(&self.subscriptions, "subscription", "that writes whatever the default"));
        if self.default_on && !self.of_server {
            why.push(
                "a default of our own user or database hides the server's: reset \
                 default_transaction_read_only there"
                    .to_owned(),
            );
        }
        if !self.sees {
            why.push("the sessions are not shown to us: need pg_monitor".to_owned());
        }
        why
    }
}

/// `2 sessions older than the read-only default: pid 7 app, pid 9 app`, bounded.
fn named(words: &[String], noun: &str, what: &str) -> Option<String> {
    let (count, plural) = (words.len(), if words.len() == 1 { "" } else { "s" });
    let shown = words.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let rest = if count > NAMED_MAX { ", ..." } else { "" };
    (count > 0).then(|| format!("{count} {noun}{plural} {what}: {shown}{rest}"))
}

/// Asks what could write. The standing of a standby is not told by it: recovery refuses all.
pub(super) async fn read_writers(session: &Session) -> Result<Writers, Trouble> {
    let row = session.row(WRITERS).await?;
    Ok(Writers {
        default_on: column(&row, "default_on")?,
        of_server: column(&row, "of_server")?,
        sees: column(&row, "sees")?,
        begun_s: column(&row, "begun")?,
        loaded_s: column(&row, "loaded")?,
        pids: column(&row, "pids")?,
        sessions: column(&row, "sessions")?,
        writing: column(&row, "writing")?,
        written: None,
        taken: Taken {
            next_xid: column(&row, "next_xid")?,
            maintained: column::<Option<i64>>(&row, "maintained")?.unwrap_or(0),
            maintains: column(&row, "maintains")?,
        },
        lifts: column(&row, "lifts")?,
        prepared: column(&row, "prepared")?,
        subscriptions: column(&row, "subscriptions")?,
    })
}

/// [`read_writers`]; where all stands closed, watched for [`WATCH`] whether anything writes, and
/// where something did, for [`WATCH_ON`] whether it does again.
pub(super) async fn watch_writers(
    session: &Session,
    clock: &dyn Clock,
) -> Result<Writers, Trouble> {
    let (mut quiet, mut watched) = ((clock.now(), WATCH), Watched::default());
    loop {
        let mut writers = read_writers(session).await?;
        let now = clock.now();
        watched.look(&mut writers, now);
        let rest = Writers { written: None, ..writers.clone() };
        let again = match watched.written {
            Some((at, ..)) if quiet.1 == WATCH => {
                quiet = (at, WATCH_ON);
                false
            }
            Some((at, ..)) => at != quiet.0,
            None => false,
        };
        if again || rest.writes() != Writes::Refused {
            return Ok(writers);
        }
        if now.since(quiet.0) >= quiet.1 {
            return Ok(rest);
        }
        tokio::time::sleep(WATCH_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    #[test]
    fn closed_is_proven_or_it_is_not_closed() {
        let closed =
            Writers { default_on: true, of_server: true, sees: true, ..Writers::default() };
        let check = |writers: Writers, want: Writes, why: Option<&str>| {
            assert_eq!(writers.writes(), want, "{writers:?}");
            match (writers.why_open(), why) {
                (None, None) => {}
                (Some(found), Some(why)) => assert!(found.contains(why), "{found} / {why}"),
                (found, why) => panic!("{found:?} instead of {why:?}"),
            }
        };
        let one = |word: &str| vec![word.to_owned()];
        check(closed.clone(), Writes::Refused, None);
        let open = Writers { default_on: false, ..closed.clone() };
        check(open, Writes::Open, Some("new transactions may write"));
        let old = Writers { sessions: one("pid 7 app"), ..closed.clone() };
        check(old, Writes::Open, Some("1 session older than the read-only default: pid 7 app"));
        let many = (0..6).map(|pid| format!("pid {pid} app")).collect();
        let many = Writers { sessions: many, ..closed.clone() };
        check(many, Writes::Open, Some("6 sessions older than the read-only default: pid 0 app"));
        let writing = Writers { writing: one("pid 8 app"), ..closed.clone() };
        check(writing, Writes::Open, Some("1 session that writes against the default: pid 8"));
        let written = Writers { written: Some("3 transactions wrote".into()), ..closed.clone() };
        check(written, Writes::Open, Some("3 transactions wrote: a session opens"));
        let lifted = Writers { lifts: one("role app sets it"), ..closed.clone() };
        check(lifted, Writes::Open, Some("1 setting against it, to be reset: role app sets it"));
        let prepared = Writers { prepared: one("'x' of app"), ..closed.clone() };
        check(
            prepared,
            Writes::Open,
            Some("1 prepared transaction that can still be committed: 'x' of app"),
        );
        let follows = Writers { subscriptions: one("s"), ..closed.clone() };
        check(follows, Writes::Open, Some("that writes whatever the default: s"));
        let blind = Writers { sees: false, ..closed.clone() };
        check(blind, Writes::Unknown, Some("need pg_monitor"));
        let hidden = Writers { of_server: false, ..closed.clone() };
        check(hidden, Writes::Unknown, Some("hides the server's"));
        // What is proven open stays so, however little is seen.
        let both = Writers { sees: false, prepared: one("x"), ..closed };
        check(both, Writes::Open, Some("need pg_monitor"));
    }

    #[test]
    fn what_is_written_behind_a_fence_is_noticed_and_forgotten_in_time() {
        let closed =
            Writers { default_on: true, of_server: true, sees: true, ..Writers::default() };
        // What a look finds at which second, and what is then made of it.
        let check = |what: &str, looks: &[(u64, Writers)], want: Option<&str>| {
            let mut watched = Watched::default();
            let mut last = None;
            for (at_s, writers) in looks {
                let mut writers = writers.clone();
                let at = Stamp { wall_ms: 0, boot_ms: at_s * 1000, boot: BootId(1) };
                watched.look(&mut writers, at);
                last = writers.written;
            }
            assert_eq!(last.as_deref(), want, "{what}");
        };
        let seen = |at: u64, next_xid: i64, maintained: i64| {
            let taken = Taken { next_xid, maintained, maintains: false };
            (at, Writers { taken, ..closed.clone() })
        };
        let quiet = |at: u64, xid: i64| seen(at, xid, 0);
        check("one look", &[quiet(0, 700)], None);
        check("nothing", &[quiet(0, 700), quiet(5, 700)], None);
        let wrote = Some("3 transactions wrote within 5s (0s ago)");
        check("three", &[quiet(0, 700), quiet(5, 703)], wrote);
        let later = Some("1 transaction wrote within 5s (10s ago)");
        check("later", &[quiet(0, 700), quiet(5, 701), quiet(10, 701), quiet(15, 701)], later);
        check("quiet for long", &[quiet(0, 700), quiet(5, 701), quiet(20, 701)], None);
        check("analyzed", &[quiet(0, 700), seen(5, 702, 2)], None);
        check("analyzed and written", &[quiet(0, 700), seen(5, 705, 2)], wrote);
        let (mut elsewhere, mut old, mut loaded) = (quiet(5, 702), quiet(0, 700), quiet(5, 730));
        elsewhere.1.taken.maintains = true;
        check("analyzing elsewhere", &[quiet(0, 700), elsewhere], None);
        old.1.sessions.push("pid 7 app".to_owned());
        check("before all were ended", &[old, quiet(5, 730)], None);
        loaded.1.loaded_s = 3.0;
        check("before it was loaded again", &[quiet(0, 700), loaded], None);
    }
}
