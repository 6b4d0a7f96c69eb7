//! Looks at both servers at once, keeping its two connections between looks.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::judge::{View, reading};
use super::link::{Session, Target};
use super::schema::{Schema, read_schema};
use super::settings::{Heartbeat, Settings, TableName};
use super::state::{Beat, Closed, SideState, read_state};
use super::trouble::{Trouble, TroubleKind};
use super::writers::Watched;
use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Look, Writes};
use crate::domain::settings::Fault;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{Boxed, Clock, Looks, Probe, ProbeSetup};
use crate::systems::shared::name::Leads;
use crate::systems::shared::pulse::Pulse;
use crate::systems::shared::trail::Trail;

/// How long a connection is kept: what stands between us and the server may lead new connections to
/// another one while it holds on to ours.
const SESSION_AGE_MAX: Duration = Duration::from_secs(15);

/// The time between two readings of the schema: it is bigger than all the rest together.
const SCHEMA_EVERY: Duration = Duration::from_secs(60);

/// The shortest time that a schema reading is begun with.
const SCHEMA_TIME_MIN: Duration = Duration::from_millis(200);

/// The probe of one pair.
pub(super) struct PostgresProbe {
    clock: Arc<dyn Clock>,
    sides: [Option<SideProbe>; 2],
    trail: Trail,
    /// The heartbeat as the primary has it.
    pulse: Pulse,
}

impl PostgresProbe {
    /// Builds it; opens no connection.
    pub(super) fn new(setup: &ProbeSetup<'_>) -> Result<Self, Fault> {
        let settings = Settings::read(setup.spec)?;
        // A little is left for the console to receive what was found.
        let limit = setup.spec.timeout * 9 / 10;
        let side = |side: Side| {
            let written = settings.sides[side.index()].as_ref();
            written
                .map(|written| {
                    let secret = written.read.as_deref();
                    Ok(SideProbe {
                        target: Target::new(&settings, written, secret, setup.secrets)?,
                        heartbeat: settings.heartbeat.clone(),
                        tables: settings.tables.clone(),
                        limit,
                        session: None,
                        opened: None,
                        nameless: None,
                        watched: None,
                        closed: None,
                        stands: [None; 2],
                        schema: Err("not read yet".into()),
                        schema_asked: None,
                    })
                })
                .transpose()
        };
        Ok(Self {
            clock: Arc::clone(&setup.clock),
            sides: [side(Side::A)?, side(Side::B)?],
            trail: Trail::default(),
            pulse: Pulse::new(settings.heartbeat.as_ref().and_then(|beat| beat.every)),
        })
    }

    async fn look_both(&mut self) -> Looks {
        let at = self.clock.now();
        let clock = &*self.clock;
        let [a, b] = &mut self.sides;
        let (mut a_told, mut b_told) =
            tokio::join!(look_side(a.as_mut(), at, clock), look_side(b.as_mut(), at, clock));
        // A standby read after its primary may hold what was written in between; only a primary
        // read once more after it can prove that it holds more.
        if let (Some(Ok(a_state)), Some(Ok(b_state))) = (&mut a_told, &mut b_told) {
            let again = match (a_state.state.in_recovery, b_state.state.in_recovery) {
                (true, false) => Some((&mut *b_state, &*a_state, Side::B)),
                (false, true) => Some((&mut *a_state, &*b_state, Side::A)),
                (true, true) | (false, false) => None,
            };
            if let Some((primary, standby, side)) = again
                && standby.state.held_lsn() > primary.state.current_lsn
                && let Some(probe) = &mut self.sides[side.index()]
            {
                let left = probe.limit.saturating_sub(self.clock.now().since(at));
                probe.read_position_again(&mut primary.state, left).await;
            }
        }
        let follows =
            [&a_told, &b_told].map(|told| matches!(told, Some(Ok(told)) if told.state.in_recovery));
        let told = [(&mut a_told, Side::A), (&mut b_told, Side::B)];
        for (told, side) in told {
            let (Some(Ok(told)), Some(probe)) = (told, &mut self.sides[side.index()]) else {
                continue;
            };
            if !told.state.in_recovery {
                let SideState { system, timeline, clock_s, current_lsn, .. } = told.state;
                if let Some(lsn) = current_lsn {
                    self.trail.record(&format!("{system}/{timeline}"), clock_s, lsn);
                }
                if let Beat::At(at_s) = told.state.beat {
                    self.pulse.hear(whole_ms(at_s));
                }
            }
            probe.watch_writers(&mut told.state, at);
            probe.watch_log(&mut told.state);
            probe.remember_closed(&mut told.state, follows[side.other().index()]);
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
            trail: &self.trail,
            pulse: &self.pulse,
            schema: probe.schema.as_ref(),
            nameless: probe.nameless.as_ref(),
            user: &probe.target.user,
        };
        Ok(reading(at, told.took_ms, &view))
    }
}

