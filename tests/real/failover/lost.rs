//! The whole story: A dies, B takes over by keys, and the report tells the true times and losses.

use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use warroom::domain::run::event::{Body, RunEvent};

use super::ONE_AT_A_TIME;
use super::facts;
use super::person::{self, Known, Start};
use crate::seat::Seat;
use crate::servers::world::{ADDRESS_B, LOAD_EVERY_MS, NAME, World};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// All systems of the site are looked at this often, and a look may take as long.
const EVERY: Duration = Duration::from_secs(1);

/// Failed looks in a row that make a system's rule speak.
const FAILURES: u32 = 3;

/// The longest that a fact takes from the console to the screen.
const DRAWN: Duration = Duration::from_secs(1);

/// The steps that run by `r`, in the order of the plan.
const BEFORE_RETURN: [Known; 10] = [
    ("fence-a", "take A out of the name", Start::Window),
    ("promote-pg", "promote pg in B", Start::Typed("promote pg-b")),
    ("verify-write", "write in B", Start::Window),
    ("verify-schema", "schema of B", Start::Key),
    ("promote-cache", "promote cache in B", Start::Typed("promote cache-b")),
    ("write-cache", "write to the cache", Start::Window),
    ("cache-keys", "keys of the cache", Start::Key),
    ("switch-dns", "lead the name to B", Start::Typed("dns-b")),
    ("dns-switched", "resolvers follow", Start::Key),
    ("check-service", "service in B works", Start::Key),
];

/// The step that waits for A's return.
const LAST: Known = ("keep-longer", "let answers be kept", Start::Window);

#[test]
fn a_lost_region_is_taken_over_and_the_report_is_true() {
    let Some(_turn) = turn(Group::Failover) else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut world = World::start();
    let mut console = person::sit_down(&world);
    see_all_healthy(&console);
    let killed_ms = lose_with_rows_on_their_way(&mut world, &console);
    person::take_charge(&mut console);
    for step in BEFORE_RETURN {
        person::run(&mut console, step);
    }
    console.shows_within("restored at T+", person::STEP);
    let restored_seen_ms = wall_ms();
    console.must_show("MET");
    users_are_served_by_b(&world);
    world.load.stop();
    world.keys.stop();
    let (loss, keys) = (Loss::of(&world), LostKeys::of(&world));
    return_as_a_second_primary(&mut world, &mut console);
    person::run(&mut console, LAST);
    person::attest(&mut console, "read the logs of B", "nothing but the switch");
    person::close_and_leave(&mut console);

    let events = facts::events(&world.state());
    let report = facts::report(&world.state());
    assert_eq!(facts::row(&report, "core")[3], "MET", "{report}");
    the_clock_is_true(&events, &report, killed_ms, restored_seen_ms);
    loss.is_reported(&events, &report, killed_ms);
    keys.are_reported(&events, &report);
    for (step, ..) in BEFORE_RETURN.iter().chain([&LAST]) {
        assert_eq!(facts::attempts(&events, step), 1, "{step}");
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn see_all_healthy(console: &Seat) {
    console.until_within("all is healthy", DEADLINE, |text| {
        text.contains("no alarm")
            && text.contains("READINESS")
            && text.contains("standby, streaming")
            && text.contains("standby, link up")
    });
    console.until_within("nothing is red", DEADLINE, |text| !text.contains("■1"));
}

/// Lets the replication hang, so that rows are acknowledged that never reach B, and kills A.
fn lose_with_rows_on_their_way(world: &mut World, console: &Seat) -> i64 {
    world.load.until_more(50);
    world.pair.a.freeze_child("walsender");
    world.cache.a.cut_links();
    // Some looks see the lag grow, as they would with a slow line.
    world.load.until_more(120);
    let (killed, killed_ms) = (Instant::now(), wall_ms());
    world.lose_a();
    let limit = EVERY * FAILURES + EVERY + DRAWN;
    console.until_within("the screen is red", limit.saturating_sub(killed.elapsed()), |text| {
        text.contains("PRIMARY Region A DOWN")
    });
    killed_ms
}

fn users_are_served_by_b(world: &World) {
    let name = format!("{NAME}.{}", crate::servers::dns::ZONE);
    assert_eq!(world.dns.ask_authority(&name), [ADDRESS_B]);
    until("the resolver leads to B", DEADLINE, || world.dns.ask_resolver(&name) == [ADDRESS_B]);
    let (status, body) = world.service_b.get("/health");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"wrote\"") && body.contains("\"region\": \"b\""), "{body}");
    let rows = "insert into service_rows (region) values ('psql') returning region";
    assert_eq!(world.pair.b.sql(rows), "psql");
}

