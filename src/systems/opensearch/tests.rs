//! What a pair's answers come to: every row of the measured states, of made-up sides.

use std::collections::BTreeMap;

use super::aside::Aside;
use super::beats::Beat;
use super::judge::{FACTS, View, reading};
use super::lag::{Learned, Pace, lacking};
use super::session::Root;
use super::settings::Own;
use super::state::{Condition, Copying, Index, Made, Shard, SideState};
use crate::domain::ids::Side;
use crate::domain::link::LinkState;
use crate::domain::reading::{Basis, Certainty, FactValue, Health, Reading, Role, Writes};
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::testing::spec;

const BASE_MS: i64 = 1_795_372_573_000;

fn at(second: u64) -> Stamp {
    let wall_ms = BASE_MS + i64::try_from(second).unwrap() * 1000;
    Stamp { wall_ms, boot_ms: second * 1000, boot: BootId(1) }
}

fn own(text: &str) -> Own {
    let text = format!("indices = ['books']\n{text}\nb = {{ host = 'x', alias = 'east' }}");
    let written =
        crate::systems::kit::server::Written::<super::OpenSearch>::one(&spec(&text), Side::B);
    written.unwrap_or_else(|fault| panic!("{fault}")).own
}

/// A cluster with one index, whose shards stand so.
fn cluster(uuid: &str, copying: Copying, shards: &[i64]) -> SideState {
    let shards: BTreeMap<u32, Shard> =
        (0..).zip(shards.iter().map(|at| Shard { newest: *at, complete: *at })).collect();
    let count = u32::try_from(shards.len()).unwrap();
    let marked = copying != Copying::Nothing;
    let made = Made {
        uuid: uuid.to_owned(),
        shards: count,
        routing_shards: count,
        marked,
        ..Made::default()
    };
    let name = "books".to_owned();
    let index = Index { name, made: Some(made), copying, alias: None, shards };
    SideState {
        root: Root { uuid: uuid.to_owned(), name: "c".to_owned(), version: "2.19.4".to_owned() },
        condition: Ok(Condition { status: "green".to_owned(), nodes: 1, unassigned: 0 }),
        indices: vec![index],
        uncounted: None,
        beats: [Beat::NotAsked, Beat::NotAsked],
    }
}

fn leader(shards: &[i64]) -> SideState {
    cluster("A", Copying::Nothing, shards)
}

/// A follower whose status told these checkpoints, as they stand.
fn syncing(told: &[(i64, i64)]) -> SideState {
    let here: Vec<i64> = told.iter().map(|(_, here)| *here).collect();
    cluster("B", Copying::Syncing((0..).zip(told.iter().copied()).collect()), &here)
}

fn follower(copying: Copying, shards: &[i64]) -> SideState {
    cluster("B", copying, shards)
}

fn changed(mut state: SideState, change: impl FnOnce(&mut Made)) -> SideState {
    change(state.indices[0].made.as_mut().unwrap());
    state
}

fn read_with(side: Side, own: &SideState, other: Option<&SideState>, learned: &Learned) -> Reading {
    let (settings, aside, at) = (&self::own(""), &Aside::default(), at(100));
    let (user, nameless) = ("wr_read", None);
    let took_ms = 5;
    reading(&View { at, took_ms, side, own, other, settings, user, learned, aside, nameless })
}

fn read(side: Side, own: &SideState, other: Option<&SideState>) -> Reading {
    read_with(side, own, other, &Learned::default())
}

fn why(reading: &Reading) -> String {
    match &reading.health {
        Health::Up => "up".to_owned(),
        Health::Degraded(why) | Health::Down(why) | Health::Unknown(why) => why.to_string(),
    }
}

