//! Writes the heartbeat of one side, again and again, on a connection that is opened anew when old.

use std::sync::Arc;
use std::time::Duration;

use super::server::{Server, Target, Written};
use super::trouble::{Trouble, TroubleKind};
use crate::domain::ids::Side;
use crate::domain::reading::LookError;
use crate::domain::setting::Kind;
use crate::domain::settings::Fault;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{Beat, BeatSetup, Beater, Boxed, Clock};

/// How often a heartbeat is written where the site does not say.
pub const EVERY_USUAL: Duration = Duration::from_secs(1);

/// How often a heartbeat may be written.
pub const BEATS_EVERY: Kind = Kind::Time(100, 3_600_000);

/// The shortest time for one heartbeat, however often they come: connecting takes its time.
const LIMIT_LEAST: Duration = Duration::from_secs(2);

/// The longest, however seldom they come.
const LIMIT_MOST: Duration = Duration::from_secs(10);

/// How long a connection is written to. What stands between may lead new ones elsewhere by then.
const KEPT_FOR: Duration = Duration::from_secs(15);

/// The writer of one side's heartbeat.
pub struct Beating<S: Server> {
    clock: Arc<dyn Clock>,
    target: Target<S>,
    side: Side,
    every: Duration,
    kept: Option<(S::Session, Stamp)>,
}

impl<S: Server> Beating<S> {
    /// Builds it; opens no connection.
    ///
    /// # Errors
    /// When a setting is wrong, the side names no heartbeat or no secret for it, or that cannot be
    /// opened.
    pub fn new(setup: &BeatSetup<'_>) -> Result<Self, Fault> {
        let written = Written::<S>::one(setup.spec, setup.side)?;
        let refuse = |what: &str| {
            let message = format!(
                "side {} of system `{}` needs {what} for its heartbeat to be written",
                setup.side, setup.spec.id
            );
            Fault::new(written.span, message)
        };
        let every = S::beats_every(&written.own).ok_or_else(|| refuse("`heartbeat`"))?;
        let secret = written.beat.as_deref();
        let secret = secret.ok_or_else(|| refuse("`beat`, the name of a secret"))?;
        let target = Target::new(&written, Some(secret), setup.secrets, &setup.clock)?;
        Ok(Self { clock: Arc::clone(&setup.clock), target, side: setup.side, every, kept: None })
    }

    async fn once(&mut self) -> Result<Beat, Trouble> {
        let at = self.clock.now();
        let is_good = |(session, opened): &(S::Session, Stamp)| {
            at.since(*opened) < KEPT_FOR && !S::is_closed(session)
        };
        if let Some((session, opened)) = self.kept.take().filter(is_good) {
            let beaten = S::beat(&session, &self.target, self.side, at).await;
            // A kept connection that is found dead says nothing of the server as it is now; and a
            // heartbeat may be written twice.
            let is_dead = |trouble: &Trouble| {
                matches!(trouble.kind, TroubleKind::Cut | TroubleKind::Unreachable)
            };
            if !beaten.as_ref().is_err_and(is_dead) {
                self.kept = Some((session, opened));
                return beaten;
            }
        }
        let session = self.target.connect(self.limit()).await?;
        let beaten = S::beat(&session, &self.target, self.side, self.clock.now()).await;
        self.kept = Some((session, at));
        beaten
    }
}

impl<S: Server> Beater for Beating<S> {
    fn what(&self) -> Clean {
        let Target { own, place, user, .. } = &self.target;
        format!("{} at {place} as {user}", S::beats_what(own, self.side)).into()
    }

    fn every(&self) -> Duration {
        self.every
    }

    fn limit(&self) -> Duration {
        self.every.clamp(LIMIT_LEAST, LIMIT_MOST)
    }

    fn beat(&mut self) -> Boxed<'_, Result<Beat, LookError>> {
        Box::pin(async {
            let limit = self.limit();
            let beaten = match tokio::time::timeout(limit, self.once()).await {
                Ok(beaten) => beaten,
                Err(_) => Err(Trouble::timeout(&self.target.place, limit)),
            };
            match beaten {
                Err(trouble) if trouble.kind == TroubleKind::ReadOnly => {
                    Ok(Beat::Standby(trouble.message))
                }
                Err(trouble) => {
                    // What may still come of it must not be taken for the answer to the next one.
                    self.kept = None;
                    Err(trouble.into())
                }
                Ok(beat) => Ok(beat),
            }
        })
    }
}
