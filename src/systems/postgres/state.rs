//! What one look asks a Postgres server, and the answers as they came, without judgement.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::PgLsn;

use super::link::{Session, column};
use super::settings::Heartbeat;
use super::writers::{Writers, read_writers};
use crate::domain::reading::{Identity, Writes};
use crate::domain::text::Clean;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// One row for both roles: functions that fail on the wrong role are asked only on the right one,
/// decided within the statement, so that a promotion between two statements cannot break a look.
/// `pg_control_checkpoint` lags behind a promotion, `pg_walfile_name` does not.
const STATE: &str = "
select asked.recovering,
  extract(epoch from clock_timestamp())::float8 as clock,
  current_setting('server_version') as version,
  (select system_identifier from pg_control_system()) as system,
  to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
    as started,
  host(inet_server_addr()) || ':' || inet_server_port() as address,
  case when not asked.recovering then pg_current_wal_lsn() end as current_lsn,
  case when not asked.recovering then pg_walfile_name(pg_current_wal_lsn()) end as wal_file,
  (select timeline_id from pg_control_checkpoint()) as control_timeline,
  pg_last_wal_receive_lsn() as receive_lsn,
  pg_last_wal_replay_lsn() as replay_lsn,
  extract(epoch from pg_last_xact_replay_timestamp())::float8 as replayed_at,
  case when asked.recovering then pg_is_wal_replay_paused() end as paused,
  current_setting('synchronous_standby_names') as sync_names,
  current_setting('synchronous_commit') in ('off', 'local') as commits_alone,
  (select setting::float8 / 1000 from pg_settings where name = 'wal_receiver_timeout')
    as receiver_timeout,
  current_setting('max_connections')::float8 as connections_max,
  (select sum(numbackends)::float8 from pg_stat_database) as connections
from (select pg_is_in_recovery() as recovering offset 0) as asked";

/// Who the server is, in the form of [`STATE`].
const IDENTITY: &str = "
select (select system_identifier from pg_control_system()) as system,
  to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
    as started";

/// The standby's own view of its link. Without `pg_monitor` the row is there but its columns are
/// null.
const RECEIVER: &str = "
select status, received_tli,
  extract(epoch from clock_timestamp() - last_msg_receipt_time)::float8 as silent
from pg_stat_wal_receiver";

/// The primary's view of its replicas, with the same nulls.
const SENDERS: &str = "
select application_name, state, sync_state from pg_stat_replication limit 64";

/// Log kept back for replicas.
const SLOTS: &str = "
select count(*) filter (where wal_status = 'lost') as lost,
  max(case when restart_lsn is null then 0
      else pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
        restart_lsn) end)::float8 as retained
from pg_replication_slots";

/// The age of the newest archived segment.
const ARCHIVER: &str = "
select current_setting('archive_mode') as mode,
  extract(epoch from clock_timestamp() - last_archived_time)::float8 as age
from pg_stat_archiver";

/// What is left without the right to see it.
pub(super) const NEEDS_MONITOR: &str = "permission missing: need pg_monitor";

/// The standby's own view of its link.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Receiver {
    /// No receiver runs.
    None,
    /// A receiver is there, but our rights do not show it.
    Hidden,
    /// What it says of itself.
    Seen {
        /// `streaming`, `stopping`, `waiting` and so on.
        status: String,
        /// The timeline it receives.
        timeline: Option<i32>,
        /// Seconds since the last message of the other side.
        silent_s: Option<f64>,
    },
}

impl Receiver {
    /// Yes, no or hidden.
    pub(super) fn streaming(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Hidden => None,
            Self::Seen { status, .. } => Some(status == "streaming"),
        }
    }
}

/// One replica as its primary sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sender {
    /// `streaming`, `catchup` and so on; none where our rights do not show it.
    pub(super) state: Option<String>,
    /// `async`, `sync`, `potential`, `quorum`.
    pub(super) sync: Option<String>,
    /// What the replica calls itself.
    pub(super) name: String,
}

/// The heartbeat row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Beat {
    /// None is configured.
    NotAsked,
    /// It could not be read; why.
    Unreadable(Clean),
    /// Its time, in seconds since 1970 on the primary's clock.
    At(f64),
}

