//! Where a primary's log stood at past looks: a position becomes a time.

use std::collections::VecDeque;

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::server::Learned;

/// The most past positions that are remembered.
const POINTS_MAX: usize = 1024;

/// The newest points of a thinned trail: all of them. Older ones are that far apart.
const RECENT_POINTS: usize = 60;
const OLD_POINTS_APART: usize = 32;

/// Who holds a position has everything that was written until the look at which the primary stood
/// there.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Trail {
    /// The history that the points are of.
    of: String,
    /// The primary's clock in seconds, and where its log stood.
    points: VecDeque<(f64, u64)>,
}

impl Trail {
    /// Takes in where the log of a history stood at a time of the primary's own clock. Another
    /// history, or a step back of either, starts anew.
    pub fn record(&mut self, of: &str, clock_s: f64, position: u64) {
        let stepped_back =
            self.points.back().is_some_and(|(time, point)| *point > position || *time > clock_s);
        if self.of != of || stepped_back {
            self.points.clear();
            of.clone_into(&mut self.of);
        }
        if self.points.len() == POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back((clock_s, position));
    }

    /// Where the log of a history stood when it was last told.
    pub fn end(&self, of: &str) -> Option<u64> {
        self.points.back().filter(|_| self.of == of).map(|(_, point)| *point)
    }

    /// The first look, on the primary's clock, at which it had written beyond `position`.
    pub fn passed(&self, position: u64) -> Option<f64> {
        self.points.iter().find(|(_, point)| *point > position).map(|(clock_s, _)| *clock_s)
    }

    /// The last moment, on the primary's clock, whose writes are all within `position`.
    pub fn reached(&self, position: u64) -> Option<f64> {
        self.points.iter().rev().find(|(_, point)| *point <= position).map(|(clock_s, _)| *clock_s)
    }

    /// Fewer of its points the older they are, to be written down: what is read from them is
    /// no less than what is read from all.
    fn thinned(&self) -> Vec<(f64, u64)> {
        let old = self.points.len().saturating_sub(RECENT_POINTS);
        let keeps = |index: usize| index >= old || index.is_multiple_of(OLD_POINTS_APART);
        let points = self.points.iter().copied().enumerate();
        points.filter(|(index, _)| keeps(*index)).map(|(_, point)| point).collect()
    }
}

impl Serialize for Trail {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut written = out.serialize_struct("Trail", 2)?;
        written.serialize_field("of", &self.of)?;
        written.serialize_field("points", &self.thinned())?;
        written.end()
    }
}

impl Learned for Trail {
    fn recall(&mut self, earlier: Self) {
        *self = earlier;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_becomes_a_time() {
        let mut trail = Trail::default();
        let mut check = |of: &str, (clock_s, position), asked, want: (Option<f64>, Option<f64>)| {
            trail.record(of, clock_s, position);
            assert_eq!((trail.reached(asked), trail.passed(asked)), want, "{trail:?}");
            assert_eq!((trail.end(of), trail.end("h0")), (Some(position), None));
        };
        check("h1", (10.0, 100), 100, (Some(10.0), None));
        check("h1", (11.0, 100), 100, (Some(11.0), None));
        check("h1", (12.0, 130), 100, (Some(11.0), Some(12.0)));
        check("h1", (13.0, 140), 99, (None, Some(10.0)));
        // Set back, rewound, another history: nothing of before counts.
        check("h1", (12.5, 150), 145, (None, Some(12.5)));
        check("h1", (14.0, 120), 145, (Some(14.0), None));
        check("h2", (15.0, 160), 145, (None, Some(15.0)));
    }

    #[test]
    fn it_is_bounded_and_thinned() {
        let mut trail = Trail::default();
        for step in 0..POINTS_MAX as u64 + 10 {
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let clock_s = step as f64;
            trail.record("h1", clock_s, step);
        }
        assert_eq!(trail.points.len(), POINTS_MAX);
        // Written down it is shorter, and an older moment is told, never a later one.
        let text = serde_json::to_string(&trail).unwrap();
        assert!(text.len() < 4096, "{}", text.len());
        let thinned: Trail = serde_json::from_str(&text).unwrap();
        for position in 60..1040 {
            let (all, some) =
                (trail.reached(position).unwrap(), thinned.reached(position).unwrap());
            assert!(some <= all && all - some < 32.0, "{position}: {some} {all}");
        }
        assert_eq!(thinned.reached(1030), Some(1030.0));
    }
}
