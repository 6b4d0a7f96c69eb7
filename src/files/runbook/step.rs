//! Reads one step of a runbook and resolves its action, target, gates and way back.

use std::time::Duration;

use strum::VariantNames as _;

use super::context::Context;
use super::gate::{other_side, read_gates, read_place};
use super::variant;
use crate::domain::catalogue::{ActionSpec, Change, Class, Guard};
use crate::domain::ids::StepId;
use crate::domain::runbook::{Compensation, Step, Target};
use crate::domain::settings::{Fault, Fields, Node, Span, Table, Value, unknown};
use crate::domain::site::{Site, SiteRole, SystemSpec};
use crate::domain::text::Clean;
use crate::domain::time::short_time;
use crate::files::faults::Faults;
use crate::files::tables::missing;
use crate::port::{Action, System};

/// The shortest timeout of a step.
pub const TIMEOUT_MIN: Duration = Duration::from_secs(1);
/// The longest timeout of a step: every wait has an upper bound.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 3600);

/// Reads a step; notes what is wrong and gives none when the step cannot be made.
pub(super) fn read_step(
    table: &Table,
    before: Option<&StepId>,
    names: &[&str],
    context: &Context<'_>,
    faults: &mut Faults,
) -> Option<Step> {
    let id = faults.take(read_id(table))?;
    let fields = Fields::new(table, format!("step `{id}`"));
    let reader = Reader { fields: &fields, table, id: &id, context };
    for known_even_if_never_read in ["id", "change", "class", "guard", "compensation"] {
        let _ = fields.node(known_even_if_never_read);
    }
    let title = faults.take(fields.need_text("title")).map(Clean::new);
    let group = faults.take(fields.text("group")).flatten().map(Clean::new);
    let found = faults.take(reader.action("action", &fields));
    let target = faults.take(reader.target(found.map(|(system, action)| (system, action.spec()))));
    let change = found.and_then(|(_, action)| faults.take(reader.change(action.spec())));
    let with = faults.take(fields.table("with"));
    let with = with.flatten().cloned().unwrap_or(Table { span: table.span, ..Table::default() });
    let needs = faults.take(reader.needs(before, names));
    let times = faults.take(reader.times());
    let gates = faults.take(read_gates(&fields, context));
    let ungraceful = faults.take(variant::word(&fields));
    let strict = found.and_then(|(_, action)| faults.take(reader.strictness(action.spec())));
    let compensation = found.and_then(|(_, action)| {
        faults.take(reader.compensation(action.spec(), target.as_ref().and_then(Option::as_ref)))
    });
    let second_person = faults.take(reader.second_person());
    let automatic = faults.take(reader.automatic(strict.as_ref(), second_person));
    let optional = faults.take(fields.boolean("optional")).flatten().unwrap_or(false);
    let say = faults.take(fields.text("say")).flatten().map(Clean::new);
    if let (Some((_, action)), Some(target)) = (found, &target) {
        let spec = target.as_ref().and_then(|target| context.site.system(&target.system));
        faults.take(reader.settings(action, &with, spec));
    }
    faults.take(fields.finish());
    let ((expect, timeout), (class, guard)) = (times?, strict?);
    let (change, target, mut gates) = (change?, target?, gates?);
    gates.extend(other_side(change, target.as_ref(), table.span, context));
    let mut step = Step {
        title: title?,
        group,
        action: found?.1.spec(),
        change,
        with,
        target,
        needs: needs?,
        expect,
        timeout,
        gates,
        ungraceful: ungraceful?,
        compensation: compensation?,
        class,
        guard,
        second_person: second_person?,
        automatic: automatic?,
        optional,
        say,
        span: table.span,
        id,
    };
    variant::read(&mut step, table, context, faults)?;
    Some(step)
}

fn read_id(table: &Table) -> Result<StepId, Fault> {
    match table.get("id") {
        Some(Node { value: Value::Text(text), span }) => {
            StepId::new(text).map_err(|bad| Fault::new(*span, bad.to_string()))
        }
        Some(node) => Err(Fault::new(node.span, "`id` of a step must be a text in quotes")),
        None => Err(missing(table.span, "a step", "id", "its name in the runbook")),
    }
}

/// Reads what steps and their lossy variants have in common.
pub(super) struct Reader<'r, 'a> {
    pub(super) fields: &'r Fields<'a>,
    pub(super) table: &'a Table,
    pub(super) id: &'r StepId,
    pub(super) context: &'r Context<'r>,
}

pub(super) type Found = (Option<&'static dyn System>, &'static dyn Action);

impl Reader<'_, '_> {
    fn what(&self) -> &str {
        self.fields.what()
    }

    pub(super) fn place(&self, key: &str) -> Span {
        self.table.get(key).map_or(self.table.span, |node| node.span)
    }

