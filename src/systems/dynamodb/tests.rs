//! What a table's answers come to, of made-up sides.

use super::judge::reading;
use super::settings::DynamoDb;
use super::state::{Table, Told};
use crate::domain::ids::Side;
use crate::domain::reading::{Certainty, Health, Reading, Writes};
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::aws::beside::Beside;
use crate::systems::kit::aws::managed::{Own, State};
use crate::systems::kit::aws::metrics::Point;
use crate::systems::kit::learned::Nothing;
use crate::systems::kit::server::{Sight, Written};
use crate::systems::kit::testing::spec;

const NOW_MS: i64 = 1_795_372_573_000;

fn at(boot_ms: u64) -> Stamp {
    Stamp { wall_ms: NOW_MS, boot_ms, boot: BootId(1) }
}

fn own() -> Own<DynamoDb> {
    let text = "table = 'sessions'\na = { region = 'us-east-1' }\nb = { region = 'us-west-2' }";
    Written::<DynamoDb>::one(&spec(text), Side::B).unwrap_or_else(|fault| panic!("{fault}")).own
}

/// The table of a region whose replica is in another one, in a state.
fn table(region: &str, replica: Option<(&str, &str)>) -> Table {
    let replicas = replica.into_iter();
    Table {
        arn: format!("arn:aws:dynamodb:{region}:1:table/sessions"),
        id: format!("id {region}"),
        status: "ACTIVE".to_owned(),
        replicas: replicas.map(|(of, is)| (of.to_owned(), (is.to_owned(), "".into()))).collect(),
        ..Table::default()
    }
}

fn b() -> Table {
    table("us-west-2", Some(("us-east-1", "ACTIVE")))
}

/// A side as it was told, with the latency of so many milliseconds of so many seconds ago.
fn state(table: Table, latency: Option<(f64, i64)>) -> State<DynamoDb> {
    let point = latency.map(|(value, age_s)| Point { at_ms: NOW_MS - age_s * 1000, value });
    let beside = Beside { points: Ok(vec![point]), now_ms: NOW_MS, expires_ms: None };
    State::made_up(Told { table, at: at(1_000_000) }, beside)
}

fn read(own_state: &State<DynamoDb>, other: Option<&State<DynamoDb>>) -> Reading {
    reading(&Sight {
        at: at(1_100_000),
        took_ms: 5,
        side: Side::B,
        own: own_state,
        other,
        settings: &own(),
        user: "u",
        learned: &Nothing,
        aside: &(),
        nameless: None,
    })
}

#[test]
fn a_lag_is_measured_where_the_items_come_from() {
    let check = |latency: Option<(f64, i64)>, b: Table, is_read: bool, want: Option<f64>| {
        let a = state(table("us-east-1", Some(("us-west-2", "ACTIVE"))), latency);
        // What this side measured is of the other way.
        let b = state(b, Some((1.0, 1)));
        let found = read(&b, is_read.then_some(&a));
        assert_eq!(found.role, None);
        let lag = found.lag.expect("each side has one");
        let certainty = if want.is_some() { Certainty::Known } else { Certainty::Unknown };
        assert_eq!((lag.seconds, lag.certainty), (want, certainty), "{}", found.note);
    };
    check(Some((900.0, 60)), b(), true, Some(60.9));
    check(Some((0.0, 30)), b(), true, Some(30.0));
    // Nothing was written, nothing is measured; what is old tells nothing of now.
    check(None, b(), true, None);
    check(Some((900.0, 301)), b(), true, None);
    check(Some((900.0, 60)), b(), false, None);
    check(Some((900.0, 60)), table("us-west-2", None), true, None);
    let gone = table("us-west-2", Some(("us-east-1", "REGION_DISABLED")));
    check(Some((900.0, 60)), gone, true, None);
    check(Some((900.0, 60)), Table { is_strong: true, ..b() }, true, None);
}

#[test]
fn states_are_told_as_they_are() {
    let check = |table: Table, writes: Writes, want: &str| {
        let found = read(&state(table, None), None);
        let words = match &found.health {
            Health::Up => "up".to_owned(),
            Health::Degraded(why) => format!("degraded: {why}"),
            Health::Down(why) => format!("down: {why}"),
            Health::Unknown(why) => format!("unknown: {why}"),
        };
        assert_eq!(found.writes, Some(writes), "{words}");
        assert!(words.contains(want), "{words}");
        // The answer is older than a minute.
        assert!(found.note.as_str().contains(" 100s ago"), "{}", found.note);
    };
    let with = |status: &str| Table { status: status.to_owned(), ..b() };
    check(b(), Writes::Open, "up");
    check(with("UPDATING"), Writes::Open, "up");
    check(with("DELETING"), Writes::Unknown, "down: the table is DELETING");
    check(with("INACCESSIBLE_ENCRYPTION_CREDENTIALS"), Writes::Unknown, "down");
    check(table("us-west-2", None), Writes::Open, "it has no replica in us-east-1");
    let elsewhere = table("us-west-2", Some(("eu-west-1", "ACTIVE")));
    check(elsewhere, Writes::Open, "it has no replica in us-east-1");
    let creating = table("us-west-2", Some(("us-east-1", "CREATING")));
    check(creating, Writes::Open, "its replica in us-east-1 is CREATING");
}
