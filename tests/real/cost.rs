//! What it costs to watch many stores: fifty on real servers and doubles, each every second.
//!
//! In any build each is looked at on time, and what that took is printed. In a release build
//! (`cargo test --release --test real -- cost:: --nocapture`) it may be 5 % of a core. That holds
//! for what others run; of what copies by itself, clients of Kafka and S3 take more yet.

mod managed;
mod replicated;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::seat::{self, Seat};
use crate::servers::postgres::READ_PASSWORD;
use crate::turns::{Group, turn};

/// How many stores.
const STORES: usize = 50;

/// How long all may take to be well. On a machine that is busy with starting their servers first
/// looks come too late, and what went and came is told as flapping for a minute after.
const SETTLED: Duration = Duration::from_secs(240);

/// How many seconds they are watched.
const WATCHED: u32 = 20;

/// In how many of them all must have been looked at on time: a console that cannot do it is late in
/// each, a machine that stalls makes it late in some.
const ON_TIME: u32 = 15;

/// Of one core, in percent, as the program is shipped.
const SHARE_MAX: f64 = 5.0;

/// Stores of one kind: which, how many, and what is written of each.
type Watched = (&'static str, usize, String);

fn write_site(folder: &Path, stores: &[Watched]) {
    let mut site = "schema = 1\nname = \"fifty\"\nred_needs_signals = 1\n\
        people.anna = { roles = [\"commander\"], may_declare = true }\n\
        objectives.core = { rto = \"10m\", rpo = \"5m\" }\n\
        regions.a = { starts_as = \"primary\" }\nregions.b = { starts_as = \"standby\" }\n\
        secrets.read = { user = \"wr_read\", password = { env = \"WR_READ\" } }\n\
        rules.down = { system = \"@-0\", failures = 3 }\n"
        .replace('@', stores[0].0);
    assert_eq!(stores.iter().map(|(_, count, _)| count).sum::<usize>(), STORES);
    for (kind, count, settings) in stores {
        for number in 0..*count {
            let _ = write!(
                site,
                "[systems.{kind}-{number}]\nkind = \"{kind}\"\nobjective = \"core\"\n\
                 every = \"1s\"\ntimeout = \"1s\"\nread = \"read\"\n{settings}"
            );
        }
    }
    fs::create_dir_all(folder.join("runbooks")).unwrap();
    fs::write(folder.join("site.toml"), site).unwrap();
}

/// User and system time of a process so far, in ticks of 10 ms (`proc(5)`, fields 14 and 15).
fn ticks(pid: i32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let rest = stat.rsplit(") ").next().expect("a name in brackets");
    rest.split(' ').skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum()
}

/// Watches all of them for a while; which part of a core that took, in percent.
fn watch(stores: &[Watched]) -> f64 {
    let home = tempfile::tempdir().unwrap();
    let site = home.path().join("site");
    write_site(&site, stores);
    let site = site.display().to_string();
    let start = seat::Start {
        arguments: &["watch", "--site", &site],
        environment: &[("WR_READ", READ_PASSWORD)],
        ..seat::Start::default()
    };
    let mut console = Seat::take(home.path(), &start);
    console.until_within("all are looked at and well", SETTLED, |text| {
        text.contains("poll 0s ago ok") && text.contains("no alarm")
    });
    let (began, before) = (Instant::now(), ticks(console.number()));
    let mut on_time = 0;
    for _ in 0..WATCHED {
        seat::pass(Duration::from_secs(1));
        let screen = console.screen();
        let is_on_time = ["poll 0s ago ok", "poll 1s ago ok"].iter().any(|it| screen.contains(it));
        on_time += u32::from(is_on_time);
    }
    assert!(on_time >= ON_TIME, "{on_time} of {WATCHED}\n{}", console.screen());
    let spent = f64::from(ticks(console.number()) - before) / 100.0;
    let share = 100.0 * spent / began.elapsed().as_secs_f64();
    println!("{STORES} stores at 1 s: {share:.1} % of a core");
    console.verb("q");
    console.ends();
    share
}

#[test]
fn fifty_stores_are_watched_each_second() {
    let Some(_turn) = turn(Group::Cost) else { return };
    let stores = managed::Stores::start();
    let share = watch(&stores.settings());
    assert!(cfg!(debug_assertions) || share <= SHARE_MAX, "{share:.1} % of a core");
    drop(stores);
    let stores = replicated::Stores::start();
    let share = watch(&stores.settings());
    assert!(cfg!(debug_assertions) || share <= SHARE_MAX, "{share:.1} % of a core");
}
