//! The files frozen with a run: the site and the plan, as they were when it was opened.

use super::kinds::Kinds;
use super::{runbook, site, toml_tree};
use crate::domain::runbook::Runbook;
use crate::domain::settings::{Fault, Value};
use crate::domain::site::Site;

/// A frozen file that no longer says what it said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the run's frozen {file}: {fault}")]
pub struct FrozenFault {
    file: &'static str,
    fault: Fault,
}

/// What was frozen with a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// The site.
    pub site: Site,
    /// The plan.
    pub plan: Runbook,
}

impl Frozen {
    /// Reads the texts of both files.
    ///
    /// # Errors
    /// Which file is faulty, and its first fault.
    pub fn read(site: &str, plan: &str, kinds: Kinds) -> Result<Self, FrozenFault> {
        let of = |file| move |fault| FrozenFault { file, fault };
        let site = site::parse(site, kinds).map_err(of("site file"))?;
        let name = runbook_name(plan).unwrap_or_default();
        let plan = runbook::parse(plan, &name, &site, kinds).map_err(of("runbook"))?;
        Ok(Self { site, plan })
    }
}

/// The name that a runbook file gives itself.
fn runbook_name(text: &str) -> Option<String> {
    let tree = toml_tree::parse(text).ok()?;
    match &tree.get("name")?.value {
        Value::Text(name) => Some(name.clone()),
        _ => None,
    }
}
