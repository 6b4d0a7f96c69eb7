//! The lies of ends, offsets and states, each a case: what is told of made-up pairs of clusters.

use super::learned::Learned;
use super::state::{Newest, Partition, Stamped};
use super::tests_support::{
    Look, Topic, at, beat, cluster, flow, looked, owns, partition, told_of_b,
};
use crate::domain::reading::{Certainty, FactValue, Health, Role};

/// What is wanted of a lag: seconds within these, records.
type Wanted = (Option<(f64, f64)>, Option<u64>);

fn check(case: &str, looks: &[Look<'_>], want: Wanted) {
    let lag = looked(looks).lag.expect(case);
    let seconds = lag.seconds.filter(|_| lag.certainty == Certainty::Known);
    match (seconds, want.0) {
        (Some(found), Some((least, most))) => {
            assert!((least..=most).contains(&found), "{case}: {found} s");
        }
        (found, want) => assert_eq!(found, want.map(|_| 0.0), "{case}"),
    }
    assert_eq!(lag.amount, want.1, "{case}");
}

#[test]
fn lags_are_told_as_they_are() {
    let running =
        |a, b, copied| Look { a: Some(a), b, copied, state: "RUNNING", tasks: &["RUNNING"] };
    let record = |offset: i64, second: i64| Some((offset, second * 1000, offset.unsigned_abs()));
    let beats = [beat(98), beat(99), beat(100), beat(101)];
    let [beat_98, beat_99, beat_100, beat_101] = beats.each_ref().map(std::slice::from_ref);

    // All is there: what Connect kept is old, and says otherwise.
    let t: &[Partition] = &[partition(0, 10, record(9, 40))];
    let a: &[(&str, &[Partition])] = &[("heartbeats", beat_99), ("t", t)];
    let b: &[(&str, &[Partition])] = &[("A.heartbeats", beat_99), ("A.t", t)];
    check("idle", &[running(a, b, Some(3))], (Some((0.0, 0.0)), Some(0)));

    // The copy began elsewhere: what ends a transaction counts at the source alone.
    let t: &[Partition] = &[partition(0, 200, record(198, 40))];
    let copy: &[Partition] = &[partition(0, 99, Some((98, 40_000, 198)))];
    let a: &[(&str, &[Partition])] = &[("heartbeats", beat_99), ("t", t)];
    let b: &[(&str, &[Partition])] = &[("A.heartbeats", beat_99), ("A.t", copy)];
    check("transactional", &[running(a, b, Some(199))], (Some((0.0, 0.0)), Some(0)));

    // Ten more come and are not copied; the heartbeats are, by another task.
    let more: &[Partition] = &[partition(0, 210, record(209, 101))];
    let failed: &[(&str, &[Partition])] = &[("A.heartbeats", beat_101), ("A.t", copy)];
    let source: &[(&str, &[Partition])] = &[("heartbeats", beat_101), ("t", more)];
    let a_98: &[(&str, &[Partition])] = &[("heartbeats", beat_98), ("t", t)];
    let b_98: &[(&str, &[Partition])] = &[("A.heartbeats", beat_98), ("A.t", copy)];
    let looks = [running(a_98, b_98, None), running(a, b, None), running(source, failed, None)];
    check("a task failed, heartbeats flow", &looks, (Some((1.0, 4.0)), Some(11)));

    // Nothing is copied for two seconds; the newest record of both is seconds apart.
    let quiet: &[(&str, &[Partition])] = &[("heartbeats", beat_100), ("t", t)];
    let still: &[(&str, &[Partition])] = &[("heartbeats", beat_101), ("t", t)];
    let looks = [
        running(a_98, b_98, None),
        running(a, b_98, None),
        running(quiet, b_98, None),
        running(still, b_98, None),
    ];
    check("nothing comes", &looks, (Some((3.0, 5.5)), Some(0)));

    // No heartbeat comes: equal is equal, and nothing else is known in seconds.
    let a: &[(&str, &[Partition])] = &[("t", t)];
    let b: &[(&str, &[Partition])] = &[("A.t", copy)];
    check("no heartbeat, level", &[running(a, b, None)], (Some((0.0, 0.0)), Some(0)));
    let a: &[(&str, &[Partition])] = &[("t", more)];
    check("no heartbeat, behind", &[running(a, b, Some(199))], (None, Some(11)));

    // A new topic is not here yet.
    let a: &[(&str, &[Partition])] = &[("heartbeats", beat_99), ("t", t)];
    let b: &[(&str, &[Partition])] = &[("A.heartbeats", beat_99)];
    check("missing", &[running(a, b, None)], (None, Some(200)));

    // A side that was not read.
    let gone = Look { a: None, b, copied: None, state: "RUNNING", tasks: &["RUNNING"] };
    check("the source is gone", &[gone], (None, None));

    // A partition whose newest record was not read in time.
    let unread: &[Partition] = &[Partition { read: false, ..partition(0, 300, None) }];
    let a: &[(&str, &[Partition])] = &[("heartbeats", beat_99), ("t", unread)];
    let b: &[(&str, &[Partition])] = &[("A.heartbeats", beat_99), ("A.t", copy)];
    check("not read in time", &[running(a, b, Some(290))], (None, Some(10)));
}

#[test]
fn what_arrived_late_is_not_taken_for_new() {
    let taken = |of: Partition| {
        let newest = of.newest.map(|newest| Newest { stamped: Stamped::Taken, ..newest });
        [Partition { newest, ..of }]
    };
    // Written at second 70 and at 99; both arrive at 100.
    let from = [partition(0, 10, Some((9, 99_000, 9)))];
    let old = partition(0, 5, Some((4, 70_000, 4)));
    let [arrived] = [taken(Partition { newest: None, ..old })];
    let stamped = taken(partition(0, 5, Some((4, 100_000, 77))));
    let beats = [[beat(99)], [beat(70)], taken(partition(0, 71, Some((70, 100_000, 78))))];
    let told = |beats_here: &[Partition], here: &[Partition], beats: &[Partition]| {
        let a: &[Topic<'_>] = &[("heartbeats", beats), ("t", &from)];
        let b: &[Topic<'_>] = &[("A.heartbeats", beats_here), ("A.t", here)];
        let look = Look { a: Some(a), b, copied: Some(5), state: "RUNNING", tasks: &["RUNNING"] };
        let reading = looked(&[look]);
        let lag = reading.lag.clone().expect("it follows");
        let Health::Degraded(why) = reading.health else { return (lag, String::new()) };
        (lag, why.to_string())
    };
    let set = "set `message.timestamp.type=CreateTime` here on";
    let (lag, why) = told(&beats[0], &stamped, &beats[0]);
    assert_eq!((lag.seconds, lag.amount), (None, Some(5)));
    assert!(why.contains(&format!("{set} A.t")), "{why}");
    let (lag, why) = told(&beats[2], &from, &beats[0]);
    assert_eq!((lag.seconds, lag.amount), (None, Some(0)));
    assert!(why.contains(&format!("{set} A.heartbeats")), "{why}");
    // A copy that tells when it was made, and one that has nothing yet to tell by.
    let (lag, why) = told(&beats[1], &[old], &beats[0]);
    assert_eq!((lag.seconds, lag.amount, why.as_str()), (Some(30.0), Some(5), ""));
    let (_, why) = told(&beats[1], &arrived, &beats[0]);
    assert_eq!(why, "");
    // The source's own time is its writers', whoever stamps it.
    let source = taken(partition(0, 100, Some((99, 99_000, 99))));
    let (lag, why) = told(&beats[1], &[old], &source);
    assert_eq!((lag.seconds, lag.amount, why.as_str()), (Some(30.0), Some(5), ""));
}

#[test]
fn what_is_wrong_is_named() {
    let check = |case: &str, looks: &[Look<'_>], role: Option<Role>, want: &str| {
        let reading = looked(looks);
        let why = match &reading.health {
            Health::Up => String::new(),
            Health::Degraded(why) | Health::Down(why) | Health::Unknown(why) => why.to_string(),
        };
        assert_eq!(reading.role, role, "{case}");
        assert!(why.contains(want) && (why.is_empty() == want.is_empty()), "{case}: {why}");
    };
    let standby = Some(Role::Standby);
    let record = |offset: i64, mark: u64| Some((offset, 40_000, mark));
    let one = |end: i64, mark: u64| [partition(0, end, record(end - 1, mark))];
    let (t, trimmed) = (one(10, 9), [partition(8, 10, record(9, 9))]);
    let behind = one(5, 4);
    let a: &[(&str, &[Partition])] = &[("t", &t)];
    let b: &[(&str, &[Partition])] = &[("A.t", &t)];
    let with = |state, tasks| Look { a: Some(a), b, copied: None, state, tasks };
    check("well", &[with("RUNNING", &["RUNNING"])], standby, "");
    check("task", &[with("RUNNING", &["RUNNING", "FAILED"])], standby, "a-b: 1 FAILED, 2 tasks");
    check("paused", &[with("PAUSED", &["PAUSED"])], standby, "a-b is PAUSED");
    check("no task", &[with("RUNNING", &[])], standby, "without tasks: nothing is copied");
    check("stopped", &[with("STOPPED", &[])], Some(Role::Primary), "");
    let missing = Look { b: &[], ..with("RUNNING", &["RUNNING"]) };
    check("missing", &[missing], standby, "not copied at all: t");
    let lost: &[(&str, &[Partition])] = &[("t", &trimmed)];
    let some: &[(&str, &[Partition])] = &[("A.t", &behind)];
    let of_lost = |copied| Look {
        a: Some(lost),
        b: some,
        copied: Some(copied),
        state: "RUNNING",
        tasks: &["RUNNING"],
    };
    check("trimmed", &[of_lost(5)], standby, "3 records were thrown away");
    // It stays so, and is not counted again, when copying goes on.
    check("trimmed", &[of_lost(5), of_lost(5), of_lost(9)], standby, "3 records were thrown away");
    check("trimmed in time", &[of_lost(8)], standby, "");
    let anew: &[(&str, &[Partition])] = &[("t", &behind)];
    let remade = Look { a: Some(anew), copied: Some(9), ..with("RUNNING", &["RUNNING"]) };
    check(
        "made anew",
        &[with("RUNNING", &["RUNNING"]), remade],
        standby,
        "made anew at the source",
    );
    // To one who was not there then it is told by what had been reached.
    check("made anew before", &[remade, remade], standby, "made anew at the source");
    // On a busy topic the copy, which is read later, holds more than its source was seen to hold.
    let later = one(13, 12);
    let ahead: &[(&str, &[Partition])] = &[("A.t", &later)];
    let busy = Look { b: ahead, copied: Some(13), ..with("RUNNING", &["RUNNING"]) };
    check("busy", &[with("RUNNING", &["RUNNING"]), busy], standby, "");
    // The source is read first, and one more comes before the copy is.
    let moment: &[(&str, &[Partition])] = &[("A.t", &one(11, 10))];
    let passed = Look { b: moment, ..of_lost(10) };
    let passed = Look { a: Some(a), ..passed };
    let level = Look { a: Some(a), b, ..of_lost(10) };
    check("read a moment later", &[level, passed], standby, "");
    // The same record stands further and further on: something is copied twice.
    let doubled = [partition(0, 14, record(13, 9))];
    let twice: &[(&str, &[Partition])] = &[("A.t", &doubled)];
    let looks = [with("RUNNING", &["RUNNING"]), Look { b: twice, ..with("RUNNING", &["RUNNING"]) }];
    check("doubled", &looks, standby, "4 records were copied twice: t");
}

#[test]
fn what_an_earlier_way_back_left_is_no_copying() {
    let [own_a, own_b] = owns("heartbeat_every = '1s'");
    let unknown = "whether anything copies to here is not known";
    // How old the last heartbeat of A in B is, which has no Connect, and the state of that in A.
    let check = |age: u64, state: Option<&str>, want: Option<Role>| {
        let (now, left) = (1000, [beat(1000 - i64::try_from(age).unwrap())]);
        let mut a = cluster(&own_a, "a", &[]);
        a.flow = state.map(|state| Ok(flow(None, state, &[])));
        let b = cluster(&own_b, "b", &[("A.heartbeats", &left)]);
        let mut learned = Learned::new([Some(&own_a), Some(&own_b)]);
        learned.learn([Some(&a), Some(&b)], at(now));
        let told = told_of_b(&own_b, &b, Some(&a), &learned, at(now));
        assert_eq!(told.role, want, "{age} {state:?}");
        let says = matches!(&told.health, Health::Degraded(why) if why.as_str().contains(unknown));
        assert_eq!(says, want.is_none(), "{:?}", told.health);
    };
    check(1, None, Some(Role::Standby));
    check(1, Some("STOPPED"), Some(Role::Standby));
    // What copies may share its work out anew, or be dead.
    check(20, Some("STOPPED"), None);
    check(20, None, None);
    check(900, None, None);
    check(90, Some("STOPPED"), Some(Role::Primary));
    check(90, Some("RUNNING"), Some(Role::Primary));
}

#[test]
fn what_may_be_hidden_is_not_said_to_be_gone() {
    let t = [partition(0, 10, Some((9, 40_000, 9)))];
    let u: Topic<'_> = ("u", &t);
    let told = |a: &[Topic<'_>], b: &[Topic<'_>]| {
        let tasks: &[&str] = &["RUNNING"];
        let look = Look { a: Some(a), b, copied: Some(9), state: "RUNNING", tasks };
        let reading = looked(&[look]);
        let Health::Degraded(why) = reading.health else { panic!("{a:?}: it is told") };
        (reading.lag.expect("it follows").certainty, why.to_string())
    };
    let check = |a: &[Topic<'_>], b: &[Topic<'_>], certainty: Certainty, want: &str| {
        let found = told(a, b);
        assert!(found.0 == certainty && found.1.contains(want), "{found:?}");
    };
    let copies: &[Topic<'_>] = &[("A.t", &t), ("A.u", &t)];
    let missing = "not copied at all: t (or DESCRIBE on the copy is missing here)";
    check(&[("t", &t), u], &copies[1..], Certainty::Known, missing);
    check(&[u], copies, Certainty::Unknown, "not seen at the source (deleted there, or");
    let nowhere = "offsets of topics that neither region shows: t; where they are deleted in both";
    check(&[u], &copies[1..], Certainty::Unknown, nowhere);
}

/// What the group `g` stands at here and at its source, whose partition ends at `end`; the copy
/// has 100 records, and had as many as its source a look before.
fn duplicates(here: Option<i64>, there: Option<i64>, end: i64) -> (Option<f64>, Health) {
    let [own_a, own_b] = owns("groups = ['g']");
    let mut learned = Learned::new([Some(&own_a), Some(&own_b)]);
    let copy = [partition(0, 100, Some((99, 1000, 99)))];
    let source = |end: i64| [partition(0, end, Some((end - 1, 1000, end.unsigned_abs() - 1)))];
    let group = |topic: &str, offset: Option<i64>| {
        Ok(offset.into_iter().map(|offset| ((topic.to_owned(), 0), offset)).collect())
    };
    let mut told = None;
    for (second, end) in [(100, 100), (101, end)] {
        let mut a = cluster(&own_a, "a", &[("t", &source(end))]);
        let mut b = cluster(&own_b, "b", &[("A.t", &copy)]);
        a.groups.insert("g".to_owned(), group("t", there));
        b.groups.insert("g".to_owned(), group("A.t", here));
        b.flow = Some(Ok(flow(None, "RUNNING", &["RUNNING"])));
        learned.learn([Some(&a), Some(&b)], at(second));
        told = Some(told_of_b(&own_b, &b, Some(&a), &learned, at(second)));
    }
    let told = told.expect("there were two looks");
    let count = match told.fact("duplicates") {
        Some(FactValue::Number(count)) => Some(*count),
        _ => None,
    };
    (count, told.health)
}

#[test]
fn groups_that_would_read_twice_are_counted() {
    let check = |here, there, end, want| {
        assert_eq!(duplicates(here, there, end).0, Some(want), "{here:?} {there:?} {end}");
    };
    check(Some(90), Some(90), 100, 0.0);
    check(Some(60), Some(90), 100, 30.0);
    check(None, Some(90), 100, 90.0);
    check(None, None, 100, 0.0);
    // What is not copied yet is read nowhere twice, and takes nothing off.
    check(Some(60), Some(90), 150, 30.0);
    check(Some(60), Some(120), 150, 40.0);
    let named = |here, there| {
        let health = duplicates(here, there, 100).1;
        format!("{health:?}").contains("group g has no offset here")
    };
    assert!(named(None, Some(90)) && !named(Some(90), Some(90)) && !named(None, None));
}

#[test]
fn what_is_there_twice_is_not_taken_for_what_is_missing() {
    let t: &[Partition] = &[partition(0, 200, Some((198, 40_000, 198)))];
    let copy: &[Partition] = &[partition(0, 99, Some((98, 40_000, 198)))];
    // Six new ones came, and five are missing.
    let more: &[Partition] = &[partition(0, 210, Some((209, 50_000, 209)))];
    let further: &[Partition] = &[partition(0, 105, Some((104, 41_000, 204)))];
    // Or four came once more and two are new: nine are missing.
    let twice: &[Partition] = &[partition(0, 105, Some((104, 41_000, 200)))];
    let beats: Vec<[Partition; 1]> = (99..=106).map(|second| [beat(second)]).collect();
    let told = |ceased: bool| {
        let looks: Vec<_> = beats.iter().enumerate().collect();
        let last = looks.len() - 1;
        let topics: Vec<[Vec<Topic<'_>>; 2]> = looks
            .iter()
            .map(|(at, beat)| {
                let arrived = if ceased && (1..last).contains(at) { &beats[0] } else { *beat };
                let newer = if ceased { twice } else { further };
                let (from, to) = if *at == last { (more, newer) } else { (t, copy) };
                [
                    vec![("heartbeats", &beat[..]), ("t", from)],
                    vec![("A.heartbeats", &arrived[..]), ("A.t", to)],
                ]
            })
            .collect();
        let looks: Vec<Look<'_>> = topics
            .iter()
            .map(|[a, b]| Look {
                a: Some(&a[..]),
                b: &b[..],
                copied: None,
                state: "RUNNING",
                tasks: &["RUNNING"],
            })
            .collect();
        looked(&looks).lag.expect("it follows").amount
    };
    assert_eq!(told(false), Some(5), "it never was away");
    assert_eq!(told(true), None, "it was away, so some of it may be there twice");
}
