//! Every connection to real servers goes through a relay that moves names, delays, cuts and falls
//! silent at every phase of a run: nothing acts twice, in SAFE, or on a server that was not shown.
//!
//! A sample runs here. `WARROOM_CAMPAIGN=full` runs all, `WARROOM_CAMPAIGN=40` so many of the
//! relays' runs; `WARROOM_SEED=17` begins with that seed, `WARROOM_PAIRS=3` takes as many pairs at
//! a time. `docs/campaigns.md` lists all campaigns.

mod disk;
mod hand;
mod judge;
mod one_server;
mod rig;
mod storm;
mod voyage;
