//! Reads the domain and draws; keys in, wishes out; text in, no files.

pub mod available;
pub mod command;
pub mod copy;
pub mod dialog;
pub mod facts;
pub mod field;
#[cfg(test)]
#[path = "../../tests/fixture/mod.rs"]
pub(crate) mod fixture;
pub mod frame_text;
pub mod granted;
pub mod keymap;
pub mod laid;
pub mod layout;
pub mod meant;
pub mod model;
pub mod over;
pub mod palette;
pub mod panel;
#[cfg(test)]
#[path = "../../tests/picture/mod.rs"]
pub(crate) mod picture;
pub mod replay;
pub mod screen;
pub mod theme;
pub mod update;
pub mod update_text;
pub mod view;
pub mod widget;
pub mod wish;