#[test]
fn a_lag_is_what_both_sides_told_in_one_look() {
    let check = |own: &SideState, leads: Option<&SideState>, want: Option<u64>, word: &str| {
        let told = read(Side::B, own, leads);
        let lag = told.lag.as_ref().expect("it follows");
        let known = if want.is_some() { Certainty::Known } else { Certainty::Unknown };
        assert_eq!((lag.amount, lag.certainty), (want, known), "{told:?}");
        assert!(why(&told).contains(word), "{} / {word}", why(&told));
        assert_eq!((told.role, told.writes), (Some(Role::Standby), Some(Writes::Refused)));
    };
    let up = "up";
    check(&syncing(&[(9, 9)]), Some(&leader(&[9])), Some(0), up);
    // Busy: its leader's own word is larger than what it last heard, or smaller.
    check(&syncing(&[(9, 9)]), Some(&leader(&[1197])), Some(1188), up);
    check(&syncing(&[(20, 9)]), Some(&leader(&[15])), Some(11), up);
    check(&syncing(&[(9, 5), (-1, -1)]), Some(&leader(&[9, 3])), Some(8), up);
    // Its word on the copying is stale, or of another leader: its own shard has what it has.
    let mut stale = syncing(&[(19, 19)]);
    stale.indices[0].copying = Copying::Syncing([(0, (49, 49))].into());
    check(&stale, Some(&leader(&[49])), Some(30), up);
    // Its leader is dead or hangs: whatever it says of itself is level, and is no lag.
    check(&follower(Copying::LeaderGone, &[9]), None, None, up);
    let late = follower(Copying::Untold("late".into()), &[9]);
    check(&late, None, None, up);
    check(&late, Some(&leader(&[9])), None, "is not told: late");
    check(&syncing(&[(9, 9)]), None, None, up);
    check(&follower(Copying::LeaderGone, &[9]), Some(&leader(&[9])), None, "no answer from its");
    // Nonsense is no small number.
    let most = i64::MAX;
    check(&syncing(&[(9, 9), (9, 9)]), Some(&leader(&[most, most])), Some(u64::MAX - 21), up);
    // Paused: nothing arrives, so both clusters' own numbers are exact.
    let paused = |at: i64| follower(Copying::Paused("User initiated".into()), &[at]);
    check(&paused(5), Some(&leader(&[434])), Some(429), "is paused: User initiated");
    check(&paused(500), Some(&leader(&[434])), None, "holds what its leader never wrote");
    check(&follower(Copying::Bootstrapping, &[5]), Some(&leader(&[9])), None, "first copy");
    check(&follower(Copying::Failed("x".into()), &[5]), Some(&leader(&[9])), None, "failed: x");
    check(&follower(Copying::Other("RUNNING".into()), &[5]), Some(&leader(&[9])), None, "RUNNING");
    // Just started: one of two shards is told, and it is level.
    let mut late = syncing(&[(9, 9), (3, 3)]);
    late.indices[0].copying = Copying::Syncing([(0, (9, 9))].into());
    check(&late, Some(&leader(&[9, 3])), None, "has shards that are not copied yet");
    // The leader's name was dropped: not in progress, it says, and is marked as copied.
    let dropped = changed(follower(Copying::Nothing, &[9]), |made| made.marked = true);
    check(&dropped, Some(&leader(&[9])), None, "is marked as copied");
    // Another number of shards, one that told nothing, another leader.
    check(&syncing(&[(9, 9)]), Some(&leader(&[9, 9])), None, "has other shards");
    let mut untold = leader(&[9]);
    untold.indices[0].shards.clear();
    check(&syncing(&[(9, 9)]), Some(&untold), None, "is not told in whole by its leader");
    let mut other = syncing(&[(9, 9)]);
    other.indices[0].alias = Some("north".to_owned());
    check(&other, Some(&leader(&[9])), None, "the cluster called `north`, not `east`");
    let same = SideState { root: leader(&[]).root, ..syncing(&[(9, 9)]) };
    check(&same, Some(&leader(&[9])), None, "one and the same cluster");
}

#[test]
fn seconds_are_an_upper_bound_or_unknown() {
    let mut learned = Learned::default();
    let mut look = |second: u64, there: &[i64]| {
        let mut leads = leader(there);
        learned.learn([Some(&leads), None], at(second));
        leads.indices[0].alias = None;
    };
    look(90, &[10, 5]);
    look(95, &[20, 5]);
    look(100, &[30, 6]);
    let check = |told: &[(i64, i64)], want: Option<f64>| {
        let told = read_with(Side::B, &syncing(told), Some(&leader(&[30, 6])), &learned);
        let lag = told.lag.expect("it follows");
        assert_eq!((lag.seconds, lag.basis), (want, Basis::Offset), "{:?}", lag.amount);
    };
    check(&[(30, 30), (6, 6)], Some(0.0));
    // It has what was there at the look 5 s ago; and one shard of two is older.
    check(&[(30, 25), (6, 6)], Some(5.0));
    check(&[(30, 30), (6, 5)], Some(5.0));
    check(&[(30, 12), (6, 5)], Some(10.0));
    // Older than all that was seen.
    check(&[(30, 9), (6, 6)], None);
}

