//! The hands of the fence: how it is set, whom it ends, when it is done.
//!
//! The fence is the server's default: every new transaction is read-only and the sessions that were
//! open are ended. A session may set the default back for itself, so this is no hard fence: that
//! cuts the network or stops the server. It is done when `Writers` proves the server closed and
//! nothing writes for a while, not when the default is set.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::link::{Session, column};
use super::super::settings::Postgres;
use super::super::writers::{WATCH_MOST, Writers, read_writers, watch_writers};
use super::fence::Fence;
use crate::domain::reading::Writes;
use crate::domain::time::Stamp;
use crate::systems::kit::seat::Seat;
use crate::systems::kit::task::prelude::*;

/// The time between two looks at what the server is still to do.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long the server may take to load its configuration, or to write out what was committed.
const LOAD_MAX: Duration = Duration::from_secs(5);

/// How long sessions that may not be ended are waited for: many end by themselves.
const DENIED_MAX: Duration = Duration::from_secs(2);

/// Replication stays, so that a standby can still receive the rest.
const SESSIONS: &str = "
select pg_is_in_recovery() as recovering,
  (select count(*) from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()) as sessions";

/// How writes stand.
pub(super) struct Gate {
    in_recovery: bool,
    writers: Writers,
    /// Other sessions open.
    sessions: i64,
}

impl<const SET: bool> Fence<SET> {
    /// The statement that sets the fence, or lifts it.
    pub(super) const CALL: &str = if SET {
        "alter system set default_transaction_read_only = on"
    } else {
        "alter system reset default_transaction_read_only"
    };
}

impl<const SET: bool> At<Fence<SET>> {
    /// Asks on a session that began after the configuration was loaded: it has the default that
    /// every new session gets, and knows when the server loaded it.
    async fn gate(&self, session: &Session) -> Result<Gate, Trouble> {
        let asked = async {
            let (row, writers) = tokio::join!(session.row(SESSIONS), read_writers(session));
            let row = row?;
            let (in_recovery, sessions) = (column(&row, "recovering")?, column(&row, "sessions")?);
            Ok(Gate { in_recovery, writers: writers?, sessions })
        };
        self.seat.own.within(asked).await
    }

    pub(super) async fn gate_now(&self) -> Result<Gate, Trouble> {
        self.gate(&self.seat.own.open().await?).await
    }

    /// [`Self::gate_now`]; where all stands closed, what is seen to write within [`WATCH_MOST`].
    async fn gate_watched(&self) -> Result<Gate, Trouble> {
        let session = self.seat.own.open().await?;
        let mut gate = self.gate(&session).await?;
        if SET && !gate.in_recovery {
            let watched = watch_writers(&session, &*self.clock);
            gate.writers =
                self.seat.own.within_limit(WATCH_MOST + Postgres::ANSWER_LIMIT, watched).await?;
        }
        Ok(gate)
    }

    pub(super) async fn stands(&self) -> Result<Standing, Trouble> {
        let gate = self.gate_watched().await?;
        let (name, default_on) = (&self.seat.name, gate.writers.default_on);
        if !SET {
            let not = if default_on { "" } else { "not " };
            return Ok(Standing::of(!default_on, format!("{name} is {not}read-only by default")));
        }
        if gate.in_recovery {
            return Ok(Standing::Done(format!("{name} is a standby, refuses writes").into()));
        }
        let why = gate.writers.why_open().unwrap_or_default();
        Ok(match gate.writers.writes() {
            Writes::Refused => Standing::Done(format!("{name} refuses writes").into()),
            Writes::Open if default_on => {
                Standing::NotDone(format!("{name} is read-only by default, but {why}").into())
            }
            Writes::Open => Standing::NotDone(format!("{name} accepts writes: {why}").into()),
            Writes::Unknown => Standing::Unknown(
                format!("whether {name} refuses writes cannot be told: {why}").into(),
            ),
        })
    }

    pub(super) fn changes(&self, gate: &Gate) -> Vec<PreviewLine> {
        let name = &self.seat.name;
        if !SET {
            return vec![line('~', format!("{name} writes refused -> ACCEPTED"))];
        }
        let mut lines = vec![
            line('~', format!("{name} writes accepted -> REFUSED by default")),
            line('-', format!("{} open sessions ENDED", gate.sessions)),
            line('!', "sessions may still open transactions READ WRITE: no hard fence"),
        ];
        let beyond = gate.writers.beyond_a_fence();
        lines.extend(beyond.into_iter().map(|why| line('!', format!("not ended: {why}"))));
        lines
    }

    pub(super) async fn set(&self, output: &mut dyn Output) -> Applied {
        let began = self.clock.now();
        let session = self.load(output).await?;
        let name = &self.seat.name;
        if !SET {
            return Ok(format!("{name} is loaded without the fence").into());
        }
        let (ended, left) = self.end_older(session, began, output).await.map_err(half_done)?;
        let words = match left {
            None => format!("{name} refuses writes, {ended} sessions ended"),
            Some(why) => {
                format!("{name} is read-only by default, {ended} sessions ended, but {why}")
            }
        };
        tell(words, output)
    }

