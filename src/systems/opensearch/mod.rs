//! OpenSearch with cross-cluster replication of indices: role, lag, promotion, proof, failback.
//!
//! Which side leads is told by the indices, not by the cluster. A lag in operations is a difference
//! of sequence numbers that both clusters told in the same look, shard by shard; a follower's own
//! statistics lie, and its status lies while shards start or once its leader's name was dropped.

mod actions;
mod anew;
mod aside;
mod beats;
mod judge;
mod lag;
mod order;
mod read;
mod rights;
mod session;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Reading};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields};
use crate::domain::time::Stamp;
use crate::port::{About, Beat};
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::{Server, Sight, Target};
use crate::systems::kit::trouble::Trouble;
use session::Session;
use state::SideState;

pub use rights::{ACT_ROLE, BEAT_ROLE, WATCH_ROLE};
pub use settings::OpenSearch;

impl Server for OpenSearch {
    const ABOUT: About = About {
        kind: "opensearch",
        doc: "OpenSearch 2 or later with cross-cluster replication of indices: role, lag in \
              operations and seconds, health against what is expected, blocks and snapshots",
        settings: settings::SETTINGS,
        facts: judge::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[
            ("the role of who watches, of the security plugin", rights::WATCH_ROLE),
            ("the role of who acts", rights::ACT_ROLE),
            ("the role of `warroom beat`", rights::BEAT_ROLE),
        ],
        actions: actions::ACTIONS,
        example_name: "search",
        example_pace: ["5s", "4s"],
    };
    const PORT: Setting<u16> = settings::PORT;
    const USER_DEFAULT: Option<&'static str> = Some("anonymous");
    const KEPT_FOR: Option<Duration> = Some(Duration::from_secs(15));

    type Own = settings::Own;
    type Session = Session;
    type State = SideState;
    type Learned = lag::Learned;
    type Aside = aside::Aside;

    fn own(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self::Own, Fault> {
        settings::Own::read(fields, endpoint)
    }

    fn speaks_tls(own: &Self::Own) -> bool {
        own.tls
    }

    fn unlearned(sides: [Option<&Self::Own>; 2]) -> Self::Learned {
        lag::Learned::new(sides)
    }

    async fn connect(
        target: &Target<Self>,
        peer: Option<SocketAddr>,
        limit: Duration,
    ) -> Result<Session, Trouble> {
        session::connect(target, peer, limit).await
    }

    async fn identify(session: &Session, target: &Target<Self>) -> Result<Identity, Trouble> {
        Ok(state::identity(&session.root, &target.own.indices))
    }

    async fn ask(
        session: &Session,
        target: &Target<Self>,
        watched: bool,
    ) -> Result<SideState, Trouble> {
        read::state(session, &target.own, watched.then(|| target.clock.now())).await
    }

    fn identity(state: &SideState) -> Identity {
        state.identity()
    }

    fn learn(learned: &mut Self::Learned, [a, b]: [Option<&mut SideState>; 2], at: Stamp) {
        learned.learn([a.as_deref(), b.as_deref()], at);
    }

    async fn look_aside(
        session: &Session,
        target: &Target<Self>,
        _state: &mut Self::State,
        aside: &mut Self::Aside,
        at: Stamp,
        left: Duration,
    ) -> bool {
        aside.refresh(session, &target.own, at, left).await;
        true
    }

    fn beats_every(own: &Self::Own) -> Option<Duration> {
        own.beats_every()
    }

    async fn beat(
        session: &Session,
        target: &Target<Self>,
        side: Side,
        at: Stamp,
    ) -> Result<Beat, Trouble> {
        let made = read::metadata(session, &target.own).await?;
        let Some(index) = target.own.heartbeat.as_deref() else {
            return Err(Trouble::no_heartbeat(&target.place));
        };
        beats::write(session, (index, made.get(index)), side, at).await
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
