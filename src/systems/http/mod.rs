//! HTTP endpoints: asked in both regions, judged by status and body, requested as steps.

mod call;
mod check;
mod look;
mod request;
mod settings;

#[cfg(test)]
mod tests;

use crate::domain::catalogue::FactSpec;
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::port::{About, Probe, ProbeSetup, System};
use crate::systems::kit::each::EachSide;
use crate::systems::kit::sides::both_sides;
use look::Endpoint;

/// The kind `http`.
pub struct Http;

const FACTS: &[FactSpec] = &[
    FactSpec { name: "status", doc: "the status of the answer, such as 200" },
    FactSpec { name: "took", doc: "the time until the last byte of the answer" },
    FactSpec { name: "size", doc: "the length of the answer's body in bytes" },
    FactSpec { name: "tls_expires_in", doc: "the time until the peer's certificate ends" },
];

static ABOUT: About = About {
    kind: "http",
    doc: "Asks an HTTP endpoint and judges its status and body",
    settings: settings::OF_SYSTEM,
    facts: FACTS,
    permissions: &["read access to the endpoint, where it asks for any"],
    grants: &[],
    actions: &[&check::Check, &request::Request],
    example_name: "gateway",
    example_pace: ["5s", "1s"],
};

impl System for Http {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        let sides = both_sides(spec, Endpoint::read)?;
        let mut names: Vec<String> =
            sides.iter().flatten().flat_map(|one| one.call.secrets().map(str::to_owned)).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let [a, b] = both_sides(setup.spec, Endpoint::read)?;
        let ready = |side: Option<Endpoint>| side.map(|one| one.ready(setup.secrets)).transpose();
        Ok(EachSide::boxed(&setup, [ready(a)?, ready(b)?]))
    }
}
