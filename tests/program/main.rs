//! The built program, started as a process: at a terminal, in a pipe, without either.
//!
//! Apart from `tests/fast`: a process that is being started holds, until it is its own, whatever
//! its parent had open, a neighbour's locks too; and what is timed at a terminal wants no campaign
//! of incidents beside it.

mod beat;
mod canary;
mod commands;
mod history;
mod init;
mod pty;
mod report;
#[expect(dead_code, reason = "the tests with real servers and the bench of the budgets use more")]
#[path = "../seat/mod.rs"]
mod seat;
#[expect(dead_code, reason = "other tests use more")]
#[path = "../stand/mod.rs"]
mod stand;
mod status;
#[path = "../stand/toy.rs"]
mod toy;
mod unattended;
