//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use super::empty::trap;
use super::facts::facts;
use super::flow::{link, link_words};
use super::history::split;
use super::lag::{ceased_s, lag};
use super::settings::Redis;
use super::state::{Beat, NO_FAILOVER, SideState};
use crate::domain::link::Link;
use crate::domain::reading::{Health, Reading, Writes};
use crate::domain::text::Clean;
use crate::systems::kit::sight::Sight;
use crate::systems::kit::split::Split;

/// One side in one look.
pub(super) type View<'a> = Sight<'a, Redis>;

impl View<'_> {
    /// Why nobody may trust the pair, if so.
    pub(super) fn trap(&self) -> Option<String> {
        trap(self.side, self.own, self.other)
    }

    /// Whether it takes writes. That a primary has not enough replicas or holds writes back is over
    /// at any moment and by itself: it proves nothing.
    pub(super) fn writes(&self) -> Writes {
        let moving = |state: &SideState| state.failover != NO_FAILOVER;
        if moving(self.own) || self.other.is_some_and(moving) {
            return Writes::Unknown;
        }
        let told = match &self.own.upstream {
            Some(upstream) if upstream.read_only => Writes::Refused,
            None if self.own.loading => Writes::Unknown,
            Some(_) | None => Writes::Open,
        };
        let council = self.own.council.as_ref();
        council.map_or(told, |council| council.writes(told, self.own, self.other))
    }

    /// The link to its primary.
    pub(super) fn link(&self) -> Option<Link> {
        link(self.own, self.source())
    }

    fn source(&self) -> Option<&SideState> {
        self.other.filter(|other| other.is_primary())
    }

    /// Whether the two histories have split.
    pub(super) fn split(&self) -> Split {
        split(self.side, self.own, self.other)
    }
}

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let own = view.own;
    let (primary, source) = (view.source(), view.side.other());
    let mut behind = (!own.is_primary()).then(|| lag(own, primary, source, view.learned));
    let trap = view.trap();
    if let (Some(lag), Some(_)) = (&mut behind, &trap) {
        // To be level with an empty primary is no figure that anybody may rely on.
        lag.doubt();
    }
    let note = match &behind {
        None => format!("PRIMARY, {} keys, {}", own.keys, follower_words(own)),
        Some(lag) => match lag.amount {
            Some(bytes) => format!("standby, {}, {bytes} B behind", link_words(own, primary)),
            None => format!("standby, {}, lag UNKNOWN", link_words(own, primary)),
        },
    };
    let mut reading = Reading::new(view.at, health(view, trap), note);
    reading.took_ms = Some(view.took_ms);
    reading.role = Some(own.role());
    reading.writes = Some(view.writes());
    reading.identity = Some(own.identity());
    (reading.end, reading.parted) = (own.end(), own.parted());
    reading.rival = own.rival(view.other);
    reading.hindered = own.hindered().map(Clean::from);
    (reading.lag, reading.link, reading.held) = (behind, view.link(), own.held());
    reading.facts = facts(view);
    reading
}

fn health(view: &View<'_>, trap: Option<String>) -> Health {
    if view.own.loading {
        return Health::Down("it is loading its data set and serves nothing yet".into());
    }
    Health::lacking(trap.into_iter().chain(reasons(view)))
}

/// Why the side does not work as it should, but for the trap.
fn reasons(view: &View<'_>) -> Vec<String> {
    let own = view.own;
    let mut reasons = Vec::new();
    if view.other.is_some_and(|other| other.run_id == own.run_id) {
        reasons.push("A and B are one and the same server".to_owned());
    }
    if let Split::Yes(why) = view.split() {
        reasons.push(why);
    }
    reasons.extend(if own.is_primary() { primary_reasons(view) } else { replica_reasons(view) });
    reasons.extend(own.council.iter().flat_map(|it| it.reasons(own, view.other)));
    if own.failover != NO_FAILOVER {
        reasons.push(format!("a planned failover is under way: {}", own.failover));
    }
    if own.save_failed() {
        reasons.push("the last save to disk failed: writes may be refused".to_owned());
    }
    for beat in &own.beats {
        if let Beat::Unreadable(why) = beat {
            reasons.push(format!("heartbeat cannot be read: {why}"));
        }
    }
    reasons
}

fn primary_reasons(view: &View<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    if view.own.keeps_on_disk() == Some(false) && !view.settings.unsaved {
        let why = "persistence is off: after a restart it is EMPTY, and its replica copies that";
        reasons.push(why.to_owned());
    }
    reasons.extend(view.own.hindered().map(|why| format!("no write can succeed: {why}")));
    // While there is somebody who may be behind, the measure of it must not be lost unnoticed.
    if view.other.is_some_and(|other| !other.is_primary())
        && let Some(age_s) = ceased_s(view.own, view.side, view.learned)
    {
        reasons.push(format!("its heartbeat ceased {age_s:.0} s ago: the lag is not measured"));
    }
    reasons
}

