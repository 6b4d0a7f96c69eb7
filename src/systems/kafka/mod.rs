//! Kafka in both regions with MirrorMaker 2 between them: what is copied, how far, and what never
//! was.
//!
//! A lag is told partition by partition: the copy has all that its source has when the newest
//! record of both is the same one. Ends compare badly, because what ends a transaction counts in
//! them, and what Connect keeps is old when it is read.

mod actions;
mod anchors;
mod ask;
mod client;
mod connect;
mod context;
mod facts;
mod held;
mod judge;
mod lag;
mod learned;
mod offsets;
#[cfg_attr(not(feature = "aws"), path = "replicator_absent.rs")]
mod replicator;
mod rights;
mod settings;
mod state;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_held;
#[cfg(test)]
mod tests_support;
mod trouble;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Reading};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields};
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::port::{About, Beat, Commons, Credential};
use crate::systems::kit::beating::EVERY_USUAL;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::{Server, Sight, Target, Written};
use crate::systems::kit::trouble::Trouble;
use state::SideState;

pub use rights::{ACT_ACLS, BEAT_ACLS, WATCH_ACLS};
pub use settings::Kafka;

impl Server for Kafka {
    const ABOUT: About = About {
        kind: "kafka",
        doc: "Kafka in both regions with MirrorMaker 2 between them: lag in records and seconds, \
              what was lost, doubled or never copied, connectors, consumer groups",
        settings: settings::SETTINGS,
        facts: facts::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[
            ("ACLs of the user that watches", rights::WATCH_ACLS),
            ("ACLs of the user that acts", rights::ACT_ACLS),
            ("ACLs of the user that writes heartbeats", rights::BEAT_ACLS),
        ],
        actions: actions::ACTIONS,
        example_name: "stream",
        example_pace: ["5s", "5s"],
    };
    const PORT: Setting<u16> = settings::PORT;
    const USER_DEFAULT: Option<&'static str> = Some("anonymous");
    // A session costs some threads, round trips and logins, and remembers what stood still. Which
    // cluster answers is asked in each look, and its brokers' names are in what that answers.
    const KEPT_FOR: Option<Duration> = Some(Duration::from_secs(60));

    type Own = settings::Own;
    type Session = client::Session;
    type State = SideState;
    type Learned = learned::Learned;
    type Aside = anchors::Aside;

    fn own(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self::Own, Fault> {
        settings::Own::read(fields, endpoint)
    }

    fn pair(sides: &mut [Option<Written<Self>>; 2], spec: &SystemSpec) -> Result<(), Fault> {
        let [Some(a), Some(b)] = sides else { return Ok(()) };
        if a.own.names.own == b.own.names.own {
            let message = format!(
                "the two sides of system `{}` have the same `alias`: write what MirrorMaker 2 \
                 calls each cluster",
                spec.id
            );
            return Err(Fault::new(b.span, message));
        }
        let called = |own: &Self::Own| (own.names.own.clone(), own.heartbeat.clone());
        let (of_a, of_b) = (called(&a.own), called(&b.own));
        for (side, (alias, heartbeat)) in [(a, of_b), (b, of_a)] {
            side.own.names.other = Some(alias);
            side.own.other_heartbeat = Some(heartbeat);
        }
        Ok(())
    }

    fn also_read(own: &mut Self::Own) -> Option<(&str, &mut Option<Credential>)> {
        own.replicator.as_mut()?.also_read()
    }

    fn share(own: &mut Self::Own, commons: &Commons) {
        if let Some(replicator) = &mut own.replicator {
            replicator.share(commons);
        }
    }

    fn speaks_tls(own: &Self::Own) -> bool {
        own.tls
    }

    fn unlearned(sides: [Option<&Self::Own>; 2]) -> Self::Learned {
        learned::Learned::new(sides)
    }

    async fn connect(
        target: &Target<Self>,
        peer: Option<SocketAddr>,
        limit: Duration,
    ) -> Result<Self::Session, Trouble> {
        client::connect(target, peer, limit).await
    }

    async fn identify(session: &Self::Session, target: &Target<Self>) -> Result<Identity, Trouble> {
        let own = Arc::new(target.own.clone());
        let state = session.on(move |client| ask::metadata(client, &own)).await?;
        Ok(state.identity())
    }

    async fn ask(
        session: &Self::Session,
        target: &Target<Self>,
        watched: bool,
    ) -> Result<SideState, Trouble> {
        let own = Arc::new(target.own.clone());
        let (names, at) = (&target.own.names, watched.then(|| target.clock.now()));
        let asked = session.on(move |client| ask::read(client, &own, at));
        let flow = async {
            match session.rest()? {
                Ok(rest) => Some(rest.flow(names, session.limit(), at).await),
                Err(trouble) => Some(Err(trouble.clone())),
            }
        };
        let (state, flow) = tokio::join!(asked, flow);
        let mut state = state?;
        state.flow = flow.map(|told| told.map_err(|trouble| trouble.message));
        Ok(state)
    }

    fn identity(state: &SideState) -> Identity {
        state.identity()
    }

    fn learn(learned: &mut Self::Learned, told: [Option<&mut SideState>; 2], at: Stamp) {
        learned.learn(told.map(|state| state.map(|state| &*state)), at);
    }

    async fn look_aside(
        session: &Self::Session,
        target: &Target<Self>,
        state: &mut Self::State,
        aside: &mut Self::Aside,
        at: Stamp,
        left: Duration,
    ) -> bool {
        let anchors::Aside { replicator: told, anchors } = aside;
        let of_replicator = async {
            if let Some(replicator) = &target.own.replicator {
                told.look(replicator, &target.clock, at, left).await;
            }
        };
        tokio::join!(of_replicator, anchors.look(session, state, at, left));
        true
    }

    fn beats_every(own: &Self::Own) -> Option<Duration> {
        Some(own.beats_every.unwrap_or(EVERY_USUAL))
    }

    fn beats_what(own: &Self::Own, _side: Side) -> String {
        format!("topic {}", own.heartbeat)
    }

    async fn beat(
        session: &Self::Session,
        target: &Target<Self>,
        _side: Side,
        at: Stamp,
    ) -> Result<Beat, Trouble> {
        let topic = target.own.heartbeat.clone();
        let value = at.wall_ms.to_string();
        let write =
            move |client: &mut client::Client| client.write(&topic, "warroom", &value, at.wall_ms);
        session.on(write).await?;
        Ok(Beat::Written)
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
