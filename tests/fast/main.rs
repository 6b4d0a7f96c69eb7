//! Everything that is tested inside one process: no server, no terminal, no process is started.
mod check;
mod console;
mod demo;
mod docs;
mod files;
#[path = "../fixture/mod.rs"]
mod fixture;
mod journal;
#[path = "../picture/mod.rs"]
mod picture;
mod replay;
mod screens;
mod seeds;
#[expect(dead_code, reason = "other tests use more")]
#[path = "../stand/mod.rs"]
mod stand;
mod status;
#[path = "../picture/svg.rs"]
mod svg;
mod systems;
mod tidy;
#[path = "../stand/toy.rs"]
mod toy;
mod twin;
#[path = "../worked/kind.rs"]
mod worked;
