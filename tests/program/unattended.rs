//! `warroom run` without a terminal: a simulated pair of regions, the program, and what it says.

mod full_disk;
mod people;
mod runs;

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use warroom::app::kinds::read_site;
use warroom::domain::run::event::{Body, RunEvent};
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal;
use warroom::runtime::journal::lock::Lock;
use warroom::sim::{World, WorldPlan};

const SITE: &str = r#"
schema = 1
name = "pair"
reference = ["sim:"]
red_needs_signals = 2
people.anna = { roles = ["commander"], may_declare = true }
people.mei = { roles = ["commander"] }
people.raj = { roles = ["watcher"] }
objectives.core = { rto = "5m", rpo = "1m", rpo_guaranteed = false }
regions.a = { starts_as = "primary" }
regions.b = { starts_as = "standby" }
[systems.users]
kind = "sim"
world = "@world@"
nature = "users"
standby = "idle"
objective = "core"
every = "1s"
timeout = "1s"
a = {}
b = {}
[systems.web]
kind = "sim"
world = "@world@"
nature = "service"
objective = "core"
every = "1s"
timeout = "1s"
a = {}
b = {}
[systems.files]
kind = "sim"
world = "@world@"
nature = "store"
mirrored = true
lag = "1s"
objective = "core"
every = "1s"
timeout = "1s"
a = {}
b = {}
[systems.dns]
kind = "sim"
world = "@world@"
nature = "traffic"
ttl = "1s"
objective = "core"
every = "1s"
timeout = "1s"
a = {}
b = {}
[rules]
users_down = { system = "users", failures = 3 }
web_down = { system = "web", failures = 3 }
"#;

const PLAN: &str = r#"
schema = 1
name = "failover"
from = "a"
to = "b"
restored = [{ system = "users", in = "to", fact = "healthy_for", at_least = "1s" }]
[[steps]]
id = "fence-a"
title = "Fence region A"
action = "sim.fence"
automatic = true
timeout = "60s"
ungraceful = "waive"
compensation = { action = "sim.unfence" }
[[steps]]
id = "stop-copies"
title = "Stop copying files"
action = "sim.stop_replication"
target = { system = "files", in = "to" }
automatic = true
timeout = "60s"
gates = [@copied@]
compensation = { action = "sim.replicate" }
[[steps]]
id = "shift"
title = "Send users to B"
action = "sim.shift_traffic"
target = { system = "dns", in = "to" }
automatic = true
timeout = "60s"
gates = [{ system = "files", in = "to", fact = "writable", is = true }]
compensation = { action = "sim.shift_traffic", with = { side = "from" } }
[[steps]]
id = "see-users"
title = "Users are served"
action = "sim.check"
target = { system = "users", in = "to" }
with = { fact = "healthy", is = true }
automatic = true
timeout = "60s"
"#;

/// The gate of what is copied: nothing outstanding, or as little as was accepted.
const COPIED: &str = "{ system = \"files\", in = \"to\", fact = \"lag\", at_most = \"0s\", \
                      ungraceful = { at_most = \"1m\", from = \"ledger\" } }";