/// Everything one side told in one look.
#[derive(Debug, Clone, PartialEq)]
pub struct SideState {
    pub(super) in_recovery: bool,
    /// The server's clock, seconds since 1970.
    pub(super) clock_s: f64,
    pub(super) version: Clean,
    pub(super) system: i64,
    /// When the server was started, to the microsecond.
    pub(super) started: Clean,
    /// The address that the server itself says we are connected to; none over a local socket.
    pub(super) address: Option<String>,
    pub(super) timeline: i32,
    /// Bytes of log written; primary only.
    pub(super) current_lsn: Option<u64>,
    /// Bytes of log received; also kept after a promotion.
    pub(super) receive_lsn: Option<u64>,
    /// Bytes of log replayed; also kept after a promotion.
    pub(super) replay_lsn: Option<u64>,
    /// Commit time of the last replayed transaction, on its primary's clock.
    pub(super) replayed_at_s: Option<f64>,
    pub(super) replay_paused: bool,
    pub(super) writers: Writers,
    /// Where the log stood when the server was first seen closed.
    pub(super) closed: Option<Closed>,
    pub(super) sync_names: Clean,
    /// True when commits wait for no replica, whatever `sync_names` says.
    pub(super) commits_alone: bool,
    pub(super) connections: Option<f64>,
    pub(super) connections_max: Option<f64>,
    pub(super) receiver: Receiver,
    /// How long the receiver bears silence, in seconds; 0 for ever.
    pub(super) receiver_timeout_s: f64,
    /// For how many seconds a standby has held no more than it holds, as far as it was seen.
    pub(super) still_s: f64,
    /// For how many seconds it has replayed nothing of what it holds, as far as it was seen.
    pub(super) waits_s: f64,
    pub(super) senders: Vec<Sender>,
    pub(super) slots_lost: i64,
    pub(super) slots_retained: Option<f64>,
    /// Seconds since a segment was archived, or why there is no such age.
    pub(super) archive_age_s: Result<f64, &'static str>,
    pub(super) beat: Beat,
}

/// A primary when it was first seen closed. What it writes afterwards is its own housekeeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    /// Where its log ended.
    pub(super) end: u64,
    /// True when the other side followed in that look: nothing was promoted yet.
    pub(super) alone: bool,
}

impl SideState {
    /// Which server told this.
    pub(super) fn identity(&self) -> Identity {
        identity_of(self.system, self.started.as_str())
    }

    /// Whether it takes writes; a server in recovery refuses all.
    pub(super) fn writes(&self) -> Writes {
        if self.in_recovery { Writes::Refused } else { self.writers.writes() }
    }

    /// Why a commit would wait for ever, or would once this standby is promoted: fewer replicas
    /// confirm than the setting asks for. Where our rights do not show them nothing is said.
    pub(super) fn hindered(&self) -> Option<String> {
        let wanted = confirmations(self.sync_names.as_str());
        let hidden = self.senders.iter().any(|sender| sender.state.is_none());
        let closed = !self.in_recovery && self.writes() == Writes::Refused;
        // Replicas of a standby confirm nothing yet, but would.
        let confirming = |sender: &&Sender| {
            self.in_recovery || matches!(sender.sync.as_deref(), Some("sync" | "quorum"))
        };
        let there = self.senders.iter().filter(confirming).count();
        if closed || hidden || self.commits_alone || there >= wanted {
            return None;
        }
        let names = &self.sync_names;
        let words = if self.in_recovery {
            format!("once promoted, commits would wait for `{names}`")
        } else {
            format!("commits wait for `{names}`")
        };
        let which = if wanted == 1 {
            "which does not stream".to_owned()
        } else {
            format!("of which {there} of {wanted} stream")
        };
        Some(format!("{words}, {which}: clear synchronous_standby_names"))
    }

    /// Where this server's own timeline began, while it still knows: both positions are kept after
    /// a promotion until the next start. Without a receiver in this life what was replayed is the
    /// recovery from a crash.
    pub(super) fn parted_lsn(&self) -> Option<u64> {
        let promoted = !self.in_recovery && self.receive_lsn.is_some();
        self.replay_lsn.filter(|_| promoted)
    }

