//! The steps of a rejoin, each seen before the next: stop, copy, configure, start, stream.

use std::time::Duration;

use super::super::super::link::column;
use super::super::super::state::SideState;
use super::Rejoin;
use crate::domain::time::Stamp;
use crate::systems::kit::task::prelude::*;

/// What a rewind would overwrite with the new primary's own.
const CONF_FILES: [&str; 4] =
    ["postgresql.conf", "pg_hba.conf", "pg_ident.conf", "postgresql.auto.conf"];

/// The file whose lines are chosen anew.
const AUTO_CONF: &str = "postgresql.auto.conf";

/// The longest `postgresql.auto.conf` that is rewritten, in bytes.
const AUTO_CONF_BYTES_MAX: usize = 32 * 1024;

/// The time between two looks at what is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What `pg_ctl status` says where no server runs.
pub(super) const NO_SERVER: i32 = 3;

pub(super) fn refused(why: String) -> OperateError {
    OperateError::Refused(why.into())
}

fn in_between(why: String) -> OperateError {
    OperateError::Ambiguous(why.into())
}

impl<const REWINDS: bool> At<Rejoin<REWINDS>> {
    pub(super) fn tool(&self, name: &str, arguments: &[&str]) -> Vec<String> {
        self.with.machine.tool(&self.with.variables(), name, arguments)
    }

    pub(super) fn pg_ctl(&self, arguments: &[&str]) -> Vec<String> {
        let data = ["-D", self.with.data.as_str()];
        self.tool("pg_ctl", &data.iter().chain(arguments).copied().collect::<Vec<_>>())
    }

    /// The call that rewinds.
    pub(super) fn rewind_argv(&self) -> Vec<String> {
        let (host, port) = self.with.source();
        let source =
            format!("--source-server=postgresql://{}@{host}:{port}/postgres", self.with.user);
        let target = format!("--target-pgdata={}", self.with.data);
        self.tool("pg_rewind", &[&target, &source, "--progress"])
    }

    /// The call that copies into `folder`.
    pub(super) fn copy_argv(&self, folder: &str) -> Vec<String> {
        let connection = self.with.connection();
        let mut arguments: Vec<&str> = connection.iter().map(String::as_str).collect();
        arguments.extend(["-D", folder, "-X", "stream", "-c", "fast", "--progress"]);
        if let Some(slot) = &self.with.slot {
            arguments.extend(["-S", slot]);
        }
        self.tool("pg_basebackup", &arguments)
    }

    /// Does it.
    pub(super) async fn rejoin(
        &mut self,
        execution: &Execution,
        output: &mut dyn Output,
    ) -> Applied {
        let began = self.clock.now();
        let source = self.seat.other_state().await.map_err(Trouble::before_sending)?;
        let running = self.verify(&source).await?;
        output.line(&format!("{} is verified to be the data that is meant", self.with.data));
        if REWINDS {
            self.checkpoint(&source, began, output).await?;
        }
        self.slot(output).await?;
        if REWINDS {
            self.rewind(execution, running, began, output).await?;
        } else {
            self.copy(execution, running, began, output).await?;
        }
        self.start(began, output).await?;
        match self.until_done(began, LOOK_AGAIN, output).await {
            Ok(seen) => tell(seen, output),
            Err(said) => Err(in_between(format!("it was started, but {said}"))),
        }
    }

    /// The text of a small file; empty where there is none.
    pub(super) async fn file(&self, path: &str) -> Result<String, OperateError> {
        let answer = self.with.machine.ask(&["cat", path].map(str::to_owned), None).await?;
        Ok(answer.said.stdout().to_owned())
    }

