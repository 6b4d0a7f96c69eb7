//! One kind of step on a pair of servers: a kind writes what it looks for and what it does.

use std::sync::Arc;
use std::time::Duration;

use super::seat::{Bench, Rights, Seat, Told, check_target, line};
use super::server::{Server, Written};
use super::trouble::{Trouble, TroubleKind};
use super::wait::{MARGIN, until};
use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::{Side, StepId};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Identity;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{
    Action, Applied, Boxed, Clock, Expected, OperateError, Operator, OperatorSetup, Output,
};

/// What every task names.
pub mod prelude {
    pub use super::{At, Foreseen, Task, as_seen, rival, tell};
    pub use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
    pub use crate::domain::preview::{PreviewLine, Standing};
    pub use crate::domain::run::commit::Execution;
    pub use crate::domain::setting::{Kind, Setting};
    pub use crate::domain::settings::{Fault, Fields};
    pub use crate::domain::text::Clean;
    pub use crate::port::{Applied, OperateError, Output};
    pub use crate::systems::kit::seat::{Bench, LOOK_EVERY, Rights, Told, line};
    pub use crate::systems::kit::server::Server;
    pub use crate::systems::kit::trouble::{Trouble, TroubleKind};
}

/// The lines of a preview, or why there are none; and the call.
pub type Foreseen = (Result<Vec<PreviewLine>, Trouble>, String);

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
        check_target::<Self::On>(system, Self::RIGHTS)?;
        system.map_or(Ok(()), suits::<Self>)
    }

    /// Which server answers now under the target's name.
    fn identity(at: &At<Self>) -> impl Future<Output = Result<Option<Identity>, Clean>> + Send {
        at.seat.own.identity()
    }
    /// Whether the effect is there. Changes nothing.
    ///
    /// # Errors
    /// Why that cannot be told.
    fn standing(at: &At<Self>) -> impl Future<Output = Result<Standing, Trouble>> + Send;
    /// What `apply` would change, or why the target cannot be seen; and the call. Changes nothing.
    fn foresee(at: &At<Self>) -> impl Future<Output = Foreseen> + Send;
    /// Who is asked to do it.
    fn by(at: &At<Self>) -> &Bench<Self::On> {
        &at.seat.own
    }
    /// Does it, once.
    fn apply(
        at: &mut At<Self>,
        execution: &Execution,
        output: &mut dyn Output,
    ) -> impl Future<Output = Applied> + Send;
}

/// Reads a task's settings and refuses others.
///
/// # Errors
/// When one is wrong or unknown.
pub fn read<T: Task>(table: &Table) -> Result<T::With, Fault> {
    let fields = Fields::new(table, T::SPEC.name);
    fields.know(T::SPEC.settings.iter().map(|setting| setting.name));
    let with = T::with(&fields)?;
    fields.finish()?;
    Ok(with)
}

/// Refuses a target that is not made as the step wants it.
fn suits<T: Task>(spec: &SystemSpec) -> Result<(), Fault> {
    let sides = Written::<T::On>::both(spec)?;
    let why = sides.iter().flatten().find_map(|side| T::On::unsuited(&side.own, &T::SPEC));
    let fault = |why| Err(Fault::new(spec.span, format!("system `{}` {why}", spec.id)));
    why.map_or(Ok(()), fault)
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
            Some(target) => {
                suits::<T>(target.0)?;
                T::with_for(setup.with, target)?
            }
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
        Box::pin(self.standing())
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(async {
            let (changes, call) = T::foresee(self).await;
            let name = &self.seat.name;
            let unseen = |why| vec![line('!', format!("{name} cannot be seen: {why}"))];
            let changes = changes.unwrap_or_else(unseen);
            Preview { changes, call: call.into(), acts_as: T::by(self).acts_as() }
        })
    }

    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Applied> {
        Box::pin(T::apply(self, execution, output))
    }
}

impl<T: Task> At<T> {
    /// How the step stands; unknown where that cannot be told.
    pub async fn standing(&self) -> Standing {
        T::standing(self).await.unwrap_or_else(|trouble| Standing::Unknown(trouble.message))
    }

    /// Looks until it is done, or until the step's time from `began` on is over; every change of
    /// what is seen becomes a line of output.
    ///
    /// # Errors
    /// What was seen last, where that was never done.
    pub async fn until_done(
        &mut self,
        began: Stamp,
        pause: Duration,
        output: &mut dyn Output,
    ) -> Result<Clean, Clean> {
        let clock = Arc::clone(&self.clock);
        until((&*clock, began, self.timeout), pause, output, self).await
    }

    /// Waits until what was ordered is done, as the end of the step: a line of output tells it.
    ///
    /// # Errors
    /// Where it was not seen to be done within the step's time; it may still come.
    pub async fn wait(
        &mut self,
        began: Stamp,
        pause: Duration,
        output: &mut dyn Output,
    ) -> Applied {
        match self.until_done(began, pause, output).await {
            Ok(words) => tell(words, output),
            Err(said) => {
                let words = format!("ordered, but not done within the step's time: {said}");
                Err(OperateError::Ambiguous(words.into()))
            }
        }
    }

    /// Refuses what is meant only while no primary on the other side may take writes; one that is
    /// silent may be dead.
    ///
    /// # Errors
    /// When the other side answers and is not proven closed.
    pub fn no_rival(
        &self,
        other: &Told<T::On>,
        is_closed: impl FnOnce(&<T::On as Server>::State) -> bool,
    ) -> Result<(), OperateError> {
        let is_closed = match other {
            Ok(other) => is_closed(other),
            Err(trouble) => trouble.kind != TroubleKind::OtherServer,
        };
        let is_refused = self.seat.alone && !is_closed;
        if is_refused { Err(rival(&self.seat.other_region)) } else { Ok(()) }
    }

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
pub fn as_seen(seen: Standing, unread: &str, output: &mut dyn Output) -> Applied {
    match seen {
        Standing::Done(words) => tell(words, output),
        Standing::NotDone(words) => Err(OperateError::Refused(words)),
        Standing::Unknown(why) => Err(OperateError::Refused(format!("{unread}: {why}").into())),
    }
}

/// The end of a promotion that is meant only while no primary in `region` may take writes.
pub fn rival(region: &Clean) -> OperateError {
    let words = "answers and is not proven closed by now, so nothing was done: fence it first";
    OperateError::Refused(format!("{region} {words}").into())
}

/// The outcome of a step that did its work, also as its last line.
///
/// # Errors
/// Never.
pub fn tell(words: impl Into<Clean>, output: &mut dyn Output) -> Applied {
    let words = words.into();
    output.line(words.as_str());
    Ok(words)
}
