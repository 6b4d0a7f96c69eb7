//! The step `prometheus.check`: waits until the target's figures are known and within their limits.

use super::settings::Wanted;
use crate::domain::catalogue::ActionSpec;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::port::{Action, Operator, OperatorSetup};
use crate::systems::kit::check::UntilUp;
use crate::systems::kit::sides::{both_sides, one_side};

/// The action `prometheus.check`.
pub struct Check;

static SPEC: ActionSpec = ActionSpec {
    name: "prometheus.check",
    doc: "Looks until the target's figures are fresh and within their limits",
    permissions: &["read access to the query API, where it asks for any"],
    ..ActionSpec::LOOK
};

fn no_target(with: &Table) -> Fault {
    Fault::new(with.span, "prometheus.check needs a `target` of the kind `prometheus`")
}

/// What a step waits for must be written.
fn limited(table: &Table, what: &str) -> Result<Wanted, Fault> {
    let wanted = Wanted::read(table, what)?;
    if wanted.limits.are_none() {
        let message = format!(
            "{what} has no limit that prometheus.check could wait for; write \
             `error_rate_over`, `down_over`, `latency_over` or `lag_over`"
        );
        return Err(Fault::new(table.span, message));
    }
    Ok(wanted)
}

impl Action for Check {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Fields::new(with, "`with` of prometheus.check").finish()?;
        both_sides(system.ok_or_else(|| no_target(with))?, limited).map(drop)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let (system, side) = setup.target.ok_or_else(|| no_target(setup.with))?;
        let ready = one_side(system, side, limited)?.ready(setup.secrets)?;
        let place = ready.place();
        let words = (format!("GET {place}/api/v1/query"), format!("a reader of {place}"));
        Ok(UntilUp::boxed(setup, system, ready, words))
    }
}
