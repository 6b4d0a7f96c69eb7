//! One kind of step on a pair of servers: a kind writes what it looks for and what it does.

use std::sync::Arc;
use std::time::Duration;

use super::seat::{Rights, Seat, check_target};
use super::server::Server;
use super::wait::MARGIN;
use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::{Side, StepId};
use crate::domain::preview::{Preview, Standing};
use crate::domain::reading::Identity;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, Clock, Expected, OperateError, Operator, OperatorSetup, Output};

/// A kind of step on a kind of server.
pub trait Task: Sized + Send + Sync + 'static {
    /// The kind of server.
    type On: Server;
    /// Its settings as read.
    type With: Send + Sync + 'static;
    /// What it is.
    const SPEC: ActionSpec;
    /// Which secrets it connects with.
    const RIGHTS: Rights;

    /// Reads its settings; unknown keys are refused afterwards.
    ///
    /// # Errors
    /// When one is wrong.
    fn with(fields: &Fields<'_>) -> Result<Self::With, Fault>;
    /// Reads them for a target, whose own settings may say more.
    ///
    /// # Errors
    /// When one is wrong or unknown.
    fn with_for(table: &Table, _target: (&SystemSpec, Side)) -> Result<Self::With, Fault> {
        read::<Self>(table)
    }
    /// Checks what is written without opening anything.
    ///
    /// # Errors
    /// When a setting is wrong, or the target is none for this kind of step.
    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        read::<Self>(table)?;
        check_target::<Self::On>(system, Self::RIGHTS)
    }

    /// Which server answers now under the target's name.
    fn identity(at: &At<Self>) -> impl Future<Output = Result<Option<Identity>, Clean>> + Send {
        at.seat.own.identity()
    }
    /// Whether the effect is there. Changes nothing.
    fn standing(at: &At<Self>) -> impl Future<Output = Standing> + Send;
    /// What `apply` would do. Changes nothing.
    fn foresee(at: &At<Self>) -> impl Future<Output = Preview> + Send;
    /// Does it, once.
    fn apply(
        at: &At<Self>,
        execution: &Execution,
        output: &mut dyn Output,
    ) -> impl Future<Output = Result<Clean, OperateError>> + Send;
}

/// Reads a task's settings and refuses others.
fn read<T: Task>(table: &Table) -> Result<T::With, Fault> {
    let fields = Fields::new(table, T::SPEC.name);
    fields.know(T::SPEC.settings.iter().map(|setting| setting.name));
    let with = T::with(&fields)?;
    fields.finish()?;
    Ok(with)
}

/// A task at its place.
pub struct At<T: Task> {
    /// The servers and who asks.
    pub seat: Seat<T::On>,
    /// Its settings.
    pub with: T::With,
    /// Which servers the screen showed.
    pub expected: Expected,
    /// The step.
    pub step: StepId,
    /// The step's time.
    pub timeout: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<T: Task> Action for T {
    fn spec(&self) -> &'static ActionSpec {
        &T::SPEC
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        T::check(with, system)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let seat = Seat::new(&setup, T::RIGHTS)?;
        let with = match setup.target {
            Some(target) => T::with_for(setup.with, target)?,
            None => read::<T>(setup.with)?,
        };
        Ok(Box::new(At::<T> {
            seat,
            with,
            expected: setup.expected,
            step: setup.step.id.clone(),
            timeout: setup.step.timeout,
            clock: setup.clock,
        }))
    }
}

impl<T: Task> Operator for At<T> {
    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(T::identity(self))
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(T::standing(self))
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(T::foresee(self))
    }

    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(T::apply(self, execution, output))
    }
}

impl<T: Task> At<T> {
    /// The step's time, less what its runner needs to end it.
    pub fn deadline(&self) -> Duration {
        self.timeout.saturating_sub(MARGIN)
    }
}

/// The outcome of a step that only looks: what was seen, in a line.
///
/// # Errors
/// When it is not as wanted; nothing was changed then. `unread` completes "…: why" where it could
/// not be told.
pub fn as_seen(
    seen: Standing,
    unread: &str,
    output: &mut dyn Output,
) -> Result<Clean, OperateError> {
    match seen {
        Standing::Done(words) => {
            output.line(words.as_str());
            Ok(words)
        }
        Standing::NotDone(words) => Err(OperateError::Refused(words)),
        Standing::Unknown(why) => Err(OperateError::Refused(format!("{unread}: {why}").into())),
    }
}
