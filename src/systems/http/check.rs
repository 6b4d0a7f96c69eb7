//! The step `http.check`: waits until the target endpoint is up.

use std::sync::Arc;
use std::time::Duration;

use super::look::{Endpoint, ReadyEndpoint};
use crate::domain::catalogue::ActionSpec;
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Health;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, Clock, OperateError, Operator, OperatorSetup, Output};
use crate::systems::kit::each::Looked;
use crate::systems::kit::sides::{both_sides, one_side};
use crate::systems::kit::wait::Patience;

/// The action `http.check`.
pub struct Check;

static SPEC: ActionSpec = ActionSpec {
    name: "http.check",
    doc: "Looks at the target endpoint until it is up or the step's time is over",
    permissions: &["read access to the endpoint, where it asks for any"],
    ..ActionSpec::LOOK
};

impl Action for Check {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Fields::new(with, "`with` of http.check").finish()?;
        match system {
            Some(system) => both_sides(system, Endpoint::read).map(drop),
            None => Err(Fault::new(with.span, "http.check needs a `target` of the kind `http`")),
        }
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let Some((system, side)) = setup.target else {
            let message = "http.check needs a `target` of the kind `http`";
            return Err(Fault::new(setup.step.span, message));
        };
        Ok(Box::new(CheckOperator {
            endpoint: one_side(system, side, Endpoint::read)?.ready(setup.secrets)?,
            timeout: system.timeout,
            patience: Patience {
                clock: Arc::clone(&setup.clock),
                pause: system.every,
                deadline: setup.step.timeout,
            },
            clock: setup.clock,
        }))
    }
}

struct CheckOperator {
    endpoint: ReadyEndpoint,
    timeout: Duration,
    patience: Patience,
    clock: Arc<dyn Clock>,
}

/// Up is done, any other state is not; an answer that says nothing of the state is unknown.
async fn standing(endpoint: &ReadyEndpoint, clock: &dyn Clock, timeout: Duration) -> Standing {
    match endpoint.look(clock, timeout).await {
        Ok(reading) => match reading.health {
            Health::Up => Standing::Done(reading.note),
            Health::Degraded(why) | Health::Down(why) => Standing::NotDone(why),
            Health::Unknown(why) => Standing::Unknown(why),
        },
        Err(error) if error.counts_as_failure() => Standing::NotDone(error.message),
        Err(error) => Standing::Unknown(error.message),
    }
}

impl Operator for CheckOperator {
    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(standing(&self.endpoint, self.clock.as_ref(), self.timeout))
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let line = PreviewLine { mark: '~', text: "changes nothing, it only looks".into() };
        let preview = Preview {
            changes: vec![line],
            call: self.endpoint.ready.call().shown().into(),
            acts_as: format!("a reader of {}", self.endpoint.ready.peer()).into(),
        };
        Box::pin(std::future::ready(preview))
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
