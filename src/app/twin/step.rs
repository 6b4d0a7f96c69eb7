//! One step of a real plan as a step of the simulator.

use toml::{Table, Value};

use super::is_known;
use crate::domain::catalogue::{ActionSpec, Change, Class};
use crate::domain::runbook::{Compensation, Place, Step};
use crate::domain::settings;
use crate::sim;
use crate::sim::acts::Deed;
use crate::sim::plan::Nature;

/// How much of all users a side must get until its resolvers count as switched.
const SWITCHED_SHARE: f64 = 0.95;

/// The simulator's deed for a step on a target of this nature; none where a person looks.
fn deed(step: &Step, nature: Option<Nature>) -> Option<Deed> {
    let shown = match step.change {
        Change::Promote
        | Change::HandOver
        | Change::StopReplication
        | Change::Follow
        | Change::ProveWrite => nature == Some(Nature::Store),
        Change::Scale => nature == Some(Nature::Compute),
        Change::ShiftTraffic => nature == Some(Nature::Traffic),
        Change::Purge => nature == Some(Nature::Cache),
        Change::Check => nature.is_some(),
        Change::Fence | Change::Unfence | Change::Notify => true,
        Change::None if step.class == Class::H => return None,
        Change::None => false,
    };
    Some(if shown { Deed::of(step.change) } else { Deed::None })
}

/// Makes the written step one of the simulator.
pub(super) fn make(written: &mut Table, step: &Step, nature: Option<Nature>) {
    let Some(deed) = deed(step, nature) else { return };
    let spec = action_of(deed);
    for key in ["with", "class", "compensation", "change"] {
        written.remove(key);
    }
    written.insert("action".to_owned(), Value::from(spec.name));
    // What the world does not show means the same to clock, rules and abort plan all the same.
    if spec.change == Change::None && Change::DECLARED.contains(&step.change) {
        written.insert("change".to_owned(), Value::from(step.change.word()));
    }
    let least = i64::from(spec.guard.number());
    if written.get("guard").and_then(Value::as_integer).is_some_and(|guard| guard < least) {
        written.remove("guard");
    }
    if spec.class == Class::X {
        written.remove("automatic");
    }
    if !spec.needs_target {
        written.remove("target");
    }
    let with = with(step, deed, nature, false);
    if !with.is_empty() {
        written.insert("with".to_owned(), Value::Table(with));
    }
    if let Some(back) = way_back(step, deed, nature) {
        written.insert("compensation".to_owned(), Value::Table(back));
    }
}

/// The simulator's action of a deed; with a loss, where there are two.
fn action_of(deed: Deed) -> &'static ActionSpec {
    let found = sim::actions::ACTIONS.iter().map(|action| action.spec());
    found
        .into_iter()
        .find(|spec| Deed::of(spec.change) == deed)
        .unwrap_or_else(|| unreachable!("the simulator has an action for each deed"))
}

fn with(step: &Step, deed: Deed, nature: Option<Nature>, back: bool) -> Table {
    let mut with = Table::new();
    let mut put = |key: &str, value: Value| with.insert(key.to_owned(), value);
    match deed {
        Deed::Fence | Deed::Unfence => {
            let side = match step.target.as_ref().map(|target| target.place) {
                Some(Place::To) => "to",
                Some(Place::From) | None => "from",
                Some(Place::Fixed(side)) if side.index() == 0 => "a",
                Some(Place::Fixed(_)) => "b",
            };
            put("side", Value::from(side));
        }
        Deed::Scale => {
            let table = match (&step.compensation, back) {
                (Compensation::Action { with, .. }, true) => with,
                _ => &step.with,
            };
            if let Some(count) = replicas(table) {
                put("to", Value::from(count));
            }
        }
        Deed::ShiftTraffic if back => {
            let side = match step.target.as_ref().map(|target| target.place) {
                Some(Place::From) => "to",
                _ => "from",
            };
            put("side", Value::from(side));
        }
        Deed::Notify => {
            put("text", Value::from(step.title.as_str()));
        }
        Deed::Check => return looks_for(step, nature),
        Deed::Promote
        | Deed::StopReplication
        | Deed::Replicate
        | Deed::ShiftTraffic
        | Deed::Purge
        | Deed::Write
        | Deed::None => {}
    }
    with
}

/// The fact that a looking step waits for.
fn looks_for(step: &Step, nature: Option<Nature>) -> Table {
    let mut with = Table::new();
    let mut put = |key: &str, value: Value| with.insert(key.to_owned(), value);
    let text = |key: &str| match step.with.get(key).map(|node| &node.value) {
        Some(settings::Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    if step.action.name == "facts.wait"
        && let Some(fact) = text("fact").filter(|fact| is_known(fact))
    {
        put("fact", Value::from(fact));
        for key in ["is", "at_least", "at_most"] {
            if let Some(value) = step.with.get(key).and_then(|node| plain(&node.value)) {
                put(key, value);
            }
        }
        return with;
    }
    let (fact, is) = match nature {
        Some(Nature::Traffic) => {
            put("fact", Value::from("share"));
            put("at_least", Value::from(SWITCHED_SHARE));
            return with;
        }
        Some(Nature::Store) if step.action.name.contains("schema") => {
            ("schema", Value::from("same"))
        }
        Some(Nature::Store) => ("writable", Value::from(true)),
        _ => ("healthy", Value::from(true)),
    };
    put("fact", Value::from(fact));
    put("is", is);
    with
}

fn plain(value: &settings::Value) -> Option<Value> {
    match value {
        settings::Value::Text(text) => Some(Value::from(text.as_str())),
        settings::Value::Integer(number) => Some(Value::from(*number)),
        settings::Value::Float(number) => Some(Value::from(*number)),
        settings::Value::Boolean(yes) => Some(Value::from(*yes)),
        settings::Value::List(_) | settings::Value::Table(_) => None,
    }
}

/// The number in a setting such as `replicas = 10`, or in an argument such as `--replicas=10`.
fn replicas(with: &settings::Table) -> Option<i64> {
    let named = ["replicas", "to", "count", "desired"].into_iter().find_map(|key| {
        match with.get(key)?.value {
            settings::Value::Integer(number) => Some(number),
            _ => None,
        }
    });
    named.or_else(|| {
        let settings::Value::List(argv) = &with.get("argv")?.value else { return None };
        argv.iter().find_map(|argument| match &argument.value {
            settings::Value::Text(text) => text.strip_prefix("--replicas=")?.parse().ok(),
            _ => None,
        })
    })
}

fn way_back(step: &Step, deed: Deed, nature: Option<Nature>) -> Option<Table> {
    let none = |cost: &str| Table::from_iter([("none".to_owned(), Value::from(cost))]);
    let by = |deed: Deed| {
        let with = with(step, deed, nature, true);
        let action = ("action".to_owned(), Value::from(action_of(deed).name));
        Table::from_iter([action, ("with".to_owned(), Value::Table(with))])
    };
    match (deed, &step.compensation) {
        (Deed::Check | Deed::Write, _) => None,
        (_, Compensation::None(cost)) => Some(none(cost.as_str())),
        (Deed::Fence, _) => Some(by(Deed::Unfence)),
        (Deed::Unfence, _) => Some(by(Deed::Fence)),
        (Deed::Scale | Deed::ShiftTraffic, Compensation::Action { .. }) => Some(by(deed)),
        (Deed::StopReplication, Compensation::Action { .. }) => Some(by(Deed::Replicate)),
        _ => Some(none("nothing that the simulated world shows")),
    }
}
