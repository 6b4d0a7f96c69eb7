//! `warroom check`: whether a site's files, secrets and probes are fit for the day they are needed.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::exit::Exit;
use crate::app::kinds::KINDS;
use crate::app::masked::{Mask, known_to_watch};
use crate::app::secrets::{ActSecrets, Environment, ReadSecrets, environment};
use crate::app::{reference, workshop};
use crate::domain::ids::Side;
use crate::domain::reading::{Health, Look, LookErrorKind, Reading};
use crate::domain::settings::Fault;
use crate::domain::site::{Site, SystemSpec};
use crate::domain::spending::Bill;
use crate::domain::text::Clean;
use crate::domain::time::short_time;
use crate::files::kinds::Kinds;
use crate::files::lint;
use crate::files::site::{self, LoadedSite};
use crate::files::toml_tree::{self, FileFault};
use crate::port::{Clock, Commons, Looks, ProbeSetup, Secrets, Spent};
use crate::runtime::look_once::{GRACE, Looked, look_once};
use crate::sim;

/// How one thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// As it should be.
    Good,
    /// Reached, but not well.
    Finding,
    /// Not reached.
    Unreachable,
    /// A right or a secret is missing.
    NotPermitted,
    /// What a person wrote is wrong.
    Faulty,
}

impl Found {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Finding => "finding",
            Self::Unreachable => "unreachable",
            Self::NotPermitted => "refused",
            Self::Faulty => "fault",
        }
    }

    fn exit(self) -> Exit {
        match self {
            Self::Good => Exit::Ok,
            Self::Finding => Exit::Finding,
            Self::Unreachable => Exit::Unreachable,
            Self::NotPermitted => Exit::NotPermitted,
            Self::Faulty => Exit::Configuration,
        }
    }
}

/// One line of the report: `probe      unreachable  pg in B: no route`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `file`, `secret`, `probe`, `cost` or `reference`.
    pub section: &'static str,
    /// How it was found.
    pub found: Found,
    /// What was looked at and what was seen.
    pub text: Clean,
}

/// Everything the check found, one line each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// The lines, in the order of the check.
    pub lines: Vec<Line>,
}

impl CheckReport {
    fn add(&mut self, section: &'static str, found: Found, text: impl Into<Clean>) {
        self.lines.push(Line { section, found, text: text.into() });
    }

    fn count(&self, found: Found) -> usize {
        self.lines.iter().filter(|line| line.found == found).count()
    }

    /// The gravest of what was found.
    pub fn exit(&self) -> Exit {
        [Found::Faulty, Found::NotPermitted, Found::Unreachable, Found::Finding]
            .into_iter()
            .find(|found| self.count(*found) > 0)
            .map_or(Exit::Ok, Found::exit)
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(out, "{:<10} {:<12} {}", line.section, line.found.word(), line.text)?;
        }
        let exit = self.exit();
        writeln!(
            out,
            "{:<10} {:<12} {} ok, {} findings, {} unreachable, {} refused, {} faults: {}",
            "result",
            exit.number(),
            self.count(Found::Good),
            self.count(Found::Finding),
            self.count(Found::Unreachable),
            self.count(Found::NotPermitted),
            self.count(Found::Faulty),
            exit.meaning()
        )
    }
}

/// What a check may use of the world; tests bring their own.
#[derive(Clone)]
pub struct CheckSetup {
    /// The kinds of system.
    pub kinds: Kinds,
    /// Reads environment variables.
    pub environment: Environment,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl CheckSetup {
    /// All kinds of system, the process's environment, and the given clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { kinds: KINDS, environment, clock }
    }
}

