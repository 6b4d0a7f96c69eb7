//! What must be seen before a rejoin touches anything: whose data it is, and that nobody writes it.

use super::super::super::link::{Session, column};
use super::super::super::settings::Postgres;
use super::super::super::state::SideState;
use super::super::super::writers::{WATCH_MOST, watch_writers};
use super::Rejoin;
use super::work::{NO_SERVER, refused};
use crate::domain::reading::Writes;
use crate::systems::kit::task::prelude::*;

impl<const REWINDS: bool> At<Rejoin<REWINDS>> {
    /// The cluster of the data directory, where no server runs on it.
    pub(super) async fn data_of_a_stopped_server(&self) -> Option<String> {
        let status = self.with.machine.ask(&self.pg_ctl(&["status"]), None).await.ok()?;
        if status.code != NO_SERVER {
            return None;
        }
        Some(self.control().await.ok()?.cluster)
    }

    async fn control(&self) -> Result<Control, OperateError> {
        let asked = self.tool("pg_controldata", &["-D", &self.with.data]);
        let data = &self.with.data;
        let failed =
            |words| refused(format!("{data} is no data directory that can be read{words}"));
        let said = self.with.machine.ask(&asked, None).await?.succeeded(failed)?;
        Ok(Control::of(said.stdout()))
    }

    /// Refuses everything but a closed or stopped server of the new primary's cluster, on data that
    /// is its own. True when it runs.
    pub(super) async fn verify(&self, source: &SideState) -> Result<bool, OperateError> {
        let (name, from, data) = (&self.seat.name, &self.seat.other_region, &self.with.data);
        if source.in_recovery {
            return Err(refused(format!("{from} is no primary: nothing to follow")));
        }
        if !REWINDS && !self.is_there(data).await? {
            // Cut between moving the old data aside and the new in its place, or a new disk.
            return match self.seat.own.open().await {
                Ok(_) => Err(refused(format!("{name} answers, and there is no {data}"))),
                Err(_) => Ok(false),
            };
        }
        let control = self.control().await?;
        if control.cluster != source.system.to_string() {
            return Err(refused(format!(
                "{data} is of cluster {}, {from} of {}: it is not touched",
                control.cluster, source.system
            )));
        }
        if REWINDS && !control.can_be_rewound {
            return Err(refused(format!(
                "{data} needs either data checksums or `wal_log_hints = on` for a rewind; nothing \
                 was done: use postgres.base_backup"
            )));
        }
        let status = self.with.machine.ask(&self.pg_ctl(&["status"]), None).await?;
        let session = match (self.seat.own.open().await, status.code) {
            (Ok(session), 0) => session,
            (Ok(_), _) => {
                let words = format!("{name} answers, and no server runs on {data}");
                return Err(refused(format!("{words}: it is not touched")));
            }
            (Err(trouble), NO_SERVER) => {
                return match trouble.kind {
                    TroubleKind::OtherServer => Err(trouble.before_sending()),
                    _ => Ok(false),
                };
            }
            (Err(trouble), _) => {
                return Err(refused(format!(
                    "a server runs on {data} and cannot be asked whether it takes writes: \
                     {trouble}; stop it, or let it answer"
                )));
            }
        };
        self.verify_running(&session, source).await?;
        Ok(true)
    }

    /// Refuses a running server that is not the one that answers, or that may still be written to.
    async fn verify_running(
        &self,
        session: &Session,
        source: &SideState,
    ) -> Result<(), OperateError> {
        let (name, data) = (&self.seat.name, &self.with.data);
        let state = self.seat.own.state_on(session).await.map_err(Trouble::before_sending)?;
        if state.identity() == source.identity() {
            let server = state.identity().server;
            return Err(refused(format!("both names lead to one server: {server}")));
        }
        let own = "select pg_backend_pid() as pid";
        let own = async { column::<i32>(&session.row(own).await?, "pid") };
        let pid = self.seat.own.within(own).await.map_err(Trouble::before_sending)?;
        // A session's process is a child of its server: the pid file of the data directory must
        // name that very process, or the directory is another server's.
        let stat = self.file(&format!("/proc/{pid}/stat")).await?;
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
        let named = self.file(&format!("{data}/postmaster.pid")).await?;
        if parent.is_none() || parent != named.lines().next().map(str::trim) {
            return Err(refused(format!(
                "the server that runs on {data} is not the one that answers as {}: it is not \
                 touched",
                self.seat.own.target.place
            )));
        }
        if state.in_recovery {
            return Ok(());
        }
        // What is written here from now on is destroyed.
        let watched = watch_writers(session, &*self.clock);
        let watched =
            self.seat.own.within_limit(WATCH_MOST + Postgres::ANSWER_LIMIT, watched).await;
        let writers = watched.map_err(Trouble::before_sending)?;
        if writers.writes() != Writes::Refused {
            let why = writers.why_open().unwrap_or_default();
            return Err(refused(format!("{name} is not proven closed, fence it first: {why}")));
        }
        Ok(())
    }
}

/// What `pg_controldata` tells of a data directory.
struct Control {
    cluster: String,
    can_be_rewound: bool,
}

impl Control {
    fn of(text: &str) -> Self {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map_or("", str::trim)
        };
        Self {
            cluster: value("Database system identifier").to_owned(),
            can_be_rewound: value("wal_log_hints setting") == "on"
                || !matches!(value("Data page checksum version"), "" | "0"),
        }
    }
}
