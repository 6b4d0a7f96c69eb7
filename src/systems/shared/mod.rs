//! What two or more kinds of system need: sides, names, who is meant, rules on answers, waiting.

pub mod failure;
pub mod identity;
pub mod meant;
pub mod name;
pub mod placeholders;
pub mod resolve;
pub mod rule;
pub mod sides;
#[cfg(test)]
pub mod testing;
pub mod wait;