    /// Until the new primary's control file names its own timeline, a rewind takes both servers
    /// for one history and copies nothing.
    async fn checkpoint(
        &self,
        source: &SideState,
        began: Stamp,
        output: &mut dyn Output,
    ) -> Result<(), OperateError> {
        let session = self.seat.open_other().await.map_err(Trouble::before_sending)?;
        let timeline = "select timeline_id as timeline from pg_control_checkpoint()";
        let mut asked = false;
        loop {
            let told = async { column::<i32>(&session.row(timeline).await?, "timeline") };
            let told = self.seat.own.within(told).await;
            if told.map_err(Trouble::before_sending)? >= source.timeline {
                return Ok(());
            }
            if !asked {
                asked = true;
                let place = &self.seat.other_region;
                output.line(&format!("{place} writes a checkpoint of its own timeline"));
                if let Err(trouble) = session.run("checkpoint").await {
                    output.line(&format!("its next own one is waited for: {trouble}"));
                }
            }
            if self.left(began) < LOOK_AGAIN {
                let why = format!(
                    "{} wrote no checkpoint on timeline {} yet; nothing was done: GRANT \
                     pg_checkpoint to the role that asks",
                    self.seat.other_region, source.timeline
                );
                return Err(refused(why));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Makes the slot with the rights of the replicating role, which proves that it is let in.
    async fn slot(&self, output: &mut dyn Output) -> Result<(), OperateError> {
        let Some(slot) = &self.with.slot else { return Ok(()) };
        let connection = self.with.connection();
        let mut arguments: Vec<&str> = connection.iter().map(String::as_str).collect();
        arguments.extend(["--create-slot", "--if-not-exists", "--slot", slot]);
        let argv = self.tool("pg_receivewal", &arguments);
        let answer = self.with.machine.ask(&argv, None).await?;
        answer.succeeded(|words| {
            refused(format!("the slot {slot} cannot be made{words}; nothing was done"))
        })?;
        output.line(&format!("slot {slot} is there on {}", self.seat.other_region));
        Ok(())
    }

    async fn stop(&self, began: Stamp, output: &mut dyn Output) -> Result<(), OperateError> {
        let limit = self.left(began);
        let seconds = limit.as_secs().to_string();
        let argv = match self.with.stop.as_slice() {
            [] => self.pg_ctl(&["-m", "fast", "-w", "-t", &seconds, "stop"]),
            written => written.to_vec(),
        };
        let answer = self.with.machine.tell(&argv, limit, output).await?;
        let status = self.with.machine.ask(&self.pg_ctl(&["status"]), None).await?;
        if status.code == NO_SERVER {
            return Ok(());
        }
        let words = answer.said.last_words();
        Err(in_between(format!("{} did not stop{words}", self.seat.name)))
    }

    async fn rewind(
        &self,
        execution: &Execution,
        running: bool,
        began: Stamp,
        output: &mut dyn Output,
    ) -> Result<(), OperateError> {
        let data = &self.with.data;
        if running {
            self.stop(began, output).await?;
        }
        // Kept once a run: a second attempt would find the new primary's own files.
        let kept = format!("{data}.conf-{}", execution.intent().run);
        if !self.is_there(&kept).await? {
            let part = format!("{kept}.part");
            self.must(&["mkdir", "-p", &part]).await?;
            self.copy_conf(data, &part).await?;
            self.must(&["mv", "-T", &part, &kept]).await?;
        }
        output.line(&format!("configuration kept in {kept}"));
        let answer = self.with.machine.tell(&self.rewind_argv(), self.left(began), output).await?;
        let name = &self.seat.name;
        answer.succeeded(|words| {
            let words = format!("pg_rewind failed{words}; {name} is stopped");
            in_between(format!("{words}: use postgres.base_backup"))
        })?;
        self.copy_conf(&kept, data).await?;
        self.configure(&kept).await
    }

    async fn copy(
        &self,
        execution: &Execution,
        running: bool,
        began: Stamp,
        output: &mut dyn Output,
    ) -> Result<(), OperateError> {
        let (data, intent) = (&self.with.data, execution.intent());
        let (new, before) = (
            format!("{data}.new-{}-{}", intent.run, intent.attempt),
            format!("{data}.before-{}", intent.run),
        );
        let answer =
            self.with.machine.tell(&self.copy_argv(&new), self.left(began), output).await?;
        answer.succeeded(|words| {
            let words = format!("pg_basebackup failed{words}; {data} was not touched");
            refused(format!("{words}, what came is in {new}"))
        })?;
        if running {
            self.stop(began, output).await?;
        }
        // The first attempt's is the old primary's own; what a later one finds is a half-made copy.
        if self.is_there(data).await? {
            let half = format!("{before}-{}", intent.attempt);
            let aside = if self.is_there(&before).await? { &half } else { &before };
            self.must(&["mv", "-T", data, aside]).await?;
            output.line(&format!("what was in {data} is kept in {aside}"));
        }
        self.must(&["mv", "-T", &new, data]).await?;
        self.copy_conf(&before, data).await?;
        self.configure(&before).await
    }

    pub(super) async fn is_there(&self, path: &str) -> Result<bool, OperateError> {
        let answer = self.with.machine.ask(&["test", "-e", path].map(str::to_owned), None).await?;
        Ok(answer.code == 0)
    }

    /// Runs a small program that must succeed; by then the server is stopped.
    async fn must(&self, argv: &[&str]) -> Result<(), OperateError> {
        let owned: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let (call, name) = (argv.join(" "), &self.seat.name);
        let failed = |words| in_between(format!("`{call}` failed{words}; {name} is stopped"));
        self.with.machine.ask(&owned, None).await?.succeeded(failed).map(drop)
    }

    async fn copy_conf(&self, from: &str, to: &str) -> Result<(), OperateError> {
        for name in CONF_FILES {
            let file = format!("{from}/{name}");
            if self.is_there(&file).await? {
                self.must(&["cp", "-p", &file, to]).await?;
            }
        }
        Ok(())
    }

    /// Makes the data a standby's. The old lines come from `kept`, so that a second attempt finds
    /// the same; its text may hold secrets and is never printed.
    async fn configure(&self, kept: &str) -> Result<(), OperateError> {
        let (data, path) = (&self.with.data, format!("{kept}/{AUTO_CONF}"));
        let old = self.file(&path).await?;
        if old.len() > AUTO_CONF_BYTES_MAX {
            return Err(in_between(format!("{path} is too long to be rewritten here")));
        }
        let conf = self.with.standby_conf(&old);
        let argv = ["tee", &format!("{data}/{AUTO_CONF}")].map(str::to_owned);
        if self.with.machine.ask(&argv, Some(&conf)).await?.code != 0 {
            return Err(in_between(format!("{data}/{AUTO_CONF} cannot be written")));
        }
        self.must(&["touch", &format!("{data}/standby.signal")]).await
    }

    async fn start(&self, began: Stamp, output: &mut dyn Output) -> Result<(), OperateError> {
        let (limit, log) = (self.left(began), format!("{}.log", self.with.data));
        let seconds = limit.as_secs().to_string();
        let argv = match self.with.start.as_slice() {
            [] => self.pg_ctl(&["-l", &log, "-w", "-t", &seconds, "start"]),
            written => written.to_vec(),
        };
        let answer = self.with.machine.tell(&argv, limit, output).await?;
        let name = &self.seat.name;
        let failed = |words| in_between(format!("{name} did not start{words}; see {log}"));
        answer.succeeded(failed).map(drop)
    }
}
