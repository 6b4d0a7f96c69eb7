//! Every connection to real servers goes through a relay that moves names, delays, cuts and falls
//! silent at every phase of a run: nothing acts twice, in SAFE, or on a server that was not shown.
//!
//! A sample runs here. `WARROOM_CAMPAIGN=full` runs all, `WARROOM_CAMPAIGN=40` so many of the
//! relays' runs; `WARROOM_SEED=17` begins with that seed, `WARROOM_PAIRS=3` takes as many pairs at
//! a time. `docs/campaigns.md` lists all campaigns.

#[path = "proxied/chance.rs"]
mod chance;
#[path = "proxied/disk.rs"]
mod disk;
#[path = "proxied/hand.rs"]
mod hand;
#[path = "proxied/judge.rs"]
mod judge;
#[path = "proxied/one_server.rs"]
mod one_server;
#[expect(dead_code, reason = "tests/failover uses more of it")]
#[path = "failover/person.rs"]
mod person;
#[path = "real/mod.rs"]
mod real;
#[path = "proxied/rig.rs"]
mod rig;
#[expect(dead_code, reason = "tests/pty and the bench of the budgets use more of it")]
#[path = "seat/mod.rs"]
mod seat;
#[path = "proxied/storm.rs"]
mod storm;
#[path = "proxied/voyage.rs"]
mod voyage;
