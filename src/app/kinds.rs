//! The kinds of system that this program is built with, and what a person wrote about them.

use std::path::Path;

use crate::domain::run::event::RunKind;
use crate::domain::runbook::Runbook;
use crate::domain::settings::Fault;
use crate::domain::site::Site;
use crate::files::kinds::Kinds;
use crate::files::site::LoadedSite;
use crate::files::toml_tree::FileFault;
use crate::files::{runbook, site};
use crate::port::System;
use crate::sim;
use crate::systems::{LEFT_OUT, SYSTEMS, facts};

/// The kinds that can be watched, and the simulated one.
const SYSTEMS_AND_SIM: [&dyn System; SYSTEMS.len() + 1] = {
    let mut all: [&dyn System; SYSTEMS.len() + 1] = [&sim::SIM; SYSTEMS.len() + 1];
    let (_, real) = all.split_last_mut().expect("the simulated one");
    real.copy_from_slice(SYSTEMS);
    all
};

/// All kinds.
pub const KINDS: Kinds = Kinds {
    systems: &SYSTEMS_AND_SIM,
    of_any: &[&facts::Wait { systems: || KINDS.systems }],
    left_out: LEFT_OUT,
};

/// Reads `site.toml` and all of `runbooks/*.toml` in `dir`.
///
/// # Errors
/// As many faults as can be found, at least one for each faulty file.
pub fn load(dir: &Path) -> Result<LoadedSite, Vec<FileFault>> {
    site::load(dir, KINDS)
}

/// Reads the text of a `site.toml`.
///
/// # Errors
/// The first fault.
pub fn read_site(text: &str) -> Result<Site, Fault> {
    site::parse(text, KINDS)
}

/// Reads the text of `runbooks/<name>.toml`.
///
/// # Errors
/// The first fault.
pub fn read_runbook(text: &str, name: &str, site: &Site) -> Result<Runbook, Fault> {
    runbook::parse(text, name, site, KINDS)
}

/// A site with a simulated system is a simulation, whatever else is in it: it is never called live.
pub fn kind_of(site: &Site) -> RunKind {
    let simulated = site.systems.iter().any(|system| system.kind == sim::KIND);
    if simulated { RunKind::Simulation } else { RunKind::Live }
}
