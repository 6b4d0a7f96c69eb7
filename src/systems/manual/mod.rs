//! What only a person can see: systems watched by people, and steps that a person attests.

use std::time::Duration;

use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::{Health, Look, Reading};
use crate::domain::run::commit::Execution;
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{
    About, Action, Boxed, Clock, OperateError, Operator, OperatorSetup, Output, Probe, ProbeSetup,
    System,
};
use crate::systems::kit::each::{EachSide, Looked};
use crate::systems::kit::placeholders::{self, Placeholders};
use crate::systems::kit::sides::both_sides;

/// The kind `manual`.
pub struct Manual;

const ASK: Setting<String> = Setting::new("ask", Kind::Text, "What a person should look at")
    .required()
    .example("\"Call the hotline: does somebody answer?\"");

const ASK_OF_STEP: Setting<String> = Setting::new(
    "ask",
    Kind::Text,
    "What to observe; may hold {from}, {to}, {from_label}, {to_label}, {step}",
)
.required()
.example("\"what do the error logs show?\"");

fn read_ask(table: &Table, what: &str) -> Result<Clean, Fault> {
    let fields = Fields::new(table, what);
    let ask = ASK.get(&fields)?;
    fields.finish()?;
    Ok(ask.into())
}

static ABOUT: About = About {
    kind: "manual",
    doc: "Stands for a thing that only a person can look at, so it is always unknown",
    settings: &[ASK.spec],
    facts: &[],
    permissions: &[],
    grants: &[],
    actions: &[&Attest],
    example_name: "phones",
    example_pace: ["60s", "1s"],
};

impl System for Manual {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        both_sides(spec, read_ask).map(|_| Vec::new())
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let asks = both_sides(setup.spec, read_ask)?;
        Ok(EachSide::boxed(&setup, asks.map(|ask| ask.map(Ask))))
    }
}

/// What a person is asked.
struct Ask(Clean);

impl Looked for Ask {
    async fn look(&self, clock: &dyn Clock, _limit: Duration) -> Look {
        let why = format!("only a person can tell: {}", self.0);
        Ok(Reading::new(clock.now(), Health::Unknown(why.into()), "ask a person"))
    }
}

/// The action `manual.attest`.
pub struct Attest;

/// What is said instead of doing what only a person can do.
const BY_A_PERSON: &str = "a person attests this step";

static SPEC: ActionSpec = ActionSpec {
    name: "manual.attest",
    doc: "Asks a person to look or to do something, and records what they saw",
    verb: "attest",
    class: Class::H,
    guard: Guard::OneKey,
    fencing: Fencing::NotFenced,
    change: Change::None,
    reversal: "Nothing to take back here; what the person did, a person takes back",
    permissions: &[],
    needs_target: false,
    settings: &[ASK_OF_STEP.spec],
};

impl Action for Attest {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, _system: Option<&SystemSpec>) -> Result<(), Fault> {
        let ask = read_ask(with, "`with` of manual.attest")?;
        placeholders::check(ask.as_str(), false, with.span)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        self.check_settings(setup.with, None)?;
        let ask = read_ask(setup.with, "`with` of manual.attest")?;
        Ok(Box::new(AttestOperator { ask: Placeholders::of_plan(&setup).fill(ask.as_str()) }))
    }
}

struct AttestOperator {
    ask: String,
}

impl Operator for AttestOperator {
    fn senses(&self) -> bool {
        false
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(std::future::ready(Standing::Unknown(BY_A_PERSON.into())))
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let preview = Preview {
            changes: vec![PreviewLine { mark: '~', text: self.ask.as_str().into() }],
            call: "nothing is called; the observed value is typed".into(),
            acts_as: "the person who attests".into(),
        };
        Box::pin(std::future::ready(preview))
    }

    fn apply<'a>(
        &'a mut self,
        _execution: &'a Execution,
        _output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(std::future::ready(Err(OperateError::Refused(BY_A_PERSON.into()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::kit::testing::{Lines, Stage, execution, probe_setup, spec, table};

    #[tokio::test]
    async fn what_only_a_person_sees_is_unknown() {
        let spec = spec("ask = 'is the lamp green?'\na = {}\nb = { ask = 'is it red?' }");
        let mut probe = Manual.probe(probe_setup(&spec)).expect("right");
        let looks = probe.look().await;
        let check = |look: Option<Look>, want: &str| {
            let health = look.expect("it is there").expect("a reading").health;
            assert_eq!(health, Health::Unknown(want.into()));
        };
        check(looks.a, "only a person can tell: is the lamp green?");
        check(looks.b, "only a person can tell: is it red?");
    }

    #[tokio::test]
    async fn a_person_attests() {
        let stage = Stage::new(Attest.spec(), "ask = 'do phones ring in {to_label}?'", None);
        let mut operator = Attest.operator(stage.setup()).expect("right");
        assert!(!operator.senses());
        let preview = operator.preview().await;
        assert_eq!(preview.changes[0].text.as_str(), "do phones ring in West side?");
        assert_eq!(operator.check().await, Standing::Unknown(BY_A_PERSON.into()));
        let applied = operator.apply(&execution(), &mut Lines::default()).await;
        assert_eq!(applied, Err(OperateError::Refused(BY_A_PERSON.into())));
        for wrong in ["", "ask = 1", "ask = 'x'\nfoo = 1", "ask = 'in {run}'"] {
            assert!(Attest.check_settings(&table(wrong), None).is_err(), "{wrong}");
        }
    }
}
