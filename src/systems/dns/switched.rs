//! The step `dns.switched`: waits until a name leads to the target region, also at resolvers.

use std::sync::Arc;
use std::time::Duration;

use super::judge::{Switched, authoritative};
use super::zone::Expected;
use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::Side;
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::run::commit::Execution;
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields, Table, Value};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, OperateError, Operator, OperatorSetup, Output};
use crate::systems::kit::sides::{both_sides, one_side};
use crate::systems::kit::wait::Patience;

/// The action `dns.switched`.
pub struct IsSwitched;

const AT_LEAST: Setting<Table> = Setting::new(
    "at_least",
    Kind::Shape("a number"),
    "How many resolvers are enough: a count such as 2, a share such as 0.8; else all",
);

static SPEC: ActionSpec = ActionSpec {
    name: "dns.switched",
    doc: "Waits until the zone's own servers and enough resolvers lead to the target region",
    permissions: &["none: it asks as any client would"],
    settings: &[AT_LEAST.spec],
    ..ActionSpec::LOOK
};

/// How many resolvers are enough.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Enough {
    All,
    Count(usize),
    Share(f64),
}

impl Enough {
    fn read(with: &Table) -> Result<Self, Fault> {
        let fields = Fields::new(with, "`with` of dns.switched");
        let enough = match fields.node("at_least").map(|node| &node.value) {
            None => Self::All,
            Some(Value::Integer(_)) => {
                let count = fields.integer("at_least", 0, 16)?.unwrap_or_default();
                Self::Count(usize::try_from(count).unwrap_or_default())
            }
            Some(_) => Self::Share(fields.number("at_least", 0.0, 1.0)?.unwrap_or(1.0)),
        };
        fields.finish()?;
        Ok(enough)
    }

    fn met_by(self, switched: Switched) -> bool {
        match self {
            Self::All => switched.count == switched.of,
            Self::Count(count) => switched.count >= count,
            Self::Share(share) => {
                let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
                number(switched.count) >= share * number(switched.of)
            }
        }
    }
}

fn no_target(with: &Table) -> Fault {
    Fault::new(with.span, "dns.switched needs a `target` of the kind `dns`")
}

impl Action for IsSwitched {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Enough::read(with)?;
        both_sides(system.ok_or_else(|| no_target(with))?, Expected::read).map(drop)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let (system, side) = setup.target.ok_or_else(|| no_target(setup.with))?;
        Ok(Box::new(SwitchedOperator {
            expected: one_side(system, side, Expected::read)?,
            side,
            enough: Enough::read(setup.with)?,
            timeout: system.timeout,
            patience: Patience {
                clock: Arc::clone(&setup.clock),
                pause: system.every,
                deadline: setup.step.timeout,
            },
        }))
    }
}

struct SwitchedOperator {
    expected: Expected,
    side: Side,
    enough: Enough,
    timeout: Duration,
    patience: Patience,
}

impl SwitchedOperator {
    async fn standing(&self) -> Standing {
        let answers = self.expected.question.ask(self.timeout).await;
        let switched = Switched::count(&answers, &self.expected);
        match authoritative(&answers, &self.expected) {
            Err(failure) => Standing::Unknown(failure.message),
            Ok(false) => {
                let text = format!("the zone does not lead to {}; {}", self.side, switched.text());
                Standing::NotDone(text.into())
            }
            Ok(true) if self.enough.met_by(switched) => Standing::Done(switched.text().into()),
            Ok(true) => Standing::NotDone(switched.text().into()),
        }
    }
}

impl Operator for SwitchedOperator {
    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(self.standing())
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let line = PreviewLine { mark: '~', text: "changes nothing, it only looks".into() };
        let question = &self.expected.question;
        let preview = Preview {
            changes: vec![line],
            call: format!("ask for {}", question.shown()).into(),
            acts_as: format!("any client, at {}", question.servers_shown()).into(),
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
