//! Looks at both sides of one simulated system: opens files of its world, never a socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::plan::{KIND, SystemPlan};
use super::reading::Moment;
use super::world::World;
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Health, Look, LookError, LookErrorKind, Reading};
use crate::domain::site::{Site, SystemSpec};
use crate::port::{Boxed, Clock, Looks, Probe};

/// The address in a site's `reference` list that means the simulated world's own reference.
pub const REFERENCE: &str = "sim:";

/// A probe of one system of a world, whatever its kind is outside.
pub struct SimProbe {
    folder: PathBuf,
    world: Option<World>,
    id: SystemId,
    sides: [bool; 2],
    clock: Arc<dyn Clock>,
}

impl SimProbe {
    fn look_now(&mut self) -> Looks {
        let look = match self.read() {
            Ok(pair) => pair,
            Err(error) => [Err(error.clone()), Err(error)],
        };
        let [a, b] = look;
        Looks { a: self.sides[0].then_some(a), b: self.sides[1].then_some(b) }
    }

    fn read(&mut self) -> Result<[Look; 2], LookError> {
        let ours = |why: String| LookError::new(LookErrorKind::Ours, why);
        let world = match self.world.take() {
            Some(world) => world,
            None => World::open(&self.folder).map_err(|error| ours(error.to_string()))?,
        };
        let world = self.world.insert(world);
        let Some(system) = world.plan().system(&self.id) else {
            let folder = self.folder.display();
            return Err(ours(format!("the simulated world in {folder} has no `{}`", self.id)));
        };
        let at = self.clock.now();
        let acts = world.acts().map_err(|error| ours(error.to_string()))?;
        let state = world.state(world.elapsed(at), &acts);
        let moment = Moment { plan: world.plan(), acts: &acts, state: &state, at };
        Ok(Side::BOTH.map(|side| moment.look(system, side)))
    }
}

impl Probe for SimProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async move { self.look_now() })
    }
}

/// The probe of any system of a world, also of one whose kind is real: a real site is simulated by
/// taking this for each of its probes.
pub fn probe_for(world: &Path, spec: &SystemSpec, clock: Arc<dyn Clock>) -> Box<dyn Probe> {
    Box::new(SimProbe {
        folder: world.to_owned(),
        world: None,
        id: spec.id.clone(),
        sides: [spec.sides[0].is_some(), spec.sides[1].is_some()],
        clock,
    })
}

/// A look at the world's own reference, which is in neither region and only silent when our own
/// network is down.
///
/// # Errors
/// When our own network is down, or the world cannot be read (our own fault).
pub fn look_at_reference(world: &Path, clock: &dyn Clock) -> Look {
    let ours = |why: String| LookError::new(LookErrorKind::Ours, why);
    let world = World::open(world).map_err(|error| ours(error.to_string()))?;
    let at = clock.now();
    if world.plan().cut(world.elapsed(at).as_secs_f64()) {
        let why = "reference: network is unreachable";
        return Err(LookError::new(LookErrorKind::Unreachable, why));
    }
    let mut reading = Reading::new(at, Health::Up, "simulated reference answers");
    reading.took_ms = Some(21);
    Ok(reading)
}

/// The folder of the world that a site's first system of kind `sim` is in.
pub fn world_of(site: &Site) -> Option<PathBuf> {
    let sims = site.systems.iter().filter(|spec| spec.kind == KIND);
    sims.filter_map(|spec| SystemPlan::of_sim(spec).ok()).map(|(folder, _)| folder).next()
}
