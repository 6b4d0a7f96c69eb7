//! Stops what copies towards a region, and starts it again for the way back.

use std::time::Duration;

use super::super::connect::{Connector, Flow, Part};
use super::super::settings::Kafka;
use super::super::state::SideState;
use crate::domain::ids::Side;
use crate::domain::settings::Table;
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::systems::kit::seat::check_target;
use crate::systems::kit::server::Written;
use crate::systems::kit::task::prelude::*;
use crate::systems::kit::task::read;

/// The time between two looks at connectors that stop or start.
const PAUSE: Duration = Duration::from_secs(1);

/// `kafka.stop_mirror`.
pub(super) struct StopMirror;

/// `kafka.start_mirror`.
pub(super) struct StartMirror;

impl Task for StopMirror {
    type On = Kafka;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "kafka.stop_mirror",
        doc: "Stops MirrorMaker 2 towards the target at Kafka Connect, what copies records first, \
              until nothing of it works any more; usually 1 to 5 s, 25 s where its source is dead. \
              From then on both clusters count as PRIMARY, until kafka.start_mirror towards the \
              old side runs: in a planned failover both stand beside each other, without `needs` \
              between them, or the way back is opened first",
        verb: "stop",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::StopReplication,
        reversal: "By kafka.start_mirror at the same target",
        permissions: &["at Connect: PUT on /connectors/*/stop, where it tells users apart"],
        needs_target: true,
        settings: &[],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn with_for(_table: &Table, target: (&SystemSpec, Side)) -> Result<(), Fault> {
        needs_connect(target)
    }

    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        check::<Self>(table, system)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (state, name) = (at.seat.own.state().await?, &at.seat.name);
        let flow = flow_of(&state)?;
        if flow.connectors.is_empty() {
            let words = format!("nothing copies from {} to {name}", at.seat.other_region);
            return Ok(Standing::Done(words.into()));
        }
        let all = flow.connectors.iter().all(Connector::is_stopped);
        Ok(Standing::of(all, format!("{name}: {}", states(flow))))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        foresee(at, "stop", |_, _| None).await
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        order_all(at, "stop", began, output).await?;
        at.until_done(began, PAUSE, output).await.map_err(OperateError::Ambiguous)
    }
}

impl Task for StartMirror {
    type On = Kafka;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "kafka.start_mirror",
        doc: "Starts MirrorMaker 2 towards the target at Kafka Connect, for the way back: its \
              connectors are there and stopped; usually 1 to 5 s",
        verb: "start",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::Follow,
        reversal: "By kafka.stop_mirror at the same target; what was copied stays",
        permissions: &["at Connect: PUT on /connectors/*/resume, where it tells users apart"],
        needs_target: true,
        settings: &[],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn with_for(_table: &Table, target: (&SystemSpec, Side)) -> Result<(), Fault> {
        needs_connect(target)
    }

    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        check::<Self>(table, system)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (state, name) = (at.seat.own.state().await?, &at.seat.name);
        let flow = flow_of(&state)?;
        let works = |connector: &Connector| {
            let tasks = connector.tasks.iter().all(|task| task == "RUNNING");
            // Without a group to follow, what copies offsets has no task.
            let busy = connector.part != Part::Source || !connector.tasks.is_empty();
            connector.state == "RUNNING" && tasks && busy
        };
        let all = flow.sources().count() > 0 && flow.connectors.iter().all(works);
        Ok(Standing::of(all, format!("{name}: {}", states(flow))))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        foresee(at, "resume", circle).await
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let refused = |why: String| OperateError::Refused(why.into());
        let other = at.seat.other_state().await;
        if let Some(why) = circle(at, other.as_ref().ok()) {
            return Err(refused(why));
        }
        order_all(at, "resume", began, output).await?;
        at.until_done(began, PAUSE, output).await.map_err(OperateError::Ambiguous)
    }
}

/// Why starting would copy what was copied, round and round.
fn circle<T: Task<On = Kafka>>(at: &At<T>, other: Option<&SideState>) -> Option<String> {
    let names = &at.seat.own.target.own.names;
    if !names.is_identity() {
        return None;
    }
    let from = &at.seat.other_region;
    match other.map(|other| &other.flow) {
        Some(Some(Ok(flow))) if !flow.follows() => None,
        Some(Some(Ok(_))) => Some(format!(
            "records are still copied to {from} too, and copies keep their names: each would be \
             copied back for ever; stop that first"
        )),
        Some(_) | None => Some(format!(
            "whether records are still copied to {from} is not known, and copies keep their names"
        )),
    }
}

/// What is wrong wherever it is done: Connect copies to neither side.
fn check<T: Task<On = Kafka>>(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
    read::<T>(table)?;
    check_target::<Kafka>(system, T::RIGHTS)?;
    let Some(spec) = system else { return Ok(()) };
    let [a, b] = Side::BOTH.map(|side| needs_connect((spec, side)));
    b.or(a)
}

