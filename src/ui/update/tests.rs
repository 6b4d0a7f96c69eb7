//! Keys as scripts, and what must become of them.

mod bench;
mod harm;
mod palette;
mod scripts;
mod walk;
