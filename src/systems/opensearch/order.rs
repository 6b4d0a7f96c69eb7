//! One order to a cluster, told as it is given, and waited for as long as a change may take.

use std::time::Duration;

use hyper::Method;
use serde_json::Value as Json;

use super::session::Session;
use super::settings::OpenSearch;
use crate::port::Output;
use crate::systems::kit::seat::Bench;
use crate::systems::kit::trouble::Trouble;

/// The longest time for a change that a cluster makes with all its nodes.
pub(super) const CHANGE_LIMIT: Duration = Duration::from_secs(30);

/// Gives one order, and tells it.
pub(super) async fn order(
    bench: &Bench<OpenSearch>,
    session: &Session,
    (method, path): (Method, &str),
    body: Option<&Json>,
    output: &mut dyn Output,
) -> Result<Json, Trouble> {
    output.line(&format!("{method} {path} at {}", bench.target.place));
    bench.within_limit(CHANGE_LIMIT, session.call(method, path, body)).await
}
