//! The whole `lms`: rows, keys, records, objects, names and services. A region dies, the other one
//! takes over by keys, the first returns, and takes everything back, by keys.

use std::time::Instant;

use warroom::domain::ids::SystemId;
use warroom::domain::run::event::{Body, RunEvent};
use warroom::domain::time::no_less;

use super::facts;
use super::person::{self, Known, Start};
use crate::seat::Seat;
use crate::servers::kafka::Pair;
use crate::servers::kafka::load::Load as Records;
use crate::servers::lms::{Lms, TOPICS};
use crate::servers::load::Acknowledged;
use crate::servers::objects::Load as Objects;
use crate::servers::proxy::Weather;
use crate::servers::world::{ADDRESS_A, ADDRESS_B, NAME};
use crate::servers::{DEADLINE, dns, until};
use crate::turns::{Group, turn};

/// The stores, and what the plans call them.
const STORES: [&str; 4] = ["pg", "cache", "stream", "objects"];

const TAKE_OVER: [Known; 6] = [
    ("fence-a", "take A out of the name", Start::Window),
    ("promote-pg", "promote pg in B", Start::Typed("promote pg-b")),
    ("verify-pg", "write a row in B", Start::Window),
    ("promote-cache", "promote the cache in B", Start::Typed("promote cache-b")),
    ("verify-cache", "write a key in B", Start::Window),
    ("stop-mirror", "stop copying records to B", Start::Window),
];

const SERVE: [Known; 4] = [
    ("verify-stream", "write a record in B", Start::Key),
    ("verify-objects", "write an object in B", Start::Window),
    ("switch-dns", "lead the name to B", Start::Typed("dns-b")),
    ("check-service", "service in B works", Start::Key),
];

/// What the plan leaves out where A is gone.
const LEFT_OUT: [&str; 2] = ["mirror-back", "stop-objects"];

const GIVE_WAY: [Known; 4] = [
    ("fence-old", "fence the old pg in A", Start::Typed("pg-a")),
    ("rejoin-pg", "pg in A follows", Start::Typed("rewind pg-a")),
    ("follow-cache", "the cache in A follows", Start::Typed("replicate cache-a")),
    ("follow-stream", "A copies B's records", Start::Window),
];

const FOLLOW: [Known; 2] = [
    ("halt-objects", "A's objects go to B no more", Start::Window),
    ("follow-objects", "B's objects go to A", Start::Typed("objects-a")),
];

const TURN_ROUND: [Known; 6] = [
    ("objects-there", "A has the objects", Start::Key),
    ("mirror-back", "B copies A's records", Start::Window),
    ("stop-mirror", "stop copying records to A", Start::Window),
    ("latest-records", "A has the latest records", Start::Key),
    ("stop-objects", "stop copying objects to A", Start::Window),
    ("objects-back", "A's objects go to B again", Start::Typed("objects-b")),
];

const HAND_OVER: [Known; 8] = [
    ("fence-pg", "fence pg in B", Start::Typed("pg-b")),
    ("promote-pg", "promote pg in A", Start::Typed("promote pg-a")),
    ("hand-cache", "hand the cache over", Start::Typed("cache-a")),
    ("verify-pg", "write a row in A", Start::Window),
    ("verify-cache", "write a key in A", Start::Window),
    ("switch-dns", "lead the name to A", Start::Typed("dns-a")),
    ("check-service", "service in A works", Start::Key),
    ("rejoin-old", "pg in B follows", Start::Typed("rebuild pg-b")),
];

#[test]
fn the_whole_lms_fails_over_and_back() {
    let Some(_turn) = turn(Group::Lms) else { return };
    let began = Instant::now();
    let phase = |what: &str| println!("{what} after {:.0} s", began.elapsed().as_secs_f64());
    let mut lms = Lms::start();
    let mut first = (lms.write_records(true, TOPICS[0]), lms.write_objects(true, "data/a-"));
    let mut console = person::sit_down(&lms.world);
    see_all_healthy(&console);
    phase("all healthy");
    lose_with_data_on_its_way(&mut lms, &console, &first);
    phase("A lost and red");
    // A writer whose cluster is gone gives up what was under way after some seconds.
    let first = std::thread::spawn(move || {
        first.0.stop();
        first.1.stop();
        first
    });
    person::take_charge(&mut console);
    run_all(&mut console, &TAKE_OVER);
    person::attest(&mut console, "B has the latest records", "it was 2 s behind");
    run_all(&mut console, &SERVE);
    console.shows_within("restored at T+", person::STEP);
    phase("B serves");
    served_from(&lms, ADDRESS_B);
    let lost = Lost::of(&lms, &first.join().unwrap());
    let mut second = (lms.write_records(false, TOPICS[1]), lms.write_objects(false, "data/b-"));
    lost.is_reported(&lms, &console);
    all_were_done_once(&lms, &[&TAKE_OVER, &SERVE]);

    lms.return_a();
    see_two_primaries(&lms, &console);
    phase("A is back, two primaries");
    person::close_as(&mut console, "complete except");
    person::take_over(&mut console, "failback");
    run_all(&mut console, &GIVE_WAY);
    until_one_primary(&console);
    run_all(&mut console, &FOLLOW);
    second.0.stop();
    second.1.stop();
    everything_of_b_is_in_a(&lms, &second);
    phase("A has all of B");
    person::attest(&mut console, "nobody writes to B", "the writers are stopped, all is copied");
    run_all(&mut console, &TURN_ROUND);
    let mut third = (lms.write_records(true, TOPICS[2]), lms.write_objects(true, "data/c-"));
    run_all(&mut console, &HAND_OVER);
    console.shows_within("restored at T+", person::STEP);
    phase("A serves");
    served_from(&lms, ADDRESS_A);
    person::attest(&mut console, "B could take over", "close behind");
    // Nothing of that made a topic anew, whatever a busy one looks like.
    assert!(!console.screen().contains("made anew"), "{}", console.screen());
    person::close_as(&mut console, "closed complete");
    console.verb("q");
    console.ends();

    all_were_done_once(&lms, &[&GIVE_WAY, &FOLLOW, &TURN_ROUND, &HAND_OVER]);
    third.0.stop();
    third.1.stop();
    lms.world.load.stop();
    lms.world.keys.stop();
    nothing_more_is_lost(&lms, &lost, &second, &third);
    phase("all is in both");
}

