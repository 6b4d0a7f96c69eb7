//! Reads the lossy variant of a step: the other action that it does in an ungraceful run.

use super::context::Context;
use super::gate::other_side;
use super::step::{Found, Reader};
use crate::domain::catalogue::{ActionSpec, Change, Class};
use crate::domain::runbook::{Bound, Compensation, Step, Ungraceful};
use crate::domain::settings::{Fault, Fields, Node, Table, Value};
use crate::domain::site::SystemSpec;
use crate::files::faults::Faults;
use crate::files::tables::missing;

/// What a step does in an ungraceful run, where one word says it; `same` until a table is read.
pub(super) fn word(fields: &Fields<'_>) -> Result<Ungraceful, Fault> {
    if let Some(Value::Table(_)) = fields.node("ungraceful").map(|node| &node.value) {
        return Ok(Ungraceful::Same);
    }
    Ok(match fields.choice("ungraceful", &["same", "skip", "waive"])? {
        Some("skip") => Ungraceful::Skip,
        Some("waive") => Ungraceful::Waive,
        Some(_) | None => Ungraceful::Same,
    })
}

/// Adds the lossy variant to a step whose table has one; notes what is wrong with it.
pub(super) fn read(
    step: &mut Step,
    whole: &Table,
    context: &Context<'_>,
    faults: &mut Faults,
) -> Option<()> {
    if let Some(Node { value: Value::Table(table), .. }) = whole.get("ungraceful") {
        step.ungraceful = Ungraceful::Instead(Box::new(variant(step, table, context, faults)?));
    }
    Some(())
}

/// The variant that `table` declares; what it does not say is the step's own.
fn variant(step: &Step, table: &Table, context: &Context<'_>, faults: &mut Faults) -> Option<Step> {
    let fields = Fields::new(table, format!("the lossy variant of step `{}`", step.id));
    let reader = Reader { fields: &fields, table, id: &step.id, context };
    for known_even_if_never_read in ["change", "class", "guard", "compensation"] {
        let _ = fields.node(known_even_if_never_read);
    }
    let found = faults.take(reader.action("action", &fields));
    let change = found.and_then(|(_, action)| faults.take(reader.change(action.spec())));
    let with = faults.take(fields.table("with"));
    let with = with.flatten().cloned().unwrap_or(Table { span: table.span, ..Table::default() });
    let strict = found.and_then(|(_, action)| faults.take(reader.strictness(action.spec())));
    let timeout = faults.take(fields.duration("timeout"));
    let expect = faults.take(fields.duration("expect"));
    let way_back =
        found.and_then(|(_, action)| faults.take(compensation(&reader, step, action.spec())));
    let settings = found.map(|(_, action)| {
        let target = step.target.as_ref().and_then(|target| context.site.system(&target.system));
        let fits = fits(&reader, step, found, target);
        fits.and_then(|()| reader.settings(action, &with, target))
    });
    let settings = settings.and_then(|settings| faults.take(settings));
    let timeout = timeout.map(|timeout| timeout.unwrap_or(step.timeout));
    let times = timeout.zip(expect).and_then(|(timeout, expect)| {
        // A step's usual time says little of another action, but no more than its limit allows.
        let usual = expect.unwrap_or(step.expect.min(timeout));
        faults.take(reader.check_times(usual, timeout))
    });
    faults.take(fields.finish());
    let (((), (expect, timeout)), action) = (settings.zip(times)?, found?.1);
    let ((class, guard), compensation) = (strict?, way_back?);
    let change = match change? {
        // What the plan says of the step holds for its variant too.
        Change::None => step.change,
        told => told,
    };
    let mut gates = step.gates.clone();
    gates.retain(|gate| gate.bound != Bound::NotOpen);
    gates.extend(other_side(change, step.target.as_ref(), step.span, context));
    Some(Step {
        action: action.spec(),
        change,
        gates,
        with,
        expect,
        timeout,
        class,
        guard,
        compensation,
        ungraceful: Ungraceful::VariantOf(step.action),
        ..step.clone()
    })
}

/// The action must act on what the step acts on.
fn fits(
    reader: &Reader<'_, '_>,
    step: &Step,
    found: Option<Found>,
    target: Option<&SystemSpec>,
) -> Result<(), Fault> {
    let Some((owner, action)) = found.filter(|(_, action)| action.spec().needs_target) else {
        return Ok(());
    };
    let Some(system) = target else {
        let what = format!("step `{}`", step.id);
        let wanted = "for its lossy variant, such as `{ system = \"pg\", in = \"to\" }`";
        return Err(missing(step.span, &what, "target", wanted));
    };
    match owner {
        Some(owner) if owner.kind() != system.kind => {
            let (name, kind) = (action.spec().name, owner.kind());
            let message = format!(
                "`{name}` acts on systems of kind `{kind}`, and `{}` is of kind `{}`",
                system.id, system.kind
            );
            Err(Fault::new(reader.place("action"), message))
        }
        Some(_) | None => Ok(()),
    }
}

/// How the variant is taken back: its own words, else the step's. What cannot be repeated does not
/// inherit a way back that was written for another action.
fn compensation(
    reader: &Reader<'_, '_>,
    step: &Step,
    spec: &ActionSpec,
) -> Result<Compensation, Fault> {
    let hard = matches!(spec.class, Class::N | Class::X);
    let inherits = match step.compensation {
        Compensation::None(_) => true,
        Compensation::Action { .. } => !hard,
        Compensation::NotNeeded => false,
    };
    if reader.table.get("compensation").is_none() && inherits {
        return Ok(step.compensation.clone());
    }
    reader.compensation(spec, step.target.as_ref())
}
