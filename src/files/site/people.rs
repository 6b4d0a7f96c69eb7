//! Reads a site's people, objectives and regions.

use crate::domain::ids::{PersonId, TierId};
use crate::domain::objective::Objective;
use crate::domain::settings::{Fault, Fields, Key, Node, Span, unknown};
use crate::domain::site::{Person, Region, SiteRole};
use crate::domain::text::Clean;
use crate::files::faults::Faults;
use crate::files::tables::{missing, name_of, named_tables, read_named};

/// The people of `[people]`.
pub(super) fn read_people(fields: &Fields<'_>, faults: &mut Faults) -> Vec<Person> {
    read_named(fields, "people", "person", faults, read_person)
}

fn read_person(key: &Key, fields: &Fields<'_>) -> Result<Person, Fault> {
    let id = name_of(key, PersonId::new)?;
    let mut roles = Vec::new();
    for role in fields.texts("roles")? {
        roles.push(match role {
            "commander" => SiteRole::Commander,
            "approver" => SiteRole::Approver,
            "watcher" => SiteRole::Watcher,
            other => {
                let names = ["commander", "approver", "watcher"];
                return Err(fields.fault("roles", unknown("a role", other, names.into_iter())));
            }
        });
    }
    if roles.is_empty() {
        let wanted = "a list of \"commander\", \"approver\" and \"watcher\"";
        return Err(missing(key.span, fields.what(), "roles", wanted));
    }
    let may_declare = fields.boolean("may_declare")?.unwrap_or(false);
    fields.finish()?;
    Ok(Person { id, roles, may_declare })
}

/// The objectives of `[objectives]`.
pub(super) fn read_objectives(fields: &Fields<'_>, faults: &mut Faults) -> Vec<Objective> {
    read_named(fields, "objectives", "objective", faults, read_objective)
}

fn read_objective(key: &Key, fields: &Fields<'_>) -> Result<Objective, Fault> {
    let what = fields.what();
    let tier = name_of(key, TierId::new)?;
    let wanted = "a time with its unit, such as \"1h\"";
    let rto = fields.duration("rto")?.ok_or_else(|| missing(key.span, what, "rto", wanted))?;
    if rto.is_zero() {
        return Err(fields.refuse("rto", "must be more than nothing"));
    }
    let rpo = fields.duration("rpo")?.ok_or_else(|| missing(key.span, what, "rpo", wanted))?;
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
    for (key, fields) in named_tables(fields, "regions", "region", faults) {
        let index = match key.name.as_str() {
            "a" => 0,
            "b" => 1,
            other => {
                faults.add(key.span, unknown("a region of a site", other, ["a", "b"].into_iter()));
                continue;
            }
        };
        pair[index] = faults.take(read_region(key, &fields));
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

fn read_region(key: &Key, fields: &Fields<'_>) -> Result<Region, Fault> {
    let what = fields.what();
    let letter = key.name.to_uppercase();
    let label =
        fields.text("label")?.map_or_else(|| Clean::new(&format!("Region {letter}")), Clean::new);
    let aws_region = fields.text("aws_region")?.map(str::to_owned);
    let starts_as = fields.choice("starts_as", &["primary", "standby"])?;
    let wanted = "\"primary\" or \"standby\"";
    let starts_as = starts_as.ok_or_else(|| missing(key.span, what, "starts_as", wanted))?;
    fields.finish()?;
    Ok(Region { label, aws_region, starts_as_primary: starts_as == "primary" })
}
