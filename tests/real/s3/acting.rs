//! Comparing, proving, stopping, turning round, on real servers with just the rights of the docs.

use warroom::domain::ids::Side;
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::{FactValue, Role};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::OperateError;

use super::bench::{Hand, Watcher, done, plan, system, table, text, why};
use crate::kind::{Rig as _, rights};
use crate::servers::minio::Pair;
use crate::servers::objects::Load;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

fn says(standing: &Standing) -> String {
    match standing {
        Standing::Done(said) => format!("done: {said}"),
        Standing::NotDone(said) => format!("not done: {said}"),
        Standing::Unknown(said) => format!("unknown: {said}"),
    }
}

fn shows(preview: &Preview, want: &str) {
    let lines: Vec<String> =
        preview.changes.iter().map(|line| format!("{} {}", line.mark, line.text)).collect();
    assert!(lines.iter().any(|line| line.contains(want)), "{want} in {lines:#?}");
}

/// The roles as one look tells them.
fn roles(watcher: &mut Watcher) -> [Option<Role>; 2] {
    let looks = watcher.look_anew();
    [looks.a, looks.b].map(|look| look.unwrap().unwrap().role)
}

#[test]
fn copying_is_stopped_resumed_and_turned_round() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let mut pair = Pair::start();
    let spec = system(&pair, Vec::new());
    let hand = |action: &str, side: Side, with: Table| Hand::new(&spec, action, side, with);
    let mut watcher = Watcher::new(&spec);
    let mut load = Load::start(pair.a.store(), plan());
    assert_eq!(roles(&mut watcher), [Some(Role::Primary), Some(Role::Standby)]);
    let verify = || hand("s3.verify_replicated", Side::B, table(vec![("prefix", text("data/"))]));
    load.until_more(20);
    load.stop();
    until("all is there", DEADLINE, || load.missing_in(&pair.b.store()).is_empty());
    let said = says(&verify().check());
    assert!(said.starts_with("done: ") && said.contains("are in objects in Region B"), "{said}");

    // Stopped: nothing but the status of the rule changes, also not what Amazon does not know.
    let rules = pair.a.admin(&["replicate", "ls", "a/src"]);
    let mut stop = hand("s3.stop_replication", Side::B, Table::default());
    assert_eq!(says(&stop.check()), "not done: objects in Region B is a copy of Region A");
    shows(&stop.preview(), "- replication Region A -> Region B: 1 rules OFF");
    stop.apply().unwrap();
    assert!(done(&stop.check()));
    let off = rules.replacen("\"Status\":\"Enabled\"", "\"Status\":\"Disabled\"", 1);
    assert_eq!(pair.a.admin(&["replicate", "ls", "a/src"]), off);
    assert!(stop.apply().is_ok(), "a second time changes nothing");
    assert_eq!(roles(&mut watcher), [None, None]);
    assert!(why(&watcher.side(Side::B).unwrap()).contains("no rule copies either way"));
    assert!(pair.a.store().put("data/late", vec![1]));
    let said = says(&verify().check());
    assert!(said.contains("are not in objects in Region B, as `data/late`"), "{said}");
    assert!(matches!(verify().apply(), Err(OperateError::Refused(_))));

    // Resumed, by the rule that is there.
    let mut resume = hand("s3.replicate", Side::B, Table::default());
    assert!(matches!(resume.check(), Standing::NotDone(_)));
    shows(&resume.preview(), "+ replication Region A -> Region B: its rules are turned on");
    let said = resume.apply().unwrap();
    assert!(said.as_str().contains("what Region A held before is not copied by that"), "{said}");
    assert_eq!(pair.a.admin(&["replicate", "ls", "a/src"]), rules);
    assert_eq!(roles(&mut watcher), [Some(Role::Primary), Some(Role::Standby)]);

    turned_round(&pair, &spec, &mut watcher);

    // Without the other side there is no proof, and that is said.
    pair.a.program.kill9();
    let stopped = stop.apply().unwrap_err();
    assert!(stopped.to_string().contains("nothing was sent"), "{stopped}");
    let said = says(&verify().check());
    assert!(said.starts_with("unknown: no proof possible: Region A is not read"), "{said}");
}

/// For the way back: first the old way ends.
fn turned_round(pair: &Pair, spec: &SystemSpec, watcher: &mut Watcher) {
    let hand = |action: &str, side: Side| Hand::new(spec, action, side, Table::default());
    pair.b.replicate_to(&pair.a);
    assert_eq!(roles(watcher), [None, None]);
    assert!(watcher.side(Side::B).unwrap().note.as_str().contains("rules copy both ways"));
    hand("s3.stop_replication", Side::A).apply().unwrap();
    let refused = hand("s3.replicate", Side::A).apply().unwrap_err();
    assert!(
        refused.to_string().contains("stop that with s3.stop_replication of Region B first"),
        "{refused}"
    );
    hand("s3.stop_replication", Side::B).apply().unwrap();
    let mut back = hand("s3.replicate", Side::A);
    shows(&back.preview(), "+ replication Region B -> Region A: its rules are turned on");
    back.apply().unwrap();
    assert!(done(&back.check()));
    assert_eq!(roles(watcher), [Some(Role::Standby), Some(Role::Primary)]);
    assert!(pair.b.store().put("data/back", vec![1]));
    until("it comes back", DEADLINE, || pair.a.store().keys("data/back").len() == 1);
}