/// A site with its world, and the program's state, in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With changes of the plan or the site: pairs of old and new text.
    fn new(changes: &[(&str, &str)], fail_after: Option<Duration>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let world = folder.path().join("world");
        let mut text = SITE.replace("@world@", &world.display().to_string());
        let mut plan = PLAN.replace("@copied@", COPIED);
        for (old, new) in changes {
            assert!(plan.contains(old) || text.contains(old), "{old}");
            plan = plan.replace(old, new);
            text = text.replace(old, new);
        }
        let runbooks = folder.path().join("site/runbooks");
        std::fs::create_dir_all(&runbooks).expect("writable");
        std::fs::write(folder.path().join("site/site.toml"), &text).expect("writable");
        std::fs::write(runbooks.join("failover.toml"), plan).expect("writable");
        let site = read_site(&text).expect("the site is right");
        let mut plan = WorldPlan::of_site(&site, 7).expect("its world too");
        plan.fail_after = fail_after;
        World::create(&world, plan, &SystemClock::new()).expect("a world");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(["--site".as_ref(), self.path("site").as_os_str()]);
        command.args(line.split_whitespace().map(|word| word.replace('_', " ")));
        command.env("XDG_STATE_HOME", self.path("state"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, line: &str) -> Ended {
        Ended::of(&self.command(line).output().expect("it starts"))
    }

    fn start(&self, line: &str) -> Child {
        self.command(line).spawn().expect("it starts")
    }

    /// The journal of the only run.
    fn events(&self) -> Vec<RunEvent> {
        let mut runs = folders(&self.path("state/warroom/runs"));
        let run = runs.pop().expect("one run");
        assert!(runs.is_empty(), "one run only");
        journal::read(&run).expect("it is read").events
    }

    fn attempts(&self, id: &str) -> usize {
        let events = self.events();
        let intended = events.iter().filter_map(|event| match &event.body {
            Body::Intended { step, .. } => Some(step.as_str()),
            _ => None,
        });
        intended.filter(|step| *step == id).count()
    }
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten();
    entries.filter_map(Result::ok).map(|entry| entry.path()).collect()
}

struct Ended {
    code: i32,
    out: String,
    all: String,
}

impl Ended {
    fn of(output: &Output) -> Self {
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let all = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code().expect("an exit code"), out, all }
    }

    #[track_caller]
    fn says(self, code: i32, words: &[&str]) -> Self {
        for word in words {
            assert!(self.all.contains(word), "no `{word}` in\n{}", self.all);
        }
        assert_eq!(self.code, code, "{}", self.all);
        self
    }
}

const PLANNED: &str = "run failover --unattended --planned --as anna --reason a_drill_by_night";
const UNGRACEFUL: &str =
    "run failover --unattended --ungraceful --as anna --reason region_A_is_silent";

#[test]
fn a_plan_of_automatic_steps_runs_to_its_end() {
    let place = Place::new(&[], None);
    let ended = place.run(PLANNED).says(
        0,
        &[
            "DECLARED",
            "START 1 Fence region A (attempt 1, sim.fence, class I",
            "CLOSED run pair-",
            "complete\n",
            "RTO of core: 00:00:",
            "of 00:05:00, MET",
            "report: warroom report pair-",
        ],
    );
    assert!(ended.out.lines().all(|line| !line.contains('\u{1b}')), "{}", ended.out);
    let events = place.events();
    for step in ["fence-a", "stop-copies", "shift", "see-users"] {
        assert_eq!(place.attempts(step), 1, "{step}");
    }
    let (mut calls, mut people) = (Vec::new(), Vec::new());
    for event in &events {
        match &event.body {
            Body::Intended { call, .. } => calls.push(call.to_string()),
            Body::Declared { reason, .. } => assert_eq!(reason.as_str(), "a drill by night"),
            Body::Closed { .. } => {}
            _ => continue,
        }
        people.push(event.by.to_string());
    }
    let wanted = [
        "sim.fence fence-a in A",
        "sim.stop_replication files in B",
        "sim.shift_traffic dns in B 100",
        "sim.check users-b",
    ];
    assert_eq!(calls, wanted, "the exact call of each step is on record");
    assert!(people.iter().all(|person| person == "anna"), "{people:?}");
}

#[test]
fn a_lost_region_is_taken_over_once_it_is_red_and_losses_are_accepted() {
    let place = Place::new(&[], Some(Duration::from_secs(4)));
    let line = format!("{UNGRACEFUL} --accept-losses");
    let red = "the primary is healthy, not red by the site's rules";
    place.run(&line).says(0, &["waiting", red, "ACCEPTED the expected losses: files", "MET"]);
    let events = place.events();
    let declared = events.iter().find_map(|event| match &event.body {
        Body::Declared { signals, .. } => Some(signals.len()),
        _ => None,
    });
    assert_eq!(declared, Some(2), "two systems spoke for it");
}

