//! What recorded answers mean: each lie that was seen of a real pair is a case.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::aside::Aside;
use super::judge;
use super::learned::Learned;
use super::settings::Own;
use super::state::{Listed, Member, SideState};
use crate::domain::ids::Side;
use crate::domain::reading::{Certainty, FactValue, Health, Reading, Role, Writes};
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::server::Sight;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// When the replies were recorded.
const AT_S: u64 = 1_795_420_800;

const SYSTEM: &str = "7575915555555555555";

fn at(second: u64) -> Stamp {
    let boot_ms = (AT_S + second) * 1000;
    Stamp { wall_ms: i64::try_from(boot_ms).unwrap(), boot_ms, boot: BootId(1) }
}

fn own(scope: &str, members: u16) -> Own {
    let member = |port| Endpoint { host: "127.0.0.1".to_owned(), port };
    Own {
        members: (1..=members).map(member).collect(),
        scope: scope.to_owned(),
        tls: false,
        serves_at: None,
        slot: None,
        dcs_silence: Duration::from_secs(30),
    }
}

/// A primary's `GET /patroni`.
fn primary(name: &str, location: u64) -> Json {
    json!({
        "state": "running", "postmaster_start_time": "2026-11-23 08:00:00.123456+00:00",
        "role": "primary", "server_version": 150_020, "xlog": { "location": location },
        "timeline": 1,
        "replication": [{ "usename": "replicator", "application_name": "w1", "state": "streaming",
            "client_addr": "127.0.0.1", "sync_state": "async", "sync_priority": 0 }],
        "dcs_last_seen": AT_S - 1, "database_system_identifier": SYSTEM,
        "patroni": { "version": "4.1.5", "scope": "east", "name": name },
    })
}

/// A standby leader's.
fn standby(received: u64, replayed: u64) -> Json {
    json!({
        "state": "running", "postmaster_start_time": "2026-11-23 08:00:05.123456+00:00",
        "role": "standby_leader", "server_version": 150_020,
        "xlog": { "received_location": received, "replayed_location": replayed,
            "replayed_timestamp": "2026-11-23 08:00:09.5+00:00", "paused": false },
        "timeline": 1, "replication_state": "streaming",
        "dcs_last_seen": AT_S - 1, "database_system_identifier": SYSTEM,
        "patroni": { "version": "4.1.5", "scope": "west", "name": "w1" },
    })
}

/// An answer with some of it changed; null takes it away.
fn with(told: &Json, changes: &Json) -> Json {
    let mut told = told.clone();
    for (name, change) in changes.as_object().unwrap() {
        let entries = told.as_object_mut().unwrap();
        match (change, entries.get(name)) {
            (Json::Null, _) => drop(entries.remove(name)),
            (Json::Object(_), Some(Json::Object(_))) => {
                let inner = with(&entries[name], change);
                entries.insert(name.clone(), inner);
            }
            _ => drop(entries.insert(name.clone(), change.clone())),
        }
    }
    told
}

fn state(scope: &str, told: &[Json], listed: Option<&[&str]>) -> Result<SideState, Trouble> {
    let own = own(scope, 2);
    let read = |(index, told): (usize, &Json)| match told {
        Json::String(why) => Err(Trouble::new(TroubleKind::Timeout, why.as_str())),
        told => Member::read(&format!("{scope}:{index}"), told, &own),
    };
    let listed = listed.ok_or_else(|| Trouble::new(TroubleKind::Timeout, "no DCS"));
    let listed = listed.map(|names| {
        let members: Vec<Json> = names
            .iter()
            .map(|name| json!({ "name": name, "role": "leader", "state": "running" }))
            .collect();
        Listed::read(&json!({ "members": members, "scope": scope })).unwrap()
    });
    SideState::of(&own, told.iter().enumerate().map(read).collect(), listed)
}

