//! `warroom check`: what it finds in files, secrets and probes, and the exit code it ends with.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use warroom::commands::check::{CheckSetup, check};
use warroom::commands::demo::{self, DemoPlan};
use warroom::commands::exit::Exit;

use crate::stand::HandClock;
use crate::toy::TOYS;

fn environment(name: &str) -> Option<String> {
    (name == "SET").then(|| "canary-77".to_owned())
}

fn setup() -> CheckSetup {
    CheckSetup { kinds: TOYS, environment, clock: Arc::new(HandClock::default()) }
}

const SITE: &str = r#"
schema = 1
name = "shop"
reference = ["REFERENCE"]
red_needs_signals = 1
people.anna = { roles = ["commander"], may_declare = true }
objectives.core = { rto = "10m", rpo = "5m" }
regions.a = { starts_as = "primary" }
regions.b = { starts_as = "standby" }
[systems.web]
kind = "toy-web"
timeout = "100ms"
a = { url = "WEB_A" }
b = { url = "up" }
[systems.pg]
kind = "toy-store"
timeout = "100ms"
a = { host = "up", read = "pg-read" }
b = { host = "up", read = "pg-read" }
[secrets]
pg-read = { user = "wr", password = { env = "VARIABLE" } }
[rules]
down = { system = "web", failures = 3 }
"#;

const PLAN: &str = r#"
schema = 1
name = "failover"
from = "a"
to = "b"
back = "failover-back"
restored = [{ system = "web", in = "to", fact = "healthy", is = true }]
[[steps]]
id = "fence"
title = "Fence"
action = "toy.fence"
timeout = "60s"
compensation = { none = "x" }
[[steps]]
id = "promote"
title = "Promote"
action = "toy.promote"
target = { system = "pg", in = "to" }
timeout = "60s"
gates = [{ system = "pg", in = "to", fact = "lag", at_most = "0s" }]
compensation = { none = "x" }
[[steps]]
id = "scale"
title = "Scale"
action = "toy.scale"
target = { system = "web", in = "to" }
timeout = "60s"
compensation = { none = "x" }
[[steps]]
id = "shift"
title = "Shift"
action = "toy.shift"
timeout = "60s"
compensation = { none = "x" }
[[steps]]
id = "look"
title = "Look"
action = "toy.look"
target = { system = "web", in = "to" }
timeout = "60s"
[[steps]]
id = "write"
title = "Write"
action = "toy.write"
target = { system = "pg", in = "to" }
expect = "1s"
timeout = "60s"
"#;

/// Writes a site with changes: pairs of old and new text.
fn site(dir: &Path, changes: &[(&str, &str)]) {
    let mut site = SITE.trim_start().to_owned();
    let mut plan = PLAN.trim_start().to_owned();
    for (old, new) in changes {
        assert!(site.contains(old) || plan.contains(old), "{old}");
        site = site.replace(old, new);
        plan = plan.replace(old, new);
    }
    let usual = [("WEB_A", "up"), ("VARIABLE", "SET"), ("REFERENCE", "https://ref.example/")];
    for (old, new) in usual {
        site = site.replace(old, new);
    }
    let back = "schema = 1\nname = \"failover-back\"\n\
         from = \"b\"\nto = \"a\"\nback = \"failover\"\n\
         restored = [{ system = \"web\", in = \"to\", fact = \"healthy\", is = true }]\n\
         [[steps]]\nid = \"look\"\ntitle = \"Look\"\naction = \"toy.look\"\n\
         target = { system = \"web\", in = \"to\" }\ntimeout = \"60s\"\n";
    std::fs::create_dir(dir.join("runbooks")).expect("writable");
    std::fs::write(dir.join("site.toml"), site).expect("writable");
    std::fs::write(dir.join("runbooks/failover.toml"), plan).expect("writable");
    std::fs::write(dir.join("runbooks/failover-back.toml"), back).expect("writable");
}

fn lines(dir: &Path, report: &impl std::fmt::Display) -> Vec<String> {
    let root = format!("{}/", dir.display());
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    report.to_string().lines().map(|line| squeeze(&line.replace(&root, ""))).collect()
}

