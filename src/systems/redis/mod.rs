//! Redis with asynchronous replication between two regions: role, lag, promotion, proof, failback.
//!
//! A role is told by the server itself. A lag in bytes is a difference between two servers read in
//! the same look, of one replication history; a lag in seconds needs a heartbeat key. What a
//! replica says of itself is never a lag: on a dead link its own two offsets agree.
//!
//! Where sentinels watch the servers, their word and the server's own are both told; neither is
//! taken for the other. A cluster that stands in both regions is one system: which side is the
//! primary is which one owns the slots.

mod actions;
mod beat;
mod config;
mod council;
mod empty;
mod facts;
mod flow;
mod history;
mod info;
mod judge;
mod lag;
mod learned;
mod link;
mod map;
mod meet;
mod members;
mod nodes;
mod rights;
mod sentinel;
mod settings;
mod shards;
mod state;
#[cfg(test)]
mod tests_support;
mod trouble;
mod wire;

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Reading};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields};
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::port::{About, Beat};
use crate::systems::kit::beating::EVERY_USUAL;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::{Server, Sight, Target, Written};
use crate::systems::kit::trouble::Trouble;
use members::{is_ahead, served_twice};
use settings::Formation;
use state::SideState;

pub use rights::{ACT_RULES, BEAT_RULES, SENTINEL_ACT_RULES, SENTINEL_WATCH_RULES, WATCH_RULES};
pub use settings::Redis;

impl Server for Redis {
    const ABOUT: About = About {
        kind: "redis",
        doc: "Redis 6.2 or later with one replica across the regions: role, lag in bytes and \
              seconds, link and its age, keys and persistence of both sides, what keeps writes \
              waiting, and whether a primary came back empty; with what Sentinel says of it, or as \
              one Redis Cluster whose nodes stand in both regions",
        settings: settings::SETTINGS,
        facts: facts::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[
            ("ACL SETUSER of the user that watches", rights::WATCH_RULES),
            ("ACL SETUSER of the user that acts", rights::ACT_RULES),
            ("ACL SETUSER of the user of `warroom beat`", rights::BEAT_RULES),
            ("ACL SETUSER at sentinels, of the user that watches", rights::SENTINEL_WATCH_RULES),
            ("ACL SETUSER at sentinels, of the user that acts", rights::SENTINEL_ACT_RULES),
        ],
        actions: actions::ACTIONS,
        example_name: "cache",
        example_pace: ["2s", "2s"],
    };
    const PORT: Setting<u16> = settings::PORT;
    const USER_DEFAULT: Option<&'static str> = Some("default");
    const ANSWER_LIMIT: Duration = Duration::from_secs(3);

    type Own = settings::Own;
    type Session = meet::Met;
    type State = SideState;
    type Learned = learned::Learned;
    type Aside = ();

    fn endpoint(fields: &Fields<'_>) -> Result<Endpoint, Fault> {
        settings::endpoint_of(fields)
    }

    fn own(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self::Own, Fault> {
        settings::Own::read(fields, endpoint)
    }

    fn pair(sides: &mut [Option<Written<Self>>; 2], spec: &SystemSpec) -> Result<(), Fault> {
        settings::pair(sides, spec)
    }

    fn speaks_tls(own: &Self::Own) -> bool {
        own.tls
    }

    fn place(endpoint: &Endpoint, own: &Self::Own) -> String {
        match &own.formation {
            Formation::Watched(named) if named.lead => {
                format!("{} of {}", named.master, endpoint.place())
            }
            Formation::Cluster(_) => format!("the cluster of {}", endpoint.place()),
            Formation::Alone | Formation::Watched(_) => endpoint.place(),
        }
    }

    fn dials(own: &Self::Own) -> bool {
        own.formation.seeds().is_none()
    }

    fn unsuited(own: &Self::Own, step: &ActionSpec) -> Option<&'static str> {
        let is_for_pairs = !actions::FOR_CLUSTERS.contains(&step.name);
        (is_for_pairs && own.formation.nodes().is_some()).then_some(
            "is a Redis Cluster, and this step is for a pair: use redis.cluster_failover or \
             redis.cluster_takeover",
        )
    }

    fn unlearned(sides: [Option<&Self::Own>; 2]) -> Self::Learned {
        learned::Learned::new(sides)
    }

    async fn connect(
        target: &Target<Self>,
        peer: Option<SocketAddr>,
        limit: Duration,
    ) -> Result<Self::Session, Trouble> {
        meet::connect(target, peer, limit).await
    }

    async fn identify(session: &Self::Session, _: &Target<Self>) -> Result<Identity, Trouble> {
        meet::identify(session).await
    }

    async fn ask(
        session: &Self::Session,
        target: &Target<Self>,
        watched: bool,
    ) -> Result<SideState, Trouble> {
        meet::ask(session, target, watched).await
    }

    fn identity(state: &SideState) -> Identity {
        state.identity()
    }

    /// A replica that seems behind is read once more, and so is a primary that seems to be.
    fn again(a: &SideState, b: &SideState) -> Option<Side> {
        if !a.members.is_empty() {
            // Slots that were handed over between the two reads have one owner.
            if let Some(twice) = served_twice(&a.members, &b.members) {
                return Some(if twice.is_older { Side::A } else { Side::B });
            }
            let ahead = is_ahead(&b.members, &a.members).then_some(Side::A);
            return ahead.or_else(|| is_ahead(&a.members, &b.members).then_some(Side::B));
        }
        if a.replid != b.replid || a.is_primary() == b.is_primary() {
            return None;
        }
        match a.offset.cmp(&b.offset) {
            Ordering::Less => Some(Side::A),
            Ordering::Equal => None,
            Ordering::Greater => Some(Side::B),
        }
    }

    fn renew(state: &mut SideState, newer: Option<SideState>, other: &SideState) {
        let is_pair = state.members.is_empty();
        let is_same = |newer: &SideState| {
            newer.is_primary() == state.is_primary()
                && (&newer.run_id, &newer.replid) == (&state.run_id, &state.replid)
        };
        if let Some(newer) = newer.filter(|newer| !is_pair || is_same(newer)) {
            *state = newer;
        }
        if is_pair && !state.is_primary() {
            state.offset = state.offset.min(other.offset);
        }
    }

    fn learn(learned: &mut Self::Learned, told: [Option<&mut SideState>; 2], _at: Stamp) {
        learned.learn(told);
    }

    fn beats_every(own: &Self::Own) -> Option<Duration> {
        own.heartbeat.as_ref().map(|_| own.beats_every.unwrap_or(EVERY_USUAL))
    }

    fn beats_what(own: &Self::Own, _side: Side) -> String {
        own.heartbeat.as_ref().map_or_else(String::new, |key| format!("key `{key}`"))
    }

    async fn beat(
        session: &Self::Session,
        target: &Target<Self>,
        _side: Side,
        _at: Stamp,
    ) -> Result<Beat, Trouble> {
        let none = || Trouble::no_heartbeat(&target.place);
        let key = target.own.heartbeat.as_ref().ok_or_else(none)?;
        beat::write(session, key, &target.place).await
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        match &sight.settings.formation {
            Formation::Cluster(nodes) => shards::reading(sight, nodes),
            Formation::Alone | Formation::Watched(_) => judge::reading(sight),
        }
    }
}
