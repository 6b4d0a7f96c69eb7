//! A console that takes a two-region system through a disaster; see ARCHITECTURE.md for the rooms.

/// Test support names the crate as any test does.
#[cfg(test)]
extern crate self as warroom;

pub mod app;
pub mod commands;
pub mod domain;
pub mod files;
pub mod port;
pub mod runtime;
pub mod sim;
#[cfg(test)]
#[expect(dead_code, reason = "the tests outside use more")]
#[path = "../tests/stand/mod.rs"]
mod stand;
pub mod systems;
pub mod ui;