/// Checks the files only and compares the warnings told.
async fn check_plan(changes: &[(&str, &str)], want: &[&str]) {
    let dir = tempfile::tempdir().expect("a folder");
    site(dir.path(), changes);
    let report = check(dir.path(), true, &setup()).await;
    let told: Vec<String> = lines(dir.path(), &report)
        .into_iter()
        .filter_map(|line| line.strip_prefix("file finding ").map(str::to_owned))
        .collect();
    assert_eq!(told, want, "{report}");
    let exit = if want.is_empty() { Exit::Ok } else { Exit::Finding };
    assert_eq!(report.exit(), exit);
}

#[tokio::test]
async fn a_promotion_without_a_write_after_it_is_told() {
    // One that only looks, or writes elsewhere, proves no write.
    check_plan(
        &[(
            "action = \"toy.write\"\ntarget = { system = \"pg\", in = \"to\" }",
            "action = \"toy.look\"\ntarget = { system = \"web\", in = \"to\" }",
        )],
        &["runbooks/failover.toml:13:1: nothing after step `promote` writes to pg and reads it \
           back: restored would rest on no write; add a step such as `postgres.verify_write`, or \
           one with `change = \"prove_write\"`"],
    )
    .await;
}

#[tokio::test]
async fn plans_that_should_not_be_trusted_are_told() {
    check_plan(&[], &[]).await;
    check_plan(
        &[("action = \"toy.fence\"", "action = \"toy.run\"")],
        &["runbooks/failover.toml:13:1: step `promote` promotes, but nothing before it fences the \
           old primary; add a fence (with `ungraceful = \"waive\"` where it may be out of reach)"],
    )
    .await;
    check_plan(
        &[("id = \"scale\"", "id = \"scale\"\nneeds = [\"fence\"]")],
        &[
            "runbooks/failover.toml:13:1: nothing after step `promote` looks whether it worked",
            "runbooks/failover.toml:13:1: nothing after step `promote` writes to pg and reads it \
             back: restored would rest on no write; add a step such as `postgres.verify_write`, or \
             one with `change = \"prove_write\"`",
            "runbooks/failover.toml:29:1: step `shift` moves traffic without waiting for `promote`",
        ],
    )
    .await;
    check_plan(
        &[(
            "action = \"toy.scale\"\ntarget = { system = \"web\", in = \"to\" }",
            "action = \"toy.run\"",
        )],
        &["runbooks/failover.toml:27:1: step `shift` moves traffic, but nothing before it makes \
           or checks capacity"],
    )
    .await;
    check_plan(
        &[(
            "action = \"toy.scale\"\ntarget = { system = \"web\", in = \"to\" }",
            "action = \"toy.scale\"\ntarget = { system = \"web\", in = \"from\" }",
        )],
        &["runbooks/failover.toml:21:1: step `scale` scales the serving side before traffic has \
           moved"],
    )
    .await;
    check_plan(
        &[("fact = \"lag\", at_most = \"0s\"", "fact = \"healthy\", is = true")],
        &["runbooks/failover.toml:13:1: step `promote` cannot be undone, and no gate before it \
           asks how much would be lost (`lag`)"],
    )
    .await;
    check_plan(
        &[("back = \"failover-back\"\n", "")],
        &["runbooks/failover.toml:1:1: there is no way back: write `back` with the name of the \
           runbook that leads back"],
    )
    .await;
    check_plan(
        &[("rto = \"10m\"", "rto = \"4m\"")],
        &["runbooks/failover.toml:1:1: the steps that the clock waits for usually take 5m01s \
           together, longer than the shortest RTO of 4m00s"],
    )
    .await;
    check_plan(
        &[("action = \"toy.shift\"", "action = \"toy.shift\"\nautomatic = true")],
        &["runbooks/failover.toml:28:1: step `shift` moves traffic in an unattended run, and no \
           gate of its own is asked first"],
    )
    .await;
}