/// Checks the site in `dir`; `offline` reads the files and reaches for nothing.
pub async fn check(dir: &Path, offline: bool, setup: &CheckSetup) -> CheckReport {
    let mut report = CheckReport::default();
    let loaded = match site::load(dir, setup.kinds) {
        Ok(loaded) => loaded,
        Err(faults) => {
            for fault in faults {
                report.add("file", Found::Faulty, fault.to_string());
            }
            return report;
        }
    };
    let read = ReadSecrets::with_environment(&loaded.site, dir, setup.environment);
    add_files(&mut report, &loaded, &read);
    if !offline {
        add_secrets(&mut report, &loaded, setup);
        add_probes(&mut report, &loaded, &read, setup).await;
        add_references(&mut report, &loaded.site, &read, setup).await;
    }
    report
}

fn add_files(report: &mut CheckReport, loaded: &LoadedSite, read: &ReadSecrets) {
    let path = loaded.dir.join("site.toml");
    let mut used: BTreeSet<String> = read.names().map(str::to_owned).collect();
    used.extend(lint::secrets_of_steps(&loaded.site, &loaded.runbooks));
    let mut warnings = lint::site_warnings(&loaded.site, &loaded.site_text, &used);
    warnings.extend(missing_world(loaded));
    add_file(
        report,
        &path,
        &loaded.site_text,
        &warnings,
        &format!("{} systems, {} rules", loaded.site.systems.len(), loaded.site.rules.len()),
    );
    for (runbook, text) in loaded.runbooks.iter().zip(&loaded.runbook_texts) {
        let path = loaded.runbook_path(&runbook.name);
        let warnings = lint::runbook_warnings(runbook, &loaded.site);
        let about = format!("{} steps, version {}", runbook.steps.len(), runbook.hash);
        add_file(report, &path, text, &warnings, &about);
    }
    if loaded.runbooks.is_empty() {
        let text = format!("{}: there is no runbook", loaded.dir.join("runbooks").display());
        report.add("file", Found::Finding, text);
    }
}

/// A simulated site whose world was never begun, such as the one that `warroom demo` copies.
fn missing_world(loaded: &LoadedSite) -> Option<Fault> {
    let world = sim::world_of(&loaded.site).filter(|world| !world.is_dir())?;
    let world = world.display().to_string();
    let tree = toml_tree::parse(&loaded.site_text).unwrap_or_default();
    let place = toml_tree::find_text(&tree, &world).unwrap_or_default();
    let message = format!(
        "there is no simulated world in `{world}`; `warroom demo` writes its site with a world"
    );
    Some(Fault::new(place, message))
}

fn add_file(report: &mut CheckReport, path: &Path, text: &str, warnings: &[Fault], about: &str) {
    if warnings.is_empty() {
        report.add("file", Found::Good, format!("{}: {about}", path.display()));
    }
    for warning in warnings {
        report.add("file", Found::Finding, FileFault::new(path, text, warning).to_string());
    }
}

fn add_secrets(report: &mut CheckReport, loaded: &LoadedSite, setup: &CheckSetup) {
    let all = ActSecrets::with_environment(&loaded.site, &loaded.dir, setup.environment);
    for secret in &loaded.site.secrets {
        match all.open(&secret.name) {
            Err(_) if all.is_only_to_beat(&secret.name) => {
                let text = format!("{}: not opened, only `warroom beat` does", secret.name);
                report.add("secret", Found::Good, text);
            }
            Ok(_) => report.add("secret", Found::Good, secret.name.as_str()),
            Err(sentence) => report.add("secret", Found::NotPermitted, sentence),
        }
    }
}

async fn add_probes(
    report: &mut CheckReport,
    loaded: &LoadedSite,
    read: &ReadSecrets,
    setup: &CheckSetup,
) {
    let mask = Mask::of(&known_to_watch(&loaded.site, read));
    // As in a console: what many systems ask is asked once.
    let commons = Commons::default();
    let mut watched = Vec::new();
    for spec in &loaded.site.systems {
        let alone = ProbeSetup::alone(spec, read, &setup.clock);
        let shared = ProbeSetup { commons: commons.clone(), ..alone };
        match workshop::watched(&shared, setup.kinds, &mask) {
            Ok(one) => watched.push(one),
            Err(sentence) => {
                report.add("probe", Found::NotPermitted, format!("{}: {sentence}", spec.id));
            }
        }
    }
    for Looked { system, looks, .. } in look_once(watched, &setup.clock).await {
        if let Some(spec) = system.and_then(|id| loaded.site.system(&id)) {
            add_looks(report, &loaded.site, spec, looks.as_ref());
        }
    }
    add_costs(report, &commons, &mask);
}

