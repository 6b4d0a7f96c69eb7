//! Patroni in both regions, the second as a standby cluster of the first: role, lag, promotion,
//! switchover, maintenance, and a demotion that is proven.
//!
//! No member is believed alone: all that are named are asked at once, and what a cluster keeps of
//! itself in its DCS is a hint. A lag is a difference between what both leaders told in the same
//! look. That a demoted side streams, on the same timeline, proves nothing: it may have gone its
//! own way before, and Patroni does not see that.

mod actions;
mod aside;
mod dates;
mod judge;
mod lag;
mod learned;
mod order;
mod rights;
mod session;
mod settings;
mod split;
mod state;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Reading};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields};
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::port::About;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::{Server, Sight, Target, Written};
use crate::systems::kit::trouble::Trouble;
use session::Session;
use state::SideState;

pub use rights::REST_API;
pub use settings::Patroni;

impl Server for Patroni {
    const ABOUT: About = About {
        kind: "patroni",
        doc: "Patroni 3 or later in both regions, one a standby cluster of the other: leader and \
              members, role, lag in bytes and seconds, maintenance, DCS, split histories",
        settings: settings::SETTINGS,
        facts: judge::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[("the REST API, in patroni.yml of each member", rights::REST_API)],
        actions: actions::ACTIONS,
        example_name: "cluster",
        example_pace: ["3s", "3s"],
    };
    const PORT: Setting<u16> = settings::PORT;
    const USER_DEFAULT: Option<&'static str> = Some("anonymous");
    // Each side has several addresses: a session asks all of them.

    type Own = settings::Own;
    type Session = Session;
    type State = SideState;
    type Learned = learned::Learned;
    type Aside = aside::Aside;

    fn endpoint(fields: &Fields<'_>) -> Result<Endpoint, Fault> {
        settings::members(fields).map(|mut members| members.remove(0))
    }

    fn own(fields: &Fields<'_>, _endpoint: &Endpoint) -> Result<Self::Own, Fault> {
        settings::Own::read(fields)
    }

    fn pair(sides: &mut [Option<Written<Self>>; 2], spec: &SystemSpec) -> Result<(), Fault> {
        let [Some(a), Some(b)] = sides else { return Ok(()) };
        if a.own.scope != b.own.scope {
            return Ok(());
        }
        let message = format!(
            "the two sides of system `{}` have the same `scope`: nothing that they say of \
             themselves would tell them apart; give one cluster another in its patroni.yml",
            spec.id
        );
        Err(Fault::new(b.span, message))
    }

    fn dials(_own: &Self::Own) -> bool {
        false
    }

    fn speaks_tls(own: &Self::Own) -> bool {
        own.tls
    }

    fn place(endpoint: &Endpoint, own: &Self::Own) -> String {
        format!("{} at {}", own.scope, endpoint.place())
    }

    fn unlearned(_sides: [Option<&Self::Own>; 2]) -> Self::Learned {
        learned::Learned::default()
    }

    async fn connect(
        target: &Target<Self>,
        _peer: Option<SocketAddr>,
        limit: Duration,
    ) -> Result<Session, Trouble> {
        session::connect(target, limit).await
    }

    async fn identify(session: &Session, _target: &Target<Self>) -> Result<Identity, Trouble> {
        session.identity().await
    }

    async fn ask(
        session: &Session,
        _target: &Target<Self>,
        _watched: bool,
    ) -> Result<SideState, Trouble> {
        session.state().await
    }

    fn identity(state: &SideState) -> Identity {
        state.identity()
    }

    /// A standby that is read after its primary may hold what was written in between.
    fn again(a: &SideState, b: &SideState) -> Option<Side> {
        let seems_ahead = |standby: &SideState, primary: &SideState| {
            let leader = standby.standby_leader().and_then(state::Member::held);
            leader.zip(primary.location()).is_some_and(|(held, written)| held > written)
        };
        if seems_ahead(b, a) { Some(Side::A) } else { seems_ahead(a, b).then_some(Side::B) }
    }

    fn renew(state: &mut SideState, newer: Option<SideState>, _other: &SideState) {
        if let Some(newer) = newer.filter(|newer| newer.location().is_some()) {
            *state = newer;
        }
    }

    fn learn(learned: &mut Self::Learned, told: [Option<&mut SideState>; 2], at: Stamp) {
        learned.learn(told, at);
    }

    async fn look_aside(
        session: &Session,
        _target: &Target<Self>,
        state: &mut SideState,
        aside: &mut Self::Aside,
        at: Stamp,
        left: Duration,
    ) -> bool {
        aside.look(session, state, at, left).await;
        true
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
