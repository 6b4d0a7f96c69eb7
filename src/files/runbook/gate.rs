//! Reads gates: the facts that must hold before a step, and those that stop the clock.

use super::context::Context;
use crate::domain::catalogue::Change;
use crate::domain::ids::Side;
use crate::domain::runbook::{
    Amount, Bound, Exact, Gate, GoCriterion, Place, Target, UngracefulGate,
};
use crate::domain::settings::{
    Fault, Fields, Node, Span, Value, parse_duration, parse_size, unknown,
};
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::COMMON_FACTS;
use crate::domain::text::Clean;
use crate::files::tables::missing;

/// What a common fact is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Time,
    Share,
    YesNo,
    Role,
    /// Told by a kind of system; only its adapter knows.
    Any,
}

fn measure(fact: &str) -> Measure {
    match fact {
        "healthy" => Measure::YesNo,
        "role" => Measure::Role,
        "healthy_for" | "lag" | "p50" | "p95" => Measure::Time,
        "capacity" | "error_rate" => Measure::Share,
        _ => Measure::Any,
    }
}

/// The facts that stop the clock; at least one.
pub(super) fn read_restored(
    fields: &Fields<'_>,
    context: &Context<'_>,
) -> Result<Vec<Gate>, Fault> {
    let tables = fields.tables("restored")?;
    let mut gates = Vec::new();
    for table in tables {
        let fields = Fields::new(table, "a fact of `restored`");
        let gate = read_gate(&fields, context)?;
        if gate.ungraceful.is_some() {
            let why = "a fact that stops the clock has no `ungraceful`";
            return Err(fields.fault("ungraceful", why));
        }
        gates.push(gate);
    }
    if gates.is_empty() {
        let span = fields.node("restored").map_or(Span::default(), |node| node.span);
        let wanted = "the facts that stop the clock, such as \
                      `[{ system = \"gateway\", in = \"to\", fact = \"healthy_for\", \
                      at_least = \"60s\" }]`";
        return Err(missing(span, "the runbook", "restored", wanted));
    }
    Ok(gates)
}

/// The gates of a step.
pub(super) fn read_gates(fields: &Fields<'_>, context: &Context<'_>) -> Result<Vec<Gate>, Fault> {
    let tables = fields.tables("gates")?;
    tables.into_iter().map(|table| read_gate(&Fields::new(table, "a gate"), context)).collect()
}

/// True when a system stands in the region of a place, as the plan is written.
pub(super) fn stands_in(context: &Context<'_>, system: &SystemSpec, place: Place) -> bool {
    let side = match (place, context.direction) {
        (Place::Fixed(side), _) => side,
        (Place::From, Some((from, _))) => from,
        (Place::To, Some((_, to))) => to,
        (Place::From | Place::To, None) => return true,
    };
    system.sides[side.index()].is_some()
}

/// What every promotion asks of the other side, whatever its plan says: with a primary there that
/// is not proven closed it would make two.
pub(super) fn other_side(
    change: Change,
    target: Option<&Target>,
    span: Span,
    context: &Context<'_>,
) -> Option<Gate> {
    let target = target.filter(|_| change == Change::Promote)?;
    let place = match target.place {
        Place::From => Place::To,
        Place::To => Place::From,
        Place::Fixed(side) => Place::Fixed(side.other()),
    };
    let system = context.site.system(&target.system)?;
    stands_in(context, system, place).then(|| Gate {
        system: system.id.clone(),
        place,
        fact: "writes".to_owned(),
        bound: Bound::NotOpen,
        ungraceful: None,
        span,
    })
}

/// Reads `system` and `in`.
pub(super) fn read_place<'c>(
    fields: &Fields<'_>,
    context: &'c Context<'_>,
) -> Result<(&'c SystemSpec, Place), Fault> {
    let name = fields.need_text("system")?;
    let site = context.site;
    let system = site.systems.iter().find(|system| system.id.as_str() == name);
    let system = system.ok_or_else(|| {
        let names = site.systems.iter().map(|system| system.id.as_str());
        fields.fault("system", unknown("a system of this site", name, names))
    })?;
    let place = match fields.choice("in", &["from", "to", "a", "b"])? {
        Some("from") => Place::From,
        Some("to") => Place::To,
        Some("a") => Place::Fixed(Side::A),
        Some(_) => Place::Fixed(Side::B),
        None => return Err(fields.missing("in", "\"from\", \"to\", \"a\" or \"b\"")),
    };
    if !stands_in(context, system, place) {
        return Err(fields.fault("in", format!("`{name}` is not in that region")));
    }
    Ok((system, place))
}

