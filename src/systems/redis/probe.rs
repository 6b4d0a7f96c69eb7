//! Looks at both servers at once, on new connections: so a look meets whom an operator would meet.
//!
//! A connection that is kept leads to the server that once had the name, whoever has it now.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::judge::{View, reading};
use super::lag::seconds;
use super::link::{Session, Target};
use super::settings::{self, SideSettings};
use super::state::{SideState, read_state};
use super::trouble::Trouble;
use crate::domain::ids::Side;
use crate::domain::reading::Look;
use crate::domain::settings::Fault;
use crate::domain::time::Stamp;
use crate::port::{Boxed, Clock, Looks, Probe, ProbeSetup};
use crate::systems::shared::pulse::Pulse;
use crate::systems::shared::trail::Trail;

/// The probe of one pair.
pub(super) struct RedisProbe {
    clock: Arc<dyn Clock>,
    sides: [Option<SideProbe>; 2],
    learned: Learned,
}

/// What a probe has learned from its looks, as it is written down.
#[derive(Default, Serialize, Deserialize)]
struct Learned {
    pulses: [Pulse; 2],
    trail: Trail,
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
                })
            });
            made.transpose()
        };
        let pulses = [&written[0], &written[1]]
            .map(|side| Pulse::new(side.as_ref().and_then(|side| side.beats_every)));
        Ok(Self {
            clock: Arc::clone(&setup.clock),
            sides: [side(Side::A)?, side(Side::B)?],
            learned: Learned { pulses, trail: Trail::default() },
        })
    }

    async fn look_both(&mut self) -> Looks {
        let at = self.clock.now();
        let clock = &*self.clock;
        let [a, b] = &self.sides;
        let (mut a_told, mut b_told) =
            tokio::join!(look_side(a.as_ref(), at, clock), look_side(b.as_ref(), at, clock));
        // The two are not read at one moment: what was written in between is no lag, and only a
        // primary read once more after its replica can prove that it holds more.
        if let (Some(Ok(a_told)), Some(Ok(b_told)), Some(a), Some(b)) =
            (&mut a_told, &mut b_told, a, b)
            && a_told.state.replid == b_told.state.replid
            && a_told.state.is_primary() != b_told.state.is_primary()
        {
            let left = a.limit.min(b.limit).saturating_sub(self.clock.now().since(at));
            let [(source, primary), (probe, replica)] = if a_told.state.is_primary() {
                [(a, a_told), (b, b_told)]
            } else {
                [(b, b_told), (a, a_told)]
            };
            match replica.state.offset.cmp(&primary.state.offset) {
                Ordering::Less => {
                    probe.read_again(replica, left).await;
                    replica.state.offset = replica.state.offset.min(primary.state.offset);
                }
                Ordering::Equal => {}
                Ordering::Greater => source.read_again(primary, left).await,
            }
        }
        for (side, told) in [(Side::A, &a_told), (Side::B, &b_told)] {
            let Some(Ok(Told { state, .. })) = told else { continue };
            if let Some(beat) = state.beat(side).at() {
                self.learned.pulses[side.index()].hear(beat);
            }
            if let (true, Some(clock_ms)) = (state.is_primary(), state.clock_ms) {
                self.learned.trail.record(&state.replid, seconds(clock_ms), state.offset);
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
            pulses: &self.learned.pulses,
            trail: &self.learned.trail,
            unsaved: probe.settings.unsaved,
        };
        Ok(reading(at, told.took_ms, &view))
    }
}

impl Probe for RedisProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(self.look_both())
    }

    fn learned(&self) -> Option<String> {
        let Learned { pulses, trail } = &self.learned;
        serde_json::to_string(&Learned { pulses: pulses.clone(), trail: trail.thinned() }).ok()
    }

    fn recall(&mut self, learned: &str) {
        let Ok(Learned { pulses, trail }) = serde_json::from_str(learned) else { return };
        self.learned.trail = trail;
        self.learned.pulses.iter_mut().zip(pulses).for_each(|(own, earlier)| own.recall(earlier));
    }
}

/// What one side told, how long that took, and the connection that it was told on.
struct Told {
    state: SideState,
    took_ms: u64,
    session: Session,
}

async fn look_side(
    side: Option<&SideProbe>,
    at: Stamp,
    clock: &dyn Clock,
) -> Option<Result<Told, Trouble>> {
    Some(side?.look(at, clock).await)
}

/// One side.
struct SideProbe {
    target: Target,
    settings: SideSettings,
    beats: [Option<String>; 2],
    limit: Duration,
}

impl SideProbe {
    async fn look(&self, at: Stamp, clock: &dyn Clock) -> Result<Told, Trouble> {
        let asked = async {
            let session = self.target.connect(self.limit * 9 / 10).await?;
            let state = self.ask(&session).await?;
            Ok((state, session))
        };
        let place = &self.target.place;
        let (state, session) = tokio::time::timeout(self.limit, asked)
            .await
            .unwrap_or_else(|_| Err(Trouble::timeout(place, self.limit.as_millis())))?;
        let took_ms = u64::try_from(clock.now().since(at).as_millis()).unwrap_or(u64::MAX);
        Ok(Told { state, took_ms, session })
    }

    async fn ask(&self, session: &Session) -> Result<SideState, Trouble> {
        let [a, b] = &self.beats;
        let beats = [a.as_deref(), b.as_deref()];
        read_state(session, self.settings.database, beats, &self.target.place).await
    }

    /// Renews a side's offset and heartbeats, where that succeeds.
    async fn read_again(&self, told: &mut Told, left: Duration) {
        if let Ok(Ok(newer)) = tokio::time::timeout(left, self.ask(&told.session)).await
            && newer.is_primary() == told.state.is_primary()
            && (&newer.run_id, &newer.replid) == (&told.state.run_id, &told.state.replid)
        {
            told.state = newer;
        }
    }
}
