//! One use of a runbook: its states, its journal words, what may happen next and by whom.

mod attempt;
pub mod autopilot;
pub mod commit;
pub mod decide;
pub mod event;
mod fold;
pub mod intent;
pub mod misfit;
mod nature;
mod needs;
pub mod observe;
pub mod phase;
pub mod planned;
pub mod proof;
pub mod refusal;
pub mod role;
pub mod state;
pub mod subject;
mod terms;
mod told;
mod variant;
pub mod words;
