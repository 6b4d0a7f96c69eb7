//! What Prometheus counts of a service: errors, latency and lag, fresh and under traffic.

mod check;
mod judge;
mod look;
mod query;
mod settings;

#[cfg(test)]
mod tests;

use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::port::{About, Probe, ProbeSetup, System};
use crate::systems::kit::each::EachSide;
use crate::systems::kit::sides::both_sides;
use settings::Wanted;

/// The kind `prometheus`.
pub struct Prometheus;

const FACTS: &[FactSpec] = &[
    fact("sample_age", "the age of the newest sample of `series`"),
    fact("traffic", "requests a second"),
    fact("user_errors", "failing of all requests, 0 to 1; unknown without traffic"),
    fact("latency", "how long requests take; unknown without traffic or above all buckets"),
    fact("lag_seconds", "how far a replica is behind: what its exporter said, and how old that is"),
];

static ABOUT: About = About {
    kind: "prometheus",
    doc: "Asks Prometheus for errors, latency and lag of a service, and how old they are",
    settings: settings::OF_SYSTEM,
    facts: FACTS,
    permissions: &["read access to the query API, where it asks for any"],
    grants: &[],
    actions: &[&check::Check],
    example_name: "metrics",
    example_pace: ["15s", "3s"],
};

impl System for Prometheus {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        let sides = both_sides(spec, Wanted::read)?;
        let mut names: Vec<String> =
            sides.into_iter().flatten().filter_map(|wanted| wanted.read).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let [a, b] = both_sides(setup.spec, Wanted::read)?;
        let ready = |side: Option<Wanted>| side.map(|one| one.ready(setup.secrets)).transpose();
        Ok(EachSide::boxed(&setup, [ready(a)?, ready(b)?]))
    }
}
