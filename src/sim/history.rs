//! What each side of a simulated store holds, as a place in a history of changes, and since when.
//!
//! A place is counted in seconds of writes: a primary that takes writes moves on by one a second, a
//! replica stands behind its source by what it has not received.

use super::plan::{SystemPlan, WorldPlan};
use crate::domain::ids::Side;
use crate::domain::reading::{LagUnit, Position};

/// Seconds of writes that a store has when its world begins.
const BEFORE_S: f64 = 1_000_000.0;

/// What one side holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The history that it counts in: grows by one at every promotion.
    pub history: u32,
    /// How far, in seconds of writes.
    pub end_s: f64,
    /// On a promoted side: the history it followed, and where that ended.
    pub parted: Option<(u32, f64)>,
    /// When the last write that it took over from the other side was made there, in seconds since
    /// the world began; none where nothing was ever taken over.
    pub replayed_s: Option<f64>,
    /// Where its own writing began, and when, each time.
    began: Vec<(f64, f64)>,
}

impl Held {
    /// What both sides hold when the world begins; `ahead_s` is what the replica has not.
    pub fn at_first(primary: Side, ahead_s: f64) -> [Self; 2] {
        Side::BOTH.map(|side| {
            let leads = side == primary;
            Self {
                history: 1,
                end_s: if leads { BEFORE_S } else { BEFORE_S - ahead_s },
                parted: None,
                replayed_s: (!leads).then_some(-ahead_s),
                began: if leads { vec![(BEFORE_S, 0.0)] } else { Vec::new() },
            }
        })
    }

    /// Its own writing begins.
    pub fn begins(&mut self, at_s: f64) {
        self.began.push((self.end_s, at_s));
    }

    /// Takes over all but the last `ahead_s` seconds of writes of its source.
    pub fn follows(&mut self, source: &Self, ahead_s: f64) {
        self.history = source.history;
        self.parted = None;
        self.end_s = source.end_s - ahead_s;
        self.replayed_s = Some(source.written_at(self.end_s));
    }

    /// A history of its own begins.
    pub fn parts(&mut self, history: u32) {
        self.parted = Some((self.history, self.end_s));
        self.history = history;
    }

    /// When the write at a place was made, in seconds since the world began.
    fn written_at(&self, place_s: f64) -> f64 {
        let later = self.began.partition_point(|(from_s, _)| *from_s < place_s);
        let (from_s, since_s) =
            self.began.get(later.saturating_sub(1)).copied().unwrap_or((BEFORE_S, 0.0));
        since_s + (place_s - from_s)
    }
}

/// How many of a unit a second of writes is.
pub fn per_second(unit: LagUnit) -> f64 {
    match unit {
        LagUnit::Bytes => 2_400_000.0,
        LagUnit::Records => 420.0,
        LagUnit::Operations => 95.0,
        LagUnit::Objects => 3.0,
    }
}

/// A place in a history, as the store tells it.
pub fn position(plan: &WorldPlan, system: &SystemPlan, history: u32, place_s: f64) -> Position {
    let (seed, id, unit) = (plan.seed, &system.id, system.unit);
    Position {
        of: format!("{seed}/{id} history {history}").into(),
        at: super::chance::whole((place_s * per_second(unit)).round()),
        unit,
    }
}