    /// Checks what is written for an action; a fault of its target stands where that is named.
    pub(super) fn settings(
        &self,
        action: &dyn Action,
        with: &Table,
        system: Option<&SystemSpec>,
    ) -> Result<(), Fault> {
        let system = system.map(SystemSpec::unplaced);
        action.check_settings(with, system.as_ref()).map_err(|fault| match fault.span {
            span if span == Span::default() => Fault { span: self.place("target"), ..fault },
            _ => fault,
        })
    }

    pub(super) fn action(&self, key: &'static str, fields: &Fields<'_>) -> Result<Found, Fault> {
        let name = fields.need_text(key)?;
        self.context.kinds.action(name).map_err(|message| fields.fault(key, message))
    }

    /// What the step does to the world. An action that says it is not gainsaid.
    pub(super) fn change(&self, spec: &ActionSpec) -> Result<Change, Fault> {
        let words: Vec<&str> = Change::declared().map(Change::word).collect();
        let word = self.fields.choice("change", &words)?;
        let told = word.and_then(Change::of_word);
        if told.is_none() || spec.change == Change::None {
            return Ok(told.unwrap_or(spec.change));
        }
        let (name, own) = (spec.name, spec.change.word());
        let message = format!("`{name}` says itself what it does (`{own}`): leave `change` out");
        Err(Fault::new(self.place("change"), message))
    }

    fn target(
        &self,
        found: Option<(Option<&'static dyn System>, &'static ActionSpec)>,
    ) -> Result<Option<Target>, Fault> {
        let Some(table) = self.fields.table("target")? else {
            return match found {
                Some((_, spec)) if spec.needs_target => {
                    let wanted = "such as `{ system = \"pg\", in = \"to\" }`";
                    Err(self.fields.missing("target", wanted))
                }
                Some(_) | None => Ok(None),
            };
        };
        let what = format!("the target of {}", self.what());
        let fields = Fields::new(table, what);
        let (system, place) = read_place(&fields, self.context)?;
        fields.finish()?;
        if let Some((Some(owner), spec)) = found
            && spec.needs_target
            && owner.kind() != system.kind
        {
            let message = format!(
                "`{}` acts on systems of kind `{}`, and `{}` is of kind `{}`",
                spec.name,
                owner.kind(),
                system.id,
                system.kind
            );
            return Err(Fault::new(table.span, message));
        }
        Ok(Some(Target { system: system.id.clone(), place }))
    }