/// The old primary comes back writable: the alarm, and no further step, until it follows B.
fn return_as_a_second_primary(world: &mut World, console: &mut Seat) {
    world.return_a();
    let two_polls = EVERY * 2 + DRAWN;
    console.until_within("two primaries", two_polls, |text| {
        ["pg", "cache"]
            .iter()
            .any(|id| text.contains(&format!("SPLIT BRAIN: {id} is PRIMARY in A and in B")))
    });
    console.until_within("one more store has two", two_polls, |text| text.contains("+1 more"));
    assert_eq!(world.pair.a.sql("select pg_is_in_recovery()"), "f");
    assert_eq!(world.cache.a.info("role"), "master");
    let before = facts::events(&world.state()).len();
    person::start(console, LAST);
    console.shows_within("two primaries (pg, cache)", person::STEP);
    let events = facts::events(&world.state());
    assert_eq!(facts::attempts(&events, LAST.0), 0, "{:#?}", &events[before..]);
    world.rewind_a();
    let banner = |text: &str| text.lines().nth(1).unwrap_or("").to_owned();
    console.until_within("one primary is left", DEADLINE, |text| {
        !banner(text).contains("SPLIT BRAIN")
    });
    // The refusal stands a while; the next one would be another.
    console
        .until_within("the refusal has gone", DEADLINE, |text| !text.contains("two primaries ("));
}

/// T0 is the first failed look: no earlier than the kill, less the length of a look that it broke,
/// and no later than one interval and one look after it. The clock runs from there to the recorded
/// restoration; a person sees it on the screen within the time of a frame.
fn the_clock_is_true(events: &[RunEvent], report: &str, killed_ms: i64, seen_ms: i64) {
    let declared = facts::find(events, "declaration", |body| matches!(body, Body::Declared { .. }));
    let Body::Declared { t0, .. } = declared.body else { unreachable!("it was asked for") };
    let after_kill = seconds(t0.wall_ms - killed_ms);
    let (look, first) = (EVERY.as_secs_f64(), 2.0 * EVERY.as_secs_f64());
    assert!((-look..=first).contains(&after_kill), "T0 {after_kill} s after the kill");
    let restored = facts::find(events, "restoration", |body| matches!(body, Body::Restored { .. }));
    let total = facts::clock_seconds(facts::row(report, "total: T0 until restored")[1]);
    let recorded = seconds(restored.at.wall_ms - t0.wall_ms);
    // The report's clock shows whole seconds.
    assert!((0.0..=1.0).contains(&(recorded - total)), "{total} s reported, {recorded} s recorded");
    // The person looks up when the last step is seen to be done, maybe after the clock stopped.
    let (last, ..) = BEFORE_RETURN[BEFORE_RETURN.len() - 1];
    let ended = facts::find(
        events,
        "last step",
        |body| matches!(body, Body::Verified { step, .. } if step.as_str() == last),
    );
    let both = restored.at.wall_ms.max(ended.at.wall_ms);
    let screen = seconds(seen_ms - both);
    assert!((-0.1..=DRAWN.as_secs_f64()).contains(&screen), "on the screen {screen} s later");
}

/// What was acknowledged by A and is not in B, asked of the servers themselves.
struct Loss {
    /// Commit time of the last row in B.
    last_there_ms: i64,
    /// Acknowledgement of the first and the last row that B lacks.
    missing_ms: (i64, i64),
    /// How many it lacks.
    count: usize,
    /// The rows that were acknowledged in the ten seconds before the first missing one or less.
    pace_ms: f64,
}

