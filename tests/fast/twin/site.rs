//! The simulated twin of a real site: the same plan over simulated systems, to be run to its end.
//!
//! What a system is like is told by what can be done to it; what a step does, by the change that
//! its action or the plan declares.

use anyhow::{Context as _, anyhow};
use toml::{Table, Value};

use warroom::app::kinds::KINDS;
use warroom::domain::ids::SystemId;
use warroom::domain::runbook::{Runbook, Step, Ungraceful};
use warroom::domain::site::SystemSpec;
use warroom::domain::snapshot::COMMON_FACTS;
use warroom::files::site::LoadedSite;
use warroom::sim;
use warroom::sim::Nature;

use super::step;

/// A site and its runbooks as texts, over simulated systems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// `site.toml`.
    pub site: String,
    /// The runbooks: name and text.
    pub runbooks: Vec<(String, String)>,
    /// What the simulation cannot show, and so does not ask.
    pub left_out: Vec<String>,
}

/// The twin of a site in the world that is or will be in the folder `world`.
///
/// # Errors
/// When the files, which were read before, cannot be read as TOML again.
pub fn twin_of(loaded: &LoadedSite, world: &str) -> anyhow::Result<Twin> {
    let mut left_out = Vec::new();
    let site = twin_site(loaded, world).context("failed to simulate the site")?;
    let mut runbooks = Vec::new();
    for (runbook, text) in loaded.runbooks.iter().zip(&loaded.runbook_texts) {
        let told = twin_runbook(loaded, runbook, text, &mut left_out);
        let text = told.with_context(|| format!("failed to simulate `{}`", runbook.name))?;
        runbooks.push((runbook.name.clone(), text));
    }
    Ok(Twin { site, runbooks, left_out })
}

fn twin_site(loaded: &LoadedSite, world: &str) -> anyhow::Result<String> {
    let mut site: Table = loaded.site_text.parse()?;
    site.remove("secrets");
    site.insert("reference".to_owned(), Value::from(vec![sim::REFERENCE]));
    let systems = site.get_mut("systems").and_then(Value::as_table_mut);
    let systems = systems.ok_or_else(|| anyhow!("the site has no systems"))?;
    for spec in &loaded.site.systems {
        let written = systems.get(spec.id.as_str()).and_then(Value::as_table);
        let written = written.ok_or_else(|| anyhow!("no system `{}`", spec.id))?;
        let twin = twin_system(loaded, spec, written, world);
        systems.insert(spec.id.to_string(), Value::Table(twin));
    }
    Ok(toml::to_string(&site)?)
}

fn twin_system(loaded: &LoadedSite, spec: &SystemSpec, written: &Table, world: &str) -> Table {
    if spec.kind == sim::KIND {
        let mut twin = written.clone();
        twin.insert("world".to_owned(), Value::from(world));
        return twin;
    }
    let mut twin = Table::new();
    let mut put = |key: &str, value: Value| twin.insert(key.to_owned(), value);
    for key in ["objective", "standby"] {
        if let Some(value) = written.get(key) {
            put(key, value.clone());
        }
    }
    let nature = nature(loaded, spec);
    put("kind", Value::from(sim::KIND));
    put("world", Value::from(world));
    put("nature", Value::from(nature.word()));
    put("title", Value::from(spec.id.as_str()));
    put("every", Value::from("1s"));
    put("timeout", Value::from("1s"));
    if nature == Nature::Store {
        put("mirrored", Value::from(!is_promoted(loaded, &spec.id)));
    }
    for (key, side) in ["a", "b"].into_iter().zip(&spec.sides) {
        if side.is_some() {
            put(key, Value::Table(Table::new()));
        }
    }
    twin
}

/// How a system behaves: by what can be done to its kind, and what the plans do to it.
fn nature(loaded: &LoadedSite, spec: &SystemSpec) -> Nature {
    let restored = loaded.runbooks.iter().flat_map(|runbook| &runbook.restored);
    // What proves that users are served is what users get.
    if restored.into_iter().any(|gate| gate.system == spec.id) && spec.idle_standby {
        return Nature::Users;
    }
    let kind = KINDS.system(&spec.kind).expect("the site was read with this kind");
    let of_kind = kind.actions().iter().map(|action| action.spec().change);
    Nature::of_changes(of_kind.chain(targeting(loaded, &spec.id).map(|step| step.change)))
}

fn targeting<'a>(loaded: &'a LoadedSite, id: &'a SystemId) -> impl Iterator<Item = &'a Step> {
    let steps = loaded.runbooks.iter().flat_map(|runbook| &runbook.steps);
    steps.filter(move |step| step.target.as_ref().is_some_and(|target| target.system == *id))
}

/// A store that no plan promotes takes writes on both sides at any time.
fn is_promoted(loaded: &LoadedSite, id: &SystemId) -> bool {
    targeting(loaded, id).any(|step| step.change.promotes())
}

fn twin_runbook(
    loaded: &LoadedSite,
    runbook: &Runbook,
    text: &str,
    left_out: &mut Vec<String>,
) -> anyhow::Result<String> {
    let mut book: Table = text.parse()?;
    if let Some(gates) = book.get_mut("restored") {
        keep_known(gates, loaded, &format!("{}: restored", runbook.name), left_out);
    }
    let steps = book.get_mut("steps").and_then(Value::as_array_mut);
    let steps = steps.ok_or_else(|| anyhow!("the runbook has no steps"))?;
    for (written, step) in steps.iter_mut().zip(&runbook.steps) {
        let table = written.as_table_mut().ok_or_else(|| anyhow!("a step is a table"))?;
        let place = format!("{}: step {}", runbook.name, step.id);
        if let Some(gates) = table.get_mut("gates") {
            keep_known(gates, loaded, &place, left_out);
        }
        let target = step.target.as_ref().and_then(|target| loaded.site.system(&target.system));
        if target.is_none_or(|target| target.kind != sim::KIND) && !is_simulated(step) {
            let nature = target.map(|target| nature(loaded, target));
            step::make(table, step, nature);
            let lossy = table.get_mut("ungraceful").and_then(Value::as_table_mut);
            if let (Some(lossy), Ungraceful::Instead(variant)) = (lossy, &step.ungraceful) {
                step::make(lossy, variant, nature);
            }
        }
    }
    Ok(toml::to_string(&book)?)
}

fn is_simulated(step: &Step) -> bool {
    sim::ACTIONS.iter().any(|action| action.spec().name == step.action.name)
}

/// Takes away gates on facts that no simulated system tells; says which.
fn keep_known(gates: &mut Value, loaded: &LoadedSite, place: &str, left_out: &mut Vec<String>) {
    let Some(gates) = gates.as_array_mut() else { return };
    gates.retain(|gate| {
        let text = |key: &str| gate.get(key).and_then(Value::as_str).unwrap_or_default();
        let (fact, system) = (text("fact"), text("system"));
        let simulated = loaded
            .site
            .systems
            .iter()
            .any(|spec| spec.id.as_str() == system && spec.kind == sim::KIND);
        let known = simulated || is_known(fact);
        if !known {
            left_out.push(format!("{place}: {system} {fact}"));
        }
        known
    });
}

/// True for a fact that simulated systems tell.
pub fn is_known(fact: &str) -> bool {
    COMMON_FACTS.iter().any(|(name, _)| *name == fact)
        || sim::FACTS.iter().any(|known| known.name == fact)
}