/// The plan's own go/no-go criteria: gates with a title each, all of them different.
pub(super) fn read_go(
    fields: &Fields<'_>,
    context: &Context<'_>,
) -> Result<Vec<GoCriterion>, Fault> {
    let what = "a criterion of `go`";
    let mut criteria: Vec<GoCriterion> = Vec::new();
    for table in fields.tables("go")? {
        let fields = Fields::new(table, what);
        let title = fields.need_text("title")?;
        if title.trim().is_empty() {
            let message = format!("{what} needs a `title` that says what is asked");
            return Err(fields.fault("title", message));
        }
        let title = Clean::new(title);
        if criteria.iter().any(|known| known.title == title) {
            let message = format!("there are two criteria `{title}`; rename one");
            return Err(fields.fault("title", message));
        }
        criteria.push(GoCriterion { title, gate: read_gate(&fields, context)? });
    }
    Ok(criteria)
}

fn read_gate(fields: &Fields<'_>, context: &Context<'_>) -> Result<Gate, Fault> {
    let (system, place) = read_place(fields, context)?;
    let fact = fields.need_text("fact")?;
    check_fact(fields, fact, system, context)?;
    let bound = read_bound(fields, fact)?;
    let ungraceful = fields.node("ungraceful");
    let ungraceful = ungraceful.map(|node| read_ungraceful(node, fact, &bound)).transpose()?;
    fields.finish()?;
    let (system, fact) = (system.id.clone(), fact.to_owned());
    Ok(Gate { system, place, fact, bound, ungraceful, span: fields.span() })
}

fn check_fact(
    fields: &Fields<'_>,
    fact: &str,
    system: &SystemSpec,
    context: &Context<'_>,
) -> Result<(), Fault> {
    let own = context.kinds.system(&system.kind).map_or(&[][..], |kind| kind.facts());
    let names = || COMMON_FACTS.iter().map(|(name, _)| *name).chain(own.iter().map(|own| own.name));
    if names().any(|name| name == fact) {
        return Ok(());
    }
    let what = format!("a fact of `{}` (kind {})", system.id, system.kind);
    Err(fields.fault("fact", unknown(&what, fact, names())))
}

/// Exactly one of `at_least`, `at_most` and `is`.
fn read_bound(fields: &Fields<'_>, fact: &str) -> Result<Bound, Fault> {
    let (least, most, is) = (fields.node("at_least"), fields.node("at_most"), fields.node("is"));
    match (least, most, is) {
        (Some(node), None, None) => Ok(Bound::AtLeast(read_amount(node, fact)?)),
        (None, Some(node), None) => Ok(Bound::AtMost(read_amount(node, fact)?)),
        (None, None, Some(node)) => Ok(Bound::Is(read_exact(node, fact)?)),
        _ => {
            let what = fields.what();
            let message = format!("{what} needs exactly one of `at_least`, `at_most` and `is`");
            Err(Fault::new(fields.span(), message))
        }
    }
}

fn read_amount(node: &Node, fact: &str) -> Result<Amount, Fault> {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let amount = match &node.value {
        Value::Text(text) => match (parse_duration(text), parse_size(text)) {
            (Some(time), _) => Some(Amount::Time(time)),
            (None, Some(bytes)) => Some(Amount::Number(bytes as f64)),
            (None, None) => None,
        },
        Value::Integer(number) => Some(Amount::Number(*number as f64)),
        Value::Float(number) => Some(Amount::Number(*number)),
        Value::Boolean(_) | Value::List(_) | Value::Table(_) => None,
    };
    let (good, wanted) = match (measure(fact), amount) {
        (Measure::Time, amount) => {
            (matches!(amount, Some(Amount::Time(_))), "a time with its unit, such as \"60s\"")
        }
        (Measure::Share, Some(Amount::Number(share))) => {
            let plain = !matches!(node.value, Value::Text(_));
            (plain && (0.0..=1.0).contains(&share), "a share from 0 to 1, such as 0.8")
        }
        (Measure::Share, Some(Amount::Time(_)) | None) => {
            (false, "a share from 0 to 1, such as 0.8")
        }
        (Measure::YesNo, _) => (false, "written as `is = true`"),
        (Measure::Role, _) => (false, "written as `is = \"primary\"` or `is = \"standby\"`"),
        (Measure::Any, amount) => (amount.is_some(), "a number, a time or a size with its unit"),
    };
    match amount {
        Some(amount) if good => Ok(amount),
        Some(_) | None => Err(Fault::new(node.span, format!("`{fact}` must be {wanted}"))),
    }
}

