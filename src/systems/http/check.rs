//! The step `http.check`: waits until the target endpoint is up.

use super::look::Endpoint;
use crate::domain::catalogue::ActionSpec;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::port::{Action, Operator, OperatorSetup};
use crate::systems::kit::check::UntilUp;
use crate::systems::kit::sides::{both_sides, one_side};

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
        let endpoint = one_side(system, side, Endpoint::read)?.ready(setup.secrets)?;
        let call = endpoint.ready.call().shown();
        let acts_as = format!("a reader of {}", endpoint.ready.peer());
        Ok(UntilUp::boxed(setup, system, endpoint, (call, acts_as)))
    }
}
