//! Postgres with streaming replication between two regions: what it tells, and what can be done.
//!
//! A role is told by `pg_is_in_recovery()` alone. A lag is a difference between two servers read in
//! the same look; without the primary it is unknown, whatever the standby says of itself.

mod actions;
mod beat;
mod diverged;
mod facts;
mod judge;
mod lag;
mod learned;
mod link;
mod rights;
mod schema;
mod settings;
mod state;
mod stream;
#[cfg(test)]
mod tests_support;
mod trouble;
mod writers;

use std::net::SocketAddr;
use std::time::Duration;

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
use state::SideState;

pub use actions::PROBE_TABLE_SQL;
pub use beat::BEAT_TABLE_SQL;
pub use rights::{ACT_ROLE_SQL, BEAT_ROLE_SQL, FOLLOW_ROLE_SQL, WATCH_ROLE_SQL};
pub use settings::Postgres;

impl Server for Postgres {
    const ABOUT: About = About {
        kind: "postgres",
        doc: "PostgreSQL 13 or later with streaming replication: role, lag in bytes and seconds, \
              slots, archive, timeline and schema of both sides",
        settings: settings::SETTINGS,
        facts: facts::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[
            ("the role that watches", rights::WATCH_ROLE_SQL),
            ("the table of postgres.verify_write", PROBE_TABLE_SQL),
            ("the role that acts", rights::ACT_ROLE_SQL),
            ("the role that a rejoined server follows with", rights::FOLLOW_ROLE_SQL),
            ("the table of the heartbeat", BEAT_TABLE_SQL),
            ("the role of `warroom beat`", rights::BEAT_ROLE_SQL),
        ],
        actions: actions::ACTIONS,
        example_name: "pg",
        example_pace: ["2s", "2s"],
    };
    const PORT: Setting<u16> = settings::PORT;
    const KEPT_FOR: Option<Duration> = Some(Duration::from_secs(15));

    type Own = settings::Own;
    type Session = link::Session;
    type State = SideState;
    type Learned = learned::Learned;
    type Aside = learned::Shape;

    fn own(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self::Own, Fault> {
        settings::Own::read(fields, endpoint)
    }

    fn pair(sides: &mut [Option<Written<Self>>; 2], spec: &SystemSpec) -> Result<(), Fault> {
        let nobody = |side: &&Written<Self>| side.read.is_none() && side.own.user.is_none();
        match sides.iter().flatten().find(nobody) {
            Some(side) => {
                let needs = "`read`, the name of a secret, or `user` where none is asked";
                Err(Fault::new(side.span, format!("system `{}` needs {needs}", spec.id)))
            }
            None => Ok(()),
        }
    }

    fn speaks_tls(own: &Self::Own) -> bool {
        own.tls != settings::TlsMode::Disable
    }

    fn user(own: &Self::Own) -> Option<&str> {
        own.user.as_deref()
    }

    fn place(endpoint: &Endpoint, own: &Self::Own) -> String {
        format!("{}/{}", endpoint.place(), own.database)
    }

    fn unlearned(sides: [Option<&Self::Own>; 2]) -> Self::Learned {
        learned::Learned::new(sides)
    }

    async fn connect(
        target: &Target<Self>,
        peer: Option<SocketAddr>,
        limit: Duration,
    ) -> Result<Self::Session, Trouble> {
        link::connect(target, peer, limit).await
    }

    fn is_closed(session: &Self::Session) -> bool {
        session.is_closed()
    }

    async fn identify(
        session: &Self::Session,
        _target: &Target<Self>,
    ) -> Result<Identity, Trouble> {
        state::read_identity(session).await
    }

    async fn ask(
        session: &Self::Session,
        target: &Target<Self>,
        watched: bool,
    ) -> Result<SideState, Trouble> {
        let heartbeat = target.own.heartbeat.as_ref().filter(|_| watched);
        state::read_state(session, heartbeat).await
    }

    fn identity(state: &SideState) -> Identity {
        state.identity()
    }

    /// A fence was loaded since the session began.
    fn is_outdated(state: &SideState) -> bool {
        state.writers.is_outdated()
    }

    /// A standby read after its primary may hold what was written in between; only a primary read
    /// once more after it can prove that it holds more.
    fn again(a: &SideState, b: &SideState) -> Option<Side> {
        let (primary, standby, side) = match (a.in_recovery, b.in_recovery) {
            (true, false) => (b, a, Side::B),
            (false, true) => (a, b, Side::A),
            (true, true) | (false, false) => return None,
        };
        (standby.held_lsn() > primary.current_lsn).then_some(side)
    }

    fn renew(state: &mut SideState, newer: Option<SideState>, _other: &SideState) {
        if let Some(newer) = newer.filter(|newer| !newer.in_recovery) {
            state.current_lsn = newer.current_lsn;
            state.clock_s = newer.clock_s;
        }
    }

    fn learn(learned: &mut Self::Learned, told: [Option<&mut SideState>; 2], at: Stamp) {
        learned.learn(told, at);
    }

    async fn look_aside(
        session: &Self::Session,
        target: &Target<Self>,
        _state: &mut Self::State,
        shape: &mut Self::Aside,
        at: Stamp,
        left: Duration,
    ) -> bool {
        shape.look(session, &target.own.tables, at, left).await
    }

    fn beats_every(own: &Self::Own) -> Option<Duration> {
        own.heartbeat.as_ref().map(|heartbeat| heartbeat.every.unwrap_or(EVERY_USUAL))
    }

    fn beats_what(own: &Self::Own, _side: Side) -> String {
        own.heartbeat.as_ref().map_or_else(String::new, |heartbeat| {
            let table = heartbeat.table.quoted().replace('"', "");
            format!("`{}` in row 1 of {table}", heartbeat.column)
        })
    }

    async fn beat(
        session: &Self::Session,
        target: &Target<Self>,
        _side: Side,
        _at: Stamp,
    ) -> Result<Beat, Trouble> {
        let none = || Trouble::no_heartbeat(&target.place);
        let heartbeat = target.own.heartbeat.as_ref().ok_or_else(none)?;
        beat::write(session, heartbeat, &target.place).await
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        let view = judge::View {
            side: sight.side,
            own: sight.own,
            other: sight.other,
            trail: &sight.learned.trail,
            pulse: &sight.learned.pulse,
            schema: sight.aside.schema.as_ref(),
            nameless: sight.nameless,
            user: sight.user,
        };
        judge::reading(sight.at, sight.took_ms, &view)
    }
}
