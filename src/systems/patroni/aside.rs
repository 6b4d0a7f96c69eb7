//! What not each look asks for: where a promoted cluster's own history began.

use std::time::Duration;

use super::session::Session;
use super::state::SideState;
use crate::domain::time::Stamp;
use crate::systems::kit::lately::LATELY;

/// The most steps of a history that are read, from its end.
const STEPS_MAX: usize = 64;

/// Where the timeline of a primary began.
#[derive(Debug, Default)]
pub struct Aside {
    /// The timeline, and the last byte of the one before.
    pub(super) parted: Option<(u64, u64)>,
    asked: Option<Stamp>,
}

impl Aside {
    /// Asks a primary on a later timeline than it was asked about, as often as needed.
    pub(super) async fn look(
        &mut self,
        session: &Session,
        state: &SideState,
        at: Stamp,
        left: Duration,
    ) {
        let primary = state.primary();
        let Some((primary, timeline)) = primary.and_then(|one| Some((one, one.timeline?))) else {
            return;
        };
        let is_known = self.parted.is_some_and(|(known, _)| known == timeline);
        if timeline < 2 || is_known || !at.is_due(self.asked, LATELY) {
            return;
        }
        self.asked = Some(at);
        let asked = tokio::time::timeout(left, session.get(&primary.place, "/history")).await;
        let Ok(Ok(answer)) = asked else { return };
        let steps = answer.json.as_array().into_iter().flatten().rev().take(STEPS_MAX);
        let mut began = steps.filter(|step| step[0].as_u64() == Some(timeline - 1));
        self.parted = began.find_map(|step| Some((timeline, step[1].as_u64()?)));
    }
}
