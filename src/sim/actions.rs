//! The steps that a simulated world knows, declared like those of any real system.

use std::path::PathBuf;
use std::sync::Arc;

use super::asked::{
    AT_LEAST, AT_MOST, Asked, FACT, IS, PERCENT, SIDE, SIDE_TO, TEXT, UNITS, USERS_SIDE,
};
use super::operator::SimOperator;
use super::pause::{Pause, RealPause};
use super::plan::{KIND, SystemPlan};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::ids::Side;
use crate::domain::settings::{Fault, Table};
use crate::domain::site::SystemSpec;
use crate::port::{Action, Operator, OperatorSetup};

/// Steps with which a simulated system can be acted on.
pub const ACTIONS: &[&dyn Action] = &[
    &SimAction(&PROMOTE),
    &SimAction(&SWITCH),
    &SimAction(&STOP_REPLICATION),
    &SimAction(&REPLICATE),
    &SimAction(&SCALE),
    &SimAction(&SHIFT_TRAFFIC),
    &SimAction(&PURGE),
    &SimAction(&NOTIFY),
    &SimAction(&FENCE),
    &SimAction(&UNFENCE),
    &SimAction(&CHECK),
    &SimAction(&VERIFY_WRITE),
    &SimAction(&ACT),
];

/// What the actions have in common; each says where it differs.
const BASE: ActionSpec = ActionSpec {
    name: "sim.check",
    doc: "Waits until a fact of a simulated system holds",
    reversal: "Nothing to take back",
    ..ActionSpec::LOOK
};

static PROMOTE: ActionSpec = PROMOTE_BASE;

/// What a promotion with and without a loss have in common.
const PROMOTE_BASE: ActionSpec = ActionSpec {
    name: "sim.promote",
    doc: "Makes the simulated standby store primary",
    verb: "promote",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::FencedByTarget,
    change: Change::Promote,
    reversal: "Cannot be taken back: the old primary must be rebuilt from the new one",
    ..BASE
};

static SWITCH: ActionSpec = ActionSpec {
    name: "sim.switch",
    doc: "Waits until the simulated standby store has every write, then makes it primary",
    verb: "switch",
    change: Change::HandOver,
    ..PROMOTE_BASE
};

static STOP_REPLICATION: ActionSpec = ActionSpec {
    name: "sim.stop_replication",
    doc: "Ends copying into the simulated store",
    verb: "stop",
    class: Class::I,
    guard: Guard::StopWindow,
    change: Change::StopReplication,
    reversal: "By sim.replicate, with a first copy of everything",
    ..BASE
};

/// Not of class X: what only the follower-to-be has was given up when the other side was promoted,
/// and the target refuses while users are sent there.
static REPLICATE: ActionSpec = ActionSpec {
    name: "sim.replicate",
    doc: "Makes the simulated store a follower of the other region; what only it had is gone",
    verb: "replicate",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::FencedByTarget,
    change: Change::Follow,
    reversal: "Cannot be taken back: writes that only this side had are gone",
    ..BASE
};

static SCALE: ActionSpec = ActionSpec {
    name: "sim.scale",
    doc: "Sets the units of a simulated compute system and waits until they are ready",
    verb: "scale",
    class: Class::I,
    guard: Guard::StopWindow,
    change: Change::Scale,
    reversal: "By sim.scale to the former number",
    settings: &[UNITS.spec],
    ..BASE
};

static SHIFT_TRAFFIC: ActionSpec = ActionSpec {
    name: "sim.shift_traffic",
    doc: "Points the simulated records at a region and waits until resolvers have asked again",
    verb: "shift",
    class: Class::I,
    guard: Guard::TypedTarget,
    change: Change::ShiftTraffic,
    reversal: "By sim.shift_traffic to the other region",
    settings: &[PERCENT.spec, USERS_SIDE.spec],
    ..BASE
};

static PURGE: ActionSpec = ActionSpec {
    name: "sim.purge",
    doc: "Empties a simulated cache",
    verb: "purge",
    class: Class::I,
    guard: Guard::StopWindow,
    change: Change::Purge,
    reversal: "Fills again by itself",
    ..BASE
};

static NOTIFY: ActionSpec = ActionSpec {
    name: "sim.notify",
    doc: "Tells people, in the simulated world only",
    verb: "notify",
    class: Class::N,
    guard: Guard::TypedTarget,
    fencing: Fencing::NotFenced,
    change: Change::Notify,
    reversal: "Cannot be taken back: send a correction",
    needs_target: false,
    settings: &[TEXT.spec],
    ..BASE
};