    /// Where its log ends: written on a primary, held on a standby.
    pub(super) fn end_lsn(&self) -> Option<u64> {
        if self.in_recovery { self.held_lsn() } else { self.current_lsn }
    }

    /// What would survive here if the other side were gone: received or replayed, whichever is
    /// more, because a restarted receiver begins at the start of a segment that may already be
    /// replayed.
    pub(super) fn held_lsn(&self) -> Option<u64> {
        self.receive_lsn.max(self.replay_lsn)
    }
}

/// `7302914 started 2026-11-20T14:02:10.123456Z`.
fn identity_of(system: i64, started: &str) -> Identity {
    Identity {
        server: format!("{system} started {started}").into(),
        data: system.to_string().into(),
    }
}

/// How many replicas must confirm a commit: `a, b` wants 1, `FIRST 2 (a, b)` and `ANY 2 (*)` 2.
fn confirmations(names: &str) -> usize {
    if names.trim().is_empty() {
        return 0;
    }
    let before = names.split_once('(').map(|(before, _)| before);
    let plain = before.filter(|before| !before.contains(['"', ',']));
    plain.and_then(|before| before.split_whitespace().last()?.parse().ok()).unwrap_or(1)
}

/// Asks a server who it is.
pub(super) async fn read_identity(session: &Session) -> Result<Identity, Trouble> {
    let row = session.row(IDENTITY).await?;
    Ok(identity_of(column(&row, "system")?, &column::<String>(&row, "started")?))
}

/// Asks one side everything, in about one round trip: the statements travel together.
pub(super) async fn read_state(
    session: &Session,
    heartbeat: Option<&Heartbeat>,
) -> Result<SideState, Trouble> {
    // Boxed, because whoever asks would carry all of them.
    let (state, writers, receiver, senders, slots, archiver, beat) = Box::pin(async {
        tokio::join!(
            session.row(STATE),
            read_writers(session),
            session.rows(RECEIVER),
            session.rows(SENDERS),
            session.row(SLOTS),
            session.row(ARCHIVER),
            read_beat(session, heartbeat),
        )
    })
    .await;
    let (state, slots, archiver) = (state?, slots?, archiver?);
    let in_recovery = column(&state, "recovering")?;
    let lsn = |name: &str| Ok::<_, Trouble>(column::<Option<PgLsn>>(&state, name)?.map(u64::from));
    let receiver = receiver_of(&receiver?)?;
    let control: i32 = column(&state, "control_timeline")?;
    let wal_file: Option<String> = column(&state, "wal_file")?;
    let received = match &receiver {
        Receiver::Seen { timeline, .. } => *timeline,
        Receiver::None | Receiver::Hidden => None,
    };
    Ok(SideState {
        in_recovery,
        clock_s: column(&state, "clock")?,
        version: column::<String>(&state, "version")?.into(),
        system: column(&state, "system")?,
        started: column::<String>(&state, "started")?.into(),
        address: column(&state, "address")?,
        timeline: match wal_file {
            Some(file) => timeline_of(&file)?,
            None => received.unwrap_or(0).max(control),
        },
        current_lsn: lsn("current_lsn")?,
        receive_lsn: lsn("receive_lsn")?,
        replay_lsn: lsn("replay_lsn")?,
        replayed_at_s: column(&state, "replayed_at")?,
        replay_paused: column::<Option<bool>>(&state, "paused")?.unwrap_or(false),
        writers: writers?,
        closed: None,
        sync_names: column::<String>(&state, "sync_names")?.into(),
        commits_alone: column(&state, "commits_alone")?,
        connections: column(&state, "connections")?,
        connections_max: column(&state, "connections_max")?,
        receiver,
        receiver_timeout_s: column(&state, "receiver_timeout")?,
        still_s: 0.0,
        waits_s: 0.0,
        senders: senders?.iter().map(sender_of).collect::<Result<_, _>>()?,
        slots_lost: column(&slots, "lost")?,
        slots_retained: column(&slots, "retained")?,
        archive_age_s: archive_age_of(&archiver)?,
        beat,
    })
}

