//! One step of a real plan as a step of the simulator.

use toml::{Table, Value};

use warroom::domain::catalogue::{ActionSpec, Change, Class};
use warroom::domain::runbook::{Compensation, Place, Step};
use warroom::domain::settings;
use warroom::sim;
use warroom::sim::Nature;

use super::site::is_known;

/// How much of all users a side must get until its resolvers count as switched.
const SWITCHED_SHARE: f64 = 0.95;

/// The simulator's change for a step on a target of this nature; none where a person looks.
fn shown_as(step: &Step, nature: Option<Nature>) -> Option<Change> {
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
    // Shown as a promotion: what is typed for both variants of a step is then the same.
    let change = if step.change == Change::HandOver { Change::Promote } else { step.change };
    Some(if shown { change } else { Change::None })
}

/// Makes the written step one of the simulator.
pub fn make(written: &mut Table, step: &Step, nature: Option<Nature>) {
    let Some(change) = shown_as(step, nature) else { return };
    let spec = action_of(change);
    for key in ["with", "class", "compensation", "change"] {
        written.remove(key);
    }
    written.insert("action".to_owned(), Value::from(spec.name));
    // What the world does not show means the same to clock, rules and abort plan all the same.
    if spec.change == Change::None && !matches!(step.change, Change::Check | Change::None) {
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
    let with = with(step, change, nature, false);
    if !with.is_empty() {
        written.insert("with".to_owned(), Value::Table(with));
    }
    if let Some(back) = way_back(step, change, nature) {
        written.insert("compensation".to_owned(), Value::Table(back));
    }
}

/// The simulator's action of a change; with a loss, where there are two.
fn action_of(change: Change) -> &'static ActionSpec {
    let found = sim::ACTIONS.iter().map(|action| action.spec());
    found
        .into_iter()
        .find(|spec| spec.change == change)
        .unwrap_or_else(|| unreachable!("the simulator has an action for each change"))
}

fn with(step: &Step, change: Change, nature: Option<Nature>, back: bool) -> Table {
    let mut with = Table::new();
    let mut put = |key: &str, value: Value| with.insert(key.to_owned(), value);
    match change {
        Change::Fence | Change::Unfence => {
            let side = match step.target.as_ref().map(|target| target.place) {
                Some(Place::To) => "to",
                Some(Place::From) | None => "from",
                Some(Place::Fixed(side)) if side.index() == 0 => "a",
                Some(Place::Fixed(_)) => "b",
            };
            put("side", Value::from(side));
        }
        Change::ShiftTraffic if back => {
            let side = match step.target.as_ref().map(|target| target.place) {
                Some(Place::From) => "to",
                _ => "from",
            };
            put("side", Value::from(side));
        }
        Change::Notify => {
            put("text", Value::from(step.title.as_str()));
        }
        Change::Check => return looks_for(step, nature),
        Change::Promote
        | Change::HandOver
        | Change::StopReplication
        | Change::Follow
        | Change::Scale
        | Change::ShiftTraffic
        | Change::Purge
        | Change::ProveWrite
        | Change::None => {}
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
    if nature == Some(Nature::Traffic) {
        put("fact", Value::from("share"));
        put("at_least", Value::from(SWITCHED_SHARE));
    } else {
        put("fact", Value::from("healthy"));
        put("is", Value::from(true));
    }
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

fn way_back(step: &Step, change: Change, nature: Option<Nature>) -> Option<Table> {
    let none = |cost: &str| Table::from_iter([("none".to_owned(), Value::from(cost))]);
    let by = |change: Change| {
        let with = with(step, change, nature, true);
        let action = ("action".to_owned(), Value::from(action_of(change).name));
        Table::from_iter([action, ("with".to_owned(), Value::Table(with))])
    };
    match (change, &step.compensation) {
        (Change::Check | Change::ProveWrite, _) => None,
        (_, Compensation::None(cost)) => Some(none(cost.as_str())),
        (Change::Fence, _) => Some(by(Change::Unfence)),
        (Change::Unfence, _) => Some(by(Change::Fence)),
        (Change::Scale | Change::ShiftTraffic, Compensation::Action { .. }) => Some(by(change)),
        (Change::StopReplication, Compensation::Action { .. }) => Some(by(Change::Follow)),
        _ => Some(none("nothing that the simulated world shows")),
    }
}
