//! The planned way: B takes over from a working A under load, A follows, and the way back.

use std::sync::PoisonError;

use warroom::domain::run::event::{Body, RunEvent};

use super::ONE_AT_A_TIME;
use super::facts;
use super::person::{self, Known, Start};
use crate::seat::Seat;
use crate::servers::world::{ADDRESS_A, ADDRESS_B, NAME, World};
use crate::servers::{DEADLINE, dns, postgres, redis, until};
use crate::turns::{Group, turn};

/// One handover: the plan's name, its steps, and who serves after it.
struct Way {
    plan: &'static str,
    steps: [Known; 10],
    attested: &'static str,
    address: &'static str,
}

const TO_B: Way = Way {
    plan: "planned",
    steps: [
        ("fence-pg", "fence pg in A", Start::Typed("pg-a")),
        ("promote-pg", "promote pg in B", Start::Typed("promote pg-b")),
        ("hand-cache", "hand the cache over", Start::Typed("cache-b")),
        ("verify-write", "write in B", Start::Window),
        ("verify-schema", "schema of B", Start::Key),
        ("write-cache", "write to the cache", Start::Window),
        ("switch-dns", "lead the name to B", Start::Typed("dns-b")),
        ("dns-switched", "resolvers follow", Start::Key),
        ("check-service", "service in B works", Start::Key),
        ("rejoin-pg", "pg in A follows", Start::Typed("rewind pg-a")),
    ],
    attested: "A could take over",
    address: ADDRESS_B,
};

const TO_A: Way = Way {
    plan: "failback",
    steps: [
        ("fence-pg", "fence pg in B", Start::Typed("pg-b")),
        ("promote-pg", "promote pg in A", Start::Typed("promote pg-a")),
        ("hand-cache", "hand the cache over", Start::Typed("cache-a")),
        ("verify-write", "write in A", Start::Window),
        ("verify-schema", "schema of A", Start::Key),
        ("write-cache", "write to the cache", Start::Window),
        ("switch-dns", "lead the name to A", Start::Typed("dns-a")),
        ("dns-switched", "resolvers follow", Start::Key),
        ("check-service", "service in A works", Start::Key),
        ("rejoin-pg", "pg in B follows", Start::Typed("rebuild pg-b")),
    ],
    attested: "B could take over",
    address: ADDRESS_A,
};

impl Way {
    fn servers<'w>(&self, world: &'w World) -> (&'w postgres::Server, &'w redis::Server) {
        match self.address {
            ADDRESS_B => (&world.pair.b, &world.cache.b),
            _ => (&world.pair.a, &world.cache.a),
        }
    }
}

#[test]
fn handed_over_and_back_three_times_nothing_is_lost() {
    let Some(_turn) = turn(Group::Failover) else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut world = World::start_followed();
    let mut console = person::sit_down(&world);
    for round in 1..=ROUNDS {
        for way in [&TO_B, &TO_A] {
            hand_over(&mut world, &mut console, way);
            println!("round {round}: {} done", way.plan);
        }
    }
    console.verb("q");
    console.ends();
    world.load.stop();
    world.keys.stop();
    nothing_is_missing(&world, &TO_A);
    println!(
        "{} rows and {} keys acknowledged, none lost in {} handovers",
        world.load.acknowledged().len(),
        world.keys.acknowledged().len(),
        2 * ROUNDS
    );
}

/// How often A hands over to B and B back to A.
const ROUNDS: usize = 3;

/// One whole run, from a healthy pair to a healthy pair the other way round.
fn hand_over(world: &mut World, console: &mut Seat, way: &Way) {
    console.until_within("all is healthy", DEADLINE, |text| {
        text.contains("no alarm")
            && text.contains("standby, streaming")
            && text.contains("standby, link up")
    });
    person::take_over(console, way.plan);
    for step in way.steps {
        person::run(console, step);
        if step.0 == "promote-pg" {
            // Users write again, and only there.
            world.load.until_more(20);
        }
    }
    console.shows_within("restored at T+", person::STEP);
    console.until_within("its lag is small", DEADLINE, |text| {
        let is_bad = |word: &&str| text.contains(word);
        text.contains("standby, streaming") && !["SPLIT BRAIN", "SUSPECT"].iter().any(is_bad)
    });
    person::attest(console, way.attested, "close behind");
    served_by(world, way);
    nothing_is_missing(world, way);
    person::close(console);
    on_record(world, way);
}

/// The name leads to the new side, its servers are the primaries, and the old ones follow.
fn served_by(world: &World, way: &Way) {
    let name = format!("{NAME}.{}", dns::ZONE);
    assert_eq!(world.dns.ask_authority(&name), [way.address]);
    let (rows, keys) = way.servers(world);
    assert_eq!(rows.sql("select pg_is_in_recovery()"), "f");
    assert_eq!(keys.info("role"), "master");
    let (other_rows, other_keys) = if way.address == ADDRESS_B {
        (&world.pair.a, &world.cache.a)
    } else {
        (&world.pair.b, &world.cache.b)
    };
    assert_eq!(other_rows.sql("select pg_is_in_recovery()"), "t");
    other_rows.until_sql("select status from pg_stat_wal_receiver", "streaming");
    assert_eq!(other_keys.info("role"), "slave");
}

/// What was acknowledged before this moment is with whoever serves now, and soon with the other.
fn nothing_is_missing(world: &World, way: &Way) {
    let (rows, keys) = way.servers(world);
    assert_eq!(world.load.missing_in(rows), []);
    assert_eq!(world.keys.missing_in(keys), []);
    let missing_behind = || {
        let behind = if way.address == ADDRESS_B { &world.pair.a } else { &world.pair.b };
        world.load.missing_in(behind).len()
    };
    // The load goes on; whoever follows lacks at most what is on its way.
    until("the follower has nearly all", DEADLINE, || missing_behind() <= 5);
}

fn on_record(world: &World, way: &Way) {
    let state = world.state();
    let events = facts::events(&state);
    for (step, ..) in way.steps {
        assert_eq!(facts::attempts(&events, step), 1, "{step}");
    }
    let raised: Vec<&RunEvent> = events
        .iter()
        .filter(|event| match &event.body {
            Body::Alarmed { alarm, sentence, .. } => {
                alarm.starts_with("split/")
                    || alarm.starts_with("server/")
                    || alarm.starts_with("red/")
                    || sentence.as_str().contains("SPLIT")
            }
            _ => false,
        })
        .collect();
    assert!(raised.is_empty(), "{raised:#?}");
    let report = facts::report(&state);
    for store in ["pg", "cache"] {
        let measured = facts::row(&report, store)[4];
        let first = measured.split(',').next().unwrap();
        assert!(matches!(first, "0s" | "0.0s" | "nothing (0 B)"), "{store}: {measured}\n{report}");
    }
    assert_eq!(facts::row(&report, "core")[3], "MET", "{report}");
    assert!(report.contains("- closed: complete,"), "{report}");
}