impl Probe for PostgresProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(self.look_both())
    }

    fn learned(&self) -> Option<String> {
        let [a, b] = &self.sides;
        let sides = [a, b].map(|side| side.as_ref().map(SideProbe::learned).unwrap_or_default());
        let learned = Learned { trail: self.trail.thinned(), pulse: self.pulse.clone(), sides };
        serde_json::to_string(&learned).ok()
    }

    fn recall(&mut self, learned: &str) {
        let Ok(Learned { trail, pulse, sides }) = serde_json::from_str(learned) else { return };
        self.trail = trail;
        self.pulse.recall(pulse);
        for (own, kept) in self.sides.iter_mut().zip(sides) {
            if let Some(own) = own {
                (own.watched, own.closed, own.stands) = (kept.watched, kept.closed, kept.stands);
            }
        }
    }
}

/// What a probe has learned from its looks, as it is written down.
#[derive(Serialize, Deserialize)]
struct Learned {
    trail: Trail,
    pulse: Pulse,
    sides: [Kept; 2],
}

/// What it has learned of one side.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    watched: Option<(Identity, Watched)>,
    closed: Option<Shut>,
    #[serde(default)]
    stands: Stands,
}

/// What a standby held, what it had replayed, and since when on its own clock.
type Stands = [Option<(u64, f64)>; 2];

/// A server that was seen closed: which, when it loaded its configuration, and where its log stood
/// then. Loaded anew it may have been open in between.
type Shut = (Identity, f64, Closed);

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

/// One side: its connection and what is kept between looks.
struct SideProbe {
    target: Target,
    heartbeat: Option<Heartbeat>,
    tables: Vec<TableName>,
    limit: Duration,
    session: Option<Session>,
    /// When the session was opened.
    opened: Option<Stamp>,
    /// Why the name leads nowhere, although the kept session works.
    nameless: Option<Clean>,
    /// The server whose default is read-only, and what was seen to be written there.
    watched: Option<(Identity, Watched)>,
    closed: Option<Shut>,
    stands: Stands,
    schema: Result<Schema, Clean>,
    schema_asked: Option<Stamp>,
}

impl SideProbe {
    fn learned(&self) -> Kept {
        Kept { watched: self.watched.clone(), closed: self.closed.clone(), stands: self.stands }
    }

    /// Notes since when a standby has held what it holds, and not replayed what it could.
    fn watch_log(&mut self, state: &mut SideState) {
        let clock_s = state.clock_s;
        let held = state.held_lsn().filter(|_| state.in_recovery);
        let now = [held, state.replay_lsn.filter(|at| held.is_some_and(|held| held > *at))];
        for (stands, at) in self.stands.iter_mut().zip(now) {
            let known = stands.filter(|(lsn, since)| at == Some(*lsn) && *since <= clock_s);
            *stands = at.map(|lsn| known.unwrap_or((lsn, clock_s)));
        }
        [state.still_s, state.waits_s] =
            self.stands.map(|stands| stands.map_or(0.0, |(_, since)| clock_s - since));
    }

    async fn look(&mut self, at: Stamp, clock: &dyn Clock) -> Result<Told, Trouble> {
        let limit = self.limit;
        let state = match tokio::time::timeout(limit, self.state(at)).await {
            Ok(state) => state,
            Err(_) => Err(Trouble::timeout(&self.target.place, limit.as_millis())),
        };
        let took = clock.now().since(at);
        match state {
            Ok(state) => {
                self.look_at_schema(at, limit.saturating_sub(took)).await;
                let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                Ok(Told { state, took_ms })
            }
            Err(trouble) => {
                // An answer that may still come must not be taken for the next one.
                self.session = None;
                Err(trouble)
            }
        }
    }

