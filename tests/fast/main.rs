//! Everything that is tested inside one process: no server, no terminal, no process is started.
mod check;
mod console;
#[path = "../kind/contract.rs"]
mod contract;
mod demo;
// It tells of all there is, and of the examples that need it.
#[cfg(all(feature = "aws", feature = "kafka", feature = "opensearch"))]
mod docs;
mod files;
#[path = "../fixture/mod.rs"]
mod fixture;
mod journal;
#[path = "../kind/peers.rs"]
mod peers;
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
mod tidy;
#[path = "../stand/toy.rs"]
mod toy;
mod twin;
#[path = "../kind/worked.rs"]
mod worked;
