//! `warroom history`: the runs of this machine, and how fresh the plans of a site are.

mod json;
mod table;

use super::args::{ConsoleArgs, HistoryArgs};
use super::exit::Exit;
use super::opening::{find, load_from};
use super::refused::Refused;
use super::say::say;
use crate::app::kinds::kind_of;
use crate::app::past::Past;
use crate::domain::ids::RunId;
use crate::domain::pace::{Pace, Paces, is_alike};
use crate::domain::run::event::RunKind;
use crate::domain::runbook::Runbook;
use crate::domain::settings::unknown;
use crate::domain::text::Clean;
use crate::files::site::LoadedSite;
use crate::runtime::paths::StatePaths;
use crate::runtime::runs;

/// A run of this machine: told, or why it cannot be.
pub(super) struct Row {
    /// Its name, that of its folder.
    pub(super) name: String,
    /// What is known of it.
    pub(super) past: Result<Past, String>,
}

/// A plan of a site with what its runs told.
pub(super) struct Freshness<'a> {
    /// The plan.
    pub(super) plan: &'a Runbook,
    /// What its steps took.
    pub(super) pace: &'a Pace,
    /// Its newest run of the site's kind.
    pub(super) last: Option<&'a Past>,
    /// Its newest run that was no simulation.
    pub(super) last_real: Option<&'a Past>,
}

/// What is asked of the history.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Where state is kept.
    pub paths: &'a StatePaths,
    /// The site whose plans are told; its runs only when `of_site`.
    pub site: Option<&'a LoadedSite>,
    /// True when only runs of that site are asked for.
    pub of_site: bool,
    /// The one runbook that is asked for.
    pub runbook: Option<&'a str>,
    /// True for JSON.
    pub json: bool,
}

/// Runs are told without a site; its plans only where one is found.
pub(super) fn run(console: &ConsoleArgs, args: &HistoryArgs) -> Result<Exit, Refused> {
    let paths = StatePaths::of_process().map_err(|error| anyhow::anyhow!(error))?;
    let needed = console.site.is_some() || args.runbook.is_some();
    let site = match find(console) {
        Ok(dir) if needed => Some(load_from(&dir)?),
        Ok(dir) => load_from(&dir).ok(),
        Err(refused) if needed => return Err(refused),
        Err(_) => None,
    };
    if let (Some(name), Some(site)) = (&args.runbook, &site) {
        let names = || site.runbooks.iter().map(|plan| plan.name.as_str());
        if !names().any(|known| known == name) {
            let what = "a runbook of this site";
            let text = unknown(what, name, names());
            return Err(Refused(Exit::Usage, text));
        }
    }
    let (text, whole) = tell(&Asked {
        paths: &paths,
        site: site.as_ref(),
        of_site: needed,
        runbook: args.runbook.as_deref(),
        json: args.json,
    });
    say(&text)?;
    Ok(if whole { Exit::Ok } else { Exit::Finding })
}

/// The history as text, and whether every run could be read.
pub fn tell(asked: &Asked<'_>) -> (String, bool) {
    let folder = asked.paths.runs();
    let mut rows: Vec<Row> = runs::names(&folder)
        .into_iter()
        .map(|name| {
            let past = Past::read(&folder.join(&name)).map_err(|why| Clean::new(&why).to_string());
            Row { past, name: Clean::new(&name).to_string() }
        })
        .filter(|row| is_asked_for(row, asked))
        .collect();
    rows.sort_by_key(|row| {
        let opened = row.past.as_ref().map_or(i64::MIN, |past| past.run.opened.0.wall_ms);
        std::cmp::Reverse((opened, row.name.clone()))
    });
    let paces = asked.site.map(|site| paces_of(&rows, site)).unwrap_or_default();
    let plans: Vec<Freshness<'_>> = asked
        .site
        .into_iter()
        .flat_map(|site| site.runbooks.iter().map(move |plan| (site, plan)))
        .filter(|(_, plan)| asked.runbook.is_none_or(|name| name == plan.name))
        .map(|(site, plan)| freshness(&rows, site, plan, &paces))
        .collect();
    let text = if asked.json { json::text(&rows, &plans) } else { table::text(&rows, &plans) };
    (text, rows.iter().all(|row| row.past.is_ok()))
}

fn is_asked_for(row: &Row, asked: &Asked<'_>) -> bool {
    let Ok(past) = &row.past else {
        let prefix = asked.site.map(|site| RunId::prefix(&site.site.name));
        return !asked.of_site || prefix.is_none_or(|prefix| row.name.starts_with(&prefix));
    };
    let of_site = !asked.of_site || asked.site.is_none_or(|site| site.site.name == past.site.name);
    of_site && asked.runbook.is_none_or(|name| name == past.plan.name)
}

fn paces_of(rows: &[Row], site: &LoadedSite) -> Paces {
    let mut paces = Paces::default();
    for past in of_site(rows, site).collect::<Vec<_>>().into_iter().rev() {
        paces.learn(&past.plan, &past.run);
    }
    paces
}

/// The runs that tell something about this site, newest first.
fn of_site<'a>(rows: &'a [Row], site: &LoadedSite) -> impl Iterator<Item = &'a Past> {
    let (name, kind) = (site.site.name.clone(), kind_of(&site.site));
    rows.iter()
        .filter_map(|row| row.past.as_ref().ok())
        .filter(move |past| past.site.name == name && is_alike(past.run.kind, kind))
}

fn freshness<'a>(
    rows: &'a [Row],
    site: &LoadedSite,
    plan: &'a Runbook,
    paces: &'a Paces,
) -> Freshness<'a> {
    let mut runs = of_site(rows, site)
        .filter(|past| past.plan.name == plan.name && past.run.direction.from == plan.from);
    let last = runs.next();
    let last_real = last.into_iter().chain(runs).find(|past| past.run.kind != RunKind::Simulation);
    Freshness { plan, pace: paces.away_from(plan.from), last, last_real }
}
