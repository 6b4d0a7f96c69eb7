//! Waiting for facts of a probe, here one that counts its looks.

use super::*;
use crate::domain::catalogue::FactSpec;
use crate::domain::reading::{Fact, FactValue, Health, Identity, Reading};
use crate::port::{About, Looks};
use crate::systems::kit::testing::{Lines, Stage, execution, spec, table};

/// A kind whose only fact is how often it was looked at.
struct Counter;

static ABOUT: About = About {
    kind: "counter",
    doc: "Counts its looks",
    settings: &[],
    facts: &[FactSpec { name: "count", doc: "looks so far" }],
    permissions: &[],
    grants: &[],
    actions: &[],
    example_name: "it",
    example_pace: ["1s", "1s"],
};

impl System for Counter {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        Fields::new(&spec.settings, "system `it`").finish().map(|()| Vec::new())
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let on_both = setup.spec.sides[0].is_some();
        Ok(Box::new(Counting { count: 0.0, on_both, clock: setup.clock }))
    }
}

struct Counting {
    count: f64,
    on_both: bool,
    clock: Arc<dyn Clock>,
}

impl Probe for Counting {
    fn look(&mut self) -> Boxed<'_, Looks> {
        self.count += 1.0;
        let mut reading = Reading::new(self.clock.now(), Health::Up, "counted");
        let value = FactValue::Number(self.count);
        reading.facts.push(Fact { name: "count".to_owned(), value });
        let (server, data) = ("1".into(), "the data".into());
        reading.identity = Some(Identity { server, data });
        let a = self.on_both.then(|| Ok(reading.clone()));
        Box::pin(std::future::ready(Looks { a, b: Some(Ok(reading)) }))
    }
}

const WAIT: Wait = Wait { systems: || &[&Counter] };
const SYSTEM: &str = "kind = 'counter'\nevery = '1s'\nb = {}";

#[tokio::test]
async fn waits_for_a_fact_of_the_target() {
    let stage = Stage::new(WAIT.spec(), "fact = 'count'\nat_least = 3", Some(SYSTEM));
    let mut operator = WAIT.operator(stage.setup()).expect("right");
    let why = "count is 1, wanted at least 3";
    assert_eq!(operator.check().await, Standing::NotDone(why.into()));
    let mut lines = Lines::default();
    let applied = operator.apply(&execution(), &mut lines).await;
    assert_eq!(applied, Ok("count is 3".into()));
    assert_eq!(lines.0, ["count is 2, wanted at least 3"]);
}

#[tokio::test]
async fn one_server_under_both_names_satisfies_nothing() {
    let check = async |system: &str, want: Standing| {
        let stage = Stage::new(WAIT.spec(), "fact = 'count'\nat_least = 0", Some(system));
        let mut operator = WAIT.operator(stage.setup()).expect("right");
        assert_eq!(operator.check().await, want, "{system}");
    };
    check(SYSTEM, Standing::Done("count is 1".into())).await;
    let why = "both names of it lead to the same server";
    let both = "kind = 'counter'\nevery = '1s'\na = {}\nb = {}";
    check(both, Standing::Unknown(why.into())).await;
}

#[tokio::test]
async fn an_unknown_fact_is_never_as_wanted() {
    let stage = Stage::new(WAIT.spec(), "fact = 'lag'\nat_most = '5s'", Some(SYSTEM));
    let mut operator = WAIT.operator(stage.setup()).expect("right");
    let why = "lag is UNKNOWN (the system told no lag)";
    assert_eq!(operator.check().await, Standing::Unknown(why.into()));
}

#[test]
fn wrong_settings_are_refused() {
    let check = |system: &str, with: &str, want: &str| {
        let refusal = WAIT.check_settings(&table(with), Some(&spec(system))).map_err(|f| f.message);
        assert_eq!(refusal, Err(want.to_owned()), "{with}");
    };
    let lag = "`lgg` is not a fact of system `it`; did you mean `lag`?";
    check(SYSTEM, "fact = 'lgg'\nis = 1", lag);
    let bound = "`with` of facts.wait needs one of `at_least`, `at_most` and `is`";
    check(SYSTEM, "fact = 'lag'", bound);
    let kind = "`countr` is not a kind of system; did you mean `counter`?";
    check("kind = 'countr'\na = {}", "fact = 'lag'\nis = 1", kind);
    assert!(WAIT.check_settings(&table("fact = 'lag'\nis = 1"), None).is_err());
}
