//! What looks at a Redis pair teach from one to the next: where the primary stood when, and how
//! often the heartbeats come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::beside::{self, Beside};
use super::lag::seconds;
use super::settings::Own;
use super::state::SideState;
use crate::domain::ids::Side;
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::server;
use crate::systems::kit::trail::Trail;

/// The most histories of a cluster's shards that are remembered.
const SHARDS_MAX: usize = 64;

/// What looks have taught, as it is written down.
#[derive(Serialize, Deserialize)]
pub struct Learned {
    pub(super) pulses: [Pulse; 2],
    pub(super) trail: Trail,
    /// In a cluster each shard has a history of its own.
    #[serde(default)]
    pub(super) shards: BTreeMap<String, Trail>,
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        (self.trail, self.shards) = (earlier.trail, earlier.shards);
        let pulses = self.pulses.iter_mut().zip(earlier.pulses);
        pulses.for_each(|(own, earlier)| own.recall(earlier));
    }
}

impl Learned {
    /// Before the first look.
    pub(super) fn new(sides: [Option<&Own>; 2]) -> Self {
        let pulses = sides.map(|own| Pulse::new(own.and_then(|own| own.beats_every)));
        Self { pulses, trail: Trail::default(), shards: BTreeMap::new() }
    }

    /// Learns from a look.
    pub(super) fn learn(&mut self, told: [Option<&mut SideState>; 2]) {
        for (side, state) in Side::BOTH.into_iter().zip(told) {
            let Some(state) = state else { continue };
            if let Beside::Cluster(members) = &state.beside {
                beside::told(members).for_each(|told| self.learn_shard(&told.node));
                continue;
            }
            if let Some(beat) = state.beat(side).at() {
                self.pulses[side.index()].hear(beat);
            }
            if let (true, Some(clock_ms)) = (state.is_primary(), state.clock_ms) {
                self.trail.record(&state.replid, seconds(clock_ms), state.offset);
            }
        }
    }

    fn learn_shard(&mut self, node: &SideState) {
        let (true, Some(clock_ms)) = (node.is_primary(), node.clock_ms) else { return };
        if self.shards.len() >= SHARDS_MAX && !self.shards.contains_key(&node.replid) {
            // Histories that ended are forgotten with the others; a few looks bring these back.
            self.shards.clear();
        }
        let trail = self.shards.entry(node.replid.clone()).or_default();
        trail.record(&node.replid, seconds(clock_ms), node.offset);
    }
}