fn east(told: &[Json]) -> SideState {
    let names: Vec<&str> = told.iter().filter_map(|one| one["patroni"]["name"].as_str()).collect();
    state("east", told, Some(&names)).unwrap()
}

fn west(told: &Json) -> SideState {
    state("west", std::slice::from_ref(told), Some(&["w1"])).unwrap()
}

/// A member of the east that is no leader.
fn replica(name: &str, held: u64) -> Json {
    let told =
        with(&primary(name, 1), &json!({ "role": "replica", "replication_state": "streaming" }));
    let xlog = json!({ "location": null, "received_location": held, "replayed_location": held });
    with(&told, &json!({ "xlog": xlog }))
}

/// A side after it was fenced: it follows, and was just started for that.
fn fenced(location: u64) -> Json {
    let told = with(
        &standby(location, location),
        &json!({ "patroni": { "scope": "east", "name": "e1" } }),
    );
    let started = "2026-11-23 08:00:30+00:00";
    with(
        &told,
        &json!({ "postmaster_start_time": started, "xlog": { "replayed_timestamp": null } }),
    )
}

/// Looks at both sides one after the other, a second apart; the last readings.
fn looks(all: &[(Option<SideState>, Option<SideState>)]) -> [Option<Reading>; 2] {
    let (mut learned, mut readings) = (Learned::default(), [None, None]);
    let owns = [own("east", 2), own("west", 1)];
    for (second, (a, b)) in (0..).zip(all) {
        let (mut a, mut b) = (a.clone(), b.clone());
        learned.learn([a.as_mut(), b.as_mut()], at(second));
        let told = [a, b];
        readings = Side::BOTH.map(|side| {
            Some(judge::reading(&Sight {
                at: at(second),
                took_ms: 20,
                side,
                own: told[side.index()].as_ref()?,
                other: told[side.other().index()].as_ref(),
                settings: &owns[side.index()],
                user: "anonymous",
                learned: &learned,
                aside: &Aside::default(),
                nameless: None,
            }))
        });
    }
    readings
}