/// Writers of records and of objects.
type Writers = (Records, Objects);

fn run_all(console: &mut Seat, steps: &[Known]) {
    for step in steps {
        person::run_in_a_moment(console, *step);
    }
}

fn see_all_healthy(console: &Seat) {
    console.until_within("all is healthy", DEADLINE * 2, |text| {
        ["no alarm", "standby, streaming", "standby, link up"].iter().all(|is| text.contains(is))
    });
}

/// Lets all copying hang, so that what is acknowledged never reaches B, and kills A.
fn lose_with_data_on_its_way(lms: &mut Lms, console: &Seat, writers: &Writers) {
    writers.0.until_more(50);
    writers.1.until_more(10);
    lms.stream.connect.pause(crate::servers::kafka::connect::SOURCE);
    lms.objects.line.weather(Weather::Dead);
    lms.world.cache.a.cut_links();
    lms.world.pair.a.freeze_child("walsender");
    // Some looks see the lags grow, as they would with a slow line.
    lms.world.load.until_more(100);
    lms.world.keys.until_more(100);
    writers.0.until_more(50);
    writers.1.until_more(10);
    lms.lose_a();
    console.shows_within("PRIMARY Region A DOWN", DEADLINE);
}

fn served_from(lms: &Lms, address: &str) {
    let name = format!("{NAME}.{}", dns::ZONE);
    assert_eq!(lms.world.dns.ask_authority(&name), [address]);
    let service = if address == ADDRESS_B {
        &lms.world.service_b
    } else {
        lms.world.service_a.as_ref().expect("it is back")
    };
    let (status, body) = service.get("/health");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"wrote\""), "{body}");
}

/// What A acknowledged and B has not, asked of the servers themselves.
struct Lost {
    rows: Vec<Acknowledged>,
    keys: Vec<Acknowledged>,
    /// When the first of each store was acknowledged, as far as any is lost.
    first_ms: [Option<i64>; 4],
}

impl Lost {
    fn of(lms: &Lms, (records, objects): &Writers) -> Self {
        let rows = lms.world.load.missing_in(&lms.world.pair.b);
        let keys = lms.world.keys.missing_in(&lms.world.cache.b);
        let there = lms.records(false, &Pair::remote(TOPICS[0]));
        let records = there.missing(&records.acknowledged());
        let objects = objects.missing_in(&lms.objects.b.store());
        println!(
            "lost: {} rows, {} keys, {} records, {} objects",
            rows.len(),
            keys.len(),
            records.len(),
            objects.len()
        );
        let first_ms = [
            rows.first().map(|one| one.wall_ms),
            keys.first().map(|one| one.wall_ms),
            records.first().map(|one| one.wall_ms),
            objects.first().map(|one| one.wall_ms),
        ];
        assert!(first_ms.iter().all(Option::is_some), "each store loses something: {first_ms:?}");
        Self { rows, keys, first_ms }
    }