#[test]
fn it_stops_where_a_person_is_needed_and_goes_on_later() {
    let hand = [
        ("id = \"shift\"\n", "id = \"shift\"\nguard = 3\n"),
        (
            "target = { system = \"dns\", in = \"to\" }\nautomatic = true",
            "target = { system = \"dns\", in = \"to\" }",
        ),
    ];
    let place = Place::new(&hand, None);
    place.run(&format!("{PLANNED} --until fence-a")).says(0, &["STOPPED as asked, 1 of 4"]);
    let other = "run failover --unattended --ungraceful --as anna";
    place.run(other).says(75, &["the open run is planned: say --planned"]);
    // What is declared needs no second reason.
    place.run("run failover --unattended --as anna").says(
        75,
        &[
            "goes on with run pair-",
            "A PERSON IS NEEDED: step 3 Send users to B is not marked automatic: r runs it",
            "stays open; `warroom --as anna` takes it up",
        ],
    );
    assert_eq!((place.attempts("fence-a"), place.attempts("shift")), (1, 0));
    let seat = place.path("state/warroom/sites/pair/commander");
    let _seat = Lock::try_take(&seat).expect("a lock").expect("it is free");
    place.run("run failover --unattended --as anna").says(75, &["another console commands"]);
}

#[test]
fn losses_that_nobody_accepted_are_a_persons() {
    let place = Place::new(&[], Some(Duration::from_secs(1)));
    let words = ["step 2 Stop copying files asks for the accepted losses: L accepts them"];
    place.run(UNGRACEFUL).says(75, &words);
    assert_eq!((place.attempts("fence-a"), place.attempts("stop-copies")), (1, 0));
}

#[test]
fn a_failed_step_is_a_finding_and_the_run_stays_open() {
    let never = [(
        "action = \"sim.fence\"\nautomatic = true\ntimeout = \"60s\"\nungraceful = \"waive\"\n\
         compensation = { action = \"sim.unfence\" }",
        "action = \"sim.check\"\ntarget = { system = \"files\", in = \"from\" }\n\
         with = { fact = \"writable\", is = false }\nautomatic = true\ntimeout = \"3s\"",
    )];
    let place = Place::new(&never, None);
    place.run(PLANNED).says(1, &["step 1 Fence region A FAILED, refused", "stays open"]);
    assert!(!place.events().iter().any(|event| matches!(event.body, Body::Closed { .. })));
}

#[test]
fn a_signal_leaves_and_the_running_step_goes_on() {
    let place = Place::new(&[], None);
    let mut child = place.start(PLANNED);
    let told = child.stdout.take().expect("it is piped");
    let mut lines = std::io::BufReader::new(told).lines();
    let running =
        lines.any(|line| line.expect("text").contains("1 Fence region A attempt 1 is running"));
    assert!(running, "the fence never started");
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    kill_process(pid, Signal::TERM).expect("it runs");
    let left = lines.any(|line| line.expect("text").contains("LEFT: nothing new is started"));
    assert!(left, "it says what it left");
    assert_eq!(child.wait().expect("it ends").code(), Some(75));
    assert_eq!(place.attempts("stop-copies"), 0);
    place.run("run failover --unattended --as anna").says(0, &["goes on with run", "CLOSED"]);
    assert_eq!(place.attempts("fence-a"), 1, "no step twice");
}

#[test]
fn what_cannot_begin_is_refused_before_anything_is_opened() {
    let place = Place::new(&[], None);
    let cases = [
        ("run failover --unattended --planned --reason a_drill_by_night", 77, "`--as NAME`"),
        ("run failover --unattended --planned --as raj --reason a_drill_now", 77, "no commander"),
        ("run failover --unattended --planned --as eve --reason a_drill_now", 64, "eve"),
        ("run failover --unattended --planned --as anna --reason short", 64, "10 characters"),
        ("run failover --unattended --as anna --reason a_drill_by_night", 64, "--planned or"),
        ("run failovr --unattended --planned --as anna --reason a_drill_by_night", 64, "failover"),
        ("run failover --unattended --planned --as anna --reason a_drill_now --until no", 64, "no"),
        (
            "run failover --unattended --planned --as mei --reason a_drill_by_night",
            75,
            "mei may not",
        ),
    ];
    for (line, code, words) in cases {
        place.run(line).says(code, &[words]);
        let opened = folders(&place.path("state/warroom/runs"));
        assert!(opened.is_empty(), "{line}: {opened:?}");
    }
}