#[test]
fn a_heartbeat_speaks_for_its_own_index_while_it_lives() {
    let settings = own("heartbeat = 'books'\nheartbeat_every = '1s'");
    let beat = |state: SideState, second: Option<u64>| {
        let at_ms = second.map(|second| at(second).wall_ms);
        SideState { beats: [Beat::At(vec![at_ms]), Beat::NotAsked], ..state }
    };
    let check =
        |written: Option<u64>, arrived: Option<u64>, lacks: i64, want: (Option<f64>, Basis)| {
            let leads = beat(leader(&[30]), written);
            let follows = beat(syncing(&[(30, 30 - lacks)]), arrived);
            let learned = Learned::new([Some(&settings), Some(&settings)]);
            let view = View {
                at: at(100),
                took_ms: 5,
                side: Side::B,
                own: &follows,
                other: Some(&leads),
                settings: &settings,
                user: "wr_read",
                learned: &learned,
                aside: &Aside::default(),
                nameless: None,
            };
            let lag = reading(&view).lag.expect("it follows");
            assert_eq!((lag.seconds, lag.basis), want, "{written:?} {arrived:?}");
        };
    let by = Basis::Heartbeat;
    check(Some(99), Some(99), 0, (Some(0.0), by));
    check(Some(99), Some(96), 3, (Some(4.0), by));
    // One that arrived late is late, whatever the numbers say.
    check(Some(99), Some(97), 0, (Some(2.0), by));
    // It ceased, never came, never arrived: nothing is measured by it.
    check(Some(90), Some(90), 3, (None, Basis::Offset));
    check(None, None, 3, (None, Basis::Offset));
    check(Some(99), None, 3, (None, Basis::Offset));
    check(Some(90), Some(90), 0, (Some(0.0), Basis::Offset));
}

#[test]
fn roles_writes_and_health_are_the_indices_own() {
    let check =
        |own: &SideState, other: Option<&SideState>, want: (Option<Role>, Writes), word: &str| {
            let told = read(Side::A, own, other);
            assert_eq!((told.role, told.writes), (want.0, Some(want.1)), "{own:?}");
            assert!(why(&told).contains(word), "{} / {word}", why(&told));
            for fact in &told.facts {
                assert!(FACTS.iter().any(|known| known.name == fact.name), "{}", fact.name);
            }
        };
    let primary = Some(Role::Primary);
    let follows = syncing(&[(9, 9)]);
    check(&leader(&[9]), Some(&follows), (primary, Writes::Open), "up");
    check(&leader(&[9]), None, (primary, Writes::Open), "up");
    let fenced = changed(leader(&[9]), |made| made.blocked = true);
    check(&fenced, Some(&follows), (primary, Writes::Refused), "up");
    let closed = changed(leader(&[9]), |made| made.closed = true);
    check(&closed, Some(&follows), (primary, Writes::Refused), "`books` closed");
    let second = SideState { root: syncing(&[]).root, ..leader(&[9]) };
    check(&leader(&[9]), Some(&second), (primary, Writes::Open), "neither side follows");
    // After a planned switch: the one that serves is well, the one that is fenced tells.
    check(&fenced, Some(&second), (primary, Writes::Refused), "neither side follows");
    let left = changed(second, |made| made.blocked = true);
    check(&leader(&[9]), Some(&left), (primary, Writes::Open), "up");
    let untold = changed(follower(Copying::Untold("no".into()), &[9]), |made| made.marked = false);
    check(&untold, None, (None, Writes::Unknown), "is not told: no");
    let mut gone = leader(&[9]);
    gone.indices[0].made = None;
    check(&gone, None, (None, Writes::Unknown), "none of the indices is there");
    let mut mixed = syncing(&[(9, 9)]);
    mixed.indices.push(Index { name: "extra".to_owned(), ..leader(&[9]).indices[0].clone() });
    check(&mixed, None, (None, Writes::Open), "`books` followed, `extra` open here");
    let mut red = leader(&[9]);
    red.condition = Ok(Condition { status: "red".to_owned(), nodes: 1, unassigned: 2 });
    check(&red, None, (primary, Writes::Open), "is red, not green: 2 shards without a place");
    assert_eq!(read(Side::A, &red, None).fact("writable"), Some(&FactValue::Boolean(false)));
    let unread = SideState { condition: Err("no right".into()), ..leader(&[9]) };
    check(&unread, None, (primary, Writes::Open), "no right");
    let b = read(Side::B, &follower(Copying::LeaderGone, &[9]), None);
    assert_eq!(b.link_state(), Some(LinkState::Down));
}