    /// No figure is below the truth: the time from the first write that is lost to T0.
    fn is_reported(&self, lms: &Lms, console: &Seat) {
        /// The report rounds to 0.1 s, and loads note a write some milliseconds after it was made.
        const TOLERANCE_S: f64 = 0.3;
        let events = facts::events(&lms.world.state());
        let report = facts::report(&lms.world.state());
        let declared =
            facts::find(&events, "declaration", |body| matches!(body, Body::Declared { .. }));
        let Body::Declared { t0, ledger, .. } = &declared.body else { unreachable!("asked for") };
        for (store, first_ms) in STORES.iter().zip(self.first_ms) {
            let truth_s = seconds(t0.wall_ms - first_ms.expect("something is lost"));
            let row = ledger.row(&SystemId::new(store).unwrap());
            let expected = row.expect("each store has a row").loss_s;
            let measured = measured(&events, store);
            println!("{store}: {truth_s:.1} s true, {expected:?} expected, {measured:?} measured");
            for told in [expected, measured].into_iter().flatten() {
                assert!(told + TOLERANCE_S >= truth_s, "{store}: {told} of {truth_s} s\n{report}");
            }
            let text = expected.map_or("UNKNOWN".to_owned(), no_less);
            assert_eq!(facts::row(&report, store)[2], text, "{store}\n{report}");
            console.until_within(&format!("{store}: {text}"), DEADLINE, |screen| {
                screen
                    .lines()
                    .any(|line| line.contains(&format!("│ {store} ")) && line.contains(&text))
            });
        }
    }
}

/// The loss of a store that the run measured, where it did.
fn measured(events: &[RunEvent], store: &str) -> Option<f64> {
    events.iter().rev().find_map(|event| match &event.body {
        Body::LossMeasured { system, seconds, .. } if system.as_str() == store => Some(*seconds),
        _ => None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// A is back as it was: an alarm for each store that has two primaries now. Objects have none: by
/// its rule A is still what is copied to B, whatever was written there meanwhile.
fn see_two_primaries(lms: &Lms, console: &Seat) {
    console.until_within("two primaries", DEADLINE, |text| text.contains("SPLIT BRAIN: "));
    let alarmed = |store: &str| {
        let key = format!("split/{store}");
        let events = facts::events(&lms.world.state());
        events.iter().any(|event| match &event.body {
            Body::Alarmed { alarm, raised, .. } => *raised && *alarm == key,
            _ => false,
        })
    };
    until("each of them is on record", DEADLINE, || {
        ["pg", "cache", "stream"].iter().all(|store| alarmed(store))
    });
    assert!(!alarmed("objects"));
}

fn until_one_primary(console: &Seat) {
    let banner = |text: &str| text.lines().nth(1).unwrap_or("").to_owned();
    console.until_within("one primary is left", DEADLINE, |text| {
        !banner(text).contains("SPLIT BRAIN")
    });
}

/// Nobody writes to B any more, and A gets the rest; of objects also what no rule led there for.
fn everything_of_b_is_in_a(lms: &Lms, (records, objects): &Writers) {
    lms.resync_objects_to_a();
    let a = lms.objects.a.store();
    until("A has B's objects", DEADLINE, || objects.missing_in(&a).is_empty());
    let acknowledged = records.acknowledged();
    let mut there = lms.records(true, &format!("B.{}", TOPICS[1]));
    until("A has B's records", DEADLINE, || {
        there.read_on() && there.missing(&acknowledged).is_empty()
    });
}

fn all_were_done_once(lms: &Lms, steps: &[&[Known]]) {
    let events = facts::events(&lms.world.state());
    for (step, ..) in steps.iter().copied().flatten() {
        assert_eq!(facts::attempts(&events, step), 1, "{step}");
    }
    if steps[0][0].0 == TAKE_OVER[0].0 {
        for step in LEFT_OUT {
            assert_eq!(facts::attempts(&events, step), 0, "{step}");
        }
    }
}

/// What was acknowledged after the region was lost is in both regions.
fn nothing_more_is_lost(lms: &Lms, lost: &Lost, second: &Writers, third: &Writers) {
    let world = &lms.world;
    assert_eq!(world.load.missing_in(&world.pair.a), lost.rows);
    assert_eq!(world.keys.missing_in(&world.cache.a), lost.keys);
    until("B has the rows", DEADLINE, || world.load.missing_in(&world.pair.b) == lost.rows);
    until("B has the keys", DEADLINE, || world.keys.missing_in(&world.cache.b) == lost.keys);
    let [_, of_b, of_a] = TOPICS;
    for (in_a, topic, load) in [
        (true, format!("B.{of_b}"), &second.0),
        (false, of_b.to_owned(), &second.0),
        (true, of_a.to_owned(), &third.0),
        (false, Pair::remote(of_a), &third.0),
    ] {
        let (mut there, acknowledged) = (lms.records(in_a, &topic), load.acknowledged());
        until(&format!("{topic} is whole"), DEADLINE, || {
            there.read_on() && there.missing(&acknowledged).is_empty()
        });
    }
    for server in [&lms.objects.a, &lms.objects.b] {
        let store = server.store();
        for load in [&second.1, &third.1] {
            until("objects are whole", DEADLINE, || load.missing_in(&store).is_empty());
        }
    }
    let count = |load: &Records| load.acknowledged().len();
    println!(
        "{} rows, {} keys, {} records acknowledged in all",
        world.load.acknowledged().len(),
        world.keys.acknowledged().len(),
        count(&second.0) + count(&third.0)
    );
}
