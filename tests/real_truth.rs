//! What is shown, held against the truth on real pairs in every state that a pair can be in: a lag
//! is never below the truth nor more than a period above it, `status`, `watch` and a console say
//! the same, and a measured loss is what is missing.
//!
//! A sample runs here. `WARROOM_CAMPAIGN=full` runs all, `WARROOM_CAMPAIGN=20` so many cases,
//! `WARROOM_SEED=17` begins with that case, `WARROOM_STATE=link-silent` runs one state, and
//! `WARROOM_PAIRS=3` takes as many pairs at a time. `docs/campaigns.md` lists all campaigns.

#[path = "truth/campaign.rs"]
mod campaign;
#[path = "truth/deeds.rs"]
mod deeds;
#[path = "truth/judge.rs"]
mod judge;
#[path = "truth/line.rs"]
mod line;
#[expect(dead_code, reason = "tests/failover uses more of it")]
#[path = "failover/person.rs"]
mod person;
#[path = "truth/promoted.rs"]
mod promoted;
#[path = "real/mod.rs"]
mod real;
#[path = "truth/rig.rs"]
mod rig;
#[path = "truth/said.rs"]
mod said;
#[expect(dead_code, reason = "tests/pty and the bench of the budgets use more of it")]
#[path = "seat/mod.rs"]
mod seat;
#[path = "truth/servers.rs"]
mod servers;
#[path = "truth/states.rs"]
mod states;
