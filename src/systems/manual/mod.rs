//! What only a person can see: systems watched by people, and steps that a person attests.

use std::sync::Arc;

use crate::domain::catalogue::{ActionSpec, Change, Class, FactSpec, Fencing, Guard, SettingSpec};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::{Health, Look, Reading};
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{
    Action, Boxed, Clock, Looks, OperateError, Operator, OperatorSetup, Output, Probe, ProbeSetup,
    System,
};
use crate::systems::kit::placeholders::{self, Placeholders};
use crate::systems::kit::sides::both_sides;

/// The kind `manual`.
pub struct Manual;

const SETTINGS: &[SettingSpec] =
    &[SettingSpec { name: "ask", doc: "What a person should look at", required: true }];

fn read_ask(table: &Table, what: &str) -> Result<Clean, Fault> {
    let fields = Fields::new(table, what);
    let ask = fields.need_text("ask")?;
    fields.finish()?;
    Ok(ask.into())
}

impl System for Manual {
    fn kind(&self) -> &'static str {
        "manual"
    }

    fn doc(&self) -> &'static str {
        "Stands for a thing that only a person can look at, so it is always unknown"
    }

    fn settings(&self) -> &'static [SettingSpec] {
        SETTINGS
    }

    fn facts(&self) -> &'static [FactSpec] {
        &[]
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[]
    }

    fn actions(&self) -> &'static [&'static dyn Action] {
        &[&Attest]
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        both_sides(spec, read_ask).map(|_| Vec::new())
    }

    fn example(&self) -> &'static str {
        r#"[systems.phones]
kind = "manual"
every = "60s"
timeout = "1s"
ask = "Call the hotline: does somebody answer?"
a = {}
b = {}
"#
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let sides = both_sides(setup.spec, read_ask)?;
        Ok(Box::new(ManualProbe { sides, clock: Arc::clone(&setup.clock) }))
    }
}

struct ManualProbe {
    sides: [Option<Clean>; 2],
    clock: Arc<dyn Clock>,
}

impl Probe for ManualProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        let look = |ask: &Option<Clean>| -> Option<Look> {
            let why = format!("only a person can tell: {}", ask.as_ref()?);
            Some(Ok(Reading::new(self.clock.now(), Health::Unknown(why.into()), "ask a person")))
        };
        let looks = Looks { a: look(&self.sides[0]), b: look(&self.sides[1]) };
        Box::pin(std::future::ready(looks))
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
    settings: &[SettingSpec {
        name: "ask",
        doc: "What to observe; may hold {from}, {to}, {from_label}, {to_label}, {step}",
        required: true,
    }],
};

impl Action for Attest {
    fn example(&self) -> &'static str {
        "ask = \"what do the error logs show?\"\n"
    }

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