/// What watching costs at those who charge for questions, by what this one round has sent.
fn add_costs(report: &mut CheckReport, commons: &Commons, mask: &Mask) {
    let mut bills = commons.of::<Spent>().with(|round| round.bills());
    if bills.len() > 1 {
        bills.push(Bill::sum(&bills));
    }
    for bill in bills {
        report.add("cost", Found::Good, mask.sentence(&bill.to_string()));
    }
}

fn add_looks(report: &mut CheckReport, site: &Site, spec: &SystemSpec, looks: Option<&Looks>) {
    let Some(looks) = looks else {
        let time = short_time(spec.timeout + GRACE);
        let text = format!("{}: the probe did not keep its timeout ({time})", spec.id);
        report.add("probe", Found::Unreachable, text);
        return;
    };
    for side in Side::BOTH {
        if let Some(look) = looks.side(side) {
            let idle = spec.idle_standby && side != site.starts_primary();
            let (found, seen) = match look {
                // Nobody is sent to an idle standby, so there is nothing it could tell.
                Ok(Reading { health: Health::Unknown(why), .. }) if idle => {
                    (Found::Good, format!("idle: {why}"))
                }
                Ok(_) | Err(_) => judge(look),
            };
            let over = spec.stand_ins[side.index()].as_ref();
            let over = over.map_or_else(String::new, |url| format!(" (ENDPOINT OVERRIDE: {url})"));
            report.add("probe", found, format!("{} in {side}: {seen}{over}", spec.id));
        } else if spec.sides[side.index()].is_some() {
            let text = format!("{} in {side}: the probe told nothing of this side", spec.id);
            report.add("probe", Found::Unreachable, text);
        }
    }
}

fn judge(look: &Look) -> (Found, String) {
    match look {
        Ok(reading) => match &reading.health {
            Health::Up => (Found::Good, format!("up, {}", reading.note)),
            Health::Degraded(why) => (Found::Finding, format!("degraded: {why}")),
            Health::Down(why) => (Found::Finding, format!("DOWN: {why}")),
            Health::Unknown(why) => (Found::Finding, format!("UNKNOWN: {why}")),
        },
        Err(error) => {
            let found = match error.kind {
                LookErrorKind::Permission | LookErrorKind::Ours => Found::NotPermitted,
                LookErrorKind::Unreachable | LookErrorKind::Timeout => Found::Unreachable,
                LookErrorKind::Garbage => Found::Finding,
            };
            (found, error.message.to_string())
        }
    }
}

async fn add_references(
    report: &mut CheckReport,
    site: &Site,
    read: &ReadSecrets,
    setup: &CheckSetup,
) {
    let mask = Mask::of(&known_to_watch(site, read));
    for address in &site.reference {
        let watched = match reference::watched(address, site, read, &setup.clock) {
            Ok(watched) => workshop::masked(watched, &mask),
            Err(sentence) => {
                report.add("reference", Found::Faulty, mask.sentence(&sentence));
                continue;
            }
        };
        let bound = watched.timeout + GRACE;
        let looked = look_once(vec![watched], &setup.clock).await.pop();
        let (found, seen) = match looked.and_then(|looked| looked.looks?.a) {
            // Whatever it answers, it answers: only silence is of interest here.
            Some(Ok(Reading { health: Health::Up, note, .. })) => {
                (Found::Good, format!("answered {note}"))
            }
            Some(look) => judge(&look),
            None => (Found::Unreachable, format!("no answer within {}", short_time(bound))),
        };
        let text = format!("{}: {seen}", address.trim_end_matches(':'));
        report.add("reference", found, mask.sentence(&text));
    }
}