#[test]
fn where_a_history_ended_is_remembered_over_a_promotion() {
    let mut learned = Learned::default();
    let (leads, follows) = (leader(&[30, 6]), syncing(&[(30, 25), (6, 6)]));
    learned.learn([Some(&leads), Some(&follows)], at(90));
    // Its leader is silent by now; what still arrived counts.
    learned.learn([None, Some(&syncing(&[(30, 28), (6, 6)]))], at(95));
    let a = read_with(Side::A, &leads, Some(&follows), &learned);
    let promoted = SideState { root: follows.root.clone(), ..leader(&[40, 9]) };
    let b = read_with(Side::B, &promoted, None, &learned);
    let (end, parted) = (a.end.unwrap(), b.parted.unwrap());
    assert_eq!((&end.of, end.unit), (&parted.of, parted.unit));
    assert_eq!((end.at, parted.at), (38, 36));
    assert_ne!(b.end.unwrap().of, end.of);
    let text = serde_json::to_string(&learned).unwrap();
    assert!(text.len() < 1000, "{text}");
}

#[test]
fn copies_of_indices_that_were_made_anew_are_not_level() {
    let mut learned = Learned::default();
    let (leads, follows) = (leader(&[30]), syncing(&[(30, 30)]));
    let check = |learned: &Learned, follows: &SideState, leads: &SideState, want: &str| {
        let told = read_with(Side::B, follows, Some(leads), learned);
        let certainty = if want == "up" { Certainty::Known } else { Certainty::Unknown };
        assert_eq!(told.lag.as_ref().expect("it follows").certainty, certainty, "{told:?}");
        assert!(why(&told).contains(want), "{} / {want}", why(&told));
    };
    learned.learn([Some(&leads), Some(&follows)], at(90));
    check(&learned, &follows, &leads, "up");
    // Under the same name, and with fewer operations than its copy has.
    let anew = changed(leader(&[3]), |made| made.uuid = "anew".to_owned());
    learned.learn([Some(&anew), Some(&follows)], at(95));
    check(&learned, &follows, &anew, "has made indices anew");
    // Copied anew too.
    let again = changed(syncing(&[(3, 3)]), |made| made.uuid = "again".to_owned());
    learned.learn([Some(&anew), Some(&again)], at(100));
    check(&learned, &again, &anew, "up");
    // What was followed is known to those who look later.
    let text = serde_json::to_string(&learned).expect("it is plain");
    let mut later = Learned::default();
    crate::systems::kit::server::Learned::recall(
        &mut later,
        serde_json::from_str(&text).expect("it was written so"),
    );
    check(&later, &again, &leads, "has made indices anew");
}

#[test]
fn an_index_that_was_made_anew_where_it_leads_has_lost_what_it_held() {
    let mut learned = Learned::default();
    let anew = |at: i64| changed(leader(&[at]), |made| made.uuid = "anew".to_owned());
    let mut check = |own: &SideState, other: Option<&SideState>, want: &str| {
        learned.learn([Some(own), other], at(90));
        // Those who look later know it too.
        let text = serde_json::to_string(&learned).expect("it is plain");
        let mut later = Learned::default();
        crate::systems::kit::server::Learned::recall(
            &mut later,
            serde_json::from_str(&text).expect("it was written so"),
        );
        learned = later;
        let told = read_with(Side::A, own, other, &learned);
        assert!(why(&told).contains(want), "{} / {want}", why(&told));
    };
    let gone = |now: u64| format!("`books` was made anew: it held 50 operations, now {now}");
    check(&leader(&[49]), None, "up");
    check(&anew(-1), None, &gone(0));
    check(&anew(9), None, &gone(10));
    check(&anew(24), None, "up");
    // Written anew from what it held, or followed as it is: that is the data now.
    check(&leader(&[49]), None, "up");
    check(&leader(&[29]), None, "up");
    check(&leader(&[49]), None, "up");
    check(&anew(3), None, &gone(4));
    check(&anew(3), Some(&syncing(&[(3, 3)])), "up");
    check(&anew(3), None, "up");
}

#[test]
fn under_load_what_was_asked_first_is_enough() {
    let (leads, follows) = (leader(&[20]), syncing(&[(25, 20)]));
    let check = |pace: Pace, want: u64| {
        assert_eq!(lacking(&follows, &leads, "east", pace), Ok(want));
    };
    check(Pace::Live, 5);
    check(Pace::AsAsked, 0);
    // More than a leader holds that takes no writes is of another history.
    assert_eq!(lacking(&syncing(&[(20, 20)]), &leads, "east", Pace::Still), Ok(0));
    let more = lacking(&syncing(&[(20, 25)]), &leads, "east", Pace::Still);
    assert_eq!(more, Err("`books` holds what its leader never wrote".to_owned()));
}