/// The first eight hex digits of a segment's name are its timeline (Postgres manual, 30.6).
fn timeline_of(wal_file: &str) -> Result<i32, Trouble> {
    wal_file.get(..8).and_then(|digits| i32::from_str_radix(digits, 16).ok()).ok_or_else(|| {
        Trouble::new(TroubleKind::Garbage, format!("`{wal_file}` is not the name of a segment"))
    })
}

fn archive_age_of(row: &Row) -> Result<Result<f64, &'static str>, Trouble> {
    if column::<String>(row, "mode")? == "off" {
        return Ok(Err("archiving is off"));
    }
    Ok(column::<Option<f64>>(row, "age")?.ok_or("nothing was archived yet"))
}

fn receiver_of(rows: &[Row]) -> Result<Receiver, Trouble> {
    let Some(row) = rows.first() else { return Ok(Receiver::None) };
    Ok(match column::<Option<String>>(row, "status")? {
        None => Receiver::Hidden,
        Some(status) => Receiver::Seen {
            status,
            timeline: column(row, "received_tli")?,
            silent_s: column(row, "silent")?,
        },
    })
}

fn sender_of(row: &Row) -> Result<Sender, Trouble> {
    Ok(Sender {
        state: column(row, "state")?,
        sync: column(row, "sync_state")?,
        name: column::<Option<String>>(row, "application_name")?.unwrap_or_default(),
    })
}

/// A missing right on the heartbeat table must not hide everything else.
async fn read_beat(session: &Session, heartbeat: Option<&Heartbeat>) -> Beat {
    let Some(heartbeat) = heartbeat else { return Beat::NotAsked };
    let table = heartbeat.table.quoted();
    let sql = format!(
        "select extract(epoch from max(\"{}\"))::float8 as beat from {table}",
        heartbeat.column
    );
    let read = async { column::<Option<f64>>(&session.row(&sql).await?, "beat") };
    match read.await {
        Ok(Some(beat)) => Beat::At(beat),
        Ok(None) => Beat::Unreadable(format!("heartbeat table {table} is empty").into()),
        Err(trouble) => Beat::Unreadable(trouble.message),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{fenced, primary, standby};
    use super::*;

    #[test]
    fn a_commit_waits_for_as_many_replicas_as_the_setting_asks_for() {
        let check = |own: SideState, names: &str, senders: &[(&str, &str)], want: Option<&str>| {
            let told = |(state, sync): &(&str, &str)| Sender {
                state: (!state.is_empty()).then(|| (*state).to_owned()),
                sync: (!sync.is_empty()).then(|| (*sync).to_owned()),
                name: "dr".to_owned(),
            };
            let senders = senders.iter().map(told).collect();
            let own = SideState { sync_names: names.into(), senders, ..own };
            let found = own.hindered();
            assert_eq!(found.is_some(), want.is_some(), "{names}: {found:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(want.unwrap_or_default()), "{names}: {found}");
        };
        let open = || primary(5);
        check(open(), "", &[], None);
        check(open(), "  ", &[], None);
        check(open(), "dr", &[], Some("commits wait for `dr`, which does not stream"));
        check(open(), "*", &[("streaming", "sync")], None);
        check(open(), "dr", &[("streaming", "async")], Some("commits wait"));
        check(open(), "dr", &[("catchup", "potential")], Some("commits wait"));
        let two = [("streaming", "quorum"), ("streaming", "async")];
        check(open(), "ANY 1 (x, y)", &two, None);
        check(open(), "ANY 2 (x, y)", &two, Some("1 of 2 stream"));
        check(open(), "first 2 (x, y)", &two[..1], Some("1 of 2 stream"));
        check(open(), "2(\"x\", y)", &two[..1], Some("1 of 2 stream"));
        check(open(), "\"a 7 (\", y", &two[..1], None);
        // Without the right to see replicas nothing is asserted; nor is a closed one hindered.
        check(open(), "dr", &[("", "")], None);
        check(fenced(5, 5), "dr", &[], None);
        check(SideState { commits_alone: true, ..open() }, "dr", &[], None);
        check(standby(5, 5), "dr", &[("streaming", "async")], None);
        check(standby(5, 5), "dr", &[], Some("once promoted, commits would wait for `dr`"));
    }
}
