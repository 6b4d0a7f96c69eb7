//! The step that looks at one side until it is up: of every kind whose sides are looked at alone.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Health;
use crate::domain::run::commit::Execution;
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Boxed, Clock, OperateError, Operator, OperatorSetup, Output};
use crate::systems::kit::each::Looked;
use crate::systems::kit::wait::Patience;

/// Looks until it is up, or until the step's time is over.
pub struct UntilUp<T> {
    looked: T,
    call: Clean,
    acts_as: Clean,
    timeout: Duration,
    patience: Patience,
    clock: Arc<dyn Clock>,
}

impl<T: Looked> UntilUp<T> {
    /// The operator of a step on this side of `system`; `call` says what is asked, and `acts_as` by
    /// whom.
    pub fn boxed(
        setup: OperatorSetup<'_>,
        system: &SystemSpec,
        looked: T,
        (call, acts_as): (String, String),
    ) -> Box<dyn Operator> {
        let clock = setup.clock;
        let (pause, deadline) = (system.every, setup.step.timeout);
        Box::new(Self {
            looked,
            call: call.into(),
            acts_as: acts_as.into(),
            timeout: system.timeout,
            patience: Patience { clock: Arc::clone(&clock), pause, deadline },
            clock,
        })
    }
}

/// Up is done, any other state is not; an answer that says nothing of the state is unknown.
async fn standing(looked: &impl Looked, clock: &dyn Clock, timeout: Duration) -> Standing {
    match looked.look(clock, timeout).await {
        Ok(reading) => match reading.health {
            Health::Up => Standing::Done(reading.note),
            Health::Degraded(why) | Health::Down(why) => Standing::NotDone(why),
            Health::Unknown(why) => Standing::Unknown(why),
        },
        Err(error) if error.counts_as_failure() => Standing::NotDone(error.message),
        Err(error) => Standing::Unknown(error.message),
    }
}

impl<T: Looked> Operator for UntilUp<T> {
    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(standing(&self.looked, self.clock.as_ref(), self.timeout))
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let line = PreviewLine { mark: '~', text: "changes nothing, it only looks".into() };
        let (call, acts_as) = (self.call.clone(), self.acts_as.clone());
        Box::pin(std::future::ready(Preview { changes: vec![line], call, acts_as }))
    }

    fn apply<'a>(
        &'a mut self,
        _execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        let patience = self.patience.clone();
        Box::pin(async move { patience.until_done(output, self).await })
    }
}
