//! What looks at a Redis pair teach from one to the next: where each primary stood when, and how
//! often the heartbeats come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lag::seconds;
use super::members;
use super::settings::Own;
use super::state::SideState;
use crate::domain::ids::Side;
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::server;
use crate::systems::kit::trail::Trail;

/// The most histories that are remembered: each shard of a cluster has one of its own.
const TRAILS_MAX: usize = 64;

/// What looks have taught, as it is written down.
#[derive(Serialize, Deserialize)]
pub struct Learned {
    pub(super) pulses: [Pulse; 2],
    /// Where the primary of a history stood at past looks.
    #[serde(default)]
    pub(super) trails: BTreeMap<String, Trail>,
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        self.trails = earlier.trails;
        let pulses = self.pulses.iter_mut().zip(earlier.pulses);
        pulses.for_each(|(own, earlier)| own.recall(earlier));
    }
}

impl Learned {
    /// Before the first look.
    pub(super) fn new(sides: [Option<&Own>; 2]) -> Self {
        let pulses = sides.map(|own| Pulse::new(own.and_then(|own| own.beats_every)));
        Self { pulses, trails: BTreeMap::new() }
    }

    /// Learns from a look.
    pub(super) fn learn(&mut self, told: [Option<&mut SideState>; 2]) {
        for (side, state) in Side::BOTH.into_iter().zip(told) {
            let Some(state) = state else { continue };
            if let Some(beat) = state.beat(side).at() {
                self.pulses[side.index()].hear(beat);
            }
            if state.members.is_empty() {
                self.follow(state);
            }
            members::told(&state.members).for_each(|told| self.follow(&told.node));
        }
    }

    fn follow(&mut self, node: &SideState) {
        let (true, Some(clock_ms)) = (node.is_primary(), node.clock_ms) else { return };
        if self.trails.len() >= TRAILS_MAX && !self.trails.contains_key(&node.replid) {
            // Histories that ended are forgotten with the others; a few looks bring these back.
            self.trails.clear();
        }
        let trail = self.trails.entry(node.replid.clone()).or_default();
        trail.record(&node.replid, seconds(clock_ms), node.offset);
    }
}
