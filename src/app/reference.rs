//! Reference targets: addresses outside both regions that tell whether our own network is down.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::kinds::KINDS;
use crate::domain::ids::SystemId;
use crate::domain::reading::{Health, Look};
use crate::domain::settings::Span;
use crate::domain::site::{Site, SystemSpec};
use crate::files::toml_tree;
use crate::port::{Boxed, Clock, Looks, Probe, ProbeSetup, Secrets};
use crate::runtime::poller::Watched;
use crate::sim;

/// The time between two looks at a reference.
const EVERY: Duration = Duration::from_secs(2);

/// The longest one look may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The probe of one reference address of a site.
///
/// # Errors
/// A sentence when the address is neither `http://`, `https://` nor, in a simulated site, `sim:`.
pub fn watched(
    address: &str,
    site: &Site,
    secrets: &dyn Secrets,
    clock: &Arc<dyn Clock>,
) -> Result<Watched, String> {
    let probe: Box<dyn Probe> = if address.starts_with(sim::REFERENCE) {
        let world = sim::world_of(site).ok_or("reference `sim:` is for simulated sites only")?;
        Box::new(SimulatedReference { world, clock: Arc::clone(clock) })
    } else if address.starts_with("http://") || address.starts_with("https://") {
        Box::new(AnyAnswer(http_probe(address, secrets, clock)?))
    } else {
        return Err(format!("reference `{address}` must begin with http:// or https://"));
    };
    Ok(Watched { system: None, every: EVERY, timeout: TIMEOUT, probe, sides: [true, false] })
}

fn http_probe(
    address: &str,
    secrets: &dyn Secrets,
    clock: &Arc<dyn Clock>,
) -> Result<Box<dyn Probe>, String> {
    let quoted = address.replace('\\', "\\\\").replace('"', "\\\"");
    let side = toml_tree::parse(&format!("url = \"{quoted}\"")).map_err(|f| f.to_string())?;
    let spec = SystemSpec {
        idle_standby: false,
        id: SystemId::new("reference").expect("a word of letters is a name"),
        kind: "http".to_owned(),
        objective: None,
        every: EVERY,
        timeout: TIMEOUT,
        settings: toml_tree::parse("").map_err(|f| f.to_string())?,
        sides: [Some(side), None],
        hosts: Vec::new(),
        secrets: Vec::new(),
        secrets_to_beat: [None, None],
        stand_ins: [None, None],
        span: Span::default(),
    };
    let system = KINDS.system("http")?;
    let setup = ProbeSetup::alone(&spec, secrets, clock);
    system.probe(setup).map_err(|fault| format!("reference `{address}`: {fault}"))
}

/// A reference that answers is well, whatever it answers: only silence tells of our network.
struct AnyAnswer(Box<dyn Probe>);

impl Probe for AnyAnswer {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async {
            let Looks { a, b } = self.0.look().await;
            let well = |look: Look| {
                look.map(|mut reading| {
                    reading.health = Health::Up;
                    reading
                })
            };
            Looks { a: a.map(well), b }
        })
    }
}

/// The simulated world's own reference.
struct SimulatedReference {
    world: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Probe for SimulatedReference {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async {
            let look = sim::look_at_reference(&self.world, self.clock.as_ref());
            Looks { a: Some(look), b: None }
        })
    }
}
