//! A fence is done when the server is proven closed: sessions and settings that would slip through.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Role, Writes};
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;
use warroom::port::OperateError;

use super::bench::{Hand, Watcher, done, system, why, yes};
use crate::servers::Killed;
use crate::servers::postgres::{APP_PASSWORD, Pair, Server, binaries};
use crate::turns::{Group, turn};

/// A session that is talked to line by line.
struct Talk {
    _process: Killed,
    says: ChildStdin,
    hears: BufReader<ChildStdout>,
}

impl Talk {
    fn open(server: &Server, user: &str) -> Self {
        let mut child: Child = Command::new(binaries().unwrap().join("psql"))
            .args(["-X", "-A", "-t", "-q", "-h", server.address, "-U", user, "-d", "postgres"])
            .args(["-p", &server.port.to_string()])
            .env("PGPASSWORD", APP_PASSWORD)
            .env("PGAPPNAME", "shop")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (says, hears) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut talk = Self { _process: Killed(child), says, hears: BufReader::new(hears) };
        assert_eq!(talk.say(""), "", "{user} is logged in");
        talk
    }

    /// Begins what goes on until the session ends.
    fn begin(&mut self, sql: &str) {
        writeln!(self.says, "{sql}").unwrap();
    }

    /// What the server answered; nothing when it refused or ended the session.
    fn say(&mut self, sql: &str) -> String {
        // A session that was ended takes no more words.
        let _ = writeln!(self.says, "{sql}\n\\echo .");
        let mut said = String::new();
        loop {
            let mut line = String::new();
            match self.hears.read_line(&mut line) {
                Ok(0) | Err(_) => return said,
                Ok(_) if line == ".\n" => return said.trim().to_owned(),
                Ok(_) => said.push_str(&line),
            }
        }
    }
}

/// A pair with a table that is written to, who watches it, and the fence of A.
fn to_be_fenced() -> (Pair, SystemSpec, Watcher, Hand) {
    let pair = Pair::start();
    pair.a.sql("create table rows (x int)");
    let spec = system(&pair, "read", "act", Table::default());
    let watcher = Watcher::new(&spec);
    let fence = Hand::new(&spec, "postgres.fence", Side::A, Table::default());
    (pair, spec, watcher, fence)
}

fn not_done(fence: &mut Hand) -> String {
    match fence.check() {
        Standing::NotDone(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_older_than_the_fence_cannot_commit() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let (pair, spec, mut watcher, mut fence) = to_be_fenced();
    watcher.look();

    // Cut after the reload: the default is set, and what was open goes on.
    let (mut busy, mut idle) = (Talk::open(&pair.a, "app"), Talk::open(&pair.a, "app"));
    assert_eq!(busy.say("begin; insert into rows values (1) returning x;"), "1");
    assert_eq!(idle.say("select 1;"), "1");
    pair.a.sql("alter system set default_transaction_read_only = on");
    pair.a.sql("select pg_reload_conf()");
    pair.a.until_sql("show default_transaction_read_only", "on");
    let a = watcher.side(Side::A).unwrap();
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Open)));
    assert_eq!(yes(&a, "writable"), Some(true));
    for said in [why(&a), not_done(&mut fence)] {
        assert!(said.contains("older than the read-only default: pid "), "{said}");
        assert!(said.contains("app (shop) idle in transaction"), "{said}");
    }

    // The fence ends them; the rows that were not committed never come.
    fence.apply().unwrap();
    assert!(done(&fence.check()));
    assert_eq!(busy.say("commit;"), "");
    assert_eq!(idle.say("insert into rows values (2) returning x;"), "");
    assert_eq!(pair.a.sql("select count(*) from rows"), "0");
    let a = watcher.side(Side::A).unwrap();
    assert_eq!((a.writes, yes(&a, "writable")), (Some(Writes::Refused), Some(false)));

    // A session that begins behind the fence reads, and a later load does not make it a writer.
    let mut reader = Talk::open(&pair.a, "app");
    assert_eq!(reader.say("select count(*) from rows;"), "0");
    assert_eq!(reader.say("insert into rows values (3) returning x;"), "");
    assert!(done(&fence.check()));

    // A superuser's session is not ours to end: it is named until it is gone.
    Hand::new(&spec, "postgres.unfence", Side::A, Table::default()).apply().unwrap();
    let mut above = Talk::open(&pair.a, "postgres");
    assert_eq!(above.say("begin; insert into rows values (4) returning x;"), "4");
    let said = fence.apply().unwrap();
    for said in [said.to_string(), not_done(&mut fence)] {
        assert!(said.contains("postgres (shop) idle in transaction"), "{said}");
    }
    assert_eq!(above.say("commit; select count(*) from rows;"), "1", "it still could");
    drop(above);
    pair.a.until_sql("select count(*) from pg_stat_activity where application_name = 'shop'", "0");
    assert!(done(&fence.check()));

    // What was committed without waiting for the disk is handed over too.
    Hand::new(&spec, "postgres.unfence", Side::A, Table::default()).apply().unwrap();
    let mut hasty = Talk::open(&pair.a, "app");
    hasty.say("set synchronous_commit = off;");
    assert_eq!(hasty.say("insert into rows values (5) returning x;"), "5");
    fence.apply().unwrap();
    pair.until_caught_up();
    assert_eq!(pair.b.sql("select max(x) from rows"), "5");
}

