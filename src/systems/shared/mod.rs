//! What two or more kinds of system need: sides, names, trust, rules on answers, sentences, waiting.

pub mod child;
pub mod failure;
pub mod identity;
pub mod name;
pub mod placeholders;
pub mod pulse;
pub mod roots;
pub mod rule;
pub mod sides;
#[cfg(test)]
pub mod testing;
pub mod trail;
pub mod wait;
