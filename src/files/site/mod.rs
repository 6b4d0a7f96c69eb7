//! Reads a site's folder: `site.toml` and its runbooks, with every mistake named by its place.

mod people;
mod rules;
mod systems;

use std::path::{Path, PathBuf};

use self::rules::read_rules;
use self::systems::{check_secrets, read_secrets, read_systems};
use super::faults::{Faults, check_schema, first};
use super::kinds::Kinds;
use super::runbook;
use super::toml_tree::{self, FileFault};
use crate::domain::ids::{SystemId, is_name};
use crate::domain::runbook::Runbook;
use crate::domain::settings::{Fault, Fields, Span, Table, unknown};
use crate::domain::site::Site;
use crate::domain::text::Clean;

/// Distinct systems that must fail before the primary is red, unless the site says otherwise.
pub const RED_NEEDS_SIGNALS: usize = 2;

/// A site with everything read from its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedSite {
    /// The folder.
    pub dir: PathBuf,
    /// The site.
    pub site: Site,
    /// `site.toml` as read.
    pub site_text: String,
    /// The runbooks, by name.
    pub runbooks: Vec<Runbook>,
    /// Each runbook's file as read, in the same order.
    pub runbook_texts: Vec<String>,
}

impl LoadedSite {
    /// The runbook called `name` and its text.
    pub fn runbook(&self, name: &str) -> Option<(&Runbook, &str)> {
        let at = self.runbooks.iter().position(|runbook| runbook.name == name)?;
        Some((&self.runbooks[at], &self.runbook_texts[at]))
    }

    /// The position of the runbook called `name`.
    ///
    /// # Errors
    /// A sentence with the names that there are.
    pub fn position(&self, name: &str) -> Result<usize, String> {
        self.runbooks.iter().position(|runbook| runbook.name == name).ok_or_else(|| {
            let names = self.runbooks.iter().map(|runbook| runbook.name.as_str());
            unknown("a runbook of this site", name, names)
        })
    }

    /// Where a runbook's file stands.
    pub fn runbook_path(&self, name: &str) -> PathBuf {
        self.dir.join("runbooks").join(format!("{name}.toml"))
    }
}

