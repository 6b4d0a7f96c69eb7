//! Promotion, fence and proof on real servers, with just the rights that the docs name.

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, FactValue, Role};
use warroom::domain::settings::{Table, Value};
use warroom::port::OperateError;

use super::bench::{Hand, Watcher, done, figure, system, table, text, why, yes};
use crate::kind::identity::promotes_alone;
use crate::kind::rights;
use crate::servers::load::Load;
use crate::servers::postgres::{APP_PASSWORD, Pair};
use crate::turns::{Group, turn};

#[test]
fn a_promotion_takes_effect_once_and_is_seen() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let mut pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let mut promote = Hand::new(&spec, "postgres.promote", Side::B, Table::default());
    let mut write = Hand::new(&spec, "postgres.verify_write", Side::B, Table::default());

    // A row written on A by the same step, replicated to B, must prove nothing in B later.
    let mut write_a = Hand::new(&spec, "postgres.verify_write", Side::A, Table::default());
    write_a.apply().unwrap();
    assert!(done(&write_a.check()));
    pair.a.sql("insert into warroom_probe (key, value, timeline) values ('step/B', 'old', 1)");
    pair.until_caught_up();

    assert!(matches!(promote.check(), Standing::NotDone(_)));
    assert!(matches!(write.check(), Standing::NotDone(_)));
    let refused = write.apply().unwrap_err();
    assert!(matches!(refused, OperateError::Refused(_)), "{refused}");
    check_preview(&mut promote);

    // Paused with something received: the promotion applies that and ends the pause.
    pair.b.sql("select pg_wal_replay_pause()");
    pair.a.sql("create table received (x int)");
    let written = pair.a.sql("select pg_current_wal_lsn()");
    pair.b.until_sql(&format!("select pg_last_wal_receive_lsn() >= '{written}'"), "t");
    pair.a.kill9();
    let said = promote.apply().unwrap();
    assert!(said.as_str().contains("PRIMARY on timeline 2"), "{said}");
    assert!(done(&promote.check()));
    assert_eq!(pair.b.sql("select count(*) from received"), "0");
    let again = promote.apply().unwrap_err();
    assert!(again.to_string().contains("recovery is not in progress"), "{again}");
    assert!(matches!(again, OperateError::Refused(_)), "{again:?}");

    // The row of timeline 1 is not a proof; a new one is.
    assert!(matches!(write.check(), Standing::NotDone(_)));
    let wrote = write.apply().unwrap();
    assert!(wrote.as_str().contains("timeline 2"), "{wrote}");
    assert!(done(&write.check()));
    let b = watcher.side(Side::B).unwrap();
    assert_eq!((b.role, figure(&b, "timeline")), (Some(Role::Primary), Some(2.0)));
    assert!(figure(&b, "last_replayed_unix_ms").is_some(), "kept after the promotion");

    check_the_old_primary_returns(&mut pair, &mut watcher);
}

#[test]
fn nothing_is_promoted_beside_a_primary_that_is_not_closed() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    promotes_alone(&spec, "postgres.promote", || {
        Hand::new(&spec, "postgres.fence", Side::A, Table::default()).apply().unwrap();
    });
}

fn check_preview(promote: &mut Hand) {
    let preview = promote.preview();
    let lines: Vec<String> =
        preview.changes.iter().map(|line| format!("{} {}", line.mark, line.text)).collect();
    for want in [
        "~ pg in Region B role replica -> PRIMARY",
        "~ pg in Region B timeline 1 -> 2",
        "~ pg in Region B writes refused -> ACCEPTED",
        "- replication Region A -> Region B REMOVED",
        "! Region A can never rejoin without rewind or rebuild",
        "~ pg in Region B has all that Region A has written, as read now",
        "! Region A still accepts writes: TWO PRIMARIES",
    ] {
        assert!(lines.iter().any(|line| line == want), "{want} in {lines:#?}");
    }
    assert_eq!(preview.call.as_str(), "select pg_promote(true, 60)");
}

fn check_the_old_primary_returns(pair: &mut Pair, watcher: &mut Watcher) {
    // It comes back and still accepts writes: two primaries, told truly.
    pair.a.start();
    let looks = watcher.look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((a.role, b.role), (Some(Role::Primary), Some(Role::Primary)));
    assert_eq!((yes(&a, "diverged"), yes(&b, "diverged")), (Some(true), Some(true)));
    assert!(why(&a).contains("A is on timeline 1, B on 2"), "{}", why(&a));

    // Rewound, it follows the new primary.
    let source = &pair.b;
    pair.a.rewind_from(source);
    let a = watcher.until(Side::A, "A follows B", |reading| {
        reading.lag.as_ref().is_some_and(|lag| lag.seconds == Some(0.0))
    });
    assert_eq!((a.role, yes(&a, "diverged")), (Some(Role::Standby), Some(false)));
}

