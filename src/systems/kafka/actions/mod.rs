//! The steps that Kafka and MirrorMaker 2 bring to the catalogue.

mod flow;
mod latest;
mod verify_write;

use crate::port::Action;

/// All of them.
pub(super) const ACTIONS: &[&dyn Action] =
    &[&flow::StopMirror, &flow::StartMirror, &latest::VerifyLatest, &verify_write::VerifyWrite];
