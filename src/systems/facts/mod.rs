//! The step `facts.wait`: waits until a fact of any system is what the plan asks for.
//!
//! It belongs to no kind: the target's own probe, found by its kind, does the looking. What another
//! server says than the one that the screen showed satisfies nothing.

mod bound;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::Side;
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::run::commit::Execution;
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields, Table, unknown};
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::{COMMON_FACTS, Cell};
use crate::domain::text::Clean;
use crate::port::{
    Action, Boxed, Clock, OperateError, Operator, OperatorSetup, Output, Probe, ProbeSetup, System,
};
use crate::systems::kit::wait::Patience;
use bound::Wanted;

/// The action `facts.wait`, with the kinds of system it may find: it knows none by itself.
pub struct Wait {
    /// All kinds.
    pub systems: fn() -> &'static [&'static dyn System],
}

const FACT: Setting<String> = Setting::new(
    "fact",
    Kind::Text,
    "The fact's name; those with a history count this step's looks only",
)
.required()
.example("\"healthy\"");

const AT_LEAST: Setting<Table> = Setting::new(
    "at_least",
    Kind::Shape("a number, or a time such as \"60s\""),
    "The least it may be",
);

const AT_MOST: Setting<Table> = Setting::new(
    "at_most",
    Kind::Shape("a number, or a time such as \"5s\""),
    "The most it may be",
);

const IS: Setting<Table> =
    Setting::new("is", Kind::Shape("true, false, a whole number or a word"), "What it must be")
        .example("true");

static SPEC: ActionSpec = ActionSpec {
    name: "facts.wait",
    doc: "Looks at the target until one of its facts is as wanted or the step's time is over",
    verb: "wait",
    permissions: &["those of watching the target system"],
    settings: &[FACT.spec, AT_LEAST.spec, AT_MOST.spec, IS.spec],
    ..ActionSpec::LOOK
};

/// The settings of the step.
struct Plan {
    fact: String,
    wanted: Wanted,
}

impl Wait {
    fn kind_of(&self, system: &SystemSpec) -> Result<&'static dyn System, Fault> {
        let all = (self.systems)().iter().copied();
        all.clone().find(|one| one.kind() == system.kind).ok_or_else(|| {
            let message = unknown("a kind of system", &system.kind, all.map(System::kind));
            Fault::new(system.span, message)
        })
    }
}

impl Plan {
    fn read(with: &Table, system: &SystemSpec, kind: &dyn System) -> Result<Self, Fault> {
        let fields = Fields::new(with, "`with` of facts.wait");
        let fact = FACT.get(&fields)?;
        let own = kind.facts().iter().map(|fact| fact.name);
        let known = COMMON_FACTS.iter().map(|(name, _)| *name).chain(own);
        if !known.clone().any(|name| name == fact) {
            let what = format!("a fact of system `{}`", system.id);
            return Err(fields.fault("fact", unknown(&what, &fact, known)));
        }
        let wanted = Wanted::read(&fields)?;
        fields.finish()?;
        Ok(Self { fact, wanted })
    }
}

fn no_target(with: &Table) -> Fault {
    Fault::new(with.span, "facts.wait needs a `target`, the system that tells the fact")
}

impl Action for Wait {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        let system = system.ok_or_else(|| no_target(with))?;
        let kind = self.kind_of(system)?;
        kind.secrets_to_watch(system)?;
        Plan::read(with, system, kind).map(drop)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let (system, side) = setup.target.ok_or_else(|| no_target(setup.with))?;
        if system.sides[side.index()].is_none() {
            let message = format!("system `{}` is not in region {side}", system.id);
            return Err(Fault::new(system.span, message));
        }
        let (clock, kind) = (Arc::clone(&setup.clock), self.kind_of(system)?);
        let probe = ProbeSetup::alone(system, setup.secrets, &clock);
        Ok(Box::new(WaitOperator {
            probe: kind.probe(probe)?,
            plan: Plan::read(setup.with, system, kind)?,
            name: system.id.to_string(),
            side,
            every: system.every,
            cell: Cell::default(),
            patience: Patience {
                clock: Arc::clone(&clock),
                pause: system.every,
                deadline: setup.step.timeout,
            },
            clock,
        }))
    }
}

struct WaitOperator {
    probe: Box<dyn Probe>,
    plan: Plan,
    name: String,
    side: Side,
    every: Duration,
    cell: Cell,
    patience: Patience,
    clock: Arc<dyn Clock>,
}

impl WaitOperator {
    async fn standing(&mut self) -> Standing {
        let at = self.clock.now();
        let looks = self.probe.look().await;
        let server = |side: Side| looks.side(side)?.as_ref().ok()?.identity.as_ref();
        let (own, other) = (server(self.side), server(self.side.other()));
        if own.is_some_and(|own| other.is_some_and(|other| own.server == other.server)) {
            let why = format!("both names of {} lead to the same server", self.name);
            return Standing::Unknown(why.into());
        }
        let Some(look) = looks.side(self.side).cloned() else {
            return Standing::Unknown("the system was not looked at in this region".into());
        };
        self.cell.record(at, look);
        let value = self.cell.fact(&self.plan.fact, self.clock.now(), self.every);
        let seen = format!("{} is {}", self.plan.fact, value.shown());
        match self.plan.wanted.holds(&value) {
            Some(true) => Standing::Done(seen.into()),
            Some(false) => {
                Standing::NotDone(format!("{seen}, wanted {}", self.plan.wanted.shown()).into())
            }
            None => Standing::Unknown(seen.into()),
        }
    }
}

impl Operator for WaitOperator {
    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(self.standing())
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let line = PreviewLine { mark: '~', text: "changes nothing, it only looks".into() };
        let (fact, wanted) = (&self.plan.fact, self.plan.wanted.shown());
        let preview = Preview {
            changes: vec![line],
            call: format!("look at {} until {fact} is {wanted}", self.name).into(),
            acts_as: "a watcher of the system".into(),
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
