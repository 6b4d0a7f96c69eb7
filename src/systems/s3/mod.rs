//! A bucket that is copied to one in the other region, at Amazon or wherever S3 is spoken: which
//! side copies to which, how far the copy is behind, and how old the newest backups in it are.
//!
//! Copies arrive out of order. The lag is the time since the last canary before the first that is
//! missing, never since the newest that is there; both buckets are listed in the same look. That a
//! source answers for an object proves nothing of the copy: some stores hand such a question on.

mod actions;
mod aside;
mod backups;
mod canary;
mod connecting;
mod coverage;
mod facts;
mod gap;
mod judge;
mod lag;
mod learned;
mod metrics;
mod rights;
mod sample;
mod settings;
mod state;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;

use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Reading};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields};
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::port::{About, Beat, Commons};
use crate::systems::kit::aws::MACHINE;
use crate::systems::kit::aws::place::Place;
use crate::systems::kit::aws::trouble::of_sdk;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::{Server, Sight, Target, Written};
use crate::systems::kit::trouble::Trouble;

pub use rights::{ACT_POLICY, BEAT_POLICY, WATCH_POLICY, WATCH_POLICY_AWS};
pub use settings::S3;

impl Server for S3 {
    const ABOUT: About = About {
        kind: "s3",
        doc: "A bucket of S3, or of what speaks like it, that is copied to one in the other \
              region: role by its rules, lag by canaries, what became of them, versions, \
              encryption, and the newest complete backups",
        settings: settings::SETTINGS,
        facts: facts::FACTS,
        permissions: rights::PERMISSIONS,
        grants: &[
            ("policy of the user that watches, for each bucket", rights::WATCH_POLICY),
            ("and beside it at Amazon", rights::WATCH_POLICY_AWS),
            ("policy of the user that acts, for each bucket", rights::ACT_POLICY),
            ("policy of `warroom beat`, for the bucket of its region", rights::BEAT_POLICY),
        ],
        actions: actions::ACTIONS,
        example_name: "objects",
        example_pace: ["30s", "3s"],
    };
    const PORT: Setting<u16> = settings::PORT;
    const USER_DEFAULT: Option<&'static str> = Some(MACHINE);
    // Each new one reads the authorities, gets credentials and connects anew.
    const KEPT_FOR: Option<Duration> = Some(Duration::from_secs(30));
    const ANSWER_LIMIT: Duration = Duration::from_secs(3);

    type Own = settings::Own;
    type Session = store::Session;
    type State = state::State;
    type Learned = learned::Learned;
    type Aside = aside::Aside;

    fn endpoint(fields: &Fields<'_>) -> Result<Endpoint, Fault> {
        Place::endpoint(fields, "s3")
    }

    fn own(fields: &Fields<'_>, _endpoint: &Endpoint) -> Result<Self::Own, Fault> {
        settings::Own::read(fields)
    }

    fn pair(sides: &mut [Option<Written<Self>>; 2], spec: &SystemSpec) -> Result<(), Fault> {
        if let [Some(a), Some(b)] = &sides
            && (&a.own.bucket, &a.endpoint) == (&b.own.bucket, &b.endpoint)
        {
            let message = format!("the two sides of system `{}` have the same bucket", spec.id);
            return Err(Fault::new(spec.sides[1].as_ref().map_or(spec.span, |b| b.span), message));
        }
        let buckets = sides.each_ref().map(|side| Some(side.as_ref()?.own.bucket.clone()));
        let shared = Arc::default();
        for side in Side::BOTH {
            let Some(written) = &mut sides[side.index()] else { continue };
            written.own.side = side;
            written.own.buckets.clone_from(&buckets);
            written.own.shared = Arc::clone(&shared);
        }
        Ok(())
    }

    fn share(own: &mut Self::Own, commons: &Commons) {
        own.desks = commons.of();
    }

    fn speaks_tls(own: &Self::Own) -> bool {
        own.at.speaks_tls()
    }

    fn place(endpoint: &Endpoint, own: &Self::Own) -> String {
        format!("bucket {} at {}", own.bucket, own.at.words(endpoint))
    }

    fn dials(_own: &Self::Own) -> bool {
        false
    }

    fn unlearned(sides: [Option<&Self::Own>; 2]) -> Self::Learned {
        learned::Learned::new(sides)
    }

    async fn connect(
        target: &Target<Self>,
        _peer: Option<SocketAddr>,
        _limit: Duration,
    ) -> Result<Self::Session, Trouble> {
        connecting::connect(target).await
    }

    async fn identify(session: &Self::Session, target: &Target<Self>) -> Result<Identity, Trouble> {
        Ok(Identity {
            server: session.server(session.made_ms().await?),
            data: state::data(&target.own),
        })
    }

    async fn ask(
        session: &Self::Session,
        target: &Target<Self>,
        watched: bool,
    ) -> Result<state::State, Trouble> {
        state::read_state(session, target, watched).await
    }

    fn identity(state: &state::State) -> Identity {
        state.identity()
    }

    fn learn(learned: &mut Self::Learned, told: [Option<&mut state::State>; 2], at: Stamp) {
        learned.learn(told.map(|state| state.map(|state| &*state)), at);
    }

    async fn look_aside(
        session: &Self::Session,
        target: &Target<Self>,
        _state: &mut Self::State,
        aside: &mut Self::Aside,
        at: Stamp,
        left: Duration,
    ) -> bool {
        aside.look(session, target, at, left).await
    }

    fn beats_every(own: &Self::Own) -> Option<Duration> {
        Some(own.canary_every.unwrap_or(settings::BEAT_EVERY))
    }

    /// Each region writes its own canaries, whichever side is copied.
    async fn beat(
        session: &Self::Session,
        target: &Target<Self>,
        side: Side,
        at: Stamp,
    ) -> Result<Beat, Trouble> {
        let key = canary::key(&target.own.canary, side, at.wall_ms);
        let asked = session.asked("s3:PutObject");
        let put = session.client.put_object().bucket(session.bucket()).key(key);
        let put = put.set_expected_bucket_owner(session.owner());
        let put = put.body(ByteStream::from_static(b""));
        Box::pin(put.send()).await.map(|_| Beat::Written).map_err(|error| of_sdk(&error, &asked))
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        judge::reading(sight)
    }
}
