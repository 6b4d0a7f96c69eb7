//! What is shown, held against the truth on real pairs in every state that a pair can be in: a lag
//! is never below the truth nor more than a period above it, `status`, `watch` and a console say
//! the same, and a measured loss is what is missing.
//!
//! A sample runs here. `WARROOM_CAMPAIGN=full` runs all, `WARROOM_CAMPAIGN=20` so many cases,
//! `WARROOM_SEED=17` begins with that case, `WARROOM_STATE=link-silent` runs one state, and
//! `WARROOM_PAIRS=3` takes as many pairs at a time. `docs/campaigns.md` lists all campaigns.

mod campaign;
mod deeds;
mod judge;
mod line;
mod promoted;
mod rig;
mod said;
mod servers;
mod states;
