//! Small things that every panel is made of: rows of inked text, frames, digits, bars.

pub mod bar;
pub mod canvas;
pub mod digits;
pub mod ink;
pub mod letters;
pub mod row;
pub mod sheet;