#[tokio::test]
async fn sites_that_are_not_ready_are_told() {
    check_plan(
        &[
            ("reference = [\"REFERENCE\"]\n", ""),
            ("[\"commander\"], may_declare = true", "[\"watcher\"]"),
            ("rpo = \"5m\"", "rpo = \"0s\", rpo_guaranteed = true"),
            ("[rules]", "hook = { token = { env = \"HOOK\" } }\n[rules]"),
        ],
        &[
            "site.toml:1:1: there is no `reference`: an outage of our own network would look like \
             the loss of a region",
            "site.toml:4:1: no person is a commander: nobody may run a step",
            "site.toml:4:1: no person may declare: no run can begin",
            "site.toml:5:1: objective `core` guarantees an RPO of 0, which asynchronous \
             replication cannot prove; write `rpo_guaranteed = false`",
            "site.toml:18:1: no system speaks of the secret `hook`",
        ],
    )
    .await;
}

/// Answers one request on this machine, so that the reference is reached without a network.
fn reference() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut asked = [0; 512];
            let _read = stream.read(&mut asked);
            let _written = stream
                .write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    address
}

#[tokio::test]
async fn the_world_is_reached_for_and_the_exit_code_says_how() {
    let reference = reference();
    let check_world = async |changes: &[(&str, &str)], want: &str, exit: Exit| {
        let dir = tempfile::tempdir().expect("a folder");
        let usual = [("REFERENCE", reference.as_str())];
        let changes: Vec<_> = changes.iter().copied().chain(usual).collect();
        site(dir.path(), &changes);
        let report = check(dir.path(), false, &setup()).await;
        assert!(!report.to_string().contains("canary-77"), "{report}");
        let told = lines(dir.path(), &report);
        assert!(told.iter().any(|line| line == want), "no line `{want}` in\n{report}");
        assert_eq!(report.exit(), exit, "{report}");
    };
    check_world(&[], "probe ok web in A: up, fine", Exit::Ok).await;
    check_world(&[], "secret ok pg-read", Exit::Ok).await;
    let answered = format!("reference ok {reference}: answered 503 in 0 ms");
    check_world(&[], &answered, Exit::Ok).await;
    check_world(&[("WEB_A", "down")], "probe finding web in A: DOWN: says no", Exit::Finding).await;
    let gone = "probe unreachable web in A: no route";
    check_world(&[("WEB_A", "gone")], gone, Exit::Unreachable).await;
    let hangs = "probe unreachable web: the probe did not keep its timeout (0.6s)";
    check_world(&[("WEB_A", "hangs")], hangs, Exit::Unreachable).await;
    let denied = "probe refused web in A: wrong password";
    check_world(&[("WEB_A", "denied")], denied, Exit::NotPermitted).await;
    let unset = "secret refused secret `pg-read`: the environment variable GONE is not set";
    check_world(&[("VARIABLE", "GONE")], unset, Exit::NotPermitted).await;
    let faulty = "file fault site.toml:10:8: `toy-wob` is not a kind of system; \
                  did you mean `toy-web`?";
    check_world(&[("toy-web", "toy-wob")], faulty, Exit::Configuration).await;
}

#[tokio::test]
async fn a_silent_reference_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/", listener.local_addr().expect("bound"));
    drop(listener);
    let dir = tempfile::tempdir().expect("a folder");
    site(dir.path(), &[("REFERENCE", &address)]);
    let report = check(dir.path(), false, &setup()).await;
    assert_eq!(report.exit(), Exit::Unreachable, "{report}");
    assert!(report.to_string().contains("reference  unreachable"), "{report}");
}

/// The demo as it is shipped has no world; written by `warroom demo` it is whole.
#[tokio::test]
async fn a_simulated_site_is_checked_in_its_world() {
    let setup = CheckSetup::new(Arc::new(HandClock::default()));
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("sites/demo");
    let report = check(&shipped, true, &setup).await;
    let wanted = "site.toml:15:9: there is no simulated world in `@world@`; \
                  `warroom demo` writes its site with a world";
    assert!(report.to_string().contains(wanted), "{report}");
    assert_eq!(report.exit(), Exit::Finding, "{report}");

    let dir = tempfile::tempdir().expect("a folder");
    let written =
        demo::write(dir.path(), DemoPlan::default(), &HandClock::default()).expect("written");
    let report = check(&written.site, false, &setup).await;
    assert!(report.to_string().contains("reference  ok           sim: answered"), "{report}");
    assert_eq!(report.exit(), Exit::Ok, "{report}");
    assert!(report.to_string().ends_with("0 faults: all well\n"), "{report:?}");
}
