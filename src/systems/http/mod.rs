//! HTTP endpoints: asked in both regions, judged by status and body, requested as steps.

mod address;
mod call;
mod check;
mod http1;
mod look;
mod request;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::catalogue::{FactSpec, SettingSpec};
use crate::domain::reading::Look;
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::port::{Action, Boxed, Clock, Looks, Probe, ProbeSetup, System};
use crate::systems::shared::sides::both_sides;
use look::{Endpoint, ReadyEndpoint};

/// The kind `http`.
pub struct Http;

const fn setting(name: &'static str, required: bool, doc: &'static str) -> SettingSpec {
    SettingSpec { name, doc, required }
}

const SETTINGS: &[SettingSpec] = &[
    setting("url", true, "What to ask, `https://` or `http://`, without user or password"),
    setting("method", false, "GET (the default), HEAD, POST, PUT, PATCH or DELETE"),
    setting(
        "headers",
        false,
        "Lines: a text, `{ secret = \"name\", prefix = \"Bearer \" }` or `{ basic = \"name\" }`",
    ),
    setting("body", false, "What to send with it, a text"),
    setting("ca", false, "Full path of a PEM file; only its authorities are trusted then"),
    setting(
        "expect",
        false,
        "When it is up: `status` (200; one or a list), `json` by pointer, `body_contains`",
    ),
    setting("degraded", false, "When it is degraded; written like `expect`, asked before it"),
];

const FACTS: &[FactSpec] = &[
    FactSpec { name: "status", doc: "the status of the answer, such as 200" },
    FactSpec { name: "took", doc: "the time until the last byte of the answer" },
    FactSpec { name: "size", doc: "the length of the answer's body in bytes" },
    FactSpec { name: "tls_expires_in", doc: "the time until the peer's certificate ends" },
];

impl System for Http {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn doc(&self) -> &'static str {
        "Asks an HTTP endpoint and judges its status and body"
    }

    fn settings(&self) -> &'static [SettingSpec] {
        SETTINGS
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["read access to the endpoint, where it asks for any"]
    }

    fn actions(&self) -> &'static [&'static dyn Action] {
        &[&check::Check, &request::Request]
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        let sides = both_sides(spec, Endpoint::read)?;
        let mut names: Vec<String> =
            sides.iter().flatten().flat_map(|one| one.call.secrets().map(str::to_owned)).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn example(&self) -> &'static str {
        r#"[systems.gateway]
kind = "http"
every = "5s"
timeout = "1s"
expect = { status = 200, json = { "/status" = "up" } }
degraded = { json = { "/status" = "degraded" } }
a = { url = "http://127.0.0.1:9/health" }
b = { url = "http://127.0.0.1:9/health" }
"#
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let [a, b] = both_sides(setup.spec, Endpoint::read)?;
        let ready = |side: Option<Endpoint>| side.map(|one| one.ready(setup.secrets)).transpose();
        Ok(Box::new(HttpProbe {
            a: ready(a)?,
            b: ready(b)?,
            timeout: setup.spec.timeout,
            clock: Arc::clone(&setup.clock),
        }))
    }
}

struct HttpProbe {
    a: Option<ReadyEndpoint>,
    b: Option<ReadyEndpoint>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl HttpProbe {
    async fn side(&self, endpoint: Option<&ReadyEndpoint>) -> Option<Look> {
        Some(endpoint?.look(self.clock.as_ref(), self.timeout).await)
    }
}

impl Probe for HttpProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async {
            let (a, b) = tokio::join!(self.side(self.a.as_ref()), self.side(self.b.as_ref()));
            Looks { a, b }
        })
    }
}