fn read_exact(node: &Node, fact: &str) -> Result<Exact, Fault> {
    let exact = match &node.value {
        Value::Boolean(yes) => Some(Exact::Boolean(*yes)),
        Value::Integer(number) => Some(Exact::Integer(*number)),
        Value::Text(word) => Some(Exact::Word(word.to_lowercase())),
        Value::Float(_) | Value::List(_) | Value::Table(_) => None,
    };
    let (good, wanted) = match measure(fact) {
        Measure::YesNo => (matches!(exact, Some(Exact::Boolean(_))), "true or false"),
        Measure::Role => {
            let role = matches!(&exact, Some(Exact::Word(word))
                if word == "primary" || word == "standby");
            (role, "\"primary\" or \"standby\"")
        }
        Measure::Time | Measure::Share => (false, "bounded by `at_least` or `at_most`"),
        Measure::Any => (exact.is_some(), "true, false, a whole number or a word"),
    };
    match exact {
        Some(exact) if good => Ok(exact),
        Some(_) | None => Err(Fault::new(node.span, format!("`{fact}` must be {wanted}"))),
    }
}

fn read_ungraceful(node: &Node, fact: &str, bound: &Bound) -> Result<UngracefulGate, Fault> {
    let table = match &node.value {
        Value::Text(text) if text == "skip" => return Ok(UngracefulGate::Skip),
        Value::Text(text) => {
            let message = unknown("an `ungraceful` of a gate", text, ["skip"].into_iter());
            return Err(Fault::new(node.span, message));
        }
        Value::Table(table) => table,
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::List(_) => {
            let message = "`ungraceful` of a gate must be \"skip\" or a table with a weaker bound";
            return Err(Fault::new(node.span, message));
        }
    };
    let fields = Fields::new(table, "`ungraceful` of a gate");
    let ledger = fields.choice("from", &["ledger"])?.is_some();
    let weaker = read_bound(&fields, fact)?;
    fields.finish()?;
    if ledger {
        return match weaker {
            Bound::AtMost(Amount::Time(at_most)) if fact == "lag" => {
                Ok(UngracefulGate::Ledger { at_most })
            }
            Bound::AtLeast(_) | Bound::AtMost(_) | Bound::Is(_) | Bound::NotOpen => {
                let message = "the ledger tells the loss of a store: only `lag` with `at_most` and \
                               a time can be taken from it";
                Err(Fault::new(table.span, message))
            }
        };
    }
    if is_weaker(bound, &weaker) {
        Ok(UngracefulGate::Weaker(weaker))
    } else {
        let message = "`ungraceful` of a gate must be weaker than the gate itself";
        Err(Fault::new(table.span, message))
    }
}

fn is_weaker(bound: &Bound, other: &Bound) -> bool {
    let number = |amount: &Amount| match amount {
        Amount::Number(number) => *number,
        Amount::Time(time) => time.as_secs_f64(),
    };
    match (bound, other) {
        (Bound::AtLeast(graceful), Bound::AtLeast(weaker)) => number(weaker) <= number(graceful),
        (Bound::AtMost(graceful), Bound::AtMost(weaker)) => number(weaker) >= number(graceful),
        (Bound::Is(_), Bound::Is(_) | Bound::AtLeast(_) | Bound::AtMost(_)) => true,
        (Bound::AtLeast(_), Bound::AtMost(_) | Bound::Is(_))
        | (Bound::AtMost(_), Bound::AtLeast(_) | Bound::Is(_))
        | (Bound::NotOpen, _)
        | (_, Bound::NotOpen) => false,
    }
}