#[test]
fn a_setting_that_lifts_the_fence_is_named() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let (pair, spec, mut watcher, mut fence) = to_be_fenced();
    let mut check = |who: &str, value: &str, want: Option<&str>| {
        pair.a.sql(&format!("alter {who} set default_transaction_read_only to {value}"));
        let preview = format!("{:?}", fence.preview().changes);
        let applied = fence.apply();
        if want.is_some() {
            // As it stands when the setting is made after the fence.
            assert_eq!(pair.a.sql("show default_transaction_read_only"), "off", "{who} {value}");
            let before = pair.a.sql("select pg_conf_load_time()");
            pair.a.sql("alter system set default_transaction_read_only = on");
            pair.a.sql("select pg_reload_conf()");
            pair.a.until_sql(&format!("select pg_conf_load_time() > '{before}'"), "t");
        }
        let a = watcher.side(Side::A).unwrap();
        match want {
            None => {
                applied.unwrap();
                assert!(done(&fence.check()), "{who} {value}: {:?}", fence.check());
                assert_eq!(a.writes, Some(Writes::Refused), "{who} {value}: {}", why(&a));
            }
            Some(want) => {
                assert_eq!(a.writes, Some(Writes::Open), "{who} {value}");
                let refused = match applied {
                    Err(OperateError::Refused(why)) => why.to_string(),
                    other => panic!("{who} {value}: {other:?}"),
                };
                assert!(refused.contains("nothing was changed"), "{refused}");
                for said in [refused, not_done(&mut fence), preview] {
                    assert!(said.contains(want), "{said} / {want}");
                }
                // Where our own session is lifted too, it is an open primary like any other.
                let lifted = why(&a).contains("yet writes are open");
                assert_eq!(lifted, who != "role all", "{who}: {}", why(&a));
            }
        }
        // As a superuser who sets the default back for himself.
        let reset = format!("alter {who} reset default_transaction_read_only");
        pair.a.sql(&format!("begin read write; {reset}; commit"));
        Hand::new(&spec, "postgres.unfence", Side::A, Table::default()).apply().unwrap();
    };
    for value in ["off", "'OFF'", "'f'", "'n'", "'0'", "'False'"] {
        let want = format!("role app sets default_transaction_read_only to {}", {
            if value == "off" { "'off'" } else { value }
        });
        check("role app", value, Some(&want));
    }
    check("role app", "on", None);
    check("role app", "'Y'", None);
    check("role app in database postgres", "off", Some("role app in database postgres sets"));
    check("database template1", "off", Some("database template1 sets"));
    check("role all", "off", Some("ALTER ROLE ALL sets"));
    // A default of the user that asks hides the server's: nothing is proven by it.
    pair.a.sql("alter role wr_read set default_transaction_read_only to on");
    fence.apply().unwrap();
    assert!(done(&fence.check()), "the acting user sees the server's own");
    let a = Watcher::new(&spec).side(Side::A).unwrap();
    assert_eq!(a.writes, Some(Writes::Unknown));
    assert!(why(&a).contains("hides the server's"), "{}", why(&a));
}

