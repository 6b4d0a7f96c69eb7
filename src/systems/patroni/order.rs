//! An order to Patroni, and the wait until its own loop has done what that asks for.

use std::time::Duration;

use hyper::Method;
use serde_json::Value as Json;

use super::session::Session;
use super::settings::Patroni;
use super::state::SideState;
use crate::domain::time::Stamp;
use crate::systems::kit::task::prelude::{Applied, At, Output, Task, Trouble};

/// The longest time for a change of what a cluster keeps in its DCS.
const CHANGE_LIMIT: Duration = Duration::from_secs(10);

/// The time between two looks at what Patroni does in its own loop.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The words for a side in maintenance: Patroni would take the order, and not follow it.
pub(super) const PAUSED: &str = "is in maintenance, in which Patroni promotes and demotes nobody: \
                      patroni.resume first";

/// Changes what the cluster keeps in its DCS, and waits until Patroni has done what that asks for.
pub(super) async fn configure<T: Task<On = Patroni>>(
    at: &mut At<T>,
    (session, state): (&Session, &SideState),
    body: &Json,
    began: Stamp,
    output: &mut dyn Output,
) -> Applied {
    let first = state.leader().or(state.members.first());
    let place = first.map(|member| member.place.clone()).unwrap_or_default();
    let order = (Method::PATCH, "/config", CHANGE_LIMIT);
    let asked = session.order(&place, order, body, output).await;
    asked.map_err(Trouble::into_operate_error)?;
    at.wait(began, LOOK_EVERY, output).await
}
