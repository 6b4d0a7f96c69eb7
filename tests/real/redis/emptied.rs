//! A primary that comes back without its data: told by every process until a person accepts it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use warroom::app::kinds::load;
use warroom::commands::exit::Exit;
use warroom::commands::status::{self, Recalled, Status, VerdictWord};
use warroom::domain::day::Day;
use warroom::domain::ids::{Side, SystemId};
use warroom::domain::ledger::{LossVerdict, freeze};
use warroom::domain::readiness::Spells;
use warroom::domain::reading::Health;
use warroom::domain::run::event::Actor;
use warroom::domain::run::state::AcceptedCriterion;
use warroom::domain::snapshot::Snapshot;
use warroom::files::site::LoadedSite;
use warroom::port::Clock;
use warroom::runtime::observations::{Keeper, Learned, Observations, peek};

use super::bench::WallClock;
use crate::servers::postgres::READ_PASSWORD;
use crate::servers::redis::Pair;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const SITE: &str = r#"
schema = 1
name = "shop"
red_needs_signals = 1
objectives.core = { rto = "10m", rpo = "5m", rpo_guaranteed = false }
regions.a = { label = "Region A", starts_as = "primary" }
regions.b = { label = "Region B", starts_as = "standby" }

[systems.cache]
kind = "redis"
objective = "core"
every = "1s"
timeout = "1s"
read = "read"
a = { host = "127.0.0.1:@a@", persistence = "off" }
b = { host = "127.0.0.1:@b@", persistence = "off" }

[secrets]
read = { user = "wr_read", password = { file = "read" } }

[rules]
cache_down = { system = "cache", failures = 3 }
"#;

/// The site of a pair, and what processes that look at it remember.
struct Rig {
    folder: TempDir,
    site: LoadedSite,
    runtime: Runtime,
    clock: Arc<dyn Clock>,
    /// What a console knows that goes on all the time.
    console: Snapshot,
}

impl Rig {
    fn new(pair: &Pair) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = SITE.replace("@a@", &pair.a.port.to_string());
        let text = text.replace("@b@", &pair.b.port.to_string());
        for (name, text) in [("site.toml", text.as_str()), ("read", READ_PASSWORD)] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::create_dir(folder.path().join("runbooks")).unwrap();
        let site = load(folder.path()).unwrap();
        let (runtime, clock) = (Runtime::new().unwrap(), Arc::new(WallClock));
        Self { folder, site, runtime, clock, console: Snapshot::default() }
    }

    /// What a console says after one more look; it remembers what it saw.
    fn console(&mut self) -> Status {
        let mut snapshot = std::mem::take(&mut self.console);
        self.look(&mut snapshot);
        self.console = snapshot;
        let now = self.clock.now();
        let keeper = Keeper::start(self.folder.path()).unwrap();
        keeper.keep(Observations {
            saved: now,
            snapshot: self.console.without_histories(),
            red: None,
            ledger: None,
            active: Some(Side::A),
            active_at: None,
            day: Day::default(),
            spells: Spells::default(),
            learned: Learned::new(),
        });
        drop(keeper);
        let known = Recalled::default();
        let picture = status::judged(&self.site, &known, self.console.clone(), now);
        status::told(&self.site, &known, &picture, now)
    }

    /// What `status` says: a process of its own, which goes on from what was kept, and keeps it.
    fn status(&self) -> Status {
        let known = Recalled { remembered: peek(self.folder.path()), ..Recalled::default() };
        let mut snapshot = Snapshot::default();
        if let Some(memory) = &known.remembered {
            snapshot.remember_all(memory.snapshot.clone());
        }
        self.look(&mut snapshot);
        let now = self.clock.now();
        let picture = status::judged(&self.site, &known, snapshot, now);
        let told = status::told(&self.site, &known, &picture, now);
        status::remember(self.folder.path(), &known, picture, Learned::new(), now);
        told
    }

    fn look(&self, snapshot: &mut Snapshot) {
        let (site, mut none) = (&self.site, Learned::new());
        let look = status::look(site, &self.clock, Duration::ZERO, &mut none, snapshot);
        self.runtime.block_on(look).unwrap();
    }

    fn health(&self, side: Side) -> Health {
        let cell = self.console.cell(&SystemId::new("cache").unwrap(), side).unwrap();
        cell.last_reading.clone().unwrap().health
    }
}

/// The sentence of the alarm, with its priority.
fn alarm(told: &Status) -> Option<(u8, &str)> {
    let found = told.alarms.iter().find(|alarm| alarm.key == "emptied/cache")?;
    Some((found.priority, found.sentence.as_str()))
}

fn fill(pair: &Pair) {
    for number in 0..20 {
        pair.a.ask(&["SET", &format!("auth:{number}"), "x"]);
    }
}

