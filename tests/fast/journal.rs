//! The journal under every fault: cut, flipped, swapped, torn, full, killed; never a wrong state.
mod folder;
mod golden;
mod memory;
mod stored;
pub mod stories;
mod tools;
mod writing;
