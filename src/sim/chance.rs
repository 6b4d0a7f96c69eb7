//! Randomness that can be asked again: a hash of a seed, a name and a number, never a generator.
//!
//! The mixing is that of splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
//! generators", 2014): the same question always has the same answer, in any order and process.

/// What a question is about, so that two questions with the same number do not answer alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// Starts from the world's seed.
    pub fn new(seed: u64) -> Self {
        Self { state: mix(seed) }
    }

    /// The same chance, told apart by a name.
    pub fn of(self, name: &str) -> Self {
        name.bytes().fold(self, |chance, byte| Self { state: mix(chance.state ^ u64::from(byte)) })
    }

    /// The same chance, told apart by a number.
    pub fn at(self, number: u64) -> Self {
        Self { state: mix(self.state ^ mix(number)) }
    }

    /// From 0 up to, but not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
    pub fn share(self) -> f64 {
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly from `least` to `most`.
    pub fn between(self, least: f64, most: f64) -> f64 {
        least + self.share() * (most - least)
    }

    /// One of `items`; none of none.
    pub fn pick<T: Copy>(self, items: &[T]) -> Option<T> {
        let count = u64::try_from(items.len()).ok().filter(|count| *count > 0)?;
        items.get(usize::try_from(self.state % count).ok()?).copied()
    }

    /// A curve over time from 0 to 1, straight between random knots `bucket_s` seconds apart.
    pub fn curve(self, time_s: f64, bucket_s: f64) -> f64 {
        let knot = (time_s.max(0.0) / bucket_s).floor();
        let along = time_s.max(0.0) / bucket_s - knot;
        let (here, next) = (self.at(whole(knot)).share(), self.at(whole(knot) + 1).share());
        here + (next - here) * along
    }
}

/// A number of seconds or knots as a whole number; nothing negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
pub fn whole(number: f64) -> u64 {
    number.clamp(0.0, 1e15) as u64
}

fn mix(seed: u64) -> u64 {
    let mut word = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_repeat() {
        let chance = Chance::new(7).of("pg");
        let mut sum = 0.0;
        for number in 0..10_000 {
            let share = chance.at(number).share();
            assert!((0.0..1.0).contains(&share));
            assert_eq!(share.to_bits(), Chance::new(7).of("pg").at(number).share().to_bits());
            sum += share;
        }
        assert!((sum / 10_000.0 - 0.5).abs() < 0.02, "{sum}");
        assert_ne!(chance.at(1), Chance::new(7).of("redis").at(1));
        assert_ne!(chance.at(1), Chance::new(8).of("pg").at(1));
    }

    #[test]
    fn curves_have_no_jumps() {
        let chance = Chance::new(3);
        let mut before = chance.curve(0.0, 2.0);
        for step in 1..4000_u32 {
            let now = chance.curve(f64::from(step) * 0.05, 2.0);
            assert!((now - before).abs() <= 0.05 / 2.0 + 1e-9, "at {step}");
            before = now;
        }
    }
}
