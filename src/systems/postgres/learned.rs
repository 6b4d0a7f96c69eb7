//! What looks at a Postgres pair teach from one to the next: where the log stood when, how often
//! the heartbeat comes, who wrote behind a fence, what stands still; and, at its pace, the schema.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::link::Session;
use super::schema::{Schema, read_schema};
use super::settings::{Own, TableName};
use super::state::{Beat, Closed, SideState};
use super::writers::Watched;
use crate::domain::reading::{Identity, Writes};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::server;
use crate::systems::kit::trail::Trail;

/// The time between two readings of the schema: it is bigger than all the rest together.
const SCHEMA_EVERY: Duration = Duration::from_secs(60);

/// The shortest time that a schema reading is begun with.
const SCHEMA_TIME_MIN: Duration = Duration::from_millis(200);

/// What looks have taught, as it is written down.
#[derive(Serialize, Deserialize)]
pub struct Learned {
    pub(super) trail: Trail,
    /// The heartbeat as the primary has it.
    pub(super) pulse: Pulse,
    sides: [Kept; 2],
}

/// What they have taught of one side.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// The server whose default is read-only, and what was seen to be written there.
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

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        self.trail = earlier.trail;
        self.pulse.recall(earlier.pulse);
        self.sides = earlier.sides;
    }
}

impl Learned {
    /// Before the first look.
    pub(super) fn new(sides: [Option<&Own>; 2]) -> Self {
        let beat = sides.into_iter().flatten().find_map(|own| own.heartbeat.as_ref());
        let pulse = Pulse::new(beat.and_then(|beat| beat.every));
        Self { trail: Trail::default(), pulse, sides: Default::default() }
    }

    /// Learns from a look, and tells each side what was learned before.
    pub(super) fn learn(&mut self, told: [Option<&mut SideState>; 2], at: Stamp) {
        let follows = told.each_ref().map(|told| told.as_ref().is_some_and(|own| own.in_recovery));
        let others = [follows[1], follows[0]];
        for ((told, kept), other_follows) in told.into_iter().zip(&mut self.sides).zip(others) {
            let Some(state) = told else { continue };
            if !state.in_recovery {
                let SideState { system, timeline, clock_s, current_lsn, .. } = state;
                if let Some(lsn) = current_lsn {
                    self.trail.record(&format!("{system}/{timeline}"), *clock_s, *lsn);
                }
                if let Beat::At(at_s) = state.beat {
                    self.pulse.hear(whole_ms(at_s));
                }
            }
            kept.watch_writers(state, at);
            kept.watch_log(state);
            kept.remember_closed(state, other_follows);
        }
    }
}

impl Kept {
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
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are below 2^52")]
fn whole_ms(at_s: f64) -> i64 {
    (at_s * 1000.0) as i64
}

/// The shape of a side's database, which is read now and then.
pub struct Shape {
    /// The shape, or why it is not known.
    pub(super) schema: Result<Schema, Clean>,
    asked: Option<Stamp>,
}

impl Default for Shape {
    fn default() -> Self {
        Self { schema: Err("not read yet".into()), asked: None }
    }
}

impl Shape {
    /// Reads it at its own slow pace, in what is left of a look's time; false when the session is
    /// of no use any more.
    pub(super) async fn look(
        &mut self,
        session: &Session,
        tables: &[TableName],
        at: Stamp,
        left: Duration,
    ) -> bool {
        let due = at.is_due(self.asked, SCHEMA_EVERY);
        if !due || left < SCHEMA_TIME_MIN {
            return true;
        }
        self.asked = Some(at);
        let read = tokio::time::timeout(left, read_schema(session, tables)).await;
        let in_time = read.is_ok();
        self.schema = match read {
            Ok(found) => found.map_err(|trouble| trouble.message),
            Err(_) => Err("reading the schema takes longer than one look".into()),
        };
        in_time
    }
}