#[test]
fn a_missing_right_is_said_with_its_grant() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "plain", Table::default());
    let check = |action: &str, side: Side, want: &str| {
        rights::is_missing(&spec, action, side, Table::default(), want);
    };
    let grant = "GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO wr_plain";
    check("postgres.promote", Side::B, grant);
    check("postgres.fence", Side::A, "GRANT EXECUTE ON FUNCTION pg_reload_conf() TO wr_plain");
    pair.a.sql("grant execute on function pg_reload_conf() to wr_plain");
    let grant = "GRANT ALTER SYSTEM ON PARAMETER default_transaction_read_only TO wr_plain";
    check("postgres.fence", Side::A, grant);
    check("postgres.verify_write", Side::A, "right on warroom_probe TO wr_plain");
    // Making a table needs a right that only `create` asks for, and only where it is missing.
    let spec = system(&pair, "read", "act", Table::default());
    let with = |name: &str| table(vec![("create", Value::Boolean(true)), ("table", text(name))]);
    let mut there = Hand::new(&spec, "postgres.verify_write", Side::A, with("warroom_probe"));
    there.apply().unwrap();
    let mut absent = Hand::new(&spec, "postgres.verify_write", Side::A, with("absent"));
    assert!(matches!(absent.check(), Standing::NotDone(_)));
    assert!(matches!(absent.apply(), Err(OperateError::Permission(_))));
    pair.a.sql("grant create on schema public to wr_act");
    absent.apply().unwrap();
    assert!(done(&absent.check()));
    assert_eq!(pair.b.sql("select pg_is_in_recovery()"), "t", "nothing was changed");
    assert_eq!(pair.a.sql("show default_transaction_read_only"), "off");
}

#[test]
fn a_fence_stops_writers_and_can_be_lifted() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let folder = crate::servers::folder();
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let mut fence = Hand::new(&spec, "postgres.fence", Side::A, Table::default());
    let mut unfence = Hand::new(&spec, "postgres.unfence", Side::A, Table::default());
    let login = format!("user=app password={APP_PASSWORD} dbname=postgres");
    let dsn = format!("host=127.0.0.1 port={} {login}", pair.a.port);
    let load = Load::start_as(&pair.a, &dsn, folder.path(), 5);
    load.until_more(20);

    // Under load a lag is known and small.
    for _ in 0..20 {
        let lag = watcher.side(Side::B).unwrap().lag.unwrap();
        assert_eq!(lag.certainty, Certainty::Known, "{lag:?}");
        assert!(lag.seconds.is_some_and(|seconds| seconds < 5.0), "{lag:?}");
    }

    assert!(matches!(fence.check(), Standing::NotDone(_)));
    assert!(done(&unfence.check()));
    assert!(fence.preview().changes.iter().any(|line| line.text.as_str().contains("REFUSED")));
    let app_pid = "select pid from pg_stat_activity where usename = 'app'";
    let before = pair.a.sql(app_pid);
    let said = fence.apply().unwrap();
    assert!(said.as_str().contains("refuses writes"), "{said}");
    assert_ne!(pair.a.sql(app_pid), before, "the writer's session was ended");
    let acknowledged = load.acknowledged().len();
    assert!(done(&fence.check()));
    assert!(matches!(unfence.check(), Standing::NotDone(_)));
    let refused = pair.a.try_sql("create table no (x int)").unwrap_err();
    assert!(refused.contains("read-only transaction"), "{refused}");
    let a = watcher.side(Side::A).unwrap();
    assert_eq!((a.role, yes(&a, "writable")), (Some(Role::Primary), Some(false)));
    assert!(why(&a).contains("writes are refused"), "{}", why(&a));
    fence.apply().unwrap();

    // The standby still gets the rest: a fenced primary hands over without loss.
    pair.until_caught_up();
    assert!(load.missing_in(&pair.b).is_empty());
    assert_eq!(load.acknowledged().len(), acknowledged, "nothing is taken while fenced");
    unfence.apply().unwrap();
    assert!(done(&unfence.check()));
    load.until_more(20);
    let a = watcher.side(Side::A).unwrap();
    assert_eq!(yes(&a, "writable"), Some(true));
}

#[test]
fn a_schema_is_compared_with_what_is_known() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let mut pair = Pair::start();
    pair.a.sql("create table users (id int primary key, mail text not null)");
    pair.until_caught_up();
    let spec = system(&pair, "read", "act", Table::default());
    let verify = |with: Table| Hand::new(&spec, "postgres.verify_schema", Side::B, with);
    let fingerprint = match Watcher::new(&spec).side(Side::A).unwrap().fact("schema_fingerprint") {
        Some(FactValue::Text(found)) => found.to_string(),
        other => panic!("{other:?}"),
    };
    let plan = |print: &str| table(vec![("fingerprint", text(print))]);
    let tables = |name: &str| {
        let node = warroom::domain::settings::Node {
            span: warroom::domain::settings::Span::default(),
            value: text(name),
        };
        table(vec![("tables", Value::List(vec![node]))])
    };
    let says = |mut hand: Hand| match hand.check() {
        Standing::Done(said) => format!("done: {said}"),
        Standing::NotDone(said) => format!("not done: {said}"),
        Standing::Unknown(said) => format!("unknown: {said}"),
    };
    assert!(says(verify(Table::default())).contains("equal to that of Region A"));
    assert!(says(verify(plan(&fingerprint))).contains("equal to the one of the plan"));
    assert!(says(verify(plan("0"))).starts_with("not done"));
    assert!(says(verify(tables("users"))).starts_with("done"));
    assert!(says(verify(tables("absent"))).contains("lacks table public.absent"));
    pair.a.kill9();
    let alone = says(verify(Table::default()));
    assert!(alone.starts_with("done") && alone.contains("not compared"), "{alone}");
    verify(plan("0")).apply().unwrap_err();
}
