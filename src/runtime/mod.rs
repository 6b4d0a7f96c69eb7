//! One loop, one journal, one clock: turns what happens into events and wishes into effects.

pub mod clipboard;
pub mod clock;
pub mod console;
pub mod desk;
pub mod effect;
pub mod event;
pub mod journal;
pub mod last_words;
pub mod observations;
pub mod paths;
pub mod performer;
pub mod poller;
pub mod presence;
pub mod privacy;
pub mod recording;
pub mod redact;
pub mod run_loop;
pub mod runner;
pub mod runs;
pub mod seat;
pub mod terminal;
pub mod unattended;
pub mod watcher;
pub mod workshop;