static FENCE: ActionSpec = ActionSpec {
    name: "sim.fence",
    doc: "Keeps a simulated region from writing, also when it comes back",
    verb: "fence",
    class: Class::I,
    guard: Guard::TypedTarget,
    change: Change::Fence,
    reversal: "By sim.unfence",
    needs_target: false,
    settings: &[SIDE.spec],
    ..BASE
};

static UNFENCE: ActionSpec = ActionSpec {
    name: "sim.unfence",
    doc: "Lets a simulated region write again",
    verb: "unfence",
    class: Class::I,
    guard: Guard::TypedTarget,
    change: Change::Unfence,
    reversal: "By sim.fence",
    needs_target: false,
    settings: &[SIDE_TO.spec],
    ..BASE
};

static CHECK: ActionSpec =
    ActionSpec { settings: &[FACT.spec, IS.spec, AT_LEAST.spec, AT_MOST.spec], ..BASE };

/// Of the write no more stays than its place on the world's record.
static VERIFY_WRITE: ActionSpec = ActionSpec {
    name: "sim.verify_write",
    doc: "Writes to a simulated store and reads it back",
    verb: "verify",
    change: Change::ProveWrite,
    ..BASE
};

static ACT: ActionSpec = ActionSpec {
    name: "sim.act",
    doc: "Does what the simulated world does not show; only that it was done is on its record",
    verb: "do",
    class: Class::I,
    guard: Guard::StopWindow,
    change: Change::None,
    reversal: "Leaves nothing but its place on the record",
    needs_target: false,
    ..BASE
};

struct SimAction(&'static ActionSpec);

impl Action for SimAction {
    fn spec(&self) -> &'static ActionSpec {
        self.0
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        if let Some(system) = system
            && system.kind != KIND
        {
            let message = format!("`{}` acts on systems of kind `sim` only", self.0.name);
            return Err(Fault::new(with.span, message));
        }
        Asked::read(self.0, with).map(|_| ())
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        if self.0.needs_target && setup.target.is_none() {
            let message = format!("step `{}` needs a `target`", setup.step.id);
            return Err(Fault::new(setup.step.span, message));
        }
        let world = match setup.target {
            Some((spec, _)) if spec.kind == KIND => Some(SystemPlan::of_sim(spec)?.0),
            Some(_) | None => super::probe::world_of(setup.site),
        };
        let world = world.ok_or_else(|| {
            let message = format!("`{}` needs a system of kind `sim` in the site", self.0.name);
            Fault::new(setup.step.span, message)
        })?;
        let asked = Asked::read(self.0, setup.with)?;
        Ok(Box::new(build(world, self.0, &setup, asked, Arc::new(RealPause))))
    }
}

/// The operator of any action in a world, also of one whose target is real: a real site is
/// simulated by taking this for each of its steps. `action` is the step's, or its compensation's;
/// `pause` is [`RealPause`] unless a test brings its own time.
///
/// # Errors
/// When the action is one of the simulator's own and its settings are wrong.
pub fn operator_for(
    world: PathBuf,
    action: &'static ActionSpec,
    setup: &OperatorSetup<'_>,
    pause: Arc<dyn Pause>,
) -> Result<SimOperator, Fault> {
    let ours = ACTIONS.iter().any(|known| known.spec().name == action.name);
    // The settings of an action that is not ours say nothing here.
    let asked = if ours { Asked::read(action, setup.with)? } else { Asked::default() };
    Ok(build(world, action, setup, asked, pause))
}

fn build(
    world: PathBuf,
    action: &'static ActionSpec,
    setup: &OperatorSetup<'_>,
    asked: Asked,
    pause: Arc<dyn Pause>,
) -> SimOperator {
    let change = action.change;
    let direction = setup.direction;
    let side = match (asked.side, setup.target, change) {
        (Some("to"), _, _) => direction.to,
        (Some("a"), _, _) => Side::A,
        (Some("b"), _, _) => Side::B,
        (Some(_), _, _) | (None, None, Change::Fence | Change::Unfence) => direction.from,
        (None, Some((_, side)), _) => side,
        (None, None, _) => direction.to,
    };
    SimOperator {
        folder: world,
        action,
        change,
        target: setup.target.map(|(spec, _)| spec.id.clone()),
        named: side,
        side,
        meant: setup.expected.target.clone(),
        direction,
        asked,
        label: setup.step.id.to_string(),
        timeout: setup.step.timeout,
        lossless: change == Change::HandOver,
        clock: Arc::clone(&setup.clock),
        pause,
    }
}
