//! The real binary in a real terminal: keys, signals, sizes, stuck output, killed anywhere.

mod crash;
mod driver;
mod frames;
mod lost;
mod seats;
mod share;
mod signals;
mod toy;
