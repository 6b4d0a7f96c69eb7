//! Keeps a reachable old primary from accepting writes, and lifts that again.
//!
//! The fence is the server's default: every new transaction is read-only and the sessions that were
//! open are ended. A session may set the default back for itself, a superuser always can: this is a
//! fence against applications, not against people. A hard fence cuts the network or stops the
//! server.

use std::time::Duration;

use super::super::link::{Session, column};
use super::super::trouble::{Trouble, TroubleKind};
use super::seat::{ANSWER_LIMIT, Rights, Seat, check_target};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Identity;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, OperateError, Operator, OperatorSetup, Output};

/// The time between two looks whether the new configuration is in force.
const RELOAD_LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often that is looked.
const RELOAD_LOOKS_MAX: u32 = 100;

const PERMISSIONS: &[&str] = &[
    "GRANT ALTER SYSTEM ON PARAMETER default_transaction_read_only TO the acting role \
     (PostgreSQL 15; before it a superuser)",
    "GRANT EXECUTE ON FUNCTION pg_reload_conf() TO the acting role",
    "GRANT pg_signal_backend, pg_monitor TO the acting role",
];

const FENCE: ActionSpec = ActionSpec {
    name: "postgres.fence",
    doc: "Makes a reachable old primary read-only by default and ends its sessions; a superuser \
          can still write, so it is no hard fence",
    verb: "fence",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::IdempotentByKey,
    change: Change::Fence,
    reversal: "By postgres.unfence",
    permissions: PERMISSIONS,
    needs_target: true,
    settings: &[],
};

const UNFENCE: ActionSpec = ActionSpec {
    name: "postgres.unfence",
    doc: "Lifts the fence of postgres.fence: new transactions may write again",
    verb: "unfence",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::IdempotentByKey,
    change: Change::Unfence,
    reversal: "By postgres.fence",
    permissions: PERMISSIONS,
    needs_target: true,
    settings: &[],
};

/// `postgres.fence`.
pub(super) struct Fence;

/// `postgres.unfence`.
pub(super) struct Unfence;

impl Action for Fence {
    fn spec(&self) -> &'static ActionSpec {
        &FENCE
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Fields::new(with, FENCE.name).finish()?;
        check_target(system, Rights::Act)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        Ok(Box::new(Fencer { seat: Seat::new(&setup, Rights::Act)?, fenced: true }))
    }
}

impl Action for Unfence {
    fn spec(&self) -> &'static ActionSpec {
        &UNFENCE
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Fields::new(with, UNFENCE.name).finish()?;
        check_target(system, Rights::Act)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        Ok(Box::new(Fencer { seat: Seat::new(&setup, Rights::Act)?, fenced: false }))
    }
}

/// How writes stand, seen from a new session.
struct Gate {
    in_recovery: bool,
    read_only: bool,
    /// Roles or databases that set the default back for themselves.
    overrides: i64,
    /// Other sessions open.
    sessions: i64,
}

const GATE: &str = "
select pg_is_in_recovery() as recovering,
  current_setting('default_transaction_read_only') = 'on' as read_only,
  (select count(*) from pg_db_role_setting
     where exists (select 1 from unnest(setconfig) as entry
       where entry ~ '^default_transaction_read_only=(off|false|no|0)')) as overrides,
  (select count(*) from pg_stat_activity
     where backend_type = 'client backend' and pid <> pg_backend_pid()) as sessions";

/// Sessions to be ended. Replication stays, so that a standby can still receive the rest.
const SESSIONS: &str = "
select pid from pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid()";

struct Fencer {
    seat: Seat,
    /// True to set the fence, false to lift it.
    fenced: bool,
}