fn replica_reasons(view: &View<'_>) -> Vec<String> {
    let Some(upstream) = &view.own.upstream else { return Vec::new() };
    let mut reasons = Vec::new();
    if !upstream.read_only {
        reasons.push("it takes writes although it is a replica: they get lost".to_owned());
    }
    let (host, port) = (&upstream.host, upstream.port);
    if upstream.syncing {
        reasons.push(format!("it fetches the whole data set from {host}:{port}"));
    } else if let (Some(source), Some(true)) = (view.source(), view.link().map(|l| l.is_dead())) {
        // With the other side silent a dead link is what is to be expected of a good standby.
        let (from, words) = (view.side.other(), link_words(view.own, Some(source)));
        reasons.push(format!("replication from {from} does not run: {words}"));
    }
    if view.other.is_some_and(|other| !other.is_primary()) {
        let there = view.side.other();
        reasons.push(format!(
            "neither side is primary: it follows {host}:{port}, and {there} is a replica too"
        ));
    }
    reasons
}

/// `no replica`, `replica online`, `2 replicas online, wait_bgsave`.
pub(super) fn follower_words(own: &SideState) -> String {
    let states: Vec<&str> = own.followers.iter().map(|follower| follower.state.as_str()).collect();
    match states.as_slice() {
        [] => "no replica".to_owned(),
        [state] => format!("replica {state}"),
        _ => format!("{} replicas {}", states.len(), states.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Config;
    use super::super::facts::FACTS;
    use super::super::learned::Learned;
    use super::super::state::Ills;
    use super::super::tests_support::{primary, replica};
    use super::*;
    use crate::domain::ids::Side;
    use crate::domain::reading::{FactValue, Role};
    use crate::domain::time::{BootId, Stamp};
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    fn read(side: Side, own: &SideState, other: Option<&SideState>) -> Reading {
        read_as("", side, own, other)
    }

    fn read_as(settings: &str, side: Side, own: &SideState, other: Option<&SideState>) -> Reading {
        let spec = spec(&format!("{settings}\na = {{ host = 'x' }}"));
        let settings = &Written::<Redis>::one(&spec, Side::A).unwrap().own;
        let learned = &Learned::new([None, None]);
        let at = Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(1) };
        let (aside, nameless) = (&(), None);
        reading(&View {
            at,
            took_ms: 5,
            side,
            own,
            other,
            settings,
            user: "wr",
            learned,
            aside,
            nameless,
        })
    }

    fn why(reading: &Reading) -> String {
        match &reading.health {
            Health::Up => "up".to_owned(),
            Health::Degraded(why) | Health::Down(why) | Health::Unknown(why) => why.to_string(),
        }
    }

    fn with_link(change: impl Fn(&mut super::super::state::Upstream)) -> SideState {
        let mut state = replica(500);
        change(state.upstream.as_mut().unwrap());
        state
    }

    #[test]
    fn health_names_its_reasons() {
        let check = |own: &SideState, other: Option<&SideState>, want: &str| {
            let found = why(&read(Side::B, own, other));
            assert!(found.contains(want), "{found} / {want}");
        };
        let (a, b) = (primary(500), replica(500));
        check(&b, Some(&a), "up");
        check(&b, None, "up");
        check(&a, None, "up");
        let down = with_link(|link| (link.up, link.down_s) = (false, Some(7)));
        check(&down, Some(&a), "replication from A does not run: link down for 7 s");
        check(&down, None, "up");
        check(&with_link(|link| link.read_only = false), Some(&a), "takes writes although");
        check(&with_link(|link| link.syncing = true), Some(&a), "the whole data set from 10.0.0.1");
        check(&b, Some(&replica(500)), "neither side is primary: it follows 10.0.0.1:6379");
        check(&replica(600), Some(&a), "B holds what A never wrote");
        check(&primary(5), Some(&a), "A and B are one and the same server");
        let second = SideState { run_id: "r2".to_owned(), ..primary(5) };
        check(&second, Some(&a), "both primary");
        check(&SideState { loading: true, ..primary(5) }, None, "loading its data set");
        let unsaved = Ills { rdb_failed: true, ..Ills::default() };
        check(&SideState { ills: unsaved, ..primary(5) }, None, "save to disk failed");
        let moving = SideState { failover: "waiting-for-sync".to_owned(), ..primary(5) };
        check(&moving, None, "planned failover is under way: waiting-for-sync");
        let unreadable = [Beat::Unreadable("no right".into()), Beat::NotAsked];
        check(&SideState { beats: unreadable, ..primary(5) }, None, "heartbeat cannot be read");
        let points = |save_points| Config { save_points, ..Config::default() };
        let off = SideState { append_only: false, config: points(Ok(false)), ..primary(5) };
        check(&off, None, "persistence is off");
        let hidden = points(Err("no right".into()));
        check(&SideState { config: hidden, ..off.clone() }, None, "up");
        let run_id = "r9".to_owned();
        let unsaved = SideState { upstream: replica(5).upstream, run_id, ..off.clone() };
        check(&unsaved, Some(&a), "up");
        let ceased = [Beat::At(off.clock_ms.unwrap() - 60_000), Beat::NotAsked];
        let ceased = SideState { beats: ceased, ..primary(5) };
        let found = read(Side::A, &ceased, Some(&replica(5)));
        assert!(why(&found).contains("heartbeat ceased 60 s ago"), "{found:?}");
        assert_eq!(why(&read(Side::A, &ceased, None)), "up");
        assert_eq!(why(&read_as("persistence = 'off'", Side::A, &off, None)), "up");
    }

    #[test]
    fn an_empty_primary_is_never_well_beside_its_full_replica() {
        let (a, b) = (SideState { keys: 0, ..primary(500) }, replica(500));
        let found = read(Side::A, &a, Some(&b));
        assert!(matches!(found.health, Health::Degraded(_)), "{found:?}");
        assert_eq!(found.fact("empty_primary"), Some(&FactValue::Boolean(true)));
        let found = read(Side::B, &b, Some(&a));
        assert!(matches!(found.health, Health::Degraded(_)), "{found:?}");
        assert_eq!(found.lag.unwrap().known_seconds(), None);
    }

    #[test]
    fn what_refuses_writes_for_now_is_no_fence() {
        let check = |own: SideState, want: Option<&str>| {
            let found = read(Side::A, &own, None);
            assert_eq!(found.writes, Some(Writes::Open), "{own:?}");
            assert_eq!(found.fact("writable"), Some(&FactValue::Boolean(want.is_none())));
            let why = found.hindered.as_ref().map_or("", |why| why.as_str());
            assert!(why.contains(want.unwrap_or("")) && why.is_empty() == want.is_none(), "{why}");
        };
        let config = |min_replicas, stops_on_failed_save| Config {
            save_points: Ok(true),
            min_replicas,
            stops_on_failed_save,
            ping_s: None,
        };
        check(primary(5), None);
        let good = |good, config| SideState { good_replicas: Some(good), config, ..primary(5) };
        check(good(1, config(Some(1), None)), None);
        check(good(0, config(Some(1), None)), Some("0 replicas keep up, `min-replicas-to-write`"));
        check(good(1, config(Some(2), None)), Some("wants 2"));
        // Without the right to read the setting: that they are counted tells that one is wanted.
        check(good(0, config(None, None)), Some("wants more"));
        check(good(1, config(None, None)), None);
        let rdb = Ills { rdb_failed: true, ..Ills::default() };
        let aof = Ills { aof_failed: true, ..Ills::default() };
        let full = Ills { is_full: true, ..Ills::default() };
        let unsaved = |config| SideState { ills: rdb, config, ..primary(5) };
        check(unsaved(config(None, Some(true))), Some("stop-writes-on-bgsave-error"));
        check(unsaved(config(None, Some(false))), None);
        check(unsaved(config(None, None)), None);
        check(SideState { ills: aof, ..primary(5) }, Some("append-only file"));
        check(SideState { ills: full, ..primary(5) }, Some("maxmemory-policy"));
    }

    #[test]
    fn readings_tell_role_and_lag_truly() {
        let (a, b) = (primary(500), replica(400));
        let found = read(Side::B, &b, Some(&a));
        assert_eq!(found.role, Some(Role::Standby));
        assert_eq!(found.lag.as_ref().and_then(|lag| lag.amount), Some(100));
        assert_eq!(found.note.as_str(), "standby, link up, 100 B behind");
        let alone = read(Side::B, &b, None);
        assert_eq!(alone.note.as_str(), "standby, link up, lag UNKNOWN");
        assert!(matches!(alone.fact("diverged"), Some(FactValue::Unknown(_))));
        assert_eq!(read(Side::A, &a, None).note.as_str(), "PRIMARY, 10 keys, replica online");
        // After a promotion the old region's heartbeat stands still in the new primary.
        let kept = SideState { beats: [Beat::At(12_500), Beat::At(90_000)], ..primary(500) };
        let promoted = read(Side::B, &kept, None);
        assert_eq!((promoted.role, promoted.lag.clone()), (Some(Role::Primary), None));
        assert_eq!(promoted.fact("last_replayed_unix_ms"), Some(&FactValue::Number(12_500.0)));
        // A heartbeat from the future would make any loss 0.
        let ahead = kept.clock_ms.unwrap() + 60_000;
        let odd = SideState { beats: [Beat::At(ahead), Beat::NotAsked], ..primary(500) };
        let found = read(Side::B, &odd, None);
        assert!(matches!(found.fact("last_replayed_unix_ms"), Some(FactValue::Unknown(_))));
    }

    #[test]
    fn every_fact_is_documented() {
        let beats = [Beat::At(1), Beat::Missing];
        let config = Config { save_points: Ok(false), ..Config::default() };
        let off = SideState { config, append_only: false, ..primary(5) };
        let other = replica(1);
        for own in [off, SideState { beats, memory_used: Some(0.5), ..replica(1) }] {
            for fact in read(Side::A, &own, Some(&other)).facts {
                assert!(FACTS.iter().any(|spec| spec.name == fact.name), "{}", fact.name);
            }
        }
    }
}