#[test]
fn a_session_that_writes_against_the_fence_is_noticed() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let (pair, spec, mut watcher, mut fence) = to_be_fenced();
    // Loaded by the fence: a load behind it makes every session an older one.
    pair.a.sql("alter system set autovacuum_naptime = '1s'");
    fence.apply().unwrap();
    let standing = fence.check();
    assert!(done(&standing), "{standing:?}");
    assert_eq!(watcher.side(Side::A).unwrap().writes, Some(Writes::Refused));

    // As some drivers do by themselves, in a session that began behind the fence.
    let mut shop = Talk::open(&pair.a, "app");
    let write = "begin read write; insert into rows values (1) returning x;";
    assert_eq!(shop.say(write), "1");
    let a = watcher.side(Side::A).unwrap();
    assert_eq!(a.writes, Some(Writes::Open));
    let named = "1 session that writes against the default: pid ";
    for said in [why(&a), not_done(&mut fence)] {
        assert!(said.contains(named) && said.contains("app (shop) idle in tr"), "{said}");
    }
    // The fence ends it, and what it did not commit never comes.
    fence.apply().unwrap();
    assert_eq!(shop.say("commit;"), "");
    assert_eq!(pair.a.sql("select count(*) from rows"), "0");

    // Committed between two looks: nothing of it is there any more but the ids it took.
    assert_eq!(watcher.side(Side::A).unwrap().writes, Some(Writes::Refused));
    let mut shop = Talk::open(&pair.a, "app");
    assert_eq!(shop.say(&format!("{write} commit;")), "1");
    let a = watcher.side(Side::A).unwrap();
    assert_eq!(a.writes, Some(Writes::Open));
    assert!(why(&a).contains("a session opens its transactions READ WRITE"), "{}", why(&a));
    assert_eq!(yes(&a, "writable"), Some(true));
    assert!(done(&fence.check()));

    // The server's own maintenance is no writer.
    pair.a.sql("begin read write; insert into rows select generate_series(1, 1000); commit");
    let mut watcher = Watcher::new(&spec);
    assert_eq!(watcher.side(Side::A).unwrap().writes, Some(Writes::Refused));
    let analyzed = "select autoanalyze_count > 0 from pg_stat_user_tables where relname = 'rows'";
    pair.a.until_sql(analyzed, "t");
    let a = watcher.side(Side::A).unwrap();
    assert_eq!(a.writes, Some(Writes::Refused), "{}", why(&a));

    // Whoever keeps writing is noticed while the fence is checked.
    let mut steady = Talk::open(&pair.a, "app");
    steady.say("set default_transaction_read_only = off;");
    steady.begin("insert into rows values (9) \\watch 0.2");
    pair.a.until_sql("select count(*) > 1 from rows where x = 9", "t");
    let said = not_done(&mut fence);
    assert!(said.contains(" wrote within ") || said.contains(named), "{said}");
}

#[test]
fn what_writes_behind_a_fence_is_named() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let (pair, _, mut watcher, mut fence) = to_be_fenced();
    let mut shop = Talk::open(&pair.a, "app");
    shop.say("begin; insert into rows values (1); prepare transaction 'late';");
    pair.a.sql(
        "create subscription feed connection 'host=127.0.0.1 port=1' publication p
           with (connect = false, slot_name = 'feed');
         alter subscription feed enable",
    );
    fence.apply().unwrap();
    let a = watcher.side(Side::A).unwrap();
    assert_eq!(a.writes, Some(Writes::Open));
    for said in [why(&a), not_done(&mut fence)] {
        let prepared = "1 prepared transaction that can still be committed: 'late' of app";
        assert!(said.contains(prepared), "{said}");
        assert!(said.contains("1 subscription that writes whatever the default: feed"), "{said}");
    }
    pair.a.sql("rollback prepared 'late'");
    pair.a.sql("begin read write; alter subscription feed disable; commit");
    assert!(done(&fence.check()));
    assert_eq!(watcher.side(Side::A).unwrap().writes, Some(Writes::Refused));

    // Without the right to see sessions nothing is proven, whatever the default is.
    let blind = Watcher::new(&system(&pair, "plain", "act", Table::default())).side(Side::A);
    let blind = blind.unwrap();
    assert_eq!(blind.writes, Some(Writes::Unknown));
    assert!(why(&blind).contains("need pg_monitor"), "{}", why(&blind));
}