    /// Asks on the kept connection, or on a new one where that was closed, where it is old, where
    /// the name leads elsewhere by now, or where a fence was loaded since it began.
    async fn state(&mut self, at: Stamp) -> Result<SideState, Trouble> {
        self.nameless = None;
        if let Some(told) = self.kept(at).await {
            return told;
        }
        self.session = None;
        let session = self.target.connect(self.limit, self.limit).await?;
        self.opened = Some(at);
        let state = read_state(&session, self.heartbeat.as_ref()).await;
        self.session = Some(session);
        state
    }

    /// What the kept connection tells, while it is what a step would meet too.
    async fn kept(&mut self, at: Stamp) -> Option<Result<SideState, Trouble>> {
        let session = self.session.as_ref().filter(|session| !session.is_closed())?;
        self.opened.filter(|opened| at.since(*opened) < SESSION_AGE_MAX)?;
        let (leads, told) = tokio::join!(
            self.target.leads_to(session, self.limit / 2),
            read_state(session, self.heartbeat.as_ref())
        );
        match (leads, told) {
            (Leads::Elsewhere, _) => {
                self.schema_asked = None;
                self.schema = Err("not read yet".into());
                None
            }
            (Leads::Here | Leads::Nowhere(_), Err(trouble)) if was_closed(&trouble) => None,
            (_, Ok(state)) if state.writers.is_outdated() => None,
            (Leads::Nowhere(why), told) => {
                // The server is there and says so; only steps would not find it.
                self.nameless = Some(why);
                Some(told)
            }
            (Leads::Here, told) => Some(told),
        }
    }

    /// Watches whether anything is written where the default is read-only.
    fn watch_writers(&mut self, state: &mut SideState, at: Stamp) {
        let identity = state.identity();
        if state.in_recovery || !state.writers.default_on {
            self.watched = None;
            return;
        }
        let known = self.watched.take().filter(|(server, _)| *server == identity);
        let mut watched = known.map_or_else(Watched::default, |(_, watched)| watched);
        watched.look(&mut state.writers, at);
        self.watched = Some((identity, watched));
    }

    /// Remembers where the log stood when this server was first seen closed, as long as it is.
    fn remember_closed(&mut self, state: &mut SideState, alone: bool) {
        let closed = !state.in_recovery && state.writes() == Writes::Refused;
        let (identity, loaded) = (state.identity(), state.writers.loaded_s);
        let is_it = |shut: &Shut| closed && shut.0 == identity && shut.1 >= loaded;
        self.closed = match (self.closed.take().filter(is_it), state.current_lsn) {
            (Some(shut), _) => Some(shut),
            (None, Some(end)) if closed => Some((identity, loaded, Closed { end, alone })),
            (None, _) => None,
        };
        state.closed = self.closed.as_ref().map(|(.., closed)| *closed);
    }

    /// Reads the schema at its own slow pace, in what is left of the look's time.
    async fn look_at_schema(&mut self, at: Stamp, left: Duration) {
        let due = self.schema_asked.is_none_or(|asked| at.since(asked) >= SCHEMA_EVERY);
        let Some(session) = self.session.as_ref().filter(|_| due && left >= SCHEMA_TIME_MIN) else {
            return;
        };
        self.schema_asked = Some(at);
        let tables = &self.tables;
        if let Ok(found) = tokio::time::timeout(left, read_schema(session, tables)).await {
            self.schema = found.map_err(|trouble| trouble.message);
        } else {
            self.schema = Err("reading the schema takes longer than one look".into());
            self.session = None;
        }
    }

    /// Renews the primary's position, where that succeeds.
    async fn read_position_again(&mut self, state: &mut SideState, left: Duration) {
        let Some(session) = &self.session else { return };
        match tokio::time::timeout(left, read_state(session, None)).await {
            Ok(Ok(newer)) if !newer.in_recovery => {
                state.current_lsn = newer.current_lsn;
                state.clock_s = newer.clock_s;
            }
            Ok(Ok(_) | Err(_)) => {}
            Err(_) => self.session = None,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are below 2^52")]
fn whole_ms(at_s: f64) -> i64 {
    (at_s * 1000.0) as i64
}

/// True when a kept connection was found dead: that says nothing of the server as it is now.
fn was_closed(trouble: &Trouble) -> bool {
    match trouble.kind {
        TroubleKind::Cut | TroubleKind::Unreachable => true,
        TroubleKind::Timeout
        | TroubleKind::Permission
        | TroubleKind::ReadOnly
        | TroubleKind::Missing
        | TroubleKind::Ours
        | TroubleKind::Refused
        | TroubleKind::OtherServer
        | TroubleKind::Garbage => false,
    }
}
