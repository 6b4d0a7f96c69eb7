//! Names: whether the zone's own servers and the world's resolvers lead to one region or the other.

mod judge;
mod query;
mod switched;
mod zone;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::catalogue::FactSpec;
use crate::domain::ids::Side;
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::port::{About, Boxed, Clock, Looks, Probe, ProbeSetup, System};
use crate::systems::kit::sides::both_sides;
use zone::{Answers, Expected};

/// The kind `dns`.
pub struct Dns;

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

static ABOUT: About = About {
    kind: "dns",
    doc: "Asks the zone's own servers and resolvers which region a name leads to",
    settings: zone::SETTINGS,
    facts: FACTS,
    permissions: &["none: it asks as any client would"],
    grants: &[],
    actions: &[&switched::IsSwitched],
    example_name: "name",
    example_pace: ["10s", "1s"],
};

impl System for Dns {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        both_sides(spec, Expected::read).map(|_| Vec::new())
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
