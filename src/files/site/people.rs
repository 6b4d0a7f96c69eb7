//! Reads a site's people, objectives and regions.

use crate::domain::ids::{PersonId, TierId};
use crate::domain::objective::Objective;
use crate::domain::settings::{Fault, Fields, Key, Node, Span, Table, unknown};
use crate::domain::site::{Person, Region, SiteRole};
use crate::domain::text::Clean;
use crate::files::faults::Faults;
use crate::files::tables::{missing, name_of, named_tables};

/// The people of `[people]`.
pub(super) fn read_people(fields: &Fields<'_>, faults: &mut Faults) -> Vec<Person> {
    let mut people = Vec::new();
    for (key, table) in named_tables(fields, "people", "person", faults) {
        people.extend(faults.take(read_person(key, table)));
    }
    people
}

fn read_person(key: &Key, table: &Table) -> Result<Person, Fault> {
    let fields = Fields::new(table, format!("person `{}`", key.name));
    let id = name_of(key, PersonId::new)?;
    let mut roles = Vec::new();
    for role in fields.texts("roles")? {
        roles.push(match role {
            "commander" => SiteRole::Commander,
            "approver" => SiteRole::Approver,
            "watcher" => SiteRole::Watcher,
            other => {
                let names = ["commander", "approver", "watcher"];
                let span = fields.node("roles").map_or(key.span, |node| node.span);
                return Err(Fault::new(span, unknown("a role", other, names.into_iter())));
            }
        });
    }
    if roles.is_empty() {
        let wanted = "a list of \"commander\", \"approver\" and \"watcher\"";
        return Err(missing(key.span, &format!("person `{}`", key.name), "roles", wanted));
    }
    let may_declare = fields.boolean("may_declare")?.unwrap_or(false);
    fields.finish()?;
    Ok(Person { id, roles, may_declare })
}

/// The objectives of `[objectives]`.
pub(super) fn read_objectives(fields: &Fields<'_>, faults: &mut Faults) -> Vec<Objective> {
    let mut objectives = Vec::new();
    for (key, table) in named_tables(fields, "objectives", "objective", faults) {
        objectives.extend(faults.take(read_objective(key, table)));
    }
    objectives
}

fn read_objective(key: &Key, table: &Table) -> Result<Objective, Fault> {
    let what = format!("objective `{}`", key.name);
    let fields = Fields::new(table, what.clone());
    let tier = name_of(key, TierId::new)?;
    let wanted = "a time with its unit, such as \"1h\"";
    let rto = fields.duration("rto")?.ok_or_else(|| missing(key.span, &what, "rto", wanted))?;
    if rto.is_zero() {
        let span = fields.node("rto").map_or(key.span, |node| node.span);
        return Err(Fault::new(span, format!("`rto` in {what} must be more than nothing")));
    }
    let rpo = fields.duration("rpo")?.ok_or_else(|| missing(key.span, &what, "rpo", wanted))?;
    // Not guaranteed unless somebody vouches for it.
    let rpo_guaranteed = fields.boolean("rpo_guaranteed")?.unwrap_or(false);
    fields.finish()?;
    Ok(Objective { tier, rto, rpo, rpo_guaranteed })
}

/// Both regions; exactly one starts as primary.
pub(super) fn read_regions(fields: &Fields<'_>, faults: &mut Faults) -> Option<[Region; 2]> {
    let mut pair: [Option<Region>; 2] = [None, None];
    let before = faults.0.len();
    let span = fields.node("regions").map_or(Span::default(), |node: &Node| node.span);
    for (key, table) in named_tables(fields, "regions", "region", faults) {
        let index = match key.name.as_str() {
            "a" => 0,
            "b" => 1,
            other => {
                faults.add(key.span, unknown("a region of a site", other, ["a", "b"].into_iter()));
                continue;
            }
        };
        pair[index] = faults.take(read_region(key, table));
    }
    if faults.0.len() > before {
        return None;
    }
    let [a, b] = pair;
    let (Some(a), Some(b)) = (a, b) else {
        faults.add(span, "a site needs both regions: `regions.a` and `regions.b`");
        return None;
    };
    if a.starts_as_primary == b.starts_as_primary {
        let message = "exactly one region must have `starts_as = \"primary\"`, \
                       the other `starts_as = \"standby\"`";
        faults.add(span, message);
        return None;
    }
    Some([a, b])
}

fn read_region(key: &Key, table: &Table) -> Result<Region, Fault> {
    let what = format!("region `{}`", key.name);
    let fields = Fields::new(table, what.clone());
    let letter = key.name.to_uppercase();
    let label =
        fields.text("label")?.map_or_else(|| Clean::new(&format!("Region {letter}")), Clean::new);
    let aws_region = fields.text("aws_region")?.map(str::to_owned);
    let starts_as = fields.choice("starts_as", &["primary", "standby"])?;
    let wanted = "\"primary\" or \"standby\"";
    let starts_as = starts_as.ok_or_else(|| missing(key.span, &what, "starts_as", wanted))?;
    fields.finish()?;
    Ok(Region { label, aws_region, starts_as_primary: starts_as == "primary" })
}
