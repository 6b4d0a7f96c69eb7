//! What looks at a Redis pair teach from one to the next: where the primary stood when, and how
//! often the heartbeats come.

use serde::{Deserialize, Serialize};

use super::lag::seconds;
use super::settings::Own;
use super::state::SideState;
use crate::domain::ids::Side;
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::server;
use crate::systems::kit::trail::Trail;

/// What looks have taught, as it is written down.
#[derive(Serialize, Deserialize)]
pub struct Learned {
    pub(super) pulses: [Pulse; 2],
    #[serde(serialize_with = "Trail::thin")]
    pub(super) trail: Trail,
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        self.trail = earlier.trail;
        let pulses = self.pulses.iter_mut().zip(earlier.pulses);
        pulses.for_each(|(own, earlier)| own.recall(earlier));
    }
}

impl Learned {
    /// Before the first look.
    pub(super) fn new(sides: [Option<&Own>; 2]) -> Self {
        let pulses = sides.map(|own| Pulse::new(own.and_then(|own| own.beats_every)));
        Self { pulses, trail: Trail::default() }
    }

    /// Learns from a look.
    pub(super) fn learn(&mut self, told: [Option<&mut SideState>; 2]) {
        for (side, state) in Side::BOTH.into_iter().zip(told) {
            let Some(state) = state else { continue };
            if let Some(beat) = state.beat(side).at() {
                self.pulses[side.index()].hear(beat);
            }
            if let (true, Some(clock_ms)) = (state.is_primary(), state.clock_ms) {
                self.trail.record(&state.replid, seconds(clock_ms), state.offset);
            }
        }
    }
}