impl Fencer {
    fn call(&self) -> &'static str {
        if self.fenced {
            "alter system set default_transaction_read_only = on"
        } else {
            "alter system reset default_transaction_read_only"
        }
    }

    /// Asks on a new session, which has the default that every new session gets.
    async fn gate(&self) -> Result<Gate, Trouble> {
        let session = self.seat.open().await?;
        let row = self.seat.within(ANSWER_LIMIT, session.row(GATE)).await?;
        Ok(Gate {
            in_recovery: column(&row, "recovering")?,
            read_only: column(&row, "read_only")?,
            overrides: column(&row, "overrides")?,
            sessions: column(&row, "sessions")?,
        })
    }

    async fn standing(&self) -> Standing {
        let gate = match self.gate().await {
            Ok(gate) => gate,
            Err(trouble) => return Standing::Unknown(trouble.message),
        };
        let name = &self.seat.name;
        match (self.fenced, gate.in_recovery, gate.read_only) {
            (true, true, _) => {
                Standing::Done(format!("{name} is a standby, refuses writes").into())
            }
            (true, false, true) if gate.overrides > 0 => Standing::NotDone(
                format!(
                    "{name} is read-only by default, but {} role or database settings lift that",
                    gate.overrides
                )
                .into(),
            ),
            (true, false, true) => Standing::Done(format!("{name} is read-only by default").into()),
            (true, false, false) => Standing::NotDone(format!("{name} accepts writes").into()),
            (false, _, true) => Standing::NotDone(format!("{name} is read-only by default").into()),
            (false, _, false) => {
                Standing::Done(format!("{name} is not read-only by default").into())
            }
        }
    }

    async fn foresee(&self) -> Preview {
        let line = |mark: char, text: String| PreviewLine { mark, text: text.into() };
        let name = &self.seat.name;
        let changes = match (self.gate().await, self.fenced) {
            (Err(trouble), _) => vec![line('!', format!("{name} cannot be seen: {trouble}"))],
            (Ok(gate), true) => vec![
                line('~', format!("{name} writes accepted -> REFUSED by default")),
                line('-', format!("{} open sessions ENDED", gate.sessions)),
                line('!', "a superuser can still write: this is no hard fence".to_owned()),
            ],
            (Ok(_), false) => vec![line('~', format!("{name} writes refused -> ACCEPTED"))],
        };
        Preview {
            changes,
            call: format!("{}; select pg_reload_conf()", self.call()).into(),
            acts_as: self.seat.acts_as(),
        }
    }

    async fn set(&self, output: &mut dyn Output) -> Result<Clean, OperateError> {
        let session = self.seat.open().await.map_err(Trouble::before_sending)?;
        let within = ANSWER_LIMIT;
        // Asked first, because a configuration that is written but cannot be loaded is half done.
        let may = "select has_function_privilege('pg_reload_conf()', 'execute') as may";
        let may: bool = self
            .seat
            .within(within, async { column(&session.row(may).await?, "may") })
            .await
            .map_err(Trouble::before_sending)?;
        if !may {
            let message = format!(
                "{} may not reload the configuration; GRANT EXECUTE ON FUNCTION pg_reload_conf() \
                 TO {}",
                self.seat.target.user, self.seat.target.user
            );
            return Err(OperateError::Permission(message.into()));
        }
        let ambiguous = Trouble::into_operate_error;
        self.seat.within(within, session.run(self.call())).await.map_err(ambiguous)?;
        output.line(self.call());
        self.seat
            .within(within, session.row("select pg_reload_conf()"))
            .await
            .map_err(half_done)?;
        output.line("select pg_reload_conf()");
        self.wait_until_in_force().await.map_err(half_done)?;
        if !self.fenced {
            return Ok(format!("{} is not read-only by default", self.seat.name).into());
        }
        let (ended, left) = end_sessions(&self.seat, &session).await.map_err(half_done)?;
        let words = if left == 0 {
            format!("{} is read-only by default, {ended} sessions ended", self.seat.name)
        } else {
            format!(
                "{} is read-only by default, {ended} sessions ended, {left} could not be ended: \
                 end them as a superuser",
                self.seat.name
            )
        };
        output.line(&words);
        Ok(words.into())
    }

    /// A reload is done by the server in its own time.
    async fn wait_until_in_force(&self) -> Result<(), Trouble> {
        for _ in 0..RELOAD_LOOKS_MAX {
            if self.gate().await?.read_only == self.fenced {
                return Ok(());
            }
            tokio::time::sleep(RELOAD_LOOK_EVERY).await;
        }
        let message = format!("{} did not load its new configuration", self.seat.target.place);
        Err(Trouble::new(TroubleKind::Timeout, message))
    }
}

/// After the configuration was written every failure leaves it in between.
fn half_done(trouble: Trouble) -> OperateError {
    OperateError::Ambiguous(trouble.message)
}

/// Ends the other sessions one by one; returns how many ended and how many could not be.
async fn end_sessions(seat: &Seat, session: &Session) -> Result<(usize, usize), Trouble> {
    let (mut ended, mut left) = (0, 0);
    for row in seat.within(ANSWER_LIMIT, session.rows(SESSIONS)).await? {
        let pid: i32 = column(&row, "pid")?;
        let end = format!("select pg_terminate_backend({pid})");
        match seat.within(ANSWER_LIMIT, session.row(&end)).await {
            Ok(_) => ended += 1,
            Err(trouble) if trouble.kind == TroubleKind::Permission => left += 1,
            Err(trouble) => return Err(trouble),
        }
    }
    Ok((ended, left))
}

impl Operator for Fencer {
    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(self.seat.identity())
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(self.standing())
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(self.foresee())
    }

    fn apply<'a>(
        &'a mut self,
        _execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(self.set(output))
    }
}
