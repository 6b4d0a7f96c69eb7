//! Looks at both servers at once, keeping its two connections between looks.

use std::sync::Arc;
use std::time::Duration;

use super::empty::Memory;
use super::judge::{View, reading};
use super::link::{Session, Target};
use super::settings::{self, SideSettings};
use super::state::{SideState, read_state};
use super::trouble::{Trouble, TroubleKind};
use crate::domain::ids::Side;
use crate::domain::reading::Look;
use crate::domain::settings::Fault;
use crate::domain::time::Stamp;
use crate::port::{Boxed, Clock, Looks, Probe, ProbeSetup};

/// The probe of one pair.
pub(super) struct RedisProbe {
    clock: Arc<dyn Clock>,
    sides: [Option<SideProbe>; 2],
    memory: Memory,
}

impl RedisProbe {
    /// Builds it; opens no connection.
    pub(super) fn new(setup: &ProbeSetup<'_>) -> Result<Self, Fault> {
        let written = settings::read(setup.spec)?;
        // A little is left for the console to receive what was found.
        let limit = setup.spec.timeout * 9 / 10;
        let beats =
            [&written[0], &written[1]].map(|side| side.as_ref().and_then(|s| s.heartbeat.clone()));
        let side = |side: Side| {
            let written = written[side.index()].as_ref();
            let made = written.map(|written| {
                Ok(SideProbe {
                    target: Target::new(written, written.read.as_deref(), setup.secrets)?,
                    settings: written.clone(),
                    beats: beats.clone(),
                    limit,
                    session: None,
                })
            });
            made.transpose()
        };
        Ok(Self {
            clock: Arc::clone(&setup.clock),
            sides: [side(Side::A)?, side(Side::B)?],
            memory: Memory::default(),
        })
    }

    async fn look_both(&mut self) -> Looks {
        let at = self.clock.now();
        let clock = &*self.clock;
        let [a, b] = &mut self.sides;
        let (mut a_told, mut b_told) =
            tokio::join!(look_side(a.as_mut(), at, clock), look_side(b.as_mut(), at, clock));
        // A replica read after its primary may hold what was written in between; only a primary
        // read once more after it can prove that it holds more.
        if let (Some(Ok(a_told)), Some(Ok(b_told))) = (&mut a_told, &mut b_told) {
            let (a, b) = (&mut a_told.state, &mut b_told.state);
            let again = match (a.is_primary(), b.is_primary()) {
                (true, false) => Some((Side::A, a, b)),
                (false, true) => Some((Side::B, b, a)),
                (true, true) | (false, false) => None,
            };
            if let Some((side, primary, replica)) = again
                && replica.replid == primary.replid
                && replica.offset > primary.offset
                && let Some(probe) = &mut self.sides[side.index()]
            {
                let left = probe.limit.saturating_sub(self.clock.now().since(at));
                probe.read_again(primary, left).await;
            }
        }
        for (side, told) in [(Side::A, &a_told), (Side::B, &b_told)] {
            if let Some(Ok(told)) = told {
                self.memory.record(side, &told.state);
            }
        }
        let look = |side: Side, own: Option<&Result<Told, Trouble>>, other: Option<&_>| {
            let probe = self.sides[side.index()].as_ref()?;
            Some(self.judge(at, side, probe, own?, other))
        };
        Looks {
            a: look(Side::A, a_told.as_ref(), b_told.as_ref()),
            b: look(Side::B, b_told.as_ref(), a_told.as_ref()),
        }
    }

    fn judge(
        &self,
        at: Stamp,
        side: Side,
        probe: &SideProbe,
        own: &Result<Told, Trouble>,
        other: Option<&Result<Told, Trouble>>,
    ) -> Look {
        let told = own.as_ref().map_err(|trouble| trouble.clone().into_look_error())?;
        let view = View {
            side,
            own: &told.state,
            other: other.and_then(|other| other.as_ref().ok()).map(|told| &told.state),
            memory: &self.memory,
            unsaved: probe.settings.unsaved,
        };
        Ok(reading(at, told.took_ms, &view))
    }
}

impl Probe for RedisProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(self.look_both())
    }
}

/// What one side told, and how long it took.
struct Told {
    state: SideState,
    took_ms: u64,
}

async fn look_side(
    side: Option<&mut SideProbe>,
    at: Stamp,
    clock: &dyn Clock,
) -> Option<Result<Told, Trouble>> {
    Some(side?.look(at, clock).await)
}

/// One side: its connection between looks.
struct SideProbe {
    target: Target,
    settings: SideSettings,
    beats: [Option<String>; 2],
    limit: Duration,
    session: Option<Session>,
}

impl SideProbe {
    async fn look(&mut self, at: Stamp, clock: &dyn Clock) -> Result<Told, Trouble> {
        let limit = self.limit;
        match tokio::time::timeout(limit, self.state()).await {
            Ok(Ok(state)) => {
                let took_ms = u64::try_from(clock.now().since(at).as_millis()).unwrap_or(u64::MAX);
                Ok(Told { state, took_ms })
            }
            failed => {
                // An answer that may still come must not be taken for the next one.
                self.session = None;
                Err(match failed {
                    Ok(Err(trouble)) => trouble,
                    Ok(Ok(_)) | Err(_) => Trouble::timeout(&self.target.place, limit.as_millis()),
                })
            }
        }
    }

    /// Asks on the kept connection; if that was closed since, once more on a new one.
    async fn state(&mut self) -> Result<SideState, Trouble> {
        if let Some(session) = self.session.as_ref().filter(|session| !session.is_closed()) {
            match self.ask(session).await {
                Err(trouble) if trouble.kind == TroubleKind::Cut => {}
                outcome => return outcome,
            }
        }
        self.session = None;
        let session = self.target.connect(self.limit * 9 / 10).await?;
        let state = self.ask(&session).await;
        self.session = Some(session);
        state
    }

    async fn ask(&self, session: &Session) -> Result<SideState, Trouble> {
        let [a, b] = &self.beats;
        let beats = [a.as_deref(), b.as_deref()];
        read_state(session, self.settings.database, beats, &self.target.place).await
    }

    /// Renews the primary's offset and heartbeats, where that succeeds.
    async fn read_again(&mut self, state: &mut SideState, left: Duration) {
        let Some(session) = &self.session else { return };
        match tokio::time::timeout(left, self.ask(session)).await {
            Ok(Ok(newer)) if newer.is_primary() && newer.run_id == state.run_id => *state = newer,
            Ok(Ok(_) | Err(_)) => {}
            Err(_) => self.session = None,
        }
    }
}
