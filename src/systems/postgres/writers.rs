//! Whether a primary is proven closed to writes, and by name what could still commit one.
//!
//! Closed means: the server's own default is read-only, no role or database lifts it, no session
//! and no transaction is older than the moment that default was loaded, and nothing is prepared or
//! subscribed that could write all the same. A session may still set the default back for itself
//! and a superuser always can: this proves what applications may do, not what people may.

use super::link::{Session, column};
use super::trouble::Trouble;
use crate::domain::reading::Writes;

/// The most that a sentence names of one kind; the rest is counted.
const NAMED_MAX: usize = 4;

/// A fresh session was forked from the server's main process and has its load time; one that was
/// there before a reload tells its own, which is later. A value that the settings do
/// not clearly call true lifts the default. `COMMIT PREPARED` and the workers of a subscription
/// write whatever the default is. Without `pg_read_all_stats` the type of foreign sessions is null.
const WRITERS: &str = r"
with own as (
  select backend_start, pg_conf_load_time() as loaded
  from pg_stat_activity where pid = pg_backend_pid()
), old as (
  select a.pid, format('pid %s %s%s%s', a.pid, coalesce(a.usename, a.backend_type),
    case when a.application_name <> '' then format(' (%s)', a.application_name) end,
    case when a.state <> '' then ' ' || a.state end) as words
  from pg_stat_activity as a, own
  where a.pid <> pg_backend_pid() and (
    (a.backend_type = 'client backend' and a.backend_start < own.loaded)
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
  array(select words from old order by pid) as sessions,
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
    /// Sessions and transactions older than that load, by process.
    pub(super) pids: Vec<i32>,
    /// The same in words: `pid 712 app (psql) idle in transaction`.
    pub(super) sessions: Vec<String>,
    /// Role and database settings that lift the default.
    pub(super) lifts: Vec<String>,
    /// Prepared transactions, which may be committed at any time.
    pub(super) prepared: Vec<String>,
    /// Subscriptions that are enabled.
    pub(super) subscriptions: Vec<String>,
}

impl Writers {
    /// Whether a primary takes writes.
    pub(super) fn writes(&self) -> Writes {
        let none = [&self.sessions, &self.lifts, &self.prepared, &self.subscriptions];
        if !self.default_on || !none.iter().all(|open| open.is_empty()) {
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
        why.extend(self.beyond_a_fence());
        (!why.is_empty()).then(|| why.join("; "))
    }

    /// What no fence of ours ends: it is for a person.
    pub(super) fn beyond_a_fence(&self) -> Vec<String> {
        let mut why = Vec::new();
        why.extend(named(&self.lifts, "setting", "against it, to be reset"));
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
        lifts: column(&row, "lifts")?,
        prepared: column(&row, "prepared")?,
        subscriptions: column(&row, "subscriptions")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
