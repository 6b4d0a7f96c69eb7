//! What two or more kinds of system need: sides, trust, rules on answers, sentences, waiting.

#[cfg(feature = "aws")]
pub mod aws;
pub mod beating;
pub mod beats;
pub mod check;
pub mod child;
pub mod each;
pub mod endpoint;
pub mod lately;
pub mod learned;
pub mod metered;
pub mod name;
pub mod paced;
pub mod pair;
pub mod placeholders;
pub mod pulse;
pub mod rule;
pub mod seat;
pub mod server;
pub mod sides;
pub mod sight;
pub mod split;
pub mod system;
pub mod task;
#[cfg(test)]
pub mod testing;
pub mod tls;
pub mod trail;
pub mod trouble;
pub mod wait;
pub mod web;