#[test]
fn an_emptied_pair_is_told_by_every_process_until_a_person_accepts_it() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    fill(&pair);
    pair.until_caught_up();
    let mut rig = Rig::new(&pair);
    let before = rig.console();
    assert_eq!((alarm(&before), before.verdict.word == VerdictWord::NoGo), (None, false));

    // It comes back without its data, and the replica may not reach it yet.
    pair.a.kill9();
    pair.a.forget();
    pair.a.options = ["--appendonly", "no", "--save", ""].map(str::to_owned).into();
    pair.b.ask(&["CONFIG", "SET", "masterauth", "not the password"]);
    pair.a.start();
    // One that only looks once notices by what another one remembered.
    let want = "EMPTIED: cache in A came back EMPTY, without its 20 keys; B still holds 20 keys: \
                promote it or stop A";
    assert_eq!(alarm(&rig.status()), Some((1, want)));
    assert_eq!(alarm(&rig.console()), Some((1, want)));
    assert!(matches!(rig.health(Side::A), Health::Down(_)), "{:?}", rig.health(Side::A));

    // The replica copies the emptiness a second later: level, and nothing is well.
    pair.b.ask(&["CONFIG", "SET", "masterauth", "replica"]);
    until("B has copied it", DEADLINE, || {
        pair.b.info("db0").is_empty() && pair.b.info("master_link_status") == "up"
    });
    let want = "EMPTIED: cache in A came back EMPTY, without its 20 keys, B copied a source \
                without its 20 keys; restore it, then accept this in the go/no-go list of a run";
    let check = |told: &Status| {
        assert_eq!(alarm(told), Some((1, want)));
        assert!(told.verdict.word == VerdictWord::NoGo, "{told}");
        assert!(told.exit() == Exit::Finding, "{told}");
    };
    check(&rig.status());
    check(&rig.console());
    let no_figure = |rig: &Rig| {
        let ledger = freeze(&rig.site.site, &rig.console, Side::A, rig.clock.now());
        assert_eq!((ledger.rows[0].loss_s, ledger.rows[0].verdict), (None, LossVerdict::Unknown));
    };
    no_figure(&rig);

    // Writes resume: nobody has said that this is the data.
    fill(&pair);
    pair.until_caught_up();
    check(&rig.status());
    check(&rig.console());
    check(&rig.status());
    no_figure(&rig);
    assert_eq!(rig.health(Side::A), Health::Up);

    // A named person does.
    rig.console.take_accepted(&[AcceptedCriterion {
        asks: "cache kept its data".into(),
        evidence: "NOT MET".into(),
        reason: "restored from the backup of ten o'clock".into(),
        by: Actor { person: None, user: "anna".into(), host: "bastion".into() },
        at: rig.clock.now(),
        key: "emptied/cache".to_owned(),
    }]);
    assert_eq!(alarm(&rig.console()), None);
    assert_eq!(alarm(&rig.status()), None);
}

#[test]
fn nobody_looked_while_it_was_empty() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    fill(&pair);
    pair.until_caught_up();
    let rig = Rig::new(&pair);
    assert_eq!(alarm(&rig.status()), None);
    pair.a.kill9();
    pair.a.forget();
    pair.a.options = ["--appendonly", "no", "--save", ""].map(str::to_owned).into();
    pair.a.start();
    // As many keys as before, and none of them was there.
    fill(&pair);
    pair.until_caught_up();
    let told = rig.status();
    let (priority, sentence) = alarm(&told).unwrap();
    assert!(sentence.contains("A came back EMPTY, without its 20 keys"), "{sentence}");
    assert_eq!(priority, 1);
    assert!(told.exit() == Exit::Finding, "{told}");
    assert_eq!(alarm(&rig.status()), Some((1, sentence)), "it is remembered");
    // It reads what it saved, and says so.
    let mut pair = Pair::start();
    pair.a.ask(&["CONFIG", "SET", "appendonly", "no"]);
    fill(&pair);
    pair.until_caught_up();
    let rig = Rig::new(&pair);
    assert_eq!(alarm(&rig.status()), None);
    pair.a.ask(&["SAVE"]);
    pair.a.kill9();
    pair.a.options = ["--appendonly", "no"].map(str::to_owned).into();
    pair.a.start();
    pair.until_caught_up();
    assert_eq!(alarm(&rig.status()), None);
}

#[test]
fn a_primary_that_is_told_to_drop_its_keys_is_told_apart() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let many = "for i = 1, 200 do redis.call('SET', 'auth:' .. i, 'x') end";
    pair.a.ask(&["EVAL", many, "0"]);
    let mut rig = Rig::new(&pair);
    pair.until_caught_up();
    assert_eq!(alarm(&rig.console()), None);
    pair.a.ask(&["FLUSHALL"]);
    pair.until_caught_up();
    let told = rig.status();
    let (priority, sentence) = alarm(&told).unwrap();
    assert!(sentence.contains("A was told to drop its 200 keys"), "{sentence}");
    assert_eq!(priority, 2);
}