fn needs_connect((spec, side): (&SystemSpec, Side)) -> Result<(), Fault> {
    let written = Written::<Kafka>::one(spec, side)?;
    if written.own.connect.is_some() {
        return Ok(());
    }
    let message = format!(
        "side {side} of system `{}` names no `connect`; MirrorMaker 2 as a process of its own, or \
         MSK Replicator, is stopped and started by a `command` step",
        spec.id
    );
    Err(Fault::new(written.span, message))
}

/// What Connect told; the trouble that kept it from telling.
fn flow_of(state: &SideState) -> Result<&Flow, Trouble> {
    match &state.flow {
        Some(Ok(flow)) => Ok(flow),
        Some(Err(why)) => Err(Trouble::new(TroubleKind::NotReady, why.clone())),
        None => Err(Trouble::unsent(TroubleKind::Ours, "no `connect` is named")),
    }
}

/// `a-b-source RUNNING (2 tasks), a-b-heartbeat STOPPED`.
fn states(flow: &Flow) -> String {
    let one = |connector: &Connector| {
        let Connector { name, state, tasks, .. } = connector;
        let failed = connector.failed();
        match (tasks.len(), failed) {
            (0, _) => format!("{name} {state}"),
            (count, 0) => format!("{name} {state} ({count} tasks)"),
            (count, failed) => format!("{name} {state} ({failed} of {count} tasks FAILED)"),
        }
    };
    let all: Vec<String> = flow.connectors.iter().map(one).collect();
    if all.is_empty() { "there are no connectors of this flow".to_owned() } else { all.join(", ") }
}

async fn foresee<T: Task<On = Kafka>>(
    at: &At<T>,
    order: &str,
    hindered: fn(&At<T>, Option<&SideState>) -> Option<String>,
) -> Foreseen {
    let call = format!("PUT /connectors/<each>/{order}");
    let (own, other) = at.seat.states().await;
    let lines = own.and_then(|state| {
        let flow = flow_of(&state)?;
        if flow.connectors.is_empty() {
            let words = format!("Connect has no connectors from {}", at.seat.other_region);
            return Ok(vec![line('!', format!("it will be REFUSED: {words}"))]);
        }
        if let Some(why) = hindered(at, other.as_ref().ok()) {
            return Ok(vec![line('!', format!("it will be REFUSED: {why}"))]);
        }
        let to = if order == "stop" { "STOPPED" } else { "RUNNING" };
        let change = |one: &Connector| line('~', format!("{} {} -> {to}", one.name, one.state));
        Ok(flow.connectors.iter().map(change).collect())
    });
    (lines, call)
}

/// Gives all connectors an order, each until it is taken: while Connect shares its work out anew it
/// takes none, and one that is repeated changes nothing.
async fn order_all<T: Task<On = Kafka>>(
    at: &At<T>,
    order: &str,
    began: Stamp,
    output: &mut dyn Output,
) -> Result<(), OperateError> {
    let own = &at.seat.own;
    let session = own.open().await.map_err(Trouble::before_sending)?;
    let state = own.state_on(&session).await.map_err(Trouble::before_sending)?;
    let flow = flow_of(&state).map_err(Trouble::before_sending)?;
    let ours = || Trouble::unsent(TroubleKind::Ours, "no `connect` is named");
    let rest =
        session.rest().ok_or_else(ours).and_then(|rest| rest.as_ref().map_err(Trouble::clone));
    let rest = rest.map_err(Trouble::before_sending)?;
    let other = at.seat.other_state().await.ok();
    let clusters = [Some(&state.cluster), other.as_ref().map(|other| &other.cluster)];
    if flow.connectors.is_empty() || !clusters.contains(&Some(&flow.cluster)) {
        let why = format!(
            "{} has no connectors of this flow, or works for another cluster ({}); nothing was \
             sent",
            rest.place(),
            flow.cluster
        );
        return Err(OperateError::Refused(why.into()));
    }
    let mut ordered: Vec<&Connector> = flow.connectors.iter().collect();
    if order != "stop" {
        ordered.reverse();
    }
    for connector in ordered {
        output.line(&format!("PUT /connectors/{}/{order} at {}", connector.name, rest.place()));
        loop {
            match rest.order(&connector.name, order, Kafka::ANSWER_LIMIT).await {
                Ok(()) => break,
                // An order without an answer was given all the same: what came of it is looked at.
                Err(trouble) if trouble.kind == TroubleKind::Timeout => {
                    output.line(trouble.message.as_str());
                    break;
                }
                Err(trouble) => {
                    let late = at.clock.now().since(began) + PAUSE > at.deadline();
                    if trouble.kind != TroubleKind::NotReady || late {
                        return Err(trouble.into_operate_error());
                    }
                    output.line(trouble.message.as_str());
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}