impl Loss {
    fn of(world: &World) -> Self {
        let all = world.load.acknowledged();
        let missing = world.load.missing_in(&world.pair.b);
        assert!(missing.len() >= 100, "{} of {} rows lost", missing.len(), all.len());
        assert_eq!(missing.last(), all.last(), "what is lost is the end");
        let last_there = "select (extract(epoch from max(at)) * 1000)::bigint from load_rows";
        let (first, last) = (missing[0].wall_ms, all[all.len() - 1].wall_ms);
        assert!(missing.windows(2).all(|two| two[1].number == two[0].number + 1), "without a gap");
        let spans = u32::try_from(missing.len() - 1).unwrap();
        Self {
            last_there_ms: world.pair.b.sql(last_there).parse().unwrap(),
            missing_ms: (first, last),
            count: missing.len(),
            pace_ms: seconds(last - first) * 1000.0 / f64::from(spans),
        }
    }

    /// The reported loss is T0 less the commit time of the last transaction that B replayed.
    ///
    /// Tolerance 0.3 s: the report rounds to 0.1 s; the last transaction replayed may be a row of
    /// the load or of the service, so up to one interval of the load (0.02 s and the commit) after
    /// the last row; the load notes a row some milliseconds after its commit; and this machine runs
    /// nine servers and a console on few cores.
    fn is_reported(&self, events: &[RunEvent], report: &str, killed_ms: i64) {
        const TOLERANCE_S: f64 = 0.3;
        let near = |one: f64, other: f64| (one - other).abs() <= TOLERANCE_S;
        let declared =
            facts::find(events, "declaration", |body| matches!(body, Body::Declared { .. }));
        let Body::Declared { t0, .. } = declared.body else { unreachable!("it was asked for") };
        let reported = facts::measured_seconds(events, report, "pg");
        let by_rows = seconds(t0.wall_ms - self.last_there_ms);
        assert!(
            near(reported, by_rows),
            "{reported} s reported, {by_rows} s by the rows\n{report}"
        );
        // The first row that B lacks was written right after the last one that it has.
        let by_first = seconds(t0.wall_ms - self.missing_ms.0);
        assert!(near(reported, by_first), "{reported} s reported, {by_first} s by the first row");
        // Rows were lost from there until the kill; the rest of the reported time is from the kill
        // to T0, in which nobody could write.
        let writing = reported - seconds(t0.wall_ms - killed_ms);
        let count = f64::from(u32::try_from(self.count).unwrap());
        let by_count = count * self.pace_ms / 1000.0;
        assert!(near(writing, by_count), "{writing} s of writes, {count} rows in {by_count} s");
        assert!(near(writing, seconds(self.missing_ms.1 - self.last_there_ms)), "{writing} s");
        assert!(self.pace_ms >= f64::from(LOAD_EVERY_MS), "{} ms a row", self.pace_ms);
    }
}

/// The keys that were acknowledged by A and are not in B, asked of the servers themselves.
struct LostKeys {
    /// Acknowledgement of the first one.
    first_ms: i64,
    /// How long A went on acknowledging after that.
    span_s: f64,
}

impl LostKeys {
    fn of(world: &World) -> Self {
        let all = world.keys.acknowledged();
        let missing = world.keys.missing_in(&world.cache.b);
        assert!(missing.len() >= 100, "{} of {} keys lost", missing.len(), all.len());
        assert_eq!(missing.last(), all.last(), "what is lost is the end");
        assert!(missing.windows(2).all(|two| two[1].number == two[0].number + 1), "without a gap");
        let (first, last) = (missing[0].wall_ms, all[all.len() - 1].wall_ms);
        Self { first_ms: first, span_s: seconds(last - first) }
    }

    /// The reported loss is T0 less the heartbeat that B last got: the first key that is lost was
    /// written at most one heartbeat (0.1 s) after it. Besides that the tolerance of [`Loss`].
    fn are_reported(&self, events: &[RunEvent], report: &str) {
        const HEARTBEAT_S: f64 = 0.1;
        const TOLERANCE_S: f64 = 0.3;
        let declared =
            facts::find(events, "declaration", |body| matches!(body, Body::Declared { .. }));
        let Body::Declared { t0, .. } = declared.body else { unreachable!("it was asked for") };
        let reported = facts::measured_seconds(events, report, "cache");
        let by_keys = seconds(t0.wall_ms - self.first_ms);
        let more = reported - by_keys;
        assert!(
            (-TOLERANCE_S..=HEARTBEAT_S + TOLERANCE_S).contains(&more),
            "{reported} s reported, {by_keys} s by the keys\n{report}"
        );
        assert!(self.span_s <= reported + TOLERANCE_S, "{} s of keys\n{report}", self.span_s);
    }
}