    /// Writes the configuration and waits until the server has loaded it; returns a session that
    /// began after that.
    async fn load(&self, output: &mut dyn Output) -> Result<Session, OperateError> {
        let session = self.seat.own.open().await.map_err(Trouble::before_sending)?;
        // Asked first, because a configuration that is written but cannot be loaded is half done.
        let may = "select has_function_privilege('pg_reload_conf()', 'execute') as may";
        let may = async { column::<bool>(&session.row(may).await?, "may") };
        if !self.seat.own.within(may).await.map_err(Trouble::before_sending)? {
            let user = &self.seat.own.target.user;
            let message = format!(
                "{user} may not reload the configuration; GRANT EXECUTE ON FUNCTION \
                 pg_reload_conf() TO {user}"
            );
            return Err(OperateError::Permission(message.into()));
        }
        let ambiguous = Trouble::into_operate_error;
        let gate = self.gate(&session).await.map_err(Trouble::before_sending)?;
        if SET
            && !gate.in_recovery
            && let Some(why) = gate.writers.why_lifted()
        {
            // It would never be done, and a read-only default is in the way of who resets it.
            let name = &self.seat.name;
            let message = format!("{name} cannot be fenced, nothing was changed: {why}");
            return Err(OperateError::Refused(message.into()));
        }
        self.seat.own.within(session.run(Fence::<SET>::CALL)).await.map_err(ambiguous)?;
        output.line(Fence::<SET>::CALL);
        // Only a load that came after the configuration was written counts.
        let reload = async {
            let now = "select extract(epoch from clock_timestamp())::float8 as now";
            let written_s = column(&session.row(now).await?, "now")?;
            session.row("select pg_reload_conf()").await?;
            Ok(written_s)
        };
        let written_s = self.seat.own.within(reload).await.map_err(half_done)?;
        output.line("select pg_reload_conf()");
        self.loaded_after(written_s).await.map_err(half_done)
    }

    /// A reload is done by the server in its own time; a configuration with an error is not loaded.
    async fn loaded_after(&self, written_s: f64) -> Result<Session, Trouble> {
        let began = self.clock.now();
        while self.clock.now().since(began) < LOAD_MAX {
            let session = self.seat.own.open().await?;
            if self.gate(&session).await?.writers.loaded_s > written_s {
                return Ok(session);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let message = format!(
            "{} did not load its new configuration; its log says why",
            self.seat.own.target.place
        );
        Err(Trouble::new(TroubleKind::Timeout, message))
    }

    /// Ends the sessions that are older than the fence until none is left, or only such that we
    /// may not end, or the step's time is over. Returns how many ended and what is left.
    async fn end_older(
        &self,
        mut session: Session,
        began: Stamp,
        output: &mut dyn Output,
    ) -> Result<(usize, Option<String>), Trouble> {
        let (mut asked, mut denied) = (BTreeSet::new(), BTreeSet::new());
        let (mut said, looked) = (None, self.clock.now());
        loop {
            let gate = self.gate(&session).await?;
            let writers = &gate.writers;
            if gate.in_recovery {
                return Ok((asked.len(), None));
            }
            if writers.is_outdated() {
                session = self.seat.own.open().await?;
                continue;
            }
            for pid in &writers.pids {
                if !denied.contains(pid) && !end(&self.seat, &session, *pid).await? {
                    denied.insert(*pid);
                }
                asked.insert(*pid);
            }
            let left = writers.why_open();
            let waited = self.clock.now();
            let only_denied = writers.pids.iter().all(|pid| denied.contains(pid));
            let patient = !writers.pids.is_empty() && waited.since(looked) < DENIED_MAX;
            if (only_denied && !patient) || waited.since(began) + LOOK_AGAIN > self.deadline() {
                if writers.pids.is_empty() {
                    self.settle(&session, output).await?;
                }
                return Ok((asked.difference(&denied).count(), left));
            }
            if left != said {
                output.line(left.as_deref().unwrap_or_default());
                said = left;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What was committed without waiting for the disk is written out in the background, and only
    /// then sent to a standby. A transaction of our own that writes nothing has the rest flushed.
    async fn settle(&self, session: &Session, output: &mut dyn Output) -> Result<(), Trouble> {
        let began = self.clock.now();
        let flushed = async {
            let end = session.row("select pg_current_wal_insert_lsn()::text as lsn").await?;
            let end: String = column(&end, "lsn")?;
            let asked = format!("select pg_current_wal_flush_lsn() >= '{end}' as flushed");
            if column(&session.row(&asked).await?, "flushed")? {
                return Ok(true);
            }
            session.row("select pg_current_xact_id()").await?;
            while self.clock.now().since(began) < LOAD_MAX {
                if column(&session.row(&asked).await?, "flushed")? {
                    return Ok(true);
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(false)
        };
        if !self.seat.own.within_limit(LOAD_MAX + Postgres::ANSWER_LIMIT, flushed).await? {
            output.line("the server has not written out yet all that was committed");
        }
        Ok(())
    }
}

/// After the configuration was written every failure leaves it in between.
fn half_done(trouble: Trouble) -> OperateError {
    OperateError::Ambiguous(trouble.message)
}

/// Ends a session; false where that is not ours to do.
async fn end(seat: &Seat<Postgres>, session: &Session, pid: i32) -> Result<bool, Trouble> {
    let end = format!("select pg_terminate_backend({pid})");
    match seat.own.within(session.row(&end)).await {
        Ok(_) => Ok(true),
        Err(trouble) if trouble.kind == TroubleKind::Permission => Ok(false),
        Err(trouble) => Err(trouble),
    }
}
