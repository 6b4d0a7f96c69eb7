//! A seeded two-region world behind the port: for the demo, drills, screenshots and tests.
//!
//! The truth is a pure function of seed, elapsed time and an append-only file of acts, so that the
//! console and its runner processes see the same world. It opens no socket.

mod actions;
mod acts;
mod asked;
mod chance;
mod history;
mod operator;
mod pause;
mod plan;
mod probe;
mod reading;
mod refusal;
mod silence;
mod standing;
mod state;
mod store;
mod wish;
mod world;

#[cfg(test)]
mod tests;

pub use actions::{ACTIONS, operator_for};
pub use acts::Act;
pub use chance::Chance;
pub use pause::Pause;
pub use plan::{Astray, KIND, Nature, SystemPlan, WorldPlan};
pub use probe::{REFERENCE, look_at_reference, probe_for, world_of};
pub use reading::{FACTS, Moment, identity};
pub use state::WorldState;
pub use world::World;

use std::sync::Arc;

use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::port::{About, Probe, ProbeSetup, System};

/// The simulator, as a kind of system.
pub const SIM: Sim = Sim;

/// The simulator, as a kind of system.
#[derive(Debug, Clone, Copy)]
pub struct Sim;

static ABOUT: About = About {
    kind: KIND,
    doc: "One system of a simulated two-region world, kept in a folder; opens no connection",
    settings: plan::SETTINGS,
    facts: reading::FACTS,
    permissions: &["read and write the world's folder"],
    grants: &[],
    actions: actions::ACTIONS,
    example_name: "pg",
    example_pace: ["1s", "1s"],
};

impl System for Sim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        plan::SystemPlan::of_sim(spec).map(|_| Vec::new())
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let (folder, _) = plan::SystemPlan::of_sim(setup.spec)?;
        Ok(probe::probe_for(&folder, setup.spec, Arc::clone(&setup.clock)))
    }
}