#[test]
fn a_dry_run_prints_every_call_and_changes_nothing() {
    let place = Place::new(&[], None);
    let all = [
        "dry run of failover (planned), A (Region A) to B (Region B), 4 steps",
        "\n1 Fence region A (fence-a)\n",
        "after     1 Fence region A\n",
        "action    sim.fence, class I, guard 2, idempotent by key, automatic",
        "call      sim.fence fence-a in A",
        "now       not so",
        "target    files in B",
        "gate      not yet, after 1 Fence region A: files lag in B at most 0s; seen: ",
        "gate      holds: files writable in B is yes",
        "back      sim.shift_traffic dns in A 100",
        "time      00:01:00 expected, given up after 00:01:00",
        "longest chain 00:03:01 of an RTO of 00:05:00: 1 Fence region A > 2 Stop copying files > \
         3 Send users to B > RESTORED",
        "result    0: all well; nothing was changed",
    ];
    place.run("run failover --dry-run").says(0, &all);
    assert!(!place.path("world/acts").exists(), "nothing was done to the world");
    assert!(folders(&place.path("state/warroom/runs")).is_empty(), "no run was opened");
    let fact = [("fact = \"writable\", is = true", "fact = \"writable\", is = false")];
    let gate = "finding   step 3 Send users to B: gate DOES NOT HOLD: files writable in B is no";
    // The fence before it may still make it hold, as far as the plan tells; a check does not.
    let check = [(
        "action = \"sim.fence\"\nautomatic = true\ntimeout = \"60s\"\nungraceful = \"waive\"\n\
         compensation = { action = \"sim.unfence\" }",
        "action = \"sim.check\"\ntarget = { system = \"web\", in = \"to\" }\ntimeout = \"3s\"",
    )];
    let stop = [("id = \"shift\"", "id = \"shift\"\nneeds = [\"fence-a\"]")];
    let place = Place::new(&[fact, check, stop].concat(), None);
    place.run("run failover --dry-run").says(1, &[gate, "result    1: a finding"]);
    let lossy = [(
        "id = \"shift\"",
        "id = \"shift\"\n\
         ungraceful = { action = \"sim.shift_traffic\", with = { percent = 50 } }",
    )];
    let place = Place::new(&lossy, Some(Duration::ZERO));
    let words = [
        "expected losses as of",
        "gate      asks a person: files loss in the accepted ledger at most 60s; seen: the loss \
         ledger is not accepted yet",
        "call      sim.shift_traffic dns in B 50",
    ];
    place.run("run failover --dry-run --ungraceful").says(0, &words);
}

/// One truth of a site without stores, wherever its losses are told.
#[test]
fn losses_of_a_site_without_stores_are_told_alike() {
    let back = "compensation = { action = \"sim.replicate\" }";
    let copied = format!("gates = [{COPIED}]\n{back}\n");
    let storeless = [
        ("nature = \"store\"\nmirrored = true\nlag = \"1s\"", "nature = \"service\""),
        ("action = \"sim.stop_replication\"", "action = \"sim.check\""),
        ("gates = [{ system = \"files\", in = \"to\", fact = \"writable\", is = true }]\n", ""),
        (copied.as_str(), ""),
    ];
    let place = Place::new(&storeless, None);
    let words = "not known: no store is described";
    let finding = format!("finding   expected losses {words}");
    place.run("run failover --dry-run").says(1, &[&finding]);
    place.run(PLANNED).says(0, &["CLOSED run ", &format!("losses: {words}")]);
    let run = folders(&place.path("state/warroom/runs")).pop().expect("one run");
    let name = run.file_name().expect("a name").to_string_lossy().into_owned();
    place.run("history").says(0, &[words]);
    place.run(&format!("report {name} --format md")).says(0, &[words]);
}

/// What a person accepted in an open run is no question any more.
#[test]
fn a_dry_run_counts_what_an_open_run_has_accepted() {
    let place = Place::new(&[], Some(Duration::from_secs(1)));
    place.run(&format!("{UNGRACEFUL} --accept-losses --until fence-a")).says(0, &["STOPPED"]);
    let words = ["gate      holds: files loss in the accepted ledger at most 60s"];
    place.run("run failover --dry-run --ungraceful").says(0, &words);
}