    fn needs(&self, before: Option<&StepId>, names: &[&str]) -> Result<Vec<StepId>, Fault> {
        if self.fields.node("needs").is_none() {
            return Ok(before.cloned().into_iter().collect());
        }
        let mut needs: Vec<StepId> = Vec::new();
        for need in self.fields.texts("needs")? {
            let span = item_span(self.table, "needs", need);
            if need == self.id.as_str() {
                return Err(Fault::new(span, format!("{} waits for itself", self.what())));
            }
            if !names.contains(&need) {
                let others = names.iter().copied().filter(|name| *name != self.id.as_str());
                return Err(Fault::new(span, unknown("a step of this runbook", need, others)));
            }
            let need = StepId::new(need).map_err(|bad| Fault::new(span, bad.to_string()))?;
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
        Ok(needs)
    }

    fn times(&self) -> Result<(Duration, Duration), Fault> {
        let wanted = "when it is given up, such as \"60s\"";
        let timeout = self.fields.duration("timeout")?;
        let expect = self.fields.duration("expect")?;
        let timeout = timeout.ok_or_else(|| self.fields.missing("timeout", wanted))?;
        self.check_times(expect.unwrap_or(timeout), timeout)
    }

    /// Both within their bounds.
    pub(super) fn check_times(
        &self,
        expect: Duration,
        timeout: Duration,
    ) -> Result<(Duration, Duration), Fault> {
        if !(TIMEOUT_MIN..=TIMEOUT_MAX).contains(&timeout) {
            return Err(self.fields.refuse("timeout", "must be from 1s to 24h"));
        }
        if expect > timeout {
            let (expect, timeout) = (short_time(expect), short_time(timeout));
            let why = format!("is {expect}, longer than its timeout of {timeout}");
            return Err(self.fields.refuse("expect", &why));
        }
        Ok((expect, timeout))
    }

    /// Class and guard: the action's, or stricter ones of the plan.
    pub(super) fn strictness(&self, spec: &ActionSpec) -> Result<(Class, Guard), Fault> {
        let written = self.fields.choice("class", Class::VARIANTS)?;
        let class = match written {
            None => spec.class,
            Some(letter) => {
                // Whatever is not known to be milder is irreversible.
                let class = letter.parse().unwrap_or(Class::X);
                // A person's deed is another thing, neither stricter nor laxer.
                let other = (class == Class::H) != (spec.class == Class::H);
                if other || class < spec.class {
                    let message = format!(
                        "`{}` is of class {}; a plan may only make it stricter, not {letter}",
                        spec.name, spec.class
                    );
                    return Err(Fault::new(self.place("class"), message));
                }
                class
            }
        };
        // A class that the plan made stricter brings its usual guard with it.
        let least = if class == spec.class { spec.guard } else { spec.guard.max(usual(class)) };
        let guard = match self.fields.integer("guard", 0, 3)?.and_then(Guard::from_number) {
            None => least,
            Some(guard) if guard >= least => guard,
            Some(guard) => {
                let message = format!(
                    "`{}` needs guard {}; a plan may only make it stricter, not {}",
                    spec.name,
                    least.number(),
                    guard.number()
                );
                return Err(Fault::new(self.place("guard"), message));
            }
        };
        Ok((class, guard))
    }

    pub(super) fn compensation(
        &self,
        spec: &ActionSpec,
        target: Option<&Target>,
    ) -> Result<Compensation, Fault> {
        let Some(table) = self.fields.table("compensation")? else {
            return match spec.class {
                Class::R | Class::H => Ok(Compensation::NotNeeded),
                // A check that has to write, such as one row of its own, leaves nothing to undo.
                _ if spec.change.only_looks() => Ok(Compensation::NotNeeded),
                Class::I | Class::K | Class::N | Class::X => {
                    let wanted = "how it is taken back: `{ action = \"...\", with = { ... } }` \
                                  or `{ none = \"what it costs instead\" }`";
                    Err(self.fields.missing("compensation", wanted))
                }
            };
        };
        let what = format!("the compensation of {}", self.what());
        let fields = Fields::new(table, what.clone());
        let none = fields.text("none")?;
        let with = fields.table("with")?;
        let named = fields.text("action")?;
        let compensation = match (named, none) {
            (None, Some(cost)) if with.is_none() && !cost.trim().is_empty() => {
                Compensation::None(Clean::new(cost))
            }
            (Some(_), None) => {
                let (_, action) = self.action("action", &fields)?;
                let empty = Table { span: table.span, ..Table::default() };
                let with = with.cloned().unwrap_or(empty);
                let system = self.target_spec(target);
                self.settings(action, &with, system)?;
                Compensation::Action { action: action.spec(), with }
            }
            _ => {
                let message =
                    format!("{what} is either `action` (with `with`) or `none` with a text");
                return Err(Fault::new(table.span, message));
            }
        };
        fields.finish()?;
        Ok(compensation)
    }

    pub(super) fn target_spec(&self, target: Option<&Target>) -> Option<&SystemSpec> {
        self.context.site.system(&target?.system)
    }

    /// Whether an unattended run may start the step. Refused where only a person should decide.
    fn automatic(
        &self,
        strict: Option<&(Class, Guard)>,
        second_person: Option<bool>,
    ) -> Result<bool, Fault> {
        if !self.fields.boolean("automatic")?.unwrap_or(false) {
            return Ok(false);
        }
        let why = match strict {
            Some((Class::H, _)) => "only a person can see it (class H)",
            Some((Class::X, _)) => "it cannot be undone (class X)",
            Some((_, Guard::TypedVerb)) => "its guard is 3: a person types verb and target",
            _ if second_person == Some(true) => "it asks for a second person",
            Some(_) | None => return Ok(true),
        };
        let message = format!("{} cannot be `automatic`: {why}", self.what());
        Err(Fault::new(self.place("automatic"), message))
    }

    fn second_person(&self) -> Result<bool, Fault> {
        let asked = self.fields.boolean("second_person")?.unwrap_or(false);
        if asked && !has_two_people(self.context.site) {
            let message =
                "a second person is asked for, but the site has no approver beside a commander";
            return Err(Fault::new(self.place("second_person"), message));
        }
        Ok(asked)
    }
}

fn has_two_people(site: &Site) -> bool {
    site.people.iter().filter(|person| person.roles.contains(&SiteRole::Approver)).any(|approver| {
        site.people
            .iter()
            .any(|other| other.id != approver.id && other.roles.contains(&SiteRole::Commander))
    })
}

fn item_span(table: &Table, key: &str, text: &str) -> Span {
    let Some(node) = table.get(key) else { return table.span };
    match &node.value {
        Value::List(items) => items
            .iter()
            .find(|item| item.value == Value::Text(text.to_owned()))
            .map_or(node.span, |item| item.span),
        Value::Text(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Table(_) => node.span,
    }
}

/// The usual guard of a class (`safety.md`).
fn usual(class: Class) -> Guard {
    match class {
        Class::R | Class::H => Guard::OneKey,
        Class::I | Class::K => Guard::StopWindow,
        Class::N => Guard::TypedTarget,
        Class::X => Guard::TypedVerb,
    }
}
