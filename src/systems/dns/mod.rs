//! Names: whether the zone's own servers and the world's resolvers lead to one region or the other.

mod judge;
mod query;
mod switched;
mod zone;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::catalogue::{FactSpec, SettingSpec};
use crate::domain::ids::Side;
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::port::{Action, Boxed, Clock, Looks, Probe, ProbeSetup, System};
use crate::systems::kit::sides::both_sides;
use zone::{Answers, Expected};

/// The kind `dns`.
pub struct Dns;

const fn setting(name: &'static str, required: bool, doc: &'static str) -> SettingSpec {
    SettingSpec { name, doc, required }
}

const SETTINGS: &[SettingSpec] = &[
    setting("name", true, "The full name that leads to the region, such as `api.example.com`"),
    setting("type", false, "The type of its record: A (the default), AAAA, CNAME or TXT"),
    setting("servers", true, "Addresses of the zone's own name servers, with a port where not 53"),
    setting(
        "resolvers",
        false,
        "Addresses of resolvers that people use, to see old answers expire",
    ),
    setting("answer", true, "What leads to the region, a text or a list; in `a` and in `b`"),
];

const FACTS: &[FactSpec] = &[
    FactSpec { name: "authoritative", doc: "yes when the zone's own servers lead to this region" },
    FactSpec { name: "ttl", doc: "how long the zone lets an answer be kept" },
    FactSpec {
        name: "resolvers_switched",
        doc: "resolvers that lead to this region of all asked, 0 to 1",
    },
    FactSpec {
        name: "ttl_left",
        doc: "the longest time until resolvers that lead elsewhere ask again; 0 s with none",
    },
    FactSpec { name: "answers", doc: "how many resolvers lead to this region, in words" },
];

impl System for Dns {
    fn kind(&self) -> &'static str {
        "dns"
    }

    fn doc(&self) -> &'static str {
        "Asks the zone's own servers and resolvers which region a name leads to"
    }

    fn settings(&self) -> &'static [SettingSpec] {
        SETTINGS
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["none: it asks as any client would"]
    }

    fn actions(&self) -> &'static [&'static dyn Action] {
        &[&switched::IsSwitched]
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        both_sides(spec, Expected::read).map(|_| Vec::new())
    }

    fn example(&self) -> &'static str {
        r#"[systems.name]
kind = "dns"
every = "10s"
timeout = "1s"
name = "api.example.com"
type = "A"
servers = ["127.0.0.1:9"]
resolvers = ["127.0.0.1:9", "127.0.0.1:9"]
a = { answer = "192.0.2.1" }
b = { answer = ["192.0.2.2", "192.0.2.3"] }
"#
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let sides = both_sides(setup.spec, Expected::read)?;
        let (timeout, clock) = (setup.spec.timeout, Arc::clone(&setup.clock));
        Ok(Box::new(DnsProbe { sides, timeout, clock }))
    }
}

struct DnsProbe {
    sides: [Option<Expected>; 2],
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// What one question led to, with when it was asked and how long it took.
struct Heard {
    at: Stamp,
    took_ms: Option<u64>,
    answers: Answers,
}

impl DnsProbe {
    async fn hear(&self, expected: &Expected) -> Heard {
        let at = self.clock.now();
        let answers = expected.question.ask(self.timeout).await;
        let took_ms = u64::try_from(self.clock.now().since(at).as_millis()).ok();
        Heard { at, took_ms, answers }
    }

    async fn hear_side(&self, side: Side) -> Option<Heard> {
        Some(self.hear(self.sides[side.index()].as_ref()?).await)
    }

    async fn looks(&self) -> Looks {
        let known: Vec<&Expected> = self.sides.iter().flatten().collect();
        let look = |side: Side, heard: Option<&Heard>| {
            let (heard, expected) = (heard?, self.sides[side.index()].as_ref()?);
            let (at, took_ms, answers) = (heard.at, heard.took_ms, &heard.answers);
            Some(judge::look(at, took_ms, answers, (side, expected), &known))
        };
        // Both regions usually ask the same: one question then, so that they cannot disagree.
        if let [a, b] = known.as_slice()
            && a.question == b.question
        {
            let heard = self.hear(a).await;
            return Looks { a: look(Side::A, Some(&heard)), b: look(Side::B, Some(&heard)) };
        }
        let (a, b) = tokio::join!(self.hear_side(Side::A), self.hear_side(Side::B));
        Looks { a: look(Side::A, a.as_ref()), b: look(Side::B, b.as_ref()) }
    }
}

impl Probe for DnsProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(self.looks())
    }
}