#[test]
fn a_write_is_proven_by_one_that_was_made_here() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let pair = Pair::start();
    let spec = system(&pair, Vec::new());
    let hand = |side: Side| Hand::new(&spec, "s3.verify_write", side, Table::default());
    let (mut a, mut b) = (hand(Side::A), hand(Side::B));
    assert!(says(&b.check()).contains("no object was written to objects in Region B"));
    // A copy of what was written to A proves nothing of B.
    assert!(pair.a.store().put("warroom-probe/step-B/x", vec![1]));
    until("it is copied", DEADLINE, || pair.b.store().keys("warroom-probe/").len() == 1);
    assert!(says(&b.check()).contains("is a copy: not written here"), "{}", says(&b.check()));
    let said = b.apply().unwrap();
    assert!(said.as_str().starts_with("wrote and read back one object"), "{said}");
    assert!(done(&b.check()));
    assert_eq!(pair.b.store().keys("warroom-probe/step-B/").len(), 1, "the old one stays");
    b.apply().unwrap();
    assert!(matches!(a.check(), Standing::NotDone(_)));
    a.apply().unwrap();
    assert!(done(&a.check()));
}

#[test]
fn the_newest_complete_backup_counts() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let pair = Pair::start();
    let store = pair.b.store();
    let backups = |tenants: bool| {
        let mut of = vec![
            ("prefix", text("backups/")),
            ("newest_at_most", text("100000d")),
            ("complete", text("MANIFEST")),
            ("size_least", text("1 KiB")),
        ];
        of.push(("tenants", Value::Boolean(tenants)));
        vec![("backups", Value::Table(table(of)))]
    };
    let spec = system(&pair, backups(false));
    let verify =
        |spec| says(&Hand::new(spec, "s3.verify_backups", Side::B, Table::default()).check());
    assert!(verify(&spec).contains("there is no complete backup"), "{}", verify(&spec));
    for (set, size) in [("2026-11-20T06-00Z", 2000), ("2026-11-21T06-00Z", 3000)] {
        assert!(store.put(&format!("backups/{set}/data"), vec![0; size]));
        assert!(store.put(&format!("backups/{set}/MANIFEST"), vec![]));
    }
    // Newer, and it was never finished; and one of the far future.
    assert!(store.put("backups/2026-11-22T06-00Z/data", vec![0; 4000]));
    assert!(store.put("backups/2999-01-01/MANIFEST", vec![0; 4000]));
    let want = "done: objects in Region B: complete backup 2026-11-21T06-00Z, 2 files";
    assert_eq!(verify(&spec), want);
    let told = |spec| {
        Watcher::new(spec).until(Side::B, "the backups were found", |reading| {
            reading.fact("backup_set").is_some()
        })
    };
    let reading = told(&spec);
    let fact = |name: &str| reading.fact(name).map(FactValue::shown);
    assert_eq!(fact("backup_set").as_deref(), Some("2026-11-21T06-00Z"));
    assert_eq!(
        (fact("backup_size"), fact("backup_files")),
        (Some("3000".into()), Some("2".into()))
    );
    // A tenant without one is the worst.
    let spec = system(&pair, backups(true));
    for tenant in ["t1", "t2"] {
        assert!(store.put(&format!("backups/{tenant}/2026-11-21/data"), vec![0; 2000]));
    }
    assert!(store.put("backups/t1/2026-11-21/MANIFEST", vec![]));
    assert!(verify(&spec).contains("there is no complete backup of tenant"), "{}", verify(&spec));
}

#[test]
fn a_missing_right_is_said_with_its_name() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let pair = Pair::start();
    let mut spec = system(&pair, Vec::new());
    rights::wrong_password(&pair);
    let look = || Watcher::new(&spec).side(Side::A);
    let policy = |actions: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],
            "Resource":["arn:aws:s3:::src","arn:aws:s3:::src/*"]}}]}}"#
        )
    };
    pair.a.give("wr_read", &policy(r#""s3:GetObject""#));
    until("the right is gone", DEADLINE, || look().is_err());
    let error = look().unwrap_err().to_string();
    assert!(error.contains("user wr_read may not do this; allow it `s3:ListBucket`"), "{error}");
    pair.a.give("wr_read", &policy(r#""s3:ListBucket""#));
    until("the right is there", DEADLINE, || look().is_ok());
    let reading = look().unwrap();
    assert_eq!(reading.role, None);
    assert!(why(&reading).contains("allow it `s3:GetReplicationConfiguration`"), "{reading:?}");
    spec = pair.system("read", "plain", Table::default());
    let grant = "s3:ListBucket";
    rights::is_missing(&spec, "s3.verify_write", Side::B, Table::default(), grant);
    pair.b.give("wr_plain", &policy(r#""s3:ListBucket""#).replace(":::src", ":::dst"));
    let grant = "user wr_plain may not do this; allow it `s3:PutObject`";
    let missing = || Hand::new(&spec, "s3.verify_write", Side::B, Table::default()).apply();
    until("the right is there", DEADLINE, || {
        missing().is_err_and(|error| error.to_string().contains(grant))
    });
    rights::is_missing(&spec, "s3.verify_write", Side::B, Table::default(), grant);
}