/// Reads `site.toml` and all of `runbooks/*.toml` in `dir`.
///
/// # Errors
/// As many faults as can be found, at least one for each faulty file.
pub fn load(dir: &Path, kinds: Kinds) -> Result<LoadedSite, Vec<FileFault>> {
    let mut faults = Vec::new();
    let path = dir.join("site.toml");
    let site_text = toml_tree::read(&path).map_err(|fault| vec![fault])?;
    let site = parse_all(&site_text, kinds).map_err(|found| {
        faults.extend(found.iter().map(|fault| FileFault::new(&path, &site_text, fault)));
    });
    let files = runbook_files(&dir.join("runbooks")).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    let mut texts = Vec::new();
    let mut runbooks = Vec::new();
    for (name, path) in files {
        let text = match toml_tree::read(&path) {
            Ok(text) => text,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let read = match &site {
            Ok(site) => runbook::parse_all(&text, &name, site, kinds).map(Some),
            Err(()) => toml_tree::parse(&text).map(|_| None).map_err(|fault| vec![fault]),
        };
        match read {
            Ok(Some(runbook)) => {
                runbooks.push(runbook);
                texts.push((path, text));
            }
            Ok(None) => {}
            Err(found) => {
                faults.extend(found.iter().map(|fault| FileFault::new(&path, &text, fault)));
            }
        }
    }
    if faults.is_empty() {
        for (runbook, (path, text)) in runbooks.iter().zip(&texts) {
            faults.extend(
                runbook::check_back(runbook, text, &runbooks)
                    .map(|fault| FileFault::new(path, text, &fault)),
            );
        }
    }
    match site {
        Ok(site) if faults.is_empty() => Ok(LoadedSite {
            dir: dir.to_owned(),
            site,
            site_text,
            runbooks,
            runbook_texts: texts.into_iter().map(|(_, text)| text).collect(),
        }),
        Ok(_) | Err(()) => Err(faults),
    }
}

/// Names and paths of the runbooks in a folder, by name; none when there is no folder.
fn runbook_files(dir: &Path) -> Result<Vec<(String, PathBuf)>, FileFault> {
    let failed = |error: &std::io::Error| {
        FileFault::of_file(dir, format!("the folder of runbooks cannot be read: {error}"))
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(&error))?.path();
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some(name) = file_name.strip_suffix(".toml") else { continue };
        // Editors leave hidden copies such as `.failover.toml` beside the real file.
        if !name.is_empty() && !name.starts_with('.') {
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

/// Reads the text of a `site.toml`.
///
/// # Errors
/// The first fault.
pub fn parse(text: &str, kinds: Kinds) -> Result<Site, Fault> {
    parse_all(text, kinds).map_err(first)
}

/// The same, with everything that is wrong.
///
/// # Errors
/// All faults that can be found, in the order of the file.
pub fn parse_all(text: &str, kinds: Kinds) -> Result<Site, Vec<Fault>> {
    let tree = toml_tree::parse(text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::default();
    let site = read_site(&tree, kinds, &mut faults);
    faults.0.sort_by_key(|fault| fault.span.start);
    match site {
        Some(site) if faults.0.is_empty() => Ok(site),
        Some(_) | None => Err(faults.0),
    }
}

fn read_site(tree: &Table, kinds: Kinds, faults: &mut Faults) -> Option<Site> {
    let fields = Fields::new(tree, "the site");
    faults.take(check_schema(&fields));
    let name = faults.take(read_name(&fields));
    let title = faults.take(fields.text("title")).flatten();
    let reference = faults.take(read_reference(&fields)).unwrap_or_default();
    let signals = faults.take(fields.integer("red_needs_signals", 1, 100)).flatten();
    let people = people::read_people(&fields, faults);
    let objectives = people::read_objectives(&fields, faults);
    let regions = people::read_regions(&fields, faults);
    let secrets = read_secrets(&fields, faults);
    let mut specs = read_systems(&fields, kinds, faults);
    let rules = read_rules(&fields, &specs, faults);
    check_secrets(&fields, &mut specs, kinds, faults);
    let signal_count = signals.and_then(|count| usize::try_from(count).ok());
    let red_needs_signals = signal_count.unwrap_or(RED_NEEDS_SIGNALS);
    let span = tree.get("red_needs_signals").map_or_else(
        || tree.get("rules").map_or(Span::default(), |rules| rules.span),
        |node| node.span,
    );
    faults.take(fields.finish());
    if faults.0.is_empty() {
        let mut ruled: Vec<_> = rules.iter().map(|rule| &rule.system).collect();
        ruled.sort();
        ruled.dedup();
        if ruled.len() < red_needs_signals {
            let message = format!(
                "`red_needs_signals` is {red_needs_signals}, but the rules are about {} distinct \
                 systems: this site could never turn red; add rules or lower the number",
                ruled.len()
            );
            faults.add(span, message);
        }
    }
    let name = name?;
    Some(Site {
        title: Clean::new(title.unwrap_or(&name)),
        name,
        reference,
        red_needs_signals,
        people,
        objectives,
        regions: regions?,
        systems: specs,
        secrets,
        rules,
    })
}

fn read_name(fields: &Fields<'_>) -> Result<String, Fault> {
    let Some(name) = fields.text("name")? else {
        return Err(Fault::new(Span::default(), "the site needs `name`, a text in quotes"));
    };
    if !is_name(name) {
        SystemId::new(name).map_err(|bad| fields.fault("name", bad.to_string()))?;
    }
    Ok(name.to_owned())
}

/// The reference of a simulated site.
pub const SIMULATED_REFERENCE: &str = "sim:";

fn read_reference(fields: &Fields<'_>) -> Result<Vec<String>, Fault> {
    let addresses = fields.texts("reference")?;
    for address in &addresses {
        // The simulated world brings its own reference.
        if *address == SIMULATED_REFERENCE {
            continue;
        }
        let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
            let shown: String = address.chars().take(80).collect();
            let message = format!(
                "`{shown}` is not an address: write one that begins with https:// or http://"
            );
            return Err(fields.fault("reference", message));
        }
    }
    Ok(addresses.into_iter().map(str::to_owned).collect())
}