fn why(reading: &Reading) -> String {
    match &reading.health {
        Health::Up => "up".to_owned(),
        Health::Degraded(why) => format!("degraded: {why}"),
        Health::Down(why) => format!("down: {why}"),
        Health::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn a_lag_is_told_only_where_both_leaders_were_read() {
    // What A and B told in each look; seconds, bytes, and whether that is known.
    let check = |all: &[(Option<SideState>, Json)], want: (Option<f64>, Option<u64>, Certainty)| {
        let all: Vec<_> = all.iter().map(|(a, b)| (a.clone(), Some(west(b)))).collect();
        let [_, b] = looks(&all);
        let lag = b.unwrap().lag.unwrap();
        assert_eq!((lag.seconds, lag.amount, lag.certainty), want, "{lag:?}");
        lag
    };
    let a = |location| Some(east(&[primary("e1", location), json!("e2 is silent")]));
    let (known, unknown) = (Certainty::Known, Certainty::Unknown);
    let level = standby(500, 500);
    check(&[(a(500), level.clone())], (Some(0.0), Some(0), known));
    // The source is gone: received and replayed are equal, and the link's word has gone too.
    let dead = with(&level, &json!({ "replication_state": null }));
    check(&[(a(500), level.clone()), (None, dead.clone())], (None, None, unknown));
    check(&[(None, level.clone())], (None, None, unknown));
    // Equal positions while nothing flows prove nothing.
    check(&[(a(500), dead.clone())], (None, Some(0), unknown));
    let fed = with(&level, &json!({ "replication_state": "in archive recovery" }));
    check(&[(a(500), fed)], (None, Some(0), unknown));
    // Behind: since the primary was seen to stand where the standby stands, and the look itself.
    check(&[(a(600), level.clone())], (None, Some(100), unknown));
    let behind = [(a(500), level.clone()), (a(600), level.clone()), (a(700), level.clone())];
    check(&behind, (Some(2.02), Some(200), known));
    check(&[(a(500), dead.clone()), (a(700), dead)], (Some(1.02), Some(200), known));
    // What has arrived and waits for its replay would not be lost.
    let waits = standby(700, 500);
    let lag = check(&[(a(500), level), (a(700), waits)], (Some(1.02), Some(200), known));
    assert_eq!((lag.loss_seconds(), lag.unapplied()), (Some(0.0), Some(200)));
    // A primary of other data is no source.
    let other = json!({ "database_system_identifier": "1" });
    let other = east(&[with(&primary("e1", 500), &other)]);
    check(&[(Some(other), standby(500, 500))], (None, None, unknown));
}

#[test]
fn after_a_fence_the_lag_is_what_the_closed_side_holds_alone() {
    // What A told before, what both told after; seconds and bytes of the gap, or why not.
    let check = |before: u64, a: &Json, b: &Json, want: Result<(Option<f64>, f64), &str>| {
        let open = (Some(east(&[primary("e1", before)])), Some(west(b)));
        let closed = (Some(east(std::slice::from_ref(a))), Some(west(b)));
        let [a, b] = looks(&[open, closed]).map(Option::unwrap);
        assert_eq!((a.writes, b.writes), (Some(Writes::Refused), Some(Writes::Refused)));
        assert_eq!(a.lag.unwrap().known_seconds(), None, "it may have gone its own way");
        let (lag, gap) = (b.lag.as_ref().unwrap(), b.fact("replay_gap").unwrap());
        match (gap, want) {
            (FactValue::Number(gap), Ok(want)) => assert_eq!((lag.known_seconds(), *gap), want),
            (FactValue::Unknown(why), Err(want)) => {
                assert!(why.as_str().contains(want), "{why}");
                assert_eq!((lag.known_seconds(), lag.amount), (None, None));
            }
            (gap, want) => panic!("{gap:?}, not {want:?}"),
        }
    };
    let b = standby(500, 500);
    check(500, &fenced(500), &b, Ok((Some(0.0), 0.0)));
    check(400, &fenced(500), &standby(400, 400), Ok((Some(1.02), 100.0)));
    check(500, &fenced(500), &standby(400, 400), Ok((None, 100.0)));
    // The link between the two changes nothing where nothing is written.
    check(
        500,
        &fenced(500),
        &with(&b, &json!({ "replication_state": null })),
        Ok((Some(0.0), 0.0)),
    );
    // Just started it does not tell yet all that it wrote.
    check(700, &fenced(500), &b, Ok((None, 200.0)));
    let two = with(&fenced(500), &json!({ "timeline": 2 }));
    check(500, &two, &b, Err("both follow, on two timelines"));
    let started = json!({ "postmaster_start_time": "2026-11-23 08:00:30+00:00" });
    check(500, &fenced(500), &with(&b, &started), Err("nothing was replayed that was committed"));
    let starts = with(&fenced(500), &json!({ "state": "starting" }));
    check(500, &starts, &b, Err("not every member says that it takes no writes"));
}

#[test]
fn what_is_repeated_or_old_tells_no_lag() {
    // How long ago the primary told in each look, by both clocks, and when it reached its DCS.
    let check = |ago_ms: &[i64], dcs_s: u64, want: Result<(), &str>| {
        let told = with(&primary("e1", 500), &json!({ "dcs_last_seen": dcs_s }));
        let look = |ago_ms: &i64| {
            let mut a = east(std::slice::from_ref(&told));
            a.members[0].told_ago_ms = Some(*ago_ms);
            (Some(a), Some(west(&standby(500, 500))))
        };
        let all: Vec<_> = ago_ms.iter().map(look).collect();
        let [a, b] = looks(&all).map(Option::unwrap);
        let (lag, gap) = (b.lag.as_ref().unwrap(), b.fact("replay_gap").cloned().unwrap());
        let Err(words) = want else {
            assert_eq!(
                (lag.known_seconds(), gap, a.health),
                (Some(0.0), FactValue::count(0), Health::Up)
            );
            return;
        };
        assert_eq!((lag.known_seconds(), lag.amount, lag.unreceived), (None, None, None));
        assert!(matches!(&gap, FactValue::Unknown(why) if why.as_str().contains(words)), "{gap:?}");
        assert!(why(&a).contains(words), "{}", why(&a));
    };
    check(&[0, 900, 1800], AT_S - 9, Ok(()));
    // The clocks differ.
    check(&[40_000, 40_300], AT_S - 9, Ok(()));
    check(&[0, 2000, 4000], AT_S - 9, Err("an answer of e1 is repeated: it is 4 s old"));
    check(&[0, 4000, 100], AT_S - 9, Ok(()));
    check(&[0], AT_S - 41, Err("e1 last reached its DCS 41 s ago"));
}

#[test]
fn two_sides_that_both_led_are_split_until_one_is_proven_to_follow() {
    let led = json!({ "role": "primary", "timeline": 2, "xlog": { "location": 600 } });
    let both = (
        Some(east(&[with(&primary("e1", 500), &json!({ "timeline": 2 }))])),
        Some(west(&with(&standby(1, 1), &led))),
    );
    let a = |location| Some(east(&[with(&primary("e1", location), &json!({ "timeline": 2 }))]));
    let follows = |changes: Json| {
        Some(west(&with(&with(&standby(480, 480), &json!({ "timeline": 2 })), &changes)))
    };
    let check = |then: (Option<SideState>, Option<SideState>), want: bool| {
        let [_, b] = looks(&[both.clone(), then]);
        let b = b.unwrap();
        assert_eq!(b.fact("diverged"), Some(&FactValue::Boolean(want)), "{b:?}");
        if want {
            assert!(why(&b).contains("nothing has proven one history since"), "{}", why(&b));
            // A count of bytes between two histories is none.
            let lag = b.lag.as_ref().unwrap();
            assert_eq!((lag.amount, lag.known_seconds()), (None, None));
            assert!(!b.note.as_str().contains("behind"), "{}", b.note);
        }
    };
    let since = json!({ "xlog": { "replayed_timestamp": null } });
    check((a(500), follows(since.clone())), true);
    check((a(500), follows(json!({ "replication_state": null }))), true);
    check((None, follows(since)), true);
    check((a(500), follows(json!({}))), false);
}

#[test]
fn another_primary_of_the_same_cluster_is_told() {
    let check = |all: &[SideState], want: Option<(&str, bool)>| {
        let all: Vec<_> = all.iter().map(|a| (Some(a.clone()), None)).collect();
        let [a, _] = looks(&all);
        let rival = a.unwrap().rival;
        let found = rival.as_ref().map(|rival| (rival.place.as_str(), rival.is_silent));
        assert_eq!(found, want);
    };
    let (e1, e2) = (primary("e1", 500), primary("e2", 600));
    check(&[east(&[e1.clone(), replica("e2", 500)])], None);
    check(&[east(&[e1.clone(), e2.clone()])], Some(("e2 at east:1", false)));
    // Whoever has the lock leads.
    let locked = state("east", &[e1.clone(), e2.clone()], Some(&["e2"])).unwrap();
    check(&[locked], Some(("e1 at east:0", false)));
    // Two addresses of one are no two.
    let twice = state("east", &[e1.clone(), e1.clone()], Some(&["e1"])).unwrap();
    assert_eq!(twice.silent[0].message.as_str(), "east:1 leads to e1, as east:0 does");
    check(&[east(&[json!("silent"), e1.clone()]), twice], None);
    // It was primary, and is silent while another leads: it may still take writes.
    let before = east(&[replica("e1", 500), e2.clone()]);
    let hangs = east(&[e1.clone(), json!("e2 is silent")]);
    check(&[before.clone(), hangs.clone()], Some(("e2 at east:1", true)));
    check(&[before.clone(), hangs.clone(), hangs.clone()], Some(("e2 at east:1", true)));
    check(&[before, hangs.clone(), east(&[e1.clone(), replica("e2", 500)])], None);
    // It never was: nobody says that it takes writes.
    check(&[east(&[e1.clone(), replica("e2", 500)]), hangs], None);
    // The one that leads is silent, too: there is none beside it.
    check(&[east(&[replica("e1", 500), e2]), east(&[replica("e1", 500), json!("silent")])], None);
}

#[test]
fn a_replica_that_stands_still_elsewhere_is_told() {
    let check = |looked: &[(u64, &Json)], want: Option<&str>| {
        let look = |(location, e2): &(u64, &Json)| {
            let told = with(&primary("e1", *location), &json!({ "timeline": 2 }));
            (Some(east(&[told, (*e2).clone()])), None)
        };
        let all: Vec<_> = looked.iter().map(look).collect();
        let [a, _] = looks(&all);
        let found = why(&a.unwrap());
        assert_eq!(found.contains("stands still"), want.is_some(), "{found}");
        assert!(want.is_none_or(|want| found.contains(want)), "{found}");
    };
    let old = replica("e2", 700);
    let on = |changes: &Json| with(&with(&old, &json!({ "timeline": 2 })), changes);
    // A moment after its leader has changed it is on its way.
    check(&[(500, &old)], None);
    check(&[(500, &old), (520, &on(&json!({})))], None);
    let words = "e2 does not follow its leader e1: it stands still on timeline 1, its leader on 2";
    check(&[(500, &old), (720, &old)], Some(words));
    // Fed by nobody, and behind; level it lacks nothing.
    let dead = on(&json!({ "replication_state": null }));
    check(&[(720, &dead), (720, &dead)], Some("e2 does not follow"));
    check(&[(700, &dead), (700, &dead)], None);
    check(&[(720, &on(&json!({}))), (740, &on(&json!({})))], None);
}

#[test]
fn what_streams_on_the_same_timeline_may_have_split() {
    let check = |a: &SideState, b: &Json, rounds: usize, want: Result<bool, &str>| {
        let all = vec![(Some(a.clone()), Some(west(b))); rounds];
        let [a, b] = looks(&all).map(Option::unwrap);
        for reading in [&a, &b] {
            match (reading.fact("diverged").unwrap(), want) {
                (FactValue::Boolean(found), Ok(want)) => assert_eq!(*found, want, "{reading:?}"),
                (FactValue::Unknown(why), Err(want)) => {
                    assert!(why.as_str().contains(want), "{why}");
                }
                (found, want) => panic!("{found:?}, not {want:?}"),
            }
            if want == Ok(true) {
                assert!(why(reading).contains("histories have split"), "{}", why(reading));
            }
        }
        let lag = b.lag.as_ref().and_then(|lag| lag.seconds);
        assert!(want != Ok(true) || lag.is_none(), "{b:?}");
        [a, b]
    };
    let a = |location| east(&[primary("e1", location)]);
    check(&a(500), &standby(500, 500), 1, Ok(false));
    // Nothing of the other's was replayed since it was started: neither yes nor no.
    let xlog = |changes: Json| with(&standby(500, 500), &json!({ "xlog": changes }));
    let since = "since the last of its members was started";
    check(&a(500), &xlog(json!({ "replayed_timestamp": null })), 1, Err(since));
    let before = json!({ "replayed_timestamp": "2026-11-23 08:00:05.000001+00:00" });
    check(&a(500), &xlog(before), 1, Err(since));
    let zone = json!({ "replayed_timestamp": "2026-11-23 09:00:09+01:00" });
    check(&a(500), &xlog(zone), 1, Err(since));
    // As recorded after the way back on its own: it streams, on timeline 3 of 3.
    let trap = with(&standby(83_985_528, 83_988_472), &json!({ "timeline": 3 }));
    let new = with(&primary("e1", 83_985_528), &json!({ "timeline": 3 }));
    check(&east(std::slice::from_ref(&new)), &trap, 1, Ok(true));
    // The new primary has written more by now: it is told by what was never sent.
    let later = east(&[with(&new, &json!({ "xlog": { "location": 83_999_999_u64 } }))]);
    check(&later, &trap, 1, Err("look again"));
    check(&later, &trap, 2, Ok(true));
    check(&a(500), &with(&standby(500, 500), &json!({ "timeline": 2 })), 1, Ok(true));
    // It streams from who led before.
    let newer = east(&[with(&primary("e1", 900), &json!({ "timeline": 2 }))]);
    check(&newer, &standby(500, 500), 1, Err("B follows A, on timelines 1 and 2: not proven"));
    // Both lead.
    let told = json!({ "role": "primary", "timeline": 3, "xlog": { "location": 600 } });
    let [a, b] = check(&a(500), &with(&standby(1, 1), &told), 1, Ok(true));
    assert!(a.is_open_primary() && b.is_open_primary());
}

#[test]
fn health_names_its_reasons() {
    let check = |own: SideState, other: Option<SideState>, want: &str| {
        let [a, _] = looks(&[(Some(own), other)]);
        let found = why(&a.unwrap());
        assert!(found.contains(want), "{found} / {want}");
    };
    let changed = |changes: Json| east(&[with(&primary("e1", 500), &changes)]);
    let b = || Some(west(&standby(500, 500)));
    check(changed(json!({})), b(), "up");
    check(changed(json!({})), None, "up");
    check(changed(json!({ "pause": true })), b(), "in maintenance");
    check(changed(json!({ "cluster_unlocked": true })), b(), "nobody has the leader's lock");
    check(changed(json!({ "failsafe_mode_is_active": true })), b(), "without its DCS (failsafe)");
    check(changed(json!({ "pending_restart": true })), b(), "e1 waits for a restart");
    let old = json!({ "dcs_last_seen": AT_S - 41 });
    check(changed(old), b(), "e1 last reached its DCS 41 s ago, by our clock");
    // A server that hangs may take writes all the same; one that says it does not run is none.
    check(changed(json!({ "state": "unknown" })), b(), "degraded: e1 is unknown");
    check(changed(json!({ "state": "stopped" })), b(), "down: no member leads: e1 is stopped");
    check(changed(json!({ "role": "replica" })), b(), "down: no member leads: e1 is a replica");
    let silent = "127.0.0.1:2 did not answer within 1.8 s";
    check(east(&[primary("e1", 500), json!(silent)]), b(), silent);
    let two = east(&[primary("e1", 500), primary("e2", 500)]);
    check(two, b(), "TWO PRIMARIES in one cluster: e1, e2");
    let unnamed = state("east", &[primary("e1", 5)], Some(&["e1", "e3"])).unwrap();
    check(unnamed, b(), "not named in `members`, so not asked: e3; e3 is leader and running, by");
    check(state("east", &[primary("e1", 5)], None).unwrap(), b(), "is not told: no DCS");
    let other = with(&primary("e2", 5), &json!({ "database_system_identifier": "1" }));
    check(east(&[primary("e1", 500), other]), b(), "holds other data than its cluster");
    let foreign = with(&standby(5, 5), &json!({ "database_system_identifier": "1" }));
    check(changed(json!({})), Some(west(&foreign)), "system identifiers differ");

    let of_standby = |changes: Json, other: Option<SideState>, want: &str| {
        let [_, b] = looks(&[(other, Some(west(&with(&standby(500, 500), &changes))))]);
        let found = why(&b.unwrap());
        assert!(found.contains(want), "{found} / {want}");
    };
    of_standby(json!({ "replication_state": null }), None, "up");
    let a = || Some(east(&[primary("e1", 500)]));
    of_standby(json!({ "replication_state": null }), a(), "nothing is received from A");
    of_standby(json!({ "xlog": { "paused": true } }), a(), "replay is paused");
    let both =
        state("east", &[with(&standby(5, 5), &json!({ "patroni": { "scope": "east" } }))], None);
    of_standby(json!({}), Some(both.unwrap()), "neither side leads: both follow");
}

#[test]
fn a_side_is_closed_only_where_every_member_says_so() {
    let check = |side: &SideState, want: (Option<Role>, Writes)| {
        assert_eq!((side.role(), side.writes()), want, "{side:?}");
    };
    let replica = replica("e2", 1);
    let (primary, standby) = (primary("e1", 500), standby(5, 5));
    let (leads, follows) = (Some(Role::Primary), Some(Role::Standby));
    check(&east(&[replica.clone(), primary.clone()]), (leads, Writes::Open));
    check(&west(&standby), (follows, Writes::Refused));
    // The leader may be the one that is silent.
    check(&east(&[replica.clone(), json!("silent")]), (None, Writes::Unknown));
    check(&east(std::slice::from_ref(&replica)), (None, Writes::Refused));
    let stopped = with(&primary, &json!({ "state": "stopped" }));
    check(&east(&[replica.clone(), stopped]), (None, Writes::Refused));
    // Its Patroni cannot ask it, and remembers what it was.
    let hangs = with(&primary, &json!({ "state": "unknown", "xlog": null }));
    check(&east(&[replica.clone(), hangs]), (leads, Writes::Open));
    let unnamed = state("west", &[standby], Some(&["w1", "w2"])).unwrap();
    check(&unnamed, (follows, Writes::Unknown));
    assert!(unnamed.may_lead());
    // One that is silent may be dead, unless its cluster lets it lead.
    let half = |listed| state("east", &[replica.clone(), json!("silent")], Some(listed)).unwrap();
    assert!(half(&["e2", "e1"]).may_lead());
    assert!(!half(&["e2"]).may_lead());
}

#[test]
fn others_that_answer_are_told_apart() {
    let check = |told: &[Json], kind: TroubleKind, want: &str| {
        let trouble = state("east", told, None).expect_err(want);
        assert_eq!(trouble.kind, kind, "{trouble}");
        assert!(trouble.message.as_str().contains(want), "{trouble}");
    };
    let e1 = primary("e1", 5);
    let scope = with(&e1, &json!({ "patroni": { "scope": "north" } }));
    check(
        std::slice::from_ref(&scope),
        TroubleKind::OtherServer,
        "is of the cluster `north`, not of `east`",
    );
    check(&[json!({ "state": "running" })], TroubleKind::Garbage, "told no `scope`");
    check(&[with(&e1, &json!({ "role": null }))], TroubleKind::Garbage, "told no `role`");
    // What somebody can do something about comes before silence.
    check(&[json!("silent"), scope], TroubleKind::OtherServer, "silent; east:1 is of");
    check(&[json!("silent")], TroubleKind::Timeout, "silent");
    let empty = json!({ "database_system_identifier": null, "state": "creating replica" });
    check(&[with(&e1, &empty)], TroubleKind::NotReady, "has no data yet: it is creating replica");
    // Lags of a cluster's own list are numbers or words; they are not read.
    let listed = json!({ "members": [{ "name": "e1", "state": "running", "lag": "unknown" }] });
    assert_eq!(Listed::read(&listed).unwrap().members.len(), 1);
    assert_eq!(Listed::read(&json!({ "members": [{ "state": "x" }] })), None);
}

#[test]
fn every_fact_is_documented() {
    let [a, b] = looks(&[(Some(east(&[primary("e1", 5)])), Some(west(&standby(5, 5))))]);
    for fact in [a, b].into_iter().flatten().flat_map(|reading| reading.facts) {
        assert!(judge::FACTS.iter().any(|spec| spec.name == fact.name), "{}", fact.name);
    }
}
